"""How many factors items have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import counted
from ..kernels import retention as kernel
from ..kernels.moments import Missing
from ..kernels.parallel import RandomEigenvalues
from ..kernels.retention import LEAST_ITEMS
from ..responses import Responses
from ..results import Result, Unavailable, fit_table
from .inputs import AUTO, Array, Sample, one_blas_thread, sample, warn_undefined, wording
from .item_correlations import Correlation
from .retention_answers import ItemAnswers, Plan, Random

POWERS = (2, 4)
KINDS = ("factor", "component")


@one_blas_thread
def retention(
    data: Responses | pd.DataFrame,
    items: str | Sequence[str] | None = None,
    *,
    correlation: Correlation = "pearson",
    missing: Missing = "listwise",
    replications: int = 100,
    quantile: float | Literal["mean"] = 0.95,
    random: Random = "permutation",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    seed: int | None = None,
) -> Result:
    """Ask several rules how many factors items have.

    With R the correlations of k items, λ_1 ≥ λ_2 ≥ … its eigenvalues (of components), and those of R with the
    communalities of one minres factor in its diagonal (of factors):

    - parallel_analysis: the eigenvalues before the first that does not exceed the quantile (or mean) of those of
      random data at its position; for factors and for components
    - minimum_average_partial: the number m of components after whose removal the mean of r² (power 2) or r⁴ (power 4)
      of the partial correlations is least
    - empirical_kaiser: the eigenvalues before the first that does not exceed
      max(1, (k − Σ_{i<j} λ_i) / (k − j + 1) · (1 + sqrt(k/n))²)
    - kaiser: the eigenvalues above 1. It finds too many, and is given for information only

    KMO = Σ r² / (Σ r² + Σ q²), q the partial correlations of two items given the others. Bartlett's test of sphericity
    (all correlations 0): χ² = −(n − 1 − (2k + 5)/6) ln|R| on k(k − 1)/2 df.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    items : items, columns, scales or instruments (which stand for their items); by default all items, or all numeric
        columns. Items are taken as answered, since reversing them changes nothing here.
    correlation : `pearson`, or `polychoric` for ordinal answers (random data are then correlated so, too: slower).
    missing : `listwise` (complete rows) or `pairwise` (each correlation over the rows that hold both).
    replications : random data sets; 0 for no parallel analysis.
    quantile : the quantile of random eigenvalues that is to be exceeded, or `mean`.
    random : `permutation` of each item's own answers, independent `normal` answers, or `both`. Polychoric normal
        answers are cut at the items' thresholds. Missing answers stay missing in random data.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    seed : needed for random data, so that the analysis can be repeated.

    Returns
    -------
    Result
        `estimates`: one row per rule and variant. `tables["eigenvalues"]`: those found, and the references at each
        position. `tables["map"]`: the average partial by number of components. `tables["kmo"]`: KMO of each item.
        `fit`: KMO, Bartlett's test (`chisq`, `df`, `p`), determinant, smallest eigenvalue; `n_effective` is their n.
        Where the matrix is not positive definite, KMO, Bartlett's test and the average partial are empty; so are
        factors and the average partial of two items (whose KMO is .50 whatever they are).

    Raises
    ------
    AnalysisError, TooFewCases
        If there are fewer than two items or ten rows, an item does not vary, or a pair has fewer than three rows.
    ArgumentError
        If an argument cannot be used, or `correlation="polychoric"` meets decimals or more than 20 different values.

    Warns
    -----
    NotPositiveDefiniteWarning, SmallSampleWarning, UndefinedStatisticWarning, MergedCategoryWarning
        See the note in `fit`.

    Notes
    -----
    n is that of complete rows; pairwise it is the harmonic mean of the pairs' rows, with which the sum of squared
    random correlations has its expectation. The references of the empirical Kaiser criterion rest on normal data and
    Pearson correlations, those of polychoric correlations are approximate. Quantiles interpolate (R's type 7).

    No parallel analysis for clustered rows is established. Under permutation whole couples are permuted here, and
    partners exchanged within them at random: each item keeps the likeness of partners, and what items share is lost.
    Normal data, Bartlett's test and the empirical Kaiser criterion take rows as independent; `fit` says so.

    A random stream derives from the seed and an item's name: the order and coding of items and the order of rows change
    nothing. Complete normal data are not drawn: their correlations are (Bartlett's decomposition of a Wishart matrix).

    References
    ----------
    Horn (1965), doi:10.1007/BF02289447. Buja & Eyuboglu (1992), doi:10.1207/s15327906mbr2704_2. Velicer (1976),
    doi:10.1007/BF02293557. Velicer, Eaton & Fava (2000), doi:10.1007/978-1-4615-4397-8_3. Braeken & van Assen (2017),
    doi:10.1037/met0000074. Kaiser & Rice (1974), doi:10.1177/001316447403400115. Bartlett (1950),
    doi:10.1111/j.2044-8317.1950.tb00285.x. In R: ``psych::fa.parallel(x, fm = "minres", fa = "both")`` (which draws
    with replacement where we permute), ``psych::vss(x)$map``, ``psych::KMO(R)``, ``psych::cortest.bartlett(R, n)``.

    Examples
    --------
    >>> steps = np.arange(60)
    >>> one, two = np.sin(steps), np.cos(1.7 * steps)
    >>> shifts = [np.cos(0.9 * (j + 2) * steps) for j in range(6)]
    >>> frame = pd.DataFrame({f"v{j}": (one if j < 3 else two) + shifts[j] for j in range(6)})
    >>> found = retention(frame, seed=1).to_frame()
    >>> found.loc[found["rule"] == "parallel_analysis", ["variant", "n_factors"]].values.tolist()
    [['factors, permutation', 2], ['components, permutation', 2]]
    """
    plan = Plan(
        correlation=correlation,
        missing=missing,
        replications=replications,
        quantile=quantile,
        random=random,
        seed=seed,
    )
    plan.check()
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    answers = ItemAnswers.of(chosen, items, plan)
    found = _Found(answers, {draw: answers.random_eigenvalues(draw) for draw in plan.draws}, _notes(chosen, answers))
    return _result(found, chosen)


def _result(found: _Found, chosen: Sample) -> Result:
    estimates, fit = found.estimates(), found.fit(chosen)
    return Result(
        kind="retention",
        title="Number of factors",
        estimates=estimates,
        fit=fit_table([fit]),
        tables={"eigenvalues": found.eigenvalues(), "map": found.average_partials(), "kmo": found.kmo(chosen)},
        settings={**chosen.settings, "items": list(found.answers.names), **vars(found.plan)},
        statement=_sentence(estimates, fit, found.plan),
        captions={
            "estimates": "Number of factors by each rule",
            "eigenvalues": "Eigenvalues, and the references that they are compared with",
            "map": "Average partial correlation, to the powers 2 and 4, by number of components removed",
            "kmo": "Sampling adequacy of each item",
        },
    )


def suggested_factors(found: Result | Unavailable) -> int:
    """Give the number of factors that parallel analysis suggests, at least one, for the next step of a report.

    Permuted answers count before normal ones where both were drawn; a retention that was not available suggests one.

    Examples
    --------
    >>> steps = np.arange(60)
    >>> one, two = np.sin(steps), np.cos(1.7 * steps)
    >>> shifts = [np.cos(0.9 * (j + 2) * steps) for j in range(6)]
    >>> frame = pd.DataFrame({f"v{j}": (one if j < 3 else two) + shifts[j] for j in range(6)})
    >>> suggested_factors(retention(frame, seed=1))
    2
    """
    if not isinstance(found, Result):
        return 1
    asked = found.estimates[found.estimates["rule"] == "parallel_analysis"]
    of_factors = asked.loc[asked["variant"].str.startswith("factors"), "n_factors"].dropna()
    return max(1, int(of_factors.iloc[0])) if len(of_factors) else 1


def _notes(chosen: Sample, answers: ItemAnswers) -> tuple[str, ...]:
    """Say what is not defined, with a warning, and what takes rows as independent."""
    undefined = []
    reason = answers.why_not_invertible()
    if reason:
        undefined.append(f"KMO, Bartlett's test and the minimum average partial are not defined: {reason}")
    if len(answers.names) < LEAST_ITEMS:
        undefined.append("two items do not determine a factor, and their KMO is .50 whatever they are")
    for note in undefined:
        warn_undefined(note)
    clustered = chosen.cluster is not None
    independent = ["Bartlett's test and the empirical Kaiser criterion take rows as independent"] if clustered else []
    return (*answers.items.notes, *undefined, *independent)


@dataclass(frozen=True)
class _Found:
    """What was found, and how the tables of a result are made of it."""

    answers: ItemAnswers
    random: Mapping[str, RandomEigenvalues]
    notes: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        return self.answers.plan

    @property
    def invertible(self) -> bool:
        return kernel.is_positive_definite(self.answers.r)

    def values(self, kind: str) -> Array:
        return self.answers.factors if kind == "factor" else self.answers.components

    def reference(self, draw: str, kind: str, statistic: float | str) -> Array:
        """Give the mean or a quantile of random eigenvalues at each position."""
        drawn = self.random[draw].factors if kind == "factor" else self.random[draw].components
        return np.asarray(drawn.mean(axis=0) if statistic == "mean" else np.quantile(drawn, float(statistic), axis=0))

    def estimates(self) -> pd.DataFrame:
        components = self.answers.components
        kaiser = kernel.empirical_kaiser(components, self.answers.n)
        rows = [self._parallel(draw, kind) for draw in self.plan.draws for kind in KINDS]
        rows += [self._average_partial(power) for power in POWERS]
        exceeding = kernel.n_exceeding(components, kaiser)
        rows.append(("empirical_kaiser", "components", exceeding, "eigenvalues above their reference"))
        rows.append(("kaiser", "components", int((components > 1).sum()), "eigenvalues above 1: for information only"))
        frame = pd.DataFrame(rows, columns=["rule", "variant", "n_factors", "detail"])
        return frame.astype({"n_factors": "Int64"})

    def _parallel(self, draw: str, kind: str) -> tuple[str, str, int | None, str]:
        values, reference = self.values(kind), self.reference(draw, kind, self.plan.quantile)
        n_factors = None if np.isnan(values).any() else kernel.n_exceeding(values, reference)
        detail = f"eigenvalues above the {_level(self.plan)} of {self.plan.replications} random data sets"
        return "parallel_analysis", f"{kind}s, {draw}", n_factors, detail

    def _average_partial(self, power: int) -> tuple[str, str, int | None, str]:
        means = self._means(power)
        if np.isnan(means).any():
            return "minimum_average_partial", f"power {power}", None, "not defined"
        least = int(np.argmin(means))
        return "minimum_average_partial", f"power {power}", least, f"least mean of r{'²' if power == 2 else '⁴'}"

    def _means(self, power: int) -> Array:
        k = len(self.answers.names)
        defined = self.invertible and k >= LEAST_ITEMS
        return kernel.average_partials(self.answers.r, power) if defined else np.full(k, np.nan)

    def eigenvalues(self) -> pd.DataFrame:
        components = self.answers.components
        frame = {"position": np.arange(1, len(components) + 1), "component": components, "factor": self.answers.factors}
        statistics: dict[str, float | str] = {"mean": "mean"}
        if self.plan.quantile != "mean":
            statistics["quantile"] = self.plan.quantile
        for draw in self.plan.draws:
            for kind in reversed(KINDS):
                for name, statistic in statistics.items():
                    frame[f"{draw}_{kind}_{name}"] = self.reference(draw, kind, statistic)
        frame["empirical_kaiser"] = kernel.empirical_kaiser(components, self.answers.n)
        return pd.DataFrame(frame)

    def average_partials(self) -> pd.DataFrame:
        means = {f"map{power}": self._means(power) for power in POWERS}
        return pd.DataFrame({"n_factors": np.arange(len(self.answers.names)), **means})

    def kmo(self, chosen: Sample) -> pd.DataFrame:
        names = self.answers.names
        texts = [wording(chosen.responses, name) for name in names]
        items = kernel.sampling_adequacy(self.answers.r).items if self.invertible else np.full(len(names), np.nan)
        return pd.DataFrame({"item": names, "text": texts, "kmo": items})

    def fit(self, chosen: Sample) -> dict[str, Any]:
        answers, used = self.answers, self.answers.items.used
        row: dict[str, Any] = {
            "model": counted(len(answers.names), "item"),
            "n_used": int(used.sum()),
            "n_dropped": int((~used).sum()),
            "method": self._method(),
            "missing": self.plan.missing,
            "n_items": len(answers.names),
            "n_effective": answers.n,
            **dict.fromkeys(("kmo", "chisq", "df", "p"), np.nan),
            "determinant": float(np.linalg.det(answers.r)),
            "smallest_eigenvalue": float(answers.components[-1]),
        }
        if self.invertible:
            test = kernel.sphericity(answers.r, answers.n)
            row |= {"kmo": kernel.sampling_adequacy(answers.r).overall, **vars(test)}
        if answers.clusters is not None:
            row["n_clusters"] = int(answers.clusters.max()) + 1
        again = sum(one.n_redrawn for one in self.random.values())
        redrawn = [f"{again} random data sets left a pair without variance and were drawn again"] if again else []
        return {**row, "note": "; ".join([*self.notes, *redrawn])}

    def _method(self) -> str:
        name = "Pearson" if self.plan.correlation == "pearson" else "polychoric"
        clustered = self.answers.clusters is not None
        how = {
            "permutation": "whole clusters permuted" if clustered else "answers permuted",
            "normal": "normal, rows taken as independent" if clustered else "normal",
        }
        drawn = " and ".join(f"{self.plan.replications} data sets ({how[draw]})" for draw in self.plan.draws)
        return f"{name} correlations; parallel analysis of {drawn}" if drawn else f"{name} correlations"


def _level(plan: Plan) -> str:
    return "mean" if plan.quantile == "mean" else f"{fmt.level(plan.quantile)} quantile"


def _sentence(estimates: pd.DataFrame, fit: Mapping[str, Any], plan: Plan) -> str:
    """Report sampling adequacy, the test of sphericity and what each rule suggests."""
    (first, answer), *others = _suggestions(estimates, plan)
    more = [f"{rule} {found}" for rule, found in others]
    suggested = f"{first} suggested {answer}" + "".join(f", {one}" for one in more[:-1])
    suggested += f"{',' if more[:-1] else ''} and {more[-1]}" if more else ""
    told = f"{_adequacy(fit)}{suggested} (n = {fmt.count(fit['n_used'])})."
    return told[0].upper() + told[1:]


def _adequacy(fit: Mapping[str, Any]) -> str:
    if fmt.is_empty(fit["kmo"]):
        return ""
    test = f"χ²({fmt.count(fit['df'])}) = {fmt.number(fit['chisq'])}, p {fmt.p_value(fit['p'])}"
    return f"KMO = {fmt.number(fit['kmo'], bounded=True)}; Bartlett's {test}; "


def _suggestions(estimates: pd.DataFrame, plan: Plan) -> list[tuple[str, str]]:
    """Name each rule that has an answer, with its answer."""
    known = estimates.dropna(subset=["n_factors"])
    answer = {(row.rule, row.variant): int(row.n_factors) for row in fmt.rows(known)}
    found = []
    for draw in plan.draws:
        both = [(answer.get(("parallel_analysis", f"{kind}s, {draw}")), kind) for kind in KINDS]
        numbers = " and ".join(counted(n, kind) for n, kind in both if n is not None)
        found.append((f"parallel analysis ({draw}, {_level(plan)}, {plan.replications} data sets)", numbers))
    two, four = (answer.get(("minimum_average_partial", f"power {power}")) for power in POWERS)
    if two is not None:
        found.append(("the minimum average partial", f"{two} (power 4: {four})"))
    return [*found, ("the empirical Kaiser criterion", str(answer["empirical_kaiser", "components"]))]
