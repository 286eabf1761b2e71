"""Simulated: answers with the truth that they were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ..checks import check_one_of
from ..errors import ArgumentError, ToolkitError
from ..format import to_csv
from ..missing import REASONS, Reason
from ..responses import Responses
from .codebook import codebook
from .design import Design
from .form import Instrument

FIRST_CODE = -91
COVARIATES = ("gender", "age", "group")
KEYS = ("person", "couple", "role", "wave", "day")
FINENESS, TINY = 1000, 1e-6  # what is a whole thousandth stays so
Part = Literal["waves", "diary"]


@dataclass(frozen=True, eq=False)
class Simulated:
    """Simulated answers, and the truth.

    Attributes
    ----------
    frame : one row per person and wave: keys, gender, age, `group` where there is a practice group, items; a missing
        answer is an empty cell.
    reasons : why each empty cell of `frame` is empty: `row`, `column`, `reason`.
    diary, diary_reasons : the same for the diary, one row per person and day; None without a diary.
    truth : frames by name: `persons` (true scores by wave), `daily` (with a diary), `items`, `options` (thresholds,
        expected shares), `paths` (every number of the design), `correlations` (implied at the first wave), `careless`,
        `couples`.
    design : what was asked for.
    instruments, daily : the instruments of the waves, and of the diary.
    """

    frame: pd.DataFrame
    reasons: pd.DataFrame
    diary: pd.DataFrame | None
    diary_reasons: pd.DataFrame | None
    truth: Mapping[str, pd.DataFrame]
    design: Design
    instruments: tuple[Instrument, ...]
    daily: tuple[Instrument, ...]

    def __repr__(self) -> str:
        one = self.design
        days = "" if self.diary is None else f", {self.diary['day'].nunique()} diary days"
        return f"Simulated answers: {one.n_couples} couples, {one.n_waves} waves{days}, seed {one.seed}"

    @property
    def codes(self) -> dict[int, Reason]:
        """Codes of missing answers, outside the ranges of all items: −91 skipped, −92 refused, and so on."""
        lowest = [options.min for one in (*self.instruments, *self.daily) for options in one.response.values()]
        first = min(FIRST_CODE, *(low - 1 for low in lowest))
        return {first - place: reason for place, reason in enumerate(REASONS)}

    def coded(self, part: Part = "waves") -> pd.DataFrame:
        """Give the answers of the waves or of the diary with codes for missing answers, as a data file holds them."""
        frame, reasons, _ = self._part(part)
        codes = np.array(list(self.codes), dtype=np.int32)
        columns = {name: frame[name] for name in frame.columns}
        by_column = reasons.groupby("column", observed=True)
        for name, group in by_column:
            values = frame[name].to_numpy(dtype=np.int32, na_value=0)
            values[group["row"].to_numpy()] = codes[group["reason"].cat.codes.to_numpy()]
            columns[str(name)] = pd.Series(values, index=frame.index)
        return pd.DataFrame(columns)

    def responses(self, part: Part = "waves") -> Responses:
        """Give the answers of the waves or of the diary as checked Responses, with their reasons.

        Raises
        ------
        ArgumentError
            If there is no such part.
        """
        frame, _, instruments = self._part(part)
        return Responses.from_frame(
            self.coded(part),
            instruments,
            **{name: name for name in KEYS if name in frame},  # type: ignore[arg-type]
            missing=self.codes,
            covariates=[name for name in COVARIATES if name in frame],
        )

    def _part(self, part: Part) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Instrument, ...]]:
        check_one_of("part", part, ("waves", "diary"))
        if part == "waves" and self.instruments:
            return self.frame, self.reasons, self.instruments
        if part == "diary" and self.diary is not None and self.diary_reasons is not None:
            return self.diary, self.diary_reasons, self.daily
        other = "diary" if part == "waves" else "waves"
        raise ArgumentError(f"nothing was asked in the part {part!r} of this simulation; ask for {other!r}.")

    def write(self, folder: str | Path) -> list[Path]:
        """Write the data files, a codebook and the truth; the same design gives the same bytes.

        The folder gets `responses.csv`, `diary.csv` (with a diary), `codebook.csv`, `truth.json` (the design, and that
        the data are simulated) and `truth/`, where numbers are cut off after the third decimal.

        Raises
        ------
        ToolkitError
            If a file cannot be written.
        """
        texts = {f"truth/{name}.csv": to_csv(_cut(frame)) for name, frame in self.truth.items()}
        for name, part, present in (("responses", "waves", self.instruments), ("diary", "diary", self.daily)):
            if present:
                texts[f"{name}.csv"] = to_csv(self.coded(part))  # type: ignore[arg-type]
        texts["codebook.csv"] = to_csv(codebook(self.instruments, self.daily, self.truth, self.codes))
        texts["truth.json"] = json.dumps(self._label(), indent=1, ensure_ascii=False) + "\n"
        return [_written(Path(folder) / name, text) for name, text in texts.items()]

    def _label(self) -> dict[str, object]:
        return {
            "simulated": True,
            "note": "No person gave these answers. They were drawn from the design below; its values are assumptions.",
            "missing_codes": {str(code): reason for code, reason in self.codes.items()},
            "design": self.design.model_dump(mode="json"),
        }


def _cut(frame: pd.DataFrame) -> pd.DataFrame:
    """Cut decimals off after the third, so that the files are small and the same on every machine."""
    decimals = [name for name in frame.columns if pd.api.types.is_float_dtype(frame[name])]
    return frame.assign(**{name: np.floor(frame[name].astype(float) * FINENESS + TINY) / FINENESS for name in decimals})


def _written(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as problem:
        raise ToolkitError(f"{path}: the file cannot be written ({problem.strerror}).") from None
    return path
