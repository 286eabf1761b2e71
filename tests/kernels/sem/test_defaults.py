"""Parameter tables: the rows, values, equalities and variables that lavaan makes from the same texts."""

import math

import pytest

from tests.conftest import oracle
from toolkit.errors import ArgumentError, ModelError, ModelWarning
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.syntax import parse

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


def faults(text, **options):
    with pytest.raises(ModelError) as problem:
        parameter_table(text, TableOptions(**options))
    return [str(fault) for fault in problem.value.faults]


TWO = {"groups": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "f =~ x + c(1, 2)*y",
            {},
            "line 1, column 18: 'f=~y' has a list of 2 modifiers for 1 group; give one for each",
        ),
        ("f =~ x + c(a, b, d)*y", TWO, "'f=~y' has a list of 3 modifiers for 2 groups; give one for each"),
        ("f =~ start(.5)*x + y", {}, "'f=~x' is fixed at 1 and cannot have a start value; fix it with a number alone"),
        ("f =~ x; f ~~ start(2)*f", {"std_lv": True}, "'f~~f' is fixed at 1 and cannot have a start value"),
        ('f =~ x + equal("f=~z")*y', {}, "'f=~y' shall equal 'f=~z', which the text does not name"),
        ("f =~ u + v\nu | t1", {}, "line 2, column 5: 'u' is not ordinal and has no |; name it in ordered="),
        ("f =~ u + v\nu ~*~ u", {}, "'u' is not ordinal and has no ~*~; name it in ordered="),
        ("f =~ u + v\nu | t4", {"ordinal": {"u": 4}}, "'u|t4' does not exist: 'u' has 4 categories, so 3 thresholds"),
        (
            "f =~ u + v",
            {"ordinal": {"f": 4}},
            "the factor 'f' is named in ordered=; only observed variables are ordinal",
        ),
        ("y ~ u", {"ordinal": {"u": 4}}, "'u' only predicts and is named in ordered=; predictors are taken as numbers"),
        ("y ~ a*x\na := 2*a", {}, "line 2, column 1: 'a' is a label as well; give the defined parameter another name"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_its_place(text, options, message):
    (found,) = faults(text, **options)
    assert message in found


def test_all_faults_are_told_at_once():
    assert len(faults("f =~ start(.5)*x + c(1, 2)*y\nu | t1", groups=("a",))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group_equal": ("loading",), **TWO}, "no kind of parameter 'loading'. Did you mean 'loadings'?"),
        ({"group_equal": ("loadings",)}, "group_equal is 'loadings', but there is one group; give group=."),
        ({"parameterization": "thetta"}, "parameterization is 'thetta', but must be one of 'delta', 'theta'."),
    ],
)
def test_options_that_do_not_exist_are_refused(options, message):
    with pytest.raises(ArgumentError) as problem:
        TableOptions(**options)
    assert message in str(problem.value)


def test_a_parameter_of_group_partial_that_the_model_has_not_is_refused():
    with pytest.raises(ArgumentError, match=r"group_partial: there is no parameter 'f=~xx'. Did you mean 'f=~x'?"):
        parameter_table("f =~ x + y", TableOptions(group_equal=("loadings",), group_partial=("f =~ xx",), **TWO))


@pytest.mark.filterwarnings("default")
def test_one_label_for_several_groups_is_warned_of():
    with pytest.warns(ModelWarning, match="One label makes a parameter equal in all groups: 'f=~y'"):
        parameter_table("f =~ x + a*y", TableOptions(**TWO))


@pytest.mark.filterwarnings("default")
def test_predictors_that_a_text_makes_random_are_warned_of():
    with pytest.warns(
        ModelWarning, match="names a variance, covariance or mean of 'a', which then do not covary with 'b'"
    ):
        parameter_table("y ~ a + b\na ~~ a")


def test_a_parsed_text_gives_the_same_table():
    text = "f =~ x + y + z\ny ~~ z"
    assert parameter_table(parse(text)) == parameter_table(text)
