"""Small instruments, files and checks that several tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, settings

import toolkit as tk
from toolkit.errors import ToolkitError

SCALE = """\
id: my
title: My scale
status: validated
licence: CC0-1.0
source: {citation: Me}
response:
  agree: {min: 1, max: 6, labels: {en: [Never, Rarely, Sometimes, Often, Very often, Always]}}
items:
  - {id: a1, response: agree, text: One}
  - {id: a2, response: agree, reverse: true, text: Two}
  - {id: a3, response: agree, text: Three}
scales:
  main: {title: Main, items: [a1, a2, a3]}
"""
STUDY = """\
study: small
title: A small study
keys: {person: id}
data: [{file: answers.csv}]
instruments: [./my.yaml]
covariates: [{name: age, min: 10, max: 100}]
reports: [{notebook: scales}]
"""
ANSWERS = "id,a1,a2,a3,age\np1,1,2,3,30\np2,6,,4,41\np3,2,2,5,19\n"

some_examples = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def in_words(call: Callable[[], Any]) -> Any:
    """Call, and let pass only errors of the toolkit, each in one paragraph."""
    try:
        return call()
    except ToolkitError as problem:
        message = str(problem)
    assert message
    assert "\n" not in message
    return None


def my_scale(**options) -> tk.Instrument:
    """Make an instrument of three items from 1 to 6, the second one reversed."""
    return tk.instrument_from_keys({"main": ["a1", "-a2", "a3"]}, **{"min": 1, "max": 6, "id": "my", **options})


def write_study(folder: Path, study: str = STUDY, scale: str = SCALE, **files: str | bytes) -> Path:
    """Write a study with its instrument and data; other files as `name_csv="text"`."""
    contents = {"answers_csv": ANSWERS, "my_yaml": scale, "study_yaml": study, **files}
    for name, content in contents.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "study.yaml"


def assert_same(left: tk.Responses, right: tk.Responses) -> None:
    """Compare answers and reasons; the log may tell of different files."""
    pd.testing.assert_frame_equal(left.frame, right.frame)
    assert cells(left) == cells(right)


def cells(responses: tk.Responses) -> set[tuple]:
    """Reasons as a set of (row, column, reason)."""
    return {tuple(line) for line in responses.reasons.astype(object).itertuples(index=False)}


def assert_each_empty_cell_has_one_reason(responses: tk.Responses) -> None:
    """Check that reasons and empty cells of all columns but the keys are the same cells."""
    named = [(row, column) for row, column, _ in responses.reasons.astype(object).itertuples(index=False)]
    columns = [*responses.items, *responses.covariates]
    empty = [(row, name) for name in columns for row in responses.frame.index[responses.frame[name].isna()]]
    assert len(named) == len(set(named))
    assert set(named) == set(empty)
