"""The health of this node's devices: events and scans in, taints for the slices and states for the kubelet out."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dra_api.identifiers import DeviceName, DriverName
from dra_api.objects import DeviceTaint
from dra_driver.devices.model import Inventory
from dra_driver.health.conditions import (
    Condition,
    Effects,
    Fault,
    by_device,
    in_order,
    is_sick,
    levels,
    recovered,
    taints_of,
    with_severity,
)
from dra_driver.health.store import Store
from dra_driver.nvml.events import SHORT_WAIT_MS, WAIT_MS, Event, EventWatch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """The health of a device for the kubelet; ``message`` says what is wrong."""

    healthy: bool
    message: str


class Monitor:
    """Watches the GPUs of an inventory.

    Args:
        domain: the driver's name, in which the keys of taints are.
        on_change: called when a taint came or went.
        releases: ``release`` is called, for which a claim waits.

    Attributes:
        closed: the driver stops; nothing changes any more.
    """

    def __init__(
        self,
        *,
        domain: DriverName,
        store: Store,
        inventory: Inventory,
        on_change: Callable[[], None],
        effects: Effects | None = None,
        releases: bool = False,
    ) -> None:
        self._domain = domain
        self._store = store
        self._on_change = on_change
        self._effects = effects or Effects()
        self._inventory = inventory
        self._wait_ms = SHORT_WAIT_MS if releases else WAIT_MS
        self._edges = store.read()
        self._watch: EventWatch | None = None
        self._conditions: dict[DeviceName, tuple[Condition, ...]] = {}
        self._listeners: set[asyncio.Event] = set()
        self.closed = False

    def stop(self) -> None:
        """Wait for no more events."""
        if self._watch:
            self._watch.stop()

    def close(self) -> None:
        """No more events, and an end to everything that listens: the kubelet's streams are open while it runs."""
        self.stop()
        self.closed = True
        for listener in self._listeners:
            listener.set()

    def release(self, gpu: str) -> None:
        """Have no GPU open when this returns; the next scan watches again. Blocks: called in a thread.

        NVIDIA's driver does not give a GPU away that somebody has open, and NVML opens all at once.
        """
        watch = self._watch
        if watch is not None and gpu in watch.gpus:
            watch.stop()
            watch.join()
            self._watch = None

    def scanned(self, inventory: Inventory) -> None:
        """The hardware is now INVENTORY."""
        over = recovered(self._edges, self._inventory, inventory)
        self._inventory = inventory
        for each in in_order(over):
            log.info("GPU %s recovered from %s %s", each.gpu, each.fault.value, each.value)
        kept = with_severity(self._edges - over, inventory)
        if kept != self._edges:
            self._remember(kept)
        gpus = {gpu.uuid for gpu in inventory.gpus} - inventory.lost
        if self._watch is None or self._watch.gpus != gpus or self._watch.ended:
            self.stop()
            loop = asyncio.get_running_loop()

            def report(event: Event) -> None:
                loop.call_soon_threadsafe(self.happened, event)

            self._watch = EventWatch(gpus, report, wait_ms=self._wait_ms)
            self._watch.start()
        self._update()

    def happened(self, event: Event) -> None:
        """An error was reported."""
        fault, value = (Fault.XID, str(event.xid)) if event.xid is not None else (Fault.ECC, "uncorrected")
        log.error("GPU %s reports %s %s", event.gpu, fault.value, value)
        made = Condition(gpu=event.gpu, gi=event.gi, fault=fault, value=value, since=int(time.time()))
        known = {
            each
            for each in self._edges
            if (each.gpu, each.gi, each.fault, each.value) == (event.gpu, event.gi, fault, value)
        }
        self._remember(with_severity((self._edges - known) | {made}, self._inventory))
        self._update()

    def _remember(self, edges: frozenset[Condition]) -> None:
        self._edges = edges
        self._store.write(edges)

    def _update(self) -> None:
        unmonitored = self._watch.unmonitored if self._watch else frozenset()
        now = levels(self._inventory, unmonitored) | self._edges
        found = by_device(self._inventory, now)
        if found != self._conditions:
            self._conditions = found
            self._on_change()
        for listener in self._listeners:
            listener.set()

    @property
    def taints(self) -> Mapping[DeviceName, list[DeviceTaint]]:
        """The taints of the devices that have any."""
        return {
            name: taints_of(self._domain, conditions, self._effects)
            for name, conditions in self._conditions.items()
        }

    @property
    def states(self) -> Mapping[DeviceName, State]:
        """The health of every device."""
        return {name: self._state(self._conditions.get(name, ())) for name in self._inventory.devices}

    def _state(self, conditions: tuple[Condition, ...]) -> State:
        text = ", ".join(f"{each.fault.value} {each.value}" for each in conditions)
        return State(not is_sick(conditions, self._effects), text)

    def listen(self) -> asyncio.Event:
        """An event that is set whenever something may have changed; end with ``unlisten``."""
        listener = asyncio.Event()
        self._listeners.add(listener)
        return listener

    def unlisten(self, listener: asyncio.Event) -> None:
        """No longer set LISTENER."""
        self._listeners.discard(listener)
