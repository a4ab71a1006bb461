"""The controller's client: objects of any kind as JSON, over lightkube, with every failure as an ``ApiError``."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.types import CascadeType, PatchType

from dra_api.objects import JsonObject
from dra_driver.computedomain.names import GROUP, VERSION
from dra_driver.connection.lightkube_client import WATCH_S, api_errors, make_client
from dra_driver.connection.route import Route
from dra_driver.errors import ApiError

FIELD_MANAGER = "compute-domain-controller"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects.

    Attributes:
        made: lightkube's class for it.
    """

    plural: str
    made: Any


def kind(group: str, version: str, name: str, plural: str, *, namespaced: bool = True) -> Kind:
    """A kind of the API."""
    make = create_namespaced_resource if namespaced else create_global_resource
    return Kind(plural, make(group, version, name, plural))


DOMAINS = kind(GROUP, VERSION, "ComputeDomain", "computedomains")
CLIQUES = kind(GROUP, VERSION, "ComputeDomainClique", "computedomaincliques")
DAEMON_SETS = kind("apps", "v1", "DaemonSet", "daemonsets")
TEMPLATES = kind("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates")
CLAIMS = kind("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims")
PODS = kind("", "v1", "Pod", "pods")
NODES = kind("", "v1", "Node", "nodes", namespaced=False)
SLICES = kind("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", namespaced=False)
EVENTS = kind("", "v1", "Event", "events")
LEASES = kind("coordination.k8s.io", "v1", "Lease", "leases")


def selection(
    of: Kind, namespace: str, labels: Mapping[str, str | None] | None, fields: Mapping[str, str] | None
) -> dict[str, Any]:
    """Which objects of a kind, as lightkube takes it."""
    where: dict[str, Any] = {} if of in (NODES, SLICES) else {"namespace": namespace}
    return {**where, "labels": dict(labels or {}) or None, "fields": dict(fields or {}) or None}


class Kube:
    """Calls to one API server. Each watch needs a client of its own: its transport pauses between watches."""

    def __init__(self, route: Route) -> None:
        # Any: lightkube's signatures are by the class of a resource, and here that is a value
        self._client: Any = make_client(route, FIELD_MANAGER)

    async def close(self) -> None:
        """Close the connections, also those that are left when this is cancelled meanwhile."""
        await asyncio.shield(self._client.close())

    async def get(self, of: Kind, name: str, namespace: str | None = None) -> JsonObject | None:
        """An object, None if there is none."""
        try:
            with api_errors(f"{of.plural} {namespace}/{name}"):
                found: JsonObject = (await self._client.get(of.made, name, namespace=namespace)).to_dict()
                return found
        except ApiError as error:
            if error.code == httpx2.codes.NOT_FOUND:
                return None
            raise

    async def list(
        self,
        of: Kind,
        *,
        namespace: str = "*",
        labels: Mapping[str, str | None] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> tuple[list[JsonObject], str]:
        """The objects, and the version to watch from."""
        chosen = selection(of, namespace, labels, fields)
        with api_errors(f"list of {of.plural}"):
            listed = self._client.list(of.made, **chosen)
            return [item.to_dict() async for item in listed], listed.resourceVersion

    async def watch(
        self,
        of: Kind,
        version: str,
        *,
        namespace: str = "*",
        labels: Mapping[str, str | None] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[tuple[str, JsonObject], None]:
        """Changes as (ADDED, MODIFIED or DELETED, object), without end; a label without a value only has to be there.

        Raises:
            ApiError: the stream broke, or VERSION is too old: list again.
        """
        chosen = selection(of, namespace, labels, fields)
        with api_errors(f"watch of {of.plural}"):
            events = self._client.watch(of.made, resource_version=version, server_timeout=WATCH_S, **chosen)
            async for change, item in events:
                yield change, item.to_dict()

    async def create(self, of: Kind, item: JsonObject) -> JsonObject:
        """Create an object; the one that is stored."""
        with api_errors(f"{of.plural} {item['metadata']['name']}"):
            made = await self._client.create(
                of.made.from_dict(item), namespace=item["metadata"].get("namespace")
            )
            stored: JsonObject = made.to_dict()
            return stored

    async def replace(self, of: Kind, item: JsonObject) -> None:
        """Replace an object if it is still of ITEM's version.

        Raises:
            ApiError: with code 409, it was changed meanwhile.
        """
        with api_errors(f"{of.plural} {item['metadata']['name']}"):
            await self._client.replace(of.made.from_dict(item))

    async def merge(
        self, of: Kind, item: JsonObject, patch: JsonObject, *, status: bool = False
    ) -> JsonObject:
        """Merge PATCH into ITEM if it is still the version that was read; the one that is stored.

        Raises:
            ApiError: with code 409, it was changed meanwhile.
        """
        metadata = item["metadata"]
        versioned = {
            **patch,
            "metadata": {**patch.get("metadata", {}), "resourceVersion": metadata["resourceVersion"]},
        }
        with api_errors(f"{of.plural} {metadata['name']}"):
            made = await self._client.patch(
                of.made.Status if status else of.made,
                metadata["name"],
                versioned,
                namespace=metadata.get("namespace"),
                patch_type=PatchType.MERGE,
            )
            stored: JsonObject = made.to_dict()
            return stored

    async def delete(self, of: Kind, item: JsonObject) -> None:
        """Delete an object and, later, what it owns; idempotent."""
        metadata = item["metadata"]
        try:
            with api_errors(f"{of.plural} {metadata['name']}"):
                await self._client.delete(
                    of.made,
                    metadata["name"],
                    namespace=metadata.get("namespace"),
                    cascade=CascadeType.BACKGROUND,
                )
        except ApiError as error:
            if error.code != httpx2.codes.NOT_FOUND:
                raise
