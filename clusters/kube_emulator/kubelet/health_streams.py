"""Follows the health streams of plugins and reports which devices changed (kubelet cm/dra, 1.36).

A stream that ends is opened again 5 s later; meanwhile the health of the driver's devices is unknown. One that the plugin
does not implement is opened again too, up to 1.36; a kubelet of 1.37 stops then (dra_plugin_manager.go, 1.37.2).
Every instance of a driver that offers the service is followed, not only the newest.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from kube_emulator.clock import Clock
from kube_emulator.kubelet.calls import CallError, NotImplementedByPlugin, Plugin
from kube_emulator.kubelet.health import HealthCache, Key, loaded, reported

log = logging.getLogger(__name__)
STATE = "dra_health_state"
REOPEN_S = 5.0


class HealthStreams:
    """The health of the devices of one node, followed."""

    def __init__(
        self, clock: Clock, folder: Path, changed: Callable[[set[Key]], None], *, stops_if_unimplemented: bool
    ) -> None:
        self._stops_if_unimplemented = stops_if_unimplemented
        self._clock = clock
        self._changed = changed
        self._path = folder / STATE
        self.cache = loaded(self._path.read_text()) if self._path.exists() else HealthCache()

    async def follow(self, plugin: Plugin) -> None:
        """Follow PLUGIN until cancelled."""
        async for _ in self._clock.ticks(REOPEN_S):
            try:
                async for message in plugin.watch_health():
                    now = self._clock.time()
                    report = {
                        (d.device.pool_name, d.device.device_name): reported(d, now) for d in message.devices
                    }
                    self._publish(self.cache.update(plugin.driver, report, now))
            except CallError as error:
                log.info("health stream of %s ended: %s", plugin.driver, error)
                if self._stops_if_unimplemented and isinstance(error, NotImplementedByPlugin):
                    return
            finally:
                self._publish(self.cache.forget(plugin.driver))

    def _publish(self, changed: set[Key]) -> None:
        if changed:
            self._path.write_text(self.cache.dump())
            self._changed(changed)
