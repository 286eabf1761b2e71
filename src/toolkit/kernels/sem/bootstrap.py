"""Bootstrap of a fitted model: draws of rows or of whole clusters, all refitted at once where moments suffice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ...errors import AnalysisError, NotConverged
from .clusters import cluster_sums
from .constrained import minimise_constrained
from .constraints import constraints_of
from .continuous import FromMoments
from .estimator import SampleRows
from .fitted import Fitted, refitted
from .inference import constrained_inverse, information, jacobian
from .moments import SampleMoments
from .ram import AnyArray, Array, Positions, compile_model
from .table import Parameter, ParameterTable

CHUNK = 128
BLOCK = 4096
Counts = tuple[Array, ...]


@dataclass(frozen=True)
class Draws:
    """Estimates in bootstrap samples.

    Attributes
    ----------
    x : free parameters in each sample whose search converged, (draws, q).
    n_failed : samples without a solution.
    """

    x: Array
    n_failed: int


def bootstrap(fitted: Fitted, rows: SampleRows, draws: int, generator: np.random.Generator) -> Draws:
    """Refit a model to samples of its rows, drawn with replacement within groups.

    Where rows are in clusters whole clusters are drawn: within groups where each is in one group, else from all.
    ``lavaan::cfa(se = "bootstrap", bootstrap = draws)``.
    """
    refit = _from_moments if isinstance(fitted.estimator, FromMoments) else _one_by_one
    parts = [refit(fitted, rows, counts) for counts in _counts(rows, draws, generator)]
    x = np.concatenate(parts)
    solved = np.isfinite(x).all(axis=1)
    return Draws(x[solved], int((~solved).sum()))


def _counts(rows: SampleRows, draws: int, generator: np.random.Generator) -> Iterator[Counts]:
    """Count how often each row is in each sample of a chunk, one (chunk, n_g) per group."""
    ends = np.cumsum([len(values) for values in rows.groups])[:-1]
    for first in range(0, draws, CHUNK):
        size = min(CHUNK, draws - first)
        if rows.cluster is None:
            yield tuple(_drawn(len(values), size, generator) for values in rows.groups)
        else:
            parts = np.split(rows.cluster, ends)
            yield tuple(np.split(_clusters_drawn(rows.cluster, parts, size, generator), ends, axis=1))


def _drawn(n: int, size: int, generator: np.random.Generator) -> Array:
    return generator.multinomial(n, np.full(n, 1 / n), size).astype(np.float64)


def _clusters_drawn(cluster: Positions, parts: list[Positions], size: int, generator: np.random.Generator) -> Array:
    present = [np.unique(part) for part in parts]
    if sum(len(one) for one in present) > len(np.unique(cluster)):
        present = [np.unique(cluster)]
    counts = np.zeros((size, int(cluster.max()) + 1))
    for members in present:
        counts[:, members] = _drawn(len(members), size, generator)
    return np.asarray(counts[:, cluster])


def _from_moments(fitted: Fitted, rows: SampleRows, counts: Counts) -> Array:
    """Refit all samples of a chunk at once, from the estimates on; rows of NaN where a search failed."""
    estimator = fitted.estimator
    if not isinstance(estimator, FromMoments):
        raise TypeError("an estimator from moments is needed")
    table, start, kept = _with_free_exogenous(fitted)
    samples = tuple(
        weighted_moments(values, weight, one.lost)
        for values, weight, one in zip(rows.groups, counts, estimator.samples, strict=True)
    )
    moved = replace(estimator, model=compile_model(table), samples=samples, rows=None)
    size = len(counts[0])
    found = minimise_constrained(moved.problem(constraints_of(table)), np.broadcast_to(start, (size, len(start))))
    return np.where(found.converged[:, None], found.x[:, kept], np.nan)


def _with_free_exogenous(fitted: Fitted) -> tuple[ParameterTable, Array, Positions]:
    """Let exogenous moments follow each sample: free them, starting from the sample's, and find the others' places."""
    table = fitted.model.table

    def given(one: Parameter) -> bool:
        exogenous = table.exogenous
        return one.op in ("~~", "~1") and one.lhs in exogenous and (not one.rhs or one.rhs in exogenous)

    freed = [replace(one, fixed=None) if given(one) else one for one in table.parameters]
    estimates = iter(fitted.x)
    start: list[float] = []
    kept: list[int] = []
    for old, new in zip(table.parameters, freed, strict=True):
        if new.fixed is None:
            if old.fixed is None:
                kept.append(len(start))
            start.append(float(next(estimates)) if old.fixed is None else old.fixed)
    return replace(table.with_parameters(tuple(freed)), exogenous=()), np.array(start), np.array(kept, dtype=np.intp)


def weighted_moments(values: Array, weight: Array, lost: int = 0) -> SampleMoments:
    """Compute the moments of rows (n, p) that count (draws, n) times, for all draws at once."""
    row, column = np.tril_indices(values.shape[1])
    centre = values.mean(axis=0)
    total = np.zeros((len(weight), values.shape[1]))
    products = np.zeros((len(weight), len(row)))
    for first in range(0, len(values), BLOCK):
        block = values[first : first + BLOCK] - centre
        part = weight[:, first : first + BLOCK]
        total += part @ block
        products += part @ (block[:, row] * block[:, column])
    n = weight.sum(axis=1)
    mean = total / n[:, None]
    spread = np.zeros((len(weight), values.shape[1], values.shape[1]))
    spread[:, row, column] = (products - mean[:, row] * mean[:, column] * n[:, None]) / (n - lost)[:, None]
    spread[:, column, row] = spread[:, row, column]
    return SampleMoments(n, spread, mean + centre, lost)


def _one_by_one(fitted: Fitted, rows: SampleRows, counts: Counts) -> Array:
    """Refit the samples one after the other; rows of NaN where a search failed."""
    result = np.full((len(counts[0]), len(fitted.x)), np.nan)
    for draw in range(len(result)):
        groups = tuple(
            np.repeat(values, weight[draw].astype(int), axis=0)
            for values, weight in zip(rows.groups, counts, strict=True)
        )
        try:
            result[draw] = refitted(fitted, SampleRows(groups)).x
        except (NotConverged, AnalysisError):
            continue
    return result


def percentile(draws: Array, confidence: float) -> tuple[Array, Array]:
    """Compute percentile intervals of draws (draws, m)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def bca(draws: Array, estimate: Array, acceleration: Array, confidence: float) -> tuple[Array, Array]:
    """Compute bias-corrected and accelerated intervals of draws (draws, m); lavaan's `bca.simple` has acceleration 0.

    Efron (1987), doi:10.1080/01621459.1987.10478410.
    """
    count = len(draws)
    below = ((draws < estimate).sum(axis=0) + 0.5 * (draws == estimate).sum(axis=0)) / count
    bias = special.ndtri(np.clip(below, 1 / (count + 1), count / (count + 1)))
    limits = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + special.ndtri(tail)
        share = special.ndtr(bias + z / (1 - acceleration * z))
        limits.append(np.array([np.quantile(column, part) for column, part in zip(draws.T, share, strict=True)]))
    return limits[0], limits[1]


def acceleration(fitted: Fitted, function: Callable[[AnyArray], AnyArray]) -> Array:
    """Compute the acceleration of functions of the parameters from the rows' (clusters') influence on them, (m,).

    Σ l³ / (6 (Σ l²)^{3/2}) with l the influence; Efron & Tibshirani (1993), equation 22.29. Where no row has any, as on
    a constant, it is 0.
    """
    bread = constrained_inverse(information(fitted.estimator, fitted.x, fitted.information), fitted.basis)
    scores = cluster_sums(fitted.estimator.scores(fitted.x), fitted.estimator.cluster)[0]
    moved = scores @ bread @ jacobian(function, fitted.x).T
    spread = (moved**2).sum(axis=0) ** 1.5
    skew = np.zeros(len(spread))
    np.divide((moved**3).sum(axis=0), 6 * spread, out=skew, where=spread > 0)
    return skew
