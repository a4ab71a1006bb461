"""Device metadata (KEP-5304): what containers are told about their devices, and when the files are there."""

import json
from pathlib import Path
from typing import Any

import pytest
from claim_service import (
    DRIVER,
    POOL,
    Reader,
    cdi_names,
    claim,
    damage,
    gpu,
    inventory_of,
    make_service,
    ref,
    results_of,
)

from dra_api.objects import ResourceClaim
from dra_driver.claims.service import ClaimService
from dra_driver.errors import EnvironmentFault
from dra_driver.features import Features

ROOM = "/var/run/kubernetes.io/dra-device-attributes"


def service_of(folder: Path, item: ResourceClaim, *, metadata: bool = True) -> ClaimService:
    return make_service(folder, Reader(item), features=Features(metadata=metadata))


def two_requests() -> ResourceClaim:
    item = claim("u1", "gpu-0", "gpu-1", "gpu-2")
    for result, request in zip(results_of(item), ("big/large", "small", "small"), strict=True):
        result["request"] = request
    return item


def mounts(folder: Path) -> dict[str, tuple[str, str]]:
    """{CDI device: (path of the host, path in the container)}."""
    spec = json.loads((folder / "cdi" / f"{DRIVER}_metadata_u1.json").read_text())
    assert spec["kind"] == f"{DRIVER}/metadata"
    found = {}
    for device in spec["devices"]:
        [mount] = device["containerEdits"]["mounts"]
        assert mount["options"] == ["ro", "bind"]
        found[device["name"]] = (mount["hostPath"], mount["containerPath"])
    return found


def remove(path: str) -> None:
    Path(path).unlink()


def stream(path: str) -> list[dict[str, Any]]:
    """The documents of a file."""
    decoder, text, found = json.JSONDecoder(), Path(path).read_text(), []
    while text.strip():
        document, end = decoder.raw_decode(text.lstrip())
        found.append(document)
        text = text.lstrip()[end:]
    return found


async def test_each_request_has_a_file_that_its_first_device_brings(tmp_path: Path) -> None:
    devices = await service_of(tmp_path, two_requests()).prepare(ref("c", "u1"))
    assert [device.cdi_ids[1:] for device in devices] == [
        (f"{DRIVER}/metadata=u1_big",),
        (f"{DRIVER}/metadata=u1_small",),
        (),
    ]
    found = mounts(tmp_path)
    inside = {name: container for name, (_, container) in found.items()}
    assert inside == {
        f"u1_{request}": f"{ROOM}/resourceclaims/c/{request}/{DRIVER}-metadata.json"
        for request in ("big", "small")
    }
    documents = stream(found["u1_big"][0])
    versions = [document.pop("apiVersion") for document in documents]
    assert versions == ["metadata.resource.k8s.io/v1beta1", "metadata.resource.k8s.io/v1alpha1"]
    assert documents[0] == documents[1]
    assert documents[0]["metadata"] == {"name": "c", "namespace": "ns", "uid": "u1", "generation": 1}
    [request] = documents[0]["requests"]
    assert request["name"] == "big/large"
    [device] = request["devices"]
    assert (device["driver"], device["pool"], device["name"]) == (DRIVER, POOL, "gpu-0")
    assert device["attributes"]["uuid"] == {"string": "GPU-0"}
    [small] = stream(found["u1_small"][0])[0]["requests"]
    assert [device["name"] for device in small["devices"]] == ["gpu-1", "gpu-2"]


async def test_a_claim_of_a_template_is_found_under_its_name_in_the_pod(tmp_path: Path) -> None:
    item = claim("u1", "gpu-0")
    item["metadata"]["annotations"] = {"resource.kubernetes.io/pod-claim-name": "accelerator"}
    await service_of(tmp_path, item).prepare(ref("c", "u1"))
    [(host, container)] = mounts(tmp_path).values()
    assert container == f"{ROOM}/resourceclaimtemplates/accelerator/gpu/{DRIVER}-metadata.json"
    assert stream(host)[0]["podClaimName"] == "accelerator"


async def test_unprepare_removes_the_files(tmp_path: Path) -> None:
    service = service_of(tmp_path, claim("u1", "gpu-0"))
    await service.prepare(ref("c", "u1"))
    await service.unprepare(ref("c", "u1"))
    assert (cdi_names(tmp_path), list((tmp_path / "metadata").iterdir())) == ([], [])


async def test_a_file_that_was_removed_is_written_again(tmp_path: Path) -> None:
    service = service_of(tmp_path, claim("u1", "gpu-0"))
    before = await service.prepare(ref("c", "u1"))
    [(host, _)] = mounts(tmp_path).values()
    remove(host)
    assert await service.prepare(ref("c", "u1")) == before
    assert stream(host)[0]["kind"] == "DeviceMetadata"


async def test_a_claim_without_its_promised_file_is_not_prepared(tmp_path: Path) -> None:
    (tmp_path / "metadata").write_text("not a folder")
    service = service_of(tmp_path, claim("u1", "gpu-0"))
    with pytest.raises(EnvironmentFault, match="cannot write device metadata .*metadata/u1"):
        await service.prepare(ref("c", "u1"))
    assert cdi_names(tmp_path) == []


async def test_a_claim_that_was_prepared_before_the_gate_was_on_gets_its_files(tmp_path: Path) -> None:
    item = claim("u1", "gpu-0")
    [before] = await service_of(tmp_path, item, metadata=False).prepare(ref("c", "u1"))
    [after] = await service_of(tmp_path, item).prepare(ref("c", "u1"))
    assert after.cdi_ids == (*before.cdi_ids, f"{DRIVER}/metadata=u1_gpu")
    assert len(mounts(tmp_path)) == 1


async def test_metadata_survives_a_lost_checkpoint_and_goes_with_its_claim(tmp_path: Path) -> None:
    item = claim("u1", "gpu-0")
    item["metadata"]["annotations"] = {"resource.kubernetes.io/pod-claim-name": "accelerator"}
    await service_of(tmp_path, item).prepare(ref("c", "u1"))
    before = mounts(tmp_path)
    damage(tmp_path, b"damaged")
    service = service_of(tmp_path, item)
    await service.start()
    await service.maintain()
    assert mounts(tmp_path) == before
    await service.unprepare(ref("c", "u1"))
    assert (cdi_names(tmp_path), list((tmp_path / "metadata").iterdir())) == ([], [])


async def test_files_of_no_prepared_claim_are_removed_at_the_start(tmp_path: Path) -> None:
    await service_of(tmp_path, claim("u1", "gpu-0")).prepare(ref("c", "u1"))
    await make_service(tmp_path, Reader(), "boot-2", inventory_of(gpu(0))).start()
    assert (cdi_names(tmp_path), list((tmp_path / "metadata").iterdir())) == ([], [])
