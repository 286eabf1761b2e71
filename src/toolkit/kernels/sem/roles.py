"""What each variable of a model is: factor, indicator, predictor, outcome; and its place in the order of lavaan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from .syntax import Syntax, Term


@dataclass(frozen=True)
class Roles:
    """The variables of a model text by what they do in it."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, syntax: Syntax) -> Roles:
        """Build from a parsed text."""
        return cls(syntax.terms)

    def _left(self, *operators: str) -> dict[str, None]:
        return dict.fromkeys(one.lhs for one in self.terms if one.op in operators)

    def _right(self, *operators: str) -> dict[str, None]:
        return dict.fromkeys(one.rhs for one in self.terms if one.op in operators)

    @cached_property
    def latent(self) -> tuple[str, ...]:
        """Factors, in the order of the text."""
        return tuple(self._left("=~"))

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """Observed variables: indicators, outcomes, predictors, then those of covariances, intercepts, thresholds."""
        groups = (
            self._right("=~"),
            self._left("~"),
            self._right("~"),
            self._left("~~"),
            self._right("~~"),
            self._left("~1"),
            self._left("|"),
            self._left("~*~"),
        )
        return tuple(name for name in _unique(groups) if name not in self.latent)

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """Observed variables that only predict: exogenous."""
        inner = {**self._left("~"), **self._right("=~")}
        return tuple(name for name in self._right("~") if name in self.observed and name not in inner)

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Exogenous variables of which the text names no variance, covariance or mean."""
        named = {**self._left("~~", "~1"), **self._right("~~")}
        return tuple(name for name in self.predictors if name not in named)

    @cached_property
    def exogenous_latent(self) -> tuple[str, ...]:
        """Factors that nothing predicts and no other factor measures."""
        inner = {**self._left("~"), **self._right("=~")}
        return tuple(name for name in self.latent if name not in inner)

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Predicted factors, then predicted observed variables, that predict nothing and indicate nothing."""
        onward = {**self._right("~"), **self._right("=~")}
        final = [name for name in self._left("~") if name not in onward]
        order = {name: index for index, name in enumerate((*self.latent, *self.observed))}
        return tuple(sorted(final, key=order.__getitem__))

    @cached_property
    def markers(self) -> frozenset[tuple[str, str]]:
        """The first indicator of each factor."""
        first: dict[str, str] = {}
        for one in self.terms:
            if one.op == "=~":
                first.setdefault(one.lhs, one.rhs)
        return frozenset(first.items())

    @cached_property
    def single(self) -> frozenset[str]:
        """Indicators that are the only one of their factor and belong to no other."""
        loadings = [one for one in self.terms if one.op == "=~"]
        counts = {name: sum(one.lhs == name for one in loadings) for name in self.latent}
        uses = {one.rhs: sum(other.rhs == one.rhs for other in loadings) for one in loadings}
        return frozenset(one.rhs for one in loadings if counts[one.lhs] == uses[one.rhs] == 1)

    def in_order(self, left: str, right: str) -> tuple[str, str]:
        """Order a pair of variables: factors before observed variables, else as in the text."""
        order = {name: index for index, name in enumerate((*self.latent, *self.observed))}
        return (left, right) if order[left] <= order[right] else (right, left)


def _unique(groups: Iterable[Iterable[str]]) -> Iterable[str]:
    return dict.fromkeys(name for group in groups for name in group)
