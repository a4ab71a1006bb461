"""A server that is treated badly, and one that treats its clients badly on purpose."""

import asyncio
import contextlib
import gc
import json
import socket
import ssl
import threading
import time
from typing import Any

import pytest
from http_client import CONFIGS, Caller

from kube_emulator import Cluster
from kube_emulator.apiserver.audit import KEPT_BYTES, ApiRequest, Audit, Fault
from kube_emulator.apiserver.endpoints.reads import Stream
from kube_emulator.apiserver.server import HEAD_MAX
from kube_emulator.store.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def driver(api_cluster: Cluster) -> Caller:
    api_cluster.heal()
    return Caller(api_cluster, "driver")


def config(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\xff\xff random", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000])
def test_bytes_that_are_no_request_do_not_stop_the_server(
    api_cluster: Cluster, call: Caller, sent: bytes
) -> None:
    host, _, port = api_cluster.url.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as plain, contextlib.suppress(OSError):
        plain.sendall(sent)
        plain.recv(100)
    assert call("GET", "/readyz").content == b"ok"


def test_headers_without_end_are_refused(api_cluster: Cluster, call: Caller) -> None:
    host, _, port = api_cluster.url.removeprefix("https://").partition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain) as secured,
    ):
        answer = b""
        with contextlib.suppress(
            ssl.SSLError, ConnectionError
        ):  # the server may hang up while it is still sent to
            secured.sendall(b"GET /api HTTP/1.1\r\nX: " + b"y" * (HEAD_MAX + 4096))
            answer = secured.recv(100)
        assert answer == b"" or b" 400 " in answer
    assert call("GET", "/readyz").content == b"ok"


@pytest.mark.parametrize(
    "path", ["//", "/api/v1/%00", "/api/v1/namespaces/%2e%2e/pods", "/apis/" + "a/" * 500]
)
def test_strange_paths_are_answered(call: Caller, path: str) -> None:
    assert call("GET", path).code in (200, 404)


def test_a_yaml_bomb_is_refused(call: Caller) -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 30)}]" for n in range(1, 9)]
    answer = call("POST", CONFIGS, "\n".join(lines).encode(), kind="application/yaml")
    assert answer.code == 400
    assert "excessive aliasing" in answer.body["message"]


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a {b: *a}", "{[1]: 2}", "{null: 1}", "a: !!set {b}"])
def test_yaml_that_is_no_json_is_refused(call: Caller, text: str) -> None:
    assert call("POST", CONFIGS, text.encode(), kind="application/yaml").code == 400


def test_yaml_is_read_as_go_reads_it(call: Caller) -> None:
    text = "metadata: {name: gos-yaml, annotations: {1: a, no: b}}\ndata: {a: 12:30:45, b: 2001-01-01}"
    item = call("POST", CONFIGS, text.encode(), kind="application/yaml").body
    assert item["metadata"]["annotations"] == {"1": "a", "false": "b"}
    assert item["data"] == {"a": "12:30:45", "b": "2001-01-01"}


def test_a_number_of_many_parts_takes_no_time(call: Caller) -> None:
    text = "metadata: {name: parts}\ndata: {a: " + "1:" * 100_000 + "1}"
    assert call("POST", CONFIGS, text.encode(), kind="application/yaml").code == 201


def test_an_object_as_deep_as_the_stack_is_refused(call: Caller) -> None:
    text = '{"metadata": {"name": "deep"}, "data":' + '{"a":' * 900 + "1" + "}" * 901
    assert call("POST", CONFIGS, text.encode()).code == 400


def test_a_body_that_cannot_be_unpacked_is_refused(call: Caller) -> None:
    answer = call("POST", CONFIGS, b"no deflate", **{"Content-Encoding": "deflate"})
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")


def test_a_request_line_may_be_long(call: Caller) -> None:
    labels = ",".join(f"label-{number}=value" for number in range(2000))
    assert call("GET", f"{CONFIGS}?labelSelector={labels}").body["items"] == []


async def test_the_watch_of_a_client_that_does_not_read_is_ended() -> None:
    store, ended = Store(), asyncio.Event()
    queue = store.subscribe(("configmaps",), limit=10, overflow=ended.set)
    for number in range(12):
        store.put("configmaps", {"metadata": {"name": f"c{number}", "namespace": "default"}})
    assert ended.is_set()
    assert queue.get_nowait() is None


async def test_a_watcher_that_lets_big_objects_pile_up_is_ended() -> None:
    store, ended = Store(), asyncio.Event()
    store.subscribe(("configmaps",), limit=1000, overflow=ended.set)
    big = "x" * (4 << 20)
    for number in range(20):
        store.put("configmaps", {"metadata": {"name": f"c{number}"}, "data": {"x": big}})
    assert ended.is_set()


def test_a_client_that_never_reads_its_watch_delays_no_other_client(
    api_cluster: Cluster, call: Caller
) -> None:
    host, _, port = api_cluster.url.removeprefix("https://").partition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    token = api_cluster.token("admin")
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain) as secured,
    ):
        head = f"GET {CONFIGS}?watch=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        secured.sendall(head.encode())
        for number in range(30):
            item = config(f"unread-{number}") | {"data": {"x": "y" * 300_000}}
            assert call("POST", CONFIGS, item).code == 201
        assert call("GET", f"{CONFIGS}/unread-29").code == 200


def streams_alive() -> int:
    gc.collect()
    return sum(isinstance(item, Stream) for item in gc.get_objects())


def test_a_watch_ends_with_its_connection(api_cluster: Cluster) -> None:
    host, _, port = api_cluster.url.removeprefix("https://").partition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    head = f"GET {CONFIGS}?watch=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api_cluster.token('admin')}\r\n\r\n"
    for _ in range(5):
        with (
            socket.create_connection((host, int(port)), timeout=5) as plain,
            context.wrap_socket(plain) as secured,
        ):
            secured.sendall(head.encode())
            assert secured.recv(12) == b"HTTP/1.1 200"
    deadline = time.monotonic() + 10
    while streams_alive() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert streams_alive() == 0


def test_the_record_of_requests_is_bounded_by_bytes() -> None:
    audit = Audit()
    row = ApiRequest(0, "u", "", "create", "pods", "", "", "", {}, 201, sent=b"x" * (1 << 20))
    for _ in range(KEPT_BYTES // (1 << 20) + 5):
        audit.record(row)
    assert len(audit.requests) == KEPT_BYTES // (1 << 20)


@pytest.mark.parametrize(("code", "retry"), [(409, 0), (410, 0), (429, 7), (500, 0), (503, 1)])
def test_a_wrong_answer_can_be_injected(api_cluster: Cluster, driver: Caller, code: int, retry: int) -> None:
    api_cluster.inject(Fault(code, 1, frozenset({"create"}), "configmaps", retry))
    answer = driver("POST", CONFIGS, config(f"fault-{code}"))
    assert answer.code == code
    assert answer.headers.get("retry-after", "0") == str(retry)
    assert driver("POST", CONFIGS, config(f"fault-{code}")).code == 201


def test_faults_can_be_for_one_user(api_cluster: Cluster, call: Caller, driver: Caller) -> None:
    api_cluster.inject(Fault(500, 1, users=frozenset({"admin"})))
    assert driver("GET", CONFIGS).code == 200
    assert call("GET", CONFIGS).code == 500
    assert call("GET", CONFIGS).code == 200


def test_an_answer_can_be_slow(api_cluster: Cluster, driver: Caller) -> None:
    api_cluster.inject(Fault(200, 1, delay_s=0.2))
    started = time.monotonic()
    assert driver("GET", CONFIGS).code == 200
    assert time.monotonic() - started >= 0.2


def events_seen(driver: Caller, call: Caller, label: str) -> list[str]:
    """Names in a watch during which two objects are made."""
    version = call("GET", CONFIGS).body["metadata"]["resourceVersion"]
    seen: list[str] = []

    def follow() -> None:
        with contextlib.suppress(Exception):
            query = f"watch=1&resourceVersion={version}&timeoutSeconds=2&labelSelector={label}"
            lines = driver("GET", f"{CONFIGS}?{query}").content.splitlines()
            seen.extend(json.loads(line)["object"]["metadata"]["name"] for line in lines)

    thread = threading.Thread(target=follow)
    thread.start()
    for name in ("one", "two"):
        call("POST", CONFIGS, {"metadata": {"name": f"{label}-{name}", "labels": {label: "1"}}})
    thread.join()
    return seen


def test_watch_events_can_be_dropped_or_duplicated(
    api_cluster: Cluster, call: Caller, driver: Caller
) -> None:
    api_cluster.inject(Fault(0, 1, plural="configmaps", events="drop"))
    assert events_seen(driver, call, "dropped") == ["dropped-two"]
    api_cluster.inject(Fault(0, 1, plural="configmaps", events="duplicate"))
    assert events_seen(driver, call, "doubled") == ["doubled-one", "doubled-one", "doubled-two"]


def test_an_event_can_cut_its_connection(api_cluster: Cluster, call: Caller, driver: Caller) -> None:
    api_cluster.inject(Fault(0, 1, plural="configmaps", events="cut"))
    assert events_seen(driver, call, "cut") == []
