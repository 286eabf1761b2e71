"""Run a study's notebooks with papermill, and put the report together."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checks import check_one_of, check_share, counted, listed, nearest, quoted
from ..errors import NoAnswers, NotebookFailed, ReportError
from ..readers import read_responses
from ..responses import Responses
from ..study import NotebookRun, Study, read_study
from .notebooks import checked_parameters, find_notebook, from_text, parameters_of, report_notebooks

KERNEL_START_SECONDS = 180
REPORT_SCHEMA = "toolkit.report/1"
WITHOUT_ANSWERS = ("05_collection",)  # chapters that can be made before anybody has answered
MISSING = {"03_validity": ("", "listwise", "pairwise", "fiml")}


@dataclass(frozen=True)
class Run:
    """One notebook with checked parameters, ready to be executed."""

    name: str
    path: Path
    parameters: Mapping[str, Any]


def report(
    study: str | Path | Study,
    *,
    out: str | Path = "reports",
    only: Sequence[str] | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Path:
    """Make a study's report: run its notebooks and write pages, tables, figures and `results.json`.

    Everything that can be checked is checked before any kernel starts. The report is put together beside its place
    and moved there when it is whole, so that an earlier report survives a failure.

    Parameters
    ----------
    study : the study file (or its folder).
    out : the folder of reports; this one becomes `<out>/<study>/`.
    only : run only these notebooks; the report then holds their pages alone. One that the study does not list runs
        with its defaults.
    parameters : notebook parameters that overrule the study file's; each goes to the notebooks that know it.
    progress : show a progress bar.

    Returns
    -------
    Path
        The report's `index.html`.

    Raises
    ------
    StudyError, InstrumentError, ResponsesError
        If the study, its instruments or its answers have faults.
    ReportError
        If a notebook or parameter is unknown or has the wrong type, if too few people answered, or if the place of the
        report holds anything else.
    NotebookFailed
        If a cell fails; the partial notebook is then in `<out>/<study>.failed/`.
    """
    loaded = read_study(study)
    runs = planned_runs(loaded, [only] if isinstance(only, str) else only, parameters or {})
    responses = _answers(loaded, runs)
    if responses is not None:
        for run in runs:
            check_run(loaded, responses, run)
    target = Path(out).resolve() / loaded.name
    check_target(target, loaded)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{loaded.name}-") as scratch:
            built = _build(loaded, responses, runs, Path(scratch), progress)
            _replace(target, built)
    except OSError as problem:
        raise ReportError(f"{target}: the report cannot be written ({problem.strerror or problem}).") from None
    return target / "index.html"


def _answers(study: Study, runs: Sequence[Run]) -> Responses | None:
    """Read the answers; a report on the collection alone goes on without any.

    Raises
    ------
    NoAnswers
        If a page needs answers, and there are none yet.
    """
    try:
        return read_responses(study)
    except NoAnswers as problem:
        others = [run.name for run in runs if run.path.stem not in WITHOUT_ANSWERS]
        if others:
            raise NoAnswers(
                f"{problem} How the collection stands is told by: toolkit report --only collection"
            ) from None
        return None


def check_run(study: Study, responses: Responses, run: Run) -> None:
    """Check what the notebooks share before a kernel starts: the occasion, the options, and enough people.

    Raises
    ------
    ArgumentError
        If the wave or day is not in the data, or an option has an impossible value.
    ReportError
        If so few people answered that a report would show single persons or couples.
    """
    parameters = run.parameters
    check_one_of("missing", parameters.get("missing", "listwise"), MISSING.get(run.path.stem, ("listwise", "pairwise")))
    check_share("confidence", parameters.get("confidence", 0.95))
    chosen = responses.first_occasion(wave=parameters.get("wave"), day=parameters.get("day"))
    for key, least in (("person", 2), ("couple", max(2, study.spec.privacy.smallest_cell))):
        n = chosen.frame[key].nunique() if key in chosen.keys else least
        if n < least:
            raise ReportError(
                f"the data hold {counted(n, key)}, but a report describes at least {least}: never a single person or "
                "couple, whose answers a partner could work out (`privacy: {smallest_cell: …}` in the study file)."
            )


def planned_runs(study: Study, only: Sequence[str] | None, given: Mapping[str, Any]) -> list[Run]:
    """Choose the study's notebooks and check all parameters; several runs of one notebook are numbered."""
    chosen = _chosen(study, only)
    paths = {entry.notebook: find_notebook(entry.notebook) for entry in chosen}
    known = {name: parameters_of(path) for name, path in paths.items()}
    everywhere = {key for parameters in known.values() for key in parameters}
    lost = [key for key in given if key not in everywhere]
    if lost:
        raise ReportError(
            f"no notebook of this run has a parameter {quoted(lost[0])}.{nearest(lost[0], everywhere)} "
            f"Parameters: {listed(sorted(everywhere - {'study'}), 20)}."
        )
    runs = []
    for position, entry in enumerate(chosen):
        times = sum(earlier.notebook == entry.notebook for earlier in chosen[:position])
        path = paths[entry.notebook]
        mine = {key: value for key, value in given.items() if key in known[entry.notebook]}
        texts = {key: value for key, value in mine.items() if isinstance(value, str)}
        merged = {**entry.parameters, **mine, **from_text(entry.notebook, path, texts)}
        name = f"{entry.notebook}_{times + 1}" if times else entry.notebook
        runs.append(Run(name, path, checked_parameters(entry.notebook, path, merged)))
    return runs


def _chosen(study: Study, only: Sequence[str] | None) -> list[NotebookRun]:
    """Take the notebooks that were named, as the study lists them, or, where it does not, with their defaults."""
    if only is None:
        return study.spec.reports
    there = [entry.notebook for entry in study.spec.reports]
    known = list(dict.fromkeys([*there, *report_notebooks()]))
    for name in only:
        if name not in known:
            raise ReportError(f"there is no notebook {quoted(name)}.{nearest(name, known)} Notebooks: {listed(known)}.")
    unlisted = [NotebookRun(notebook=name) for name in dict.fromkeys(only) if name not in there]
    return [*(entry for entry in study.spec.reports if entry.notebook in only), *unlisted]


def check_target(target: Path, study: Study) -> None:
    """Never replace a folder that is not a report of this study, or that holds anything else.

    Raises
    ------
    ReportError
        With what to do about it.
    """
    if target.parent.exists() and not target.parent.is_dir():
        raise ReportError(f"{target.parent} is a file; name a folder for reports with --out.")
    if study.path.is_relative_to(target):
        raise ReportError(f"{target} holds the study itself; choose another folder with --out.")
    if not target.exists():
        return
    try:
        earlier = json.loads((target / "results.json").read_text(encoding="utf-8"))
        ours = earlier["schema"] == REPORT_SCHEMA and earlier["study"] == study.name
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    foreign = [path.name for path in target.iterdir() if not _is_part(path)] if target.is_dir() else [target.name]
    if not ours or foreign:
        found = f" (it holds {listed(foreign)})" if foreign else ""
        raise ReportError(
            f"{target} exists and is not a report of the study {study.name}{found}; move it away or choose another "
            "folder with --out."
        )


def _is_part(path: Path) -> bool:
    """Tell whether a report has such a part."""
    return path.name in ("tables", "figures", "results.json") or path.suffix in (".html", ".ipynb")


def _build(study: Study, responses: Responses | None, runs: Sequence[Run], scratch: Path, progress: bool) -> Path:
    from .export import Cover, Page, write_report
    from .provenance import facts, provenance

    pages = [Page(run.name, _title(node), node) for run in runs for node in [_execute(study, run, scratch, progress)]]
    cover = Cover(
        study=study.name,
        title=study.title,
        description=study.spec.description,
        citation=study.spec.citation,
        simulated=study.spec.simulated,
        facts=(*facts(study, responses), *_options(runs)),
        provenance=provenance(study),
    )
    built = scratch / "report"
    built.mkdir()
    write_report(built, pages, cover)
    return built


def _options(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """State the options that were set, for the cover."""
    given = [(run.name, name, value) for run in runs for name, value in run.parameters.items()]
    return [("Option", f"{notebook}: {name} = {value}") for notebook, name, value in given]


def _title(notebook: Any) -> str:
    """Take a page's title from the notebook's first heading."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), "Report")


def _execute(study: Study, run: Run, scratch: Path, progress: bool) -> Any:
    """Run one notebook in the study's folder; a failing cell leaves the partial notebook and raises."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from .kernel import ThisPythonManager

    executed = scratch / f"{run.name}.ipynb"
    try:
        notebook = papermill.execute_notebook(
            str(run.path),
            str(executed),
            parameters={"study": study.path.name, **run.parameters},
            kernel_name="python3",
            cwd=str(study.folder),
            progress_bar={"desc": run.name} if progress else False,
            start_timeout=KERNEL_START_SECONDS,
            kernel_manager_class=ThisPythonManager,
        )
    except PapermillExecutionError as problem:
        kept = _keep_partial(study, run, executed, scratch.parent)
        raise NotebookFailed(
            f"notebook {run.name}, cell {problem.cell_index + 1}: {problem.ename}: {problem.evalue} "
            f"The partial notebook is {kept}; an earlier report was left as it is."
        ) from None
    except Exception as problem:
        raise NotebookFailed(f"notebook {run.name} could not be run: {type(problem).__name__}: {problem}") from problem
    unfinished = [number for number, cell in enumerate(notebook.cells, start=1) if _is_unfinished(cell)]
    if unfinished:
        kept = _keep_partial(study, run, executed, scratch.parent)
        raise NotebookFailed(f"notebook {run.name} stopped at cell {unfinished[0]}. The partial notebook is {kept}.")
    return notebook


def _is_unfinished(cell: Any) -> bool:
    """Tell whether a cell of code was left out or ended the kernel, which papermill does not report."""
    ended = any(output.get("ename") for output in cell.get("outputs", []))
    return cell.cell_type == "code" and (ended or (cell.source.strip() != "" and cell.execution_count is None))


def _keep_partial(study: Study, run: Run, executed: Path, reports: Path) -> Path:
    folder = reports / f"{study.name}.failed"
    folder.mkdir(exist_ok=True)
    kept = folder / executed.name
    shutil.copyfile(executed, kept)
    return kept


def _replace(target: Path, built: Path) -> None:
    """Put the finished report in place of an earlier one."""
    if target.exists():
        target.rename(built.parent / "earlier")
    built.rename(target)
    failed = target.parent / f"{target.name}.failed"
    if failed.is_dir():
        shutil.rmtree(failed)
    if sys.platform != "win32":
        target.chmod(0o755)
