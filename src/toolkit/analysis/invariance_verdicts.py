"""What changes of fit say about a step of invariance, by the marks of Chen (2007) and of Cheung & Rensvold (2002)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LARGE = 300
CHEUNG_RENSVOLD = 0.010
HOLDS, MIXED, FAILS = "holds", "mixed", "fails"
PERMITS = {
    "configural": "structure",
    "thresholds": "structure",
    "metric": "associations",
    "scalar": "means",
    "strict": "observed scores",
}
ROUNDING = 1e-9


@dataclass(frozen=True)
class Marks:
    """By how much fit may worsen: a fall of CFI, a rise of RMSEA and of SRMR."""

    cfi: float
    rmsea: float
    srmr: float


def chen_marks(step: str, n: int) -> Marks:
    """Give Chen's marks for loadings (and thresholds) and for what follows them, in samples beyond 300 and up to it.

    Chen (2007), doi:10.1080/10705510701301834.
    """
    early = step in ("thresholds", "metric")
    if n > LARGE:
        return Marks(0.010, 0.015, 0.030 if early else 0.010)
    return Marks(0.005, 0.010, 0.025 if early else 0.005)


def chen(change: Marks, marks: Marks) -> str:
    """Judge a step: it fails where CFI and one of the others reach their marks, holds where none does.

    `mixed`: some mark is reached, but CFI's, which Chen puts first, alone or not at all.
    """
    cfi = -change.cfi >= marks.cfi - ROUNDING
    others = change.rmsea >= marks.rmsea - ROUNDING or change.srmr >= marks.srmr - ROUNDING
    if any(np.isnan(value) for value in (change.cfi, change.rmsea, change.srmr)):
        return ""
    return FAILS if cfi and others else MIXED if cfi or others else HOLDS


def cheung_rensvold(change: float) -> str:
    """Judge a step by CFI alone, which must not fall by more than .01.

    Cheung & Rensvold (2002), doi:10.1207/S15328007SEM0902_5.
    """
    if np.isnan(change):
        return ""
    return HOLDS if -change <= CHEUNG_RENSVOLD + ROUNDING else FAILS


def highest(steps: list[str], verdicts: list[str]) -> str:
    """Name the last step before the first that does not hold."""
    reached = steps[0]
    for step, verdict in zip(steps[1:], verdicts[1:], strict=True):
        if verdict != HOLDS:
            break
        reached = step
    return reached
