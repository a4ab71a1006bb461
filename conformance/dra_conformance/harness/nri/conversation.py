"""What a container runtime says to one NRI plugin: it takes its registration, configures it and says which containers run.

That is all a driver needs to go on. Events of containers are not sent, because no container is created at the tier node. As
upstream's runtimes do, it refuses a plugin with an odd name or index, and goes no further after an error (nri
pkg/adaptation/plugin.go).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from google.protobuf.message import DecodeError

from dra_api.nri._generated import nri_pb2, ttrpc_pb2
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

SERVICE = "nri.pkg.api.v1alpha1"
REGISTRATION_S, REQUEST_S = 5, 2
"""Upstream's limits (nri pkg/api/timeouts.go)."""
INVALID_ARGUMENT, UNIMPLEMENTED = 3, 12
"""Codes of gRPC."""
CONFIGURE, SYNCHRONIZE = "Configure", "Synchronize"
NAME, INDEX = re.compile(r"[A-Za-z0-9_.+-]+"), re.compile(r"[0-9]{2}")
"""What upstream takes (nri pkg/api/plugin.go)."""


class Record(Protocol):
    """Takes what happened."""

    def __call__(self, what: str, **details: Any) -> None:
        """It happened now."""


class Conversation:
    """The runtime's side with one plugin.

    Attributes:
        plugin: its name, once it has registered.
        synchronized: whether it knows which containers run; it works from then on.
    """

    def __init__(self, running: Callable[[], nri_pb2.SynchronizeRequest], record: Record) -> None:
        self._running = running
        self._record = record
        self._frames = Frames()
        self._asked: dict[int, str] = {}
        self.plugin = ""
        self.synchronized = False

    def received(self, data: bytes) -> bytes:
        """What to answer to DATA.

        Raises:
            ProtocolError: the plugin does not keep to the protocol.
        """
        try:
            return b"".join(
                packed(answer) for message in self._frames.feed(data) for answer in self._answers(message)
            )
        except DecodeError as error:
            message = f"a message of {self.plugin or 'a plugin'} is no protobuf of its kind: {error}"
            raise ProtocolError(message) from error

    def _answers(self, message: Message) -> Iterator[Message]:
        if (message.connection, message.kind) == (RUNTIME, REQUEST):
            yield from self._called(message)
        elif (message.connection, message.kind) == (PLUGIN, RESPONSE):
            yield from self._answered(message)
        else:
            text = f"wanted a request to the runtime or an answer of the plugin, found type {message.kind} on connection {message.connection}"
            raise ProtocolError(text)

    def _called(self, message: Message) -> Iterator[Message]:
        """The plugin calls the runtime."""
        request = ttrpc_pb2.Request.FromString(message.payload)
        called = f"{request.service}/{request.method}"
        if called == f"{SERVICE}.Runtime/RegisterPlugin":
            yield from self._registered(message.stream, request.payload)
        elif called == f"{SERVICE}.Runtime/UpdateContainers":
            asked = nri_pb2.UpdateContainersRequest.FromString(request.payload)
            self._record("UpdateContainers", containers=[update.container_id for update in asked.update])
            yield answer(message.stream, nri_pb2.UpdateContainersResponse())
        else:
            self._record("a call that the runtime does not know", method=called)
            yield refusal(message.stream, UNIMPLEMENTED, f"{called} is not known")

    def _registered(self, stream: int, payload: bytes) -> Iterator[Message]:
        plugin = nri_pb2.RegisterPluginRequest.FromString(payload)
        self._record("RegisterPlugin", request=plugin)
        if not (INDEX.fullmatch(plugin.plugin_idx) and NAME.fullmatch(plugin.plugin_name)):
            yield refusal(
                stream, INVALID_ARGUMENT, "wanted an index of two digits and a name of A-Z a-z 0-9 _.+-"
            )
            return
        self.plugin = f"{plugin.plugin_idx}-{plugin.plugin_name}"
        yield answer(stream, nri_pb2.Empty())
        yield self._ask(
            CONFIGURE,
            nri_pb2.ConfigureRequest(
                runtime_name="containerd",
                runtime_version="v2.3.0",
                registration_timeout=REGISTRATION_S * 1000,
                request_timeout=REQUEST_S * 1000,
                nri_version="v0.12.0",
            ),
        )

    def _ask(self, method: str, request: Any) -> Message:
        """A call of the plugin; streams of who opens a connection are odd."""
        stream = 2 * len(self._asked) + 1
        self._asked[stream] = method
        envelope = ttrpc_pb2.Request(
            service=f"{SERVICE}.Plugin",
            method=method,
            payload=request.SerializeToString(),
            timeout_nano=REQUEST_S * 10**9,
        )
        return Message(PLUGIN, stream, REQUEST, envelope.SerializeToString())

    def _answered(self, message: Message) -> Iterator[Message]:
        """The plugin answers a call of the runtime."""
        method = self._asked.get(message.stream)
        if method is None:
            text = f"wanted an answer to a call, found one on stream {message.stream}"
            raise ProtocolError(text)
        response = ttrpc_pb2.Response.FromString(message.payload)
        self._record(f"{method} of plugin {self.plugin}", status=response.status.message)
        if response.status.code:
            text = f"{self.plugin} answered {method} with an error: {response.status.message}"
            raise ProtocolError(text)
        if method == CONFIGURE:
            yield self._ask(SYNCHRONIZE, self._running())
        else:
            self.synchronized = True


def answer(stream: int, payload: Any) -> Message:
    """The runtime's answer to a call of the plugin."""
    envelope = ttrpc_pb2.Response(payload=payload.SerializeToString())
    return Message(RUNTIME, stream, RESPONSE, envelope.SerializeToString())


def refusal(stream: int, code: int, text: str) -> Message:
    """An error as the runtime's answer."""
    envelope = ttrpc_pb2.Response(status=ttrpc_pb2.Status(code=code, message=text))
    return Message(RUNTIME, stream, RESPONSE, envelope.SerializeToString())
