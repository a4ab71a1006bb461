"""The driver's client of the API server: six calls over lightkube, with every failure as an ``ApiError``.

lightkube because it is async, and because it decodes a slice in a sixth of the official client's time. Objects are
plain JSON values with the types of ``dra_api.objects``; no other module of the driver imports the library.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx2
import msgspec
import yaml
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError as ServerError
from lightkube.core.exceptions import ConfigError as KubeconfigError
from lightkube.operators import BinaryOperator, SequenceOperator
from lightkube.resources.core_v1 import Node
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import Node as NodeObject
from dra_api.objects import ResourceClaim as Claim
from dra_api.objects import ResourceSlice as Slice
from dra_api.objects import ResourceSliceInput
from dra_driver.errors import ApiError, ConfigError

WATCH_S = 120
"""The server ends a watch after this time and it is renewed."""
SILENCE_S = 15
"""A watch that is silent for this much longer is on a connection whose other end is gone."""


@contextlib.contextmanager
def _api_errors(what: str) -> Iterator[None]:
    try:
        yield
    except ServerError as error:
        response: httpx2.Response | None = error.response  # none if the error came in a watch
        code = error.status.code or (response.status_code if response is not None else 0)
        wait = response.headers.get("Retry-After", "0") if response is not None else "0"
        retry_after = float(wait) if wait.isdigit() else 0.0
        message = f"{what}: the API server answered {code}: {error.status.message}"
        raise ApiError(message, code, retry_after) from error
    except httpx2.LocalProtocolError as error:  # its text may have the token in it
        message = (
            f"{what}: a request cannot be sent: {type(error).__name__}; is there a line break in the token?"
        )
        raise ApiError(message) from None
    except (httpx2.HTTPError, ValueError) as error:  # ValueError: an answer that is not JSON
        message = f"{what}: no usable answer from the API server: {str(error) or type(error).__name__}"
        raise ApiError(message) from error


def read_config(kubeconfig: Path | None) -> KubeConfig:
    """The configuration in the file KUBECONFIG, or the service account of the pod."""
    if kubeconfig is None:
        return KubeConfig.from_service_account()
    content = yaml.safe_load(kubeconfig.read_text())
    if not isinstance(content, dict):
        message = f"not a kubeconfig: wanted a YAML mapping, found {type(content).__name__}"
        raise TypeError(message)
    return KubeConfig.from_dict(content, fname=kubeconfig)


def reason_of(error: Exception) -> str:
    """Why a kubeconfig cannot be used, in one line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, yaml.YAMLError):
        return f"not YAML: {' '.join(str(error).split())}"
    if isinstance(error, KubeconfigError | TypeError | ValueError | msgspec.MsgspecError):
        return " ".join(str(error).split())
    return f"not a kubeconfig ({type(error).__name__}: {' '.join(str(error).split())})"


class ApiClient:
    """Reads and writes of one driver on one node.

    Raises:
        ConfigError: the kubeconfig cannot be used.
    """

    def __init__(
        self,
        *,
        kubeconfig: Path | None,
        driver_name: DriverName,
        node_name: NodeName,
        watch_s: float = WATCH_S + SILENCE_S,
    ) -> None:
        try:
            config = read_config(kubeconfig)
            self._client = AsyncClient(config=config, field_manager=driver_name)
            # lightkube waits forever for the next event (generic_client.py), also when nobody is there any more
            self._client._client._watch_timeout.read = watch_s  # noqa: SLF001
        except Exception as error:  # lightkube does not check a file; a wrong one raises whatever it meets
            source = f"kubeconfig {kubeconfig}" if kubeconfig else "the service account of the pod"
            message = (
                f"cannot use {source}: {reason_of(error)}; "
                "give a kubeconfig file with --kubeconfig or KUBECONFIG, or run in a pod"
            )
            raise ConfigError(message) from error
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
        with _api_errors(f"node {self._node_name}"):
            node = await self._client.get(Node, self._node_name)
            return cast("NodeObject", node.to_dict())

    async def get_claim(self, namespace: str, name: str) -> Claim:
        """A ResourceClaim as resource.k8s.io/v1; ``ApiError`` with code 404 if it does not exist."""
        with _api_errors(f"claim {namespace}/{name}"):
            claim = await self._client.get(ResourceClaim, name, namespace=namespace)
            return cast("Claim", claim.to_dict())

    async def list_slices(self) -> tuple[list[Slice], str]:
        """This driver's slices of this node, and the version to watch from."""
        with _api_errors("list of this node's slices"):
            listed = self._client.list(ResourceSlice, fields=self._fields)
            slices = [cast("Slice", item.to_dict()) async for item in listed]
            return slices, listed.resourceVersion

    async def watch_slices(self, version: str) -> AsyncGenerator[tuple[str, Slice], None]:
        """Changes of those slices as (ADDED, MODIFIED or DELETED, slice), without end.

        Raises:
            ApiError: the stream broke, or VERSION is too old (code 410): list again.
        """
        with _api_errors("watch of this node's slices"):
            events = self._client.watch(
                ResourceSlice, fields=self._fields, resource_version=version, server_timeout=WATCH_S
            )
            async for change, item in events:
                yield change, cast("Slice", item.to_dict())

    async def put_slice(self, wanted: ResourceSliceInput) -> Slice:
        """Create or, if WANTED has a ``resourceVersion``, replace a slice; return it as stored."""
        item: Any = ResourceSlice.from_dict(cast("dict[str, Any]", wanted))  # typed as its base class
        with _api_errors(f"slice {wanted['metadata']['name']}"):
            if wanted["metadata"].get("resourceVersion"):
                stored: Any = await self._client.replace(item)
            else:
                stored = await self._client.create(item)
            return cast("Slice", stored.to_dict())

    async def delete_slice(self, name: str) -> None:
        """Delete a slice; idempotent."""
        try:
            with _api_errors(f"slice {name}"):
                await self._client.delete(ResourceSlice, name)
        except ApiError as error:
            if error.code != httpx2.codes.NOT_FOUND:
                raise
