"""Prepares and unprepares the claims of pods (kubelet cm/dra manager.go, 1.36).

First the claims are validated without a change, so that a pod that fails there can be deleted without any driver. Then
the pod is added to the cache and the checkpoint. Then each driver is called once. Claims count as
prepared only when all drivers succeeded, so after a failure every driver of them sees its prepare call again.

What is to be unprepared is what the cache says of the pod, as upstream since 1.37. Upstream falls back to the names in
the pod, and would then unprepare a claim that only another pod uses; here a pod that is not in the cache releases nothing.
"""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dra_api.identifiers import ClaimUid, DriverName
from dra_api.objects import ContainerSpec, Pod, ResourceClaim
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import get_claim
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock
from kube_emulator.kubelet.calls import Answer, CallError, ClaimRef, Plugin
from kube_emulator.kubelet.claim_cache import ClaimCache, ClaimInfo
from kube_emulator.kubelet.drivers import Drivers
from kube_emulator.kubelet.faults import Caller
from kube_emulator.kubelet.metrics import OPERATIONS, PREPARE_SKIPS, UNPREPARE_SKIPS, Metrics
from kube_emulator.kubelet.pod_claims import (
    PREPARE,
    UNPREPARE,
    ClaimError,
    PodClaim,
    check_allowed,
    check_skips,
    claims_of,
    drivers_of,
    requests_of,
    skipped,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claim of a pod that may be prepared now.

    Attributes:
        plugins: {driver: the instance to call}, without drivers that need no call.
    """

    claim: ResourceClaim
    plugins: Mapping[DriverName, Plugin]


class ClaimManager:
    """The claims of one node.

    Args:
        waits_for_unprepare: whether a new pod waits until its claim is unprepared for the last one, as since 1.37; before, it
            could run with a claim that was not prepared.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        cache: ClaimCache,
        drivers: Drivers,
        caller: Caller,
        metrics: Metrics,
        gates: frozenset[str],
        *,
        waits_for_unprepare: bool,
    ) -> None:
        self._api = api
        self._clock = clock
        self.cache = cache
        self._drivers = drivers
        self._caller = caller
        self._metrics = metrics
        self._gates = gates
        self._waits_for_unprepare = waits_for_unprepare

    async def prepare(self, pod: Pod) -> None:
        """Prepare the claims of POD.

        Raises:
            ClaimError: not all are prepared.
        """
        async with self._measured("PrepareResources", "prepare dynamic resources"):
            wanted = [self._wanted(pod, claim) for claim in claims_of(pod, self._gates)]
            todo = self._note(pod["metadata"]["uid"], wanted)
            infos = {info.uid: info for info, _ in todo}
            batches: dict[DriverName, list[ClaimInfo]] = {}
            for info, plugins in todo:
                for driver in plugins:
                    batches.setdefault(driver, []).append(info)
            asked = {driver: plugin for _, plugins in todo for driver, plugin in plugins.items()}
            for driver, claims in batches.items():
                answers = await self._call(asked[driver], PREPARE, claims)
                for uid, answer in answers.items():
                    infos[uid].drivers[driver] = answer.devices
            for info in infos.values():
                self._check_known(info)
                info.prepared = True
            self.cache.save()

    @contextlib.asynccontextmanager
    async def _measured(self, operation: str, doing: str) -> AsyncIterator[None]:
        begin, failed = self._clock.monotonic(), "true"
        try:
            yield
            failed = "false"
        except (ClaimError, CallError) as error:
            message = f"{doing}: {error}"
            raise ClaimError(message) from error
        finally:
            seconds = self._clock.monotonic() - begin
            self._metrics.observe(OPERATIONS, seconds, operation_name=operation, is_error=failed)

    def _wanted(self, pod: Pod, wanted: PodClaim) -> Wanted:
        """Validate a claim without changing anything."""
        try:
            claim = get_claim(self._api, wanted.name, pod["metadata"]["namespace"])
        except ApiError as error:
            message = f"fetch ResourceClaim {wanted.name}: {error}"
            raise ClaimError(message) from error
        check_allowed(pod, wanted, claim)
        check_skips(claim, self._gates)
        needed = [driver for driver in drivers_of(claim) if PREPARE not in skipped(claim, driver)]
        return Wanted(claim, {driver: self._drivers.get(driver) for driver in needed})

    def _check_known(self, info: ClaimInfo) -> None:
        if self.cache.claims.get((info.namespace, info.name)) is not info:
            message = f"internal error: unable to get claim info for ResourceClaim {info.name} in namespace {info.namespace}"
            raise ClaimError(message)

    def _note(
        self, pod: str, wanted: Iterable[Wanted]
    ) -> list[tuple[ClaimInfo, Mapping[DriverName, Plugin]]]:
        """Add POD to the claims in the cache; returns those to prepare, each with the plugins to call."""
        todo: list[tuple[ClaimInfo, Mapping[DriverName, Plugin]]] = []
        for one in wanted:
            info = self._known(one.claim)
            info.pods.add(pod)
            self.cache.save()
            if not info.prepared:
                todo.append((info, one.plugins))
                for driver in info.drivers.keys() - one.plugins.keys():
                    self._metrics.observe(PREPARE_SKIPS, driver_name=driver)
        return todo

    def _known(self, claim: ResourceClaim) -> ClaimInfo:
        metadata = claim["metadata"]
        key = (metadata["namespace"], metadata["name"])
        info = self.cache.claims.get(key)
        if info is None:
            drivers = drivers_of(claim)
            skips = frozenset(driver for driver in drivers if UNPREPARE in skipped(claim, driver))
            info = ClaimInfo(
                *key, ClaimUid(metadata["uid"]), dict.fromkeys(drivers, ()), skips_unprepare=skips
            )
            self.cache.claims[key] = info
        elif info.uid != metadata["uid"]:
            message = (
                f"old ResourceClaim with same name {info.name} and different UID {info.uid} still exists "
                "(previous pod force-deleted?!)"
            )
            raise ClaimError(message)
        elif info.unpreparing and self._waits_for_unprepare:
            # The entry goes when the calls are done, and would take the new pod's reference with it.
            message = f"ResourceClaim {info.name} is being unprepared"
            raise ClaimError(message)
        return info

    async def _call(self, plugin: Plugin, method: str, claims: Sequence[ClaimInfo]) -> dict[ClaimUid, Answer]:
        """The answers for CLAIMS, all of them good."""
        names = {claim.uid: claim.name for claim in claims}
        try:
            answers = await self._caller.call(
                plugin, method, [ClaimRef(c.namespace, c.name, c.uid) for c in claims]
            )
        except CallError as error:
            message = f"{method}: {error}"
            raise ClaimError(message) from error
        for uid, answer in answers.items():
            if uid not in names:
                message = f"{method} returned result for unknown claim UID {uid}"
                raise ClaimError(message)
            if answer.error:
                message = f"{method} failed for ResourceClaim {names[uid]}: {answer.error}"
                raise ClaimError(message)
        if len(answers) < len(claims):
            message = f"{method} skipped {len(claims) - len(answers)} ResourceClaims"
            raise ClaimError(message)
        return answers

    def cdi_ids(self, pod: Pod, container: ContainerSpec) -> list[str]:
        """The CDI devices of a container.

        Raises:
            ClaimError: a claim of it is not known here.
        """
        found: list[str] = []
        namespace = pod["metadata"]["namespace"]
        for name, requests in requests_of(pod, container, self._gates).items():
            info = self.cache.claims.get((namespace, name))
            if info is None:
                message = f"internal error: unable to get claim info for ResourceClaim {name} in namespace {namespace}"
                raise ClaimError(message)
            found += [qualified for request in requests for qualified in info.cdi_ids(request)]
        return found

    async def unprepare(self, uid: str) -> None:
        """Release the claims of the pod UID; those that no other pod uses are unprepared.

        Raises:
            ClaimError: some are not; the pod has to wait.
        """
        async with self._measured("UnprepareResources", "unprepare dynamic resources"):
            await self._release(uid, self.cache.of_pod(uid))

    async def reconcile(self, active: Collection[str]) -> None:
        """Release the claims of pods that are not ACTIVE; failures are retried the next time."""
        users = {uid for claim in self.cache.claims.values() for uid in claim.pods}
        for uid in sorted(users - set(active)):
            with contextlib.suppress(ClaimError):
                await self._release(uid, self.cache.of_pod(uid))

    async def _release(self, pod: str, claims: Sequence[ClaimInfo]) -> None:
        last: list[ClaimInfo] = []
        batches: dict[DriverName, list[ClaimInfo]] = {}
        for claim in claims:
            if len(claim.pods) > 1:
                claim.pods.discard(pod)
                continue
            last.append(claim)
            claim.unpreparing = True
            for driver in claim.drivers:
                # As of the prepare call: the claim object may be gone by now.
                if driver in claim.skips_unprepare:
                    self._metrics.observe(UNPREPARE_SKIPS, driver_name=driver)
                else:
                    batches.setdefault(driver, []).append(claim)
        for driver, batch in batches.items():
            await self._call(self._drivers.get(driver), UNPREPARE, batch)
        for claim in last:
            self.cache.claims.pop((claim.namespace, claim.name), None)
        self.cache.save()
