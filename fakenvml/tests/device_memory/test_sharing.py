"""Memory of one node in a process of another: inside an IMEX domain with a common channel, and nowhere else."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cuda_process import (
    CONTAINED,
    INVALID_DEVICE,
    INVALID_HANDLE,
    INVALID_VALUE,
    NOT_PERMITTED,
    NOT_SUPPORTED,
    OUT,
    SIZE,
    SUCCESS,
    CudaProcess,
    Refused,
    access,
    container,
    needs_mounts,
    prop,
)
from imex_domain import Domain, domain

from fake_nvml.imex.config import map_of
from fake_nvml.session import Session

__all__ = ["domain"]
pytestmark = [pytest.mark.slow, needs_mounts]
ONE, TWO, ELSEWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
PATTERN = bytes(range(251)) * 1200
"""More than one step of a copy."""


@dataclass(frozen=True)
class Tray:
    """A fake node with its driver root."""

    session: Session
    root: Path


@pytest.fixture(scope="module")
def trays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tray, Tray]]:
    """Two trays of one rack; a GPU is given by its device node."""
    folder = tmp_path_factory.mktemp("rack")
    with ExitStack() as stack:
        made = []
        for number in range(2):
            root = folder / f"tray-{number}/root"
            session = Session(
                "gb200-nvl72",
                folder / f"tray-{number}/node",
                node=number,
                driver_root=root,
                isolate=True,
            )
            made.append(Tray(stack.enter_context(session), root))
        yield made[0], made[1]


@pytest.fixture
def containers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def connected(domain: Domain, trays: tuple[Tray, Tray]) -> Domain:
    """Both trays have a daemon, and the daemons see each other."""
    domain.drivers = {ONE: trays[0].session.folder, TWO: trays[1].session.folder}
    domain.start(ONE)
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == domain.seen(TWO)["status"] == "UP")
    return domain


def begin(
    containers: ExitStack, tray: Tray, channels: tuple[int, ...] = (0,), gpus: tuple[int, ...] = (0, 1)
) -> CudaProcess:
    """A process on a tray."""
    return containers.enter_context(container(tray.session, tray.root, channels, gpus))


def refusal(process: CudaProcess, shared: bytes) -> int:
    """The code with which an import ends."""
    with pytest.raises(Refused) as caught:
        process.take(shared)
    return caught.value.code


def test_bytes_go_to_another_node_and_back(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, importer = (begin(containers, tray) for tray in trays)
    handle = exporter.create()
    own = exporter.mapped(handle)
    exporter.write(own + 100, PATTERN)
    far = importer.mapped(importer.take(exporter.export(handle)))
    assert importer.read(far + 90, 10 + len(PATTERN) + 10) == bytes(10) + PATTERN + bytes(10)
    importer.write(far + SIZE - 5, b"there")
    assert exporter.read(own + SIZE - 5, 5) == b"there"
    near = int(importer.call("cuMemAlloc_v2", OUT, SIZE))
    importer.call("cuMemcpyDtoD_v2", near, far + 100, len(PATTERN))
    assert importer.read(near, len(PATTERN)) == PATTERN


def test_without_a_channel_there_is_no_memory_for_the_fabric_and_no_import(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, outsider = begin(containers, trays[0]), begin(containers, trays[1], channels=())
    assert outsider.code("cuMemCreate", OUT, SIZE, prop(), 0) == NOT_PERMITTED
    assert outsider.code("cuMemCreate", OUT, SIZE, prop(handle_types=0), 0) == SUCCESS
    assert refusal(outsider, exporter.export(exporter.create())) == NOT_PERMITTED


@pytest.mark.parametrize("tray", [0, 1], ids=["same node", "other node"])
def test_a_tenant_with_another_channel_is_refused(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack, tray: int
) -> None:
    exporter = begin(containers, trays[0], channels=(3, 4))
    shared = exporter.export(exporter.create())
    assert refusal(begin(containers, trays[tray], channels=(5,)), shared) == NOT_PERMITTED
    assert begin(containers, trays[tray], channels=(4, 5)).take(shared)


@pytest.mark.parametrize("tray", [0, 1], ids=["same node", "other node"])
def test_a_handle_that_nobody_made_is_invalid(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack, tray: int
) -> None:
    exporter, importer = begin(containers, trays[0]), begin(containers, trays[tray])
    handle = exporter.create()
    shared = exporter.export(handle)
    forged = shared[:30] + bytes([shared[30] ^ 1]) + shared[31:]
    for wrong in (bytes(64), b"x" * 64, forged, shared[:32] + bytes(32)):
        assert refusal(importer, wrong) == INVALID_HANDLE
    assert importer.take(shared)
    exporter.call("cuMemRelease", handle)
    if tray == 1:  # on the same node the importer holds it
        assert refusal(importer, shared) == INVALID_HANDLE


def test_memory_that_its_owner_freed_cannot_be_reached(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, importer = (begin(containers, tray) for tray in trays)
    handle = exporter.create()
    far = importer.mapped(importer.take(exporter.export(handle)))
    exporter.call("cuMemRelease", handle)
    assert importer.code("cuMemcpyDtoH_v2", ("room", 4), far, 4) == CONTAINED
    # documented for this error: the process cannot use CUDA any more
    assert importer.code("cuMemCreate", OUT, SIZE, prop(), 0) == CONTAINED


def test_a_node_of_another_domain_gets_nothing(
    domain: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    domain.drivers = {ONE: trays[0].session.folder, TWO: trays[1].session.folder}
    domain.start(ONE, nodes=[ONE, ELSEWHERE])
    domain.start(TWO, nodes=[TWO])
    exporter, importer = (begin(containers, tray) for tray in trays)
    assert refusal(importer, exporter.export(exporter.create())) == INVALID_HANDLE


def test_a_dead_daemon_ends_what_was_imported_and_a_new_one_connects_again(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, first, second, late = (begin(containers, trays[number]) for number in (0, 1, 1, 1))
    shared = exporter.export(exporter.create())
    by_first, by_second = first.mapped(first.take(shared)), second.mapped(second.take(shared))
    connected.stop(ONE, signal.SIGKILL)
    connected.until(lambda: connected.links(TWO)[ONE] == "RECOVERING")
    assert refusal(late, shared) == INVALID_HANDLE
    assert first.code("cuMemcpyDtoH_v2", ("room", 4), by_first, 4) == CONTAINED
    connected.start(ONE)
    connected.until(lambda: connected.seen(TWO)["status"] == "UP")
    # the daemon is another one: it does not know what the one before it gave
    assert second.code("cuMemcpyDtoH_v2", ("room", 4), by_second, 4) == CONTAINED
    assert late.read(late.mapped(late.take(shared)), 4) == bytes(4)


def test_without_a_daemon_memory_is_shared_on_the_node_only(
    trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, near, far = (begin(containers, trays[number]) for number in (0, 0, 1))
    handle = exporter.create()
    exporter.write(exporter.mapped(handle), b"near")
    shared = exporter.export(handle)
    assert near.read(near.mapped(near.take(shared)), 4) == b"near"
    assert refusal(far, shared) == INVALID_HANDLE


def test_a_gpu_of_the_same_node_that_a_container_does_not_see_is_an_invalid_device(
    trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, importer = (begin(containers, trays[0], gpus=(gpu,)) for gpu in (0, 1))
    assert refusal(importer, exporter.export(exporter.create())) == INVALID_DEVICE


def test_gpus_in_different_cliques_do_not_reach_each_other(
    connected: Domain, trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    exporter, importer = (begin(containers, tray) for tray in trays)
    handle = importer.take(exporter.export(exporter.create()))
    address = int(importer.call("cuMemAddressReserve", OUT, SIZE, 0, 0, 0))
    importer.call("cuMemMap", address, SIZE, 0, handle, 0)
    trays[1].session.control("fabric", 0, clique=7)
    try:
        assert importer.code("cuMemSetAccess", address, SIZE, access(), 1) == INVALID_VALUE
    finally:
        trays[1].session.control("reboot")


def test_a_gpu_that_is_not_registered_has_no_memory_for_the_fabric(
    trays: tuple[Tray, Tray], containers: ExitStack
) -> None:
    trays[0].session.control("fabric", 0, state="in_progress")
    try:
        program = begin(containers, trays[0])
        supported = ("cuDeviceGetAttribute", OUT, 128, 0)
        assert program.call(*supported) == 0
        assert program.code("cuMemCreate", OUT, SIZE, prop(), 0) == NOT_SUPPORTED
        trays[0].session.control("fabric", 0, state="completed")
        assert program.call(*supported) == 1
    finally:
        trays[0].session.control("reboot")


def test_whoever_is_no_node_of_the_domain_is_not_answered(connected: Domain) -> None:
    asked = {"op": "find", "secret": "00" * 32, "channels": [0]}
    member = {"version": "580.95.05", "map": map_of(tuple(connected.nodes)), "from": 1}

    def answer(source: str, **changed: object) -> bytes:
        with socket.create_connection(
            (ONE, connected.port), timeout=20, source_address=(source, 0)
        ) as channel:
            channel.sendall(json.dumps({"fabric": asked, **member, "length": 0, **changed}).encode() + b"\n")
            channel.shutdown(socket.SHUT_WR)
            return channel.makefile("rb").read()

    assert json.loads(answer(TWO))["code"] == INVALID_HANDLE
    assert answer("127.0.0.9") == b""
    assert answer(TWO, map="another list") == b""
    assert answer(TWO, **{"from": 0}) == b""
    assert answer(TWO, **{"from": 77}) == b""
    assert answer(TWO, length=1 << 30) == b""
