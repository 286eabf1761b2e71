"""The parameter table: one row per parameter of a model, fixed or free."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Parameter:
    """One parameter of one group.

    Attributes
    ----------
    lhs, op, rhs : as in lavaan: `=~` loading, `~` regression, `~~` (co)variance, `~1` intercept or mean (rhs empty),
        `|` threshold (rhs `t1`, …), `~*~` scaling factor of an ordinal variable.
    group : number of the group, from 0.
    fixed : its value, or None where it is free; NaN for a moment of exogenous variables until the model meets the
        data.
    start : a start value that the model text gives, or None.
    label : the label that the model text gives, or that equality over groups gives (`.p2.`: the second row's); free
        parameters with one label are equal.
    """

    lhs: str
    op: str
    rhs: str
    group: int = 0
    fixed: float | None = None
    start: float | None = None
    label: str = ""

    @property
    def name(self) -> str:
        """The parameter as text, such as `visual=~x1`."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True)
class Assignment:
    """A defined parameter (`name := expression`) or a constraint (`left == expression`), and where the text has it."""

    left: str
    expression: str
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """Line and column, or nothing."""
        return f"line {self.line}, column {self.column}" if self.line else ""


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of a model in all groups, with what the model text says about them.

    Attributes
    ----------
    parameters : the rows, group by group.
    observed, latent : the variables, in the order of the model text.
    ordinal : the observed variables that have thresholds.
    parameterization : `delta`: the variance of what is behind an ordinal variable is 1 over its squared scaling factor,
        and its residual variance is what the model leaves of it; `theta`: the residual variance is a parameter, and the
        scaling factor follows.
    groups : the groups' labels.
    exogenous : observed variables that the model only conditions on (`fixed.x`): their means, variances and covariances
        among themselves are the sample's, fixed when the model meets the data.
    predictors : observed variables that only predict, of which the text names no variance, covariance or mean:
        exogenous, or with moments that are parameters.
    definitions, constraints : defined parameters, and constraints given with `==`.
    """

    parameters: tuple[Parameter, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    ordinal: tuple[str, ...] = ()
    parameterization: str = "delta"
    groups: tuple[str, ...] = ("",)
    exogenous: tuple[str, ...] = ()
    predictors: tuple[str, ...] = ()
    definitions: tuple[Assignment, ...] = ()
    constraints: tuple[Assignment, ...] = ()

    @property
    def free(self) -> tuple[int, ...]:
        """Positions of the free parameters in `parameters`."""
        return tuple(index for index, one in enumerate(self.parameters) if one.fixed is None)

    def with_parameters(self, parameters: tuple[Parameter, ...]) -> ParameterTable:
        """Return the same table with other rows."""
        return replace(self, parameters=parameters)
