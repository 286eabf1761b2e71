"""What the README shows runs as it stands."""

import re

import pytest

import toolkit as tk
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDIES = [text for text in re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL) if text.startswith("study:")]


@pytest.mark.parametrize("text", STUDIES, ids=lambda text: text.splitlines()[0])
def test_the_study_files_of_the_readme_can_be_read(text, tmp_path):
    (tmp_path / "answers.csv").write_text("id,couple,role,Q12_1,gender,age\np1,c1,a,3,f,30\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    assert tk.read_study(tmp_path).instruments


def test_the_readme_shows_both_kinds_of_study():
    assert len(STUDIES) == 2
