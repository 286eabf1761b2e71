"""The indices of careless answers: values, cuts and flags of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from .. import format as fmt
from ..checks import check_known, check_number, counted, listed, quoted
from ..errors import AnalysisError, ArgumentError
from ..kernels import careless
from ..responses import Responses
from .inputs import Array, answers_array, as_numbers, chosen_items, item_array

Flags = npt.NDArray[np.bool_]
Side = Literal["at least", "above", "below"]

FEWEST_IN_RUN = 6
FEWEST_IN_HALF = 2
FEWEST_SCALES, FEWEST_SYNONYMS = 5, 10  # over fewer, a person's correlation says little
FEWEST_FOR_PAIRS = 30  # persons, below which items correlate beyond .60 by chance
LARGEST = 1e100
STABLE = 5  # persons for each item, below which chi-square is a poor guide to distances
PER_ITEM, TOTAL = "seconds_per_item", "seconds"
SOURCES = {
    "longstring": ("Johnson (2005); Curran (2016)", "10.1016/j.jesp.2015.07.006"),
    "irv_low": ("Dunn et al. (2018); Leys et al. (2013)", "10.1007/s10869-016-9479-0"),
    "irv_high": ("Marjanovic et al. (2015); Leys et al. (2013)", "10.1016/j.paid.2014.08.021"),
    "mahalanobis": ("Meade & Craig (2012)", "10.1037/a0028085"),
    "even_odd": ("Johnson (2005)", "10.1016/j.jrp.2004.09.009"),
    "synonyms": ("Meade & Craig (2012)", "10.1037/a0028085"),
    "antonyms": ("Johnson (2005); Meade & Craig (2012)", "10.1037/a0028085"),
    "missed": ("Meade & Craig (2012)", "10.1037/a0028085"),
    "too_fast": ("Huang et al. (2012)", "10.1007/s10869-011-9231-8"),
}
NAMES = tuple(SOURCES)


@dataclass(frozen=True)
class QualityCuts:
    """Where each index begins to flag. All are conventions: look at the histograms, and set your own.

    Attributes
    ----------
    longstring : length of a run of one answer that flags; by default half of the longest row of items of one
        instrument with the same options, and at least 6.
    irv_spread : how many robust standard deviations (1.4826 · MAD) below or above the median variability flags.
    mahalanobis_p : p of the distance below which a person is flagged.
    even_odd : inconsistency above which a person is flagged; −.30 is a corrected correlation of .30.
    synonyms_r, antonyms_r : correlation beyond which two items are a pair.
    synonyms : a person's correlation over synonyms below which they are flagged.
    antonyms : a person's correlation over antonyms above which they are flagged.
    missed : wrong answers to instructed items that flag.
    seconds_per_item : time below which a person is flagged.
    """

    longstring: int | None = None
    irv_spread: float = 3.0
    mahalanobis_p: float = 0.01
    even_odd: float = -0.30
    synonyms_r: float = 0.60
    synonyms: float = 0.0
    antonyms_r: float = -0.60
    antonyms: float = 0.0
    missed: int = 1
    seconds_per_item: float = 2.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None or one.name != "longstring":
                check_number(one.name, value, *LIMITS.get(one.name, (1e-9, 1e6)))

    def as_settings(self) -> dict[str, Any]:
        """Give the cuts for `Result.settings`."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


LIMITS = {
    "longstring": (2, 1e6),
    "mahalanobis_p": (1e-12, 1 - 1e-12),
    "even_odd": (-1, 1),
    "synonyms_r": (1e-9, 1),
    "synonyms": (-1, 1),
    "antonyms_r": (-1, -1e-9),
    "antonyms": (-1, 1),
    "missed": (1, 1e6),
}
USUAL_CUTS = QualityCuts()


@dataclass(frozen=True)
class Index:
    """One index.

    Attributes
    ----------
    name : its machine name.
    values : (n,) NaN where it cannot be computed.
    cut : the value at which flags begin; NaN where the index could not be computed at all.
    side : whether values from the cut on, above it or below it are flagged.
    rule : the cut in words.
    note : why it could not be computed, or what the reader must know.
    flags : (n,) who is flagged.
    """

    name: str
    values: Array
    cut: float
    side: Side
    rule: str
    note: str = ""
    flags: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if not len(self.flags):
            compare = {"at least": np.greater_equal, "above": np.greater, "below": np.less}[self.side]
            object.__setattr__(self, "flags", compare(self.values, self.cut))

    @property
    def computable(self) -> Flags:
        """Mark the persons for whom there is a value."""
        return ~np.isnan(self.values)

    @property
    def is_computed(self) -> bool:
        """Tell whether there is a value for anybody."""
        return bool(self.computable.any())


def absent(name: str, n: int, note: str) -> Index:
    """Stand for an index that cannot be computed, with the reason."""
    return Index(name, np.full(n, np.nan), np.nan, "above", "", note)


@dataclass(frozen=True)
class Answered:
    """The answers that indices are computed from.

    Attributes
    ----------
    responses : the rows.
    items : the items in the order of presentation.
    raw : (n, k) answers as given.
    even : (n, k) the same, as shares of each item's range where ranges differ.
    sections : columns at which another instrument or other response options begin.
    """

    responses: Responses
    items: tuple[str, ...]
    raw: Array
    even: Array
    sections: tuple[int, ...]

    @classmethod
    def of(cls, responses: Responses, others: frozenset[str]) -> Answered:
        """Take the items that anybody answered; of a plain frame all numeric columns but those named otherwise."""
        named = [name for name in chosen_items(responses, None) if name not in others]
        items = tuple(name for name in named if responses.frame[name].notna().any())
        if not items:
            raise AnalysisError("nobody answered an item, so there is nothing to look at.")
        raw = answers_array(responses, items)
        immense = [name for name, column in zip(items, raw.T, strict=True) if (np.abs(column) > LARGEST).any()]
        if immense:
            raise AnalysisError(
                f"the column {listed(immense)} holds numbers that are no answers; mend it, or leave it out."
            )
        if not responses.instruments:
            return cls(responses, items, raw, raw, (0,))
        options = [_options(responses, item) for item in items]
        sections = tuple(at for at, one in enumerate(options) if at == 0 or one != options[at - 1])
        ranges = np.array([responses.declared(item) for item in items], dtype=np.float64)
        uniform = bool((ranges == ranges[0]).all())
        even = raw if uniform else (raw - ranges[:, 0]) / (ranges[:, 1] - ranges[:, 0])
        return cls(responses, items, raw, even, sections)

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.raw)

    @property
    def n_answered(self) -> npt.NDArray[np.intp]:
        """How many items each person answered."""
        return np.asarray((~np.isnan(self.raw)).sum(axis=1))

    @property
    def longest_section(self) -> int:
        """How many items with the same options follow one another at most."""
        return int(np.diff([*self.sections, len(self.items)]).max(initial=0))

    @property
    def unit(self) -> str:
        """What variability is measured in."""
        around = "around each instrument's own mean" if len(self.sections) > 1 else ""
        shares = "" if self.even is self.raw else "answers as shares of each item's range, since ranges differ"
        return ", ".join(part for part in (shares, around) if part)

    def halves(self) -> tuple[Array, list[list[int]], list[str]]:
        """Give recoded answers, the columns of each scale with enough items, and the names of the other scales."""
        columns: list[Array] = []
        scales: list[list[int]] = []
        short: list[str] = []
        width = 0
        for name in self.responses.own_scales:
            one, scale = self.responses.find_scale(name)
            held = [item for item in one.scale_items(scale) if item in self.items]
            if not held:
                continue
            if one.scales[scale].kind == "composite" or len(held) < 2 * FEWEST_IN_HALF:
                short.append(name)
                continue
            low, high = one.range(held[0])
            columns.append((item_array(self.responses, one, held) - low) / (high - low))
            scales.append(list(range(width, width + len(held))))
            width += len(held)
        return np.hstack(columns) if columns else np.empty((self.n, 0)), scales, short


def _options(responses: Responses, item: str) -> tuple[Any, ...]:
    one = next(one for one in responses.instruments if item in one.by_id)
    return (one.id, *one.range(item), *one.labels(item))


def indices(
    answered: Answered, cuts: QualityCuts, seconds: str | None, instructed: Mapping[str, Any]
) -> tuple[Index, ...]:
    """Compute every index; those that cannot be computed say why."""
    return (
        _longstring(answered, cuts),
        *_variability(answered, cuts),
        _mahalanobis(answered, cuts),
        _even_odd(answered, cuts),
        _over_pairs(answered, "synonyms", cuts.synonyms_r, cuts.synonyms),
        _over_pairs(answered, "antonyms", cuts.antonyms_r, cuts.antonyms),
        _missed(answered, cuts, instructed),
        _too_fast(answered, cuts, seconds),
    )


def _longstring(answered: Answered, cuts: QualityCuts) -> Index:
    longest = careless.runs(answered.raw, answered.sections).longest
    if cuts.longstring is not None:
        return Index("longstring", longest, cuts.longstring, "at least", "a run of one answer of the length given")
    if answered.longest_section < FEWEST_IN_RUN:
        reason = f"no instrument has {FEWEST_IN_RUN} items with the same options one after another"
        return absent("longstring", answered.n, f"{reason}; give a cut of your own: QualityCuts(longstring=…)")
    cut = max(FEWEST_IN_RUN, int(np.ceil(answered.longest_section / 2)))
    rule = f"a run of half of the {answered.longest_section} items of one instrument with the same options"
    return Index("longstring", longest, cut, "at least", rule)


def _variability(answered: Answered, cuts: QualityCuts) -> Iterator[Index]:
    values = careless.response_variability(answered.even, answered.sections)
    low, high = careless.robust_bounds(values, cuts.irv_spread)
    reason = "nobody answered two items" if np.isnan(low) else ""
    if not reason and low == high:
        reason = "at least half of the people vary equally much, so that there is no robust spread to judge by"
    width = fmt.number(cuts.irv_spread, 1).removesuffix(".0")
    for name, cut, side, word in (("irv_low", low, "below", "below"), ("irv_high", high, "above", "above")):
        if reason:
            yield absent(name, answered.n, reason)
        else:
            rule = f"an SD of the answers more than {width} robust SD {word} the median"
            yield Index(name, values, cut, side, rule, answered.unit)  # type: ignore[arg-type]


def _mahalanobis(answered: Answered, cuts: QualityCuts) -> Index:
    k = len(answered.items)
    n = int((answered.n_answered > 0).sum())
    if n <= k + 1:
        return absent("mahalanobis", answered.n, f"{n} people with answers are too few for {k} items")
    found = careless.mahalanobis(answered.raw)
    if not found.regular:
        reason = (
            "the covariances of the items are not positive definite (an item does not vary, or follows from others)"
        )
        return absent("mahalanobis", answered.n, reason)
    cut = float(special.chdtri(k, cuts.mahalanobis_p))
    p = fmt.number(cuts.mahalanobis_p, 3, bounded=True).rstrip("0")
    rule = f"p < {p} of a chi-square with as many df as answers; the cut is that of {k} answers"
    few = f"with {n} people for {k} items, distances vary less than chi-square says, so that few are flagged"
    note = few if n < STABLE * k else ""
    with np.errstate(invalid="ignore"):
        flags = found.p < cuts.mahalanobis_p
    return Index("mahalanobis", found.squared, cut, "above", rule, note, flags)


def _even_odd(answered: Answered, cuts: QualityCuts) -> Index:
    x, scales, short = answered.halves()
    left_out = f"scales with fewer than {FEWEST_IN_HALF} items a half are left out: {', '.join(short)}" if short else ""
    if len(scales) < FEWEST_SCALES:
        reason = f"{FEWEST_SCALES} scales with at least {FEWEST_IN_HALF} items a half are needed"
        return absent("even_odd", answered.n, f"{reason}, but there are {len(scales)}")
    values = careless.even_odd(x, scales)
    if np.isnan(values).all():
        return absent("even_odd", answered.n, "nobody answered both halves of enough scales")
    corrected = fmt.number(-cuts.even_odd, 2, bounded=True)
    rule = f"halves of the {len(scales)} scales that correlate less than {corrected} (Spearman–Brown)"
    return Index("even_odd", values, cuts.even_odd, "above", rule, left_out)


def _over_pairs(answered: Answered, name: str, critical: float, cut: float) -> Index:
    n = int((answered.n_answered > 0).sum())
    if n < FEWEST_FOR_PAIRS:
        reason = f"{counted(n, 'person')} with answers are too few to find pairs of items by their correlations"
        return absent(name, answered.n, f"{reason}, which takes {FEWEST_FOR_PAIRS}")
    pairs = careless.item_pairs(answered.even, critical)
    bound = f"r {'>' if critical > 0 else '<'} {fmt.number(critical, 2, bounded=True)}"
    if len(pairs) < FEWEST_SYNONYMS:
        reason = f"{FEWEST_SYNONYMS} pairs of items with {bound} are needed, but there are {len(pairs)}"
        return absent(name, answered.n, reason)
    values = careless.pair_correlation(answered.even, pairs)
    if np.isnan(values).all():
        return absent(name, answered.n, f"nobody answered enough of the {len(pairs)} pairs")
    side: Side = "below" if critical > 0 else "above"
    rule = f"own r over {len(pairs)} pairs of items ({bound} in all) {side} {fmt.number(cut, 2, bounded=True)}"
    return Index(name, values, cut, side, rule)


def _missed(answered: Answered, cuts: QualityCuts, instructed: Mapping[str, Any]) -> Index:
    if not instructed:
        return absent("missed", answered.n, "no instructed items were named")
    columns = [as_numbers(answered.responses, name) for name in instructed]
    wordy = [name for name, column in zip(instructed, columns, strict=True) if column is None]
    if wordy:
        raise ArgumentError(f"instructed: the column {listed(wordy)} holds no numbers; give the codes of the answers.")
    right = np.array([float(answer) for answer in instructed.values()])
    values = careless.missed(np.column_stack([one for one in columns if one is not None]), right)
    if np.isnan(values).all():
        return absent("missed", answered.n, "nobody answered an instructed item")
    rule = f"wrong answers to {counted(len(instructed), 'instructed item')}"
    return Index("missed", values, cuts.missed, "at least", rule, "an instructed item without answer is not wrong")


def _too_fast(answered: Answered, cuts: QualityCuts, seconds: str | None) -> Index:
    present = answered.responses.covariates
    name = seconds or next((one for one in (PER_ITEM, TOTAL) if one in present), None)
    if name is None:
        return absent("too_fast", answered.n, "there is no column of response times; name one with seconds=…")
    given = as_numbers(answered.responses, name)
    if given is None:
        raise ArgumentError(f"seconds: the column {quoted(name)} holds no numbers; give seconds.")
    if name == PER_ITEM:
        values, what = given, "median seconds for an item"
    else:
        n = answered.n_answered
        values = np.divide(given, n, out=np.full(len(n), np.nan), where=n > 0)
        what = "seconds, divided by the number of items answered,"
    if np.isnan(values).all():
        return absent("too_fast", answered.n, f"the column {quoted(name)} is empty")
    rule = f"{what} below {fmt.number(cuts.seconds_per_item, 1).removesuffix('.0')}"
    return Index("too_fast", values, cuts.seconds_per_item, "below", rule)


def check_columns(responses: Responses, seconds: str | None, instructed: Mapping[str, Any] | None) -> None:
    """Refuse columns that are not there, and answers that are no numbers."""
    if seconds is not None:
        check_known("seconds", [seconds], responses.covariates, "column")
    if instructed is None:
        return
    if not isinstance(instructed, Mapping):
        raise ArgumentError("instructed must say which answer is right: {'check1': 3}.")
    check_known("instructed", list(instructed), (*responses.covariates, *responses.items), "column")
    for name, answer in instructed.items():
        check_number(f"instructed[{name!r}]", answer, -1e9, 1e9)
