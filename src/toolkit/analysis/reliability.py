"""Reliability of scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from .. import format as fmt
from ..kernels.moments import Missing
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import AUTO, chosen_scales, one_blas_thread, sample
from .scale_answers import Plan
from .scale_reliability import BOOTSTRAPPED, ScaleFound, of_scale

MOST_IN_SENTENCE = 6
COLUMNS = (
    "scale",
    "n_items",
    "n_used",
    "alpha",
    "alpha_se",
    "alpha_ci_low",
    "alpha_ci_high",
    "alpha_feldt_low",
    "alpha_feldt_high",
    "alpha_duhachek_se",
    "alpha_duhachek_low",
    "alpha_duhachek_high",
    "alpha_standardised",
    "alpha_ordinal",
    "alpha_ordinal_se",
    "alpha_ordinal_ci_low",
    "alpha_ordinal_ci_high",
    "omega_fitted",
    "omega_fitted_se",
    "omega_fitted_ci_low",
    "omega_fitted_ci_high",
    "omega_observed",
    "omega_observed_se",
    "omega_observed_ci_low",
    "omega_observed_ci_high",
    "omega_total",
    "omega_hierarchical",
    "lambda1",
    "lambda2",
    "lambda4",
    "lambda5",
    "lambda6",
    "split_half_min",
    "split_half_mean",
    "split_half_max",
    "mean_r",
    "standard_error_of_measurement",
    "smallest_detectable_change",
)
INTERVALS = ("scale", "coefficient", "estimate", "se", "ci_low", "ci_high")
PERCENTILES = ("percentile_low", "percentile_high")
UNDEFINED = ("scale", "coefficient", "part", "reason")


@one_blas_thread
def reliability(
    data: Responses | pd.DataFrame,
    scale: str | Sequence[str] | None = None,
    *,
    ci: Literal["analytic", "bootstrap"] = "analytic",
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
    n_bootstrap: int = 2000,
    seed: int | None = None,
) -> Result:
    """Estimate the reliability of scales, one row per scale.

    With S the covariance matrix of a scale's k items after reversal, R their correlations and 1'S1 the sum of all
    cells of S:

    - alpha: k/(k−1) (1 − tr S / 1'S1), Guttman's lambda 3; standardised alpha: the same of R
    - lambda1, lambda2, lambda5: Guttman's bounds of S: 1 − tr S / 1'S1; the same + sqrt(k/(k−1) Σ_{i≠j} s_ij²) / 1'S1;
      or + 2 sqrt(max_i Σ_{j≠i} s_ij²) / 1'S1
    - lambda6: of R, 1 − Σ (1 − smc_i) / 1'R1, as psych's G6; that of S is in `tables["intervals"]`
    - split_half_min, _mean, _max: 4 cov(A, B) / var(A + B) over all splits of the items into halves A and B of S (one
      item apart where k is odd); beyond 16 items over 10,000 splits drawn at random. lambda4 is the greatest of all
    - omega_fitted, omega_observed: (Σλ)² / ((Σλ)² + Σθ) and (Σλ)² / 1'S1, with loadings λ and error variances θ of one
      factor, by maximum likelihood; both overstate what the items share where one factor does not fit
    - omega_total, omega_hierarchical: 1 − Σu / 1'R1 and (Σg)² / 1'R1, u the uniquenesses and g the loadings on the
      general factor by Schmid and Leiman, from three minres group factors after oblimin; items are not turned. Where
      one factor is enough the group factors are noise, and omega_hierarchical says little
    - alpha_ordinal: alpha of the polychoric correlations. It is the reliability that a sum of the continuous responses
      beneath the answers would have, which nobody observes: not the reliability of the scale's score
    - mean_r: the mean correlation between different items
    - standard_error_of_measurement: SD sqrt(1 − alpha), in the units of the scale's score, and
      smallest_detectable_change: z sqrt(2) times that (z = 1.96 at 95 %)

    Parameters
    ----------
    data : answers with their instruments.
    scale : one scale or several (`rws.avoidance`), or an instrument (`rws`) for its scales; all by default.
    ci : `analytic` or `bootstrap` (percentile and BCa).
    missing : `listwise` (rows that are complete on the scale) or `pairwise` (each covariance over its own rows).
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of all intervals, and of the smallest detectable change.
    n_bootstrap, seed : bootstrap samples, and the seed that they need; it also draws the splits of long scales.

    Returns
    -------
    Result
        `estimates`: one row per scale. `alpha_ci` is Feldt's interval and `alpha_se` the Duhachek–Iacobucci standard
        error where rows are independent and complete. Where answers are missing (`pairwise`) both are
        distribution-free, since Feldt's and Duhachek's, which are in columns of their own, take too large an n. Where
        rows are clustered both come from the sandwich of couples, and Feldt's and Duhachek's cells are empty, since
        they would be too narrow. With `ci="bootstrap"` the error comes from resampled rows or couples and the interval
        is BCa; `alpha_percentile` and `alpha_bca` hold both kinds.
        `tables["intervals"]`: the coefficients with distribution-free (or bootstrap) standard error and interval; the
        omegas of one factor with these in `estimates` too.
        `tables["undefined"]`: what is not defined for a scale, and why.
        `fit`: n, rows left out, and notes, among them what is not defined.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are no scales, or an argument cannot be used.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each scale with coefficients that its data leave undefined. What a scale never has (omega of two
        items, group factors of five) is said in `tables["undefined"]` and `fit`.
    HeywoodWarning
        Once for each scale to whose items a factor leaves no error variance.

    Notes
    -----
    n is listwise per scale. With `missing="pairwise"` it is the number of rows with any answer, though covariances rest
    on fewer (see `fit`); Feldt's and Duhachek's n is then that of all rows, as in psych. Covariances have the
    denominator n − 1.

    The distribution-free intervals come from the influence of each row or couple (sandwich with G/(G − 1), G rows or
    couples), on the scale ln(1 − ρ) for reliabilities, atanh for mean_r and the logarithm for errors of measurement,
    with Student's quantile on 2G / (κ − 1) degrees of freedom, κ the kurtosis of the couples' influences, G − 1 at most
    (Satterthwaite 1946). The BCa interval takes its acceleration from the same influences, and its quantiles wider by
    Student's t on G − 1 and sqrt(G / (G − 1)) (Hesterberg 2015). The ordinal alpha has the interval of its influences
    with either `ci`. Splits and the omegas from group factors have no interval: greatest and least splits are chosen
    for being so, and the rotation of small samples is not stable enough.

    A factor is fitted to at least three items and ten rows, group factors to at least six items (so that they have
    degrees of freedom), polychoric correlations to items of at most twelve options.

    Coverage of 95 % intervals by simulation (`make bench`; six items, n = 100 and 400, 2,000 data sets, of bootstraps
    1,000 for normal and 500 for five-point answers). Normal answers: between 93.9 % and 96.2 % for Feldt's, Duhachek's,
    the distribution-free and the BCa interval, of independent rows and of couples; in 150 couples × 3 waves 94.6 % to
    95.8 % with couples as clusters, and 79.8 % for Feldt's, which takes rows to be independent. Symmetric five-point
    answers: 93.0 % to 96.2 % for all. Five-point answers piled up at the lowest option: Feldt's 89.2 % and 88.5 %,
    Duhachek's 88.0 % and 89.1 %, but the distribution-free interval of alpha 93.8 % and 93.8 %, of omega 95.4 % and
    95.4 %, of ordinal alpha 93.9 % and 94.6 %, and BCa 94.6 % to 95.8 %: for such answers report alpha's interval in
    `tables["intervals"]`, or `ci="bootstrap"`.

    References
    ----------
    Cronbach (1951), doi:10.1007/BF02310555. DiCiccio & Efron (1996), doi:10.1214/ss/1032280214. Duhachek & Iacobucci
    (2004), doi:10.1037/0021-9010.89.5.792. Feldt, Woodruff & Salih (1987), doi:10.1177/014662168701100107. Guttman
    (1945), doi:10.1007/BF02288892. Hesterberg (2015), doi:10.1080/00031305.2015.1089789. McDonald (1999, ch. 6).
    Revelle & Zinbarg (2009), doi:10.1007/s11336-008-9102-z. Schmid & Leiman (1957), doi:10.1007/BF02289209. Zumbo,
    Gadermann & Zeisser (2007), doi:10.22237/jmasm/1177992180. In R: ``psych::alpha(na.omit(items))``, pairwise
    ``psych::alpha(items)`` (items reversed beforehand); clustered: lavaan with ``estimator = "MLR"``, ``cluster =`` and
    alpha as a defined parameter; ``psych::splitHalf(covar = TRUE, brute = TRUE)``;
    ``semTools::compRelSEM(cfa("f =~ ..."), obs.var = FALSE)`` and ``TRUE``; ``psych::omega(nfactors = 3)``;
    ``psych::alpha(psych::polychoric(items)$rho)``; ``boot::boot.ci(type = c("perc", "bca"))``.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> rows = ["125", "214", "342", "433", "551", "223", "452", "334", "114", "542"]
    >>> raw = pd.DataFrame([[int(answer) for answer in row] for row in rows], columns=["a", "b", "c"])
    >>> keys = instrument_from_keys({"f": ["a", "b", "-c"]}, min=1, max=5, id="my")
    >>> print(reliability(Responses.from_frame(raw, keys)).sentence())
    Internal consistency (complete rows of each scale) was α = .94, 95% CI [.82, .98] for my.f (3 items, n = 10).
    """
    plan = Plan(ci=ci, missing=missing, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)
    plan.check()
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    scales = chosen_scales(chosen.responses, scale)
    found = [of_scale(chosen, one, name, plan) for one, name in scales]
    settings = {**chosen.settings, **vars(plan), "scale": [f"{one.id}.{name}" for one, name in scales]}
    return _result(found, plan, settings)


def _result(found: Sequence[ScaleFound], plan: Plan, settings: dict[str, Any]) -> Result:
    bootstrapped = plan.ci == "bootstrap"
    columns = [*COLUMNS, *(BOOTSTRAPPED if bootstrapped else ())]
    estimates = pd.DataFrame([one.estimates for one in found], columns=columns)
    rows = [row for one in found for row in one.intervals]
    undefined = [row for one in found for row in one.undefined]
    return Result(
        kind="reliability",
        title="Internal consistency",
        estimates=estimates,
        fit=fit_table([one.fit for one in found]),
        tables={
            "intervals": pd.DataFrame(rows, columns=[*INTERVALS, *(PERCENTILES if bootstrapped else ())]),
            "undefined": pd.DataFrame(undefined, columns=list(UNDEFINED)),
        },
        settings=settings,
        statement=_sentence(estimates, plan),
        captions={
            "estimates": f"Internal consistency of each scale, with {fmt.level(plan.confidence)} intervals",
            "intervals": "Each coefficient with its standard error and interval",
            "undefined": "What is not defined, and why",
        },
    )


def _sentence(estimates: pd.DataFrame, plan: Plan) -> str:
    """Report alpha of each scale in a sentence; of many scales the lowest and the highest."""
    known = estimates[estimates["alpha"].notna()].sort_values("alpha", kind="stable")
    if known.empty:
        return "No scale has an internal consistency that is defined for these data."
    rows = "complete rows of each scale" if plan.missing == "listwise" else "all answers, pairwise"
    rows += "; BCa bootstrap intervals" if plan.ci == "bootstrap" else ""
    if len(known) > MOST_IN_SENTENCE:
        low, high = (_reported(row, plan.confidence) for row in fmt.rows(known.iloc[[0, -1]]))
        return f"Internal consistency of {len(known)} scales ({rows}) ranged from {low} to {high}."
    parts = [_reported(row, plan.confidence) for row in fmt.rows(known.sort_index())]
    return f"Internal consistency ({rows}) was {'; '.join(parts)}."


def _reported(row: Any, confidence: float) -> str:
    bounds = fmt.interval(row.alpha_ci_low, row.alpha_ci_high, bounded=True)
    alpha = f"α = {fmt.number(row.alpha, bounded=True)}, {fmt.level(confidence)} CI {bounds}"
    return f"{alpha} for {row.scale} ({row.n_items} items, n = {fmt.count(row.n_used)})"
