"""What a wheel holds: an installed toolkit serves as a checkout does."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = [
    "toolkit/notebooks/90_questionnaire.ipynb",
    "toolkit/questionnaire/static/questionnaire.css",
    "toolkit/questionnaire/static/page/main.js",
    "toolkit/questionnaire/static/voila/full.html.j2",
    "toolkit/questionnaire/static/voila/index.html.j2",
    "toolkit/questionnaire/static/voila/page.css",
    "toolkit/questionnaire/static/voila/page.js",
    "toolkit/questionnaire/texts/opening/de.yaml",
    "toolkit/questionnaire/texts/opening/en.yaml",
    "toolkit/questionnaire/texts/page/de.yaml",
    "toolkit/questionnaire/texts/page/en.yaml",
    "toolkit/questionnaire/texts/de.yaml",
    "toolkit/questionnaire/texts/en.yaml",
    "toolkit/py.typed",
]


def test_a_wheel_holds_everything_that_the_package_reads(tmp_path):
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    (built,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(built).namelist())
    assert [name for name in NEEDED if name not in names] == []
    package = ROOT / "src"
    there = [path for path in (package / "toolkit").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [str(path) for path in there if path.relative_to(package).as_posix() not in names] == []
    assert [name for name in names if name.endswith((".db", ".csv")) and "invitations" in name] == []
