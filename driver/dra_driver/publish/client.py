"""The GPU driver's calls to the API server, over lightkube, with every failure as an ``ApiError``.

Objects are plain JSON values with the types of ``dra_api.objects``.
"""

from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx2
from lightkube.operators import BinaryOperator, SequenceOperator
from lightkube.resources.core_v1 import Node
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_api.identifiers import ClaimUid, DriverName, NodeName
from dra_api.objects import DeviceStatus, ResourceSliceInput
from dra_api.objects import Node as NodeObject
from dra_api.objects import ResourceClaim as Claim
from dra_api.objects import ResourceSlice as Slice
from dra_driver.connection.lightkube_client import SILENCE_S, WATCH_S, api_errors, make_client
from dra_driver.connection.route import Route
from dra_driver.errors import ApiError


class ApiClient:
    """Reads and writes of one driver on one node."""

    def __init__(
        self,
        *,
        route: Route,
        driver_name: DriverName,
        node_name: NodeName,
        watch_s: float = WATCH_S + SILENCE_S,
    ) -> None:
        self._client = make_client(route, driver_name, watch_s)
        self._node_name = node_name
        self._fields: dict[str, str | BinaryOperator | SequenceOperator] = {
            "spec.driver": driver_name,
            "spec.nodeName": node_name,
        }

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get_node(self) -> NodeObject:
        """The Node object of this driver's node."""
        with api_errors(f"node {self._node_name}"):
            node = await self._client.get(Node, self._node_name)
            return cast("NodeObject", node.to_dict())

    async def get_claim(self, namespace: str, name: str) -> Claim:
        """A ResourceClaim as resource.k8s.io/v1; ``ApiError`` with code 404 if it does not exist."""
        with api_errors(f"claim {namespace}/{name}"):
            claim = await self._client.get(ResourceClaim, name, namespace=namespace)
            return cast("Claim", claim.to_dict())

    async def apply_device_status(
        self, namespace: str, name: str, uid: ClaimUid, devices: list[DeviceStatus]
    ) -> Claim:
        """Make DEVICES this driver's entries of ``status.devices``; those of others stay. The claim as stored."""
        wanted = {
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "status": {"devices": devices},
        }
        item: Any = ResourceClaim.Status.from_dict(wanted)  # typed as its base class
        with api_errors(f"status of claim {namespace}/{name}"):
            stored = await self._client.apply(item, name, namespace=namespace, force=True)
            return cast("Claim", stored.to_dict())

    async def list_slices(self) -> tuple[list[Slice], str]:
        """This driver's slices of this node, and the version to watch from."""
        with api_errors("list of this node's slices"):
            listed = self._client.list(ResourceSlice, fields=self._fields)
            slices = [cast("Slice", item.to_dict()) async for item in listed]
            return slices, listed.resourceVersion

    async def watch_slices(self, version: str) -> AsyncGenerator[tuple[str, Slice], None]:
        """Changes of those slices as (ADDED, MODIFIED or DELETED, slice), without end.

        Raises:
            ApiError: the stream broke, or VERSION is too old (code 410): list again.
        """
        with api_errors("watch of this node's slices"):
            events = self._client.watch(
                ResourceSlice, fields=self._fields, resource_version=version, server_timeout=WATCH_S
            )
            async for change, item in events:
                yield change, cast("Slice", item.to_dict())

    async def put_slice(self, wanted: ResourceSliceInput) -> Slice:
        """Create or, if WANTED has a ``resourceVersion``, replace a slice; return it as stored."""
        item: Any = ResourceSlice.from_dict(cast("dict[str, Any]", wanted))  # typed as its base class
        with api_errors(f"slice {wanted['metadata']['name']}"):
            if wanted["metadata"].get("resourceVersion"):
                stored: Any = await self._client.replace(item)
            else:
                stored = await self._client.create(item)
            return cast("Slice", stored.to_dict())

    async def delete_slice(self, name: str) -> None:
        """Delete a slice; idempotent."""
        try:
            with api_errors(f"slice {name}"):
                await self._client.delete(ResourceSlice, name)
        except ApiError as error:
            if error.code != httpx2.codes.NOT_FOUND:
                raise
