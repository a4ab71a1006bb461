"""The containers of an invented runtime: one for each claim that the driver has prepared, with the variables of its CDI devices.

A plugin that starts again gets them at its synchronization, as on a node where the pods of these claims run. Drivers rebuild
from them what they know of claims, so a runtime without containers would make a good driver look forgetful.
"""

import threading
from collections.abc import Iterable

from dra_api.nri._generated import nri_pb2
from dra_conformance.harness.cdi import CdiView


class Containers:
    """{claim UID: variables of its container}; used by checks and by the threads of plugins."""

    def __init__(self, cdi: CdiView) -> None:
        self._cdi = cdi
        self._lock = threading.Lock()
        self._running: dict[str, list[str]] = {}

    def created(self, uid: str, cdi_ids: Iterable[str]) -> None:
        """The claim UID was prepared, and a container with its CDI devices has started; it keeps the variables that it got."""
        found = [
            variable
            for name in dict.fromkeys(cdi_ids)
            for edit in self._cdi.edits(name)
            for variable in edit.get("env") or []
        ]
        with self._lock:
            self._running.setdefault(uid, found)

    def removed(self, uid: str) -> None:
        """The claim UID was unprepared; its container ended before."""
        with self._lock:
            self._running.pop(uid, None)

    def clear(self) -> None:
        """All have ended, as in a reboot."""
        with self._lock:
            self._running.clear()

    def running(self) -> nri_pb2.SynchronizeRequest:
        """All of them, each in a pod of its own."""
        with self._lock:
            running = dict(self._running)
        return nri_pb2.SynchronizeRequest(
            pods=[
                nri_pb2.PodSandbox(
                    id=f"pod-of-{uid}", name=f"pod-of-{uid}", uid=f"uid-of-{uid}", namespace="default"
                )
                for uid in running
            ],
            containers=[
                nri_pb2.Container(
                    id=f"container-of-{uid}",
                    pod_sandbox_id=f"pod-of-{uid}",
                    name="container",
                    state=nri_pb2.CONTAINER_RUNNING,
                    env=env,
                )
                for uid, env in running.items()
            ],
        )
