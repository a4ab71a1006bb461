"""The gRPC services over a real UNIX socket: registration, and the DRA service in both versions."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc.aio
import pytest
from claim_service import DRIVER, POOL, Reader, cdi_names, claim, make_service, results_of

from dra_api import names
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2, registration_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub as StubV1
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginStub as StubV1Beta1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1beta1
from dra_api.kubelet._generated.registration_pb2_grpc import (
    RegistrationStub,
    add_RegistrationServicer_to_server,
)
from dra_api.objects import ResourceClaim
from dra_driver.errors import EnvironmentFault
from dra_driver.metrics import Metrics
from dra_driver.rpc.plugin import CLAIMS_MAX, Plugin, PluginV1, PluginV1Beta1
from dra_driver.rpc.registration import Registration
from dra_driver.rpc.sockets import bind

VERSIONS = [(dra_v1_pb2, StubV1), (dra_v1beta1_pb2, StubV1Beta1)]
versions = pytest.mark.parametrize(("messages", "stub"), VERSIONS, ids=["v1", "v1beta1"])


@pytest.fixture
def reader() -> Reader:
    shared = claim("u1", "gpu-0", name="a")
    results_of(shared)[0]["shareID"] = "share-1"
    return Reader(shared, claim("u2", "gpu-9", name="b"), claim("u3", "gpu-1", name="c"))


@pytest.fixture
async def channel(short_path: Path, reader: Reader) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    plugin = Plugin(make_service(short_path, reader), Metrics())
    add_v1(PluginV1(plugin), server)
    add_v1beta1(PluginV1Beta1(plugin), server)
    endpoint = Path("/plugins/dra.sock")
    add_RegistrationServicer_to_server(Registration(driver_name=DRIVER, endpoint=endpoint), server)
    await bind(server, short_path / "dra.sock")
    async with grpc.aio.insecure_channel(f"unix:{short_path}/dra.sock") as opened:
        yield opened
    await server.stop(0)


def claims_of(messages: Any, **names_by_uid: str) -> list[Any]:
    return [messages.Claim(namespace="ns", uid=uid, name=name) for uid, name in names_by_uid.items()]


@versions
async def test_each_claim_has_an_entry_with_its_devices_or_its_error(
    channel: grpc.aio.Channel, messages: Any, stub: Any, short_path: Path
) -> None:
    request = messages.NodePrepareResourcesRequest(claims=claims_of(messages, u1="a", u2="b", u3="c"))
    reply = await stub(channel).NodePrepareResources(request, timeout=10)
    assert set(reply.claims) == {"u1", "u2", "u3"}
    [device] = reply.claims["u1"].devices
    assert (list(device.request_names), device.pool_name, device.device_name) == (["gpu"], POOL, "gpu-0")
    assert list(device.cdi_device_ids) == ["gpu.example.com/claim=u1-gpu-0.share-share-1"]
    assert "no device gpu-9 in pool node-0" in reply.claims["u2"].error
    assert not reply.claims["u2"].devices
    assert reply.claims["u3"].error == ""
    assert cdi_names(short_path) == ["gpu.example.com-claim-u1.json", "gpu.example.com-claim-u3.json"]


async def test_only_v1_has_share_ids(channel: grpc.aio.Channel) -> None:
    request = dra_v1_pb2.NodePrepareResourcesRequest(claims=claims_of(dra_v1_pb2, u1="a"))
    reply = await StubV1(channel).NodePrepareResources(request, timeout=10)
    assert reply.claims["u1"].devices[0].share_id == "share-1"
    assert "share_id" not in dra_v1beta1_pb2.Device.DESCRIPTOR.fields_by_name


@versions
async def test_unprepare_removes_files_and_an_unknown_claim_is_no_error(
    channel: grpc.aio.Channel, messages: Any, stub: Any, short_path: Path
) -> None:
    plugin = stub(channel)
    claims = claims_of(messages, u1="a")
    await plugin.NodePrepareResources(messages.NodePrepareResourcesRequest(claims=claims), timeout=10)
    request = messages.NodeUnprepareResourcesRequest(claims=[*claims, *claims_of(messages, u9="z")])
    reply = await plugin.NodeUnprepareResources(request, timeout=10)
    assert {uid: entry.error for uid, entry in reply.claims.items()} == {"u1": "", "u9": ""}
    assert cdi_names(short_path) == []


async def test_an_unexpected_error_is_that_claim_s_only_and_is_logged_with_its_traceback(
    channel: grpc.aio.Channel, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    reader.claims["a"] = cast("ResourceClaim", {"metadata": {"name": "a"}})
    claims = claims_of(dra_v1_pb2, u1="a", u3="c")
    request = dra_v1_pb2.NodePrepareResourcesRequest(claims=claims)
    with caplog.at_level(logging.ERROR):
        reply = await StubV1(channel).NodePrepareResources(request, timeout=10)
    assert reply.claims["u1"].error.startswith("claim ns/a: internal error: KeyError")
    assert reply.claims["u3"].error == ""
    [logged] = caplog.records
    assert logged.exc_info is not None


async def test_as_many_claims_as_a_call_may_have_get_an_entry_each(
    channel: grpc.aio.Channel, reader: Reader
) -> None:
    """Of a thousand claims three devices' are prepared; each of the others is told which claim has its device."""
    for number in range(CLAIMS_MAX):
        reader.claims[f"n{number}"] = claim(f"many-{number}", f"gpu-{number % 3}", name=f"n{number}")
    wanted = claims_of(dra_v1_pb2, **{f"many-{number}": f"n{number}" for number in range(CLAIMS_MAX)})
    reply = await StubV1(channel).NodePrepareResources(
        dra_v1_pb2.NodePrepareResourcesRequest(claims=wanted), timeout=60
    )
    assert len(reply.claims) == CLAIMS_MAX
    errors = [entry.error for entry in reply.claims.values() if entry.error]
    assert len(errors) == CLAIMS_MAX - 3
    assert all("is prepared for claim" in error for error in errors)
    gone = await StubV1(channel).NodeUnprepareResources(
        dra_v1_pb2.NodeUnprepareResourcesRequest(claims=wanted), timeout=60
    )
    assert {entry.error for entry in gone.claims.values()} == {""}


@versions
@pytest.mark.parametrize("call", ["Prepare", "Unprepare"])
async def test_a_call_with_too_many_claims_is_aborted(
    channel: grpc.aio.Channel, messages: Any, stub: Any, call: str
) -> None:
    request = getattr(messages, f"Node{call}ResourcesRequest")(
        claims=[messages.Claim(uid=str(number)) for number in range(CLAIMS_MAX + 1)]
    )
    with pytest.raises(grpc.aio.AioRpcError, match="at most 1024 are accepted") as failed:
        await getattr(stub(channel), f"Node{call}Resources")(request, timeout=10)
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_kubelet_learns_the_driver_s_name_socket_and_services(channel: grpc.aio.Channel) -> None:
    info = await RegistrationStub(channel).GetInfo(registration_pb2.InfoRequest(), timeout=10)
    assert (info.type, info.name, info.endpoint) == (names.PLUGIN_TYPE, DRIVER, "/plugins/dra.sock")
    assert list(info.supported_versions) == [names.DRA_V1, names.DRA_V1BETA1]


@pytest.mark.parametrize(
    ("registered", "error", "message"),
    [(True, "", "the kubelet registered this driver"), (False, "no", "the kubelet refused this driver")],
)
async def test_the_status_of_the_registration_is_logged(
    channel: grpc.aio.Channel, caplog: pytest.LogCaptureFixture, registered: bool, error: str, message: str
) -> None:
    status = registration_pb2.RegistrationStatus(plugin_registered=registered, error=error)
    with caplog.at_level(logging.INFO):
        await RegistrationStub(channel).NotifyRegistrationStatus(status, timeout=10)
    [logged] = [record for record in caplog.records if record.name.startswith("dra_driver.rpc")]
    assert logged.getMessage() == message
    assert getattr(logged, "error", "") == error


async def test_only_this_user_can_connect_and_no_hidden_name_remains(
    channel: grpc.aio.Channel, short_path: Path
) -> None:
    assert (short_path / "dra.sock").stat().st_mode & 0o777 == 0o600
    assert not (short_path / ".dra.sock").exists()


async def test_a_socket_that_cannot_be_renamed_is_the_node_s_fault(short_path: Path) -> None:
    (short_path / "dra.sock").mkdir()
    server = grpc.aio.server()
    with pytest.raises(EnvironmentFault, match="cannot listen on .*make its folder writable"):
        await bind(server, short_path / "dra.sock")
    await server.stop(0)
