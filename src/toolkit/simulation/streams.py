"""Random numbers by name: one seed, and a stream of its own for everything that is drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Streams:
    """Named random streams of one seed.

    A stream is NumPy's PCG64, seeded by the seed and the BLAKE2b hash of the stream's name. Since each quantity draws
    from its own stream, in the order of the couples, adding an item changes no other column, and adding couples keeps
    the values of the couples that were there.

    Examples
    --------
    >>> streams = Streams(1)
    >>> bool((streams.normals("item:has01:wave:1", 5)[:3] == streams.normals("item:has01:wave:1", 3)).all())
    True
    """

    seed: int

    def generator(self, name: str) -> np.random.Generator:
        """Begin the stream of a name."""
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=[self.seed, *words])))

    def normals(self, name: str, n: int) -> Array:
        """Draw standard normal numbers."""
        return self.generator(name).standard_normal(n, dtype=np.float32)

    def uniforms(self, name: str, n: int) -> Array:
        """Draw numbers from 0 up to 1."""
        return self.generator(name).random(n, dtype=np.float32)
