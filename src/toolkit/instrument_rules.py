"""How the parts of an instrument must fit together, checked on plain data so that every fault is found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .checks import counted, nearest, quoted

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$"
POOL_STEPS = 500
Found = Iterator[tuple[tuple[Any, ...], str]]


def inconsistencies(data: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    """Find everything that does not fit together in an instrument's raw data, each with its place."""
    rules = (
        _repeated_items,
        _unknown_response_formats,
        _reversed_without_range,
        _scales_without_items,
        _unknown_scale_items,
        _unknown_parts,
        _scales_in_circles,
        _repeated_in_scale,
        _mixed_ranges,
        _impossible_counts,
        _items_outside_scales,
        _unknown_homes,
        _missing_wording,
        _missing_translations,
    )
    return [found for rule in rules for found in rule(data)]


def _items(data: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """List the items that can be read at all, each with its position."""
    items = data.get("items")
    entries = enumerate(items) if isinstance(items, list) else ()
    return [(index, item) for index, item in entries if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _scales(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    scales = data.get("scales")
    return (
        {name: scale for name, scale in scales.items() if isinstance(scale, dict)} if isinstance(scales, dict) else {}
    )


def _names(scale: Mapping[str, Any], key: str) -> list[str]:
    names = scale.get(key)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _range(data: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[int, int] | None:
    formats = data.get("response")
    name = item.get("response")
    options = formats.get(name) if isinstance(formats, dict) and isinstance(name, str) else None
    bounds = (options.get("min"), options.get("max")) if isinstance(options, dict) else (None, None)
    return bounds if all(isinstance(bound, int) for bound in bounds) else None  # type: ignore[return-value]


def _pool(data: Mapping[str, Any], name: str) -> list[str]:
    """List a scale's items and those of the scales that it pools, each as often as it is reached."""
    scales = _scales(data)
    found: list[str] = []
    waiting: list[tuple[str, tuple[str, ...]]] = [(name, (name,))]
    for _ in range(POOL_STEPS):
        if not waiting:
            break
        part, above = waiting.pop()
        scale = scales.get(part, {})
        found += _names(scale, "items")
        waiting += [(below, (*above, below)) for below in reversed(_names(scale, "scales")) if below not in above]
    return found


def _repeated_items(data: Mapping[str, Any]) -> Found:
    seen: set[str] = set()
    for index, item in _items(data):
        if item["id"] in seen:
            yield ("items", index, "id"), f"the item id {quoted(item['id'])} stands twice; ids are unique"
        seen.add(item["id"])


def _unknown_response_formats(data: Mapping[str, Any]) -> Found:
    formats = data.get("response")
    known = list(formats) if isinstance(formats, dict) else []
    for index, item in _items(data):
        name = item.get("response")
        if isinstance(name, str) and name not in known:
            message = f"item {quoted(item['id'])} uses the response format {quoted(name)}, which is not declared"
            yield ("items", index, "response"), f"{message}.{nearest(name, known)}"


def _reversed_without_range(data: Mapping[str, Any]) -> Found:
    for index, item in _items(data):
        if item.get("reverse") is True and _range(data, item) is None:
            message = f"item {quoted(item['id'])} is reversed, but its response format declares no range"
            yield ("items", index, "reverse"), f"{message} (min and max), so min + max − x cannot be computed"


def _scales_without_items(data: Mapping[str, Any]) -> Found:
    for name, scale in _scales(data).items():
        if bool(scale.get("items")) == bool(scale.get("scales")):
            yield ("scales", name), f"the scale {quoted(name)} must list either `items` or `scales`, and not both"


def _unknown_scale_items(data: Mapping[str, Any]) -> Found:
    known = {item["id"]: item for _, item in _items(data)}
    for name, scale in _scales(data).items():
        for index, item in enumerate(_names(scale, "items")):
            place = ("scales", name, "items", index)
            if item not in known:
                yield place, f"the scale {quoted(name)} names an unknown item {quoted(item)}.{nearest(item, known)}"
            elif known[item].get("reserve") is True or known[item].get("scored") is False:
                yield place, f"the scale {quoted(name)} names {quoted(item)}, which is a reserve or unscored item"


def _unknown_parts(data: Mapping[str, Any]) -> Found:
    known = _scales(data)
    for name, scale in known.items():
        for index, part in enumerate(_names(scale, "scales")):
            if part not in known:
                message = f"the scale {quoted(name)} pools an unknown scale {quoted(part)}.{nearest(part, known)}"
                yield ("scales", name, "scales", index), message


def _scales_in_circles(data: Mapping[str, Any]) -> Found:
    scales = _scales(data)
    for name in scales:
        reached: set[str] = set()
        waiting = _names(scales[name], "scales")
        while waiting:
            part = waiting.pop()
            if part not in reached:
                reached.add(part)
                waiting += _names(scales.get(part, {}), "scales")
        if name in reached:
            yield ("scales", name, "scales"), f"the scale {quoted(name)} pools itself, directly or through another"


def _repeated_in_scale(data: Mapping[str, Any]) -> Found:
    for name in _scales(data):
        repeated = [item for item, times in Counter(_pool(data, name)).items() if times > 1]
        if repeated:
            yield ("scales", name), f"the scale {quoted(name)} counts {quoted(repeated[0])} more than once"


def _mixed_ranges(data: Mapping[str, Any]) -> Found:
    ranges = {item["id"]: _range(data, item) for _, item in _items(data)}
    for name in _scales(data):
        found = {ranges[item] for item in _pool(data, name) if ranges.get(item)}
        if len(found) > 1:
            yield ("scales", name), f"the scale {quoted(name)} mixes items with different response ranges"


def _impossible_counts(data: Mapping[str, Any]) -> Found:
    for name, scale in _scales(data).items():
        needed, pool = scale.get("min_answered"), _pool(data, name)
        if isinstance(needed, int) and not isinstance(needed, bool) and pool and needed > len(pool):
            message = f"min_answered is {needed}, but the scale has {counted(len(pool), 'item')}"
            yield ("scales", name, "min_answered"), f"{message}; write a count up to that, or a share such as 0.5"


def _items_outside_scales(data: Mapping[str, Any]) -> Found:
    used = {item for name in _scales(data) for item in _pool(data, name)}
    for index, item in _items(data):
        if item["id"] not in used and item.get("reserve") is not True and item.get("scored") is not False:
            message = f"item {quoted(item['id'])} belongs to no scale; name it in one, or mark it"
            yield ("items", index), f"{message} `reserve: true` or `scored: false`"


def _unknown_homes(data: Mapping[str, Any]) -> Found:
    known = _scales(data)
    for index, item in _items(data):
        home = item.get("scale")
        if isinstance(home, str) and home not in known:
            message = f"item {quoted(item['id'])} is meant for an unknown scale {quoted(home)}.{nearest(home, known)}"
            yield ("items", index, "scale"), message
    norms = data.get("norms")
    for index, norm in enumerate(norms if isinstance(norms, list) else ()):
        home = norm.get("scale") if isinstance(norm, dict) else None
        if isinstance(home, str) and home not in known:
            yield ("norms", index, "scale"), f"a norm of an unknown scale {quoted(home)}.{nearest(home, known)}"


def _missing_wording(data: Mapping[str, Any]) -> Found:
    if data.get("status") not in ("new", "validated"):
        return
    for index, item in _items(data):
        if not item.get("text"):
            yield ("items", index), f"item {quoted(item['id'])} has no text (only `status: keys-only` may leave it out)"
    if data.get("status") == "new" and not data.get("evidence"):
        yield (), "`evidence` is missing: a new instrument states that it has no validity evidence and no norm yet"


def _missing_translations(data: Mapping[str, Any]) -> Found:
    """Every language that is used anywhere, and the instrument's own, must be given everywhere."""
    texts = list(_texts(data))
    own = data.get("language", "en")
    used = {str(key) for _, text in texts for key in text} | ({own} if isinstance(own, str) else set())
    languages = sorted(language for language in used if re.match(LANGUAGE, language))
    for place, text in texts:
        for language in languages:
            if language not in text:
                yield place, f"the text in language {quoted(language)} is missing; every text needs it"


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    candidates: list[tuple[tuple[Any, ...], Any]]
    candidates = [((key,), data.get(key)) for key in ("title", "evidence", "instructions", "timeframe")]
    candidates += [(("items", i, key), item.get(key)) for i, item in _items(data) for key in ("text", "content_note")]
    candidates += [
        (("scales", name, key), scale.get(key))
        for name, scale in _scales(data).items()
        for key in ("title", "description")
    ]
    formats = data.get("response")
    for name, options in formats.items() if isinstance(formats, dict) else ():
        candidates.append((("response", name, "labels"), options.get("labels") if isinstance(options, dict) else None))
    return ((place, text) for place, text in candidates if isinstance(text, dict) and text)
