"""The registration service of the control driver."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import grpc

from dra_api import names
from dra_api.kubelet._generated import registration_pb2
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationServicer
from dra_conformance.controls.process import hang, say

AT_FIRST = 3
"""How often a kubelet asks for the name of a driver that it has just found, generously."""


class Registration(RegistrationServicer):
    """The registration service."""

    def __init__(self, driver: str, endpoint: Path, socket: Path, *, health: bool, defect: str) -> None:
        versions = [names.DRA_V1, names.DRA_V1BETA1]
        if health or defect == "phantom-service":
            versions += [names.HEALTH_V1, names.HEALTH_V1ALPHA1][: 1 if defect == "new-health-only" else 2]
        if defect == "full-names":
            versions = ["k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin"]
        self._defect = defect
        self._socket = socket
        self._asked = 0
        self._info = registration_pb2.PluginInfo(
            type="CSIPlugin" if defect == "wrong-type" else names.PLUGIN_TYPE,
            name=f"a-{driver}" if defect == "other-name" else driver,
            endpoint="nonsense" if defect == "garbage-endpoint" else str(endpoint),
            supported_versions=versions,
        )

    def GetInfo(self, request: Any, context: Any) -> Any:
        """Type, name, endpoint and versions of this driver."""
        if self._defect == "hangs-in-info":
            hang()
        if self._defect == "slow-info":
            time.sleep(1.2)
        self._asked += 1
        if self._defect == "registers-once" and self._asked > AT_FIRST:
            self._socket.unlink(missing_ok=True)
        return self._info

    def NotifyRegistrationStatus(self, request: Any, context: Any) -> Any:
        """The result of the registration."""
        if self._defect == "hangs-in-notify":
            hang()
        say(f"registered: {request.plugin_registered} {request.error}")
        if self._defect == "dies-when-refused" and not request.plugin_registered:
            threading.Timer(0.05, os._exit, [0]).start()
        if not request.plugin_registered:  # as upstream's helper does
            context.abort(grpc.StatusCode.UNKNOWN, f"registration failed: {request.error}")
        return registration_pb2.RegistrationStatusResponse()
