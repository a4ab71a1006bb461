"""The kubelet's registration contract: who this driver is, which services it has, and what the kubelet made of it."""

import logging
from pathlib import Path

import grpc.aio

from dra_api import names
from dra_api.kubelet._generated import registration_pb2 as pb
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationServicer

log = logging.getLogger(__name__)
SERVICES = (names.DRA_V1, names.DRA_V1BETA1)
"""Newest first: the kubelet takes the first that it knows."""


class Registration(RegistrationServicer):
    """Answers the plugin watcher; refusals are logged, and the kubelet may try again at any time."""

    def __init__(self, *, driver_name: str, endpoint: Path) -> None:
        self._info = pb.PluginInfo(
            type=names.PLUGIN_TYPE, name=driver_name, endpoint=str(endpoint), supported_versions=SERVICES
        )

    async def GetInfo(self, request: pb.InfoRequest, context: grpc.aio.ServicerContext) -> pb.PluginInfo:
        """Always the same answer for the life of the socket."""
        return self._info

    async def NotifyRegistrationStatus(
        self, request: pb.RegistrationStatus, context: grpc.aio.ServicerContext
    ) -> pb.RegistrationStatusResponse:
        """Take note; a refused driver goes on serving, because the kubelet asks again."""
        if request.plugin_registered:
            log.info("the kubelet registered this driver")
        else:
            log.error("the kubelet refused this driver", extra={"error": request.error})
        return pb.RegistrationStatusResponse()
