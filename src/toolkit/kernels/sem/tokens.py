"""Words and signs of a model text, each with its place; the faults that are found there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...checks import quoted
from ...errors import Fault

SUBJECT = "the model"
PATTERN = re.compile(
    r"""(?P<comment>[#!][^\r\n]*)
    |(?P<break>\r\n?|\n|;)
    |(?P<blank>[^\S\r\n]+)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*|`[^`\r\n]+`)
    |(?P<text>"[^"\r\n]*"|'[^'\r\n]*')
    |(?P<sign>~\*~|=~|~~|:=|==|!=|<~|<=|>=|\*\*|[-+*/^()~|,<>?:=%])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
# After these signs, and before those, a formula goes on over the end of a line.
UNFINISHED = {"~*~", "=~", "~~", ":=", "==", "~", "|", "+", "-", "*", "/", "^", "**", "(", ",", "?"}
CONTINUING = {"+", "*", "/", "^", "**", ")", ",", "?"}


@dataclass(frozen=True)
class Token:
    """A word or sign: `kind` is name, number, text (in quotes), sign, break (end of a formula), other or end."""

    kind: str
    text: str
    line: int
    column: int

    def fault(self, message: str) -> Fault:
        """Say what is wrong here."""
        return Fault(f"line {self.line}, column {self.column}", message)

    @property
    def shown(self) -> str:
        """The token as a message shows it."""
        return "the formula ends" if self.kind in ("end", "break") else f"there stands {quoted(self.text)}"


def tokens_of(text: str) -> list[Token]:
    """Split a model text into tokens, without blanks and comments; the last one is its end."""
    found, line, start = [], 1, 0
    for match in PATTERN.finditer(text):
        kind = match.lastgroup or "other"
        if kind not in ("blank", "comment"):
            word = match.group()[1:-1] if match.group()[0] in "`\"'" and kind in ("name", "text") else match.group()
            found.append(Token(kind, word, line, match.start() - start + 1))
        if kind == "break" and match.group() != ";":
            line, start = line + 1, match.end()
    return [*found, Token("end", "", line, len(text) - start + 1)]


def statements(tokens: Iterable[Token]) -> list[list[Token]]:
    """Group tokens into formulas: one a line, or up to `;`; a line that is not finished goes on in the next."""
    found: list[list[Token]] = [[]]
    everything = list(tokens)
    for index, token in enumerate(everything):
        if token.kind not in ("break", "end"):
            found[-1].append(token)
            continue
        following = next((other for other in everything[index + 1 :] if other.kind != "break"), token)
        unfinished = found[-1] and found[-1][-1].kind == "sign" and found[-1][-1].text in UNFINISHED
        continued = found[-1] and following.kind == "sign" and following.text in CONTINUING
        if token.kind == "end" or token.text == ";" or not (unfinished or continued):
            found.append([])
    return [one for one in found if one]


class Mistake(Exception):  # noqa: N818 - a fault on its way to the list of faults
    """A fault that ends the reading of one formula."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass
class Reader:
    """Reads the tokens of one formula one after another."""

    tokens: list[Token]
    position: int = 0
    end: Token = field(init=False)

    def __post_init__(self) -> None:
        last = self.tokens[-1]
        self.end = Token("end", "", last.line, last.column + len(last.text))

    @property
    def next(self) -> Token:
        """The next token, or the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else self.end

    def take(self) -> Token:
        """Move past the next token."""
        token = self.next
        self.position += 1
        return token

    def took(self, *signs: str) -> bool:
        """Move past the next token if it is one of the signs."""
        there = self.next.kind == "sign" and self.next.text in signs
        self.position += there
        return there

    def expect(self, sign: str, why: str) -> None:
        """Move past a sign that must stand here."""
        if not self.took(sign):
            raise Mistake(self.next.fault(f"{self.next.shown} where {sign!r} is due: {why}"))


def number_of(token: Token) -> float:
    """Read a number."""
    value = float(token.text)
    if value in (float("inf"), float("-inf")):
        raise Mistake(token.fault(f"the number {quoted(token.text)} is too large; write a finite number"))
    return value
