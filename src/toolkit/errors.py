"""One error tree: a base, and a branch for each stage of the work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN_FAULTS = 12


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it stands, and what to do about it."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ToolkitError(Exception):
    """Anything that the toolkit refuses to do; `faults` holds every reason."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def from_faults(cls, subject: str, faults: Iterable[Fault]) -> ToolkitError:
        """Put all faults of one subject (a file, a table) into one paragraph."""
        found = tuple(faults)
        texts = [str(fault).rstrip(".") for fault in found]
        if len(found) == 1:
            return cls(f"{subject}: {texts[0]}{'' if texts[0].endswith('?') else '.'}", found)
        shown = "; ".join(f"({number}) {text}" for number, text in enumerate(texts[:SHOWN_FAULTS], start=1))
        more = f"; and {len(found) - SHOWN_FAULTS} more" if len(found) > SHOWN_FAULTS else ""
        return cls(f"{subject} has {len(found)} faults: {shown}{more}.", found)


class ArgumentError(ToolkitError, ValueError):
    """An argument of a call has a value that cannot be used."""


class InstrumentError(ToolkitError):
    """An instrument file or its keys cannot be used."""


class StudyError(ToolkitError):
    """A study file cannot be used."""


class ResponsesError(ToolkitError):
    """Answers do not fit the instruments, the keys or the rules that were given."""


class NoAnswers(ResponsesError):  # noqa: N818 - says what is the case
    """A study that collects answers has none yet."""


class AnalysisError(ToolkitError):
    """An analysis cannot be carried out on these data."""


class ModelError(AnalysisError):
    """The text of a model cannot be read, or its parts do not fit together."""


class NotIdentified(AnalysisError):  # noqa: N818 - the field's word
    """The data do not determine the parameters of the model."""


class NotConverged(AnalysisError):  # noqa: N818 - the field's word
    """An iterative estimate did not reach its criterion."""


class TooFewCases(AnalysisError):  # noqa: N818 - the field's word
    """There are not enough complete rows, persons or couples."""


class ReportError(ToolkitError):
    """A report could not be made."""


class NotebookFailed(ReportError):  # noqa: N818 - says what happened
    """A cell of a notebook failed while a report was made."""


class StoreError(ToolkitError):
    """The store of answers refused or failed."""


class ParticipantGone(StoreError):  # noqa: N818
    """The store has no such participant, or no longer."""


class ToolkitWarning(UserWarning):
    """Something that a careful reader of the result must know."""


class StoreWarning(ToolkitWarning):
    """The store of answers was mended, or is not as safe as it should be."""


class UndefinedStatisticWarning(ToolkitWarning):
    """A statistic is not defined for these data; its cell is empty and `fit` says why."""


class ModelWarning(ToolkitWarning):
    """A model is not quite what its text seems to say."""


class ImproperSolutionWarning(ToolkitWarning):
    """A solution holds what cannot be: a negative variance, a correlation beyond ±1."""


class MergedCategoryWarning(ToolkitWarning):
    """A category that nobody or hardly anybody chose has no threshold of its own; `fit` says which."""


class BoundaryWarning(ToolkitWarning):
    """A correlation lies at −1 or 1, where it has no standard error; `fit` says which."""


class NotPositiveDefiniteWarning(ToolkitWarning):
    """A correlation matrix is not positive definite; `fit` gives its smallest eigenvalue."""


class SmallSampleWarning(ToolkitWarning):
    """There are fewer rows than the analysis should rest on; `fit` says how many."""


class HeywoodWarning(ToolkitWarning):
    """The factors leave no variance of an item over: its uniqueness is at the lower bound; `fit` says which."""
