"""The context in which one behaviour is checked: a client, a namespace, new names, and the cleanup.

Names start with a random stem for each run, so that runs on the same cluster do not affect each other. Nothing is removed that the behaviour did not create.
"""

import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dra_api.objects import JsonObject
from dra_clusters.checks.client import Answer, Client, Difference, Observer
from dra_clusters.provider import ContainerView, Node

RESOURCE, APPS = "/apis/resource.k8s.io/v1", "/apis/apps/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GROUPS = {
    "controllerrevisions": APPS,
    "daemonsets": APPS,
    "deployments": APPS,
    "replicasets": APPS,
    "jobs": "/apis/batch/v1",
    "clusterroles": "/apis/rbac.authorization.k8s.io/v1",
    "clusterrolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "resourceclaims": RESOURCE,
    "resourceclaimtemplates": RESOURCE,
    "resourceslices": RESOURCE,
    "deviceclasses": RESOURCE,
    "priorityclasses": "/apis/scheduling.k8s.io/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "runtimeclasses": "/apis/node.k8s.io/v1",
    "csidrivers": "/apis/storage.k8s.io/v1",
    "csinodes": "/apis/storage.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "customresourcedefinitions": "/apis/apiextensions.k8s.io/v1",
    "validatingadmissionpolicies": ADMISSION,
    "validatingadmissionpolicybindings": ADMISSION,
    "validatingwebhookconfigurations": ADMISSION,
    "mutatingwebhookconfigurations": ADMISSION,
}
CLUSTER_SCOPED = frozenset(
    {
        "resourceslices",
        "deviceclasses",
        "devicetaintrules",
        "nodes",
        "namespaces",
        "clusterroles",
        "clusterrolebindings",
        "customresourcedefinitions",
        "priorityclasses",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
    }
)
ContainerReader = Callable[[str, str, str, str], ContainerView]
"""What a container was given: node, namespace, pod, container."""

GRACELESS: JsonObject = {"gracePeriodSeconds": 0}


class CheckContext:
    """The cluster that a behaviour is checked on, with client, namespace and cleanup; a context manager.

    Args:
        labels: of the namespace and of what is created in the cluster's scope, for whoever removes what a process that was
            killed leaves.
    """

    def __init__(
        self,
        kubeconfig: Path,
        *,
        kubernetes: str,
        nodes: Sequence[Node] = (),
        container: ContainerReader | None = None,
        observe: Observer | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.kubeconfig = kubeconfig
        self._labels = dict(labels or {})
        self.client = Client(kubeconfig, observe=observe)
        self.kubernetes = kubernetes
        self.nodes = tuple(nodes)
        self._container = container
        self.stem = f"check-{secrets.token_hex(4)}"
        self._count = 0
        self._made: list[str] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Nothing to do: the namespace is made when it is asked for."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was created, newest first. A fault of the cleanup does not hide the one that ended the behaviour."""
        with contextlib.closing(self.client):
            try:
                self._stack.close()
            except Difference as late:
                if error is None:
                    raise
                error.add_note(f"cleanup: {late}")
            finally:
                for path in reversed(self._made):
                    self.client.send("DELETE", path, GRACELESS)

    def defer(self, call: Any, *arguments: Any) -> None:
        """Call at the end, before anything is removed."""
        self._stack.callback(call, *arguments)

    @cached_property
    def namespace(self) -> str:
        """The behaviour's own namespace."""
        answer = self.client.send(
            "POST", "/api/v1/namespaces", self._labelled({"metadata": {"name": self.stem}})
        )
        answer.expect(201)
        self._made.append(f"/api/v1/namespaces/{self.stem}")
        return self.stem

    def environment(self, node: str, pod: str, container: str) -> Mapping[str, str]:
        """The environment of a container of one of the behaviour's pods."""
        assert self._container is not None, "a cluster with kubelets can read its containers"
        return self._container(node, self.namespace, pod, container).environment

    def name(self) -> str:
        """A new name, also good as the first label of a domain."""
        self._count += 1
        return f"{self.stem}-{self._count}"

    def path(self, plural: str, name: str = "", subresource: str = "", *, api: str = "") -> str:
        """Where objects of PLURAL live: in the own namespace, or in the cluster."""
        base = api or GROUPS.get(plural, "/api/v1")
        place = "" if plural in CLUSTER_SCOPED else f"/namespaces/{self.namespace}"
        return "/".join(filter(None, (f"{base}{place}/{plural}", name, subresource)))

    def post(self, plural: str, item: JsonObject, *, api: str = "", query: Any = None) -> Answer:
        """Create; if it succeeds in the cluster's scope it is removed at the end."""
        labelled = self._labelled(item) if plural in CLUSTER_SCOPED else item
        answer = self.client.send("POST", self.path(plural, api=api), labelled, query=query)
        if answer.code == 201 and plural in CLUSTER_SCOPED and not (query or {}).get("dryRun"):
            self._made.append(self.path(plural, answer.body["metadata"]["name"], api=api))
        return answer

    def _labelled(self, item: JsonObject) -> JsonObject:
        """ITEM with the labels of everything that is created; its own ones stay."""
        if not self._labels or not isinstance(item.get("metadata"), dict):
            return item
        labels = {**self._labels, **(item["metadata"].get("labels") or {})}
        return {**item, "metadata": {**item["metadata"], "labels": labels}}

    def create(self, plural: str, item: JsonObject, *, api: str = "") -> Any:
        """Create, and demand success."""
        return self.post(plural, item, api=api).expect(201)

    def get(self, plural: str, name: str = "", *, api: str = "", **query: Any) -> Answer:
        """Read one, or the list."""
        return self.client.send("GET", self.path(plural, name, api=api), query=query or None)

    def put(self, plural: str, item: JsonObject, subresource: str = "", *, api: str = "") -> Answer:
        """Replace."""
        path = self.path(plural, item["metadata"]["name"], subresource, api=api)
        return self.client.send("PUT", path, item)

    def patch(
        self,
        kind: str,
        plural: str,
        name: str,
        body: Any,
        subresource: str = "",
        *,
        api: str = "",
        **query: Any,
    ) -> Answer:
        """Patch; KIND is json, merge, strategic or apply."""
        path = self.path(plural, name, subresource, api=api)
        return self.client.patch(kind, path, body, query=query or None)

    def delete(
        self, plural: str, name: str = "", options: Any = None, *, api: str = "", **query: Any
    ) -> Answer:
        """Delete one, or the collection."""
        return self.client.send("DELETE", self.path(plural, name, api=api), options, query=query or None)

    def forget_on_exit(self, path: str) -> None:
        """Remove PATH at the end, for what is not made through ``post``."""
        self._made.append(path)
