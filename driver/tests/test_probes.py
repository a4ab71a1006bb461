"""Liveness and readiness over HTTP and gRPC."""

import asyncio
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc.aio
import pytest

from dra_api.kubelet._generated import probe_pb2 as pb
from dra_api.kubelet._generated.probe_pb2_grpc import HealthStub
from dra_driver import probes as probes_module
from dra_driver.errors import ConfigError
from dra_driver.probes import Probes, served, split
from dra_driver.rpc.probe import serve_health


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def ask(address: str, path: str) -> tuple[int, str]:
    return await asyncio.to_thread(get, address, path)


async def test_readiness_says_what_is_missing_until_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "dra.sock"
    probes, address = Probes([path]), free_address()
    with served(address, probes, lambda: b"metrics"):
        assert await ask(address, "/livez") == (200, "ok\n")
        code, text = await ask(address, "/readyz")
        assert code == 503
        assert "the kubelet has not registered the driver; the slices have not been published" in text
        path.touch()
        probes.serving = probes.registered = probes.published = True
        assert await ask(address, "/readyz") == (200, "ok\n")
        path.unlink()
        assert await ask(address, "/livez") == (503, f"no socket at {path}\n")
        assert (await ask(address, "/readyz"))[0] == 503
        assert await ask(address, "/metrics") == (200, "metrics")
        assert (await ask(address, "/else"))[0] == 404
    with pytest.raises(OSError, match="refused"):
        await ask(address, "/livez")


async def test_an_event_loop_that_does_not_answer_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes_module, "LOOP_S", 0.1)
    address = free_address()
    with ThreadPoolExecutor(1) as pool, served(address, Probes([]), lambda: b""):
        answer = pool.submit(get, address, "/livez")
        assert answer.result(10) == (
            503,
            "the event loop does not answer within 0.1 s\n",
        )  # it is held meanwhile


async def test_the_kubelet_asks_over_grpc(tmp_path: Path) -> None:
    probes, address = Probes([tmp_path / "none"]), free_address()
    server = await serve_health(address, probes)
    assert server is not None
    async with grpc.aio.insecure_channel(address) as channel:
        stub = HealthStub(channel)
        for service in ("", "liveness"):
            answer = await stub.Check(pb.HealthCheckRequest(service=service))
            assert answer.status == pb.HealthCheckResponse.SERVING
        call = stub.Check(pb.HealthCheckRequest(service="readiness"))
        assert (await call).status == pb.HealthCheckResponse.NOT_SERVING
        assert "the sockets are not there yet" in dict(await call.trailing_metadata())["reason"]
        probes.serving = True
        answer = await stub.Check(pb.HealthCheckRequest(service="liveness"))
        assert answer.status == pb.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError, match="no service 'x'; wanted liveness or readiness"):
            await stub.Check(pb.HealthCheckRequest(service="x"))
    await server.stop(0)


async def test_without_an_address_nothing_is_served() -> None:
    assert await serve_health("", Probes([])) is None
    with served("", Probes([]), lambda: b""):
        pass


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"])
async def test_what_is_no_address_is_the_administrator_s_error(address: str) -> None:
    with pytest.raises(ConfigError, match=f"--metrics-address {address}: .*; wanted host:port that is free"):
        served(address, Probes([]), lambda: b"").__enter__()


async def test_an_address_in_use_is_the_administrator_s_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="--metrics-address .* in use; wanted host:port that is free"):
            served(address, Probes([]), lambda: b"").__enter__()
        with pytest.raises(ConfigError, match="--health-address .*; wanted host:port that is free"):
            await serve_health(address, Probes([]))


@pytest.mark.parametrize(
    ("text", "parts"), [(":80", ("", 80)), ("[::1]:80", ("::1", 80)), ("a.b:0", ("a.b", 0))]
)
def test_an_address_has_a_host_and_a_port(text: str, parts: tuple[str, int]) -> None:
    assert split(text) == parts
