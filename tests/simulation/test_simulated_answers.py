"""Answers follow the threshold model."""

import math
from statistics import NormalDist

import numpy as np
import pytest

import toolkit as tk
from toolkit.simulation import Design, simulate

COUPLES = 100_000


@pytest.fixture(scope="module")
def made():
    return simulate(["rws", "bar"], n_couples=COUPLES, seed=3)


def test_option_shares_are_those_of_the_truth(made):
    options = made.truth["options"]
    for item, rows in options.groupby("item"):
        counts = made.frame[item].value_counts(normalize=True)
        found = counts.reindex(rows["option"]).fillna(0).to_numpy(float)
        assert found == pytest.approx(rows["share"].to_numpy(), abs=0.006)
        assert rows["share"].sum() == pytest.approx(1)


def test_thresholds_and_shares_agree(made):
    for _, rows in made.truth["options"].groupby("item"):
        below = np.cumsum(rows["share"].to_numpy())[:-1]
        cuts = rows["threshold"].to_numpy()[1:]
        assert [NormalDist().cdf(cut) for cut in cuts] == pytest.approx(below, abs=1e-12)
        assert np.all(np.diff(cuts) > 0)


def test_items_differ_and_look_like_survey_answers(made):
    items = made.truth["items"].query("item != 'bar17'")
    assert items["loading"].abs().between(0.6, 0.8).all()
    assert items["loading"].nunique() > 10
    scores = tk.score(made.responses())
    assert scores["rws.total"].mean() < 2
    rare = scores["bar.unsafety"]
    assert rare.mean() < 2.2 < scores["bar.fear_of_conflict"].mean()
    assert (rare >= 5).mean() < 0.02


def test_an_item_and_its_scale_correlate_by_the_loading(made):
    """The polyserial correlation of a two-way split: the mean true score above a threshold is λ φ(τ) / (1 − Φ(τ))."""
    truth = made.truth["persons"].set_index("person")
    options = made.truth["options"]
    normal = NormalDist()
    for row in made.truth["items"].query("scale == 'rws.avoidance'").itertuples():
        cut = options.query("item == @row.item")["threshold"].iloc[2]
        option = options.query("item == @row.item")["option"].iloc[2]
        above = (made.frame[row.item] >= option).to_numpy(bool)
        wanted = row.loading * normal.pdf(cut) / (1 - normal.cdf(cut))
        assert truth[row.scale].to_numpy(float)[above].mean() == pytest.approx(wanted, abs=0.015)


def test_reversed_answers_fall_as_the_trait_rises(made):
    truth = made.truth["persons"]
    for row in made.truth["items"].query("scale == 'rws.avoidance'").itertuples():
        found = np.corrcoef(made.frame[row.item].astype(float), truth["rws.avoidance"])[0, 1]
        assert math.copysign(1, found) == (-1 if row.reverse else 1)
        assert math.copysign(1, row.loading) == (-1 if row.reverse else 1)


def test_alpha_is_near_the_alpha_that_the_model_implies(made):
    found = tk.reliability(made.responses(), scale="rws.avoidance").estimates["alpha"].iloc[0]
    items = made.truth["items"].query("scale == 'rws.avoidance'")
    assert found == pytest.approx(implied_alpha(made, items), abs=0.003)


def implied_alpha(made, items):
    """Covariances of answers by quadrature over the true score: given it, answers are independent."""
    grid = np.linspace(-6, 6, 401)
    weights = np.exp(-(grid**2) / 2)
    weights /= weights.sum()
    means, variances = [], []
    for row in items.itertuples():
        rows = made.truth["options"].query("item == @row.item")
        cuts, codes = rows["threshold"].to_numpy()[1:], rows["option"].to_numpy(float)
        spread = math.sqrt(1 - row.loading**2)
        phi = np.vectorize(NormalDist().cdf)
        mean = codes[0] + sum(1 - phi((cut - row.loading * grid) / spread) for cut in cuts)
        share = rows["share"].to_numpy()
        means.append(-mean if row.reverse else mean)
        variances.append(share @ codes**2 - (share @ codes) ** 2)
    centred = np.array(means) - (np.array(means) @ weights)[:, None]
    covariances = (centred * weights) @ centred.T
    np.fill_diagonal(covariances, variances)
    k = len(variances)
    return k / (k - 1) * (1 - np.trace(covariances) / covariances.sum())


def test_unscored_questions_of_fact_stay_the_same():
    frame = simulate("bar", n_couples=500, n_waves=2).frame
    one, two = (frame[frame["wave"] == wave] for wave in (1, 2))
    assert (one["bar17"].to_numpy() == two["bar17"].to_numpy()).all()
    assert not (one["bar01"].to_numpy() == two["bar01"].to_numpy()).all()
    assert one["bar17"].value_counts(normalize=True).loc[1] == pytest.approx(0.15, abs=0.05)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 3), (1, 7), (0, 100), (-150, 150)])
def test_any_range(low, high):
    keys = tk.instrument_from_keys({"a": ["x1", "-x2"]}, min=low, max=high)
    made = simulate(keys, n_couples=2_000, design=Design(missing={"mcar": 0.1}))
    assert made.frame["x1"].min() >= low
    assert made.frame["x1"].max() <= high
    assert made.frame["x1"].nunique() > 0.5 * (high - low)
    assert np.corrcoef(*made.frame[["x1", "x2"]].dropna().astype(float).T.to_numpy())[0, 1] < 0
    r = made.responses()
    assert r.frame["x1"].isna().sum() == made.frame["x1"].isna().sum() > 0


def test_loadings_can_be_set():
    items = simulate("rws", n_couples=1, design=Design(loading={"mean": 0.5, "spread": 0})).truth["items"]
    assert (items["loading"].abs() == 0.5).all()
