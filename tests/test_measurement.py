"""Instruments' own measurement models: their factors, what they leave out, names, and that every one can be read."""

import pytest

import toolkit as tk
from tests.builders import in_words
from toolkit.errors import ArgumentError, InstrumentError
from toolkit.instrument_model import Instrument
from toolkit.kernels.sem.defaults import TableOptions, parameter_table

KINDS = ("correlated", "one_factor", "second_order", "bifactor")
CATALOGUE = list(tk.instruments()["id"])
FORM = {"id": "my", "title": "Mine", "status": "validated", "licence": "CC0-1.0", "source": {"citation": "Me"}}


def instrument(scales, reverse=()):
    """Build an instrument of scales, each a list of items, or a mapping as in an instrument's file."""
    given = {name: one if isinstance(one, dict) else {"items": one} for name, one in scales.items()}
    names = dict.fromkeys(item for one in given.values() for item in one.get("items", ()))
    items = [{"id": name, "response": "r", "text": name, "reverse": name in reverse} for name in names]
    labels = {"en": ["0", "1", "2", "3"]}
    return Instrument.from_mapping(
        {**FORM, "response": {"r": {"min": 0, "max": 3, "labels": labels}}, "items": items, "scales": given}
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_model_of_the_catalogue_makes_a_table_of_the_scored_items(name, kind):
    one = tk.instrument(name)
    text = in_words(lambda: one.model(kind))
    if text is None:
        return
    scored = {item for scale in one.scales.values() if scale.kind != "composite" for item in scale.items}
    for std_lv in (False, True):
        assert set(parameter_table(text, TableOptions(std_lv=std_lv)).observed) == scored


def test_withholding_has_three_factors_and_one_behind_them():
    factors = parameter_table(tk.instrument("rws").model("second_order"))
    assert factors.latent == ("avoidance", "emotional_withdrawal", "nontransparency", "total")
    assert [one.rhs for one in factors.parameters if one.lhs == "total" and one.op == "=~"] == list(factors.latent[:3])


def test_assertiveness_has_five_factors_behind_25_items():
    table = parameter_table(tk.instrument("has").model())
    assert (len(table.observed), len(table.latent)) == (25, 5)
    assert parameter_table(tk.instrument("has").model("one_factor")).latent == ("total",)


def test_composites_are_no_factors():
    assert "benefit" not in tk.instrument("rel").model()
    with pytest.raises(InstrumentError, match="composites are no factors"):
        tk.instrument("rel").model("second_order")


def test_the_factors_of_a_bifactor_model_do_not_covary():
    table = parameter_table(tk.instrument("rws").model("bifactor"), TableOptions(std_lv=True))
    fixed = [one.fixed for one in table.parameters if one.op == "~~" and one.lhs != one.rhs]
    assert fixed == [0.0] * 6


def test_two_items_of_a_group_factor_have_loadings_of_equal_size():
    text = instrument({"a": ["x", "y", "z"], "b": ["u", "v"]}, reverse=["v"]).model("bifactor")
    assert "b =~ b_1*u + b_2*v\nb_2 == -b_1" in text
    assert text.startswith("general =~ x + y + z + u + v\n")


def test_an_item_that_is_not_reversed_gives_the_factor_its_direction():
    scales = {"a": ["x", "y", "z"], "b": ["u", "v", "w"], "c": ["s", "t"]}
    one = instrument(scales, reverse=["x", "y", "u", "v", "w", "s"])
    lines = ["a =~ z + x + y", "b =~ u + v + w", "c =~ t + s"]
    assert one.model().splitlines() == lines
    assert list(one.factor_models().values()) == lines[:2]
    assert one.model("one_factor") == "general =~ z + x + y + u + v + w + s + t"
    assert "c =~ c_1*t + c_2*s\nc_2 == -c_1" in one.model("bifactor")


def test_the_item_of_a_single_item_scale_enters_as_observed():
    assert tk.instrument("day").model().splitlines()[-1] == "day10 ~~ assertiveness + withholding + closeness"
    pooled = {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1"], "d": ["d1"], "all": {"scales": ["a", "b", "c"]}}
    lines = instrument(pooled).model("second_order").splitlines()
    assert lines[2:] == ["all =~ a + b + c1", "d1 ~~ all"]


def test_a_pool_of_two_scales_gives_no_factor_and_its_scales_take_its_place():
    scales = {name: [f"{name}1", f"{name}2"] for name in "abcd"}
    pools = {"two": {"scales": ["a", "b"]}, "all": {"scales": ["two", "c", "d"]}}
    assert instrument(scales | pools).model("second_order").splitlines()[-1] == "all =~ a + b + c + d"


def test_names_that_are_no_words_stand_in_backticks_and_factors_differ_from_items():
    text = instrument({"main": ["main", "item 1", "2nd"]}).model()
    assert text == "main_factor =~ main + `item 1` + `2nd`"
    assert parameter_table(text).observed == ("main", "item 1", "2nd")


@pytest.mark.parametrize("name", ["NA", "a`b"])
def test_a_name_that_cannot_stand_in_a_model_is_refused(name):
    with pytest.raises(InstrumentError, match="cannot stand in a model; rename it"):
        instrument({"main": ["x", name]}).model()


def test_an_instrument_without_scales_and_an_unknown_kind_are_refused():
    with pytest.raises(InstrumentError, match="ras has no scale with items"):
        tk.instrument("ras").model()
    with pytest.raises(ArgumentError, match=r"kind is 'bifaktor'.*Did you mean 'bifactor'\?"):
        tk.instrument("rws").model("bifaktor")
    with pytest.raises(InstrumentError, match="a bifactor model needs two"):
        tk.instrument("scs").model("bifactor")
