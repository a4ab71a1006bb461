"""Claims of one node against an API server: what is prepared, what is refused, and what a restart and a label by hand change."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dra_api.identifiers import ClaimUid, DriverName, NodeName
from dra_api.objects import JsonObject
from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.identity import ClaimRef
from dra_driver.computedomain.kube import CLAIMS, NODES, Kube
from dra_driver.computedomain.names import CLIQUE_OF_NODE, DOMAIN_LABEL, DRIVER
from dra_driver.computedomain.node_service import NodeService
from dra_driver.computedomain.records import Record, Records
from dra_driver.errors import ClaimError
from kube_emulator import Cluster, Options

pytestmark = pytest.mark.slow
EAST = "aaaaaaaa-0000-0000-0000-000000000001"
CLIQUE = f"{EAST}.32766"
NODE = "node-0"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}), nodes=(NODE,))) as started:
        yield started


def service(kube: Kube, folder: Path) -> NodeService:
    """The service of a node in CLIQUE; a second one of the same folder is what a restart makes."""
    return NodeService(
        kube=kube,
        node_name=NodeName(NODE),
        namespace="dra-driver",
        records=Records(folder / "claims.json"),
        cdi=CdiFiles(folder / "cdi", DriverName(DRIVER), Path("/")),
        clique=CLIQUE,
        management=None,
        folder=folder,
        dev_root=Path("/"),
        wait_s=0.2,
    )


async def allocated(kube: Kube, pool: str, **result: Any) -> ClaimRef:
    """A claim that was allocated a device of POOL."""
    request = {"name": "r", "exactly": {"deviceClassName": "nvlink-domain"}}
    made = await kube.create(
        CLAIMS,
        {
            "metadata": {"name": "job", "namespace": "default"},
            "spec": {"devices": {"requests": [request]}},
        },
    )
    device = {"request": "r", "driver": DRIVER, "pool": pool, "device": "domain", **result}
    await kube.merge(
        CLAIMS, made, {"status": {"allocation": {"devices": {"results": [device]}}}}, status=True
    )
    return ClaimRef("default", "job", ClaimUid(made["metadata"]["uid"]))


async def label(kube: Kube, value: str | None) -> None:
    """Label the node by hand."""
    item = await kube.get(NODES, NODE)
    assert item is not None
    await kube.merge(NODES, item, {"metadata": {"labels": {DOMAIN_LABEL: value}}})


async def labels(kube: Kube) -> JsonObject:
    """The labels of the node."""
    item = await kube.get(NODES, NODE)
    assert item is not None
    found: JsonObject = item["metadata"].get("labels") or {}
    return found


def channel(domain: str = "u1") -> Record:
    """The record of a workload's channel."""
    return Record(namespace="default", name="job", domain=domain, device="channel-0", done=True)


async def test_a_claim_of_the_nodes_domain_is_prepared_and_again_after_a_restart(
    kube: Kube, tmp_path: Path
) -> None:
    ref = await allocated(kube, f"nvlink-{EAST}")
    [first] = await service(kube, tmp_path).prepare(ref)
    [again] = await service(kube, tmp_path).prepare(ref)
    assert first == again
    assert (first.pool, first.device) == (f"nvlink-{EAST}", "domain")
    [written] = list((tmp_path / "cdi").iterdir())
    assert f"NVLINK_CLIQUE={CLIQUE}" in written.read_text()
    await service(kube, tmp_path).unprepare(ref)
    assert list((tmp_path / "cdi").iterdir()) == []
    assert Records(tmp_path / "claims.json").all() == {}


async def test_a_claim_of_another_domain_is_refused_with_what_to_do(kube: Kube, tmp_path: Path) -> None:
    ref = await allocated(kube, "nvlink-bbbbbbbb-0000-0000-0000-000000000002.32766")
    with pytest.raises(
        ClaimError, match=rf"node-0 is in clique {CLIQUE}; the label nvidia.com/gpu.clique was wrong"
    ):
        await service(kube, tmp_path).prepare(ref)
    assert Records(tmp_path / "claims.json").all() == {}


async def test_the_node_says_in_a_label_which_clique_it_is_in(kube: Kube, tmp_path: Path) -> None:
    await service(kube, tmp_path).label_clique()
    assert (await labels(kube))[CLIQUE_OF_NODE] == CLIQUE


@pytest.mark.parametrize("by_hand", [None, "another-domain"])
async def test_a_node_that_was_relabelled_gets_the_label_of_its_job_back(
    kube: Kube, tmp_path: Path, by_hand: str | None
) -> None:
    ref = await allocated(kube, NODE)
    Records(tmp_path / "claims.json").put(ref.uid, channel())
    await label(kube, by_hand)
    await service(kube, tmp_path).sweep()
    assert (await labels(kube))[DOMAIN_LABEL] == "u1"


async def test_a_label_that_was_left_by_a_lost_record_goes_when_the_plugin_starts(
    kube: Kube, tmp_path: Path
) -> None:
    await label(kube, "gone")
    started = service(kube, tmp_path)
    await started.sweep()
    assert DOMAIN_LABEL not in await labels(kube)
    await label(kube, "by-hand")
    await started.sweep()
    assert (await labels(kube))[DOMAIN_LABEL] == "by-hand", (
        "each sweep reads the node, which no channel needs"
    )


async def test_the_claim_of_a_pod_that_was_deleted_by_force_is_unprepared(kube: Kube, tmp_path: Path) -> None:
    Records(tmp_path / "claims.json").put(ClaimUid("gone"), channel())
    await label(kube, "u1")
    await service(kube, tmp_path).sweep()
    assert Records(tmp_path / "claims.json").all() == {}
    assert DOMAIN_LABEL not in await labels(kube)


async def test_a_prepare_that_was_interrupted_is_done_by_the_next_call(kube: Kube, tmp_path: Path) -> None:
    ref = await allocated(kube, f"nvlink-{EAST}")
    begun = Record(
        namespace="default", name="job", domain="", device="domain", pool=f"nvlink-{EAST}", request="r"
    )
    Records(tmp_path / "claims.json").put(ref.uid, begun)
    await service(kube, tmp_path).prepare(ref)
    assert Records(tmp_path / "claims.json").all()[ref.uid].done
    assert len(list((tmp_path / "cdi").iterdir())) == 1


async def test_an_unprepare_that_comes_during_a_prepare_has_the_last_word(kube: Kube, tmp_path: Path) -> None:
    ref = await allocated(kube, f"nvlink-{EAST}")
    one = service(kube, tmp_path)
    preparing = asyncio.create_task(one.prepare(ref))
    await asyncio.sleep(0)  # it holds the claim now
    await one.unprepare(ref)
    await preparing
    assert Records(tmp_path / "claims.json").all() == {}
    assert list((tmp_path / "cdi").iterdir()) == []
