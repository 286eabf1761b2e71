"""Parameter tables: the rows, values, equalities and variables that lavaan makes from the same texts."""

import math

import pytest

from tests.conftest import oracle
from toolkit.kernels.sem.defaults import TableOptions, parameter_table

TABLES = oracle("lavaan_tables")
CATEGORIES = 5
pytestmark = pytest.mark.filterwarnings("ignore::toolkit.errors.ModelWarning")


def options_of(case):
    """Write lavaan's arguments as options of a table."""
    given = {name.replace(".", "_"): value for name, value in dict(case["options"]).items()}
    for name in ("group_equal", "group_partial"):
        if name in given:
            given[name] = (given[name],) if isinstance(given[name], str) else tuple(given[name])
    ordinal = dict.fromkeys(case["ordered"], CATEGORIES)
    return TableOptions(groups=tuple(case["groups"]) or ("",), ordinal=ordinal, **given)


def classes(names):
    """Number equal entries by the first of them; what has no name is equal to itself alone."""
    return [names.index(name) if name else index for index, name in enumerate(names)]


def given(label):
    """Drop labels that the text does not give: `.p2.`, and lavaan's `f=~x2` of equal()."""
    return "" if label.startswith(".p") or "=~" in label else label


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_lavaans(name):
    case = TABLES[name]
    table = parameter_table(case["text"], options_of(case))
    rows, found = case["rows"], table.parameters
    assert [(one.lhs, one.op, one.rhs) for one in found] == list(zip(rows["lhs"], rows["op"], rows["rhs"], strict=True))
    assert [one.group + 1 for one in found] == rows["group"]
    assert [int(one.fixed is None) for one in found] == rows["free"]
    assert [int(one.fixed is not None and math.isnan(one.fixed)) for one in found] == rows["exogenous"]
    values = [one.start if one.fixed is None else None if math.isnan(one.fixed) else one.fixed for one in found]
    assert values == rows["value"]
    labels = [one.label if one.fixed is None else "" for one in found]
    assert classes(labels) == [place - 1 for place in rows["same"]]
    assert [given(one.label) for one in found] == [given(label) for label in rows["label"]]
    assert table.observed == tuple(case["observed"])
    assert table.latent == tuple(case["latent"])
    for kind in ("definitions", "constraints"):
        texts = list(zip(case[kind]["left"], case[kind]["expression"], strict=True))
        assert [(one.left, one.expression) for one in getattr(table, kind)] == texts
