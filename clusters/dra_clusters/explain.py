"""``dra-cluster explain CLAIM``: why a claim gets no devices, in any cluster that KUBECONFIG leads to.

Reads with the official client what the scheduler would read, and asks the embedded cluster's allocator. Another cluster's
feature gates cannot be seen; those of the newest release are assumed.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from rich.console import Console
from rich.table import Table

from dra_clusters.errors import EnvironmentFault, UsageError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST
from kube_emulator.scheduler.framework.explain import Explanation, explain

VERSIONS = ("v1", "v1beta2")
"""Versions of resource.k8s.io with the same shape, newest first."""
TIMEOUT_S = 30.0


class Reader:
    """GET requests over the official client's configuration and transport.

    Raises:
        UsageError: there is no configuration.
    """

    def __init__(self) -> None:
        configuration: Any = Configuration()
        load: Any = config.load_kube_config  # the client ships no usable types
        try:
            # the client reads KUBECONFIG when it is imported, which may be long ago
            load(config_file=os.environ.get("KUBECONFIG"), client_configuration=configuration)
        except config.ConfigException as error:
            message = f"no cluster to ask: {error}"
            raise UsageError(message) from error
        self._client: Any = ApiClient(configuration)
        self._headers = dict(self._client.default_headers)
        for setting in configuration.auth_settings().values():
            self._headers[setting["key"]] = setting["value"]
        self._host = configuration.host

    def get(self, path: str) -> Any:
        """The JSON at PATH; None if there is nothing.

        Raises:
            EnvironmentFault: it was refused, or nobody answers.
        """
        pool = self._client.rest_client.pool_manager
        try:
            answer = pool.request(
                "GET", self._host + path, headers=self._headers, timeout=TIMEOUT_S, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            message = f"cannot read {path}: {error}"
            raise EnvironmentFault(message) from error
        if answer.status == 404:
            return None
        if answer.status != 200:
            message = f"cannot read {path}: {answer.status} {answer.data[:200].decode(errors='replace')}"
            raise EnvironmentFault(message)
        return json.loads(answer.data)

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.pool_manager.clear()


def items(api: Reader, plural: str, versions: Sequence[str] = VERSIONS) -> list[Any]:
    """All objects of a kind of resource.k8s.io; none if the cluster does not know it."""
    for version in versions:
        found = api.get(f"/apis/resource.k8s.io/{version}/{plural}")
        if found is not None:
            return found.get("items") or []
    return []


def look(name: str, namespace: str) -> Explanation:
    """The explanation of a claim in the cluster of KUBECONFIG.

    Raises:
        UsageError: there is no such claim or no such configuration.
        EnvironmentFault: the cluster does not answer.
    """
    api = Reader()
    try:
        return read(api, name, namespace)
    finally:
        api.close()


def read(api: Reader, name: str, namespace: str) -> Explanation:
    """What API says about a claim, explained. Raises UsageError, EnvironmentFault."""
    claims = items(api, "resourceclaims")
    wanted = [c for c in claims if (c["metadata"]["namespace"], c["metadata"]["name"]) == (namespace, name)]
    if not wanted:
        message = f"there is no resource claim {name} in namespace {namespace}"
        raise UsageError(message)
    return explain(
        wanted[0],
        nodes=(api.get("/api/v1/nodes") or {}).get("items") or [],
        slices=items(api, "resourceslices"),
        classes=items(api, "deviceclasses"),
        claims=claims,
        rules=items(api, "devicetaintrules", (*VERSIONS, "v1alpha3")),
        gates=gates_of(LATEST, {"DRAListTypeAttributes": True}),
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
