"""Models, data and comparisons that the tests of tk.cfa and tk.sem share."""

from functools import cache

import numpy as np
import pandas as pd

from tests.conftest import ROOT, test_data

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ONE = "g =~ " + " + ".join(f"x{number}" for number in range(1, 10))
FIVE = "\n".join(f"{scale} =~ " + " + ".join(f"{scale}{number}" for number in range(1, 6)) for scale in "ACENO")
AS = "F =~ " + " + ".join(f"AS{number}" for number in range(1, 11))
EXACT = {"atol": 2e-5, "rtol": 0}  # lavaan stops where its gradient is about 1e-6
ROBUST_NAMES = {"chisq_scaling_factor": "scaling_factor", "chisq_shift_parameters": "shift_parameter"}
GFI = {"gfi", "agfi", "pgfi"}  # of FIML: lavaan compares with moments of available answers, not with EM's


@cache
def pupils():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")


@cache
def pupils_with_holes():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939_missing.csv")


@cache
def personality():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")


@cache
def assertiveness():
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))
    return data[[f"AS{number}" for number in range(1, 11)]].replace(0, np.nan)


def named(estimates):
    """Name rows as the oracles do: `x1~~x1`, `x1~~x1|g2`."""
    groups = {label: number for number, label in enumerate(estimates["group"].unique(), start=1)}
    names = estimates["lhs"] + estimates["op"] + estimates["rhs"]
    return [
        f"{name}|g{groups[one]}" if groups[one] > 1 else name
        for name, one in zip(names, estimates["group"], strict=True)
    ]


def swapped(name):
    plain, _, group = name.partition("|g")
    left, _, right = plain.partition("~~")
    return f"{right}~~{left}" + (f"|g{group}" if group else "")


def assert_estimates(result, table, errors=1e-4):
    """Compare every row that the oracle has."""
    ours = result.estimates.assign(param=named(result.estimates)).set_index("param")
    theirs = pd.DataFrame(table)
    theirs = theirs[~theirs["param"].str.contains("==")]  # constraints are no parameters
    theirs.index = [name if name in ours.index else swapped(name) for name in theirs["param"].str.removesuffix("|g1")]
    assert len(theirs) == len(ours)
    ours = ours.loc[theirs.index]
    np.testing.assert_allclose(ours["est"].astype(float), theirs["est"].astype(float), **EXACT)
    free = theirs["se"].astype(float).to_numpy() > 0
    assert (ours["se"].notna().to_numpy() == free).all()
    np.testing.assert_allclose(ours["se"][free], theirs["se"][free].astype(float), rtol=errors)
    compared = {"z": "z", "p": "pvalue", "ci_low": "ci.lower", "ci_high": "ci.upper"}
    for column, name in compared.items():
        if name in theirs:
            np.testing.assert_allclose(ours[column][free], theirs[name][free].astype(float), rtol=errors, atol=1e-4)
    for column, name in (("std_lv", "std.lv"), ("std_all", "std.all")):
        if name in theirs:
            np.testing.assert_allclose(ours[column].astype(float), theirs[name].astype(float), **EXACT)


def assert_fit(result, wanted, left_out=()):
    """Compare every measure of the oracle, in `fit` under lavaan's names, and in the table of all."""
    every = result.tables["fit_measures"].set_index("measure")["value"]
    for name, value in wanted.items():
        if name in left_out:
            continue
        ours = name.replace(".", "_")
        if value is None or value == "NA":
            assert np.isnan(every[ours]), name
            continue
        np.testing.assert_allclose(every[ours], value, rtol=1e-4, atol=1e-6, err_msg=name)
        column = ROBUST_NAMES.get(ours, ours)
        if column in result.fit.columns:
            np.testing.assert_allclose(result.fit[column][0], value, rtol=1e-4, atol=1e-6, err_msg=name)
