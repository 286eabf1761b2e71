"""Partners and occasions side by side: there and back without loss, nothing dropped, everything said."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import my_scale, some_examples
from toolkit.errors import AnalysisError, ArgumentError
from toolkit.pairing import from_wide, pairwise, wide

KEYS = {"person": "id", "couple": "pair", "role": "who", "wave": "time"}
few_examples = settings(some_examples, max_examples=20)
OVERS = ["role", "wave", ("role", "wave"), ("wave", "role")]


def read(frame, **keys):
    present = {name: column for name, column in {**KEYS, **keys}.items() if column in frame}
    return tk.Responses.from_frame(frame, **present)


@st.composite
def couples(draw):
    """Make couples of one or two people with some waves each, in any order of rows; at least one of each role."""
    n = draw(st.integers(1, 5))
    rows = []
    for pair in range(n):
        roles = "ab" if pair == 0 else draw(st.sampled_from(["a", "b", "ab"]))
        for role in roles:
            for time in draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)):
                rows.append({"id": f"p{pair}{role}", "pair": pair, "who": role, "time": time})
    frame = pd.DataFrame(draw(st.permutations(rows)))
    numbers = st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows))
    words = st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=len(rows), max_size=len(rows))
    holes = st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=len(rows), max_size=len(rows))
    return frame.assign(x=draw(numbers), y=pd.array(draw(holes), dtype="Int64"), z=pd.Series(draw(words), dtype=object))


def in_order(frame):
    """Sort, and write all empty words in one way."""
    frame = frame.assign(z=frame["z"].astype(object).where(frame["z"].notna(), None))
    return frame.sort_values(["person", "wave"]).reset_index(drop=True)[sorted(frame.columns)]


@few_examples
@given(couples(), st.sampled_from(OVERS), st.booleans())
def test_side_by_side_and_back(frame, over, roles):
    responses = read(frame if roles else frame.drop(columns="who"))
    back = wide(responses, over=over).persons()
    if not roles:
        back = back.drop(columns="role", errors="ignore")
    pd.testing.assert_frame_equal(in_order(back), in_order(responses.frame))


@few_examples
@given(couples(), st.booleans())
def test_pairwise_and_back(frame, roles):
    responses = read(frame if roles else frame.drop(columns="who"))
    found = pairwise(responses)
    back = found.persons()
    pd.testing.assert_frame_equal(back[responses.frame.columns], responses.frame)
    assert found.frame.index.equals(responses.frame.index)
    assert found.n_alone == int(found.frame["person_partner"].isna().sum())


@few_examples
@given(couples())
def test_the_partner_of_the_partner_is_oneself(frame):
    found = pairwise(read(frame)).frame
    own = found.set_index(["person", "wave"])
    for row in found.dropna(subset=["person_partner"]).itertuples():
        partner = own.loc[(row.person_partner, row.wave)]
        assert partner["person_partner"] == row.person
        assert (partner["couple"], partner["x"]) == (row.couple, row.x_partner)


@few_examples
@given(couples(), st.randoms(), st.booleans())
def test_the_order_of_rows_changes_nothing_but_order(frame, random, roles):
    frame = frame if roles else frame.drop(columns="who")
    shuffled = frame.iloc[random.sample(range(len(frame)), len(frame))]
    one, other = (
        wide(read(each)).frame.sort_values(["couple", "wave"], ignore_index=True) for each in (frame, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


@few_examples
@given(couples())
def test_nothing_is_dropped(frame):
    found = wide(read(frame), over=("role", "wave"))
    assert len(found.frame) == frame["pair"].nunique()
    assert int(found.present.to_numpy().sum()) == len(frame)
    assert found.n_complete + found.n_incomplete == len(found.frame)
    assert bool(found.n_incomplete) == ("without a row for every role and wave" in found.note)


FRAME = pd.DataFrame(
    {
        "id": ["p1", "p2", "p3", "p1", "p2"],
        "pair": ["c1", "c1", "c2", "c1", "c1"],
        "who": ["w", "h", "h", "w", "h"],
        "time": [1, 1, 1, 2, 2],
        "x": [1, 2, 3, 4, 5],
    }
)


def test_couples_with_roles_and_waves():
    found = wide(read(FRAME), "x", over=("role", "wave"))
    assert list(found.frame.columns) == ["couple", "person_h", "person_w", "x_h_w1", "x_h_w2", "x_w_w1", "x_w_w2"]
    assert found.frame.iloc[0].tolist() == ["c1", "p2", "p1", 2, 5, 1, 4]
    assert found.frame.iloc[1].isna().tolist() == [False, False, True, False, True, True, True]
    assert found.of("x") == ("x_h_w1", "x_h_w2", "x_w_w1", "x_w_w2")
    assert (found.n_complete, found.n_incomplete) == (1, 1)
    assert found.note == "1 of 2 couples without a row for every role and wave"


def test_waves_of_a_person_keep_couple_and_role():
    found = wide(read(FRAME), over="wave")
    assert list(found.frame.columns) == ["person", "couple", "role", "x_w1", "x_w2"]
    assert found.note == "1 of 3 persons without a row for every wave"


def test_named_waves_stand_as_they_appear():
    found = wide(read(FRAME.assign(time=["pre", "pre", "pre", "post", "post"])), over="wave")
    assert list(found.frame.columns[-2:]) == ["x_pre", "x_post"]


def test_without_role_partners_are_ordered_by_id():
    found = wide(read(FRAME[::-1].drop(columns="who")), over=("role", "wave"))
    assert found.frame.set_index("couple").loc["c1", ["person_1", "person_2"]].tolist() == ["p1", "p2"]
    assert (
        "the data have no role: partners are 1 and 2 in the order of their person ids, which is arbitrary" in found.note
    )
    same = wide(read(FRAME), over=("role", "wave"), distinguishable=False)
    assert same.frame.set_index("couple").loc["c1", "x_1_w1"] == 1
    assert same.note.startswith("roles are not used: ")


def test_ids_that_are_numbers_stand_by_size():
    frame = pd.DataFrame({"id": [10, 9], "pair": [1, 1], "x": [1, 2]})
    assert wide(read(frame)).frame["person_1"].tolist() == [9]


def test_one_partner_of_each_couple():
    frame = pd.DataFrame({"id": [1, 2], "pair": [1, 2], "x": [1, 2]})
    found = wide(read(frame))
    assert found.frame["x_2"].isna().all()
    assert (found.n_complete, found.n_incomplete) == (0, 2)
    assert pairwise(read(frame)).note.endswith("2 rows without the partner's")


def test_items_and_scales():
    raw = pd.DataFrame({"id": [1, 2], "pair": [1, 1], "a1": [1, 6], "a2": [1, 6], "a3": [2, None]})
    responses = tk.Responses.from_frame(raw, my_scale(), person="id", couple="pair")
    found = wide(responses, ["a1", "main"]).frame
    assert found["my.main_1"].tolist() == pytest.approx([3.0])
    assert str(found["a1_2"].dtype) == "Int8"
    assert list(pairwise(responses, "my.main").frame["my.main_partner"]) == pytest.approx([3.5, 3.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wide(read(FRAME), "y"), "variables: there is no item, scale or covariate 'y'.* Known: 'x'"),
        (lambda: wide(read(FRAME), over="couple"), "over is 'couple', but must be one of"),
        (lambda: wide(read(FRAME), over=()), "over names nothing"),
        (lambda: wide(read(FRAME), over="day"), "over='day': the data have no day column"),
        (lambda: wide(read(FRAME[["id", "time", "x"]])), "the data have no couple column"),
        (lambda: wide(read(FRAME[["id", "pair", "time"]])), "there are no variables"),
        (lambda: wide(read(FRAME.assign(x_h=1))).of("y"), "there is no variable 'y'"),
        (lambda: wide(read(FRAME.replace("w", "h_h").assign(x_h=1))), "'x_h_h' would stand twice"),
        (lambda: pairwise(read(FRAME.assign(x_partner=1))), "'x_partner' would stand twice"),
        (lambda: from_wide(pd.DataFrame({"x_h": [1]}), ("h", "w")), "there is no column 'x_w'"),
        (lambda: from_wide(pd.DataFrame({"x": [1]}), ("h", "w")), "no column ends in '_h', '_w'"),
        (lambda: from_wide(pd.DataFrame({"x_h": [1]}), ("h", "h")), "two different endings"),
        (lambda: from_wide(pd.DataFrame({"x_h": [1], "x_w": [1]}), ("h", "w"), couple="c"), "there is no column 'c'"),
    ],
)
def test_errors_in_words(call, words):
    with pytest.raises(ArgumentError, match=words):
        call()


@pytest.mark.parametrize("roles", [["a", "b", "c"], ["a", "a", "a"]])
def test_roles_that_do_not_tell_partners_apart(roles):
    frame = pd.DataFrame({"id": [1, 2, 3], "pair": [1, 2, 3], "who": roles, "x": [1, 2, 3]})
    with pytest.raises(AnalysisError, match="give it two values, or set distinguishable=False"):
        wide(read(frame))
    assert wide(read(frame), distinguishable=False).n_incomplete == 3


@pytest.mark.parametrize("separator", ["_", "."])
def test_a_wide_file_becomes_persons_and_wide_again(separator):
    columns = {f"{name}{separator}{role}": [1.0, 2.0, None] for name in ("x", "y") for role in "hw"}
    frame = pd.DataFrame({"code": ["c", "a", "b"], "years": [1, 2, 3], **columns})
    persons = from_wide(frame, "hw", couple="code", separator=separator)
    assert persons.loc[0].tolist() == [f"c{separator}h", "c", "h", 1, 1.0, 1.0]
    responses = tk.Responses.from_frame(persons, person="person", couple="couple", role="role")
    found = wide(responses, ["x", "y"]).frame.drop(columns=["person_h", "person_w", "couple"])
    wanted = frame[list(columns)].rename(columns=lambda name: name.replace(separator, "_"))
    pd.testing.assert_frame_equal(found, wanted)
