"""Check instruments against item-writing rules, each with its source; what needs judgement stays advice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from .checks import nearest, quoted
from .format import Sentence, Table
from .linter_rules import HOUSE, RULES, Level

if TYPE_CHECKING:
    from .instrument_model import Instrument


@dataclass(frozen=True)
class Finding:
    """One thing that an item-writing rule has to say about an instrument.

    Attributes
    ----------
    level : an error must be mended; an advice is mended, or answered in the file: `lint: {rule: reason}`.
    rule : a name in `RULES`, or `stale_answer`.
    item : the item or scale it is about; empty for the whole instrument.
    message : what, why, and how to mend it.
    source : where the rule comes from.
    answer : the reason that the file gives, of the item or else of the instrument.
    """

    level: Level
    rule: str
    item: str
    message: str
    source: str
    answer: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether something is left to do: every error, and advice without an answer."""
        return self.level == "error" or not self.answer


def lint(instrument: Instrument, others: Sequence[Instrument] = ()) -> tuple[Finding, ...]:
    """Check the wording and the make-up of an instrument against every rule in `RULES`.

    Rules about words work in the languages that have lists in `wording` (English; German for most); the other rules
    in every language. Instruments without wording are checked by the rules that need none.

    Parameters
    ----------
    instrument : the instrument to check; reserve items too.
    others : instruments whose items may repeat its items, such as the rest of a study or of the catalogue. Items
        with the same id and definition, as in short forms, are no duplicates.

    Returns
    -------
    tuple of Finding
        By rule, in the order of `RULES`; last the answers in the file that answer nothing.

    Examples
    --------
    >>> from toolkit.catalogue import instrument_from_keys
    >>> for finding in lint(instrument_from_keys({"calm": ["x1", "-x2"]}, min=1, max=5)):
    ...     print(finding.level, finding.rule)
    advice reversed_share
    error licence_and_source
    """
    findings = tuple(
        _answered(instrument, Finding(level, name, item, message, rule.source))
        for name, rule in RULES.items()
        for level, item, message in rule.find(instrument, others)
    )
    return findings + tuple(_stale_answers(instrument, findings, bool(others)))


def lint_all(instruments: Sequence[Instrument]) -> dict[str, tuple[Finding, ...]]:
    """Check several instruments, each against the others; findings by instrument id."""
    return {one.id: lint(one, [other for other in instruments if other is not one]) for one in instruments}


def findings_table(findings: Iterable[Finding] | Mapping[str, Iterable[Finding]]) -> pd.DataFrame:
    """Put findings into a table, one row each; findings by instrument id get a column `instrument`.

    Examples
    --------
    >>> one = Finding("advice", "negation", "x1", "'not' is a negation.", "a source")
    >>> findings_table({"mine": [one]}).loc[0, ["instrument", "rule", "answer"]].to_list()
    ['mine', 'negation', '']
    """
    columns = ["level", "rule", "item", "message", "source", "answer"]
    if not isinstance(findings, Mapping):
        return pd.DataFrame([[getattr(one, name) for name in columns] for one in findings], columns=columns, dtype=str)
    tables = [findings_table(list(some)).assign(instrument=name) for name, some in findings.items()]
    together = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    return together.reindex(columns=["instrument", *columns])


def lint_summary(instruments: Sequence[Instrument]) -> Table | Sentence:
    """Sum up the findings of the new instruments among several, one row each; nothing where none is new."""
    found = lint_all([one for one in instruments if one.status == "new"])
    if not found:
        return Sentence("")
    rows = pd.DataFrame(
        [
            {
                "instrument": name,
                "errors": sum(one.level == "error" for one in findings),
                "open_advice": sum(one.level == "advice" and one.is_open for one in findings),
                "answered_advice": sum(not one.is_open for one in findings),
                "rules": ", ".join(dict.fromkeys(one.rule for one in findings)) or "none",
            }
            for name, findings in found.items()
        ]
    )
    note = "Advice is answered in the instrument file; toolkit instruments lint --all shows each finding and answer."
    return Table.from_frame(rows, "Wording of the new instruments against item-writing rules", notes=[note])


def _answered(one: Instrument, finding: Finding) -> Finding:
    item = one.by_id.get(finding.item)
    answers = {**one.lint, **(item.lint if item else {})}
    return replace(finding, answer=answers.get(finding.rule, "").strip())


def _stale_answers(one: Instrument, findings: Sequence[Finding], compared: bool) -> Iterator[Finding]:
    """Find answers to rules that do not exist, and to rules that have nothing to say."""
    own = {(item.id, rule) for item in one.items for rule in item.lint}
    used = {(finding.item, finding.rule) for finding in findings}
    used |= {("", rule) for item, rule in used - own}  # an answer of the instrument serves items without their own
    for item, rule in [*(("", rule) for rule in one.lint), *sorted(own)]:
        if rule not in RULES:
            message = f"`lint` answers an unknown rule {quoted(rule)}.{nearest(rule, RULES)} Correct or remove it."
            yield Finding("advice", "stale_answer", item, message, HOUSE)
        elif (item, rule) not in used and (compared or rule != "repeated_elsewhere"):
            message = f"`lint` answers {quoted(rule)}, but that rule has nothing to say here any more. Remove it."
            yield Finding("advice", "stale_answer", item, message, HOUSE)
