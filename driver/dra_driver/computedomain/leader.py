"""Leader election by a Lease, as client-go's leaderelection does it: one controller acts, another one waits.

A lease that was not renewed for its duration is taken over. The time is measured here from when a renewal was seen, so the
clocks of two machines need not agree. Who ends in order gives the lease back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from dra_api.objects import JsonObject
from dra_driver.computedomain.kube import LEASES, Kube
from dra_driver.errors import ApiError

log = logging.getLogger(__name__)
DURATION_S, RENEW_S, RETRY_S = 15, 10.0, 2.0
"""client-go's defaults for controllers: lease, deadline for renewal, and pause between attempts."""


class Leader:
    """One candidate.

    Args:
        identity: unlike that of every other candidate.
    """

    def __init__(self, kube: Kube, *, name: str, namespace: str, identity: str) -> None:
        self._kube = kube
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._seen: tuple[str, float] = ("", 0.0)
        """(resourceVersion of the lease, when it was first seen)."""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do WORK while this is the leader; returns when WORK ends or the lease is lost."""
        while True:
            if await self._try():
                break
            await asyncio.sleep(RETRY_S)
        log.info("leading as %s", self._identity)
        task = asyncio.ensure_future(work())
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.wait([task, keeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (task, keeping):
                each.cancel()
            await asyncio.gather(task, keeping, return_exceptions=True)
            await self._give_back()
        if task.done() and not task.cancelled():
            task.result()

    async def _keep(self) -> None:
        """Renew until that failed for too long."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while loop.time() - renewed < RENEW_S:
            await asyncio.sleep(RETRY_S)
            if await self._try():
                renewed = loop.time()
        log.error("the lease was not renewed for %s s; another controller may lead now", RENEW_S)

    async def _try(self) -> bool:
        """Create, renew or take over the lease; whether it is held now."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": self._identity, "leaseDurationSeconds": DURATION_S, "renewTime": now}
        try:
            lease = await self._kube.get(LEASES, self._name, self._namespace)
            if lease is None:
                metadata = {"name": self._name, "namespace": self._namespace}
                await self._kube.create(
                    LEASES,
                    {
                        "apiVersion": "coordination.k8s.io/v1",
                        "kind": "Lease",
                        "metadata": metadata,
                        "spec": {**spec, "acquireTime": now, "leaseTransitions": 0},
                    },
                )
                return True
            if not self._may_take(lease):
                return False
            if lease["spec"].get("holderIdentity") != self._identity:
                transitions = int(lease["spec"].get("leaseTransitions") or 0) + 1
                spec |= {"acquireTime": now, "leaseTransitions": transitions}
            await self._kube.merge(LEASES, lease, {"spec": spec})
        except ApiError as error:
            log.warning("cannot renew the lease", extra={"error": error})
            return False
        return True

    def _may_take(self, lease: JsonObject) -> bool:
        """Whether the lease is ours, given back, or was not renewed for its duration."""
        holder, version = lease["spec"].get("holderIdentity"), lease["metadata"]["resourceVersion"]
        now = asyncio.get_running_loop().time()
        if version != self._seen[0]:
            self._seen = version, now
        duration = lease["spec"].get("leaseDurationSeconds") or DURATION_S
        return not holder or holder == self._identity or now - self._seen[1] > duration

    async def _give_back(self) -> None:
        """Let another candidate take the lease at once."""
        try:
            lease = await self._kube.get(LEASES, self._name, self._namespace)
            if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
                await self._kube.merge(
                    LEASES, lease, {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}
                )
        except ApiError as error:
            log.warning("cannot give the lease back; it ends by itself", extra={"error": error})
