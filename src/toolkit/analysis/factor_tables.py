"""Tables of a factor solution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..kernels import factor_fit
from ..kernels.factor_bootstrap import Draws
from ..responses import Responses
from .factor_solution import Solution
from .inputs import Array

SPREAD = ("se", "ci_low", "ci_high")
MOST_LOST = 0.05


def estimates(solution: Solution, draws: Draws | None) -> pd.DataFrame:
    """List each item's loading on each factor, with its interval where there are bootstrap samples."""
    k, m = solution.rotation.loadings.shape
    spread = {} if draws is None else _spread(draws.loadings.reshape(-1, k * m), solution)
    return pd.DataFrame(
        {
            "item": np.repeat(np.array(solution.items.names, dtype=object), m),
            "factor": np.tile(np.array(solution.names, dtype=object), k),
            "loading": solution.rotation.loadings.ravel(),
            **spread,
            "structure": solution.factors.structure.ravel(),
        }
    )


def _spread(draws: Array, solution: Solution) -> dict[str, Array]:
    """Give standard errors and percentile intervals (draws, q); empty where too many samples have no solution."""
    known = draws[~np.isnan(draws[:, 0])]
    if too_many_lost(draws):
        return {name: np.full(draws.shape[1], np.nan) for name in SPREAD}
    tail = (1 - solution.plan.confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail], axis=0)
    return {"se": known.std(axis=0, ddof=1), "ci_low": low, "ci_high": high}


def too_many_lost(draws: Array) -> bool:
    """Tell whether more than a twentieth of the samples have no solution."""
    lost = int(np.isnan(draws.reshape(len(draws), -1)[:, 0]).sum())
    return lost > MOST_LOST * len(draws)


def item_order(solution: Solution) -> list[int]:
    """Order items by the factor that they load on most, and within it by the size of that loading."""
    size = np.abs(solution.rotation.loadings)
    main = size.argmax(axis=1)
    return sorted(range(len(size)), key=lambda place: (main[place], -size[place, main[place]]))


def loadings(solution: Solution, responses: Responses) -> pd.DataFrame:
    """Set the pattern out by items and factors, with wording, communality, uniqueness and complexity."""
    found = solution.rotation
    names = solution.items.names
    turned = [name in responses.items and responses.is_reversed(name) for name in names]
    table = pd.DataFrame({"item": names, "reverse": turned, "text": wording(responses, names)})
    table[solution.names] = found.loadings
    table["communality"] = factor_fit.communalities(found.loadings, found.phi)
    table["uniqueness"] = solution.extraction.uniquenesses
    table["complexity"] = factor_fit.complexity(found.loadings)
    empty = [*(["reverse"] if not any(turned) else []), *(["text"] if table["text"].isna().all() else [])]
    table = table.drop(columns=empty)
    return table.iloc[item_order(solution)].reset_index(drop=True)


def wording(responses: Responses, items: Sequence[str]) -> list[str | None]:
    """Give the text of each item, or None where no instrument holds it."""
    texts: dict[str, str | None] = {}
    for one in responses.instruments:
        for item in one.items:
            texts.setdefault(item.id, one.text(item.text))
    return [texts.get(item) or None for item in items]


def structure(solution: Solution) -> pd.DataFrame:
    """Set the correlations of items with factors out, in the order of the loadings."""
    table = pd.DataFrame({"item": solution.items.names})
    table[solution.names] = solution.factors.structure
    return table.iloc[item_order(solution)].reset_index(drop=True)


def phi(solution: Solution) -> pd.DataFrame:
    """Set the correlations of the factors out as a square."""
    table = pd.DataFrame({"factor": solution.names})
    table[solution.names] = solution.rotation.phi
    return table


def factor_correlations(solution: Solution, draws: Draws | None) -> pd.DataFrame:
    """List each pair of factors with its correlation, and its interval where there are bootstrap samples."""
    one, two = np.triu_indices(len(solution.names), 1)
    names = np.array(solution.names, dtype=object)
    spread = {} if draws is None or not len(one) else _spread(draws.phi[:, one, two], solution)
    return pd.DataFrame(
        {"factor": names[one], "with_factor": names[two], "r": solution.rotation.phi[one, two], **spread}
    )


def variance(solution: Solution) -> pd.DataFrame:
    """Say how much variance each factor accounts for: of all items, and of what is common."""
    accounted = factor_fit.variance_accounted(solution.rotation.loadings, solution.rotation.phi)
    proportion = accounted / len(solution.items.names)
    common = accounted / accounted.sum()
    return pd.DataFrame(
        {
            "factor": solution.names,
            "ss_loadings": accounted,
            "proportion": proportion,
            "cumulative": proportion.cumsum(),
            "proportion_of_common": common,
            "cumulative_of_common": common.cumsum(),
        }
    )


def residuals(solution: Solution) -> pd.DataFrame:
    """Set the residual correlations out as a square."""
    table = pd.DataFrame(solution.residual, columns=list(solution.items.names))
    table.insert(0, "item", list(solution.items.names), allow_duplicates=True)
    return table


def determinacy(solution: Solution) -> pd.DataFrame:
    """Say how well the factors are determined by the items."""
    multiple = solution.determinacy()
    return pd.DataFrame(
        {
            "factor": solution.names,
            "determinacy": multiple,
            "determinacy_squared": multiple**2,
            "minimum_correlation": 2 * multiple**2 - 1,
        }
    )


def optima(solution: Solution) -> pd.DataFrame:
    """List the different values of the rotation criterion that starts ended at."""
    found = solution.rotation.optima
    return pd.DataFrame({"criterion": found[:, 0], "n_starts": found[:, 1].astype(int)})


def score_weights(solution: Solution, weights: Array) -> pd.DataFrame:
    """Set the weights of the standardised answers out by items and factors."""
    table = pd.DataFrame({"item": solution.items.names})
    table[solution.names] = weights
    return table


def cases(solution: Solution, weights: Array, responses: Responses) -> pd.DataFrame:
    """Score each row; a row with an answer missing has no scores."""
    x = solution.items.x
    standard = (x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0, ddof=1)
    scores = np.full((len(solution.items.used), len(solution.names)), np.nan)
    scores[solution.items.used] = standard @ weights
    keys = responses.frame[list(responses.keys)].reset_index(drop=True)
    return pd.concat([keys, pd.DataFrame(scores, columns=solution.names)], axis=1)
