"""Missing answers and careless respondents are as declared."""

import numpy as np
import pytest

import toolkit as tk
from toolkit.simulation import Design, simulate

RATES = {"mcar": 0.03, "mar": {"rate": 0.04, "predictor": "withholding", "slope": 0.6}}


def missing(**spec):
    return Design(missing=spec)


def test_a_design_leaves_nothing_out_unless_told():
    made = simulate("rws", n_couples=50)
    assert not made.frame.isna().any().any()
    assert made.reasons.empty
    assert (made.truth["careless"]["kind"] == "attentive").all()


def test_mcar_and_mar_rates_and_reasons():
    made = simulate("rws", n_couples=20_000, design=missing(**RATES))
    items = made.frame[[f"rws{number:02d}" for number in range(1, 19)]]
    share = items.isna().mean(axis=1).to_numpy()
    assert share.mean() == pytest.approx(0.07, abs=0.003)
    quarter = np.argsort(np.argsort(made.truth["persons"]["withholding"])) // 10_000
    rates = [share[quarter == part].mean() for part in range(4)]
    assert rates == sorted(rates)
    assert rates[3] > 1.5 * rates[0]
    counts = made.reasons["reason"].value_counts(normalize=True)
    assert [counts[name] for name in ("skipped", "refused", "dont_know")] == pytest.approx([0.7, 0.2, 0.1], abs=0.01)
    assert len(made.reasons) == items.isna().sum().sum()


def test_mar_can_depend_on_age():
    made = simulate("rws", n_couples=5_000, design=missing(mar={"rate": 0.05, "predictor": "age", "slope": 0.8}))
    share = made.frame["rws01"].isna()
    old = made.frame["age"] > 45
    assert share[old].mean() > 2 * share[~old].mean()


def test_who_drops_out_stays_away():
    made = simulate("rel", n_couples=5_000, n_waves=4, design=missing(dropout=0.15))
    gone = made.frame["rel01"].isna().to_numpy().reshape(4, -1)
    assert not gone[0].any()
    assert (gone[:-1] <= gone[1:]).all()
    assert gone[1].mean() == pytest.approx(0.15, abs=0.01)
    assert set(made.reasons["reason"]) == {"dropped_out"}
    climate = made.truth["persons"].query("wave == 1")["climate"].to_numpy()
    assert climate[gone[1]].mean() < climate[~gone[1]].mean() - 0.3
    assert made.frame.loc[made.frame["rel01"].isna(), "rel20"].isna().all()


def test_missed_days_and_not_applicable():
    made = simulate(["aps", "day"], n_couples=1_000, design=missing(missed_days=0.1, not_applicable=0.2))
    assert made.diary["day01"].isna().mean() == pytest.approx(0.1, abs=0.01)
    assert (made.diary["day01"].isna() == made.diary["day10"].isna()).all()
    assert set(made.diary_reasons["reason"]) == {"timed_out"}
    assert set(made.reasons["column"]) == {"aps07", "aps14"}
    assert made.frame["aps07"].isna().mean() == pytest.approx(0.2, abs=0.03)


def test_responses_carry_the_reasons():
    made = simulate(["rws", "bur"], n_couples=300, n_waves=2, design=missing(**RATES, dropout=0.2))
    r = made.responses()
    assert r.keys == ("person", "couple", "role", "wave")
    assert r.covariates == ("gender", "age")
    key = ["row", "column"]
    ours, theirs = (table.astype(str).sort_values(key).reset_index(drop=True) for table in (made.reasons, r.reasons))
    assert ours.equals(theirs)
    assert tk.score(r)["rws.total"].notna().sum() > 900


@pytest.fixture(scope="module")
def careless():
    design = Design(careless={"straight_lining": 0.1, "random": 0.1, "drifting": 0.1})
    made = simulate("rws", n_couples=10_000, n_waves=2, design=design)
    kinds = made.truth["careless"].set_index("person")["kind"]
    first = made.frame[made.frame["wave"] == 1].set_index("person")
    return made, kinds, first[[name for name in first if name.startswith("rws")]].astype(float)


def test_shares_of_careless_respondents(careless):
    _, kinds, _ = careless
    shares = kinds.value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx(
        {"attentive": 0.7, "straight_lining": 0.1, "random": 0.1, "drifting": 0.1}, abs=0.01
    )


def test_straight_liners_give_one_option_at_each_wave(careless):
    made, kinds, answers = careless
    lines = answers[kinds == "straight_lining"]
    assert (lines.std(axis=1) == 0).all()
    assert lines["rws01"].value_counts(normalize=True).to_numpy() == pytest.approx([0.2] * 5, abs=0.03)
    assert answers[kinds == "attentive"].std(axis=1).eq(0).mean() < 0.01
    second = made.frame[made.frame["wave"] == 2].set_index("person")
    assert (second.loc[lines.index, "rws01"] == second.loc[lines.index, "rws18"]).all()


def test_random_answers_say_nothing(careless):
    _made, kinds, answers = careless
    chosen = answers[kinds == "random"]
    assert abs(np.corrcoef(chosen["rws01"], chosen["rws07"])[0, 1]) < 0.07
    assert chosen["rws01"].value_counts(normalize=True).to_numpy() == pytest.approx([0.2] * 5, abs=0.03)


def test_drifting_answers_begin_well_and_end_in_one_option(careless):
    _, kinds, answers = careless
    drifting, rest = answers[kinds == "drifting"], answers[kinds == "attentive"]
    same = [(group["rws17"] == group["rws18"]).mean() for group in (drifting, rest)]
    early = [np.corrcoef(group["rws01"], group["rws02"])[0, 1] for group in (drifting, rest)]
    assert same[0] > same[1] + 0.2
    assert early[0] == pytest.approx(early[1], abs=0.08)
