"""The cluster of the tier ``cluster``: a driver is installed in it already, and everything that a run creates there has a label.

The label is how the end of a run finds what an interrupted check left: objects of other runs and of users do not have it.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dra_clusters.checks.context import CLUSTER_SCOPED, GRACELESS, GROUPS
from dra_clusters.errors import ClusterError
from dra_clusters.errors import UsageError as ClusterUsageError
from dra_clusters.existing import POD_RIGHTS, RIGHTS, ExistingProvider
from dra_clusters.provider import Cluster, ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.errors import HarnessError, UsageError

MANAGED, RUN = "app.kubernetes.io/managed-by", "dra-conformance.dev/run"
MANAGER = "dra-conformance"
IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
"""Of the pods that look around: what upstream's tests use (test/utils/image/manifest.go, 1.37). Any image with a shell will do."""
RUN_ID = re.compile(r"[a-z0-9]{1,32}")
GONE_S, PAUSE_S = 60.0, 0.2
TAINT_RULES = "devicetaintrules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the driver is installed.

    Attributes:
        cluster: ``existing``, or ``kind`` for one that is made for the run.
        kubeconfig: None means ``$KUBECONFIG`` or ``~/.kube/config``.
        context: of that file; empty means its current one.
        image: of the pods that look around.
        run: the value of the label of all that the run creates.
    """

    cluster: str
    kubeconfig: Path | None = None
    context: str = ""
    image: str = IMAGE
    run: str = "pytest"

    @property
    def labels(self) -> Mapping[str, str]:
        """What all objects of the run have."""
        return {MANAGED: MANAGER, RUN: self.run}


def open_target(target: Target, folder: Path, *, behaviours: bool) -> Cluster:
    """The cluster, if it can do DRA and the user has the rights.

    Args:
        target: which.
        folder: for a kubeconfig with another context, or of the pod's service account.
        behaviours: whether the cluster itself is judged, and not only the driver in it: that needs more rights.

    Raises:
        UsageError: no kubeconfig, or an unknown context.
        HarnessError: the cluster cannot be used; the text says why.
    """
    options = ClusterOptions(directory=folder, kubeconfig=target.kubeconfig, context=target.context)
    try:
        return ExistingProvider(RIGHTS if behaviours else POD_RIGHTS).up(options)
    except ClusterUsageError as error:
        raise UsageError(str(error)) from error
    except ClusterError as error:
        raise HarnessError(str(error)) from error


@contextmanager
def swept(target: Target, kubeconfig: Path) -> Iterator[None]:
    """Remove at the end, however it comes, what the run left."""
    try:
        yield
    finally:
        sweep(kubeconfig, target.labels)


def sweep(kubeconfig: Path, labels: Mapping[str, str], *, limit_s: float = GONE_S) -> None:
    """Remove all objects with LABELS, and wait until they are gone.

    Raises:
        HarnessError: some are still there after LIMIT_S.
    """
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    deadline = time.monotonic() + limit_s
    try:
        with RawClient(kubeconfig) as client:
            while left := labelled(client, selector):
                if time.monotonic() > deadline:
                    message = f"still there after {limit_s:g} s: {', '.join(left)}; remove them with: kubectl delete namespaces,deviceclasses,resourceslices -l {selector}"
                    raise HarnessError(message)
                for path in left:
                    client.send("DELETE", path, GRACELESS)
                time.sleep(PAUSE_S)
    except ClusterError as error:
        message = f"objects with the labels {selector} may be left: {error}"
        raise HarnessError(message) from error


def labelled(client: RawClient, selector: str) -> list[str]:
    """The paths of the objects that SELECTOR selects."""
    found = []
    for base in collections(client):
        answer = client.send("GET", base, query={"labelSelector": selector})
        items = (
            answer.body.get("items", []) if answer.code == 200 else []
        )  # not served, or not allowed to be seen
        found += [f"{base}/{item['metadata']['name']}" for item in items]
    return found


def collections(client: RawClient) -> Iterator[str]:
    """Where the objects in the cluster's scope live that checks create; namespaces take with them what is in them."""
    for plural in sorted(CLUSTER_SCOPED - {TAINT_RULES}):
        yield f"{GROUPS.get(plural, '/api/v1')}/{plural}"
    if version := taint_rules_version(client):
        yield f"{version}/{TAINT_RULES}"


def taint_rules_version(client: RawClient) -> str:
    """The version of the API that serves DeviceTaintRules, the newest first; empty if none does."""
    answer = client.send("GET", "/apis/resource.k8s.io")
    served = [row["groupVersion"] for row in answer.body["versions"]] if answer.code == 200 else []
    for version in served:
        listed = client.send("GET", f"/apis/{version}")
        if listed.code == 200 and any(one["name"] == TAINT_RULES for one in listed.body["resources"]):
            return f"/apis/{version}"
    return ""
