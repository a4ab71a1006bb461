"""``dra-cluster explain CLAIM``: why a claim gets no devices, in the cluster of ``$KUBECONFIG``.

It reads what the scheduler would read, and asks the allocator of the embedded cluster. The feature gates of another
cluster cannot be read; those of the newest release are assumed.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from dra_api.objects import DeviceClass, DeviceTaintRule, JsonObject, ResourceClaim, ResourceSlice
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import UsageError
from dra_clusters.raw_client import RawClient
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST
from kube_emulator.scheduler.framework.explain import Explanation, explain

VERSIONS = ("v1", "v1beta2")
"""Versions of resource.k8s.io with the same shape, newest first."""


def read_json(client: RawClient, path: str) -> Any:
    """The JSON at PATH; None if the server has nothing there.

    Raises:
        EnvironmentFault: the server refused, or does not answer.
    """
    answer = client.send("GET", path)
    return None if answer.code == HTTPStatus.NOT_FOUND else answer.expect(HTTPStatus.OK)


def items(client: RawClient, plural: str, versions: Sequence[str] = VERSIONS) -> list[JsonObject]:
    """All objects of a kind of resource.k8s.io; none if the cluster does not know it."""
    for version in versions:
        found = read_json(client, f"/apis/resource.k8s.io/{version}/{plural}")
        if found is not None:
            return found.get("items") or []
    return []


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
        nodes=(read_json(client, "/api/v1/nodes") or {}).get("items") or [],
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
