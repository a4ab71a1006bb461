"""Claims: what is planned, recorded and undone, without an API server."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.opaque import check_config
from dra_driver.claims.prepare import PreparedDevice, find_conflict, plan_devices
from dra_driver.claims.service import ClaimRef, ClaimService
from dra_driver.devices.inventory import Gpu
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault

DRIVER, POOL = "gpu.example.com", "node-0"
Object = dict[str, Any]


def gpu(minor: int) -> Gpu:
    return Gpu(
        minor=minor,
        uuid=f"GPU-{minor}",
        name="NVIDIA Test",
        brand=None,
        architecture=None,
        capability=(10, 0),
        memory_bytes=1 << 30,
        pci_bus_id="0000:00:00.0",
        pcie_root=None,
        numa_node=None,
        driver_version="580.1",
        cuda=13000,
        links=0,
        clique=None,
    )


INVENTORY: Mapping[str, Gpu] = {f"gpu-{minor}": gpu(minor) for minor in range(4)}


def claim(uid: str, *devices: str, name: str = "c", pool: str = POOL, **allocation: Any) -> Object:
    results = [{"request": "gpu", "driver": DRIVER, "pool": pool, "device": device} for device in devices]
    status = {"allocation": {"devices": {"results": results, **allocation}}}
    return {"metadata": {"namespace": "ns", "name": name, "uid": uid}, "status": status}


class Reader:
    """Claims by name, as the API server would answer."""

    def __init__(self, *claims: Object) -> None:
        self.claims = {item["metadata"]["name"]: item for item in claims}
        self.down = False

    async def get_claim(self, namespace: str, name: str) -> Object:
        await asyncio.sleep(0)
        if self.down:
            message = "no answer"
            raise ApiError(message)
        if name not in self.claims:
            message = "not found"
            raise ApiError(message, 404)
        return self.claims[name]


OPEN = contextlib.ExitStack()
"""What a test opened."""


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    with OPEN:
        yield


def opened(path: Path) -> Checkpoint:
    return OPEN.enter_context(contextlib.closing(Checkpoint(path)))


def make_service(folder: Path, reader: Reader) -> ClaimService:
    service = ClaimService(
        driver_name=DRIVER,
        pool=POOL,
        inventory=lambda: INVENTORY,
        reader=reader,
        checkpoint=opened(folder / "checkpoint.sqlite"),
        cdi=CdiFiles(folder / "cdi", DRIVER),
    )
    service.repair()
    return service


def cdi_names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cdi").iterdir())


async def test_prepare_writes_one_cdi_file_and_unprepare_removes_it(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0", "gpu-1")))
    devices = await service.prepare(ClaimRef("ns", "c", "u1"))
    assert [device.device for device in devices] == ["gpu-0", "gpu-1"]
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u1.json"]
    await service.unprepare(ClaimRef("ns", "c", "u1"))
    assert cdi_names(tmp_path) == []


async def test_a_prepared_claim_is_answered_without_an_api_server(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    before = await service.prepare(ClaimRef("ns", "c", "u1"))
    reader.down = True
    assert await service.prepare(ClaimRef("ns", "c", "u1")) == before
    with pytest.raises(ApiError, match="no answer"):
        await service.prepare(ClaimRef("ns", "other", "u2"))


async def test_of_two_claims_at_once_one_gets_the_device(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b")))
    refs = [ClaimRef("ns", "a", "u1"), ClaimRef("ns", "b", "u2")]
    outcomes = await asyncio.gather(*map(service.prepare, refs), return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, ClaimError)]
    assert len(errors) == 1
    assert "gpu-0 is prepared for claim" in str(errors[0])


async def test_a_claim_that_is_gone_gives_its_device_up(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b"))
    service = make_service(tmp_path, reader)
    await service.prepare(ClaimRef("ns", "a", "u1"))
    del reader.claims["a"]
    await service.prepare(ClaimRef("ns", "b", "u2"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json"]


async def test_instances_of_a_rolling_update_know_each_others_claims(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b"))
    old, new = make_service(tmp_path, reader), make_service(tmp_path, reader)
    await old.prepare(ClaimRef("ns", "a", "u1"))
    with pytest.raises(ClaimError, match="gpu-0 is prepared for claim"):
        await new.prepare(ClaimRef("ns", "b", "u2"))
    await new.unprepare(ClaimRef("ns", "a", "u1"))
    await old.prepare(ClaimRef("ns", "b", "u2"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json"]


async def test_a_prepare_that_was_interrupted_is_undone_at_the_next_start(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.sqlite")
    device = PreparedDevice(requests=("gpu",), pool=POOL, device="gpu-0", cdi_ids=("x",))
    checkpoint.put(Record(uid="u1", namespace="ns", name="c", state=STARTED, devices=(device,)))
    checkpoint.put(Record(uid="u2", namespace="ns", name="d", state=DONE, devices=()))
    checkpoint.close()
    (tmp_path / "cdi").mkdir()
    for uid in ("u1", "u2", "orphan"):
        (tmp_path / "cdi" / f"{DRIVER}-claim-{uid}.json").write_text("{}")
    (tmp_path / "cdi" / "other.json").write_text("{}")
    service = make_service(tmp_path, Reader())
    assert service.prepared == 1
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json", "other.json"]


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    (tmp_path / "cdi").rmdir()
    (tmp_path / "cdi").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="cannot .* CDI file"):
        await service.prepare(ClaimRef("ns", "c", "u1"))
    (tmp_path / "cdi").unlink()
    (tmp_path / "cdi").mkdir()
    await service.prepare(ClaimRef("ns", "c", "u1"))


def test_a_broken_checkpoint_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"rubbish" * 100)
    assert opened(tmp_path / "c.sqlite").records() == {}
    assert [path.name for path in tmp_path.glob("*.broken-*")]


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(EnvironmentFault, match="has schema 99"):
        Checkpoint(tmp_path / "c.sqlite")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (claim("u", "gpu-9"), "no device gpu-9 in pool node-0"),
        (claim("u", "gpu-0", pool="node-1"), "this driver has pool node-0"),
        ({"metadata": {"namespace": "ns", "name": "c", "uid": "u"}}, "wanted status.allocation"),
    ],
)
def test_a_claim_that_cannot_be_is_refused_by_name(item: Object, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        plan_devices(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)


def test_subrequests_lose_their_tail_and_foreign_results_are_left_out() -> None:
    item = claim("u", "gpu-0")
    results = item["status"]["allocation"]["devices"]["results"]
    results[0]["request"] = "gpu/large"
    results.append({"request": "nic", "driver": "other", "pool": "p", "device": "d"})
    [device] = plan_devices(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)
    assert device.requests == ("gpu",)


def test_admin_access_conflicts_with_nobody() -> None:
    plain = PreparedDevice(requests=("a",), pool=POOL, device="gpu-0", cdi_ids=())
    admin = PreparedDevice(requests=("a",), pool=POOL, device="gpu-0", cdi_ids=(), admin=True)
    assert find_conflict((admin,), {"u": (plain,)}) is None
    assert find_conflict((plain,), {"u": (admin,)}) is None
    assert find_conflict((plain,), {"u": (plain,)}) is not None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"apiVersion": "resource.dra-conformance.dev/v1beta1", "kind": "Nope"}, "unknown opaque parameters"),
        ({"apiVersion": "v1", "kind": "GpuConfig", "typo": 1}, "typo"),
        ({"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, "unknown opaque parameters"),
        (
            {"apiVersion": "resource.dra-conformance.dev/v1beta1", "kind": "GpuConfig", "sharing": {}},
            "sharing is not supported",
        ),
        ("text", "opaque parameters"),
    ],
)
def test_parameters_that_cannot_be_honoured_are_refused(parameters: Any, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        check_config(DRIVER, parameters, "claim ns/c")


def test_nvidias_parameters_are_taken_under_nvidias_name() -> None:
    check_config(
        "gpu.nvidia.com", {"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, "claim"
    )
