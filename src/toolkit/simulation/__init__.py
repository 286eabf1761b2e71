"""Simulation: answers with a known truth, from the theory model or for any instrument."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from ..errors import ArgumentError
from ..study import Study
from .daily import Days
from .design import Design
from .form import Form, Instrument, make_form, questions
from .sheets import Occasion, Writer
from .simulated import Simulated
from .tables import truth_frames
from .truth import World

__all__ = ["Design", "Simulated", "simulate", "write_simulation"]


def simulate(
    what: Instrument | Study | Design | str | Path | Iterable[Instrument | str],
    *,
    n_couples: int | None = None,
    n_waves: int | None = None,
    n_days: int | None = None,
    seed: int | None = None,
    design: Design | None = None,
) -> Simulated:
    """Simulate the answers of couples, and return the truth beside them.

    Each answer follows a graded-response model: y* = λ F + √(1 − λ²) e, and the answer is min + the number of
    thresholds below y*. The true scores F of the toolkit's own instruments follow the theory model: barriers →
    withholding → climate, with actor and partner paths; assertiveness → climate; practice → change in assertiveness;
    daily withholding → same-day and next-day closeness. Scales outside it have true scores that correlate by
    `Design.scale_correlation`. Every construct has variance 1 and partners correlate by `Design.couple_correlation`.
    The numbers of the design are assumptions: what a simulation shows of them is no finding about people.

    Parameters
    ----------
    what : an instrument, its id or path, or several; a study (its instruments); a `Design`; or the path of a
        `simulation.yaml`, which holds one.
    n_couples, n_waves, n_days, seed : in place of the design's values.
    design : everything else, where `what` is not a design itself: missing answers, careless respondents, paths.

    Raises
    ------
    ToolkitError
        If something does not fit: each fault is named.

    Notes
    -----
    Each random stream is named after what it draws (`item:has01:wave:1`), so that adding an item, an instrument or a
    scale outside the theory model changes no other column, and adding couples keeps those that were there.

    References
    ----------
    Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores. *Psychometrika,
    34*(S1), 1–97. doi:10.1007/BF03372160

    Examples
    --------
    >>> made = simulate("rws", n_couples=100, n_waves=2)
    >>> made
    Simulated answers: 100 couples, 2 waves, seed 20260101
    >>> made.frame[["person", "couple", "role", "wave", "rws01"]].head(2)
       person  couple role  wave  rws01
    0       1       1    b     1      1
    1       2       1    a     1      2
    >>> made.truth["paths"].set_index("name").loc[["barriers_on_withholding_actor", "stability"]]
                                   value
    name
    barriers_on_withholding_actor    0.5
    stability                        0.7
    """
    alone = isinstance(what, Instrument | Study | Design | str | Path)
    if not alone and not isinstance(what, Iterable):
        raise ArgumentError(f"what is {type(what).__name__}, but must be an instrument, a study, a design or a path.")
    sizes = {"n_couples": n_couples, "n_waves": n_waves, "n_days": n_days, "seed": seed}
    return _draw(make_form(what if alone else list(what), design, sizes))  # type: ignore[arg-type]


def _draw(form: Form) -> Simulated:
    """Draw the answers of a form."""
    world = World(form.design)
    days = Days(world)
    writer = Writer(form, world)
    waves = [Occasion(wave, None, cache(partial(world.scale, wave=wave))) for wave in range(1, form.design.n_waves + 1)]
    after = form.design.diary.wave
    daily = [Occasion(after, day, cache(partial(days.state, day=day))) for day in range(1, form.n_days + 1)]
    frame, reasons = writer.sheet(questions(form.instruments), waves)
    diary, diary_reasons = writer.sheet(questions(form.daily), daily) if daily else (None, None)
    truth = truth_frames(writer, [*waves, *daily], days)
    return Simulated(frame, reasons, diary, diary_reasons, truth, form.design, form.instruments, form.daily)


def write_simulation(path: str | Path, out: str | Path) -> list[Path]:
    """Simulate what a `simulation.yaml` describes, and write it to a folder; the same file gives the same bytes.

    Raises
    ------
    ToolkitError
        If the file has faults, or something cannot be written.
    """
    return simulate(Path(path)).write(out)
