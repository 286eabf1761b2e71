"""The theory model as tables: constructs, what each depends on, which scale shows which, and what follows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

CONSTRUCTS = ("barriers", "practice", "assertiveness", "withholding", "climate", "general")
DAILY = "daily_withholding_on_closeness"

# What each construct depends on: cause, path from one's own value, path from the partner's value.
CAUSES: Mapping[str, tuple[tuple[str, str, str | None], ...]] = {
    "assertiveness": (("barriers", "barriers_with_assertiveness", None),),
    "withholding": (("barriers", "barriers_on_withholding_actor", "barriers_on_withholding_partner"),),
    "climate": (
        ("withholding", "withholding_on_climate_actor", "withholding_on_climate_partner"),
        ("assertiveness", "assertiveness_on_climate_actor", "assertiveness_on_climate_partner"),
    ),
}


@dataclass(frozen=True)
class Facet:
    """How a scale shows a construct.

    Attributes
    ----------
    construct : the construct that the scale shares with others.
    loading : correlation of the scale's true score with it.
    difficulty : how high the thresholds lie, in standard deviations: positive where high answers are rare.
    difference : the scale shows the partner's value minus one's own (ratings of who does more).
    """

    construct: str
    loading: float
    difficulty: float = 0.0
    difference: bool = False


FACETS: Mapping[str, Facet] = {
    "has.proactive": Facet("assertiveness", 0.8, -0.2),
    "has.relational": Facet("assertiveness", 0.8, -0.4),
    "has.collaborative": Facet("assertiveness", 0.8, -0.5),
    "has.solution_focused": Facet("assertiveness", 0.8, -0.4),
    "has.flexible": Facet("assertiveness", 0.7, -0.4),
    "css.passive": Facet("withholding", 0.5, 0.4),
    "css.assertive": Facet("assertiveness", 0.7, -0.3),
    "css.aggressive": Facet("assertiveness", -0.2, 1.1),
    "rws.avoidance": Facet("withholding", 0.85, 0.6),
    "rws.emotional_withdrawal": Facet("withholding", 0.85, 0.6),
    "rws.nontransparency": Facet("withholding", 0.8, 0.8),
    "bar.fear_of_conflict": Facet("barriers", 0.8, 0.3),
    "bar.inadequacy": Facet("barriers", 0.75, 0.6),
    "bar.unsafety": Facet("barriers", 0.6, 1.6),
    "bar.skill_gap": Facet("barriers", 0.7, 0.5),
    "rel.trust_safety": Facet("climate", 0.85, -0.7),
    "rel.shared_decisions": Facet("climate", 0.75, -0.6),
    "rel.intimacy": Facet("climate", 0.85, -0.5),
    "rel.resentment": Facet("climate", -0.8, 0.7),
    "rel.distance": Facet("climate", -0.8, 0.7),
    "bur.initiating": Facet("assertiveness", 0.7, 0.0, difference=True),
    "bur.avoiding": Facet("withholding", 0.7, 0.0, difference=True),
    "aps.noticing": Facet("practice", 0.6, 0.4),
    "aps.costs": Facet("practice", 0.6, 0.6),
    "aps.triggers": Facet("practice", 0.6, 0.6),
    "aps.naming": Facet("practice", 0.6, 0.4),
    "aps.practice": Facet("practice", 0.7, 0.5),
    "aps.set_times": Facet("practice", 0.5, 0.9),
    "aps.seeking_help": Facet("practice", 0.4, 1.2),
    "day.assertiveness": Facet("assertiveness", 0.8, -0.3),
    "day.withholding": Facet("withholding", 0.8, 0.8),
    "day.closeness": Facet("climate", 0.8, -0.6),
    "day.conflict": Facet("climate", -0.5, 1.0),
}
SHORT_FORMS: Mapping[str, str] = {"has10": "has", "rws6": "rws"}
# Unscored questions of fact: shares of their options. They depend on nothing and stay the same on all occasions.
SHARES: Mapping[str, tuple[float, ...]] = {"bar17": (0.75, 0.15, 0.10)}


def full_form(instrument: str) -> str:
    """Name the full form of a short form, so that both have the same true scores and answers."""
    return SHORT_FORMS.get(instrument, instrument)


def facet_of(scale: str, scale_correlation: float) -> Facet:
    """Find what a scale shows; scales outside the theory model share one general construct."""
    instrument, _, name = scale.partition(".")
    general = Facet("general", math.sqrt(scale_correlation))
    return FACETS.get(f"{full_form(instrument)}.{name}", general)


@dataclass(frozen=True)
class Spread:
    """Standard deviations of a couple's sum and of its difference, each divided by √2.

    Two exchangeable partners with variance v and covariance ρv have v(1 + ρ) and v(1 − ρ) there, and paths a (actor)
    and p (partner) act as a + p on sums and as a − p on differences, so that the couple falls into two simple models.
    """

    total: float
    difference: float

    @classmethod
    def of(cls, correlation: float) -> Spread:
        """Give the spread of two unit variances with a correlation."""
        return cls(math.sqrt(1 + correlation), math.sqrt(1 - correlation))


def effects(name: str, paths: Mapping[str, float], sign: int) -> dict[str, float]:
    """Add up actor and partner paths on a construct: sign 1 for a couple's sums, −1 for its differences."""
    found = {}
    for cause, actor, partner in CAUSES.get(name, ()):
        found[cause] = paths[actor] + sign * (paths[partner] if partner else 0.0)
    return found


def residuals(paths: Mapping[str, float], partners: Mapping[str, float]) -> dict[str, Spread]:
    """Find what each construct must vary by itself, so that its variance is 1 and partners correlate as wished.

    Raises
    ------
    ValueError
        If the paths already explain more than that.
    """
    total, difference = (_level(paths, partners, sign)[0] for sign in (1, -1))
    return {name: Spread(math.sqrt(total[name]), math.sqrt(difference[name])) for name in CONSTRUCTS}


def implied_correlations(
    paths: Mapping[str, float], partners: Mapping[str, float]
) -> list[tuple[str, str, float, float]]:
    """Give the correlations of the constructs at the first wave: within persons, and between partners."""
    total, difference = (_level(paths, partners, sign)[1] for sign in (1, -1))
    pairs = itertools.combinations_with_replacement(CONSTRUCTS, 2)
    return [
        (one, two, (total[two, one] + difference[two, one]) / 2, (total[two, one] - difference[two, one]) / 2)
        for one, two in pairs
    ]


def _level(
    paths: Mapping[str, float], partners: Mapping[str, float], sign: int
) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Work out residual variances and covariances of sums (sign 1) or differences (−1), cause by cause."""
    rest: dict[str, float] = {}
    covariance: dict[tuple[str, str], float] = {}
    for position, name in enumerate(CONSTRUCTS):
        given = effects(name, paths, sign)
        for other in CONSTRUCTS[:position]:
            shared = sum(effect * covariance[cause, other] for cause, effect in given.items())
            covariance[name, other] = covariance[other, name] = shared
        explained = sum(effect * covariance[name, cause] for cause, effect in given.items())
        covariance[name, name] = 1 + sign * partners[name]
        rest[name] = _left_over(name, covariance[name, name] - explained)
    return rest, covariance


def _left_over(name: str, variance: float) -> float:
    if variance < 0:
        raise ValueError(
            f"the paths on {name} explain more than its whole variance, or more than `couple_correlation` leaves "
            "between partners; make the paths smaller, or change the couple correlation of what they join"
        )
    return variance


@dataclass(frozen=True)
class Lag:
    """The daily model of closeness on withholding, for sums or for differences of a couple.

    With V the variance of withholding v, φ its carry-over, and c = φ c₋₁ + b₁ v + b₂ v₋₁ + e the closeness: the
    covariance of c and v is k = (b₁ + b₂ φ) V / (1 − φ²), and e has the variance that keeps the variance of c at V.
    """

    slope: float
    start_sd: float
    sd: float

    @classmethod
    def of(cls, paths: Mapping[str, float], correlation: float, sign: int) -> Lag:
        """Work out how closeness begins, given withholding, and what it varies by from day to day."""
        same = paths[f"{DAILY}_same_day_actor"] + sign * paths[f"{DAILY}_same_day_partner"]
        after = paths[f"{DAILY}_next_day_actor"] + sign * paths[f"{DAILY}_next_day_partner"]
        carry, variance = paths["carry_over"], 1 + sign * correlation
        joint = (same + after * carry) * variance / (1 - carry**2)
        explained = (same**2 + after**2 + 2 * same * after * carry) * variance
        rest = variance * (1 - carry**2) - explained - 2 * carry * joint * (same * carry + after)
        start = _left_over("daily closeness", variance - joint**2 / variance)
        return cls(joint / variance, math.sqrt(start), math.sqrt(_left_over("daily closeness", rest)))
