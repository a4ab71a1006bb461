"""Deletes the slices of a node that has lost its drivers (kubelet cm/dra/plugin/dra_plugin_manager.go, 1.36).

At the start of the kubelet those of all drivers, because none is registered; later those of a driver 30 s after its last
connected instance went. What fails is tried again after 1 s, 2 s, 4 s and so on, each up to a fifth longer. Upstream asks
for 100 tries with pauses of at most 5 min, but its back-off ends with the pause that reaches the limit: 9 tries.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock

log = logging.getLogger(__name__)
DELAY_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S, JITTER = 1.0, 300.0, 0.2
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class SliceCleanup:
    """The pending and running deletions of one node."""

    def __init__(self, api: Api, clock: Clock, node: str, spawn: Spawn) -> None:
        self._api = api
        self._clock = clock
        self._node = node
        self._spawn = spawn
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._random = random.Random(node)  # noqa: S311 # pauses are no secrets

    def delete_all(self) -> None:
        """Delete the slices of every driver, in the background."""
        self._spawn(self.delete(""))

    def driver_usable(self, driver: str) -> None:
        """DRIVER is connected again: cancel the pending deletion."""
        if task := self._pending.pop(driver, None):
            task.cancel()

    def driver_unusable(self, driver: str) -> None:
        """DRIVER has no connected instance; a delay that runs already goes on."""
        waiting = self._pending.get(driver)
        if waiting is None or waiting.done():
            self._pending[driver] = self._spawn(self._delete_later(driver))

    async def _delete_later(self, driver: str) -> None:
        await self._clock.sleep(DELAY_S)
        await self.delete(driver)

    async def delete(self, driver: str) -> None:
        """Delete the node's slices of DRIVER, or of all drivers if it is empty."""
        pause = FIRST_PAUSE_S
        while pause <= LONGEST_PAUSE_S:
            try:
                self._api.get(
                    "nodes", self._node
                )  # upstream needs the node's UID; without a node nothing is deleted
                delete_slices(self._api, self._node, driver)
            except ApiError as error:
                log.info("node %s: slices are not deleted yet: %s", self._node, error)
                await self._clock.sleep(pause * (1 + JITTER * self._random.random()))
                pause *= 2
            else:
                return


def delete_slices(api: Api, node: str, driver: str) -> None:
    """Delete the slices of NODE, of DRIVER or of all."""

    def chosen(item: Mapping[str, Any]) -> bool:
        spec = item["spec"]
        return spec.get("nodeName") == node and driver in ("", spec["driver"])

    for found in api.listed("resourceslices", matches=chosen):
        api.delete("resourceslices", found.value["metadata"]["name"])
