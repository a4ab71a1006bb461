"""The NRI socket over a real socket, and the containers that it speaks of."""

import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_api.nri._generated import nri_pb2, ttrpc_pb2
from dra_conformance.harness.cdi import CdiView
from dra_conformance.harness.nri.containers import Containers
from dra_conformance.harness.nri.conversation import SERVICE
from dra_conformance.harness.nri.endpoint import NriEndpoint
from dra_conformance.harness.nri.frames import PLUGIN, REQUEST, RESPONSE, RUNTIME, Frames, Message, packed
from dra_conformance.harness.patience import AGAIN_S, Patience

LONG_S = 30.0
NEVER_S = 0.01


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[NriEndpoint]:
    (tmp_path / "cdi").mkdir()
    document = {
        "cdiVersion": "0.8.0",
        "kind": "x/y",
        "devices": [{"name": "a", "containerEdits": {"env": ["CPUS=1"]}}],
    }
    (tmp_path / "cdi" / "x.json").write_text(json.dumps(document))
    endpoint = NriEndpoint(tmp_path / "nri.sock", Containers(CdiView(tmp_path / "cdi")), Patience())
    yield endpoint
    endpoint.close()


def connected(endpoint: NriEndpoint) -> socket.socket:
    """A plugin's connection."""
    plugin = socket.socket(socket.AF_UNIX)
    plugin.settimeout(LONG_S)
    plugin.connect(str(endpoint.path))
    return plugin


def play(plugin: socket.socket) -> nri_pb2.SynchronizeRequest:
    """Register and answer the calls of the runtime; what it said of containers."""
    request = nri_pb2.RegisterPluginRequest(plugin_name="x", plugin_idx="10").SerializeToString()
    envelope = ttrpc_pb2.Request(service=f"{SERVICE}.Runtime", method="RegisterPlugin", payload=request)
    plugin.sendall(packed(Message(RUNTIME, 1, REQUEST, envelope.SerializeToString())))
    frames = Frames()
    while data := plugin.recv(1 << 16):
        for message in frames.feed(data):
            if message.connection == PLUGIN:
                plugin.sendall(packed(Message(PLUGIN, message.stream, RESPONSE, b"")))
                asked = ttrpc_pb2.Request.FromString(message.payload)
                if asked.method == "Synchronize":
                    return nri_pb2.SynchronizeRequest.FromString(asked.payload)
    raise AssertionError("the runtime closed the connection")


def test_a_plugin_learns_of_a_container_for_each_prepared_claim(endpoint: NriEndpoint) -> None:
    endpoint.containers.created("one", ["x/y=a"])
    endpoint.containers.created("two", ["x/y=unknown"])
    endpoint.containers.created("three", [])
    endpoint.containers.removed("three")
    with connected(endpoint) as plugin:
        told = play(plugin)
        assert endpoint.wait_synchronized(LONG_S)
    assert {one.id: list(one.env) for one in told.containers} == {
        "container-of-one": ["CPUS=1"],
        "container-of-two": [],
    }
    assert {one.pod_sandbox_id for one in told.containers} == {pod.id for pod in told.pods}
    assert "RegisterPlugin" in [seen.what for seen in endpoint.seen()]


def test_a_container_keeps_the_variables_that_it_was_started_with(endpoint: NriEndpoint) -> None:
    endpoint.containers.created("one", ["x/y=a"])
    for path in endpoint.path.parent.glob("cdi/*"):
        path.unlink()
    endpoint.containers.created("one", ["x/y=a"])
    assert list(endpoint.containers.running().containers[0].env) == ["CPUS=1"]
    endpoint.containers.clear()
    assert not endpoint.containers.running().containers


def test_a_plugin_that_sends_garbage_is_left_and_the_next_one_is_served(endpoint: NriEndpoint) -> None:
    with connected(endpoint) as stranger:
        stranger.sendall(b"\xff" * 100)
        assert stranger.recv(1) == b""
    with connected(endpoint) as plugin:
        play(plugin)
        assert endpoint.wait_synchronized(LONG_S)


def test_a_plugin_that_is_gone_is_no_longer_synchronized(endpoint: NriEndpoint) -> None:
    with connected(endpoint) as plugin:
        play(plugin)
        assert endpoint.wait_synchronized(LONG_S)
    deadline = time.monotonic() + LONG_S
    while endpoint.wait_synchronized(NEVER_S):
        assert time.monotonic() < deadline


def test_a_plugin_that_never_comes_is_waited_for_in_full_once(tmp_path: Path) -> None:
    patience = Patience()
    endpoint = NriEndpoint(tmp_path / "nri.sock", Containers(CdiView(tmp_path)), patience)
    assert not endpoint.wait_synchronized(NEVER_S)
    assert patience.limit_s("NRI plugin", LONG_S) == AGAIN_S
    endpoint.close()


def test_the_socket_is_for_the_owner_only_and_gone_after_the_end(endpoint: NriEndpoint) -> None:
    assert stat.S_IMODE(endpoint.path.stat().st_mode) == 0o600
    with connected(endpoint) as plugin:
        endpoint.close()
        assert plugin.recv(1) == b""
    assert not endpoint.path.exists()
