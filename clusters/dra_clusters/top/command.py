"""``dra-cluster top``: reads the cluster of a kubeconfig, and prints its picture once or again and again."""

import dataclasses
import json
import os
import sys
import time
from typing import cast

from rich.console import Console
from rich.live import Live

from dra_api.objects import DeviceTaintRule, Node, Pod, ResourceClaim, ResourceSlice
from dra_clusters.cluster_objects import VERSIONS, items, items_at
from dra_clusters.endpoint import Endpoint
from dra_clusters.raw_client import RawClient
from dra_clusters.top.painting import Objects, paint
from dra_clusters.top.screen import Screen

DOMAINS = "/apis/resource.nvidia.com/v1beta1/computedomains"
WIDTH = 120
"""Columns where the output is no terminal."""


def read(client: RawClient) -> Objects:
    """What the picture is made of.

    Raises:
        EnvironmentFault: the cluster does not answer, or the user must not read it.
    """
    return Objects(
        nodes=cast("list[Node]", items_at(client, "/api/v1/nodes")),
        pods=cast("list[Pod]", items_at(client, "/api/v1/pods")),
        slices=cast("list[ResourceSlice]", items(client, "resourceslices")),
        claims=cast("list[ResourceClaim]", items(client, "resourceclaims")),
        rules=cast("list[DeviceTaintRule]", items(client, "devicetaintrules", (*VERSIONS, "v1alpha3"))),
        domains=items_at(client, DOMAINS),
    )


def run_top(kubeconfig: str, context: str, *, output: str, every_s: float) -> int:
    """Print the picture, again each EVERY_S seconds if that is not 0; the exit code.

    Raises:
        ClusterError: no kubeconfig, or the cluster does not answer.
    """
    file = kubeconfig or os.environ.get("KUBECONFIG")
    with RawClient(Endpoint.of_kubeconfig(file, context)) as client:
        if output == "json":
            sys.stdout.write(json.dumps(dataclasses.asdict(paint(read(client))), indent=1) + "\n")
            return 0
        console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
        if not every_s:
            console.print(
                Screen(paint(read(client))).drawn(), markup=False, soft_wrap=not sys.stdout.isatty()
            )
            return 0
        with Live(console=console, screen=sys.stdout.isatty(), auto_refresh=False) as live:
            while True:
                live.update(Screen(paint(read(client))).drawn(), refresh=True)
                time.sleep(every_s)
