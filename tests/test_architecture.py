"""The layout is a rule: a module imports only what stands above it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "toolkit"

# From the foundation to the command line. A package stands where its name stands.
LAYERS = (
    "errors",
    "checks",
    "headings",
    "format",
    "results",
    "kernels.moments",
    "kernels.consistency",
    "kernels.consistency_gradients",
    "kernels.intervals",
    "kernels.bootstrap",
    "kernels.bivariate_normal",
    "kernels.cross_tables",
    "kernels.newton",
    "kernels.ordinal_pairs",
    "kernels.polyserial",
    "kernels.polychoric",
    "kernels.polychoric_influence",
    "kernels.polychoric_covariance",
    "kernels.ordinal_alpha",
    "kernels.factoring",
    "kernels.rotation_criteria",
    "kernels.rotation",
    "kernels.factor_alignment",
    "kernels.factor_bootstrap",
    "kernels.factor_fit",
    "kernels.factor_scores",
    "kernels.retention",
    "kernels.one_factor_minres",
    "kernels.parallel",
    "kernels.split_half",
    "kernels.one_factor",
    "kernels.omega",
    "kernels.item_statistics",
    "kernels.agreement",
    "kernels.variance_components",
    "kernels.kappa",
    "kernels.careless",
    "kernels.sem.table",
    "kernels.sem.tokens",
    "kernels.sem.expressions",
    "kernels.sem.modifiers",
    "kernels.sem.syntax",
    "kernels.sem.roles",
    "kernels.sem.equality",
    "kernels.sem.defaults",
    "kernels.sem.ram",
    "kernels.sem.implied",
    "kernels.sem.curvature",
    "kernels.sem.moments",
    "kernels.sem.points",
    "kernels.sem.exogenous",
    "kernels.sem.estimate",
    "kernels.sem.definitions",
    "kernels.sem.constraints",
    "kernels.sem.constrained",
    "kernels.sem.start",
    "kernels.sem.likelihood",
    "kernels.sem.least_squares",
    "kernels.sem.patterns",
    "kernels.sem.incomplete",
    "kernels.sem.saturated",
    "kernels.sem.chisquare",
    "kernels.sem.clusters",
    "kernels.sem.asymptotic",
    "kernels.sem.estimator",
    "kernels.sem.ordinal_sample",
    "kernels.sem.ordinal_moments",
    "kernels.sem.continuous",
    "kernels.sem.fiml",
    "kernels.sem.inference",
    "kernels.sem.ordinal",
    "kernels.sem.completed",
    "kernels.sem.difference",
    "kernels.sem.indices",
    "kernels.sem.residuals",
    "kernels.sem.ordinal_measures",
    "kernels.sem.goodness",
    "kernels.sem.baseline",
    "kernels.sem.standardized",
    "kernels.sem.admissible",
    "kernels.sem.solution",
    "kernels.sem.nesting",
    "kernels.sem.measures",
    "kernels.sem.fitted",
    "kernels.sem.bootstrap",
    "kernels.sem.modification",
    "kernels.sem.score_tests",
    "kernels.sem.posterior",
    "kernels.sem.scores",
    "kernels.sem.model_reliability",
    "kernels.sem.discriminant",
    "kernels.sem.noninvariance",
    "specs",
    "instrument_rules",
    "measurement",
    "instrument_model",
    "catalogue",
    "wording",
    "linter_rules",
    "linter",
    "missing",
    "collection",
    "collection_calendar",
    "collection_rules",
    "study",
    "answers",
    "columns",
    "occasions",
    "intake",
    "responses",
    "store",
    "readers",
    "scoring",
    "pairing",
    "simulation",
    "plots",
    "analysis",
    "exchange",
    "reporting",
    "questionnaire",
    "cli_collection",
    "cli",
    "__main__",
)
PERMITTED = {("results", "plots")}  # Result.plot imports plots when it is called
TOP_LEVEL = {
    "pyproject.toml",
    "notebooks",
    "src",
    "data",
    "reports",
    "tests",
    "README.md",
    "Makefile",
    "CHANGELOG.md",
    "LICENSE",
}
LATE = {"scipy.stats", "statsmodels", "seaborn", "papermill", "sqlalchemy", "dask", "matplotlib"}
EAGER_MODULES = [name for name in LAYERS if name not in ("plots", "cli", "reporting")]


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if module_name(path))


def layer(name: str) -> int:
    for depth in range(len(name.split(".")), 0, -1):
        prefix = ".".join(name.split(".")[:depth])
        if prefix in LAYERS:
            return LAYERS.index(prefix)
    if name.split(".")[0] == "kernels":
        return LAYERS.index("kernels.moments")
    raise AssertionError(f"{name} has no place in LAYERS: add it where it belongs")


def imported(path: Path) -> set[str]:
    """Toolkit modules that a file imports, anywhere in it."""
    package = module_name(path).split(".") if path.name == "__init__.py" else module_name(path).split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = [*base, *(node.module or "").split(".")] if node.module else base
            names = [".".join([*target, alias.name]) for alias in node.names]
            found |= {name if is_module(name) else ".".join(target) for name in names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolkit."):
            found.add(node.module.removeprefix("toolkit."))
    return {name for name in found if name}


def is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_a_module_imports_only_what_stands_above_it(path):
    name = module_name(path)
    own = name.split(".")[0]
    for target in imported(path):
        allowed = (own, target.split(".")[0]) in PERMITTED
        same_package = own == target.split(".")[0] and own not in ("kernels",)
        assert allowed or same_package or layer(target) < layer(name), f"{name} imports {target}, which stands below it"


@pytest.mark.parametrize("path", sorted((SOURCE / "kernels").rglob("*.py")), ids=module_name)
def test_kernels_know_no_pandas(path):
    assert "pandas" not in path.read_text(encoding="utf-8").replace("no pandas", "")


@pytest.mark.parametrize(
    "path", [path for path in modules() if layer(module_name(path)) < LAYERS.index("plots")], ids=module_name
)
def test_heavy_packages_are_imported_late(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in names:
            late = LATE - {"sqlalchemy"} if module_name(path).split(".")[0] == "store" else LATE
            assert not any(name == heavy or name.startswith(f"{heavy}.") for heavy in late), f"{name} at module level"


def test_the_tree_is_the_tree_of_the_design():
    import subprocess

    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    top = {name.split("/")[0] for name in listing.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL
    assert [name for name in listing.stdout.splitlines() if name.startswith("reports/")] in ([], ["reports/README.md"])


def test_only_format_rounds():
    for path in modules():
        if module_name(path) in ("format",):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            named = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            where = f"{module_name(path)}:{getattr(node, 'lineno', 0)}"
            assert "round" not in (called, named), where
