"""The model language: what is read, each kind of fault with its place and remedy, and that no text makes a mess."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import in_words
from toolkit.errors import ArgumentError, ModelError
from toolkit.kernels.sem.constraints import constraints_of
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.modifiers import Modifiers
from toolkit.kernels.sem.syntax import parse

PIECES = (
    *("f", "x1", "`a b`", "NA", "c", "start", "equal", "label", "t1", "1", "0.5", "-1e-3", "1e999", '"a"', "'f=~x1'"),
    *("=~", "~~", "~", "|", "~*~", ":=", "==", "<", ">", "<~", "=", ":", "%", "?", "+", "-", "*", "/", "^", "(", ")"),
    *(",", ";", "\n", "\r\n", "#", "!", " ", "\t", "`", '"', "'", "$", "é", "²", "\u2028", "\x00", "sqrt", ".p1.", "."),
)
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
formulas = st.lists(
    st.tuples(st.sampled_from(["f", "g", "x1"]), st.sampled_from(["=~", "~~", "~", ":=", "=="]), texts).map(" ".join)
).map("\n".join)
many_examples = settings(max_examples=300, deadline=None, derandomize=True)


def names(text):
    return [one.name for one in parse(text).terms]


def only(text):
    """Parse a text of one term and return its modifiers."""
    (term,) = parse(text).terms
    return term.modifiers


def faults(text):
    with pytest.raises(ModelError) as problem:
        parse(text)
    return [str(fault) for fault in problem.value.faults]


def test_formulas_go_on_over_lines_after_an_operator_and_at_a_plus():
    text = "f =~ x1 + # first\n\n x2 ! second\n  + x3; g =~\n x4\r\ny ~ f"
    assert names(text) == ["f=~x1", "f=~x2", "f=~x3", "g=~x4", "y~f"]


def test_every_operator_is_read():
    text = "f =~ x1; x1 ~~ x2; y ~ x; y ~ 1; u | t1 + t2; u ~*~ u; ind := a*b; a == 1"
    assert names(text) == ["f=~x1", "x1~~x2", "y~x", "y~1", "u|t1", "u|t2", "u~*~u"]
    assert [(one.left, one.expression, one.place) for one in parse(text).definitions] == [
        ("ind", "a*b", "line 1, column 56")
    ]
    assert [(one.left, one.expression) for one in parse(text).constraints] == [("a", "1")]


def test_several_variables_may_stand_on_both_sides():
    assert names("x + y ~ a + b") == ["x~a", "x~b", "y~a", "y~b"]
    assert names("x1 + x2 ~ 1 + z") == ["x1~1", "x1~z", "x2~1", "x2~z"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f =~ 0.5*x", Modifiers(values=(0.5,))),
        ("f =~ -1.5e-1*x", Modifiers(values=(-0.15,))),
        ("f =~ +.5*x", Modifiers(values=(0.5,))),
        ("f =~ a*x", Modifiers(labels=("a",))),
        ('f =~ "a"*x', Modifiers(labels=("a",))),
        ("f =~ label('a')*x", Modifiers(labels=("a",))),
        ("f =~ c(a, b)*x", Modifiers(labels=("a", "b"))),
        ("f =~ start(.5)*x", Modifiers(starts=(0.5,))),
        ("f =~ start(c(.5, -1))*x", Modifiers(starts=(0.5, -1.0))),
        ("f =~ 0.8?x", Modifiers(starts=(0.8,))),
        ('f =~ equal("g =~ y")*x', Modifiers(equal="g=~y")),
        ("f =~ start(.5)*a*x", Modifiers(starts=(0.5,), labels=("a",))),
        ("f =~ 2*x + a*x", Modifiers(values=(2.0,), labels=("a",))),
        ("y ~ 0*1", Modifiers(values=(0.0,))),
        ("u | -1*t1", Modifiers(values=(-1.0,))),
    ],
)
def test_modifiers(text, expected):
    assert only(text) == expected


def test_na_is_free_alone_and_in_lists_for_groups():
    (free,) = only("f =~ NA*x").values
    first, second = only("y ~ c(0, NA)*1 + c(k, k)*1").values
    assert math.isnan(free)
    assert (first, math.isnan(second)) == (0.0, True)


def test_names_with_blanks_stand_in_backticks():
    assert names("`my factor` =~ `item 1` + x.2_b + é1") == ["my factor=~item 1", "my factor=~x.2_b", "my factor=~é1"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("f =~ x1 & x2", "1, column 9", "'&' is a sign of no formula; put it right, or take it out"),
        ("f x1 x2", "1, column 1", "'f x1 x2' has no operator; write a formula such as f =~ x1 + x2"),
        ("\n=~ x1", "2, column 1", "nothing stands before '=~'; write the variable that is meant"),
        ("f =~", "1, column 3", "nothing stands after '=~'; write what belongs there"),
        (
            "f =~ x1 x2",
            "1, column 9",
            "there stands 'x2' where + or the end of the formula is due; join the terms with +",
        ),
        ("f =~ x1 + + x2", "1, column 11", "there stands '+' where a name, or a number before *, is due"),
        ("f =~ x1 +", "1, column 10", "the formula ends where the name of a variable, or a modifier, is due"),
        ("f =~ start(.5*x1", "1, column 14", "there stands '*' where ',' is due: the list start(…) has commas"),
        ('f =~ "a*x1', "1, column 6", "'\"' is a quotation mark that is not closed"),
        ("f =~ 0.5*", "1, column 10", "the formula ends where the name of a variable, or a modifier, is due"),
        ("f =~ NA", "1, column 6", "there stands 'NA', a modifier without a variable; write * and a name after it"),
        ("f =~ begin(.5)*x1", "1, column 6", "'begin(' is no modifier; a number, NA, a label, start(.5)"),
        ("f =~ sart(.5)*x1", "1, column 6", "Did you mean 'start'?"),
        ("f =~ x1; a < 3", "1, column 12", "there stands '<': inequality constraints are not estimated; leave it out"),
        ("a >= 3", "1, column 3", "there stands '>=': inequality constraints are not estimated"),
        ("f <~ x1 + x2", "1, column 3", "composites (<~) are not estimated; write a factor with =~"),
        ("y ~ x:z", "1, column 6", "products of variables, and blocks such as `level: 1`"),
        (
            "level: 1",
            "1, column 6",
            "are not part of the language; make a column of the product, give groups with group=",
        ),
        ("f = x1", "1, column 3", "one = is no operator; write =~ for a factor, ~ for a regression"),
        (
            "f =~ x1 +\ng =~ x2",
            "2, column 3",
            "a second operator in one formula; begin a new line before it, and look for a +",
        ),
        ("u | x1", "1, column 5", "'x1' is no threshold; thresholds are t1, t2 and so on, as in u | t1"),
        ("u ~*~ v", "1, column 7", "a scaling factor belongs to one variable: write u ~*~ u"),
        ("f =~ 3", "1, column 6", "there stands '3' where the name of a variable is due; a number goes before it: 3*x"),
        ("f =~ f + x", "1, column 6", "'f' is measured by itself; name another variable"),
        ("y ~ y", "1, column 5", "'y' is predicted by itself; name another variable"),
        (
            "2*f =~ x",
            "1, column 1",
            "there stands '2' where the name of a variable is due (modifiers stand on the right side)",
        ),
        ("f =~ c(1, a)*x", "1, column 6", "the list c(…) mixes numbers and labels; write one list for each"),
        ("f =~ start(NA)*x", "1, column 6", "start(…) does not hold what it needs; write for example start(.5)"),
        (
            "f =~ 1*x + 2*x",
            "1, column 14",
            "'f=~x' has two different modifiers of one kind; keep one value and one label",
        ),
        ("f =~ a*b*x", "1, column 8", "there stands 'b', a second modifier of one kind"),
        ("f =~ x + x", "1, column 10", "'f=~x' stands twice in one formula; take one out"),
        ("x ~~ y\ny ~~ x", "2, column 6", "'y~~x' stands in line 1 already; keep one of them, with all modifiers"),
        ("f =~ 1e999*x", "1, column 6", "the number '1e999' is too large; write a finite number"),
        ("ind := a*b +", "1, column 13", "the formula ends where a number, a label or a parenthesis is due"),
        ("ind := (a*b", "1, column 12", "the formula ends where ')' is due: close the parenthesis"),
        ("ind := a b", "1, column 10", "there stands 'b' where + - * / or ^, or the end of the formula, is due"),
        ("ind := max(a)", "1, column 8", "there is no function 'max'; use 'sqrt', 'exp', 'log', 'abs'"),
        ("a*b := c", "1, column 1", "'a*b' stands before := where one new name is due"),
        ("i := a; i := b", "1, column 9", "'i' is defined twice; give each definition a name of its own"),
    ],
)
def test_each_kind_of_fault_has_its_place_and_remedy(text, place, message):
    (found,) = faults(text)
    assert found.startswith(f"line {place}: ")
    assert message in found


def test_all_faults_are_told_at_once():
    found = faults("f =~ x1 x2\ng =~ x3 + x4\n=~ x5\ny ~ 2\na < b")
    assert [fault.split(":")[0] for fault in found] == [
        "line 1, column 9",
        "line 3, column 1",
        "line 4, column 5",
        "line 5, column 3",
    ]


@pytest.mark.parametrize("text", ["", " \n # only a comment\n;;"])
def test_a_text_without_formulas_is_refused(text):
    assert faults(text) == ["the text holds no formula; write some such as f =~ x1 + x2, y ~ x or x1 ~~ x2"]


def test_what_is_no_text_is_refused():
    with pytest.raises(ArgumentError, match="model is 3, but must be text with formulas such as f =~ x1"):
        parse(3)


@pytest.mark.filterwarnings("ignore::toolkit.errors.ModelWarning")
@given(st.one_of(texts, formulas, st.text(max_size=60)))
@many_examples
def test_any_text_makes_a_table_with_constraints_or_an_error_in_words(text):
    table = in_words(lambda: parameter_table(text, TableOptions(std_lv=True, meanstructure=True)))
    if table is not None:
        in_words(lambda: constraints_of(table))


def test_very_long_and_very_deep_texts_do_no_harm():
    assert len(parse("f =~ " + " + ".join(f"x{index}" for index in range(3000))).terms) == 3000
    assert "stand inside one another" in faults("a := " + "(" * 3000)[0]
    assert "stand inside one another" in faults("a := " + "2^" * 3000 + "2")[0]
    long = "+".join(["b"] * 3000)
    assert constraints_of(parameter_table(f"y ~ b*x\na := {long}\nb == {long}")).basis.shape == (2, 1)
