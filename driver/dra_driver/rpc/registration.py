"""The kubelet's registration service: the driver's name, socket and services, and whether the kubelet accepted them."""

import logging
from collections.abc import Callable
from pathlib import Path

import grpc.aio

from dra_api import names
from dra_api.identifiers import DriverName
from dra_api.kubelet._generated import registration_pb2 as pb
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationServicer

log = logging.getLogger(__name__)
SERVICES = (names.DRA_V1, names.DRA_V1BETA1)
"""Newest first: the kubelet takes the first that it knows (pkg/kubelet/cm/dra/plugin/registration.go)."""

HEALTH_SERVICES = (names.HEALTH_V1, names.HEALTH_V1ALPHA1)


class Registration(RegistrationServicer):
    """Answers the kubelet's plugin watcher, which may register a driver again at any time."""

    def __init__(
        self,
        *,
        driver_name: DriverName,
        endpoint: Path,
        health: bool = False,
        on_status: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._on_status = on_status
        self._info = pb.PluginInfo(
            type=names.PLUGIN_TYPE,
            name=driver_name,
            endpoint=str(endpoint),
            supported_versions=[*SERVICES, *(HEALTH_SERVICES if health else ())],
        )

    async def GetInfo(self, request: pb.InfoRequest, context: grpc.aio.ServicerContext) -> pb.PluginInfo:
        """Always the same answer for the life of the socket."""
        return self._info

    async def NotifyRegistrationStatus(
        self, request: pb.RegistrationStatus, context: grpc.aio.ServicerContext
    ) -> pb.RegistrationStatusResponse:
        """Log the status; a refused driver continues to serve, because the kubelet tries again."""
        self._on_status(request.plugin_registered)
        if request.plugin_registered:
            log.info("the kubelet registered this driver")
        else:
            log.error("the kubelet refused this driver", extra={"error": request.error})
        return pb.RegistrationStatusResponse()
