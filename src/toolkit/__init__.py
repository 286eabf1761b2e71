"""Survey scoring, scale analysis and study reports for research on assertiveness and withholding in couples."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.agreement import icc
    from .analysis.associations import correlations
    from .analysis.attenuation import attenuation
    from .analysis.cfa import ModelOptions, cfa, sem
    from .analysis.congruence import congruence
    from .analysis.describe import describe
    from .analysis.factors import RotationOptions, efa
    from .analysis.invariance import invariance
    from .analysis.items import item_analysis
    from .analysis.kappa import kappa
    from .analysis.key_audit import key_audit, suspect_scales
    from .analysis.model_comparison import compare_models
    from .analysis.ordinal import polychoric
    from .analysis.participation import participation
    from .analysis.profiles import style_profile
    from .analysis.quality import QualityCuts, quality
    from .analysis.reliability import reliability
    from .analysis.retention import retention, suggested_factors
    from .catalogue import instrument, instrument_from_keys, instruments
    from .exchange.codebook import codebook
    from .instrument_model import Instrument
    from .linter import lint, lint_summary
    from .questionnaire.widget import Questionnaire
    from .readers import Dialect, read_responses
    from .reporting.checklists import Hypothesis, cosmin
    from .reporting.run import report
    from .responses import Responses
    from .results import Result, attempt
    from .scoring import score
    from .simulation import simulate
    from .study import Study, read_study

_HOMES = {
    "Dialect": "readers",
    "Hypothesis": "reporting.checklists",
    "Instrument": "instrument_model",
    "ModelOptions": "analysis.cfa",
    "QualityCuts": "analysis.quality",
    "Questionnaire": "questionnaire.widget",
    "Responses": "responses",
    "Result": "results",
    "RotationOptions": "analysis.factors",
    "Study": "study",
    "attempt": "results",
    "attenuation": "analysis.attenuation",
    "cfa": "analysis.cfa",
    "codebook": "exchange.codebook",
    "compare_models": "analysis.model_comparison",
    "congruence": "analysis.congruence",
    "correlations": "analysis.associations",
    "cosmin": "reporting.checklists",
    "describe": "analysis.describe",
    "efa": "analysis.factors",
    "icc": "analysis.agreement",
    "instrument": "catalogue",
    "instrument_from_keys": "catalogue",
    "instruments": "catalogue",
    "invariance": "analysis.invariance",
    "item_analysis": "analysis.items",
    "kappa": "analysis.kappa",
    "key_audit": "analysis.key_audit",
    "lint": "linter",
    "lint_summary": "linter",
    "participation": "analysis.participation",
    "polychoric": "analysis.ordinal",
    "quality": "analysis.quality",
    "read_responses": "readers",
    "read_study": "study",
    "reliability": "analysis.reliability",
    "report": "reporting.run",
    "retention": "analysis.retention",
    "score": "scoring",
    "sem": "analysis.cfa",
    "simulate": "simulation",
    "style_profile": "analysis.profiles",
    "suggested_factors": "analysis.retention",
    "suspect_scales": "analysis.key_audit",
}

__all__ = [
    "Dialect",
    "Hypothesis",
    "Instrument",
    "ModelOptions",
    "QualityCuts",
    "Questionnaire",
    "Responses",
    "Result",
    "RotationOptions",
    "Study",
    "attempt",
    "attenuation",
    "cfa",
    "codebook",
    "compare_models",
    "congruence",
    "correlations",
    "cosmin",
    "describe",
    "efa",
    "icc",
    "instrument",
    "instrument_from_keys",
    "instruments",
    "invariance",
    "item_analysis",
    "kappa",
    "key_audit",
    "lint",
    "lint_summary",
    "participation",
    "polychoric",
    "quality",
    "read_responses",
    "read_study",
    "reliability",
    "report",
    "retention",
    "score",
    "sem",
    "simulate",
    "style_profile",
    "suggested_factors",
    "suspect_scales",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import toolkit` stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
