"""A kind cluster that is made for one run, with the driver installed in it by its descriptor's own command."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.errors import UsageError as ClusterUsageError
from dra_clusters.provider import ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.drivers.descriptor import Descriptor, Installation
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.commands import run_command

NODE_IMAGE = "example.com/none"
"""An image with a shell that every node of a kind cluster of ``dra_clusters`` has."""
COMMAND_S, READY_S, PAUSE_S = 300.0, 300.0, 0.5
LOG_LINES = 15


@contextmanager
def made_for(descriptor: Descriptor, *, machine: str, kubernetes: str, folder: Path) -> Iterator[Path]:
    """The kubeconfig of a new kind cluster with the driver, whose pods are Ready; the cluster is removed at the end.

    Args:
        descriptor: says how the driver is installed, and how its pods are found.
        machine: fake GPUs of its node, e.g. ``dgx-b200``; empty for none.
        kubernetes: its release.
        folder: for what the cluster writes.

    Raises:
        UsageError: the descriptor does not say how the driver is installed, or kind cannot be used as asked.
        HarnessError: the cluster cannot be made, or the driver does not come up; the text has the end of its log.
    """
    installation = descriptor.installed
    if installation is None or installation.command is None:
        message = f"descriptor {descriptor.name} has no installed.command, by which --cluster kind installs the driver; add it, or install the driver and give --cluster existing"
        raise UsageError(message)
    options = ClusterOptions(
        directory=folder,
        kubernetes=kubernetes,
        nodes=("node-0",),
        images=tuple(map(Path, installation.images)),
        gpus=machine,
    )
    try:
        cluster = provider("kind").up(options)
    except ClusterUsageError as error:
        raise UsageError(str(error)) from error
    except ClusterError as error:
        raise HarnessError(str(error)) from error
    try:
        install(installation, cluster.kubeconfig)
        with RawClient(cluster.kubeconfig) as client:
            wait_ready(installation, client)
        yield cluster.kubeconfig
    finally:
        cluster.down()


def install(installation: Installation, kubeconfig: Path) -> None:
    """Run the command that installs the driver, with ``$KUBECONFIG``.

    Raises:
        HarnessError: it fails.
    """
    run_command(
        "installed.command",
        installation.command or (),
        timeout_s=COMMAND_S,
        environment={"KUBECONFIG": str(kubeconfig)},
    )


def wait_ready(installation: Installation, client: RawClient, *, limit_s: float = READY_S) -> None:
    """Wait until the driver has pods and all of them are Ready.

    Raises:
        HarnessError: they are not after LIMIT_S; the text says why, with the end of a pod's log.
    """
    base = f"/api/v1/namespaces/{installation.namespace}/pods"
    selector = ",".join(f"{name}={value}" for name, value in installation.labels.items())
    deadline = time.monotonic() + limit_s
    while True:
        pods = client.send("GET", base, query={"labelSelector": selector}).expect(200)["items"]
        late = [pod for pod in pods if not is_ready(pod)]
        if pods and not late:
            return
        if time.monotonic() > deadline:
            break
        time.sleep(PAUSE_S)
    if not late:
        message = f"no pod in namespace {installation.namespace} has the labels {selector} after {limit_s:g} s: check installed of the descriptor"
        raise HarnessError(message)
    name = late[0]["metadata"]["name"]
    log = client.send("GET", f"{base}/{name}/log", query={"tailLines": str(LOG_LINES)})
    message = f"pod {installation.namespace}/{name} is not Ready after {limit_s:g} s: {why_not_ready(late[0])}; its log ends: {log.content.decode(errors='replace').strip()[-1500:]}"
    raise HarnessError(message)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod has the condition Ready."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def why_not_ready(pod: Mapping[str, Any]) -> str:
    """What keeps a pod from being Ready: what its containers wait for or ended with, else its conditions."""
    status = pod.get("status") or {}
    states = [
        f"container {one['name']}: {state.get('reason', kind)} {state.get('message', '')}".strip()
        for one in status.get("containerStatuses") or []
        for kind, state in (one.get("state") or {}).items()
        if kind != "running"
    ]
    conditions = [
        one.get("message") or one.get("reason", one["type"])
        for one in status.get("conditions") or []
        if one["status"] != "True"
    ]
    return "; ".join(states or conditions) or f"phase {status.get('phase', 'unknown')}"
