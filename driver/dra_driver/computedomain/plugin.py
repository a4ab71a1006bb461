"""The kubelet plugin of ComputeDomains on one node: publishes a channel and a daemon, serves the kubelet, cleans up.

The channel's attributes say what the node is on its NVLink fabric, and a label of the node says in which clique it is; of both the
controller makes the devices of NVLink domains.

It starts and stops in the order of the GPU plugin (``app``).
"""

import asyncio
import logging
import signal
from dataclasses import dataclass
from pathlib import Path

import grpc.aio

from dra_api.identifiers import DriverName, NodeName, PoolName
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1beta1
from dra_api.kubelet._generated.registration_pb2_grpc import (
    add_RegistrationServicer_to_server as add_registration,
)
from dra_api.objects import AttributeValue, Device
from dra_driver.cdi.files import CdiFiles
from dra_driver.computedomain.fabric import clique_of, facts_of, management_minor
from dra_driver.computedomain.kube import Kube
from dra_driver.computedomain.names import DRIVER
from dra_driver.computedomain.node_service import NodeService
from dra_driver.computedomain.records import Records
from dra_driver.computedomain.requests import CHANNEL_DEVICE, DAEMON_DEVICE
from dra_driver.connection.route import Route
from dra_driver.devices.scan import Snapshot, take_snapshot
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault
from dra_driver.metrics import Metrics
from dra_driver.observed import Observed
from dra_driver.probes import Probes, served
from dra_driver.publish.client import ApiClient
from dra_driver.publish.pool import Part
from dra_driver.publish.publisher import Publisher
from dra_driver.rpc.plugin import Plugin, PluginV1, PluginV1Beta1
from dra_driver.rpc.registration import Registration
from dra_driver.rpc.sockets import bind, clear_socket_path

log = logging.getLogger(__name__)
GRACE_S = 20.0
LABEL_S, LABEL_AGAIN_S = 600.0, 5.0
"""How often the node's label is looked at, and how soon after that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """Of one plugin; folders as those of the GPU plugin.

    Attributes:
        namespace: the driver's.
        metrics_address: ``host:port`` of metrics and probes; empty for none.
        sweep_s: seconds between looks at the GPUs, and for claims that do not exist any more.
    """

    node_name: NodeName
    namespace: str
    registry_dir: Path
    plugins_dir: Path
    cdi_dir: Path
    sysfs: Path
    procfs: Path
    dev_root: Path
    metrics_address: str
    sweep_s: float

    @property
    def folder(self) -> Path:
        """The plugin's own folder."""
        return self.plugins_dir / DRIVER


def devices(facts: dict[str, AttributeValue]) -> list[Device]:
    """What a node offers: one channel for a workload, which has FACTS of the node's fabric, and one place for a daemon."""
    channel: dict[str, AttributeValue] = {"type": {"string": "channel"}, "id": {"int": 0}, **facts}
    return [
        {"name": CHANNEL_DEVICE, "attributes": channel},
        {"name": DAEMON_DEVICE, "attributes": {"type": {"string": "daemon"}, "id": {"int": 0}}},
    ]


class ComputeDomainPlugin:
    """One plugin.

    Raises:
        ConfigError: a socket's path cannot be used.
        EnvironmentFault: NVML does not start, the GPUs are in several cliques, or a folder cannot be used.
    """

    def __init__(self, settings: PluginSettings, route: Route, version: str) -> None:
        self._settings = settings
        self._registration = settings.registry_dir / f"{DRIVER}-reg.sock"
        self._socket = settings.folder / "dra.sock"
        for path in (self._socket, self._registration):
            clear_socket_path(path)
        snapshot = self._scan()
        self._clique = clique = clique_of(gpu.fabric for gpu in snapshot.gpus)
        self._facts = facts_of(snapshot.gpus, clique)
        minor = management_minor(settings.procfs)
        self._metrics = Metrics(version)
        self._probes = Probes([self._socket, self._registration])
        self._observed = Observed(self._metrics, self._probes)
        self._kube = Kube(route)
        self._service = NodeService(
            kube=self._kube,
            node_name=settings.node_name,
            namespace=settings.namespace,
            records=Records(settings.folder / "claims.json"),
            cdi=CdiFiles(settings.cdi_dir, DriverName(DRIVER), settings.dev_root),
            clique=clique,
            management=minor,
            folder=settings.folder,
            dev_root=settings.dev_root,
        )
        self._api = ApiClient(route=route, driver_name=DriverName(DRIVER), node_name=settings.node_name)
        self._publisher = Publisher(
            api=self._api,
            driver_name=DriverName(DRIVER),
            pool=lambda _: [Part(devices(self._facts))],
            on_sync=self._observed.synced,
        )
        log.info(
            "node %s is in %s", PoolName(settings.node_name), f"clique {clique}" if clique else "no fabric"
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        with served(self._settings.metrics_address, self._probes, self._metrics.exposition):
            await self._serve_until(stop)

    async def _serve_until(self, stop: asyncio.Event) -> None:
        dra, registration = await self._serve()
        self._probes.serving = True
        tasks = [asyncio.create_task(work) for work in (self._publisher.run(), self._sweep(), self._label())]
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        self._probes.serving = False
        await registration.stop(0)
        self._registration.unlink(missing_ok=True)
        for task in (*tasks, stopped):
            task.cancel()
        outcomes = await asyncio.gather(*tasks, stopped, return_exceptions=True)
        await dra.stop(GRACE_S)
        self._socket.unlink(missing_ok=True)
        await self._api.close()
        await self._kube.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _serve(self) -> tuple[grpc.aio.Server, grpc.aio.Server]:
        dra, registration = grpc.aio.server(), grpc.aio.server()
        plugin = Plugin(self._service, self._metrics)
        add_v1(PluginV1(plugin), dra)
        add_v1beta1(PluginV1Beta1(plugin), dra)
        add_registration(
            Registration(
                driver_name=DriverName(DRIVER), endpoint=self._socket, on_status=self._observed.registered
            ),
            registration,
        )
        await bind(dra, self._socket)
        await bind(registration, self._registration)
        return dra, registration

    def _scan(self) -> Snapshot:
        return take_snapshot(self._settings.sysfs, self._settings.dev_root / "dev")

    async def _sweep(self) -> None:
        while True:
            try:
                await self._service.sweep()
            except (ApiError, ClaimError, EnvironmentFault) as error:
                log.warning("cannot look for claims that no longer exist", extra={"error": error})
            await asyncio.sleep(self._settings.sweep_s)
            await self._look()

    async def _look(self) -> None:
        """Look at the GPUs again, and publish what changed.

        Raises:
            EnvironmentFault: the node is in another clique now; the plugin starts again there.
        """
        try:
            snapshot = await asyncio.to_thread(self._scan)
        except EnvironmentFault as error:
            log.warning("cannot look at the GPUs again", extra={"error": error})
            return
        clique = clique_of(gpu.fabric for gpu in snapshot.gpus)
        if clique not in ("", self._clique):
            message = f"the node moved from clique {self._clique or 'none'} to {clique}; the plugin has to start again"
            raise EnvironmentFault(message)
        facts = facts_of(snapshot.gpus, self._clique)
        if facts != self._facts:
            self._facts = facts
            log.info("the node's fabric changed: %s", facts)
            self._publisher.refresh()

    async def _label(self) -> None:
        while True:
            pause = LABEL_S
            try:
                await self._service.label_clique()
            except (ApiError, ClaimError) as error:
                pause = LABEL_AGAIN_S
                log.warning("cannot label the node with its clique", extra={"error": error})
            await asyncio.sleep(pause)
