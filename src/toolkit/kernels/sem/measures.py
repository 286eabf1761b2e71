"""All fit measures of a fitted model, under lavaan's names with `_` for `.`."""

from __future__ import annotations

from typing import Literal

from . import goodness, indices, ordinal_measures
from .chisquare import ChiSquare
from .completed import completed_test
from .estimator import Estimator
from .fiml import FullInformation
from .ordinal import OrdinalLeastSquares
from .residuals import root_mean_squares
from .solution import Solution

Pair = tuple[ChiSquare, ChiSquare]


def fit_measures(fitted: Solution) -> dict[str, float]:
    """Gather tests, incremental indices, RMSEA, log-likelihood and residual summaries."""
    values = {"npar": float(fitted.npar), "fmin": _minimum(fitted), "ntotal": float(fitted.n)}
    pair = robust_tests(fitted)
    values |= _tests(fitted) | _incremental(fitted, pair) | _rmsea(fitted, pair) | _likelihood(fitted)
    return values | _others(fitted)


def _minimum(fitted: Solution) -> float:
    """Take the discrepancy; for least squares, whose weights are n − 1, chi-square over 2 N, as lavaan."""
    if fitted.saturated.log_likelihood is None:
        return fitted.chisq.statistic / (2 * fitted.n)
    return float(fitted.minimum.value)


def _tests(fitted: Solution) -> dict[str, float]:
    defined = fitted.options.estimator not in ("ULS", "ULSMV")
    values: dict[str, float] = {}
    for prefix, one in (("", fitted), ("baseline_", fitted.baseline)):
        plain = one.chisq
        values |= {f"{prefix}chisq": plain.statistic, f"{prefix}df": plain.df}
        values[f"{prefix}pvalue"] = plain.pvalue if defined else float("nan")
        if one.scaled is not None:
            values |= {
                f"{prefix}chisq_scaled": one.scaled.statistic,
                f"{prefix}df_scaled": one.scaled.df,
                f"{prefix}pvalue_scaled": one.scaled.pvalue,
                f"{prefix}chisq_scaling_factor": one.scaled.factor,
            }
            if one.scaled.shift:
                values[f"{prefix}chisq_shift_parameters"] = one.scaled.shift
    return values


def _incremental(fitted: Solution, pair: Pair | None) -> dict[str, float]:
    base = fitted.baseline
    values = indices.incremental(fitted.chisq, base.chisq)
    if fitted.scaled is not None and base.scaled is not None:
        values |= _named(indices.incremental(fitted.scaled, base.scaled), "scaled")
    return values | (_named(indices.robust_incremental(*pair), "robust") if pair else {})


def _rmsea(fitted: Solution, pair: Pair | None) -> dict[str, float]:
    n, groups = fitted.estimator.weight, len(fitted.model.groups)
    values = indices.rmsea(fitted.chisq, n, groups)
    values |= {"rmsea_ci_level": indices.LEVEL, "rmsea_close_h0": indices.CLOSE, "rmsea_notclose_h0": indices.NOT_CLOSE}
    if fitted.scaled is not None:
        values |= _named(indices.rmsea(_of_scaled(fitted.scaled), n, groups), "scaled")
    if pair:
        values |= _named(indices.robust_rmsea(pair[0], n, groups), "robust")
    return values


def _of_scaled(test: ChiSquare) -> ChiSquare:
    """Take the statistic of the scaled RMSEA: the plain one with df tr(UΓ), or a shifted one as it is."""
    if test.shift or test.trace is None or test.df <= 0:
        return test
    return ChiSquare(test.plain, test.trace)


def robust_tests(fitted: Solution) -> Pair | None:
    """Choose the tests of model and baseline whose plain statistics and inflation make CFI, TLI and RMSEA robust."""
    if isinstance(fitted.estimator, FullInformation):
        return _completed(fitted, fitted.estimator), _completed(fitted.baseline, fitted.baseline.estimator)
    if isinstance(fitted.estimator, OrdinalLeastSquares) and fitted.robust:
        return ordinal_measures.robust_tests(fitted.estimator, fitted.x, fitted.basis, fitted.df)
    if fitted.scaled is None or fitted.baseline.scaled is None:
        return None
    return fitted.scaled, fitted.baseline.scaled


def _completed(fitted: Solution, estimator: Estimator) -> ChiSquare:
    """Test the model as it would be without missing answers."""
    if not isinstance(estimator, FullInformation):
        return fitted.chisq
    kind: Literal["expected", "observed"] = "expected" if fitted.information == "expected" else "observed"
    return completed_test(estimator, fitted.x, fitted.basis, fitted.robust, kind)


def _likelihood(fitted: Solution) -> dict[str, float]:
    top, value = fitted.saturated.log_likelihood, fitted.log_likelihood
    if top is None or value is None:
        return {}
    values = {"logl": value, "unrestricted_logl": top} | indices.information_criteria(value, fitted.npar, fitted.n)
    if fitted.scaled is not None and (fitted.options.test or "yuan_bentler") == "yuan_bentler":
        values["scaling_factor_h1"] = fitted.unrestricted_trace / fitted.saturated.n_parameters
        values["scaling_factor_h0"] = fitted.trace / fitted.model.n_free
    return values


def _others(fitted: Solution) -> dict[str, float]:
    others = indices.other_indices(fitted.chisq, fitted.npar, fitted.estimator.weight)
    if isinstance(fitted.estimator, OrdinalLeastSquares):
        return others | ordinal_measures.ordinal_measures(fitted.estimator, fitted.x, fitted.chisq)
    normal = fitted.saturated.log_likelihood is not None
    square = goodness.normal_square if normal else goodness.unweighted_square
    counts = fitted.saturated.n_parameters, float(fitted.df)
    values = root_mean_squares(fitted.model, fitted.estimator.samples, fitted.x)
    return others | values | goodness.goodness(fitted.model, fitted.estimator.samples, fitted.x, square, counts)


def _named(values: dict[str, float], variant: str) -> dict[str, float]:
    return {f"{name}_{variant}": value for name, value in values.items()}
