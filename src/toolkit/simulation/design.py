"""Design: everything that a simulation is made from, as a checked YAML file or as an object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ..errors import ArgumentError, StudyError
from ..missing import Reason
from ..specs import Document, Spec, model_faults
from .theory import CONSTRUCTS, Lag, residuals

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Correlation = Annotated[float, Field(gt=-1, lt=1, allow_inf_nan=False)]
Effect = Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)]
Construct = Literal["barriers", "practice", "assertiveness", "withholding", "climate", "general"]
Predictor = Literal["age", "barriers", "practice", "assertiveness", "withholding", "climate", "general"]
WAVE_INSTRUMENTS = ("has", "css", "rws", "bar", "rel", "bur", "aps")
DIARY_DAYS = 7


class Paths(Spec):
    """Paths of the theory model, in standard deviations; `actor` is one's own value, `partner` the partner's.

    The values are assumptions, not findings: small to moderate, as effects between questionnaires of couples tend to
    be, larger for one's own value than for the partner's.
    """

    barriers_with_assertiveness: Correlation = -0.50
    barriers_on_withholding_actor: Correlation = 0.50
    barriers_on_withholding_partner: Correlation = 0.10
    withholding_on_climate_actor: Correlation = -0.35
    withholding_on_climate_partner: Correlation = -0.15
    assertiveness_on_climate_actor: Correlation = 0.20
    assertiveness_on_climate_partner: Correlation = 0.10
    practice_on_assertiveness_change: Correlation = 0.25
    daily_withholding_with_assertiveness: Correlation = -0.30
    daily_withholding_on_closeness_same_day_actor: Correlation = -0.30
    daily_withholding_on_closeness_same_day_partner: Correlation = -0.15
    daily_withholding_on_closeness_next_day_actor: Correlation = -0.10
    daily_withholding_on_closeness_next_day_partner: Correlation = -0.05
    carry_over: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.25


class Partners(Spec):
    """How partners correlate in each construct, and so in every scale that shows it; one number means all.

    A positive correlation is the share of variance that the couple has in common. `general` is for scales outside
    the theory model.
    """

    barriers: Correlation = 0.15
    practice: Correlation = 0.30
    assertiveness: Correlation = 0.15
    withholding: Correlation = 0.25
    climate: Correlation = 0.50
    general: Correlation = 0.30

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return dict.fromkeys(CONSTRUCTS, value) if isinstance(value, int | float) else value


class Loading(Spec):
    """Correlation of an item's latent answer with its scale's true score: `mean`, and up to `spread` either way."""

    mean: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.70
    spread: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.10

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return {"mean": value} if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _check(self) -> Loading:
        if not 0 < self.mean - self.spread <= self.mean + self.spread < 1:
            raise ValueError(f"mean {self.mean:g} ± spread {self.spread:g} must stay between 0 and 1")
        return self


class PracticeGroup(Spec):
    """Couples that take up the practice steps after the first wave: their share, and by how much they practise more."""

    share: Share = 0.5
    effect: Effect = 1.0


class Diary(Spec):
    """Daily states: which instruments are asked daily, after which wave, and how states vary.

    `person_share` is the share of a state's variance that lies between persons; `couple_correlation` is how partners'
    states correlate within days.
    """

    instruments: list[str] = ["day"]
    wave: Annotated[int, Field(ge=1)] = 1
    person_share: Share = 0.5
    couple_correlation: Correlation = 0.25


class RateOn(Spec):
    """A rate that depends on a predictor z (standardised): p = min(0.95, rate · exp(slope · z − slope² / 2)).

    For normal z the mean of p is the rate. A number alone is the rate. A construct that no scale shows is drawn all
    the same, unrelated to the answers.
    """

    rate: Share = 0.0
    predictor: Predictor = "age"
    slope: Effect = 0.5

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return {"rate": value} if isinstance(value, int | float) else value


class Dropout(RateOn):
    """The chance to leave the study before each wave after the first, given the predictor at the wave before."""

    predictor: Predictor = "climate"
    slope: Effect = -0.5


class Missing(Spec):
    """Missing answers.

    `mcar`: each answer is missing at random with this chance. `mar`: the chance depends on age, or on a true score
    (the answers are then missing at random only given that score, which a model must recover from the other items).
    `dropout`: who leaves stays away. `missed_days`: diary days that were not filled in (`timed_out`).
    `not_applicable`: the chance of that answer where an item allows it. `reasons`: weights of the reasons that are
    given for what `mcar` and `mar` leave out.
    """

    mcar: Share = 0.0
    mar: RateOn = RateOn()
    dropout: Dropout = Dropout()
    missed_days: Share = 0.0
    not_applicable: Share = 0.0
    reasons: dict[Reason, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {
        "skipped": 0.7,
        "refused": 0.2,
        "dont_know": 0.1,
    }

    @model_validator(mode="after")
    def _check(self) -> Missing:
        if self.mcar + self.mar.rate > 1:
            raise ValueError("the rates of `mcar` and `mar` add up to more than 1")
        if not self.reasons:
            raise ValueError("`reasons` is empty; give at least one, such as `skipped: 1`")
        return self

    @property
    def present(self) -> bool:
        """Tell whether any answer can be missing."""
        rates = (self.mcar, self.mar.rate, self.dropout.rate, self.missed_days, self.not_applicable)
        return any(rate > 0 for rate in rates)


class Careless(Spec):
    """Shares of careless respondents.

    `straight_lining`: one option for a whole instrument. `random`: any option. `drifting`: careful at first; from a
    place in the instrument that differs by person, more and more answers are the same option.
    """

    straight_lining: Share = 0.0
    random: Share = 0.0
    drifting: Share = 0.0

    @model_validator(mode="after")
    def _check(self) -> Careless:
        if self.straight_lining + self.random + self.drifting > 1:
            raise ValueError("the shares of careless respondents add up to more than 1")
        return self


class Design(Spec):
    """What to simulate; every value is an assumption that the truth returns, and none is a finding.

    Attributes
    ----------
    instruments : ids of the catalogue, or paths (in a file: relative to it).
    n_couples, n_waves, n_days : sizes. `n_days` counts diary days after the wave `diary.wave`; by default 7 if an
        instrument is asked daily, else 0.
    seed : the seed of every random stream.
    mixed_gender_share : share of couples of a woman and a man; the others have the same gender.
    paths, couple_correlation : see `Paths` and `Partners`.
    stability : correlation of each construct with itself at the next wave, apart from change.
    change : mean change from wave to wave in a construct's own equation, in standard deviations.
    scale_correlation : correlation of the true scores of scales outside the theory model.
    loading, practice_group, diary, missing, careless : see the specs of these names.

    Raises
    ------
    ValidationError
        Of pydantic, where a value does not fit. `simulate` and `read_design` raise errors of this toolkit.
    """

    title: str = ""
    instruments: Annotated[list[str], Field(min_length=1)] = list(WAVE_INSTRUMENTS)
    n_couples: Annotated[int, Field(ge=1, strict=True)] = 150
    n_waves: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    n_days: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    seed: Annotated[int, Field(ge=0, strict=True)] = 20260101
    mixed_gender_share: Share = 0.85
    paths: Paths = Paths()
    couple_correlation: Partners = Partners()
    stability: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.70
    change: dict[Construct, Effect] = {}
    scale_correlation: Share = 0.30
    loading: Loading = Loading()
    practice_group: PracticeGroup | None = None
    diary: Diary = Diary()
    missing: Missing = Missing()
    careless: Careless = Careless()

    @field_validator("instruments")
    @classmethod
    def _unique(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("an instrument is listed twice; keep one")
        return names

    @model_validator(mode="after")
    def _check(self) -> Design:
        paths = self.paths.model_dump()
        residuals(paths, self.couple_correlation.model_dump())
        for sign in (1, -1):
            Lag.of(paths, self.diary.couple_correlation, sign)
        if self.diary.wave > self.n_waves:
            raise ValueError(f"the diary follows wave {self.diary.wave}, but there are {self.n_waves} waves")
        return self

    def updated(self, **changes: Any) -> Design:
        """Copy the design with other values; None leaves a value as it is.

        Raises
        ------
        ArgumentError
            If a value does not fit.

        Examples
        --------
        >>> Design().updated(n_couples=20, seed=None).n_couples
        20
        """
        given = {name: value for name, value in changes.items() if value is not None}
        return checked({**self.model_dump(), **given})


def checked(data: Mapping[str, Any]) -> Design:
    """Make a design from plain data, with all faults as one `ArgumentError`."""
    try:
        return Design.model_validate(dict(data))
    except ValidationError as problem:
        faults = model_faults(Document("", {}, {}), Design, problem)
        raise ArgumentError.from_faults("the design of a simulation", faults) from None


def read_design(document: Document) -> Design:
    """Read a design from a parsed file.

    Raises
    ------
    StudyError
        With every fault of the file at once, each with its line and column.
    """
    faults = list(document.faults)
    try:
        design = Design.model_validate(document.data)
    except ValidationError as problem:
        raise StudyError.from_faults(document.name, [*faults, *model_faults(document, Design, problem)]) from None
    if faults:
        raise StudyError.from_faults(document.name, faults)
    return design


def is_path(name: str) -> bool:
    """Tell whether the name of an instrument is a path."""
    return "/" in name or Path(name).suffix in (".yaml", ".yml")
