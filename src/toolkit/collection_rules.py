"""How a collection must fit its study: every fault is found, each with its place below `collection`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from importlib.resources import files

from .checks import listed, nearest, quoted
from .collection import Collection, OccasionPlan
from .instrument_model import Instrument

Found = Iterator[tuple[tuple[str | int, ...], str]]
BARRIERS = "bar"
SAFETY_SCALES = ("fear_of_conflict", "unsafety")
RESERVED = ("person", "couple", "role", "wave", "day", "seconds", "seconds_per_item", "late")


def collection_faults(
    collection: Collection, instruments: Sequence[Instrument], *, couples: bool
) -> list[tuple[tuple[str | int, ...], str]]:
    """Find everything in a collection that does not fit the study's instruments, keys and languages."""
    known = {one.id: one for one in instruments}
    found = [
        *_roles(collection, couples),
        *_ids(collection, known),
        *_occasion_names(collection, known),
        *_unasked(collection),
        *_occasion_keys(collection),
        *_overlaps(collection),
        *_closing(collection),
        *_required(collection, known),
        *_instructed(collection, known),
        *_interface_languages(collection),
        *_own_languages(collection),
        *_instrument_languages(collection, known),
        *_feedback(collection, known),
    ]
    return list(dict.fromkeys(found))


def interface_languages() -> tuple[str, ...]:
    """List the languages in which the words of the questionnaire's pages exist."""
    folder = files("toolkit") / "questionnaire" / "texts"
    return tuple(sorted(one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml")))


def sensitive_items(one: Instrument) -> tuple[str, ...]:
    """List the items that nobody may be pressed to answer: those from a content note on, and all barriers."""
    if one.id == BARRIERS:
        return one.item_ids
    noted = [place for place, item in enumerate(one.item_ids) if one.by_id[item].content_note]
    return one.item_ids[noted[0] :] if noted else ()


def safety_items(one: Instrument) -> tuple[str, ...]:
    """List the items on fear of conflict and unsafety; none where the instrument does not hold both scales."""
    if one.id != BARRIERS or not all(scale in one.scales for scale in SAFETY_SCALES):
        return ()
    return tuple(item for scale in SAFETY_SCALES for item in one.scale_items(scale))


def _roles(collection: Collection, couples: bool) -> Found:
    if collection.roles and not couples:
        yield ("roles",), "roles tell partners apart, but the study has no couples; name `couple` under `keys`"


def _ids(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    taken = {item: f"an item of {one.id}" for one in known.values() for item in one.by_id}
    taken |= dict.fromkeys(RESERVED, "a column that every store gives")
    entries = [(("questions", i, "id"), one.id) for i, one in enumerate(collection.questions)]
    entries += [(("instructed", i, "id"), one.id) for i, one in enumerate(collection.instructed)]
    for place, name in entries:
        if name in taken:
            yield place, f"{quoted(name)} is already {taken[name]}; choose another id"
        taken[name] = "a question of this study"


def _occasion_names(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    questions = [one.id for one in collection.questions]
    for index, plan in enumerate(collection.occasions):
        for key, names, there in (
            ("instruments", plan.instruments, list(known)),
            ("questions", plan.questions, questions),
        ):
            for position, name in enumerate(names):
                place = ("occasions", index, key, position)
                if name not in there:
                    message = f"the study has no {key.removesuffix('s')} {quoted(name)}.{nearest(name, there)}"
                    yield place, f"{message} There are: {listed(there, 20) or 'none'}"
                elif name in names[:position]:
                    yield place, f"{quoted(name)} is listed twice; keep one"


def _unasked(collection: Collection) -> Found:
    asked = {name for plan in collection.occasions for name in plan.questions}
    for index, one in enumerate(collection.questions if collection.occasions else ()):
        if one.id not in asked:
            message = f"no occasion asks {quoted(one.id)}; list it under the `questions` of one, or take it out"
            yield ("questions", index, "id"), message


def _occasion_keys(collection: Collection) -> Found:
    seen: set[tuple[str | None, bool]] = set()
    for index, plan in enumerate(collection.occasions):
        key = (plan.wave, plan.days is not None)
        if key in seen:
            kind = "diaries" if plan.days else "occasions"
            wave = "without a wave" if plan.wave is None else f"of the wave {quoted(plan.wave)}"
            yield ("occasions", index), f"two {kind} {wave} cannot be told apart in the data; give each its own `wave`"
        seen.add(key)
    if len(collection.occasions) > 1:
        for index, plan in enumerate(collection.occasions):
            if plan.wave is None:
                yield ("occasions", index), "with several occasions each needs a `wave`"


def _overlaps(collection: Collection) -> Found:
    """Refuse two of one kind that are open at once; a diary may run beside another occasion, which comes first."""
    for index, plan in enumerate(collection.occasions):
        for earlier, other in enumerate(collection.occasions[:index]):
            if (plan.days is None) == (other.days is None) and _both_open(_hours(plan), _hours(other)):
                message = f"the occasion is open at the same time as the one in place {earlier + 1}"
                yield ("occasions", index), f"{message}; change `opens` or `closes` so that one ends before the other"


def _both_open(one: tuple[str, float, float] | None, other: tuple[str, float, float] | None) -> bool:
    if one is None or other is None or one[0] != other[0]:
        return False
    return one[1] < other[2] and other[1] < one[2]


def _hours(plan: OccasionPlan) -> tuple[str, float, float] | None:
    """Give the span of an occasion in hours, from the consent or in the calendar; None where it mixes the two."""
    kind = "dates" if isinstance(plan.opens, date) else "days"
    first = _day(plan.opens)
    start, end = plan.open_hours
    if plan.days is not None:
        return kind, first * 24 + start, (first + plan.days - 1) * 24 + end
    if plan.closes is None:
        return kind, first * 24, float("inf")
    return (kind, first * 24, (_day(plan.closes) + 1) * 24) if type(plan.opens) is type(plan.closes) else None


def _day(when: int | date) -> int:
    return when.toordinal() if isinstance(when, date) else when


def _closing(collection: Collection) -> Found:
    if collection.closes is None:
        return
    for index, plan in enumerate(collection.occasions):
        for key, when in (("opens", plan.opens), ("closes", plan.closes)):
            if isinstance(when, date) and when > collection.closes:
                message = f"the occasion {key} on {when}, after the study's last day ({collection.closes})"
                yield ("occasions", index, key), f"{message}; change one of them"


def _asked(collection: Collection, known: Mapping[str, Instrument]) -> list[Instrument]:
    """List the instruments that are asked at some occasion."""
    names = {name for plan in collection.plans(list(known)) for name in plan.instruments}
    return [one for name, one in known.items() if name in names]


def _required(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    items = [item for one in known.values() for item in one.item_ids]
    there = [*items, *(one.id for one in collection.questions), *(one.id for one in collection.instructed)]
    spared = {item: one.id for one in known.values() for item in sensitive_items(one)}
    for index, name in enumerate(collection.required):
        if name not in there:
            yield ("required", index), f"there is no item or question {quoted(name)}.{nearest(name, there)}"
        elif name in spared:
            yield (
                ("required", index),
                f"{quoted(name)} may not be required: nobody is pressed to answer the items of `bar`, nor those that "
                f"follow a content note (here in {spared[name]}); leave it out",
            )


def _instructed(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    for index, one in enumerate(collection.instructed):
        place = ("instructed", index)
        if one.instrument not in known:
            message = f"the study has no instrument {quoted(one.instrument)}.{nearest(one.instrument, known)}"
            yield (*place, "instrument"), f"{message} There are: {listed(known, 20)}"
            continue
        found = known[one.instrument]
        if found.id == BARRIERS:
            yield (
                (*place, "instrument"),
                "a trick item has no place beside items about danger; put it in another instrument",
            )
        if one.after is not None and one.after not in found.item_ids:
            message = f"{found.id} shows no item {quoted(one.after)}.{nearest(one.after, found.item_ids)}"
            yield (*place, "after"), message
            continue
        low, high = found.range(one.after or found.item_ids[len(found.item_ids) // 2])
        if not low <= one.answer <= high:
            yield (*place, "answer"), f"the answer {one.answer} lies outside the range of {found.id} ({low} to {high})"


def _interface_languages(collection: Collection) -> Found:
    there = interface_languages()
    for index, language in enumerate(collection.languages):
        if language not in there:
            message = f"the words of the pages (buttons, notices) do not exist in {quoted(language)}"
            yield ("languages", index), f"{message}, only in {', '.join(there)}"


def _own_languages(collection: Collection) -> Found:
    texts: list[tuple[tuple[str | int, ...], Mapping[str, str]]] = [(("consent", "text"), collection.consent.text)]
    texts += [(("contact",), collection.contact)] if collection.contact else []
    texts += [(("feedback", "help_line"), collection.feedback.help_line)] if collection.feedback else []
    for index, question in enumerate(collection.questions):
        texts.append((("questions", index, "text"), question.text))
        texts += [(("questions", index, "options", name), text) for name, text in question.options.items()]
    texts += [(("instructed", index, "text"), one.text) for index, one in enumerate(collection.instructed)]
    for place, text in texts:
        lacking = [language for language in collection.languages if not text.get(language, "").strip()]
        if lacking:
            yield (
                place,
                f"the text in {listed(lacking)} is missing; the study's languages are {listed(collection.languages)}",
            )


def _instrument_languages(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    for one in _asked(collection, known):
        shown = [one.by_id[item] for item in one.item_ids]
        if not all(item.text for item in shown):
            message = f"the instrument {quoted(one.id)} has no wording, only keys, so it cannot be asked"
            yield (), f"{message}; use a file that holds its items"
            continue
        texts = [one.title, one.instructions, one.timeframe, *(item.text for item in shown)]
        texts += [item.content_note for item in shown]
        texts += [dict.fromkeys(one.response[item.response].labels, "") for item in shown]
        lacking = [name for name in collection.languages if any(text and name not in text for text in texts)]
        if lacking:
            there = ", ".join(sorted(shown[0].text))
            yield (
                ("languages",),
                f"the instrument {quoted(one.id)} has no wording in {listed(lacking)}, only in {there}; "
                "add the translation to its file, or leave the language out",
            )


def _feedback(collection: Collection, known: Mapping[str, Instrument]) -> Found:
    if collection.feedback is None:
        return
    plans = collection.plans(list(known))
    if not any(safety_items(known[name]) for plan in plans for name in plan.instruments if name in known):
        yield (
            ("feedback",),
            "feedback needs bar.fear_of_conflict and bar.unsafety at the same occasion: holding back can be the sound "
            "choice where speaking up is unsafe, and only these tell; add `bar`, or leave `feedback` out",
        )
