"""The model language of lavaan: formulas with modifiers, definitions and constraints, read into plain rows.

Rosseel (2012), doi:10.18637/jss.v048.i02. One formula a line, or several with `;` between them; comments begin with
`#` or `!`. A name that is no word, such as that of a column with a blank, stands in backticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...checks import quoted
from ...errors import ArgumentError, Fault, ModelError
from .expressions import read_expression
from .modifiers import Modifiers, read_modified
from .table import Assignment
from .tokens import Mistake, Reader, Token, statements, tokens_of

SUBJECT = "the model"
OPERATORS = ("=~", "~~", "~", "|", "~*~")
ASSIGNMENTS = (":=", "==")
REFUSED = {
    "<": "inequality constraints are not estimated; leave it out, or write an equality with ==",
    "<~": "composites (<~) are not estimated; write a factor with =~, or score the composite beforehand",
    "%": "levels and other signs with % are not part of the language",
    ":": "products of variables, and blocks such as `level: 1` or `group: 1`, are not part of the language; "
    "make a column of the product, give groups with group=",
    "=": "one = is no operator; write =~ for a factor, ~ for a regression, ~~ for a covariance, == for a constraint",
}
REFUSED |= {">": REFUSED["<"], "<=": REFUSED["<"], ">=": REFUSED["<"], "!=": REFUSED["="]}
EXAMPLE = "such as f =~ x1 + x2, y ~ x or x1 ~~ x2"


@dataclass(frozen=True)
class Term:
    """One parameter that the text names.

    Attributes
    ----------
    lhs, op, rhs : as in a parameter table.
    modifiers : what the text says about its values and labels.
    place : the token it stands at.
    """

    lhs: str
    op: str
    rhs: str
    modifiers: Modifiers = Modifiers()
    place: Token = Token("end", "", 0, 0)

    @property
    def name(self) -> str:
        """The parameter as text, such as `visual=~x1`."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True)
class Syntax:
    """A model as its text states it, in the text's order, before any rule adds to it."""

    terms: tuple[Term, ...]
    definitions: tuple[Assignment, ...] = ()
    constraints: tuple[Assignment, ...] = ()


@dataclass
class _Reading:
    """What has been read so far, and every fault."""

    terms: dict[tuple[str, str, str], Term] = field(default_factory=dict)
    definitions: list[Assignment] = field(default_factory=list)
    constraints: list[Assignment] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def parse(text: str) -> Syntax:
    """Read a model text.

    Parameters
    ----------
    text : formulas with `=~`, `~`, `~~`, `~1`, `|` and `~*~`, definitions with `:=`, constraints with `==`. Before a
        variable may stand, with `*`: a number (fixed), `NA` (free), `start(.5)`, a label, `equal("f=~x1")`, or a list
        of these for groups, `c(0, NA)`.

    Returns
    -------
    Syntax

    Raises
    ------
    ModelError
        With every fault: its line and column, what stands there, how to mend it.

    Examples
    --------
    >>> model = parse("f =~ x1 + a*x2 + a*x3   # equal loadings")
    >>> [(term.name, term.modifiers.labels) for term in model.terms]
    [('f=~x1', ()), ('f=~x2', ('a',)), ('f=~x3', ('a',))]
    """
    if not isinstance(text, str):
        raise ArgumentError(f"model is {quoted(text)}, but must be text with formulas {EXAMPLE}.")
    reading = _Reading()
    for tokens in statements(tokens_of(text)):
        try:
            _read_statement(tokens, reading)
        except Mistake as problem:
            reading.faults.append(problem.fault)
    if not reading.terms and not reading.faults:
        reading.faults.append(Fault("", f"the text holds no formula; write some {EXAMPLE}"))
    if reading.faults:
        raise ModelError.from_faults(SUBJECT, reading.faults)
    return Syntax(tuple(reading.terms.values()), tuple(reading.definitions), tuple(reading.constraints))


def _read_statement(tokens: list[Token], reading: _Reading) -> None:
    for token in tokens:
        if token.kind == "other":
            what = "a quotation mark that is not closed" if token.text in "`\"'" else "a sign of no formula"
            raise Mistake(token.fault(f"{quoted(token.text)} is {what}; put it right, or take it out"))
        if token.kind == "sign" and token.text in REFUSED:
            raise Mistake(token.fault(f"{token.shown}: {REFUSED[token.text]}"))
    signs = (*OPERATORS, *ASSIGNMENTS)
    places = [index for index, token in enumerate(tokens) if token.kind == "sign" and token.text in signs]
    if not places:
        shown = " ".join(token.text for token in tokens[:4])
        raise Mistake(tokens[0].fault(f"{quoted(shown)} has no operator; write a formula {EXAMPLE}"))
    if len(places) > 1:
        second = tokens[places[1]]
        raise Mistake(
            second.fault(
                f"{second.shown}, a second operator in one formula; begin a new line before it, "
                "and look for a + or an operator at the end of the line above"
            )
        )
    operator = tokens[places[0]]
    left, right = tokens[: places[0]], tokens[places[0] + 1 :]
    if not left:
        raise Mistake(
            operator.fault(f"nothing stands before {quoted(operator.text)}; write the variable that is meant")
        )
    if not right:
        raise Mistake(operator.fault(f"nothing stands after {quoted(operator.text)}; write what belongs there"))
    if operator.text in ASSIGNMENTS:
        _read_assignment(operator, left, right, reading)
    else:
        _read_formula(operator, left, right, reading)


def _read_assignment(operator: Token, left: list[Token], right: list[Token], reading: _Reading) -> None:
    read_expression(Reader(right))
    one = Assignment(_joined(left), _joined(right), left[0].line, left[0].column)
    if operator.text == "==":
        read_expression(Reader(left))
        reading.constraints.append(one)
        return
    if len(left) > 1 or left[0].kind != "name":
        raise Mistake(left[0].fault(f"{quoted(one.left)} stands before := where one new name is due"))
    if any(other.left == one.left for other in reading.definitions):
        raise Mistake(left[0].fault(f"{quoted(one.left)} is defined twice; give each definition a name of its own"))
    reading.definitions.append(one)


def _joined(tokens: list[Token]) -> str:
    return "".join(token.text if re.fullmatch(r"[^`\s]*", token.text) else f"`{token.text}`" for token in tokens)


def _read_formula(operator: Token, left: list[Token], right: list[Token], reading: _Reading) -> None:
    variables = list(_left_side(Reader(left), operator))
    found: dict[tuple[str, str, str], Term] = {}
    terms = list(_right_side(Reader(right)))
    for lhs in variables:
        for place, modifiers in terms:
            term = _term(lhs, operator, place, modifiers)
            key = (term.lhs, term.op, term.rhs)
            found[key] = _merged(found[key], term) if key in found else term
    for key, term in found.items():
        mirrored = (term.rhs, term.op, term.lhs) if term.op == "~~" else key
        earlier = reading.terms.get(key) or reading.terms.get(mirrored)
        if earlier:
            where = f"in line {earlier.place.line} already"
            raise Mistake(term.place.fault(f"{quoted(term.name)} stands {where}; keep one of them, with all modifiers"))
        reading.terms[key] = term


def _left_side(reader: Reader, operator: Token) -> Iterator[Token]:
    while True:
        token = reader.take()
        if token.kind != "name":
            advice = "modifiers stand on the right side" if token.text == "*" or token.kind == "number" else "a name"
            raise Mistake(token.fault(f"{token.shown} where the name of a variable is due ({advice})"))
        yield token
        if reader.next.kind == "end":
            return
        reader.expect("+", f"one name, or several joined by +, stands before {operator.text}")


def _right_side(reader: Reader) -> Iterator[tuple[Token, Modifiers]]:
    while True:
        yield read_modified(reader)
        if reader.next.kind == "end":
            return
        token = reader.next
        if not reader.took("+"):
            advice = "join the terms with +, a modifier and its variable with *"
            raise Mistake(token.fault(f"{token.shown} where + or the end of the formula is due; {advice}"))


def _term(lhs: Token, operator: Token, place: Token, modifiers: Modifiers) -> Term:
    """Check that the right side suits the operator."""
    op, rhs = operator.text, place.text
    if place.kind == "number":
        if op != "~" or rhs != "1":
            raise Mistake(
                place.fault(f"{place.shown} where the name of a variable is due; a number goes before it: {rhs}*x")
            )
        op, rhs = "~1", ""
    if op == "|" and not re.fullmatch(r"t[1-9]\d*", rhs):
        raise Mistake(
            place.fault(f"{quoted(rhs)} is no threshold; thresholds are t1, t2 and so on, as in {lhs.text} | t1")
        )
    if op == "~*~" and rhs != lhs.text:
        raise Mistake(place.fault(f"a scaling factor belongs to one variable: write {lhs.text} ~*~ {lhs.text}"))
    if op in ("=~", "~") and rhs == lhs.text:
        verb = "measured" if op == "=~" else "predicted"
        raise Mistake(place.fault(f"{quoted(rhs)} is {verb} by itself; name another variable"))
    return Term(lhs.text, op, rhs, modifiers, place)


def _merged(first: Term, second: Term) -> Term:
    """Put together what one formula says about one parameter at several places."""
    if first.modifiers == Modifiers() == second.modifiers:
        raise Mistake(second.place.fault(f"{quoted(second.name)} stands twice in one formula; take one out"))
    both = first.modifiers.joined(second.modifiers)
    if both is None:
        advice = "keep one value and one label"
        raise Mistake(second.place.fault(f"{quoted(second.name)} has two different modifiers of one kind; {advice}"))
    return Term(first.lhs, first.op, first.rhs, both, first.place)
