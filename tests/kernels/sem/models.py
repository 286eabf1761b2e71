"""Models, data and comparisons that several tests of structural equation models share."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.estimator import SampleRows
from toolkit.kernels.sem.fitted import Fitted, fit_model
from toolkit.kernels.sem.solution import FitOptions
from toolkit.kernels.sem.standardized import std_all, std_lv

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ONE = "g =~ " + " + ".join(f"x{number}" for number in range(1, 10))
FIVE = "\n".join(f"{scale} =~ " + " + ".join(f"{scale}{number}" for number in range(1, 6)) for scale in "ACENO")
LADDER = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
PLAIN = FitOptions()
ESTIMATES = 2e-5  # lavaan stops at a gradient of about 1e-6; see test_estimates_are_exact
ERRORS = 1e-4
MEASURES = 2e-6
STANDARDISED = 2e-5


@cache
def pupils() -> pd.DataFrame:
    """Holzinger & Swineford's data with the made-up clusters of the oracle."""
    data = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")
    i = np.arange(1, len(data) + 1)
    nested = data["school"] + " " + pd.Series(i // 5).astype(str)
    return data.assign(uneven=np.floor(np.sqrt(3 * i)).astype(int), pairs=(i + 1) // 2, nested=nested)


@cache
def personality() -> pd.DataFrame:
    """Complete rows of the 25 bfi items with the made-up clusters of the oracle."""
    data = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    items = data[[f"{scale}{number}" for scale in "ACENO" for number in range(1, 6)]].dropna()
    return items.assign(cluster=np.arange(1, len(items) + 1) % 307)


def sample_rows(data: pd.DataFrame, names, group=None, cluster=None) -> SampleRows:
    """Split data into groups, in order of appearance, and number the clusters."""
    labels = data[group].unique() if group else [None]
    parts = [data[data[group] == label] if group else data for label in labels]
    rows = tuple(part[list(names)].to_numpy(float) for part in parts)
    if cluster is None:
        return SampleRows(rows)
    return SampleRows(rows, np.unique(np.concatenate([part[cluster] for part in parts]), return_inverse=True)[1])


def fit(text: str, data: pd.DataFrame, options=PLAIN, group=None, cluster=None, **table) -> Fitted:
    """Fit a model text to data."""
    if group:
        table["groups"] = tuple(str(label) for label in data[group].unique())
    made = parameter_table(text, TableOptions(**table))
    return fit_model(made, sample_rows(data, made.observed, group, cluster), options)


def names(fitted: Fitted) -> list[str]:
    """Name the rows of the table as the oracles do: `x1~~x1`, `x1~~x1|g2`."""
    rows = fitted.model.table.parameters
    return [f"{one.name}|g{one.group + 1}" if one.group else one.name for one in rows]


def oracle_columns(fitted: Fitted, table: dict, *columns: str) -> pd.DataFrame:
    """Bring columns of an oracle's table of estimates into the order of ours; no row of ours may be missing there."""
    frame = pd.DataFrame(table)
    frame.index = frame["param"].str.removesuffix("|g1")
    swapped = {_swapped(name): name for name in frame.index if "~~" in name}
    found = [name if name in frame.index else swapped[name] for name in names(fitted)]
    return frame.loc[found, list(columns)].astype(float)


def _swapped(name: str) -> str:
    plain, _, group = name.partition("|")
    left, right = plain.split("~~")
    return f"{right}~~{left}" + (f"|{group}" if group else "")


def assert_estimates(fitted: Fitted, table: dict, tolerance: float = ESTIMATES, errors: bool = True) -> None:
    """Compare estimates, errors, and standardised solutions with their errors where the oracle has them."""
    free = list(fitted.model.free)
    wanted = oracle_columns(fitted, table, "est", "se")
    np.testing.assert_allclose(fitted.x, wanted["est"].to_numpy()[free], atol=tolerance, rtol=0)
    if errors:
        np.testing.assert_allclose(fitted.se, wanted["se"].to_numpy()[free], rtol=ERRORS)
    for column, values in (("std.lv", fitted.std_lv), ("std.all", fitted.std_all)):
        if column in table:
            standard = oracle_columns(fitted, table, column)[column].to_numpy()
            np.testing.assert_allclose(values, standard, atol=STANDARDISED, rtol=0)
    for column, solution in (("std_lv_se", std_lv), ("std_all_se", std_all)):
        if column in table and errors:
            standard = oracle_columns(fitted, table, column)[column].to_numpy()
            np.testing.assert_allclose(fitted.standardized_se(solution), standard, rtol=ERRORS, atol=2e-6)


def assert_fit_measures(fitted: Fitted, wanted: dict, left_out=(), tolerance: float = MEASURES) -> None:
    """Compare every fit measure that the oracle has; what R leaves undefined is not a number here."""
    found = fitted.fit_measures
    for name, value in wanted.items():
        if name in left_out:
            continue
        ours = found[name.replace(".", "_")]
        if value is None or value == "NA":
            assert np.isnan(ours), name
        else:
            assert ours == pytest.approx(value, rel=tolerance, abs=tolerance), name


def two_copies(data: pd.DataFrame) -> pd.DataFrame:
    """Put two copies of data below one another, as groups `a` and `b` in column `copy`."""
    return pd.concat([data.assign(copy="a"), data.assign(copy="b")], ignore_index=True)
