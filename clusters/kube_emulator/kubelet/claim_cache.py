"""The claims that pods of the node use, and their checkpoint ``dra_manager_state``.

Everything but ``prepared`` outlives the kubelet: after a restart a claim counts as not prepared, because nobody knows
what happened meanwhile. The file has the layout of the kubelet's (cm/dra/state/checkpoint.go, 1.36), so that tools for
it can be tried here. A claim that is prepared again replaces its devices, as upstream since 1.37 (manager.go, resetDevices);
before, a prepare that was repeated after another driver had failed appended them once more.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from kube_emulator.kubelet.metrics import ANY_DRIVER

UNPREPARE, EVERY = "NodeUnprepareResources", "*"
CHECKPOINT = "dra_manager_state"
API_VERSION, KIND = "checkpoint.dra.kubelet.k8s.io/v1", "DRACheckpoint"
Key = tuple[str, str]
"""(namespace, name) of a claim."""


class DeviceState(TypedDict):
    """A device in the checkpoint (cm/dra/state/state.go Device)."""

    PoolName: PoolName
    DeviceName: DeviceName
    ShareID: str | None
    RequestNames: list[str] | None
    CDIDeviceIDs: list[str] | None


class DriverState(TypedDict):
    """The devices of one driver in the checkpoint; the calls that it can do without have a lower-case name upstream too."""

    Devices: list[DeviceState] | None
    skipNodeOperations: NotRequired[list[str]]


class ClaimInfoState(TypedDict):
    """A claim in the checkpoint."""

    ClaimUID: ClaimUid
    ClaimName: str
    Namespace: str
    PodUIDs: dict[str, dict[str, str]] | None
    DriverState: dict[DriverName, DriverState] | None


class CorruptCheckpoint(Exception):
    """The kubelet cannot start with this checkpoint."""


@dataclass(frozen=True, slots=True)
class PreparedDevice:
    """A device as the driver gave it."""

    pool: PoolName
    name: DeviceName
    requests: tuple[str, ...] = ()
    cdi_ids: tuple[str, ...] = ()
    share_id: str | None = None

    def serves(self, request: str) -> bool:
        """Whether a container that asks for REQUEST gets it."""
        return not request or not self.requests or request in self.requests


@dataclass(slots=True)
class ClaimInfo:
    """A claim that pods of the node use.

    Attributes:
        drivers: {driver: its devices}, also of drivers that gave none.
        skips_unprepare: drivers that need no unprepare call.
        unpreparing: whether its unprepare calls have begun. It is never reset: a failed call is repeated until the claim is
            gone from the cache (claiminfo.go, setUnpreparing).
    """

    namespace: str
    name: str
    uid: ClaimUid
    drivers: dict[DriverName, tuple[PreparedDevice, ...]]
    pods: set[str] = field(default_factory=set)
    prepared: bool = False
    skips_unprepare: frozenset[DriverName] = frozenset()
    unpreparing: bool = False

    def cdi_ids(self, request: str) -> list[str]:
        """The CDI devices for REQUEST.

        Duplicates stay, as in claiminfo.go cdiDevicesAsList: two devices may name one CDI device, and the runtime injects it once.
        """
        every = [device for devices in self.drivers.values() for device in devices]
        return [qualified for device in every if device.serves(request) for qualified in device.cdi_ids]


class ClaimCache:
    """The claims of one node.

    Raises:
        CorruptCheckpoint: the folder's checkpoint is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CHECKPOINT
        self.claims: dict[Key, ClaimInfo] = {}
        if self._path.exists():
            self.claims = {(c.namespace, c.name): c for c in decode(self._path.read_bytes())}
        else:
            self.save()  # as GetOrCreate does: a kubelet that cannot write must fail now, not when devices are prepared

    def of_pod(self, uid: str) -> list[ClaimInfo]:
        """The claims that the pod UID refers to."""
        return [claim for claim in self.claims.values() if uid in claim.pods]

    def save(self) -> None:
        """Write the checkpoint; it is the old or the new one at any moment."""
        draft = self._path.with_suffix(".tmp")
        draft.write_bytes(encode(list(self.claims.values())))
        draft.replace(self._path)

    def in_use(self) -> dict[str, int]:
        """``dra_resource_claims_in_use``: {driver: prepared claims}, and all of them under ``<any>``."""
        prepared = [claim for claim in self.claims.values() if claim.prepared]
        found = {ANY_DRIVER: len(prepared)}
        for claim in prepared:
            for driver in claim.drivers:
                found[driver] = found.get(driver, 0) + 1
        return found


def encode(claims: list[ClaimInfo]) -> bytes:
    """The checkpoint of CLAIMS."""
    states: list[ClaimInfoState] = [
        {
            "ClaimUID": claim.uid,
            "ClaimName": claim.name,
            "Namespace": claim.namespace,
            "PodUIDs": {uid: {} for uid in sorted(claim.pods)},
            "DriverState": {
                driver: driver_state(devices, skips_unprepare=driver in claim.skips_unprepare)
                for driver, devices in claim.drivers.items()
            },
        }
        for claim in claims
    ]
    data = json.dumps(
        {"kind": KIND, "apiVersion": API_VERSION, "ClaimInfoStateList": states}, separators=(",", ":")
    )
    # The checksum is over the text, so that a newer kubelet with more fields can check what an older one wrote.
    return json.dumps({"Data": data, "Checksum": zlib.crc32(data.encode())}).encode()


def driver_state(devices: Sequence[PreparedDevice], *, skips_unprepare: bool) -> DriverState:
    """A driver in the checkpoint."""
    # ``null`` for none, as Go writes a nil slice: the driver stays known, and is asked to unprepare.
    state: DriverState = {"Devices": [device_state(device) for device in devices] or None}
    if skips_unprepare:
        state["skipNodeOperations"] = [UNPREPARE]
    return state


def device_state(device: PreparedDevice) -> DeviceState:
    """A device in the checkpoint."""
    return {
        "PoolName": device.pool,
        "DeviceName": device.name,
        "ShareID": device.share_id,
        "RequestNames": list(device.requests),
        "CDIDeviceIDs": list(device.cdi_ids),
    }


def decode(text: bytes) -> list[ClaimInfo]:
    """The claims of a checkpoint, none of them prepared.

    Raises:
        CorruptCheckpoint: TEXT is none, or its checksum is another.
    """
    try:
        outer = json.loads(text)
        data = outer["Data"]
        if zlib.crc32(data.encode()) != outer["Checksum"]:
            message = f"checkpoint is corrupted: {CHECKPOINT} has checksum {outer['Checksum']}, wanted {zlib.crc32(data.encode())}"
            raise CorruptCheckpoint(message)
        return [claim_of(state) for state in json.loads(data)["ClaimInfoStateList"] or []]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"checkpoint is corrupted: {CHECKPOINT} cannot be read: {error!r}"
        raise CorruptCheckpoint(message) from error


def claim_of(state: ClaimInfoState) -> ClaimInfo:
    """A claim of the checkpoint."""
    drivers = {
        driver: tuple(
            PreparedDevice(
                pool=device["PoolName"],
                name=device["DeviceName"],
                requests=tuple(device["RequestNames"] or ()),
                cdi_ids=tuple(device["CDIDeviceIDs"] or ()),
                share_id=device["ShareID"],
            )
            for device in found["Devices"] or ()
        )
        for driver, found in (state["DriverState"] or {}).items()
    }
    return ClaimInfo(
        namespace=state["Namespace"],
        name=state["ClaimName"],
        uid=state["ClaimUID"],
        drivers=drivers,
        pods=set(state["PodUIDs"] or ()),
        skips_unprepare=frozenset(
            driver
            for driver, found in (state["DriverState"] or {}).items()
            if {UNPREPARE, EVERY} & set(found.get("skipNodeOperations") or ())
        ),
    )
