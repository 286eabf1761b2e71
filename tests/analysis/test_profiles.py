import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from toolkit.errors import AnalysisError, TooFewCases


def styles(rows, **keys):
    """Answer every item of a style with one number a person: passive, assertive, aggressive."""
    css = tk.instrument("css")
    frame = pd.DataFrame(
        [
            {item: score for style, score in zip(css.scales, row, strict=True) for item in css.scale_items(style)}
            for row in rows
        ],
        dtype="Int64",
    )
    return tk.Responses.from_frame(frame.assign(**keys), css, **{name: name for name in keys})


def test_high_on_two_styles_is_seen_as_such():
    found = tk.style_profile(styles([(0, 4, 4), (0, 4, 0), (4, 0, 0), (2, 2, 2)]), smallest_cell=1)
    assert found.cases["pattern"].tolist() == ["assertive + aggressive", "assertive", "passive", "none"]
    both = found.cases.iloc[0]
    assert (both["css.assertive"], both["css.aggressive"]) == (4, 4)
    assert both["css.assertive.ipsatised"] == pytest.approx(4 / 3)
    assert set(found.tables["patterns"]["pattern"]) == set(found.cases["pattern"])


def test_small_patterns_are_hidden():
    found = tk.style_profile(styles([(0, 4, 0)] * 20 + [(4, 0, 0)] * 2 + [(0, 4, 4)] * 9))
    shown = found.tables["patterns"].set_index("pattern")["n"]
    assert shown["assertive"] == 20
    assert shown["(small groups)"] == 11
    assert len(shown) == 2


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=2, max_size=12))
def test_ipsatised_scores_sum_to_zero_and_means_agree(rows):
    found = tk.style_profile(styles(rows))
    own = found.cases.filter(like="ipsatised")
    np.testing.assert_allclose(own.sum(axis=1), 0, atol=1e-12)
    raw = found.estimates.query("form == 'raw'").set_index("style")["mean"]
    np.testing.assert_allclose(raw, np.mean(rows, axis=0), atol=1e-12)
    relative = found.estimates.query("form == 'ipsatised'")["mean"]
    np.testing.assert_allclose(relative, raw - raw.mean(), atol=1e-12)


def test_standard_errors_of_independent_rows_and_of_couples():
    rows = [(i % 5, (2 * i) % 5, (3 * i + 1) % 5) for i in range(40)]
    alone = tk.style_profile(styles(rows)).estimates.iloc[0]
    assert alone["se"] == pytest.approx(np.std([row[0] for row in rows], ddof=1) / np.sqrt(40))
    doubled = [row for row in rows for _ in range(2)]
    keys = {"person": range(80), "couple": [i // 2 for i in range(80)]}
    couples = tk.style_profile(styles(doubled, **keys)).estimates.iloc[0]
    assert couples["se"] == pytest.approx(alone["se"]), "a partner with the same answers adds no information"


def test_rows_without_all_styles_are_left_out_and_counted():
    responses = styles([(0, 4, 0)] * 3)
    responses.frame.loc[0, list(tk.instrument("css").scale_items("passive"))] = pd.NA
    found = tk.style_profile(responses)
    assert found.fit[["n_used", "n_dropped"]].to_numpy().tolist() == [[2, 1]]
    assert pd.isna(found.cases["pattern"][0])


def test_what_cannot_be_a_profile():
    with pytest.raises(TooFewCases, match="two rows"):
        tk.style_profile(styles([(1, 2, 3)]))
    with pytest.raises(AnalysisError, match="at least two styles"):
        tk.style_profile(styles([(1, 2, 3)] * 3), ["css.passive"])
