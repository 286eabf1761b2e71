"""Confirmatory factor analysis and structural equation models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from ..checks import listed
from ..errors import ArgumentError
from ..instrument_model import Instrument
from ..kernels.sem.solution import EstimatorName
from ..responses import Responses
from ..results import DeferredTables, Result, fit_table
from . import model_tables as tables
from .inputs import AUTO, one_blas_thread, sample, warn_undefined
from .model_data import ModelText, model_data, read_for
from .model_fit import Estimated, estimate
from .model_plan import DEFAULT, Likelihood, Missing, ModelOptions, Parameterization, Plan, choose
from .model_validity import AfterFit, after_fit
from .model_words import KINDS, method, sentence

__all__ = ["ModelOptions", "cfa", "sem"]

CAPTIONS = {
    "modification_indices": "Falls of chi-square if a parameter were free (p < .05), and its expected change",
    "reliability": "Reliability from the model, and average variance extracted",
    "discriminant": "How far factors are told apart",
    "fit_measures": "All measures of fit",
    "residual_correlations": "Residual correlations: of the sample minus implied ones",
    "largest_residuals": "Residual correlations of .10 or more in size",
    "r_squared": "Share of variance that the model explains",
    "parameter_table": "What is free (numbered) and what is fixed (0), before estimation",
}


@one_blas_thread
def cfa(  # noqa: PLR0913 - data, model and rare options, then twelve
    data: Responses | pd.DataFrame,
    model: str | Instrument,
    options: ModelOptions = DEFAULT,
    *,
    estimator: EstimatorName | None = None,
    ordered: bool | str | Sequence[str] | None = None,
    missing: Missing | None = None,
    group: str | None = None,
    group_equal: str | Sequence[str] = (),
    std_lv: bool = False,
    cluster: str | None = AUTO,
    wave: Any = None,
    parameterization: Parameterization = "delta",
    likelihood: Likelihood = "normal",
    bootstrap: int = 0,
    seed: int | None = None,
) -> Result:
    """Fit a measurement model: factors, their indicators, and how well both reproduce the answers.

    y = ν + Λη + ε with factors η ~ (κ, Φ) and residuals ε ~ (0, Θ), so that Σ = ΛΦΛ' + Θ; an ordinal item is a
    continuous variable behind it, cut at thresholds. Estimates minimise the discrepancy of sample and model:

    - `ML` maximum likelihood; `MLR` the same with errors (sandwich) and test (Yuan–Bentler, as Mplus) that do not
      need normality. With `missing="fiml"` every row counts with what it holds
    - `WLSMV` ordinal items: least squares of thresholds and polychoric correlations weighted by 1 over their
      variances, robust errors, scaled and shifted test; `DWLS` the same with errors and test that trust the weights
    - `ULS` unweighted least squares

    Other parameters are added as lavaan's ``cfa()`` adds them: the first loading of each factor is fixed at 1,
    residuals do not covary, factors do.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    model : an instrument, whose own measurement model is fitted (each scale of several items is a factor, a scale of
        one item enters as observed; other forms: ``instrument.model("second_order")``), or text in lavaan's language.
        Its variables are items (as answered: one that is reversed loads negatively), scales (then their scores, such
        as `rws.total`) or numeric columns.
    options : what is seldom changed: see `ModelOptions`.
    estimator : by default WLSMV where variables are items of an instrument, else MLR. `settings` and the sentence say
        which.
    ordered : the ordinal variables, or True for all that are not only predictors. By default, with WLSMV and DWLS,
        the items of instruments with up to 20 options; with other estimators none.
    missing : `listwise` (complete rows), `pairwise` (ordinal variables: each correlation over the rows that hold both)
        or `fiml` (ML and MLR). By default FIML where the estimator is MLR by default, else listwise as in lavaan.
    group : a column whose values are groups, in the order in which they appear.
    group_equal : what is equal over groups: `loadings`, `intercepts`, `thresholds`, `residuals`, `means`,
        `lv.variances`, `lv.covariances`, `regressions`, `residual.covariances`.
    std_lv : fix the variances of factors at 1 in place of first loadings.
    cluster : the column of rows that belong together, for errors and tests; the couple by default where there is one,
        None for none. ML then has the errors and test of MLR, DWLS those of WLSMV.
    wave : the occasion; needed where the data have several (a day is chosen with ``ModelOptions(day=...)``).
    parameterization : of ordinal variables: `delta` (variances of what is behind them are 1) or `theta` (residual
        variances are).
    likelihood : `normal` (denominator N) or `wishart` (N − 1), of ML.
    bootstrap : number of bootstrap samples for standard errors and intervals in place of formulas; none by default.
        Rows are drawn within groups, where rows are clustered whole clusters.
    seed : for the bootstrap.

    Returns
    -------
    Result
        `estimates`: all parameters in lavaan's order, fixed ones with an empty `se`, defined ones (`:=`) last;
        `std_lv` and `std_all` as in lavaan. `fit`: n, and measures under lavaan's names with `_` for `.`: those that
        the estimator has (`scaling_factor` is lavaan's `chisq.scaling.factor`). `tables`: `modification_indices`
        (those with p < .05, with expected changes), `reliability` (ω with the implied and the observed variance of the
        sum; of ordinal items that of what is behind them, and `omega_categorical` of the sum itself, by Green & Yang;
        `ave`, average variance extracted), `discriminant` (HTMT, and whether `ave` exceeds the squared correlation, by
        Fornell & Larcker), `r_squared`, `residual_correlations`, `fit_measures` (all of lavaan's), `parameter_table`
        (lavaan's ``parTable``: `free` numbers the free parameters and is 0 where `ustart` is the fixed value). `cases`:
        factor scores where options ask for them.

    Raises
    ------
    ModelError
        With line and column of each fault of the text, and of each variable that the data do not have.
    NotIdentified, NotConverged
        If the data do not determine the parameters, which are named; if the search ends nowhere.
    TooFewCases, AnalysisError
        If there are not more rows than variables (in each group); if variables are constant or sums of others.
    ArgumentError
        If an argument cannot be used, or not with the others.

    Warns
    -----
    ImproperSolutionWarning
        If a variance is negative or a correlation beyond ±1.
    ModelWarning, MergedCategoryWarning, NotPositiveDefiniteWarning, SmallSampleWarning, UndefinedStatisticWarning
        See the note in `fit`.

    Notes
    -----
    n counts the rows used: complete ones, or with `pairwise` and `fiml` those that hold any of the variables (and all
    predictors that the model only conditions on). Covariances have the denominator n (least squares: n − 1). Intervals
    are estimate ± z · se, or of the bootstrap. RMSEA and its interval at 90 %, CFI, TLI and SRMR as lavaan defines
    them; `_scaled` from the scaled test, `_robust` freed of its inflation (MLR: Brosseau-Liard & Savalei; WLSMV:
    Savalei 2021, not defined beside continuous variables or with equal thresholds). GFI, AGFI and PGFI of FIML compare
    with the moments of the unrestricted model, where lavaan takes the moments of the answers at hand. With ordinal
    variables, predictors are part of the model, where lavaan conditions on them. Reliability is that of the sum in
    which reversed items are turned around, by the key, or, of columns without one, those that load negatively.

    References
    ----------
    Rosseel (2012), doi:10.18637/jss.v048.i02. Yuan & Bentler (2000), doi:10.1111/0081-1750.00078. Muthén, du Toit &
    Spisic (1997). Asparouhov & Muthén (2010), Simple second order chi-square correction. Brosseau-Liard & Savalei
    (2014), doi:10.1080/00273171.2014.933697. Savalei (2021), doi:10.1080/00273171.2020.1717922. Green & Yang (2009),
    doi:10.1007/s11336-008-9099-3. Henseler, Ringle & Sarstedt (2015), doi:10.1007/s11747-014-0403-8. Fornell & Larcker
    (1981), doi:10.1177/002224378101800104. In R: ``lavaan::cfa(model, data, ordered = TRUE)`` (WLSMV),
    ``lavaan::cfa(model, data, estimator = "MLR", missing = "fiml")``, ``cluster =``, ``group =``, ``se = "bootstrap"``;
    then ``parameterEstimates(fit, standardized = TRUE)``, ``fitMeasures(fit)``, ``lavResiduals(fit)``,
    ``lavInspect(fit, "rsquare")``, ``modindices(fit)``, ``lavPredict(fit)``, ``semTools::compRelSEM(fit)``,
    ``semTools::AVE(fit)``, ``semTools::htmt(model, data)``.

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(1)
    >>> factor = draw.standard_normal((300, 1))
    >>> answers = factor * [0.9, 0.8, 0.7, 0.6] + 0.6 * draw.standard_normal((300, 4))
    >>> frame = pd.DataFrame(answers, columns=["y1", "y2", "y3", "y4"])
    >>> found = cfa(frame, "f =~ y1 + y2 + y3 + y4", estimator="ML")
    >>> print(found.sentence())  # doctest: +NORMALIZE_WHITESPACE
    Confirmatory factor analysis (ML, complete rows; n = 300): χ²(2) = 3.98, p = .137, CFI = .996, TLI = .987,
    RMSEA = .057, 90% CI [.000, .141], SRMR = .017.
    >>> print(found.table(rows="op == '=~'", columns=["rhs", "est", "se", "ci_low", "ci_high", "std_all"]).to_text())
    Parameters of the model
    Right  Estimate     SE            CI  Std. (all)
    y1         1.00      —             —        0.84
    y2         0.81  0.059  [0.69, 0.93]        0.78
    y3         0.75  0.060  [0.63, 0.87]        0.71
    y4         0.65  0.054  [0.54, 0.75]        0.69
    Method: ML, complete rows.
    """
    plan = Plan(
        estimator=estimator,
        ordered=ordered,
        missing=missing,
        group=group,
        group_equal=group_equal,
        std_lv=std_lv,
        parameterization=parameterization,
        likelihood=likelihood,
        bootstrap=bootstrap,
        seed=seed,
        options=options,
    )
    return _analysis("cfa", data, model, plan, wave, cluster)


@one_blas_thread
def sem(  # noqa: PLR0913 - data, model and rare options, then twelve
    data: Responses | pd.DataFrame,
    model: str | Instrument,
    options: ModelOptions = DEFAULT,
    *,
    estimator: EstimatorName | None = None,
    ordered: bool | str | Sequence[str] | None = None,
    missing: Missing | None = None,
    group: str | None = None,
    group_equal: str | Sequence[str] = (),
    std_lv: bool = False,
    cluster: str | None = AUTO,
    wave: Any = None,
    parameterization: Parameterization = "delta",
    likelihood: Likelihood = "normal",
    bootstrap: int = 0,
    seed: int | None = None,
) -> Result:
    """Fit a structural equation model: regressions among factors and observed variables, beside what measures them.

    As `cfa`, of which it has all arguments, tables and errors, with lavaan's rules of ``sem()`` (which add the same
    parameters): y ~ x regressions, indirect effects with labels and `:=`, whose errors come from the delta method or
    the bootstrap (percentile intervals; BCa with ``ModelOptions(interval="bca")``). Observed predictors enter as
    lavaan's ``fixed.x = TRUE``: the model conditions on them, and rows that lack them are left out.

    Parameters
    ----------
    data, model, options, estimator, ordered, missing, group, group_equal, std_lv : as in `cfa`.
    cluster, wave, parameterization, likelihood, bootstrap, seed : as in `cfa`.

    Returns
    -------
    Result
        As `cfa`; regressions have the operator `~`, defined parameters `:=`.

    Raises
    ------
    ModelError, NotIdentified, NotConverged, TooFewCases, AnalysisError, ArgumentError
        As `cfa`.

    Notes
    -----
    Which n, denominators and measures: see `cfa`.

    References
    ----------
    Rosseel (2012), doi:10.18637/jss.v048.i02. MacKinnon, Lockwood & Williams (2004),
    doi:10.1207/s15327906mbr3901_4. In R: ``lavaan::sem(model, data)``, ``sem(..., se = "bootstrap")``.

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(1)
    >>> withholding = draw.standard_normal(200)
    >>> distance = 0.5 * withholding + draw.standard_normal(200)
    >>> frame = pd.DataFrame({"withholding": withholding, "distance": distance})
    >>> frame["closeness"] = -0.4 * distance + draw.standard_normal(200)
    >>> text = "distance ~ a*withholding; closeness ~ b*distance; indirect := a*b"
    >>> found = sem(frame, text, estimator="ML")
    >>> print(found.table(rows="op in ('~', ':=')", columns=["lhs", "rhs", "est", "se", "ci_low", "ci_high"]).to_text())
    Parameters of the model
    Left       Right        Estimate     SE              CI
    distance   withholding      0.54  0.068    [0.41, 0.67]
    closeness  distance        −0.53  0.070  [−0.66, −0.39]
    indirect   a*b             −0.28  0.052  [−0.39, −0.18]
    Method: ML, complete rows.
    """
    plan = Plan(
        estimator=estimator,
        ordered=ordered,
        missing=missing,
        group=group,
        group_equal=group_equal,
        std_lv=std_lv,
        parameterization=parameterization,
        likelihood=likelihood,
        bootstrap=bootstrap,
        seed=seed,
        options=options,
    )
    return _analysis("sem", data, model, plan, wave, cluster)


def _analysis(
    kind: str,
    data: Responses | pd.DataFrame,
    model: str | Instrument,
    plan: Plan,
    wave: Any,
    cluster: str | None,
) -> Result:
    plan.check()
    if not isinstance(model, str | Instrument):
        raise ArgumentError(
            f"model is {type(model).__name__}, but must be an instrument or text such as 'f =~ x1 + x2 + x3'."
        )
    text = ModelText.of(model)
    responses = read_for(text, data, plan.group, plan.ordered, None if cluster == AUTO else cluster)
    _check_day(responses, plan.options.day)
    chosen = sample(responses, wave=wave, day=plan.options.day, cluster=cluster)
    choice = choose(plan, chosen.responses, text.roles)
    found = estimate(text, model_data(chosen, text, choice, plan.group), plan, choice)
    return _result(kind, found)


def _check_day(responses: Responses, day: Any) -> None:
    """Say where the day of a diary is chosen."""
    days = responses.frame["day"].unique().tolist() if "day" in responses.keys else []
    if day is None and len(days) > 1:
        raise ArgumentError(
            f"the data have several values of day ({listed(days)}); choose one with options=ModelOptions(day=...)."
        )


def _result(kind: str, found: Estimated) -> Result:
    fit = {
        "model": found.text.name,
        "n_used": len(found.data.order),
        "n_dropped": found.data.n_dropped,
        "method": method(found),
        **tables.measures(found),
    }
    undefined = tables.why_undefined(found, fit)
    if undefined:
        warn_undefined(undefined)
    after = after_fit(found)
    fit["note"] = "; ".join(note for note in (*found.notes, undefined, *after.notes) if note)
    estimates = tables.estimates(found)
    return Result(
        kind=kind,
        title=KINDS[kind],
        estimates=estimates,
        fit=fit_table([fit]),
        tables=_tables(found, after),
        cases=after.cases,
        settings=_settings(found),
        statement=sentence(kind, found, fit),
        captions={"estimates": "Parameters of the model", **CAPTIONS},
        view={"columns": tables.shown(estimates)},
        source=found,
    )


def _tables(found: Estimated, after: AfterFit) -> DeferredTables:
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        **after.tables,
        "r_squared": partial(tables.r_squared, found),
        "residual_correlations": partial(tables.residual_correlations, found),
        "largest_residuals": partial(tables.largest_residuals, found),
        "fit_measures": partial(tables.fit_measures, found),
        "parameter_table": partial(tables.parameter_table, found),
    }
    return DeferredTables({name: one_blas_thread(make) for name, make in makers.items()})


def _settings(found: Estimated) -> dict[str, Any]:
    plan, choice = found.plan, found.choice
    ordered = plan.ordered if plan.ordered is None or isinstance(plan.ordered, bool | str) else list(plan.ordered)
    asked = {**vars(plan), "ordered": ordered, "group_equal": list(plan.equal)}
    asked["options"] = dataclasses.asdict(plan.options)
    return {
        **found.data.sample.settings,
        "model": found.text.text,
        **asked,
        "fitted_estimator": choice.estimator,
        "fitted_missing": choice.missing,
        "ordinal": list(choice.ordinal),
        "groups": list(found.data.labels) if found.data.group else [],
    }
