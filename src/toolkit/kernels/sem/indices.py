"""Fit indices under lavaan's names, from tests, sample sizes and log-likelihoods."""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from .chisquare import ChiSquare

CLOSE, NOT_CLOSE = 0.05, 0.08
LEVEL = 0.9


def incremental(test: ChiSquare, baseline: ChiSquare) -> dict[str, float]:
    """Compare a model's chi-square with the baseline's: CFI, TLI and their kin.

    NFI and RFI are not defined, so not a number, where the model has more degrees of freedom than the baseline.
    """
    t, df, t0, df0 = test.statistic, test.df, baseline.statistic, baseline.df
    values = _relative(t - df, df, t0 - df0, df0)
    nfi = (t0 - t) / t0
    rfi = 1 - (t / df) / (t0 / df0) if df > 0 else 1.0
    ifi = (t0 - t) / (t0 - df) if t0 != df else 1.0
    fits = {"rfi": rfi, "nfi": nfi} if df <= df0 else dict.fromkeys(("rfi", "nfi"), float("nan"))
    return values | fits | {"pnfi": df / df0 * nfi, "ifi": ifi}


def robust_incremental(test: ChiSquare, baseline: ChiSquare) -> dict[str, float]:
    """Compute CFI and TLI of the population that plain statistics estimate, each freed of its own inflation.

    Brosseau-Liard & Savalei (2014), doi:10.1080/00273171.2014.933697. Both tests are scaled ones.
    """
    excess = [one.plain - one.inflation * one.df for one in (test, baseline)]
    return _relative(excess[0], test.df, excess[1], baseline.df)


def _relative(excess: float, df: float, excess0: float, df0: float) -> dict[str, float]:
    if np.isnan(excess + excess0):
        return dict.fromkeys(("cfi", "tli", "nnfi", "rni"), float("nan"))
    worst = max(excess, excess0, 0.0)
    cfi = 1 - max(excess, 0.0) / worst if worst > 0 else 1.0
    tli = 1 - (excess * df0) / (excess0 * df) if df > 0 and excess0 != 0 else 1.0
    rni = 1 - excess / excess0 if df > 0 and excess0 != 0 else 1.0
    return {"cfi": cfi, "tli": tli, "nnfi": tli, "rni": rni}


def rmsea(test: ChiSquare, n: float, groups: int, inflation: float = 1.0) -> dict[str, float]:
    """Compute RMSEA = sqrt(c max(T − df, 0) / (n df)) √G, its 90 % interval and its tests against .05 and .08.

    Interval limits put the non-centrality λ of T at 5 and 95 %. `inflation` is c of the robust variant, whose T is the
    scaled statistic: Brosseau-Liard, Savalei & Li (2012), doi:10.1080/00273171.2012.715252.
    """
    if test.df <= 0:
        undefined = float("nan")
        zero = dict.fromkeys(("rmsea", "rmsea_ci_lower", "rmsea_ci_upper"), 0.0)
        return zero | {"rmsea_pvalue": undefined, "rmsea_notclose_pvalue": undefined}
    t, df = test.statistic, test.df
    unit = inflation * groups / (n * df)
    tail = (1 - LEVEL) / 2
    return {
        "rmsea": float(np.sqrt(unit * max(t - df, 0.0))),
        "rmsea_ci_lower": float(np.sqrt(unit * noncentrality(t, df, 1 - tail))),
        "rmsea_ci_upper": float(np.sqrt(unit * noncentrality(t, df, tail))),
        "rmsea_pvalue": 1 - float(special.chndtr(t, df, CLOSE**2 / unit)),
        "rmsea_notclose_pvalue": float(special.chndtr(t, df, NOT_CLOSE**2 / unit)),
    }


def robust_rmsea(test: ChiSquare, n: float, groups: int) -> dict[str, float]:
    """Compute RMSEA of the population from the plain statistic and its inflation; limits from the scaled statistic."""
    values = rmsea(test, n, groups, test.factor)
    if test.df > 0:
        excess = max(test.plain - test.inflation * test.df, 0.0)
        values["rmsea"] = float(np.sqrt(groups * excess / (n * test.df)))
    return values


def noncentrality(statistic: float, df: float, probability: float) -> float:
    """Find the λ under which chi-square stays below the statistic with a probability; 0 where none is so small."""
    if np.isnan(statistic):
        return float("nan")
    if special.chdtr(df, statistic) <= probability:
        return 0.0
    high = max(statistic, 1.0)
    while special.chndtr(statistic, df, high) > probability:
        high *= 2
    root = optimize.brentq(lambda value: special.chndtr(statistic, df, value) - probability, 0.0, high, xtol=1e-12)
    return float(root)


def information_criteria(log_likelihood: float, npar: int, n: int) -> dict[str, float]:
    """Compute AIC, BIC and the BIC adjusted for sample size (n + 2)/24."""
    deviance = -2 * log_likelihood
    return {
        "aic": deviance + 2 * npar,
        "bic": deviance + npar * float(np.log(n)),
        "bic2": deviance + npar * float(np.log((n + 2) / 24)),
    }


def other_indices(test: ChiSquare, npar: int, n: float) -> dict[str, float]:
    """Compute Hoelter's critical n, McDonald's fit index and the expected cross-validation index."""
    t, df = test.statistic, test.df
    critical = {
        name: float(special.chdtri(df, alpha)) / (t / n) + 1 if df > 0 else float("nan")
        for name, alpha in (("cn_05", 0.05), ("cn_01", 0.01))
    }
    return critical | {"mfi": float(np.exp(-0.5 * (t - df) / n)), "ecvi": t / n + 2 * npar / n}
