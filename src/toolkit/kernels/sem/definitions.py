"""Defined parameters and equations as functions of the free parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import Fault, ModelError
from .expressions import Expression, evaluate, parse_expression, unknown_names
from .ram import AnyArray
from .table import ParameterTable

SUBJECT = "the model"


@dataclass(frozen=True)
class Names:
    """What the labels of a table stand for; `.p3.` is the third row, as in lavaan.

    Attributes
    ----------
    free : positions among the free parameters; of several with one label the first.
    fixed : values of fixed parameters.
    """

    free: dict[str, int]
    fixed: dict[str, float]

    @classmethod
    def of(cls, table: ParameterTable) -> Names:
        """Collect the labels of a table."""
        free: dict[str, int] = {}
        fixed: dict[str, float] = {}
        position = 0
        for index, one in enumerate(table.parameters):
            for name in (f".p{index + 1}.", *([one.label] if one.label else [])):
                if one.fixed is None:
                    free.setdefault(name, position)
                else:
                    fixed.setdefault(name, one.fixed)
            position += one.fixed is None
        return cls(free, {name: value for name, value in fixed.items() if name not in free})

    def values(self, x: AnyArray) -> dict[str, AnyArray]:
        """Look up every label at parameters (…, q)."""
        known: dict[str, AnyArray] = {name: np.asarray(value) for name, value in self.fixed.items()}
        return known | {name: x[..., position] for name, position in self.free.items()}

    def known(self) -> list[str]:
        """List the labels that the text gives."""
        return [name for name in (*self.free, *self.fixed) if not name.startswith(".p")]


@dataclass(frozen=True)
class Functions:
    """Several functions of the free parameters, (…, q) → (…, m), real or complex.

    Attributes
    ----------
    names : what each is called.
    expressions : how each is computed.
    defined : defined parameters that the expressions may use, each after those that it uses itself.
    labels : what labels stand for.
    """

    names: tuple[str, ...]
    expressions: tuple[Expression, ...]
    defined: Mapping[str, Expression]
    labels: Names

    def __call__(self, x: AnyArray) -> AnyArray:
        """Compute all of them; what is not defined (the log of −1) is NaN or infinite."""
        values = self.labels.values(x)
        for name, expression in self.defined.items():
            values[name] = evaluate(expression, values)
        found = [np.broadcast_to(evaluate(one, values), x.shape[:-1]) for one in self.expressions]
        return np.stack(found, axis=-1) if found else np.zeros((*x.shape[:-1], 0), dtype=x.dtype)


def definitions_of(table: ParameterTable) -> Functions:
    """Return the defined parameters (`:=`) of a table as functions of its free parameters.

    A definition may use labels and the definitions before it. Their errors come from the delta method, exactly, since
    the functions are safe for complex steps.

    Raises
    ------
    ModelError
        With the place of every name that nothing has.
    """
    labels = Names.of(table)
    known = dict.fromkeys((*labels.free, *labels.fixed))
    shown = labels.known()
    defined: dict[str, Expression] = {}
    faults: list[Fault] = []
    for one in table.definitions:
        expression = parse_expression(one.expression)
        faults += unknown_names(expression, {**known, **defined}, one.place, [*shown, *defined])
        defined[one.left] = expression
    refuse(faults)
    return Functions(tuple(defined), tuple(defined.values()), defined, labels)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise the faults, if there are any, as one error."""
    found = list(faults)
    if found:
        raise ModelError.from_faults(SUBJECT, found)
