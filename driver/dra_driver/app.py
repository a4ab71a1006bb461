"""One driver process: the order in which its parts start and stop.

Start: the checkpoint is opened and repaired, the DRA socket answers, then the registration socket appears, because the
kubelet calls as soon as it sees that one. Publishing runs concurrently: neither waits for the API server.

Stop, on SIGTERM, SIGINT or SIGHUP: the registration socket is removed first, after which the kubelet sends no more calls
(pkg/kubelet/pluginmanager); calls in flight are finished; the DRA socket is removed. Slices, CDI files and the checkpoint
stay: a restarted or newer driver continues with them.
"""

import asyncio
import contextlib
import logging
import os
import re
import signal
from collections.abc import Mapping
from importlib.metadata import version

import grpc.aio

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
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
from dra_api.objects import DeviceTaint
from dra_driver.cdi.driver_document import driver_document
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.metadata_files import MetadataFiles
from dra_driver.claims.checkpoint import Checkpoint
from dra_driver.claims.instances import Instances
from dra_driver.claims.occupancy import Occupancy
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.reader import HttpClaimReader
from dra_driver.claims.service import ClaimService
from dra_driver.claims.status_writer import StatusWriter
from dra_driver.claims.steps import Steps
from dra_driver.connection.route import find_route
from dra_driver.devices.gauges import device_rows
from dra_driver.devices.inventory import make_inventory
from dra_driver.devices.scan import take_snapshot
from dra_driver.errors import ApiError, EnvironmentFault
from dra_driver.health.conditions import parse_effects
from dra_driver.health.monitor import Monitor
from dra_driver.health.store import Store
from dra_driver.memory import give_back
from dra_driver.metrics import Metrics, Now
from dra_driver.observed import Observed
from dra_driver.probes import Probes, served
from dra_driver.publish.late_client import LateClient
from dra_driver.publish.pool import Offer, pool_of
from dra_driver.publish.publisher import Publisher
from dra_driver.rpc.health import HealthV1, HealthV1Alpha1
from dra_driver.rpc.plugin import Plugin, PluginV1, PluginV1Beta1
from dra_driver.rpc.probe import serve_health
from dra_driver.rpc.registration import Registration
from dra_driver.rpc.sockets import bind, clear_socket_path, remove_ended
from dra_driver.settings import BOOT_ID, METADATA_FOLDER, MPS_FOLDER, Settings
from dra_driver.sharing.mps import MpsDaemons
from dra_driver.sharing.programs import Programs

log = logging.getLogger(__name__)
GRACE_S = 20.0
"""Time for calls in flight at the end: within the 30 s of a pod's default terminationGracePeriodSeconds."""

MESSAGE_BYTES_MAX = 4 << 20
DRA_SOCKET = re.compile(r"dra(-.+)?\.sock")


class App:
    """One driver process.

    Raises:
        ConfigError: the kubeconfig, or the path of a socket, cannot be used.
        EnvironmentFault: NVML does not start, or a folder cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics(version("dra-conformance"))
        self._probes = Probes([settings.dra_socket, settings.registration_socket])
        self._observed = Observed(self._metrics, self._probes)
        route = find_route(settings.kubeconfig, os.environ)
        self._api = LateClient(route=route, driver_name=settings.driver_name, node_name=settings.node_name)
        self._reader = None if route.proxy else HttpClaimReader(route)
        clear_socket_path(settings.dra_socket)
        clear_socket_path(settings.registration_socket)
        remove_ended(settings.data_dir, DRA_SOCKET)
        remove_ended(settings.registry_dir, re.compile(rf"{re.escape(settings.driver_name)}(-.+)?-reg\.sock"))
        boot_id = BOOT_ID.read_text().strip()
        snapshot = take_snapshot(settings.sysfs, settings.dev_root / "dev")
        self._look = asyncio.Event()
        self._driver_document = driver_document(settings)
        self._instances = Instances(settings.data_dir)
        self._checkpoint = Checkpoint(settings.data_dir / "checkpoint.sqlite")
        cdi = CdiFiles(settings.cdi_dir, settings.driver_name, settings.dev_root)
        self._claims = ClaimService(
            driver_name=settings.driver_name,
            pool=settings.pool,
            inventory=lambda: self._inventory,
            reader=self._reader or self._api,
            checkpoint=self._checkpoint,
            cdi=cdi,
            steps=self._steps(cdi),
            instances=self._instances,
            occupied=Occupancy(lambda: self._inventory).reason,
            boot_id=boot_id,
            features=settings.features,
            driver_files=self._driver_document.ids,
            on_prepared=self._prepared,
            on_changed=self._look.set,
        )
        self._inventory = make_inventory(snapshot, settings.features, ours=self._claims.devices)
        self._publisher = Publisher(
            api=self._api,
            driver_name=settings.driver_name,
            pool=lambda accepts: pool_of(self._offer(), accepts),
            on_sync=self._synced,
        )
        self._health: Monitor | None = None
        if settings.features.health:
            self._health = Monitor(
                domain=settings.driver_name,
                store=Store(settings.data_dir / "health.json", boot_id),
                inventory=self._inventory,
                on_change=self._health_changed,
                effects=parse_effects(settings.taint_effects, settings.harmless_xids),
                releases=settings.features.vfio,
            )
        self._status: StatusWriter | None = None
        if settings.features.status:
            self._status = StatusWriter(
                driver_name=settings.driver_name,
                reader=self._reader or self._api,
                api=self._api,
                inventory=lambda: self._inventory,
                health=lambda: self._health.states if self._health else {},
                record=self._claims.record,
            )

    def _synced(self, synced: bool) -> None:
        if synced and not self._probes.published:
            give_back()  # the first slices are written, and with them the start is over
        self._observed.synced(synced)

    def _prepared(self, uid: ClaimUid) -> None:
        if self._status:
            self._status.refresh([uid])

    def _health_changed(self) -> None:
        self._publisher.refresh()
        if self._status:
            self._status.refresh(self._claims.known)

    @property
    def _taints(self) -> Mapping[DeviceName, list[DeviceTaint]]:
        return self._health.taints if self._health else {}

    def _offer(self) -> Offer:
        return Offer(inventory=self._inventory, features=self._settings.features, taints=self._taints)

    def _now(self) -> Now:
        return Now(
            prepared=self._claims.prepared,
            unreadable=len(self._inventory.unreadable),
            devices=device_rows(self._inventory, self._claims.claims_of_devices, self._taints),
        )

    def _steps(self, cdi: CdiFiles) -> Steps:
        settings, programs = self._settings, Programs(self._settings.driver_root)
        return Steps(
            driver_name=settings.driver_name,
            inventory=lambda: self._inventory,
            cdi=cdi,
            metadata=MetadataFiles(
                settings.data_dir / METADATA_FOLDER, settings.cdi_dir, settings.driver_name
            ),
            mps=MpsDaemons(settings.data_dir / MPS_FOLDER, programs),
            programs=programs,
            functions=PciFunctions(settings.sysfs),
            release=lambda gpu: self._health.release(gpu) if self._health else None,
            procfs=settings.procfs,
            dev_root=settings.dev_root,
            timed=self._metrics.step,
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            DriverError: it cannot start.
        """
        stop = asyncio.Event()
        ends = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
            ends.append(signal.SIGHUP)
        for number in ends:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._metrics.watch(self._now)
        with served(self._settings.metrics_address, self._probes, self._metrics.exposition):
            health = await serve_health(self._settings.health_address, self._probes)
            await self._claims.start()
            await self._scan()  # now it is known which MIG instances are this driver's
            dra, registration = await self._serve()
            self._probes.serving = True
            log.info("serving %d GPUs", len(self._inventory.gpus))
            tasks = [asyncio.create_task(work) for work in (self._publisher.run(), self._rescan())]
            if self._status:
                self._status.refresh(self._claims.known)
                tasks.append(asyncio.create_task(self._status.run()))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            if self._health:
                self._health.close()  # ends the streams, for which the server would wait
            self._probes.serving = False
            await registration.stop(0)
            self._settings.registration_socket.unlink(missing_ok=True)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await dra.stop(GRACE_S)
            await self._claims.stop()
            self._settings.dra_socket.unlink(missing_ok=True)
            self._checkpoint.close()
            self._instances.close()
            await self._api.close()
            if self._reader:
                await self._reader.close()
            if health:
                await health.stop(0)
            stopped.cancel()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome
        log.info("stopped")

    async def _serve(self) -> tuple[grpc.aio.Server, grpc.aio.Server]:
        plugin = Plugin(self._claims, self._metrics)
        options = [("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)]
        dra, registration = grpc.aio.server(options=options), grpc.aio.server(options=options)
        add_v1(PluginV1(plugin), dra)
        add_v1beta1(PluginV1Beta1(plugin), dra)
        if self._health:
            add_health_v1(HealthV1(self._health, self._settings.pool), dra)
            add_health_v1alpha1(HealthV1Alpha1(self._health, self._settings.pool), dra)
        endpoint = self._settings.dra_socket
        add_registration(
            Registration(
                driver_name=self._settings.driver_name,
                endpoint=endpoint,
                health=self._health is not None,
                on_status=self._observed.registered,
            ),
            registration,
        )
        await bind(dra, endpoint)
        await bind(registration, self._settings.registration_socket)
        return dra, registration

    async def _rescan(self) -> None:
        """Every ``rescan_s``: publish changed hardware, unprepare claims that no longer exist.

        When a claim took a GPU from NVIDIA's driver or gave it back, the hardware is looked at at once.
        """
        due = asyncio.get_running_loop().time() + self._settings.rescan_s
        while True:
            self._look.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._look.wait()
            await self._scan()
            if asyncio.get_running_loop().time() < due:
                continue
            due = asyncio.get_running_loop().time() + self._settings.rescan_s
            try:
                await self._claims.maintain()
            except (ApiError, EnvironmentFault) as error:
                log.warning("cannot look for claims that no longer exist", extra={"error": error})

    async def _scan(self) -> None:
        """Look at the hardware, and publish what changed."""
        settings, before = self._settings, self._inventory
        ours = self._claims.devices  # before and after: a claim may be prepared or unprepared meanwhile
        try:
            snapshot = await asyncio.to_thread(take_snapshot, settings.sysfs, settings.dev_root / "dev")
        except EnvironmentFault as error:
            self._metrics.scan_failed()
            log.error("cannot scan the GPUs; the published ones stay", extra={"error": error})
            return
        found = make_inventory(snapshot, settings.features, ours=ours | self._claims.devices, before=before)
        self._inventory = found
        try:
            versions = [gpu.driver_version for gpu in found.gpus if gpu.uuid not in found.lost]
            await asyncio.to_thread(self._driver_document.update, versions[0] if versions else None)
        except EnvironmentFault as error:
            log.error("containers get no files of NVIDIA's driver", extra={"error": error})
        for which, why in found.unreadable.items():
            if before.unreadable.get(which) != why:
                log.error("NVML cannot read %s; the others are not affected", which, extra={"error": why})
        if found.devices.keys() != before.devices.keys():
            log.info("the hardware changed: %d devices, before %d", len(found.devices), len(before.devices))
        if self._health:
            self._health.scanned(found)
        if found != before:
            self._publisher.refresh()
