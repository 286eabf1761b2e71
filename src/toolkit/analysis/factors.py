"""Exploratory factor analysis."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import counted
from ..errors import ArgumentError
from ..kernels import factor_fit
from ..kernels.factor_bootstrap import Draws
from ..kernels.moments import Missing
from ..kernels.rotation_criteria import DEFAULT, RotationOptions
from ..responses import Responses
from ..results import Result, fit_table
from . import factor_tables as tables
from .factor_solution import Method, Plan, Scores, Solution, heywood_note, solve
from .inputs import AUTO, Array, Sample, one_blas_thread, sample, warn_undefined
from .item_correlations import Correlation, item_correlations

__all__ = ["RotationOptions", "efa"]

MEASURES = ("chisq", "df", "p", "rmsr", "rmsr_corrected", "rmsea", "rmsea_ci_low", "rmsea_ci_high", "tli", "cfi", "bic")
CAPTIONS = {
    "loadings": "Pattern of loadings, items by factors",
    "phi": "Correlations of the factors",
    "factor_correlations": "Correlations of the factors, by pairs",
    "structure": "Correlations of items with factors",
    "variance": "Variance that the factors account for",
    "residuals": "Residual correlations",
    "determinacy": "How well the factors are determined by the items",
    "optima": "Values of the rotation criterion at which starts ended",
    "score_weights": "Weights of the standardised answers in the factor scores",
}


@one_blas_thread
def efa(  # noqa: PLR0913 - data, items and the number of factors, then twelve
    data: Responses | pd.DataFrame,
    items: str | Sequence[str] | None = None,
    n_factors: int | None = None,
    *,
    method: Method = "minres",
    rotation: str = "oblimin",
    correlation: Correlation = "pearson",
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    n_bootstrap: int = 0,
    confidence: float = 0.95,
    scores: Scores = "none",
    seed: int | None = None,
    rotation_options: RotationOptions = DEFAULT,
) -> Result:
    """Explore which factors lie behind the correlations of items.

    R = ΛΦΛ' + Ψ: loadings Λ, correlations of the factors Φ, uniquenesses Ψ. `minres` minimises the sum of squared
    residual correlations, `ml` the likelihood discrepancy ln|Σ| − ln|R| + tr Σ⁻¹R − k, and `pa` iterates principal axes
    until the communalities stand still (its limit is minres; ``psych`` stops earlier). Then Λ is rotated: Λ = A (T⁻¹)',
    Φ = T'T, with T at the minimum of the criterion:

    - oblique: `oblimin` (γ; with γ = 0 the same as `quartimin`), `geomin` (ε), `target` (partially specified), and
      `promax`: powers (4) of the Kaiser-normalised varimax loadings, as ``factanal`` and psych's ``"Promax"`` have it
    - orthogonal: `varimax` (Kaiser-normalised, as in R), `quartimax`, `geomin_orthogonal`, `target_orthogonal`
    - `none`

    Factors are named F1, F2, … in the order of the variance that they account for (diag ΦΛ'Λ), each turned so that its
    loadings sum to a positive number, as in psych; a target fixes order and direction itself.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    items : items, columns, scales or instruments (which stand for their items); by default all items, or all numeric
        columns. Items are taken as answered: one that is reversed loads negatively.
    n_factors : how many factors; ``tk.retention`` helps to choose.
    method, rotation : see above.
    correlation : `pearson`, or `polychoric` (the items are ordinal).
    missing : `listwise` (complete rows) or `pairwise`.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together, which are resampled together; the couple by default where there
        is one, None for none.
    n_bootstrap : bootstrap samples for intervals of loadings and Φ; none by default.
    confidence : level of these intervals. The interval of the RMSEA is at 90 %, as is usual.
    scores : factor scores: `regression` (Thurstone), `bartlett` or `tenberge` (which keep Φ), in `cases`.
    seed : for the bootstrap, and for random starts of the rotation: with a seed 30 starts, without one only from the
        unrotated loadings.
    rotation_options : γ, ε, power, Kaiser normalisation, number of starts, target, stopping rule.

    Returns
    -------
    Result
        `estimates`: loading (and its standard error and interval) and structure of each item and factor.
        `tables`: `loadings` (by factors, sorted, with wording, communality diag ΛΦΛ', uniqueness and Hofmann's
        complexity), `phi`, `factor_correlations`, `structure`, `variance`, `residuals`, `determinacy` (multiple R of
        factor and items, and the least correlation 2R² − 1 of two equally good sets of scores), `optima`,
        `score_weights`. `fit`: n and measures of fit. `cases`: factor scores, empty where an answer is missing.

    Raises
    ------
    NotIdentified
        If there are more parameters than correlations, or `ml` meets a matrix that is not positive definite.
    NotConverged
        If extraction or rotation do not reach their minimum.
    TooFewCases, AnalysisError
        If there are fewer than ten rows, or an item does not vary.
    ArgumentError
        If an argument cannot be used.

    Warns
    -----
    HeywoodWarning
        If a uniqueness is at its lower bound (.005, as in psych and factanal).
    NotPositiveDefiniteWarning, SmallSampleWarning, UndefinedStatisticWarning
        See the note in `fit`.

    Notes
    -----
    χ² = f (n − 1 − (2k + 5)/6 − 2m/3), with f the likelihood discrepancy at the solution (so also for minres and pa,
    where it is not at its minimum), k items, m factors, df = ((k − m)² − k − m)/2; RMSEA = sqrt(max(0, χ²/(df n) −
    1/(n − 1))); TLI, BIC = χ² − df ln n and CFI from it, RMSR and RMSR corrected for df from the residual correlations,
    all as ``psych::fa`` has them. They assume independent rows and multivariate normality; for polychoric and pairwise
    correlations those that rest on χ² are left empty. Standardised answers have the denominator n − 1. Scores of
    polychoric solutions weight the answers as if they were the variables behind them. Bootstrap samples are extracted
    and rotated as the whole, from where it ended, and matched to it; intervals are percentiles.

    References
    ----------
    Harman & Jones (1966), doi:10.1007/BF02289468. Lawley & Maxwell (1971). Bernaards & Jennrich (2005),
    doi:10.1177/0013164404272507. Grice (2001), doi:10.1037/1082-989X.6.4.430. Hofmann (1978),
    doi:10.1207/s15327906mbr1302_9. Zhang, Preacher & Luo (2010), Multivariate Behavioral Research 45, 104–134. In R:
    ``psych::fa(na.omit(x), nfactors = m, fm = "minres", rotate = "oblimin", scores = "regression")``.

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> factor = draw.standard_normal((300, 2))
    >>> answers = factor[:, [0, 0, 0, 1, 1, 1]] + draw.standard_normal((300, 6))
    >>> frame = pd.DataFrame(answers, columns=["a1", "a2", "a3", "b1", "b2", "b3"])
    >>> found = efa(frame, n_factors=2)
    >>> print(found.table("loadings", columns=["item", "F1", "F2"]).to_text())
    Pattern of loadings, items by factors
    Item    F1    F2
    b1     .83   .00
    b2     .67  −.04
    b3     .64   .05
    a1     .04   .72
    a3    −.04   .67
    a2    −.01   .62
    """
    if n_factors is None:
        raise ArgumentError("n_factors is missing: say how many factors, such as n_factors=2.")
    plan = Plan(
        n_factors=n_factors,
        method=method,
        rotation=rotation,
        rotation_options=rotation_options,
        correlation=correlation,
        missing=missing,
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        scores=scores,
        seed=seed,
    )
    plan.check()
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    solution = solve(item_correlations(chosen, items, correlation=correlation, missing=missing), plan)
    return _result(chosen, solution)


def _result(chosen: Sample, solution: Solution) -> Result:
    draws = solution.draws(chosen) if solution.plan.n_bootstrap else None
    notes = [*solution.items.notes, *_notes(chosen, solution, draws)]
    weights = _weights(solution, notes)
    frames = {
        "loadings": tables.loadings(solution, chosen.responses),
        "phi": tables.phi(solution),
        "factor_correlations": tables.factor_correlations(solution, draws),
        "structure": tables.structure(solution),
        "variance": tables.variance(solution),
        "residuals": tables.residuals(solution),
        "determinacy": tables.determinacy(solution),
        "optima": tables.optima(solution),
    }
    if weights is not None:
        frames["score_weights"] = tables.score_weights(solution, weights)
    fit = _fit(solution, notes)
    return Result(
        kind="efa",
        title="Exploratory factor analysis",
        estimates=tables.estimates(solution, draws),
        fit=fit_table([fit]),
        tables=frames,
        cases=None if weights is None else tables.cases(solution, weights, chosen.responses),
        settings=_settings(chosen, solution),
        statement=_sentence(solution, fit),
        captions={"estimates": _caption(solution), **CAPTIONS},
    )


def _notes(chosen: Sample, solution: Solution, draws: Draws | None) -> list[str]:
    """Say what a careful reader must know, and warn of what is not defined."""
    notes = [heywood_note(solution)] if solution.heywood else []
    if solution.why_no_chi_square():
        notes.append(solution.why_no_chi_square())
        warn_undefined(notes[-1])
    elif chosen.cluster is not None:
        notes.append("chi-square and what rests on it take rows as independent, though they are clustered")
    if solution.rotation.n_optima > 1:
        notes.append(f"the rotation has {solution.rotation.n_optima} optima (tables['optima']); the lowest is reported")
    if not solution.items.is_positive_definite:
        notes.append("determinacy and factor scores need the inverse of the correlation matrix, which it does not have")
        warn_undefined(notes[-1])
    return [*notes, *_lost(draws)]


def _lost(draws: Draws | None) -> list[str]:
    """Say how many bootstrap samples have no solution."""
    if draws is None:
        return []
    lost = int(np.isnan(draws.loadings[:, 0, 0]).sum())
    if not lost:
        return []
    note = f"{fmt.count(lost)} of {fmt.count(len(draws.loadings))} bootstrap samples have no solution"
    if tables.too_many_lost(draws.loadings):
        note += ", too many for intervals"
        warn_undefined(note)
    return [note]


def _weights(solution: Solution, notes: list[str]) -> Array | None:
    """Weights of the factor scores, if they are wanted and defined."""
    if solution.plan.scores == "none" or not solution.items.is_positive_definite:
        return None
    if solution.items.has_holes:
        n = int(np.isnan(solution.items.x).any(axis=1).sum())
        notes.append(f"{counted(n, 'row')} with an answer missing {'has' if n == 1 else 'have'} no factor scores")
    return solution.weights()


def _fit(solution: Solution, notes: Sequence[str]) -> dict[str, Any]:
    measures = dict.fromkeys(MEASURES, np.nan)
    found = solution.chi_square()
    measures |= {} if found is None else dataclasses.asdict(found)
    measures |= {
        "df": solution.df,
        "rmsr": factor_fit.root_mean_square(solution.residual),
        "rmsr_corrected": factor_fit.root_mean_square_corrected(solution.residual, solution.df),
    }
    used = solution.items.used
    return {
        "model": f"{solution.plan.n_factors} factors" if solution.plan.n_factors > 1 else "1 factor",
        "n_used": int(used.sum()),
        "n_dropped": int((~used).sum()),
        "method": _method(solution.plan),
        "n_items": len(solution.items.names),
        "n_factors": solution.plan.n_factors,
        **measures,
        "objective": solution.extraction.objective,
        "n_optima": solution.rotation.n_optima if solution.n_starts > 1 else None,
        "note": "; ".join(notes),
    }


def _method(plan: Plan) -> str:
    names = {"minres": "minimum residuals", "ml": "maximum likelihood", "pa": "principal axis"}
    rotated = "no rotation" if plan.rotation == "none" else f"{plan.rotation.replace('_', ' ')} rotation"
    kind = "Pearson" if plan.correlation == "pearson" else "polychoric"
    rows = f"{kind} correlations of complete rows" if plan.missing == "listwise" else f"pairwise {kind} correlations"
    return f"{names[plan.method]}, {rotated}, {rows}"


def _settings(chosen: Sample, solution: Solution) -> dict[str, Any]:
    options = dataclasses.asdict(solution.plan.rotation_options)
    target = options.pop("target")
    options["target"] = None if target is None else np.asarray(target).tolist()
    plan = {name: value for name, value in vars(solution.plan).items() if name != "rotation_options"}
    return {**chosen.settings, "items": list(solution.items.names), **plan, "rotation_options": options}


def _caption(solution: Solution) -> str:
    plan = solution.plan
    level = f" with {fmt.level(plan.confidence)} bootstrap intervals" if plan.n_bootstrap else ""
    return f"Loadings (pattern) and correlations of items with factors (structure){level}"


def _sentence(solution: Solution, fit: dict[str, Any]) -> str:
    plan, accounted = solution.plan, tables.variance(solution)
    share = fmt.percent(float(accounted["cumulative"].iloc[-1]))
    lost = f", {fmt.count(fit['n_dropped'])} dropped" if fit["n_dropped"] else ""
    head = (
        f"Exploratory factor analysis ({_method(plan)}; n = {fmt.count(fit['n_used'])}{lost}) of {fit['n_items']} items"
        f" gave {counted(plan.n_factors, 'factor')} that account{'s' if plan.n_factors == 1 else ''} for {share} of the"
        f" variance{_between(solution)}; "
    )
    residual = f"RMSR = {fmt.number(fit['rmsr'], 3, bounded=True)}"
    if np.isnan(fit["p"]):
        return f"{head}{residual}."
    interval = fmt.interval(fit["rmsea_ci_low"], fit["rmsea_ci_high"], 3, bounded=True)
    return (
        f"{head}χ²({fit['df']}) = {fmt.number(fit['chisq'])}, p {fmt.p_value(fit['p'])}, RMSEA ="
        f" {fmt.number(fit['rmsea'], 3, bounded=True)}, 90% CI {interval}, CFI ="
        f" {fmt.number(fit['cfi'], 3, bounded=True)}, TLI = {fmt.number(fit['tli'], 3, bounded=True)}, {residual}."
    )


def _between(solution: Solution) -> str:
    """Say how far the factors correlate."""
    below = solution.rotation.phi[np.tril_indices(len(solution.names), -1)]
    if not np.abs(below).max(initial=0.0) > 1e-12:
        return ""
    low, high = (fmt.number(float(value), bounded=True) for value in (below.min(), below.max()))
    return f" and correlate {low}" if len(below) == 1 else f" and correlate from {low} to {high}"
