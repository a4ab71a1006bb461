"""The provider ``existing``: a cluster that runs already and that this project only uses.

What the cluster can do is found by looking: the release and the served APIs from the API server, scheduler and controllers
from the leases that they renew. Its nodes' folders are not on this machine, so a kubelet cannot be observed.
"""

import datetime
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import yaml

from dra_api.objects import JsonObject
from dra_clusters import pod_account
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.provider import VERSIONS, ClusterOptions, ContainerView, Node
from dra_clusters.raw_client import RawClient
from kube_emulator.kubeconfig import write_private
from kube_emulator.releases.release import Release

LEASES = {"scheduler": "kube-scheduler", "controllers": "kube-controller-manager"}
"""{part: its leader's lease in kube-system}."""

FRESH_S = 60.0
Right = tuple[str, str, str]
"""(verb, group, resource)."""
POD_RIGHTS: tuple[Right, ...] = (
    ("create", "", "namespaces"),
    ("delete", "", "namespaces"),
    ("create", "", "pods"),
    ("create", "resource.k8s.io", "deviceclasses"),
    ("create", "resource.k8s.io", "resourceclaims"),
)
"""What is needed to look at an installed driver by pods with claims."""
RIGHTS: tuple[Right, ...] = (
    *POD_RIGHTS,
    ("create", "", "nodes"),
    ("create", "resource.k8s.io", "resourceslices"),
    ("update", "resource.k8s.io", "resourceclaims/status"),
)
"""What behaviours need in any cluster, which publish devices of their own on nodes of their own."""

FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class ExistingCluster:
    """A cluster that runs already."""

    name = "existing"

    def __init__(self, kubeconfig: Path, kubernetes: str, capabilities: frozenset[str]) -> None:
        self.kubeconfig = kubeconfig
        self.kubernetes = kubernetes
        self.capabilities = capabilities
        self.nodes: tuple[Node, ...] = ()

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """Not to be had from outside of the node.

        Raises:
            UsageError: always.
        """
        message = f"container {name} of pod {namespace}/{pod}: the runtime of node {node} of an existing cluster is out of reach"
        raise UsageError(message)

    def __enter__(self) -> Self:
        """The cluster."""
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def down(self) -> None:
        """Leave it running."""


class ExistingProvider:
    """Uses the cluster of ``ClusterOptions.kubeconfig``, if its user has RIGHTS."""

    name = "existing"

    def __init__(self, rights: Sequence[Right] = RIGHTS) -> None:
        self._rights = rights

    def up(self, options: ClusterOptions) -> ExistingCluster:
        """The cluster, if it can do DRA and the user is allowed to do what is needed.

        Raises:
            UsageError: no kubeconfig, an unknown context, or an option that only a provider that starts clusters has.
            EnvironmentFault: no answer, no resource.k8s.io/v1, or missing rights.
        """
        if options.gates or options.real_kubelet or options.hollow:
            message = "an existing cluster is used as it is: no feature gates, kubelets or hollow nodes can be chosen"
            raise UsageError(message)
        kubeconfig = chosen_kubeconfig(options)
        with RawClient(kubeconfig) as client:
            version = client.send("GET", "/version").expect(200)
            release = f"{version['major']}.{version['minor'].rstrip('+')}"
            check_served(client, release)
            if lacking := missing_rights(client, self._rights):
                message = f"the user of {kubeconfig} is not allowed to {', '.join(lacking)}; bind a role that allows it"
                raise EnvironmentFault(message)
            return ExistingCluster(kubeconfig, release, frozenset({"api", "rbac"}) | running_parts(client))


def chosen_kubeconfig(options: ClusterOptions) -> Path:
    """The kubeconfig of OPTIONS, ``$KUBECONFIG`` or ``~/.kube/config``; with another context it is a copy in a private file.

    Without any of them, in a pod, it is one of the pod's service account, in the folder of OPTIONS.

    Raises:
        UsageError: it is not there, or has no such context.
    """
    named = options.kubeconfig or os.environ.get("KUBECONFIG")
    path = Path(named or Path.home() / ".kube/config")
    if not named and not path.is_file() and options.directory and pod_account.is_in_pod(os.environ):
        return pod_account.write_kubeconfig(options.directory / "pod.kubeconfig", os.environ)
    if not path.is_file():
        message = f"no kubeconfig {path}; give one with --kubeconfig or $KUBECONFIG"
        raise UsageError(message)
    if not options.context:
        return path
    try:
        document = yaml.safe_load(path.read_text())
        contexts = [entry["name"] for entry in document["contexts"]]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        message = f"{path} is no kubeconfig: {error}"
        raise UsageError(message) from error
    if options.context not in contexts:
        message = f"no context {options.context!r} in {path}; there are: {', '.join(contexts)}"
        raise UsageError(message)
    if options.directory is None:
        message = "another context needs a folder for its kubeconfig; give ClusterOptions.directory"
        raise UsageError(message)
    document["current-context"] = options.context
    copy = options.directory / "existing.kubeconfig"
    write_private(copy, yaml.safe_dump(with_absolute_paths(document, path.parent)).encode())
    return copy


def with_absolute_paths(document: JsonObject, folder: Path) -> JsonObject:
    """A kubeconfig whose files are found from any folder: they are relative to that of the original (client-go clientcmd)."""
    for section, kind in (("clusters", "cluster"), ("users", "user")):
        for entry in document.get(section) or []:
            for field in FILES:
                if value := entry[kind].get(field):
                    entry[kind][field] = str(folder / value)
    return document


def check_served(client: RawClient, release: str) -> None:
    """Check that the cluster does DRA.

    Raises:
        EnvironmentFault: it does not.
    """
    if Release.parse(release) < Release.parse(VERSIONS[0]):
        message = f"the cluster is Kubernetes {release}; DRA is tested from {VERSIONS[0]} on"
        raise EnvironmentFault(message)
    answer = client.send("GET", "/apis/resource.k8s.io/v1")
    if answer.code != 200:
        message = f"the cluster (Kubernetes {release}) does not serve resource.k8s.io/v1: {answer.code}; is DRA switched off?"
        raise EnvironmentFault(message)


def missing_rights(client: RawClient, rights: Sequence[Right]) -> list[str]:
    """What the user is not allowed to do, e.g. ``create nodes``."""
    lacking = []
    for verb, group, resource in rights:
        plural, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {**attributes, "namespace": ""}},
        }
        answer = client.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        if not answer.expect(201)["status"].get("allowed"):
            lacking.append(f"{verb} {resource}{f'.{group}' if group else ''}")
    return lacking


def running_parts(client: RawClient) -> frozenset[str]:
    """The parts whose leader renewed its lease within the last minute."""
    answer = client.send("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")
    leases = answer.body.get("items", []) if answer.code == 200 else []
    return frozenset(fresh_parts(leases, datetime.datetime.now(datetime.UTC)))


def fresh_parts(leases: Iterable[JsonObject], now: datetime.datetime) -> Iterable[str]:
    """Pure: the parts that are alive by their LEASES."""
    renewed = {
        lease["metadata"]["name"]: datetime.datetime.fromisoformat(lease["spec"]["renewTime"])
        for lease in leases
        if lease.get("spec", {}).get("renewTime")
    }
    for part, name in LEASES.items():
        if name in renewed and (now - renewed[name]).total_seconds() < FRESH_S:
            yield part
