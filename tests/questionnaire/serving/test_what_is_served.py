"""What the server gives and what it does not, asked from outside."""

from __future__ import annotations

import json
import time

import pytest

from tests.served import room
from toolkit.questionnaire.serving.headers import HEADERS, content_security_policy

UNKNOWN = "5d6612f9-e1a4-43fd-b278-a5dd5e364cda"
ASKED = ["", "health", "static/page.js", "static/questionnaire.css", "nothing", f"alive/{UNKNOWN}", "static/nothing.js"]
REFUSED = [
    "api/contents",
    "api/contents/questionnaire.ipynb",
    "api/kernels",
    "api/kernels/" + UNKNOWN,
    "api/sessions",
    "api/terminals",
    "api/status",
    "api/me",
    "api/shutdown",
    "voila/files/questionnaire.ipynb",
    "voila/static/voila.js",
    "voila/templates/questionnaire/index.html.j2",
    "voila/tree",
    "voila/render/questionnaire.ipynb",
    "voila/labextensions/x",
    "voila/api/themes/x",
    "voila/api/shutdown/" + UNKNOWN,
    "voila/query/" + UNKNOWN,
    "login",
    "logout",
    "lab",
    "tree",
    "questionnaire.ipynb",
    "study.yaml",
    "answers.db",
    "static/index.html.j2",
    "static/",
    "static/../serve.py",
    "static/../../../../../../../../etc/passwd",
    "static/..%2f..%2fserve.py",
    "static/%2e%2e/%2e%2e/serve.py",
    "static/....//serve.py",
    "static//etc/passwd",
    "../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "%00",
    "metrics",
    ".git/config",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ASKED)
def test_every_response_has_the_headers_and_no_cookie(served, path, method):
    status, headers, body = served.get(path, method)
    assert status in (200, 204, 403, 404, 405)
    assert_safe(served, headers)
    assert b"Traceback" not in body


def assert_safe(served, headers):
    for name, value in HEADERS.items():
        assert value in headers[name], name
    assert headers["Content-Security-Policy"] == content_security_policy(f"127.0.0.1:{served.port}")
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", REFUSED)
def test_nothing_else_is_served(served, path):
    status, headers, body = served.get(path)
    assert (status, body) == (404, b"404\n")
    assert_safe(served, headers)


def test_the_page_needs_nothing_from_elsewhere(served):
    status, headers, body = served.get("?template=lab&theme=dark&token=secret")
    page = body.decode()
    assert status == 200
    assert_safe(served, headers)
    assert '<html lang="en">' in page
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
    assert "<noscript><p>This page needs JavaScript." in page
    assert "One moment" in page
    for foreign in ("http:", "https:", "//", "<style", "<script>", "secret", str(served.folder)):
        assert foreign not in page
    room(body)


def test_the_name_of_the_page_in_the_list_of_visited_pages_says_nothing(served):
    assert b"<title>Questions</title>" in served.get("")[2]


def test_health_tells_of_the_store_and_counts_nobody(served):
    status, headers, body = served.get("health")
    assert status == 200
    assert headers["Content-Type"].startswith("application/json")
    state = json.loads(body)
    assert state["status"] == "ok"
    assert sorted(state) == ["schema", "status", "store"]


def test_health_fails_while_the_store_cannot_be_reached(served):
    aside = served.database.with_name("aside.db")
    served.database.rename(aside)
    try:
        assert wait_for(served, 503) == {"status": "failing", "store": "unreachable", "schema": None}
    finally:
        aside.rename(served.database)
    assert wait_for(served, 200)["status"] == "ok"


def wait_for(served, status):
    for _ in range(60):
        found, _, body = served.get("health")
        if found == status:
            return json.loads(body)
        time.sleep(0.1)
    raise AssertionError(f"health never gave {status}")


def test_a_large_request_is_refused(served):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(100_000_000))
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()
