"""A page can talk to its questionnaire, and do nothing else to the kernel behind it."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.served import Person
from toolkit.questionnaire.serving.channels import Refusal, message_of_the_page, message_to_the_page

CODE = {"code": "open('was_here', 'w').close()", "silent": False, "store_history": False, "user_expressions": {}}


def message(kind="comm_msg", channel="shell", **content):
    header = {"msg_type": kind, "msg_id": "1", "session": "s", "username": "", "version": "5.3"}
    return {"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": content}


def custom(**data):
    return message(comm_id="c", data={"method": "custom", "content": {"type": "hello"}, **data})


HOSTILE = {
    "execute": message("execute_request", **CODE),
    "execute on control": message("execute_request", "control", **CODE),
    "execute named as a comm message": {**custom(), "header": {"msg_type": "execute_request"}},
    "inspect": message("inspect_request", code="open", cursor_pos=4, detail_level=1),
    "complete": message("complete_request", code="ope", cursor_pos=3),
    "history": message("history_request", hist_access_type="tail", n=10),
    "input": message("input_reply", "stdin", value="1"),
    "debug": message("debug_request", "control", type="request", command="evaluate", arguments={"expression": "1"}),
    "interrupt": message("interrupt_request", "control"),
    "shutdown": message("shutdown_request", "control", restart=False),
    "shutdown on shell": message("shutdown_request", restart=False),
    "kernel info": message("kernel_info_request"),
    "subshell": message("create_subshell_request", "control"),
    "a new comm": message("comm_open", comm_id="x", target_name="jupyter.widget", data={"state": {}}),
    "a closed comm": message("comm_close", comm_id="c", data={}),
    "the state of a widget": custom(method="update", state={"_esm": "export default {}"}),
    "asking for the state": custom(method="request_state"),
    "comm message on control": {**custom(), "channel": "control"},
    "no channel": {key: value for key, value in custom().items() if key != "channel"},
    "no header": {**custom(), "header": None},
    "kind is a list": {**custom(), "header": {"msg_type": ["comm_msg"]}},
    "buffers": {**custom(), "buffers": ["x"]},
    "no comm": message(data={"method": "custom", "content": {}}),
    "content is a text": custom(content="hello"),
    "content is a list": message(comm_id="c", data=[]),
    "a list": [],
    "a number": 1,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_only_messages_to_the_questionnaire_pass(hostile):
    with pytest.raises(Refusal):
        message_of_the_page(json.dumps(hostile))


@pytest.mark.parametrize("text", [b"\x00", "", "{", "NaN", "[" * 100_000, '"' + "x" * 1000])
def test_what_is_no_message_is_refused(text):
    with pytest.raises(Refusal):
        message_of_the_page(text)


def test_what_passes_is_rebuilt_from_its_parts():
    passed = message_of_the_page(json.dumps({**custom(), "more": 1, "metadata": {"x": 1}}))
    assert passed == {"comm_id": "c", "data": {"method": "custom", "content": {"type": "hello"}}}


@pytest.mark.parametrize(
    ("channel", "kind", "data"),
    [
        ("iopub", "stream", {"text": "Traceback"}),
        ("iopub", "error", {}),
        ("iopub", "execute_input", {"code": "study = '/home/me'"}),
        ("iopub", "comm_msg", {"method": "update", "state": {"_esm": ""}}),
        ("shell", "comm_msg", {"method": "custom", "content": {}}),
        (None, "comm_msg", {"method": "custom", "content": {}}),
    ],
)
def test_a_kernel_tells_the_page_nothing_but_replies(channel, kind, data):
    assert message_to_the_page(channel, {"header": {"msg_type": kind}, "content": {"data": data}}) is None


def test_every_other_message_ends_the_connection_and_reaches_no_kernel(served):
    async def attack():
        person = await Person(served, served.invited(1, "attack.csv")[0]).come()
        assert (await person.say("hello", language=None))["type"] == "hello"
        closed = [await outcome(person, json.dumps(hostile)) for hostile in HOSTILE.values()]
        closed.append(await outcome(person, b"\x00binary"))
        await person.leave()
        again = await reopened(person)
        assert (await again.say("hello", language=None))["type"] == "hello"
        await again.leave()
        return closed

    before = refused(served)
    assert set(asyncio.run(attack())) == {1008}
    assert refused(served) - before == len(HOSTILE) + 1
    assert not list(served.folder.rglob("was_here"))
    assert {kernel.status() for kernel in served.kernels()} <= {"sleeping", "running", "idle"}


async def outcome(person, frame):
    """Send a frame over a connection of its own; give the code that the connection is closed with."""
    async with connect(address(person)) as socket:
        try:
            await socket.send(frame)
            return await asyncio.wait_for(socket.recv(), 20)
        except ConnectionClosedError as closed:
            return closed.rcvd.code


async def reopened(person):
    person.socket = await connect(address(person))
    return person


def address(person, session="other"):
    return f"ws://127.0.0.1:{person.served.port}/api/kernels/{person.kernel}/channels?session_id={session}"


def refused(served):
    from toolkit.store import Store

    store = Store.open(f"sqlite:///{served.database}", create=False)
    try:
        return store.counts("questionnaire-demo").refused_inputs
    finally:
        store.close()


def test_a_message_of_ten_megabytes_is_cut_off_and_counted(served):
    async def attack():
        person = await Person(served, served.invited(1, "long.csv")[0]).come()
        code = await outcome(person, person.framed({"type": "answer", "sequence": 1, "item": "x", "text": "x" * 10**7}))
        await person.leave()
        return code

    before = refused(served)
    assert asyncio.run(attack()) == 1009
    assert refused(served) == before + 1


def test_the_socket_is_for_the_own_page_alone(served):
    async def attempts():
        person = await Person(served, served.invited(1, "origin.csv")[0]).come()
        statuses = [
            await rejected(address(person), origin="http://elsewhere.example"),
            await rejected(address(person), origin="null"),
            await rejected(address(person).replace(person.kernel, "5d6612f9-e1a4-43fd-b278-a5dd5e364cda")),
            await rejected(address(person).replace(person.kernel, "x")),
        ]
        await person.leave()
        return statuses

    assert asyncio.run(attempts()) == [403, 403, 404, 404]


async def rejected(where, **options):
    try:
        async with connect(where, **options):
            return 101
    except InvalidStatus as problem:
        return problem.response.status_code
