from __future__ import annotations

import io
import re
import shutil
from datetime import UTC, datetime

import pytest
from rich.console import Console

from tests.served import DEMO
from toolkit.errors import StoreError
from toolkit.questionnaire.fieldwork import collecting, invite
from toolkit.questionnaire.watching import tables, watch
from toolkit.store.records import Counts, OccasionCount

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def shown(content):
    console = Console(file=io.StringIO(), width=100)
    console.print(content)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_people_couples_and_occasions_are_counted():
    study, _ = collecting(DEMO)
    diary = [OccasionCount("1", str(day), 9, 8 - day, 0, 3) for day in (1, 2)]
    lines = shown(
        tables(study, Counts(20, 16, 15, 12, 1, 10, 8, 5, 2, (OccasionCount("1", None, 15, 12, 1, 5), *diary)))
    )
    text = "\n".join(lines)
    for line in (
        "invited 20",
        "consented 16",
        "opened the questionnaire 15",
        "finished at least once 12",
        "withdrawn 1",
    ):
        assert line in lines
    for line in ("couples 10", "couples, both joined 8", "couples, both finished 5", "inputs refused 2"):
        assert line in lines
    assert "│ 1 │ – │ at consent │ 15 │ 12 │ 75% │ 1 │ 5 │" in text
    assert "│ 1 │ 2 │ no longer planned │ 9 │ 6 │ 38% │ 0 │ 3 │" in text
    assert "│ 2 │ – │ day 14 │ 0 │ 0 │ – │ 0 │ 0 │" in text


def test_an_occasion_with_a_date_says_when_it_opens(tmp_path):
    text = (DEMO / "study.yaml").read_text(encoding="utf-8")
    dated = re.sub(r"opens: 14, closes: \d+", "opens: 2027-03-01", text)
    assert dated != text
    (tmp_path / "study.yaml").write_text(dated, encoding="utf-8")
    study, _ = collecting(tmp_path)
    lines = "\n".join(shown(tables(study, Counts(2, 0, 0, 0, 0, 1, 0, 0, 0, ()))))
    assert "│ 2 │ 2027-03-01 │ 0 │ 0 │ – │ 0 │ 0 │" in lines


def test_the_table_is_shown_once_where_nobody_watches(tmp_path):
    study = shutil.copy(DEMO / "study.yaml", tmp_path / "study.yaml")
    with pytest.raises(StoreError):
        watch(study, once=True)
    invite(study, 2, tmp_path / "invitations.csv", now=lambda: NOW)
    console = Console(file=io.StringIO(), width=100)
    watch(study, console=console)
    assert "invited" in console.file.getvalue()
    assert "P001" not in console.file.getvalue()
