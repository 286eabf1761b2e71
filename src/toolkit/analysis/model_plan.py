"""How a structural equation model is to be fitted: what the caller asked for, and what follows from the variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..checks import check_count, check_known, check_one_of, check_share, listed
from ..errors import ArgumentError
from ..kernels.sem.inference import Information
from ..kernels.sem.roles import Roles
from ..kernels.sem.solution import EstimatorName, TestName
from ..responses import Responses

Missing = Literal["listwise", "pairwise", "fiml"]
Scores = Literal["none", "regression", "bartlett"]
Interval = Literal["percentile", "bca"]
Likelihood = Literal["normal", "wishart"]
Parameterization = Literal["delta", "theta"]
ESTIMATORS = ("ML", "MLR", "ULS", "DWLS", "WLSMV")
WEIGHTED = ("DWLS", "WLSMV")
LIKELIHOODS = ("ML", "MLR")
MOST_OPTIONS = 20  # items with more options are taken as continuous unless ordered= names them


@dataclass(frozen=True)
class ModelOptions:
    """What is seldom changed; the names are lavaan's where it has them.

    Attributes
    ----------
    day : the day of a diary; needed where the data have several.
    orthogonal : exogenous factors do not covary.
    meanstructure : whether there are intercepts; by default where the text, ordinal variables, groups or `fiml` ask
        for them.
    fixed_x : moments of observed predictors are fixed at the sample's; by default where no variable is ordinal.
    group_partial : parameters that `group_equal` leaves free, such as `"f=~x2"` or `"x3~1"`.
    information : behind standard errors, `expected` or `observed`; by default as in lavaan.
    test : `standard`, `yuan_bentler`, `satorra_bentler` or `scaled_shifted`; by default the estimator's.
    confidence : level of the intervals of the estimates; that of the RMSEA is at 90 %.
    interval : of bootstrap intervals, `percentile` or `bca`.
    scores : factor scores in `cases`: `regression` or `bartlett` (for ordinal items `regression` is the mode of the
        factors given the answers, lavaan's `EBM`); none by default.
    """

    day: Any = None
    orthogonal: bool = False
    meanstructure: bool | None = None
    fixed_x: bool | None = None
    group_partial: tuple[str, ...] = ()
    information: Information | None = None
    test: TestName | None = None
    confidence: float = 0.95
    interval: Interval = "percentile"
    scores: Scores = "none"

    def check(self) -> None:
        """Refuse what cannot be used."""
        check_share("options.confidence", self.confidence)
        check_one_of("options.interval", self.interval, ("percentile", "bca"))
        check_one_of("options.scores", self.scores, ("none", "regression", "bartlett"))
        check_one_of("options.information", self.information, (None, "expected", "observed"))
        tests = (None, "standard", "yuan_bentler", "satorra_bentler", "scaled_shifted")
        check_one_of("options.test", self.test, tests)


DEFAULT = ModelOptions()


@dataclass(frozen=True)
class Plan:
    """The arguments of a call."""

    estimator: EstimatorName | None
    ordered: bool | str | Sequence[str] | None
    missing: Missing | None
    group: str | None
    group_equal: str | Sequence[str]
    std_lv: bool
    parameterization: Parameterization
    likelihood: Likelihood
    bootstrap: int
    seed: int | None
    options: ModelOptions

    def check(self) -> None:
        """Refuse arguments that cannot be used."""
        if not isinstance(self.options, ModelOptions):
            raise ArgumentError(f"options is {type(self.options).__name__}, but must be ModelOptions(...).")
        self.options.check()
        check_one_of("estimator", self.estimator, (None, *ESTIMATORS))
        check_one_of("missing", self.missing, (None, "listwise", "pairwise", "fiml"))
        check_one_of("parameterization", self.parameterization, ("delta", "theta"))
        check_one_of("likelihood", self.likelihood, ("normal", "wishart"))
        check_count("bootstrap", self.bootstrap, 0)
        if self.bootstrap and self.seed is None:
            raise ArgumentError("bootstrap draws at random: give a seed=, so that the result can be had again.")

    @property
    def equal(self) -> tuple[str, ...]:
        """What is equal over groups."""
        return (self.group_equal,) if isinstance(self.group_equal, str) else tuple(self.group_equal)


@dataclass(frozen=True)
class Choice:
    """What a model is fitted with.

    Attributes
    ----------
    estimator, missing : as fitted.
    ordinal : the variables taken as ordinal.
    reason : why, in words; nothing where all was asked for.
    """

    estimator: EstimatorName
    missing: Missing
    ordinal: tuple[str, ...]
    reason: str = ""


def choose(plan: Plan, responses: Responses, roles: Roles) -> Choice:
    """Choose estimator, treatment of missing answers and ordinal variables, as asked or by what the variables are."""
    ordinal = _ordinal(plan, responses, roles)
    estimator: EstimatorName = plan.estimator or ("WLSMV" if ordinal else "MLR")
    _check_ordinal(plan, estimator, ordinal)
    _check_scores(plan, ordinal)
    by_rule: Missing = "fiml" if plan.estimator is None and not ordinal else "listwise"
    missing = plan.missing or by_rule
    _check_missing(plan, estimator, missing, ordinal)
    return Choice(estimator, missing, ordinal, _reason(plan, ordinal))


def _ordinal(plan: Plan, responses: Responses, roles: Roles) -> tuple[str, ...]:
    """List the variables to take as ordinal; predictors never are unless they are named."""
    dependent = [name for name in roles.observed if name not in roles.predictors]
    if plan.ordered is None:
        if plan.estimator not in (None, *WEIGHTED):
            return ()
        return tuple(name for name in dependent if name in responses.items and _few_options(responses, name))
    if isinstance(plan.ordered, bool):
        return tuple(dependent) if plan.ordered else ()
    names = [plan.ordered] if isinstance(plan.ordered, str) else list(plan.ordered)
    check_known("ordered", names, [*roles.observed, *responses.items, *responses.covariates], "variable")
    return tuple(name for name in roles.observed if name in names)


def _few_options(responses: Responses, item: str) -> bool:
    low, high = responses.declared(item)
    return high - low < MOST_OPTIONS


def _check_ordinal(plan: Plan, estimator: str, ordinal: tuple[str, ...]) -> None:
    if estimator in WEIGHTED and not ordinal:
        raise ArgumentError(
            f"estimator={estimator!r} is for ordinal variables, but none of the model is: name them in ordered= "
            "(ordered=True: all that are not only predictors), or use estimator='MLR'."
        )
    if estimator in LIKELIHOODS and ordinal:
        raise ArgumentError(
            f"estimator={estimator!r} takes variables as continuous, but ordered names {listed(ordinal)}: "
            "use estimator='WLSMV', or leave ordered out."
        )
    if plan.likelihood == "wishart" and estimator not in LIKELIHOODS:
        raise ArgumentError(f"likelihood='wishart' is for estimator='ML', not {estimator!r}: leave it out.")


def _check_scores(plan: Plan, ordinal: tuple[str, ...]) -> None:
    if plan.options.scores == "bartlett" and ordinal:
        raise ArgumentError(
            "options.scores='bartlett' needs continuous variables: answers to ordinal items that are all lowest or all "
            "highest have no finite score. Use 'regression', which gives the mode of the factors given the answers."
        )


def _check_missing(plan: Plan, estimator: str, missing: Missing, ordinal: tuple[str, ...]) -> None:
    if missing == "fiml" and estimator not in LIKELIHOODS:
        advice = "use missing='pairwise'" if ordinal else "use estimator='MLR'"
        raise ArgumentError(f"missing='fiml' is a likelihood, which estimator={estimator!r} does not have: {advice}.")
    if missing == "pairwise" and not ordinal:
        raise ArgumentError(
            f"missing='pairwise' mixes covariances of different people, which estimator={estimator!r} of continuous "
            "variables does not allow for: use missing='fiml' with estimator='ML' or 'MLR', which uses all answers."
        )
    if missing == "fiml" and plan.likelihood == "wishart":
        raise ArgumentError("likelihood='wishart' needs complete rows: use missing='listwise', or leave it out.")
    if missing == "fiml" and plan.options.meanstructure is False:
        raise ArgumentError("missing='fiml' needs means: leave meanstructure out.")


def _reason(plan: Plan, ordinal: tuple[str, ...]) -> str:
    if plan.estimator is not None:
        return ""
    if ordinal and plan.ordered is None:
        return "WLSMV, since the variables are items of an instrument"
    if ordinal:
        return "WLSMV, since variables are ordinal"
    return "MLR, since no variable is taken as ordinal"
