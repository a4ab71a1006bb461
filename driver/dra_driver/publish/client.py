"""The driver's only door to the API server: six calls over lightkube, with every failure as one ``ApiError``.

lightkube, because decoding a slice costs it a sixth of what the official models cost, and because it is async. Objects
pass as plain JSON values; nothing else in the driver knows the library.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError as ServerError
from lightkube.core.exceptions import ConfigError as KubeconfigError
from lightkube.operators import BinaryOperator, SequenceOperator
from lightkube.resources.core_v1 import Node
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_driver.errors import ApiError, ConfigError

WATCH_S = 300
"""A watch is renewed this often, so that a dead connection is found."""


@contextlib.contextmanager
def _told_as_api_error(what: str) -> Iterator[None]:
    try:
        yield
    except ServerError as error:
        response: httpx2.Response | None = error.response  # none if the error came in a watch
        code = error.status.code or (response.status_code if response is not None else 0)
        wait = response.headers.get("Retry-After", "0") if response is not None else "0"
        retry_after = float(wait) if wait.isdigit() else 0.0
        message = f"{what}: the API server answered {code}: {error.status.message}"
        raise ApiError(message, code, retry_after) from error
    except (httpx2.HTTPError, ValueError) as error:  # ValueError: an answer that is not JSON
        message = f"{what}: no usable answer from the API server: {str(error) or type(error).__name__}"
        raise ApiError(message) from error


class ApiClient:
    """What the driver reads and writes, restricted to its own driver name and node."""

    def __init__(self, *, kubeconfig: Path | None, driver_name: str, node_name: str) -> None:
        try:
            config = (
                KubeConfig.from_file(str(kubeconfig)) if kubeconfig else KubeConfig.from_service_account()
            )
            self._client = AsyncClient(config=config, field_manager=driver_name)
        except (KubeconfigError, OSError, ValueError) as error:
            message = f"cannot use {kubeconfig or 'the service account'} to reach the API server: {error}"
            raise ConfigError(message) from error
        self._node_name = node_name
        self._fields: dict[str, str | BinaryOperator | SequenceOperator] = {
            "spec.driver": driver_name,
            "spec.nodeName": node_name,
        }

    async def get_node(self) -> dict[str, Any]:
        """The Node object of this driver's node."""
        with _told_as_api_error(f"node {self._node_name}"):
            return (await self._client.get(Node, self._node_name)).to_dict()

    async def get_claim(self, namespace: str, name: str) -> dict[str, Any]:
        """A ResourceClaim as resource.k8s.io/v1; ``ApiError`` with code 404 if it does not exist."""
        with _told_as_api_error(f"claim {namespace}/{name}"):
            return (await self._client.get(ResourceClaim, name, namespace=namespace)).to_dict()

    async def list_slices(self) -> tuple[list[dict[str, Any]], str]:
        """This driver's slices of this node, and the version to watch from."""
        with _told_as_api_error("list of this node's slices"):
            listed = self._client.list(ResourceSlice, fields=self._fields)
            slices = [item.to_dict() async for item in listed]
            return slices, listed.resourceVersion

    async def watch_slices(self, version: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Changes of those slices as (ADDED, MODIFIED or DELETED, slice), without end.

        Raises:
            ApiError: the stream broke, or VERSION is too old (code 410): list again.
        """
        with _told_as_api_error("watch of this node's slices"):
            events = self._client.watch(
                ResourceSlice, fields=self._fields, resource_version=version, server_timeout=WATCH_S
            )
            async for change, item in events:
                yield change, item.to_dict()

    async def put_slice(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Create or, if WANTED has a ``resourceVersion``, replace a slice; return it as stored."""
        item: Any = ResourceSlice.from_dict(wanted)  # typed as its base class
        with _told_as_api_error(f"slice {wanted['metadata']['name']}"):
            if wanted["metadata"].get("resourceVersion"):
                stored: Any = await self._client.replace(item)
            else:
                stored = await self._client.create(item)
            return dict(stored.to_dict())

    async def delete_slice(self, name: str) -> None:
        """Delete a slice; one that is gone is fine."""
        try:
            with _told_as_api_error(f"slice {name}"):
                await self._client.delete(ResourceSlice, name)
        except ApiError as error:
            if error.code != httpx2.codes.NOT_FOUND:
                raise
