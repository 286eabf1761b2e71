"""Coefficients of a scale that rest on its splits, on group factors or on polychoric correlations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import format as fmt
from ..errors import AnalysisError, NotConverged
from ..kernels import consistency, intervals, omega, split_half
from ..kernels.moments import pairwise_correlation
from ..kernels.ordinal_alpha import ordinal_alpha
from .coefficients import EMPTY_SPREAD, FEWEST_ROWS_OF_MODEL, delta_interval, why_no_model
from .inputs import random_stream
from .scale_answers import Found, Plan, ScaleAnswers, Undefined

HIERARCHY = ("omega_total", "omega_hierarchical")
ORDINAL = "alpha_ordinal"
MOST_OPTIONS = 12
SPLIT_SEED = 0


def split_halves(answers: ScaleAnswers, plan: Plan) -> Found:
    """Take the least, mean and greatest coefficient over the splits into halves; the greatest of all is lambda 4."""
    generator = random_stream(SPLIT_SEED if plan.seed is None else plan.seed, answers.scale)
    found = split_half.split_halves(answers.covariance(plan.missing), generator)
    points = {"split_half_min": found.low, "split_half_mean": found.mean, "split_half_max": found.high}
    if found.exhaustive:
        return Found(points={**points, "lambda4": found.high})
    splits = f"split halves are {fmt.count(found.n_splits)} of all, drawn at random"
    reason = f"it is the greatest of all splits, which are too many beyond {split_half.MOST_EXHAUSTIVE} items"
    return Found(points=points, undefined=[Undefined("lambda4", reason, warned=False)], notes=[splits])


def hierarchy(answers: ScaleAnswers, plan: Plan) -> Found:
    """Omega total and hierarchical by Schmid and Leiman."""
    k, fewest = len(answers.items), omega.FEWEST_ITEMS_OF_GROUPS
    if k < fewest:
        reason = f"three group factors need at least {fewest} items, but there are {k}"
        return Found(undefined=[Undefined(name, reason, warned=False) for name in HIERARCHY])
    if no_model := why_no_model(answers):
        return Found(undefined=[Undefined(name, no_model[0]) for name in HIERARCHY])
    r = pairwise_correlation(answers.x)[0]
    if not np.isfinite(r).all() or np.linalg.eigvalsh(r)[0] <= 0 or consistency.singular(r):
        reason = "the correlations of the items are singular"
        return Found(undefined=[Undefined(name, reason) for name in HIERARCHY])
    try:
        found = omega.schmid_leiman(r)
    except NotConverged as problem:
        return Found(undefined=[Undefined(name, str(problem)) for name in HIERARCHY])
    edge = "ω total and ω hierarchical are at an edge: a group factor or an item has no variance left (Heywood)"
    against = [item for item, loading in zip(answers.items, found.general, strict=True) if loading < 0]
    verb = "loads" if len(against) == 1 else "load"
    key = [f"{', '.join(against)} {verb} negatively on the general factor: check the key (items are not turned here)"]
    points = {"omega_total": found.total, "omega_hierarchical": found.hierarchical}
    return Found(points=points, notes=[*([edge] if found.improper else []), *(key if against else [])])


def ordinal(answers: ScaleAnswers, plan: Plan) -> Found:
    """Ordinal alpha, with the interval of the delta method from the rows' influences on the polychorics."""
    if answers.n_options > MOST_OPTIONS:
        reason = f"items with more than {MOST_OPTIONS} options are taken as continuous"
        return Found(undefined=[Undefined(ORDINAL, reason, warned=False)])
    if answers.rows_of_pairs().min() < FEWEST_ROWS_OF_MODEL:
        reason = f"polychoric correlations are not estimated from fewer than {FEWEST_ROWS_OF_MODEL} rows"
        return Found(undefined=[Undefined(ORDINAL, reason, warned=False)])
    try:
        found = ordinal_alpha(answers.x, plan.missing)
    except AnalysisError as problem:
        return Found(undefined=[Undefined(ORDINAL, str(problem).rstrip("."))])
    if not np.isfinite(found.estimate):
        reason = "a pair of items has no rows in common, or the responses beneath the answers cancel out in their sum"
        return Found(undefined=[Undefined(ORDINAL, reason)])
    row: dict[str, Any] = {"coefficient": ORDINAL, "estimate": found.estimate, **EMPTY_SPREAD}
    if found.boundary:
        reason = "a polychoric correlation is at −1 or 1"
        return Found([row], undefined=[Undefined(ORDINAL, reason, "interval")])
    sums = intervals.cluster_sums(found.influences, answers.clusters)
    se, (low, high) = delta_interval(ORDINAL, found.estimate, sums, len(answers.x), plan.confidence)
    return Found([{**row, "se": se, "ci_low": low, "ci_high": high}])


FURTHER: tuple[Callable[[ScaleAnswers, Plan], Found], ...] = (split_halves, hierarchy, ordinal)
