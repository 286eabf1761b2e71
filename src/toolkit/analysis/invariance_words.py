"""Measurement invariance in words: which steps hold by which rule, and which comparisons the data permit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import counted
from .invariance_fits import Comparison, Rung
from .invariance_verdicts import HOLDS, MIXED, PERMITS, highest
from .model_words import method

LEVEL = 0.05
RULES = {"chen": "Chen’s (2007) marks", "cheung_rensvold": "Cheung and Rensvold’s (2002) mark"}
TESTED = "tested differences"
VARIANT = {"_robust": "robust ", "_scaled": "scaled ", "": ""}
WORDS = {"wave": "waves", "role": "partners"}
COMPARED = {"structure": "structure", "associations": "associations", "means": "factor means"}


def sentence(comparison: Comparison, rungs: list[Rung], ladder: pd.DataFrame, variant: str) -> str:
    """Report the ladder in APA style, and what the data permit to compare."""
    parts = [_head(comparison, rungs[0]) + _first(ladder.iloc[0], variant), *_reached(ladder)]
    if comparison.model.partial:
        free = ", ".join(sorted(comparison.model.partial))
        parts.append(f"Left free at all steps (partial invariance): {free}")
    parts.append(_permitted(ladder))
    because = comparison.choice.reason
    return ". ".join([*parts, *([f"Estimator: {because}"] if because else [])]) + "."


def _head(comparison: Comparison, first: Rung) -> str:
    over = f"groups of {comparison.data.group}" if comparison.over == "group" else WORDS[comparison.over]
    rows = comparison.data.rows.groups
    n = fmt.count(len(comparison.data.order))
    lost = f", {fmt.count(comparison.data.n_dropped)} dropped" if comparison.data.n_dropped else ""
    sizes = [f"{label}: {fmt.count(len(values))}" for label, values in zip(comparison.labels, rows, strict=False)]
    if comparison.over != "group":
        sizes = [f"{counted(len(comparison.labels), comparison.over)}: {', '.join(comparison.labels)}"]
    shown = f"; {', '.join(sizes)}" if len(sizes) <= 6 else f"; {len(sizes)} groups"
    return f"Measurement invariance over {over} ({method(first.found)}; n = {n}{lost}{shown}): "


def _first(row: pd.Series[Any], variant: str) -> str:
    scaled = "_scaled" if "chisq_scaled" in row.index else ""
    value, p = row[f"chisq{scaled}"], row["pvalue_scaled" if scaled else "p"]
    test = f"{'scaled ' if scaled else ''}χ²({fmt.count(int(row['df']))}) = {fmt.number(value)}"
    test += "" if np.isnan(p) else f", p {fmt.p_value(p)}"
    cfi, rmsea, srmr = (fmt.number(row[name], 3, bounded=True) for name in ("cfi", "rmsea", "srmr"))
    name = VARIANT[variant]
    return f"the configural model has {test}, {name}CFI = {cfi}, {name}RMSEA = {rmsea}, SRMR = {srmr}"


def _reached(ladder: pd.DataFrame) -> list[str]:
    """Say up to which step each rule goes along."""
    told = [f"By {words} {_verdicts(ladder, ladder[rule].tolist())}" for rule, words in RULES.items()]
    return [*told, f"By {TESTED} (p < .05) {_verdicts(ladder, tested(ladder))}"]


def tested(ladder: pd.DataFrame) -> list[str]:
    """Judge each step by the test of the difference; a step that is no restriction holds."""
    verdicts = [""]
    for df, p in zip(ladder["df_diff"].iloc[1:], ladder["p_diff"].iloc[1:], strict=True):
        verdicts.append(HOLDS if df == 0 or p >= LEVEL else "undefined" if np.isnan(p) else "fails")
    return verdicts


def _verdicts(ladder: pd.DataFrame, verdicts: list[str]) -> str:
    steps = ladder["step"].tolist()
    last = highest(steps, verdicts)
    place = steps.index(last)
    if place == len(steps) - 1:
        return f"all steps hold, up to {last} invariance"
    broken = {MIXED: "is not clear", "undefined": "cannot be tested"}.get(verdicts[place + 1], "does not hold")
    kept = f"{last} invariance holds" if place else "no step beyond configural holds"
    return f"{kept}: {steps[place + 1]} invariance {broken}" if not place else f"{kept}, {steps[place + 1]} {broken}"


def _permitted(ladder: pd.DataFrame) -> str:
    """Say which comparisons Chen's marks permit."""
    last = highest(ladder["step"].tolist(), ladder["chen"].tolist())
    order = list(COMPARED)
    reached = PERMITS[last] if PERMITS[last] in COMPARED else "means"
    kept = [COMPARED[name] for name in order[: order.index(reached) + 1]]
    denied = [COMPARED[name] for name in order[order.index(reached) + 1 :]]
    shown = f"{', '.join(kept[:-1])} and {kept[-1]}" if len(kept) > 1 else kept[0]
    text = f"As far as the configural model fits, Chen’s marks permit comparisons of {shown}"
    if denied:
        return f"{text}, not of {' or '.join(denied)}"
    return f"{text}, and of observed scores" if last == "strict" else text
