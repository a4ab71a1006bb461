"""``dra-cluster explain CLAIM``: why a claim gets no devices, in any cluster that KUBECONFIG leads to.

Reads with the official client what the scheduler would read, and asks the embedded cluster's allocator. Another cluster's
feature gates cannot be seen; those of the newest release are assumed.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from rich.console import Console
from rich.table import Table

from dra_clusters.embedded.gates import RELEASES, gates_of
from dra_clusters.embedded.scheduling.explain import Explanation, explain
from dra_clusters.errors import UsageError, WorldError

VERSIONS = ("v1", "v1beta2")
"""Versions of resource.k8s.io with the same shape, newest first."""


def fetch(api: Any, path: str) -> Any:
    """GET PATH; None if there is nothing.

    Raises:
        WorldError: it was refused, or nobody answers.
    """
    try:
        found = api.call_api(
            path, "GET", auth_settings=["BearerToken"], response_type="object", _return_http_data_only=True
        )
    except ApiException as error:
        if error.status == 404:
            return None
        message = f"cannot read {path}: {error.status} {error.reason}"
        raise WorldError(message) from error
    except OSError as error:
        message = f"cannot read {path}: {error}"
        raise WorldError(message) from error
    return found


def items(api: Any, plural: str, versions: Sequence[str] = VERSIONS) -> list[Any]:
    """All objects of a kind of resource.k8s.io; none if the cluster does not know it."""
    for version in versions:
        found = fetch(api, f"/apis/resource.k8s.io/{version}/{plural}")
        if found is not None:
            return found.get("items") or []
    return []


def look(name: str, namespace: str) -> Explanation:
    """The explanation of a claim in the cluster of KUBECONFIG.

    Raises:
        UsageError: there is no such claim or no such configuration.
        WorldError: the cluster does not answer.
    """
    try:
        api = config.new_client_from_config(  # type: ignore[no-untyped-call] # the library ships no types
            client_configuration=client.Configuration()
        )
    except config.ConfigException as error:
        message = f"no cluster to ask: {error}"
        raise UsageError(message) from error
    claims = items(api, "resourceclaims")
    wanted = [c for c in claims if (c["metadata"]["namespace"], c["metadata"]["name"]) == (namespace, name)]
    if not wanted:
        message = f"there is no resource claim {name} in namespace {namespace}"
        raise UsageError(message)
    return explain(
        wanted[0],
        nodes=(fetch(api, "/api/v1/nodes") or {}).get("items") or [],
        slices=items(api, "resourceslices"),
        classes=items(api, "deviceclasses"),
        claims=claims,
        rules=items(api, "devicetaintrules", (*VERSIONS, "v1alpha3")),
        gates=gates_of(RELEASES[-1], {"DRAListTypeAttributes": True}),
    )


def run_explain(name: str, namespace: str, *, as_json: bool) -> int:
    """Print the explanation; 0 if the claim has devices or could get some now, else 1."""
    found = look(name, namespace)
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
