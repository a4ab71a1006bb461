"""DRAPlugin v1 and v1beta1 over one claim service: the versions differ in one field, ``share_id``.

The claims of a call are prepared concurrently. The failure of one claim is in that claim's entry and does not fail the
call. gRPC cancels a call whose deadline has passed; what it began is undone, or continued by the repeated call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import grpc.aio

from dra_api.identifiers import ClaimUid
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginServicer as ServicerV1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginServicer as ServicerV1Beta1
from dra_driver.claims.identity import ClaimRef
from dra_driver.claims.step import PreparedDevice
from dra_driver.errors import DriverError
from dra_driver.metrics import Metrics

log = logging.getLogger(__name__)
CLAIMS_MAX = 1024
"""Claims in one call; a pod has far fewer."""

Outcome = tuple[PreparedDevice, ...] | str
"""The result for a claim: its devices, or the text of an error."""


class ClaimService(Protocol):
    """What prepares and unprepares claims: GPUs', or those of ComputeDomains."""

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim; again, if it is prepared already."""

    async def unprepare(self, ref: ClaimRef) -> None:
        """Unprepare a claim; nothing, if it is unknown."""


class Plugin:
    """What both versions of the service do."""

    def __init__(self, service: ClaimService, metrics: Metrics) -> None:
        self._service = service
        self._metrics = metrics

    async def prepare(self, claims: Iterable[Any]) -> dict[ClaimUid, Outcome]:
        """Prepare each claim."""
        return await self._each("prepare", claims, self._service.prepare)

    async def unprepare(self, claims: Iterable[Any]) -> dict[ClaimUid, Outcome]:
        """Unprepare each claim."""

        async def unprepare(ref: ClaimRef) -> tuple[PreparedDevice, ...]:
            await self._service.unprepare(ref)
            return ()

        return await self._each("unprepare", claims, unprepare)

    async def _each(
        self, what: str, claims: Iterable[Any], act: Callable[[ClaimRef], Awaitable[Outcome]]
    ) -> dict[ClaimUid, Outcome]:
        # by UID: the reply is a map, so a claim that is named twice is prepared once
        refs = {
            ClaimUid(claim.uid): ClaimRef(claim.namespace, claim.name, ClaimUid(claim.uid))
            for claim in claims
        }

        async def one(ref: ClaimRef) -> Outcome:
            try:
                with self._metrics.claim(what):
                    return await act(ref)
            except DriverError as error:
                log.warning(
                    "%s of %s/%s failed",
                    what,
                    ref.namespace,
                    ref.name,
                    extra={"claim": ref.uid, "error": error},
                )
                return str(error)
            except Exception as error:  # a bug must not fail the other claims of the call
                log.exception(
                    "%s of %s/%s failed unexpectedly",
                    what,
                    ref.namespace,
                    ref.name,
                    extra={"claim": ref.uid},
                )
                return f"claim {ref.namespace}/{ref.name}: internal error: {type(error).__name__}: {error}"

        outcomes = await asyncio.gather(*(one(ref) for ref in refs.values()))
        return dict(zip(refs, outcomes, strict=True))


async def refuse_oversized(context: grpc.aio.ServicerContext, count: int) -> None:
    """Abort a call with more claims than a kubelet sends."""
    if count > CLAIMS_MAX:
        await context.abort(
            grpc.StatusCode.INVALID_ARGUMENT, f"{count} claims in one call, at most {CLAIMS_MAX} are accepted"
        )


def fill_prepared(response: Any, outcomes: dict[ClaimUid, Outcome], *, share_ids: bool) -> Any:
    """RESPONSE with an entry for each claim; only v1 has SHARE_IDS."""
    for uid, outcome in outcomes.items():
        entry = response.claims[uid]
        if isinstance(outcome, str):
            entry.error = outcome
            continue
        for device in outcome:
            row = entry.devices.add(
                request_names=device.requests,
                pool_name=device.pool,
                device_name=device.device,
                cdi_device_ids=device.cdi_ids,
            )
            if share_ids and device.share_id is not None:
                row.share_id = device.share_id
    return response


def fill_unprepared(response: Any, outcomes: dict[ClaimUid, Outcome]) -> Any:
    """RESPONSE with an entry for each claim, empty for one that was unprepared."""
    for uid, outcome in outcomes.items():
        response.claims[uid].error = outcome if isinstance(outcome, str) else ""
    return response


class PluginV1(ServicerV1):
    """k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    async def NodePrepareResources(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """An entry for every claim of the request."""
        await refuse_oversized(context, len(request.claims))
        outcomes = await self._plugin.prepare(request.claims)
        return fill_prepared(dra_v1_pb2.NodePrepareResourcesResponse(), outcomes, share_ids=True)

    async def NodeUnprepareResources(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """An entry for every claim of the request."""
        await refuse_oversized(context, len(request.claims))
        outcomes = await self._plugin.unprepare(request.claims)
        return fill_unprepared(dra_v1_pb2.NodeUnprepareResourcesResponse(), outcomes)


class PluginV1Beta1(ServicerV1Beta1):
    """k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin: as v1, without share ids."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    async def NodePrepareResources(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """An entry for every claim of the request."""
        await refuse_oversized(context, len(request.claims))
        outcomes = await self._plugin.prepare(request.claims)
        return fill_prepared(dra_v1beta1_pb2.NodePrepareResourcesResponse(), outcomes, share_ids=False)

    async def NodeUnprepareResources(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """An entry for every claim of the request."""
        await refuse_oversized(context, len(request.claims))
        outcomes = await self._plugin.unprepare(request.claims)
        return fill_unprepared(dra_v1beta1_pb2.NodeUnprepareResourcesResponse(), outcomes)
