"""``dra-cluster explain CLAIM``: why a claim gets no devices, in the cluster of ``$KUBECONFIG``.

It reads what the scheduler would read, and asks the allocator of the embedded cluster. The feature gates of another
cluster cannot be read; those of the newest release are assumed.
"""

import dataclasses
import json
import os
from typing import cast

from rich.console import Console
from rich.table import Table

from dra_api.objects import DeviceClass, DeviceTaintRule, Node, ResourceClaim, ResourceSlice
from dra_clusters.cluster_objects import VERSIONS, items, items_at
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import UsageError
from dra_clusters.raw_client import RawClient
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST
from kube_emulator.scheduler.framework.explain import Explanation, explain


def explain_claim(client: RawClient, name: str, namespace: str) -> Explanation:
    """The explanation of a claim in the cluster that CLIENT asks.

    Raises:
        UsageError: there is no such claim.
        EnvironmentFault: the cluster does not answer.
    """
    claims = cast("list[ResourceClaim]", items(client, "resourceclaims"))
    wanted = [c for c in claims if (c["metadata"]["namespace"], c["metadata"]["name"]) == (namespace, name)]
    if not wanted:
        message = f"there is no resource claim {name} in namespace {namespace}"
        raise UsageError(message)
    return explain(
        wanted[0],
        nodes=cast("list[Node]", items_at(client, "/api/v1/nodes")),
        slices=cast("list[ResourceSlice]", items(client, "resourceslices")),
        classes=cast("list[DeviceClass]", items(client, "deviceclasses")),
        claims=claims,
        rules=cast("list[DeviceTaintRule]", items(client, "devicetaintrules", (*VERSIONS, "v1alpha3"))),
        gates=gates_of(LATEST, {"DRAListTypeAttributes": True}),
    )


def run_explain(name: str, namespace: str, *, as_json: bool) -> int:
    """Print the explanation; 0 if the claim has devices or could get some now, else 1."""
    # None is ~/.kube/config, as for kubectl
    with RawClient(Endpoint.of_kubeconfig(os.environ.get("KUBECONFIG"))) as client:
        found = explain_claim(client, name, namespace)
    good = bool(found.fits) or found.summary.startswith("is allocated")
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        console.print(json.dumps(dataclasses.asdict(found), indent=1), markup=False)
        return 0 if good else 1
    console.print(f"resource claim {found.claim} {found.summary}", markup=False)
    for node in found.fits:
        console.print(f"  {node}: fits", markup=False)
    for node, reason in found.nodes:
        console.print(f"  {node}: {reason}", markup=False)
    if found.verdicts:
        table = Table("NODE", "REQUEST", "DEVICE", "REASON", box=None, pad_edge=False)
        for verdict in found.verdicts:
            table.add_row(verdict.node, verdict.request, verdict.device, verdict.reason or "fits")
        console.print(table, markup=False)
    return 0 if good else 1
