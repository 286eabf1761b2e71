"""Daily states with carry-over, around each person's own level."""

from __future__ import annotations

import math

from .streams import Array
from .theory import DAILY, Lag, Spread
from .truth import World, partner

WITHHOLDING, CLOSENESS, ASSERTIVENESS = "day.withholding", "day.closeness", "day.assertiveness"


class Days:
    """The daily true scores of a diary that follows one wave.

    A state is √k · trait + √(1 − k) · w, where k is the diary's `person_share`, the trait is the true score of its
    scale at the wave, and w varies within the person:

    - withholding: v_d = φ v_{d−1} + √(1 − φ²) e_d, with the carry-over φ;
    - closeness: c_d = φ c_{d−1} + same-day and next-day paths from v_d and v_{d−1}, own and the partner's, + e_d;
    - assertiveness: `daily_withholding_with_assertiveness` · v_d, and a part of its own that carries over;
    - any other state carries over by itself.

    Each w has variance 1 and correlates with the partner's by the diary's `couple_correlation`. The day before the
    first is drawn too, and not shown, so that the first day is like the others.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._diary = world.design.diary
        self._carry = world.paths["carry_over"]
        self._spread = Spread.of(self._diary.couple_correlation)
        self._lags = [Lag.of(world.paths, self._diary.couple_correlation, sign) for sign in (1, -1)]
        self._states: dict[tuple[str, int], Array] = {}

    def within(self, scale: str, day: int) -> Array:
        """Give what varies within persons: the state without the person's own level, in standard deviations."""
        key = (scale, day)
        if key not in self._states:
            self._states[key] = self._within(scale, day)
        return self._states[key]

    def state(self, scale: str, day: int) -> Array:
        """Give the daily true scores of a scale (`instrument.scale`)."""
        share = self._diary.person_share
        trait = self.world.scale(scale, self._diary.wave)
        return math.sqrt(share) * trait + math.sqrt(1 - share) * self.within(scale, day)

    def _within(self, scale: str, day: int) -> Array:
        if scale == CLOSENESS:
            return self._closeness(day)
        if scale != ASSERTIVENESS:
            return self._carried(scale, day)
        slope = self.world.paths["daily_withholding_with_assertiveness"]
        return slope * self.within(WITHHOLDING, day) + math.sqrt(1 - slope**2) * self._carried(scale, day)

    def _carried(self, scale: str, day: int) -> Array:
        key = (f"own part of {scale}", day)
        if key not in self._states:
            noise = self.world.noise(f"state:{scale}:day:{day}", self._spread)
            if day > 0:
                noise = math.sqrt(1 - self._carry**2) * noise + self._carry * self._carried(scale, day - 1)
            self._states[key] = noise
        return self._states[key]

    def _closeness(self, day: int) -> Array:
        withholding = self.within(WITHHOLDING, day)
        total, difference = self._lags
        name = f"state:{CLOSENESS}:day:{day}"
        if day == 0:
            actor, other = (total.slope + difference.slope) / 2, (total.slope - difference.slope) / 2
            noise = self.world.noise(name, Spread(total.start_sd, difference.start_sd))
            first: Array = noise + actor * withholding + other * partner(withholding)
            return first
        value = self.world.noise(name, Spread(total.sd, difference.sd))
        value += self._carry * self.within(CLOSENESS, day - 1)
        for when, scores in (("same_day", withholding), ("next_day", self.within(WITHHOLDING, day - 1))):
            value += self.world.paths[f"{DAILY}_{when}_actor"] * scores
            value += self.world.paths[f"{DAILY}_{when}_partner"] * partner(scores)
        return value
