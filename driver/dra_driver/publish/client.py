"""The driver's client of the API server: seven calls over lightkube, with every failure as an ``ApiError``.

lightkube because it is async, and because it decodes a slice in a sixth of the official client's time. Objects are
plain JSON values with the types of ``dra_api.objects``; no other module of the driver imports the library.
"""

import contextlib
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.config.models import Cluster, User
from lightkube.core.exceptions import ApiError as ServerError
from lightkube.operators import BinaryOperator, SequenceOperator
from lightkube.resources.core_v1 import Node
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_api.identifiers import ClaimUid, DriverName, NodeName
from dra_api.objects import DeviceStatus, ResourceSliceInput
from dra_api.objects import Node as NodeObject
from dra_api.objects import ResourceClaim as Claim
from dra_api.objects import ResourceSlice as Slice
from dra_driver.connection.route import Route
from dra_driver.connection.transport import ApiTransport
from dra_driver.errors import ApiError

WATCH_S = 120
"""The server ends a watch after this time and it is renewed."""
RETRY_MAX_S = 300.0
SILENCE_S = 15
"""A watch that is silent for this much longer is on a connection whose other end is gone."""


def seconds_in(retry_after: str) -> float:
    """The header ``Retry-After`` in seconds, 0 if it is none; at most ``RETRY_MAX_S``, for something else may have sent it."""
    return min(float(retry_after), RETRY_MAX_S) if re.fullmatch("[0-9]{1,9}", retry_after) else 0.0


@contextlib.contextmanager
def api_errors(what: str) -> Iterator[None]:
    """Turn every failure of a call into an ``ApiError`` that names WHAT was asked for."""
    try:
        yield
    except httpx2.HTTPStatusError as error:
        response: httpx2.Response | None = error.response  # none if the error came in a watch
        code, text = 0, ""
        if response is not None:
            code, text = response.status_code, response.reason_phrase
        if isinstance(error, ServerError):  # the answer is a Status, and not the page of something in between
            code, text = error.status.code or code, error.status.message or ""
        wait = response.headers.get("Retry-After", "") if response is not None else ""
        message = f"{what}: the API server answered {code}: {text}"
        raise ApiError(message, code, seconds_in(wait)) from error
    except httpx2.LocalProtocolError as error:  # its text may have the token in it
        message = (
            f"{what}: a request cannot be sent: {type(error).__name__}; is there a line break in the token?"
        )
        raise ApiError(message) from None
    except (httpx2.HTTPError, ValueError, OSError) as error:
        # ValueError: an answer that is not JSON. OSError: httpcore2 lets that of poll(2) through, which comes when the process
        # has used up its file descriptors.
        message = f"{what}: no usable answer from the API server: {str(error) or type(error).__name__}"
        raise ApiError(message) from error


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
        # the transport has TLS, proxy and credentials, so lightkube makes none of its own
        config = KubeConfig.from_one(cluster=Cluster(server=route.server, insecure=True), user=User())
        self._client = AsyncClient(
            config=config,
            field_manager=driver_name,
            transport=ApiTransport(route, silence_s=watch_s),
            trust_env=False,
        )
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
