"""Makes what each command needs out of the settings, runs it and prints; the exit code is 1 if something is wrong."""

import asyncio
import os
import sys

from dra_api.identifiers import ClaimUid
from dra_driver.admin.cleanup import clean_up
from dra_driver.admin.doctor import Finding, Level, of_api, of_node
from dra_driver.admin.explain import explain
from dra_driver.admin.stored import stored_records
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.metadata_files import MetadataFiles
from dra_driver.claims.identity import check_uid
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.steps import Steps
from dra_driver.connection.route import find_route
from dra_driver.devices.inventory import make_inventory
from dra_driver.devices.scan import take_snapshot
from dra_driver.health.conditions import by_device, levels
from dra_driver.health.store import Store
from dra_driver.publish.client import ApiClient
from dra_driver.settings import BOOT_ID, METADATA_FOLDER, MPS_FOLDER, Settings
from dra_driver.sharing.mps import MpsDaemons
from dra_driver.sharing.programs import Programs


def client_of(settings: Settings) -> ApiClient:
    """A client as the driver has it."""
    route = find_route(settings.kubeconfig, os.environ)
    return ApiClient(route=route, driver_name=settings.driver_name, node_name=settings.node_name)


def run_cleanup(settings: Settings) -> int:
    """``dra-driver cleanup``."""

    async def work() -> None:
        api = client_of(settings)
        try:
            await clean_up(settings, api, say)
        finally:
            await api.close()

    asyncio.run(work())
    return 0


def run_doctor(settings: Settings) -> int:
    """``dra-driver doctor``."""
    findings: list[Finding] = []
    for finding in of_node(settings):
        findings.append(finding)
        say(str(finding))
    for finding in asyncio.run(of_api(settings, lambda: client_of(settings))):
        findings.append(finding)
        say(str(finding))
    return int(any(finding.level is Level.ERROR for finding in findings))


def run_explain(settings: Settings, uid: ClaimUid) -> int:
    """``dra-driver explain CLAIM-UID``."""
    check_uid(uid)
    devices = {device.device for record in stored_records(settings.data_dir) for device in record.devices}
    snapshot = take_snapshot(settings.sysfs, settings.dev_root / "dev")
    inventory = make_inventory(snapshot, settings.features, ours=devices)
    cdi = CdiFiles(settings.cdi_dir, settings.driver_name, settings.dev_root)
    programs = Programs(settings.driver_root)
    steps = Steps(
        driver_name=settings.driver_name,
        inventory=lambda: inventory,
        cdi=cdi,
        metadata=MetadataFiles(settings.data_dir / METADATA_FOLDER, settings.cdi_dir, settings.driver_name),
        mps=MpsDaemons(settings.data_dir / MPS_FOLDER, programs),
        programs=programs,
        functions=PciFunctions(settings.sysfs),
        procfs=settings.procfs,
        dev_root=settings.dev_root,
    )
    edges = Store(settings.data_dir / "health.json", BOOT_ID.read_text().strip()).read()
    conditions = by_device(inventory, levels(inventory) | edges)
    for line in explain(uid, settings, inventory=inventory, steps=steps, cdi=cdi, conditions=conditions):
        say(line)
    return 0


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")
