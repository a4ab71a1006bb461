"""A small DRA driver with invented devices, written apart from the reference driver: no NVML, threads, no shared code.

It exists to test the suite: without a defect it must pass, and with ``--defect NAME`` it must fail at the requirement that the
defect breaks.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginServicer as ServicerV1
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginServicer as ServicerV1Beta1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1beta1
from dra_api.kubelet._generated.health_v1_pb2_grpc import (
    add_DRAResourceHealthServicer_to_server as add_health_v1,
)
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import (
    add_DRAResourceHealthServicer_to_server as add_health_v1alpha1,
)
from dra_api.kubelet._generated.registration_pb2_grpc import (
    add_RegistrationServicer_to_server as add_registration,
)
from dra_conformance.controls.cluster import ApiFailure, ControlApi
from dra_conformance.controls.defects import DEFECTS
from dra_conformance.controls.endpoints import Endpoints, Operations
from dra_conformance.controls.health import Health, HealthV1, HealthV1Alpha1
from dra_conformance.controls.metadata import Metadata
from dra_conformance.controls.partitions import Partitions
from dra_conformance.controls.preparing import Preparing
from dra_conformance.controls.process import end_when_exhausted, hang, say
from dra_conformance.controls.publishing import Publishing
from dra_conformance.controls.refusal import Refusal, Unwritten
from dra_conformance.controls.registration import Registration
from dra_conformance.controls.reporting import Reporting
from dra_conformance.controls.widgets import COUNT, Widgets

VERSION = "1.1"
STOPPING = threading.Event()
"""Whether calls hang because the process ends; only with a defect."""
STOP_S = 4


class Plugin(ServicerV1, ServicerV1Beta1):
    """The DRA service of one version; both have the same methods."""

    def __init__(self, preparing: Preparing, messages: Any, operations: Operations, defect: str) -> None:
        self._preparing = preparing
        self._operations = operations
        self._messages = messages
        self._defect = defect

    def NodePrepareResources(self, request: Any, context: Any) -> Any:
        """Prepare each claim."""
        if self._defect == "hangs-in-prepare" or STOPPING.is_set():
            hang()
        response = self._messages.NodePrepareResourcesResponse()
        answered = {"missing-entry": 1, "short-batches": 32}.get(self._defect, len(request.claims))
        claims = request.claims[:answered]
        for claim in claims:
            entry = response.claims[claim.name if self._defect == "keyed-by-name" else claim.uid]
            if entry.devices or entry.error:
                continue
            if self._defect != "silent":
                say(f"preparing {claim.namespace}/{claim.name} {claim.uid}")
            try:
                with self._operations.timed("prepare"):
                    devices = self._preparing.prepare(claim.namespace, claim.name, claim.uid, context)
            except Refusal as error:
                unwritten = isinstance(error, Unwritten) and self._defect == "write-fails-batch"
                if self._defect == "fails-batch" or unwritten:
                    context.abort(grpc.StatusCode.INTERNAL, str(error))
                entry.error = str(error)
                continue
            differs = self._defect == "v1beta1-differs" and self._messages is dra_v1beta1_pb2
            if self._defect == "garbage-devices":
                entry.devices.add()
                continue
            for device in devices:
                row = entry.devices.add(
                    request_names=["any"] if differs else device["requests"],
                    pool_name=device["pool"],
                    device_name=device["device"],
                    cdi_device_ids=device["ids"],
                )
                if device["share"] and self._messages is dra_v1_pb2 and self._defect != "drops-shares":
                    row.share_id = device["share"]
        return response

    def NodeUnprepareResources(self, request: Any, context: Any) -> Any:
        """Unprepare each claim."""
        if self._defect == "hangs-in-unprepare":
            hang()
        response, stopped = self._messages.NodeUnprepareResourcesResponse(), False
        for claim in request.claims:
            entry = response.claims[claim.uid]
            say(f"unpreparing {claim.namespace}/{claim.name} {claim.uid}")
            if self._defect == "stops-at-unknown" and stopped:
                continue
            stopped |= not self._preparing.knows(claim.uid)
            try:
                with self._operations.timed("unprepare"):
                    self._preparing.unprepare(claim.namespace, claim.name, claim.uid)
            except Refusal as error:
                if self._defect == "cleanup-fails-batch":
                    context.abort(grpc.StatusCode.INTERNAL, str(error))
                entry.error = str(error)
        return response


def listen(path: Path, *services: Any) -> grpc.Server:
    """Serve on a socket; SERVICES are functions that add themselves to the server."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    for add in services:
        add(server)
    server.add_insecure_port(f"unix:{path}")
    server.start()
    return server


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in (
        "--driver-name",
        "--node-name",
        "--kubeconfig",
        "--registry-dir",
        "--plugins-dir",
        "--cdi-dir",
    ):
        parser.add_argument(flag, required=True)
    parser.add_argument("--instance", default="")
    parser.add_argument("--features", default="", help="comma-separated names of feature gates")
    parser.add_argument("--devices-dir", default="", help="folder with the states of devices, see widgets.py")
    parser.add_argument("--http-address", default="", help="host:port of /livez and /metrics")
    parser.add_argument("--old", action="store_true", help="behave as the version before")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--defect", default="", choices=["", *DEFECTS], metavar="NAME")
    return parser.parse_args()


def serve(
    registration: Registration,
    preparing: Preparing,
    health: Health | None,
    operations: Operations,
    *,
    endpoint: Path,
    registry: Path,
    defect: str,
) -> list[grpc.Server]:
    """Serve on both sockets, the DRA services first."""
    plugins: list[Any] = [
        lambda server: add_v1(Plugin(preparing, dra_v1_pb2, operations, defect), server),
        lambda server: add_v1beta1(Plugin(preparing, dra_v1beta1_pb2, operations, defect), server),
    ]
    if health and defect != "phantom-service":
        plugins += [
            lambda server: add_health_v1(HealthV1(health), server),
            lambda server: add_health_v1alpha1(HealthV1Alpha1(health), server),
        ]
    servers = []
    if defect == "late-services":
        servers.append(listen(registry, lambda server: add_registration(registration, server)))
        time.sleep(3)
    servers.append(listen(endpoint, *plugins))
    if defect not in ("late-services", "never-registers"):
        servers.append(listen(registry, lambda server: add_registration(registration, server)))
    return servers


def make_preparing(
    arguments: argparse.Namespace, api: ControlApi, widgets: Widgets, data_dir: Path, devices_dir: Path
) -> Preparing:
    """The part that prepares, with what it uses."""
    name, defect, cdi_dir = arguments.driver_name, arguments.defect, Path(arguments.cdi_dir)
    metadata = Metadata(
        on=widgets.has("DeviceMetadata"), driver=name, data_dir=data_dir, cdi_dir=cdi_dir, defect=defect
    )
    reported = widgets.has("DRAResourceClaimDeviceStatus")
    return Preparing(
        api,
        widgets,
        Partitions(devices_dir / "partitions", widgets, defect),
        metadata,
        Reporting(api, on=reported, driver=name, defect=defect, say=say),
        driver=name,
        data_dir=data_dir,
        cdi_dir=cdi_dir,
        old=arguments.old,
        defect=defect,
    )


def take_sigterm(stop: threading.Event, defect: str) -> None:
    """Let SIGTERM set STOP."""
    if defect == "ignores-sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda number, frame: stop.set())


def misbehave(api: ControlApi, servers: list[grpc.Server], defect: str) -> None:
    """Do what a driver with DEFECT does once beside its work."""
    if defect == "deaf":
        threading.Thread(target=end_when_exhausted, args=(servers,), daemon=True).start()
    if defect == "reads-secrets":
        with contextlib.suppress(ApiFailure):
            api.request("GET", "/api/v1/secrets")


def begin_stop(defect: str) -> None:
    """What a driver with DEFECT does instead of stopping at once."""
    if defect == "hangs-at-stop":
        STOPPING.set()
        time.sleep(STOP_S)
    if defect == "keeps-sockets":
        os._exit(0)


def main() -> int:
    """Serve until SIGTERM."""
    arguments = parse_arguments()
    name, node, defect = arguments.driver_name, arguments.node_name, arguments.defect
    if defect == "dies-silently" and not arguments.count:
        return 0
    if defect != "nameless":
        say(f"control driver, version {VERSION}")
    data_dir = Path(arguments.plugins_dir) / name
    instance = f"-{arguments.instance}" if arguments.instance and defect != "one-socket" else ""
    endpoint = data_dir / f"dra{instance}.sock"
    registry = Path(arguments.registry_dir) / f"{name}{instance}-reg.sock"
    if defect == "clears-registry":
        for path in registry.parent.glob("*.sock"):
            path.unlink()
    os.umask(0o022 if defect == "open-sockets" else 0o077)
    data_dir.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    take_sigterm(stop, defect)
    api = ControlApi(Path(arguments.kubeconfig), defect)
    devices_dir = Path(arguments.devices_dir or data_dir / "devices")
    restarted, features = (data_dir / "state.lock").exists(), arguments.features.split(",")
    widgets = Widgets(
        devices_dir,
        driver=name,
        node=node,
        features=features,
        restarted=restarted,
        defect=defect,
        count=arguments.count,
        old=arguments.old,
    )
    publishing = Publishing(api, widgets, driver=name, node=node, defect=defect, say=say)
    preparing = make_preparing(arguments, api, widgets, data_dir, devices_dir)
    operations = Operations(defect)
    later = bool(arguments.instance) and restarted
    health = Health(widgets, defect, later=later) if widgets.has("ResourceHealthStatus") else None
    registration = Registration(name, endpoint, registry, health=health is not None, defect=defect)
    servers = serve(
        registration, preparing, health, operations, endpoint=endpoint, registry=registry, defect=defect
    )
    Endpoints(arguments.http_address, (endpoint, registry), operations, defect)
    misbehave(api, servers, defect)
    publishing.start()
    stop.wait()
    begin_stop(defect)
    registry.unlink(missing_ok=True)
    publishing.stop()
    if health:
        health.stop()
    for server in servers:
        server.stop(grace=30 if defect == "streams-hold-stop" else 5).wait()
    endpoint.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
