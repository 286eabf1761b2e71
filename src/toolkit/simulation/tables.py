"""The truth of a simulation as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .careless import KINDS
from .daily import Days
from .form import Form, Instrument, Question, questions
from .sheets import Occasion, Writer, key_columns
from .theory import CONSTRUCTS, facet_of, implied_correlations
from .truth import World


def truth_frames(writer: Writer, occasions: Sequence[Occasion], days: Days) -> dict[str, pd.DataFrame]:
    """Gather everything that the answers were made from.

    Returns
    -------
    dict
        `persons` (true scores of constructs and scales by wave), `items`, `options` (thresholds and expected shares),
        `paths` (all numbers of the design, by name), `correlations` (implied, first wave), `careless`, `couples`, and
        with a diary `daily` (states; `.within` without the person's own level).
    """
    form, world = writer.form, writer.world
    waves = [occasion for occasion in occasions if occasion.day is None]
    daily = [occasion for occasion in occasions if occasion.day is not None]
    asked = questions((*form.instruments, *form.daily))
    frames = {
        "persons": _persons(form, world, waves),
        "items": _items(writer, asked),
        "options": _options(writer, asked),
        "paths": paths(form),
        "correlations": _correlations(world),
        "careless": _careless(writer),
        "couples": _couples(world, bool(form.design.practice_group)),
    }
    return {**frames, "daily": _daily(form, world, daily, days)} if daily else frames


def _scales(instruments: Sequence[Instrument]) -> list[str]:
    """List the scales that have items of their own, in the order of their instruments."""
    shown = {question.scale for question in questions(instruments)}
    names = [f"{one.id}.{scale}" for one in instruments for scale in one.scales]
    return [name for name in names if name in shown]


def _persons(form: Form, world: World, waves: Sequence[Occasion]) -> pd.DataFrame:
    columns = _keys(form, world, waves)
    scales = _scales(form.instruments)
    shown = {facet_of(scale, 0).construct for scale in _scales((*form.instruments, *form.daily))}
    theory = CONSTRUCTS[:-1] if shown - {"general"} else ()
    for name in (*theory, *(("general",) if "general" in shown else ())):
        columns[name] = np.concatenate([world.construct(name, one.wave).ravel() for one in waves])
    for scale in scales:
        columns[scale] = np.concatenate([one.scores(scale).ravel() for one in waves])
    return pd.DataFrame(columns, copy=False)


def _daily(form: Form, world: World, daily: Sequence[Occasion], days: Days) -> pd.DataFrame:
    columns = _keys(form, world, daily)
    for scale in _scales(form.daily):
        columns[scale] = np.concatenate([one.scores(scale).ravel() for one in daily])
        within = [days.within(scale, one.day).ravel() for one in daily if one.day is not None]
        columns[f"{scale}.within"] = np.concatenate(within)
    return pd.DataFrame(columns, copy=False)


def _keys(form: Form, world: World, occasions: Sequence[Occasion]) -> dict[str, Any]:
    columns = key_columns(form, world.couples, occasions)
    return {name: values for name, values in columns.items() if name not in ("gender", "age", "group")}


def _items(writer: Writer, asked: Sequence[Question]) -> pd.DataFrame:
    models = [writer.models[one.id] for one in asked]
    return pd.DataFrame(
        {
            "item": [one.id for one in asked],
            "scale": [one.scale or "" for one in asked],
            "reverse": [one.reverse for one in asked],
            "loading": [model.loading for model in models],
            "discrimination": [model.discrimination for model in models],
        }
    )


def _options(writer: Writer, asked: Sequence[Question]) -> pd.DataFrame:
    rows = []
    for one in asked:
        model = writer.models[one.id]
        cuts = (None, *model.thresholds)
        rows += [
            (one.id, one.low + place, cut, share)
            for place, (cut, share) in enumerate(zip(cuts, model.shares, strict=True))
        ]
    return pd.DataFrame(rows, columns=["item", "option", "threshold", "share"]).astype({"threshold": float})


def paths(form: Form) -> pd.DataFrame:
    """List the numbers of the design by name, nested ones with a point between."""
    data = form.design.model_dump(exclude={"title", "instruments", "seed", "n_couples", "n_waves", "n_days"})
    return pd.DataFrame(list(_numbers(data)), columns=["name", "value"])


def _numbers(data: Mapping[str, Any], above: str = "") -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in data.items():
        full = name if above in ("", "paths.") else f"{above}{name}"
        if isinstance(value, Mapping):
            found += _numbers(value, f"{full}.")
        elif isinstance(value, int | float):
            found.append((full, float(value)))
    return found


def _correlations(world: World) -> pd.DataFrame:
    found = implied_correlations(world.paths, world.design.couple_correlation.model_dump())
    return pd.DataFrame(found, columns=["one", "two", "within_person", "between_partners"])


def _careless(writer: Writer) -> pd.DataFrame:
    kind = writer.respondents.kind
    persons = np.arange(1, len(kind) + 1)
    return pd.DataFrame({"person": persons, "kind": pd.Categorical.from_codes(kind, categories=pd.Index(KINDS))})


def _couples(world: World, grouped: bool) -> pd.DataFrame:
    couples = world.couples
    columns: dict[str, Any] = {
        "couple": np.arange(1, couples.n + 1),
        "mixed_gender": couples.mixed,
        **({"practice_group": couples.practising} if grouped else {}),
    }
    return pd.DataFrame(columns)
