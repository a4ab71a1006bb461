"""The client of the API server, whose libraries are imported when it is first needed: a third of the time until the sockets serve.

The kubelet waits for the sockets, and publishing waits for the API server anyway. The import runs in a thread, so that calls
that come meanwhile are answered.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from dra_api.identifiers import ClaimUid, DriverName, NodeName
from dra_api.objects import DeviceStatus, Node, ResourceClaim, ResourceSlice, ResourceSliceInput
from dra_driver.connection.route import Route

if TYPE_CHECKING:
    from dra_driver.publish.client import ApiClient


class LateClient:
    """The calls of ``ApiClient``."""

    def __init__(self, *, route: Route, driver_name: DriverName, node_name: NodeName) -> None:
        self._route = route
        self._driver = driver_name
        self._node = node_name
        self._client: ApiClient | None = None
        self._turn = asyncio.Lock()

    def _make(self) -> "ApiClient":
        from dra_driver.publish.client import ApiClient

        return ApiClient(route=self._route, driver_name=self._driver, node_name=self._node)

    async def _get(self) -> "ApiClient":
        async with self._turn:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
            return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def get_node(self) -> Node:
        """As ``ApiClient`` does."""
        return await (await self._get()).get_node()

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        """As ``ApiClient`` does."""
        return await (await self._get()).get_claim(namespace, name)

    async def apply_device_status(
        self, namespace: str, name: str, uid: ClaimUid, devices: list[DeviceStatus]
    ) -> ResourceClaim:
        """As ``ApiClient`` does."""
        return await (await self._get()).apply_device_status(namespace, name, uid, devices)

    async def list_slices(self) -> tuple[list[ResourceSlice], str]:
        """As ``ApiClient`` does."""
        return await (await self._get()).list_slices()

    async def watch_slices(self, version: str) -> AsyncGenerator[tuple[str, ResourceSlice], None]:
        """As ``ApiClient`` does."""
        async for change in (await self._get()).watch_slices(version):
            yield change

    async def put_slice(self, wanted: ResourceSliceInput) -> ResourceSlice:
        """As ``ApiClient`` does."""
        return await (await self._get()).put_slice(wanted)

    async def delete_slice(self, name: str) -> None:
        """As ``ApiClient`` does."""
        await (await self._get()).delete_slice(name)
