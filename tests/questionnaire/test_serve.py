"""What `toolkit serve` checks before anybody comes, and how kernels end."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml

from tests.served import DEMO
from toolkit.errors import ArgumentError, StoreError, ToolkitError
from toolkit.questionnaire import serve as module
from toolkit.questionnaire.serve import Door, opening_words, serve
from toolkit.questionnaire.texts import languages_of_pages


@pytest.fixture
def study(tmp_path):
    return shutil.copy(DEMO / "study.yaml", tmp_path / "study.yaml")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"port": 0}, "port is 0"),
        ({"port": 70_000}, "port is 70000"),
        ({"places": 0}, "places 1 or more"),
        ({"ready": -1}, "ready must be 0 or more"),
        ({"base_url": "study"}, "base_url is 'study'"),
        ({"base_url": "/../x"}, "base_url is '/../x'"),
        ({"base_url": "/(.*)"}, "base_url is"),
    ],
)
def test_a_door_that_cannot_be_is_refused(options, expected):
    with pytest.raises(ArgumentError) as problem:
        Door(**options)
    assert expected in str(problem.value)


def test_the_address_of_a_door():
    assert Door().address == "http://127.0.0.1:8866/"
    assert Door(base_url="/study/one").address == "http://127.0.0.1:8866/study/one/"
    assert Door(host="::1", port=80).address == "http://[::1]:80/"


def test_a_port_that_is_taken_is_told_in_one_paragraph(study):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ToolkitError, match=f"nothing can be served on port {port} of 127.0.0.1") as problem:
            serve(study, door=Door(port=port))
    assert "\n" not in str(problem.value)


def test_without_voila_it_says_how_to_install_it(study, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ToolkitError, match=r"pip install 'assertiveness-toolkit\[serve\]'"):
        serve(study)


def test_a_store_that_cannot_be_opened_is_told(study):
    with pytest.raises(StoreError):
        serve(study, store="sqlite:////nowhere/at/all/answers.db")


def test_every_language_of_the_pages_has_its_opening_words():
    folder = module.Path(module.__file__).parent / "texts" / "opening"
    texts = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in folder.glob("*.yaml")}
    assert sorted(texts) == sorted(languages_of_pages())
    assert len({tuple(words) for words in texts.values()}) == 1
    assert all(all(words.values()) for words in texts.values())
    assert opening_words("de")["language"] == "de"
    assert opening_words("fr") == opening_words("en")


def test_kernels_are_copied_without_pandas_and_without_threads():
    pytest.importorskip("psutil", reason="psutil is not installed")
    code = "import sys, threading\nfrom toolkit.questionnaire.serving import nursery\n"
    code += "nursery._import_what_kernels_need()\n"
    code += "print(sorted({'pandas', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)), threading.active_count())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] 1\n"


@pytest.mark.parametrize(("pages", "minutes", "culled"), [(0, 4, False), (0, 6, True), (1, 600, False), (1, 800, True)])
def test_kernels_end_soon_after_their_page_and_late_beside_a_reader(pages, minutes, culled):
    pytest.importorskip("voila", reason="voila is not installed")
    from datetime import timedelta

    from jupyter_server._tz import utcnow

    from toolkit.questionnaire.serving.kernels import ParticipantKernels

    async def look():
        kernels, ended = ParticipantKernels(), []

        async def end(kernel):
            ended.append(kernel)

        seen = utcnow() - timedelta(minutes=minutes)
        spec = SimpleNamespace(metadata={})
        kernels._kernels = {
            "k": SimpleNamespace(execution_state="idle", kernel_spec=spec, last_activity=seen, kernel_name="python3")
        }
        kernels._kernel_connections = {"k": pages}
        kernels.shutdown_kernel = end
        await kernels.cull_kernel_if_idle("k")
        kernels._kernels = {}
        return ended

    assert asyncio.run(look()) == (["k"] if culled else [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_image_of_the_memory_is_left_where_a_process_breaks_down():
    code = (
        "import resource; from toolkit.questionnaire.serve import keep_memory_off_the_disk; "
        "keep_memory_off_the_disk(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "(0, 0)"
