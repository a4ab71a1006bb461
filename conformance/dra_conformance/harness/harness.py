"""One driver on one private node, with everything that a check needs around it."""

import itertools
import random
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dra_api.identifiers import ClaimUid, NodeName
from dra_api.objects import JsonObject
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.drivers.parts import Variant
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Violation
from dra_conformance.harness.allocated import (
    allocation_of,
    claim_object,
    opaque_config,
    requests_for,
    results_of,
)
from dra_conformance.harness.api import ApiView
from dra_conformance.harness.cdi import CdiView
from dra_conformance.harness.controller import ControllerProcess
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.health import HealthStream
from dra_conformance.harness.kubelet import SimulatedKubelet
from dra_conformance.harness.levers import Levers
from dra_conformance.harness.nri.endpoint import NriEndpoint
from dra_conformance.harness.process import DriverProcess

numbers = itertools.count(1)
LATE_START = 3
"""Times the budget of a start."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim in the API server; ``devices`` are the allocated (pool, device) of this driver."""

    namespace: str
    name: str
    uid: ClaimUid
    devices: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Harness:
    """A driver and everything around it that a check needs.

    Attributes:
        folder: the node's folder, parent of registry, plugins and CDI folders.
        data_dir: where the driver keeps its state by convention.
        nri: the NRI socket of its runtime, for a driver that asks for one.
        streams: the shared streams of the health service, by version.
        published: whether slices of this node were seen once.
        permanent: CDI names that the driver defined before it prepared anything: they belong to no claim and may stay.
    """

    descriptor: Descriptor
    node: NodeName
    folder: Path
    data_dir: Path
    driver: DriverProcess
    kubelet: SimulatedKubelet
    api: ApiView
    cdi: CdiView
    controller: ControllerProcess
    levers: Levers
    evidence: Evidence
    random: random.Random
    nri: NriEndpoint | None = None
    claims: list[Claim] = field(default_factory=list)
    permanent: frozenset[str] = frozenset()
    published: bool = False
    streams: dict[str, HealthStream] = field(default_factory=dict)

    def start(self, *, prefix: Sequence[str] = (), variant: Variant | None = None) -> None:
        """Start the driver, run by the command PREFIX if there is one, and wait for its registration socket.

        Whether it comes in its budget is the question of REG-001 alone; elsewhere a busy machine must not condemn a driver.

        Raises:
            Violation: it never registers.
        """
        self.driver.start(prefix=prefix, variant=variant)
        try:
            self.kubelet.wait_socket(LATE_START * self.descriptor.budgets.start_seconds)
        except Violation as error:
            state = "still runs" if self.driver.running else f"exited with {self.driver.exit_code}"
            found = f"none, it {state}; its log ends: {self.driver.log_text().strip()[-1500:]}"
            raise Violation(error.wanted, found, "the driver never registered") from error

    def start_registered(self, *, variant: Variant | None = None) -> None:
        """Start the driver, in another way if VARIANT is given, register it and wait for its slices.

        Raises:
            Violation: it does not register, or publishes nothing.
        """
        self.start(variant=variant)
        self.register()

    def register(self) -> None:
        """Register the driver that runs and wait for its slices.

        Raises:
            Violation: it does not register, or publishes nothing.
        """
        self.kubelet.register()
        self.wait_published()

    def wait_published(self) -> None:
        """Wait for slices of this node.

        Raises:
            Violation: there are none.
        """
        self._wait_plugin()
        budget_s = self.descriptor.budgets.publish_seconds
        if not self.api.wait_slices(budget_s):
            others = [item["spec"].get("nodeName", "no node") for item in self.api.slices()]
            refused = [item["metadata"]["name"] for item in self.api.refused_slices()]
            found = f"none; of other nodes: {others}; refused by the API server: {refused}; its log ends: {self.driver.log_text().strip()[-1500:]}"
            raise Violation(f"a slice of this node within {budget_s:g} s", found, "ResourceSlices")
        self.permanent, self.published = self.cdi.names(), True

    def restart(self, *, kill: bool = False, variant: Variant | None = None) -> None:
        """Stop the driver with SIGTERM, or SIGKILL if KILL, start it again, as VARIANT if one is given, and register it."""
        if kill:
            self.driver.kill()
        else:
            self.driver.terminate()
        self.restart_killed(variant=variant)

    def restart_killed(self, *, variant: Variant | None = None) -> None:
        """Start the driver, which does not run, again, as VARIANT if one is given, and register it."""
        self.kubelet.disconnect()
        before = set(self.kubelet.sockets())
        for path in before:
            path.unlink()  # the new one's is then the one that appears
        self.start(variant=variant)
        self.kubelet.register()
        self._wait_plugin()

    def _wait_plugin(self) -> None:
        """Wait for the driver's NRI plugin, if it is to be one: its first list of containers is part of its start."""
        if self.nri and not self.nri.wait_synchronized(self.descriptor.budgets.start_seconds):
            self.evidence.add("nri", "no plugin came to the NRI socket")

    def end_containers(self) -> None:
        """All containers of the node end without an unprepare, as in a reboot."""
        if self.nri:
            self.nri.containers.clear()

    def health_stream(self, version: str) -> HealthStream:
        """A stream of the health service that checks share."""
        if version not in self.streams or self.streams[version].ended:
            self.streams[version] = self.kubelet.watch_health(version)
        return self.streams[version]

    def without_permanent(self, names: Iterable[str]) -> list[str]:
        """The CDI names that belong to a claim, without those that the driver defines permanently."""
        return [name for name in names if name not in self.permanent]

    def address(self, text: str) -> str:
        """TEXT of the descriptor with the placeholders of this node."""
        return text.format_map(self.driver.places)

    def still_defined(self, names: Iterable[str]) -> list[str]:
        """Those of a claim's CDI names that are still defined."""
        return [name for name in self.without_permanent(names) if self.cdi.definitions(name)]

    def devices(self) -> list[tuple[str, str, JsonObject]]:
        """(pool, device name, device) of the plain devices of this node, in published order."""
        types = self.descriptor.device_class.types
        found = []
        for item in sorted(self.api.own_slices(), key=lambda item: str(item["metadata"]["name"])):
            for device in item["spec"].get("devices") or []:
                kind = ((device.get("attributes") or {}).get("type") or {}).get("string")
                if not types or kind in types:
                    found.append((item["spec"]["pool"]["name"], device["name"], device))
        return found

    def require_devices(self, count: int) -> list[tuple[str, str]]:
        """COUNT plain devices.

        Raises:
            HarnessError: the driver published fewer.
        """
        found = [(pool, name) for pool, name, _ in self.devices()]
        if len(found) < count:
            message = f"the check needs {count} plain devices, the driver published {len(found)}"
            raise HarnessError(message)
        return found[:count]

    def claim(
        self,
        *devices: tuple[str, str],
        requests: Sequence[str] = (),
        namespace: str = "default",
        name: str = "",
        extra_results: Sequence[JsonObject] = (),
        config: JsonObject | None = None,
        reserved: int = 1,
        allocated: bool = True,
        finalizers: Sequence[str] = (),
        unknown: bool = False,
        admin: bool | Collection[str] = False,
        raw_configs: Sequence[JsonObject] = (),
        odd: bool = False,
        annotations: Mapping[str, str] | None = None,
        capacity: Mapping[str, str] | None = None,
    ) -> Claim:
        """A claim that is allocated DEVICES; the first plain device if none are given.

        Args:
            devices: (pool, device) of each result.
            namespace: must exist.
            name: generated if empty.
            allocated: False leaves the claim without a status.
            finalizers: keep the claim after it was deleted.
            requests: the request of each device; ``gpu`` for all by default. ``a/b`` is a subrequest.
            extra_results: more allocation results, e.g. of other drivers.
            config: opaque parameters for this driver.
            reserved: how many pods use it.
            unknown: put members that no version knows at every level.
            admin: allocate with admin access; a collection names the requests that have it.
            raw_configs: entries of the allocation's config as they are.
            odd: the allocation is one that no API server of today allows; UNKNOWN and RAW_CONFIGS make it so too.
            annotations: of the claim.
            capacity: the amounts that each request asks for.
        """
        chosen = devices or (tuple(self.require_devices(1)) if allocated and not extra_results else ())
        names = list(requests) or ["gpu"] * len(chosen)
        elevated = set(names) if admin is True else set(admin or ())
        if admin:
            self.api.allow_admin_access(namespace)
        driver = self.descriptor.driver
        own = results_of(driver, names, chosen, elevated=elevated, unknown=unknown)
        results = [*own, *extra_results]
        asked = [*names, *(result["request"] for result in extra_results)] or ["gpu"]
        device_class = self.descriptor.device_class.name
        spec_requests = requests_for(asked, device_class, elevated=elevated, capacity=capacity or {})
        configs = list(raw_configs) or ([] if config is None else [opaque_config(driver, config)])
        allocation = allocation_of(results, configs, self.node, unknown=unknown)
        status: JsonObject = {"allocation": allocation, "reservedFor": self._pods(reserved)}
        notes = {"example.com/future": "x"} if unknown else annotations or {}
        claim = claim_object(
            name or f"claim-{next(numbers)}",
            namespace,
            spec_requests,
            finalizers=finalizers,
            annotations=notes,
        )
        odd = odd or unknown or bool(raw_configs)
        stored = self.api.create_claim(claim, status if allocated else None, odd=odd)
        metadata = stored["metadata"]
        made = Claim(namespace, metadata["name"], ClaimUid(metadata["uid"]), tuple(chosen))
        self.claims.append(made)
        return made

    def _pods(self, count: int) -> list[JsonObject]:
        """COUNT users of a claim."""
        return [
            {
                "resource": "pods",
                "name": f"pod-{index}",
                "uid": str(uuid.UUID(int=self.random.getrandbits(128))),
            }
            for index in range(count)
        ]

    def missing_claim(self) -> Claim:
        """A claim that exists nowhere."""
        return Claim(
            "default",
            f"ghost-{next(numbers)}",
            ClaimUid(str(uuid.UUID(int=self.random.getrandbits(128)))),
            (),
        )

    def release(self, *claims: Claim) -> None:
        """Unprepare and delete claims; errors are only recorded: a check that needs success asserts it itself."""
        if self.driver.running:
            for claim in claims:
                self.kubelet.attempt_unprepare(claim)
        for claim in claims:
            self.api.delete_claim(claim.namespace, claim.name)
            if claim in self.claims:
                self.claims.remove(claim)

    def release_all(self) -> None:
        """Release what a failed check left behind, so that it does not affect other checks."""
        self.release(*self.claims)
