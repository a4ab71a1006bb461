"""What claims want of ComputeDomains, the record of them, and the clique of a node."""

from pathlib import Path
from typing import Any, cast

import pytest

from dra_api.identifiers import ClaimUid, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.computedomain import edits
from dra_driver.computedomain.fabric import clique_of, management_minor
from dra_driver.computedomain.records import Record, Records
from dra_driver.computedomain.requests import wanted_of
from dra_driver.devices.model import Fabric
from dra_driver.errors import ClaimError, EnvironmentFault

POOL = PoolName("node-0")


def claim(
    *, device: str = "channel-0", pool: str = "node-0", count: int = 1, **parameters: Any
) -> ResourceClaim:
    """An allocated claim; PARAMETERS change those of a channel, None takes one out."""
    kind = "ComputeDomainChannelConfig" if device == "channel-0" else "ComputeDomainDaemonConfig"
    given = {"apiVersion": "resource.nvidia.com/v1beta1", "kind": kind, "domainID": "u1", **parameters}
    opaque = {
        "driver": "compute-domain.nvidia.com",
        "parameters": {name: value for name, value in given.items() if value is not None},
    }
    result = {
        "request": "channel/first",
        "driver": "compute-domain.nvidia.com",
        "pool": pool,
        "device": device,
    }
    devices = {"results": [result] * count, "config": [{"opaque": opaque}]}
    found = {
        "metadata": {"name": "c", "namespace": "team", "uid": "1"},
        "status": {"allocation": {"devices": devices}},
    }
    return cast(ResourceClaim, found)


def test_a_channel_is_single_unless_all_are_asked_for() -> None:
    wanted = wanted_of(claim(), POOL)
    assert (wanted.domain, wanted.device, wanted.every, wanted.request) == (
        "u1",
        "channel-0",
        False,
        "channel",
    )
    assert wanted_of(claim(allocationMode="All"), POOL).every


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"domainID": ""}, "parameters.domainID: wanted the UID of a ComputeDomain, found ''"),
        ({"domainID": None}, "parameters.domainID: wanted the UID"),
        ({"allocationMode": "Some"}, "allocationMode 'Some': wanted one of Single, All"),
        ({"domainId": "u1"}, "parameters.domainId: unknown field; there are allocationMode, apiVersion"),
        (
            {"kind": "ComputeDomainDaemonConfig"},
            "wanted resource.nvidia.com/v1beta1/ComputeDomainChannelConfig for channel-0",
        ),
        ({"pool": "other"}, "no device channel-0 of pool other on this node, which has node-0"),
        ({"kind": "GpuConfig"}, "unknown opaque parameters resource.nvidia.com/v1beta1 GpuConfig; wanted"),
        ({"apiVersion": "v1"}, "unknown opaque parameters v1 ComputeDomainChannelConfig; wanted"),
        ({"device": "channel-2048"}, "no device channel-2048 of pool node-0 on this node"),
        ({"count": 2}, "wanted one device of compute-domain.nvidia.com, found 2"),
        ({"device": "daemon-0", "allocationMode": "All"}, "parameters.allocationMode: unknown field"),
    ],
)
def test_wrong_parameters_name_the_field(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ClaimError, match=why):
        wanted_of(claim(**changed), POOL)


def test_a_claim_of_a_fabric_needs_no_parameters_and_keeps_its_share() -> None:
    found = claim(device="domain", pool="nvlink-c")
    devices = found["status"]["allocation"]["devices"]
    devices["config"], devices["results"][0]["shareID"] = [], "s1"
    wanted = wanted_of(found, POOL)
    assert (wanted.device, wanted.pool, wanted.share, wanted.domain) == ("domain", "nvlink-c", "s1", "")


def test_a_workload_is_given_the_id_of_its_fabric_and_no_device_node() -> None:
    [device] = edits.fabric(ClaimUid("1"), "domain", "c.7")["devices"]
    assert device["containerEdits"] == {"env": ["NVLINK_DOMAIN=c", "NVLINK_CLIQUE=c.7"]}


def test_records_outlive_the_process_and_damage_is_reported_with_what_to_do(tmp_path: Path) -> None:
    path, uid = tmp_path / "claims.json", ClaimUid("1")
    record = Record(namespace="team", name="c", domain="u1", device="channel-0")
    Records(path).put(uid, record)
    assert Records(path).all() == {uid: record}
    Records(path).remove(uid)
    assert Records(path).all() == {}
    path.write_text("{")
    with pytest.raises(EnvironmentFault, match="if it is damaged, remove it once no pod"):
        Records(path)


def test_a_node_has_one_clique_or_none() -> None:
    fabric = Fabric(cluster="c", clique=1)
    assert clique_of([fabric, fabric, None]) == "c.1"
    assert clique_of([None]) == ""
    with pytest.raises(EnvironmentFault, match="in 2 cliques: c.1, c.2"):
        clique_of([fabric, Fabric(cluster="c", clique=2)])


def test_the_capability_of_imex_is_read_where_the_driver_has_it(tmp_path: Path) -> None:
    assert management_minor(tmp_path) is None
    path = tmp_path / "driver/nvidia/capabilities/fabric-imex-mgmt"
    path.parent.mkdir(parents=True)
    path.write_text("DeviceFileMinor: 7\nDeviceFileMode: 256\n")
    assert management_minor(tmp_path) == 7


@pytest.mark.parametrize(
    ("every", "in_fabric", "count"), [(False, True, 1), (True, True, 2048), (True, False, 0)]
)
def test_channels_are_device_nodes_in_a_fabric_and_nothing_outside(
    every: bool, in_fabric: bool, count: int
) -> None:
    spec = edits.channels(ClaimUid("1"), every=every, in_fabric=in_fabric, dev_root=Path("/"))
    [device] = spec["devices"]
    nodes = device["containerEdits"].get("deviceNodes", [])
    assert len(nodes) == count
    assert [one["path"] for one in nodes[-1:]] == [
        f"/dev/nvidia-caps-imex-channels/channel{count - 1}"
    ] * bool(count)
