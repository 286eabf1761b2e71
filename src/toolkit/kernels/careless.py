"""Indices of careless answers: runs, variability, outlying patterns and contradictions, one value a person.

The conventions are those of R's careless package (Yentes & Wilhelm) wherever it defines them. Arrays are (n, k), one
row a person, NaN for a missing answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.linalg import cho_factor, cho_solve

from .moments import Sums, pairwise_correlation

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

TINY = 1e-12
FEWEST_PAIRS = 3


@dataclass(frozen=True)
class Runs:
    """Lengths of runs of one and the same answer, (n,): the longest, and the average; NaN without answers."""

    longest: Array
    average: Array


def runs(x: Array, sections: Sequence[int] = ()) -> Runs:
    """Measure runs of identical answers, in the order of the columns.

    A missing answer is passed over: 3, –, 3 is a run of two. A run ends where a section begins, since the same number
    then stands for another option. In R: ``careless::longstring(x, avg = TRUE)``, which is ``rle`` of each row.

    Parameters
    ----------
    x : answers as given.
    sections : columns (from 0) at which another set of response options begins.
    """
    last = np.full(len(x), np.nan)
    length, longest, number = (np.zeros(len(x)) for _ in range(3))
    answered = (~np.isnan(x)).sum(axis=1)
    starts = frozenset(sections)
    for column in range(x.shape[1]):
        if column in starts:
            last = np.full(len(x), np.nan)
        given = x[:, column]
        held = ~np.isnan(given)
        length = np.where(held, np.where(given == last, length + 1, 1.0), length)
        number += held & (given != last)
        longest = np.maximum(longest, np.where(held, length, 0.0))
        last = np.where(held, given, last)
    average = np.divide(answered, number, out=np.full(len(x), np.nan), where=number > 0)
    return Runs(np.where(answered > 0, longest, np.nan), average)


def response_variability(x: Array, sections: Sequence[int] = ()) -> Array:
    """Intra-individual response variability: SD (n − 1) of a person's answers; NaN without two answers in a section.

    Low where one option is given throughout (Dunn et al., 2018), high where options are drawn at random (Marjanovic et
    al., 2015). In R: ``careless::irv(x)``. With several sections, the SD around each section's own mean, with n less
    the number of sections answered, so that one option in each is no variability at all.

    Parameters
    ----------
    x : answers as given.
    sections : columns (from 0) at which another section begins.
    """
    bounds = sorted({0, *sections, x.shape[1]})
    squares, df = np.zeros(len(x)), np.zeros(len(x))
    for start, end in pairwise(bounds):
        part = x[:, start:end]
        held = ~np.isnan(part)
        squares += (np.where(held, part - _mean(part)[:, None], 0.0) ** 2).sum(axis=1)
        df += np.maximum(held.sum(axis=1) - 1, 0)
    variance: Array = np.divide(squares, df, out=np.full(len(x), np.nan), where=df > 0)
    return np.sqrt(variance)


@dataclass(frozen=True)
class Distances:
    """Squared Mahalanobis distances.

    Attributes
    ----------
    squared : (n,) D²; NaN for a person without answers, and for all where `regular` is false.
    df : (n,) the answers that each rests on.
    p : (n,) upper tail of the chi-square distribution.
    regular : whether the covariances are positive definite, without which there are no distances.
    """

    squared: Array
    df: Array
    p: Array
    regular: bool


def mahalanobis(x: Array, missing: Literal["observed", "zero"] = "observed") -> Distances:
    """Distance of each person's answers from the mean: D² = (x − m)' S⁻¹ (x − m), S from pairs of items (n − 1).

    Parameters
    ----------
    x : answers.
    missing : what a person's missing answers do. `observed`: D² is that of the answers given, with their own part of S,
        and as many df (Little & Smith, 1987, JASA 82, 58–68). `zero`: they count as the mean, with k df, as in
        ``careless::mahad(x)``, which is ``psych::outlier``; this draws people with holes to the middle. Both agree
        where nothing is missing.
    """
    sums = Sums.of(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = sums.cross / np.where(sums.n > 1, sums.n - 1, np.nan)
    nothing = np.full(len(x), np.nan)
    if not _positive_definite(covariance):
        return Distances(nothing, nothing, nothing, False)
    held = ~np.isnan(x)
    deviation = np.where(held, x - np.diag(sums.mean), 0.0)
    answered = held.sum(axis=1).astype(np.float64)
    if missing == "zero":
        squared, df = _form(deviation, covariance), np.full(len(x), float(x.shape[1]))
    else:
        squared, df = _by_pattern(deviation, held, covariance), answered
    squared = np.where(answered > 0, squared, np.nan)
    df = np.where(answered > 0, df, np.nan)
    return Distances(squared, df, special.chdtrc(df, squared), True)


def _positive_definite(covariance: Array) -> bool:
    if not covariance.size or not np.isfinite(covariance).all() or (np.diag(covariance) <= 0).any():
        return False
    spread = np.sqrt(np.diag(covariance))
    return bool(np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0] > np.sqrt(TINY))


def _form(deviation: Array, covariance: Array) -> Array:
    solved = cho_solve(cho_factor(covariance), deviation.T)
    return np.asarray((deviation * solved.T).sum(axis=1))


def _by_pattern(deviation: Array, held: npt.NDArray[np.bool_], covariance: Array) -> Array:
    """Compute D² for all people with the same answers missing at once."""
    squared = np.full(len(deviation), np.nan)
    patterns, which = np.unique(held, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        people = np.flatnonzero(which.ravel() == number)
        if pattern.any():
            squared[people] = _form(deviation[np.ix_(people, pattern)], covariance[np.ix_(pattern, pattern)])
    return squared


def even_odd(x: Array, scales: Sequence[Sequence[int]], fewest: int = FEWEST_PAIRS) -> Array:
    """Even–odd inconsistency: −2r / (1 + r), r a person's correlation of even and odd halves over the scales.

    A half's value is the mean of its answers, after reversal. High is careless, as in ``careless::evenodd(x, lengths)``
    since version 1.2; never above 1. NaN for fewer scales of which both halves have an answer than `fewest` (R: two),
    and where the halves do not vary.

    Parameters
    ----------
    x : answers, reversed ones turned.
    scales : the columns of each scale, in the order of its items.
    fewest : scales that are needed.
    """
    odd, even = (
        np.column_stack([_mean(x[:, list(columns)[start::2]]) for columns in scales])
        if len(scales)
        else np.empty((len(x), 0))
        for start in (0, 1)
    )
    r = row_correlation(odd, even, fewest)
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = 2 * r / (1 + r)
    return np.asarray(-np.where(np.isnan(r), np.nan, np.maximum(corrected, -1.0)))


def _mean(x: Array) -> Array:
    held = ~np.isnan(x)
    n = held.sum(axis=1)
    mean: Array = np.divide(np.where(held, x, 0.0).sum(axis=1), n, out=np.full(len(x), np.nan), where=n > 0)
    return mean


def row_correlation(a: Array, b: Array, fewest: int = FEWEST_PAIRS) -> Array:
    """Correlate two (n, m) arrays row by row, over the columns that both hold; NaN where one does not vary."""
    held = ~(np.isnan(a) | np.isnan(b))
    n = held.sum(axis=1)
    centred = []
    for values in (a, b):
        mean = np.divide(np.where(held, values, 0.0).sum(axis=1), n, out=np.zeros(len(a)), where=n > 0)
        centred.append(np.where(held, values - mean[:, None], 0.0))
    squares = [(values**2).sum(axis=1) for values in centred]
    defined = (n >= max(fewest, 2)) & (squares[0] > TINY) & (squares[1] > TINY)
    product = (centred[0] * centred[1]).sum(axis=1)
    r = np.divide(product, np.sqrt(squares[0] * squares[1]), out=np.full(len(a), np.nan), where=defined)
    return np.asarray(np.clip(r, -1.0, 1.0))


def item_pairs(x: Array, critical: float) -> Positions:
    """Find pairs of items whose pairwise correlation exceeds `critical`, or lies below it where it is negative, (m, 2).

    The first item of a pair is the later one, as in careless: a person's correlation over pairs depends on which item
    of a pair comes first.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.tril(pairwise_correlation(x)[0], -1)
    chosen = r > critical if critical > 0 else r < critical
    return np.argwhere(chosen)


def pair_correlation(x: Array, pairs: Positions, fewest: int = FEWEST_PAIRS) -> Array:
    """Psychometric synonyms or antonyms: each person's correlation over pairs of items.

    NaN with fewer than `fewest` pairs answered, and where the answers do not vary. In R:
    ``careless::psychsyn(x, critval, resample_na = FALSE)`` and ``psychant``; their resampling, which draws anew which
    item of a pair comes first, is left out, since it is random.
    """
    return row_correlation(x[:, pairs[:, 0]], x[:, pairs[:, 1]], fewest)


def missed(x: Array, right: Array) -> Array:
    """Count wrong answers to instructed items; what was not answered is not wrong. NaN where none was answered."""
    held = ~np.isnan(x)
    return np.where(held.any(axis=1), (held & (x != right)).sum(axis=1), np.nan)


def robust_bounds(values: Array, width: float) -> tuple[float, float]:
    """Median ± width · 1.4826 · MAD of the values that are there (Leys et al., 2013); NaN without any."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.nan, np.nan
    middle = float(np.median(present))
    spread = 1.4826 * float(np.median(np.abs(present - middle)))
    return middle - width * spread, middle + width * spread
