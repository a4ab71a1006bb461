"""What the runtime of the suite says to an NRI plugin."""

from typing import Any

import pytest

from dra_api.nri._generated import nri_pb2, ttrpc_pb2
from dra_conformance.harness.nri.conversation import SERVICE, UNIMPLEMENTED, Conversation
from dra_conformance.harness.nri.frames import (
    PLUGIN,
    REQUEST,
    RESPONSE,
    RUNTIME,
    Frames,
    Message,
    ProtocolError,
    packed,
)

RUNNING = nri_pb2.SynchronizeRequest(containers=[nri_pb2.Container(id="c", env=["A=1"])])


class Plugin:
    """The other side, message by message."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.conversation = Conversation(lambda: RUNNING, lambda what, **_: self.happened.append(what))

    def say(self, message: Message) -> list[Message]:
        """What the runtime answers."""
        return list(Frames().feed(self.conversation.received(packed(message))))

    def call(self, method: str, request: Any) -> list[Message]:
        """Call the runtime."""
        envelope = ttrpc_pb2.Request(
            service=f"{SERVICE}.Runtime", method=method, payload=request.SerializeToString()
        )
        return self.say(Message(RUNTIME, 1, REQUEST, envelope.SerializeToString()))

    def register(self, name: str = "dra.cpu", index: str = "00") -> list[Message]:
        """Register the plugin."""
        return self.call("RegisterPlugin", nri_pb2.RegisterPluginRequest(plugin_name=name, plugin_idx=index))

    def answer(self, stream: int, code: int = 0) -> list[Message]:
        """Answer a call of the runtime."""
        status = ttrpc_pb2.Status(code=code, message="no") if code else None
        return self.say(
            Message(PLUGIN, stream, RESPONSE, ttrpc_pb2.Response(status=status).SerializeToString())
        )


def test_a_plugin_is_registered_configured_and_given_the_containers() -> None:
    plugin = Plugin()
    registered, configure = plugin.register()
    assert ttrpc_pb2.Response.FromString(registered.payload) == ttrpc_pb2.Response()
    asked = ttrpc_pb2.Request.FromString(configure.payload)
    assert (configure.connection, configure.stream) == (PLUGIN, 1)
    assert (asked.service, asked.method) == ("nri.pkg.api.v1alpha1.Plugin", "Configure")
    assert nri_pb2.ConfigureRequest.FromString(asked.payload).runtime_name == "containerd"
    [synchronize] = plugin.answer(configure.stream)
    asked = ttrpc_pb2.Request.FromString(synchronize.payload)
    assert (synchronize.stream, asked.method) == (3, "Synchronize")
    assert nri_pb2.SynchronizeRequest.FromString(asked.payload) == RUNNING
    before = plugin.conversation.synchronized
    assert plugin.answer(synchronize.stream) == []
    assert (before, plugin.conversation.synchronized) == (False, True)
    assert plugin.conversation.plugin == "00-dra.cpu"


@pytest.mark.parametrize(
    ("name", "index"), [("x", "1"), ("x", "aa"), ("x", "\u0660\u0661"), ("", "00"), ("a/b", "00")]
)
def test_a_plugin_with_an_odd_name_or_index_is_refused_as_by_a_runtime(name: str, index: str) -> None:
    [refused] = Plugin().register(name, index)
    assert "wanted an index of two digits" in ttrpc_pb2.Response.FromString(refused.payload).status.message


def test_updates_of_containers_are_taken_and_unknown_calls_are_refused() -> None:
    plugin = Plugin()
    update = nri_pb2.UpdateContainersRequest(update=[nri_pb2.ContainerUpdate(container_id="c")])
    [taken] = plugin.call("UpdateContainers", update)
    assert not ttrpc_pb2.Response.FromString(taken.payload).status.code
    [refused] = plugin.call("Unknown", nri_pb2.Empty())
    assert ttrpc_pb2.Response.FromString(refused.payload).status.code == UNIMPLEMENTED
    assert plugin.happened == ["UpdateContainers", "a call that the runtime does not know"]


def test_a_plugin_that_answers_with_an_error_goes_no_further() -> None:
    plugin = Plugin()
    _, configure = plugin.register()
    with pytest.raises(ProtocolError, match="00-dra.cpu answered Configure with an error: no"):
        plugin.answer(configure.stream, code=2)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message(RUNTIME, 1, REQUEST, b"\xff"), "no protobuf of its kind"),
        (Message(PLUGIN, 5, RESPONSE, b""), "found one on stream 5"),
        (Message(RUNTIME, 1, 9, b""), "found type 9 on connection 2"),
    ],
)
def test_what_is_no_nri_is_refused_with_the_reason(message: Message, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        Plugin().say(message)
