"""What a report was made from: data, instruments and versions; no clock, so that equal input gives equal output."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from .. import format as fmt
from ..instrument_model import Instrument
from ..responses import Responses
from ..study import Study

PACKAGES = (
    "assertiveness-toolkit",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "seaborn",
    "matplotlib",
    "papermill",
    "nbconvert",
)
CHECKSUM_SHOWN = 16


def facts(study: Study, responses: Responses | None) -> tuple[tuple[str, str], ...]:
    """State who and what was analysed, for the cover of a report."""
    lines = [("Rows", "none yet")] if responses is None else _rows(responses)
    lines += [("Instrument", _instrument_line(one)) for one in study.instruments]
    for data in study.spec.data:
        checksum = study.checksum(study.data_path(data))[:CHECKSUM_SHOWN]
        lines.append(("Data file", f"{Path(data.file).name} (SHA-256 {checksum}…)"))
    return tuple(lines)


def _rows(responses: Responses) -> list[tuple[str, str]]:
    frame = responses.frame
    lines = [("Rows", fmt.count(len(frame))), ("Persons", fmt.count(frame["person"].nunique()))]
    if "couple" in frame:
        sizes = frame.groupby("couple")["person"].nunique()
        both = fmt.count(int((sizes == 2).sum()))
        lines.append(("Couples", f"{fmt.count(len(sizes))} ({both} with answers of both partners)"))
    for name, label in (("wave", "Waves"), ("day", "Days")):
        if name in frame:
            lines.append((label, fmt.count(frame[name].nunique())))
    return lines


def _instrument_line(one: Instrument) -> str:
    return f"{one.text(one.title)} ({one.id} {one.version}; {one.status})"


def provenance(study: Study) -> tuple[tuple[str, str], ...]:
    """List the versions, the seed and full checksums that a repetition needs."""
    lines = [("Python", platform.python_version()), *((name, version(name)) for name in PACKAGES)]
    lines.append(("seed", str(study.spec.seed)))
    lines.append((study.path.name, f"sha256:{study.checksum(study.path)}"))
    lines += [(Path(data.file).name, f"sha256:{study.checksum(study.data_path(data))}") for data in study.spec.data]
    return tuple(lines)
