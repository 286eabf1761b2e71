"""Tokens and codes: made of random bits, kept only as checksums."""

from __future__ import annotations

import hashlib
import secrets

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
GROUPS, GROUP = 5, 4
TOKEN_BYTES = 20
LONGEST = 256
ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_token() -> str:
    """Make a token of 160 random bits; none that begins as a formula does, which a spreadsheet would spoil."""
    while (token := secrets.token_urlsafe(TOKEN_BYTES)).startswith("-"):
        pass
    return token


def new_code() -> str:
    """Make a code of 100 random bits that can be read out: five groups of four letters without look-alikes."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def token_checksum(token: str) -> str:
    """Compute the SHA-256 that the store keeps of a token; of overlong input only its beginning, in the same time."""
    return hashlib.sha256(token[:LONGEST].strip().encode("utf-8", "surrogatepass")).hexdigest()


def code_checksum(code: str) -> str:
    """Compute the SHA-256 of a code, whatever its case, hyphens and spaces, with O, I and L read as 0 and 1.

    Examples
    --------
    >>> code_checksum("abcd-efgh-jkmn-pqrs-t0v1") == code_checksum("ABCDEFGHJKMNPQRSTOVL")
    True
    """
    bare = "".join(letter for letter in code[:LONGEST].upper() if letter.isalnum()).translate(ALIKE)
    return hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()
