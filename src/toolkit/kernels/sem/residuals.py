"""Residual moments, and the averages of them that summarise misfit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .implied import implied_moments, on_sample_scale
from .moments import SampleMoments
from .ram import Array, GroupMatrices, Model


@dataclass(frozen=True)
class Residuals:
    """Sample moments minus implied ones of one group.

    Attributes
    ----------
    covariance, mean : (p, p), and (p,) or None for a model without means. For ordinal variables correlations of what is
        behind them, and no means (not a number).
    """

    covariance: Array
    mean: Array | None


Kind = Callable[[Array, Array, Array, Array], tuple[Array, Array]]


def raw(s: Array, m: Array, sigma: Array, mu: Array) -> tuple[Array, Array]:
    """Differences as they are."""
    return s - sigma, m - mu


def bentler(s: Array, m: Array, sigma: Array, mu: Array) -> tuple[Array, Array]:
    """Differences divided by the sample's standard deviations."""
    sd = np.sqrt(np.diag(s))
    return (s - sigma) / np.outer(sd, sd), (m - mu) / sd


def bollen(s: Array, m: Array, sigma: Array, mu: Array) -> tuple[Array, Array]:
    """Differences of correlations, and of means in each one's own standard deviations."""
    sd, implied_sd = np.sqrt(np.diag(s)), np.sqrt(np.diag(sigma))
    return s / np.outer(sd, sd) - sigma / np.outer(implied_sd, implied_sd), m / sd - mu / implied_sd


def correlations(s: Array, m: Array, sigma: Array, mu: Array) -> tuple[Array, Array]:
    """Differences of correlations, and of means in the sample's standard deviations."""
    return bollen(s, m, sigma, mu)[0], bentler(s, m, sigma, mu)[1]


def mplus(s: Array, m: Array, sigma: Array, mu: Array) -> tuple[Array, Array]:
    """Bollen's, with relative differences of variances on the diagonal."""
    spread, level = bollen(s, m, sigma, mu)
    np.fill_diagonal(spread, (np.diag(s) - np.diag(sigma)) / np.diag(s))
    return spread, level


def residuals(model: Model, samples: tuple[SampleMoments, ...], x: Array, kind: Kind = bollen) -> tuple[Residuals, ...]:
    """Compute the residuals of each group; `bollen` are lavaan's `cor.bollen`."""
    found = _implied(model, x)
    return tuple(_of_group(*of_group, kind) for of_group in zip(model.groups, samples, found, strict=True))


def _implied(model: Model, x: Array) -> list[tuple[Array, Array]]:
    return [on_sample_scale(group, implied_moments(group, x), x) for group in model.groups]


def _of_group(group: GroupMatrices, sample: SampleMoments, found: tuple[Array, Array], kind: Kind) -> Residuals:
    spread, level = kind(sample.covariance, sample.mean, found[0], found[1] if group.mean_structure else sample.mean)
    level[group.ordinal] = np.nan
    return Residuals(spread, level if group.mean_structure else None)


def root_mean_squares(
    model: Model, samples: tuple[SampleMoments, ...], x: Array, thresholds: Sequence[Array] = ()
) -> dict[str, float]:
    """Compute RMR, SRMR (Bentler's and Mplus') and CRMR, each with and without means, as lavaan defines them.

    Square roots of mean squares over the lower triangle (CRMR: without the diagonal, whose differences are 0) and the
    means; of several groups, averages weighted by n_g. `thresholds` are each group's residuals of them, which with
    ordinal variables stand in for the means, those of continuous variables left out.
    """
    found = _implied(model, x)
    values = {}
    for name, (kind, diagonal) in SUMMARIES.items():
        groups = [_of_group(*of_group, kind) for of_group in zip(model.groups, samples, found, strict=True)]
        if thresholds:
            groups = [Residuals(one.covariance, cuts) for one, cuts in zip(groups, thresholds, strict=True)]
        values[name] = _average([_root(one, diagonal, True) for one in groups], samples)
        values[f"{name}_nomean"] = _average([_root(one, diagonal, False) for one in groups], samples)
    values["srmr_bentler"], values["srmr_bentler_nomean"] = values["srmr"], values.pop("srmr_nomean")
    return values


SUMMARIES: dict[str, tuple[Kind, bool]] = {
    "rmr": (raw, True),
    "srmr": (bentler, True),
    "crmr": (correlations, False),
    "srmr_mplus": (mplus, True),
}


def _root(one: Residuals, diagonal: bool, means: bool) -> float:
    p = len(one.covariance)
    level = one.mean if means and one.mean is not None else np.zeros(0)
    own = float((np.diagonal(one.covariance) ** 2).sum())
    below = (float((one.covariance**2).sum()) - own) / 2
    total = below + (own if diagonal else 0.0) + float(level @ level)
    count = p * (p - 1) // 2 + (p if diagonal else 0) + len(level)
    return float(np.sqrt(max(total, 0.0) / count)) if count else 0.0


def _average(values: list[float], samples: tuple[SampleMoments, ...]) -> float:
    sizes = np.array([one.n for one in samples], dtype=np.float64)
    return float(np.array(values) @ sizes / sizes.sum())
