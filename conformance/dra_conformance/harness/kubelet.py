"""The kubelet's side of the contracts: plain gRPC calls with the kubelet's deadlines, each recorded as evidence."""

import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc

from dra_api import names
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2, registration_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub as StubV1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginStub as StubV1Beta1
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationStub
from dra_conformance.expectations import Violation
from dra_conformance.harness.answers import (
    Answers,
    ClaimRef,
    Device,
    Entry,
    device_of,
    expect_entry,
    status_text,
)
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.health import HealthStream
from dra_conformance.harness.nri.containers import Containers
from dra_conformance.harness.patience import Patience

POLL_S = 0.005
LATE_INFO_S = 10.0
"""For GetInfo. Whether it comes in the kubelet's second is the question of REG-015 and CONC-005 alone, which measure it."""
VERSIONS: dict[str, tuple[Any, Any]] = {
    names.DRA_V1: (StubV1, dra_v1_pb2),
    names.DRA_V1BETA1: (StubV1Beta1, dra_v1beta1_pb2),
}
FULL_NAMES = {
    names.DRA_V1: "k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin",
    names.DRA_V1BETA1: "k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin",
    names.HEALTH_V1: "v1.DRAResourceHealth",
    names.HEALTH_V1ALPHA1: "v1alpha1.DRAResourceHealth",
}
NO_ANSWER = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
OPTIONS = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
)


class SimulatedKubelet:
    """A kubelet for one driver on one node.

    Args:
        containers: of the node's runtime, if it has an NRI socket.

    Attributes:
        others: sockets of another instance of the driver, which this kubelet ignores.
    """

    def __init__(
        self,
        *,
        driver: str,
        registry_dir: Path,
        evidence: Evidence,
        patience: Patience,
        containers: Containers | None = None,
    ) -> None:
        self._driver = driver
        self._containers = containers
        self._registry = registry_dir
        self._evidence = evidence
        self._patience = patience
        self._channels: dict[str, grpc.Channel] = {}
        self.others: frozenset[Path] = frozenset()

    def sockets(self) -> list[Path]:
        """The sockets in the registry folder that the kubelet would use."""
        return sorted(
            path
            for path in self._registry.rglob("*")
            if path.is_socket() and not path.name.startswith(".") and path not in self.others
        )

    def socket(self) -> Path:
        """The registration socket, which must be there."""
        return self.wait_socket(0)

    def wait_socket(self, timeout_s: float) -> Path:
        """The registration socket.

        Raises:
            Violation: none appears.
        """
        deadline = time.monotonic() + timeout_s
        while not (found := self.sockets()):
            if time.monotonic() > deadline:
                raise Violation(f"a registration socket within {timeout_s:g} s", "none", str(self._registry))
            time.sleep(POLL_S)
        return found[0]

    def channel(self, path: str | Path, *, new_connection: bool = False, authority: str = "") -> grpc.Channel:
        """A connection to a socket; kept and used again unless NEW_CONNECTION."""
        options = [*OPTIONS, *([("grpc.default_authority", authority)] if authority else [])]
        if new_connection:  # its own connection, not one that the library shares
            options.append(("grpc.use_local_subchannel_pool", 1))
            return grpc.insecure_channel(f"unix:{path}", options=options)
        if str(path) not in self._channels:
            self._channels[str(path)] = grpc.insecure_channel(
                f"unix:{path}", options=[*options, ("grpc.use_local_subchannel_pool", 1)]
            )
        return self._channels[str(path)]

    def disconnect(self) -> None:
        """Close all connections, as a kubelet that restarts."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._evidence.add("grpc", "closed all connections")

    def call(self, method: Any, what: str, request: Any, timeout_s: float) -> Any:
        """One call, recorded as evidence.

        Raises:
            grpc.RpcError: the driver answered with a status.
        """
        start, limit_s = time.monotonic(), self._patience.limit_s(what, timeout_s)
        try:
            answer = method(request, timeout=limit_s, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and timeout_s >= names.NOTIFY_TIMEOUT_S:
                self._patience.was_in_vain(what)
            status = status_text(error)
            self._evidence.add("grpc", what, request=request, status=status, seconds=time.monotonic() - start)
            raise
        raw = {"request bytes": request.SerializeToString(), "answer bytes": answer.SerializeToString()}
        self._evidence.add(
            "grpc", what, request=request, answer=answer, seconds=time.monotonic() - start, **raw
        )
        return answer

    def info(
        self,
        *,
        new_connection: bool = False,
        timeout_s: float = LATE_INFO_S,
        dial_s: float = names.DIAL_TIMEOUT_S,
    ) -> Any:
        """GetInfo of the first registration socket; as in the kubelet, dialling has a deadline of its own.

        Raises:
            Violation: no socket, or no answer in time.
        """
        path = self.wait_socket(timeout_s=10)
        channel = self.channel(path, new_connection=new_connection)
        try:
            dial(path, dial_s)
            stub = RegistrationStub(channel)
            return self.call(stub.GetInfo, "GetInfo", registration_pb2.InfoRequest(), timeout_s)
        except grpc.RpcError as error:
            raise Violation(
                f"an answer within {timeout_s:g} s", status_text(error), f"GetInfo on {path.name}"
            ) from error
        finally:
            if new_connection:
                channel.close()

    def notify(self, *, registered: bool, error: str = "") -> None:
        """NotifyRegistrationStatus; to a refusal a driver may answer with an error, since the kubelet only logs it.

        Raises:
            Violation: it is not answered in time, or a registration is answered with an error.
        """
        path = self.wait_socket(timeout_s=10)
        request = registration_pb2.RegistrationStatus(plugin_registered=registered, error=error)
        stub = RegistrationStub(self.channel(path))
        try:
            self.call(
                stub.NotifyRegistrationStatus, "NotifyRegistrationStatus", request, names.NOTIFY_TIMEOUT_S
            )
        except grpc.RpcError as failure:
            if not registered and failure.code() not in NO_ANSWER:
                return
            raise Violation(
                "an answer without error" if registered else "an answer",
                status_text(failure),
                f"NotifyRegistrationStatus on {path.name}",
            ) from failure

    def register(self) -> Any:
        """A whole handshake; what GetInfo said."""
        info = self.info()
        self.notify(registered=True)
        return info

    @property
    def endpoint(self) -> str:
        """The path of the socket of the DRA services.

        Raises:
            Violation: what GetInfo says is no socket.
        """
        found = self.info().endpoint or str(self.wait_socket(10))
        if not Path(found).is_absolute() or not Path(found).is_socket():
            raise Violation("the absolute path of a socket", repr(found), "PluginInfo.endpoint")
        return str(found)

    def version(self) -> str:
        """The version of the DRA service that a kubelet would choose."""
        listed = self.info().supported_versions
        return next((name for name in listed if name in VERSIONS), names.DRA_V1)

    def _call_claims(
        self,
        method: str,
        refs: Iterable[ClaimRef],
        version: str | None,
        timeout_s: float,
        endpoint: str | None,
    ) -> Any:
        stub, messages = VERSIONS[version or self.version()]
        claims = [messages.Claim(namespace=ref.namespace, name=ref.name, uid=ref.uid) for ref in refs]
        request = getattr(messages, f"{method}Request")(claims=claims)
        channel = self.channel(endpoint or self.endpoint)
        return self.call(getattr(stub(channel), method), method, request, timeout_s)

    def prepare(
        self,
        *refs: ClaimRef,
        version: str | None = None,
        timeout_s: float = names.CALL_TIMEOUT_S,
        endpoint: str | None = None,
    ) -> Answers:
        """NodePrepareResources of claims; {claim UID: entry}.

        Raises:
            grpc.RpcError: the whole call failed.
        """
        answer = self._call_claims("NodePrepareResources", refs, version, timeout_s, endpoint)
        answers = Answers(
            (uid, Entry(tuple(map(device_of, entry.devices)), entry.error))
            for uid, entry in answer.claims.items()
        )
        for uid, entry in answers.items():
            if self._containers and not entry.error:
                self._containers.created(uid, (name for device in entry.devices for name in device.cdi_ids))
        return answers

    def unprepare(
        self,
        *refs: ClaimRef,
        version: str | None = None,
        timeout_s: float = names.CALL_TIMEOUT_S,
        endpoint: str | None = None,
    ) -> Answers:
        """NodeUnprepareResources of claims; {claim UID: entry}.

        Raises:
            grpc.RpcError: the whole call failed.
        """
        for ref in refs:  # pods end before their claims are unprepared
            if self._containers:
                self._containers.removed(ref.uid)
        answer = self._call_claims("NodeUnprepareResources", refs, version, timeout_s, endpoint)
        return Answers((uid, Entry((), entry.error)) for uid, entry in answer.claims.items())

    def prepared(self, ref: ClaimRef, version: str | None = None) -> tuple[Device, ...]:
        """The devices of one claim that must be preparable.

        Raises:
            Violation: an error, or no entry.
        """
        return expect_entry(self.attempt(ref, version=version), ref).devices

    def attempt(self, *refs: ClaimRef, version: str | None = None) -> Answers:
        """As ``prepare``, with an error of the whole call as the error of each claim."""
        try:
            return self.prepare(*refs, version=version)
        except grpc.RpcError as error:
            return Answers((ref.uid, Entry((), status_text(error))) for ref in refs)

    def attempt_unprepare(self, *refs: ClaimRef) -> Answers:
        """As ``unprepare``, with an error of the whole call as the error of each claim."""
        try:
            return self.unprepare(*refs)
        except grpc.RpcError as error:
            return Answers((ref.uid, Entry((), status_text(error))) for ref in refs)

    def unprepared(self, ref: ClaimRef, version: str | None = None) -> None:
        """Unprepare one claim, which must succeed.

        Raises:
            Violation: it does not.
        """
        try:
            answer = self.unprepare(ref, version=version)
        except grpc.RpcError as error:
            raise Violation(
                "unprepare to succeed", status_text(error), f"claim {ref.namespace}/{ref.name}"
            ) from error
        expect_entry(answer, ref)

    def watch_health(self, version: str, *, read: bool = True) -> HealthStream:
        """A new stream of the health service; without READ nobody takes its messages."""
        return HealthStream(self.channel(self.endpoint), version, self._evidence, read=read)

    def serves(self, full_name: str, method: str) -> bool:
        """Whether the DRA endpoint knows a method; it is called with an empty message."""
        return self.raw_call(f"/{full_name}/{method}", b"") is not grpc.StatusCode.UNIMPLEMENTED

    def raw_call(self, path: str, body: bytes) -> bytes | grpc.StatusCode:
        """Send BODY to a method of the DRA endpoint; the first answer's bytes, or the status."""
        channel = self.channel(self.endpoint)
        stream = channel.unary_stream(path, request_serializer=None, response_deserializer=None)
        call = stream(body, timeout=2, wait_for_ready=True)
        try:
            answer: bytes = next(iter(call), b"")
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            self._evidence.add("grpc", path, request=body.hex(), status=code.name)
            return code
        finally:
            call.cancel()
        self._evidence.add("grpc", path, request=body.hex(), answer=answer.hex())
        return answer


def dial(path: Path, timeout_s: float) -> None:
    """Wait until a socket accepts connections.

    Raises:
        Violation: it does not within TIMEOUT_S.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Violation(f"a connection within {timeout_s:g} s", str(error), path.name) from error
            else:
                return
        time.sleep(POLL_S)
