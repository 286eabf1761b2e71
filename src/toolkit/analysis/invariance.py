"""Measurement invariance over groups, occasions and partners."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from ..instrument_model import Instrument
from ..kernels.sem.solution import EstimatorName
from ..responses import Responses
from ..results import DeferredTables, Result, fit_table
from . import invariance_tables as tables
from .inputs import AUTO, one_blas_thread
from .invariance_fits import Comparison, Request, Rung, climb, compared
from .invariance_verdicts import chen_marks
from .invariance_words import sentence
from .model_plan import Missing
from .model_tables import measures
from .model_words import method

CAPTIONS = {
    "estimates": "Parameters of all steps",
    "score_tests": "Constraints of each step: the fall of chi-square if one alone were released, largest first",
    "latent_means": "Differences of factor means from the first",
    "dmacs": "Effect sizes of noninvariance (dMACS) against the first, in standard deviations of the answers",
}
VERSIONS = {"_robust": "robust", "_scaled": "scaled", "": "plain"}


@one_blas_thread
def invariance(  # noqa: PLR0913 - data and model, then twelve
    data: Responses | pd.DataFrame,
    model: str | Instrument,
    *,
    group: str | None = None,
    over: str | None = None,
    steps: Sequence[str] | None = None,
    estimator: EstimatorName | None = None,
    ordered: bool | str | Sequence[str] | None = None,
    missing: Missing | None = None,
    partial: str | Sequence[str] = (),
    std_lv: bool = True,
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Test whether items measure alike in groups, on occasions or of partners.

    Each step holds more parameters equal than the one before and is tested against it:

    - `configural`: the same factors and items
    - `thresholds` (ordinal items): the same cuts between options
    - `metric`: equal loadings, so that associations of factors can be compared
    - `scalar`: equal intercepts, so that factor means can be compared
    - `strict`: equal residual variances, so that differences of observed scores are those of the factors

    The factors of the first group (occasion, partner) have mean 0 and variance 1; those of later ones are free as soon
    as loadings (variances) and intercepts (means) are equal. Ordinal items are identified as Wu & Estabrook (2016)
    have it, with delta parameterization, for `strict` with theta. Items of two options allow only `configural`,
    `scalar` and `strict`. Occasions and partners are repeated measures in one group: a factor for each, residuals of
    the same item covary.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    model : an instrument, or text in lavaan's language for one group or occasion.
    group : the column of groups, in the order in which they appear.
    over : `wave` (occasions of the same persons) or `role` (partners of couples), in place of group.
    steps : by default all that the items allow. Each holds equal all that those named before it do;
        ``lavaan``'s words `loadings`, `intercepts` and `residuals` may be used.
    estimator : `ML`, `MLR` or `WLSMV`; by default WLSMV for items of an instrument, else MLR with FIML, as in `cfa`.
    ordered, missing : as in `cfa`.
    partial : parameters that no step makes equal, such as `f=~x2`, `x3~1`, `x1|t2` or `x1~~x1`.
    std_lv : identify the factors by variances of 1; False (groups of continuous variables): by first loadings of 1.
    wave, day : the occasion; needed where the data have several that are not compared.
    cluster : the column of rows that belong together, the couple by default (where couples are not the rows).
    confidence : level of intervals.

    Returns
    -------
    Result
        `tables["ladder"]`: fit of each step; `cfi` and `rmsea` are all robust, or all scaled, or all plain, as
        `settings["indices"]` says; `chisq_diff`, `df_diff`, `p_diff` the test against the step before (MLR: Satorra &
        Bentler 2001; WLSMV: Satorra 2000); `delta_cfi`, `delta_rmsea`, `delta_srmr`; verdicts `chen` (`holds`, `mixed`,
        `fails`) and `cheung_rensvold`. `score_tests`: the constraints of each step, first those whose release would
        lower chi-square most, with the expected difference (first minus later). `latent_means`: of later groups at the
        scalar step. `dmacs`: effect sizes of noninvariance. `estimates`: parameters of all steps. `fit`: all measures.

    Raises
    ------
    ArgumentError, ModelError
        If arguments or model cannot be used; `over="role"` without roles.
    TooFewCases
        If a group has no more rows than the model has variables.
    AnalysisError
        If an option of an ordinal item is chosen in some groups only; if a step is not identified or has no solution.

    Notes
    -----
    Chen's (2007) marks: CFI falls by .010, RMSEA rises by .015, SRMR by .030 (thresholds, loadings) or .010; up to 300
    rows .005, .010, .025 and .005. A step `fails` where CFI and one of the others reach their marks; where only some
    are reached it is `mixed`. Cheung & Rensvold (2002): a fall of CFI by more than .010. Both were found for maximum
    likelihood and continuous items of two groups; with others they are a convention. RMSEA, n and denominators: see
    `cfa`.

    dMACS (Nye & Drasgow 2011): sqrt of the mean squared difference of expected answers over the later group's factors,
    over the pooled standard deviation. Parameters are those of the configural model, its factors put on the scale of
    the scalar step: items named in `partial` do not count in that.

    A factor that factors measure has mean 0: the means of those below are free. Observed variables that measure no
    factor are compared in nothing.

    References
    ----------
    Meredith (1993), doi:10.1007/BF02294825. Wu & Estabrook (2016), doi:10.1007/s11336-016-9506-0. Chen (2007),
    doi:10.1080/10705510701301834. Cheung & Rensvold (2002), doi:10.1207/S15328007SEM0902_5. Nye & Drasgow (2011),
    doi:10.1037/a0022955. Kenny, Kashy & Cook (2006), Dyadic Data Analysis. In R: ``lavaan::cfa(model, data, group =,
    group.equal =)``, ``semTools::measEq.syntax(ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016")``,
    ``lavaan::lavTestLRT``, ``lavaan::lavTestScore``.

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(1)
    >>> factor = draw.standard_normal((600, 1))
    >>> answers = factor * [0.9, 0.8, 0.7, 0.6] + 0.6 * draw.standard_normal((600, 4))
    >>> frame = pd.DataFrame(answers, columns=["y1", "y2", "y3", "y4"])
    >>> frame["y2"] += np.where(frame.index < 300, 0.0, 0.5)
    >>> frame["country"] = np.where(frame.index < 300, "NL", "BE")
    >>> found = invariance(frame, "f =~ y1 + y2 + y3 + y4", group="country", estimator="ML")
    >>> columns = ["step", "df", "p_diff", "delta_cfi", "chen"]
    >>> print(found.table("ladder", columns=columns, caption="Steps").to_text())
    Steps
    Step        df  p (Δχ²)   ΔCFI  Chen (2007)
    configural   4        —      —
    metric       7     .341   .000  holds
    scalar      10   < .001  −.061  fails
    strict      14     .722   .002  holds
    Method: ML, complete rows.
    >>> found.to_frame("score_tests").query("step == 'scalar'")["constraint"].iloc[0]
    'y2~1 (NL) == y2~1 (BE)'
    """
    request = Request(
        group=group,
        over=over,
        steps=steps,
        estimator=estimator,
        ordered=ordered,
        missing=missing,
        partial=partial,
        std_lv=std_lv,
        wave=wave,
        day=day,
        cluster=cluster,
        confidence=confidence,
    )
    comparison = compared(data, model, request)
    return _result(comparison, climb(comparison), request)


def _result(comparison: Comparison, rungs: list[Rung], request: Request) -> Result:
    ladder, notes = tables.ladder(comparison, rungs)
    variant = tables.indices(rungs)
    return Result(
        kind="invariance",
        title="Measurement invariance",
        estimates=tables.parameters(comparison, rungs),
        fit=fit_table([_fit(comparison, rung, notes) for rung in rungs]),
        tables=_tables(comparison, rungs, ladder),
        settings=_settings(comparison, rungs, request, VERSIONS[variant]),
        statement=sentence(comparison, rungs, ladder, variant),
        captions={"ladder": _caption(comparison, VERSIONS[variant]), **CAPTIONS},
        view={"name": "ladder", "digits": 3},
    )


def _tables(comparison: Comparison, rungs: list[Rung], ladder: pd.DataFrame) -> DeferredTables:
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "ladder": lambda: ladder,
        "score_tests": partial(tables.freed_first, comparison, rungs),
    }
    linking = tables.linking(rungs)
    if linking is not None:
        sizes = tables.effect_sizes(comparison, rungs[0], linking)
        makers |= {"latent_means": partial(tables.latent_means, comparison, linking), "dmacs": lambda: sizes}
    return DeferredTables({name: one_blas_thread(make) for name, make in makers.items()})


def _fit(comparison: Comparison, rung: Rung, notes: Sequence[str]) -> dict[str, Any]:
    mine = [note for note in notes if f"{rung.step} is" in note or f"of {rung.step} is" in note]
    said = [comparison.note, *rung.found.notes, *_means(comparison, rung), *mine]
    return {
        "model": rung.step,
        "n_used": len(comparison.data.order),
        "n_dropped": comparison.data.n_dropped,
        "method": method(rung.found),
        **measures(rung.found),
        "note": "; ".join(note for note in said if note),
    }


def _means(comparison: Comparison, rung: Rung) -> list[str]:
    """Say what a step leaves out of the comparison."""
    model = comparison.model
    notes = []
    if model.higher and "intercepts" in rung.equal:
        notes.append(f"the mean of {', '.join(model.higher)} is 0: the means of the factors below are free")
    if model.others:
        notes.append(f"{', '.join(model.others)} measure no factor and are not compared")
    return notes


def _caption(comparison: Comparison, version: str) -> str:
    marks = chen_marks("metric", len(comparison.data.order)), chen_marks("scalar", len(comparison.data.order))
    srmr = f"{_mark(marks[0].srmr)} (loadings), {_mark(marks[1].srmr)} (after)"
    shown = "" if version == "plain" else f", {version}"
    return (
        f"Steps of invariance (CFI and RMSEA{shown}); marks of Chen (2007): CFI −{_mark(marks[0].cfi)}, RMSEA "
        f"+{_mark(marks[0].rmsea)}, SRMR +{srmr}; of Cheung and Rensvold (2002): CFI −.010"
    )


def _mark(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _settings(comparison: Comparison, rungs: list[Rung], request: Request, version: str) -> dict[str, Any]:
    n = len(comparison.data.order)
    asked = {name: value for name, value in vars(request).items() if name not in ("wave", "day", "cluster")}
    return {
        **comparison.data.sample.settings,
        "model": comparison.text.text,
        **asked,
        "steps": list(comparison.steps),
        "partial": sorted(comparison.model.partial),
        "fitted_estimator": comparison.choice.estimator,
        "fitted_missing": comparison.choice.missing,
        "ordinal": list(comparison.choice.ordinal),
        "compared": list(comparison.labels),
        "indices": version,
        "chen_marks": {step: dataclasses.asdict(chen_marks(step, n)) for step in comparison.steps[1:]},
        "fitted_models": {rung.step: rung.found.text.text for rung in rungs},
        "group_equal": {rung.step: list(rung.found.plan.equal) for rung in rungs},
    }
