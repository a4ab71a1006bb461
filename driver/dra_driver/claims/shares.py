"""Whether the shares of a device that claims have fit it together. Pure.

The scheduler counts what claims consume. The driver counts once more, as the last line of defence: after a fault of the
scheduler, or when two of them allocate from one pool, pods would starve each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.quantity import parse
from dra_driver.claims.step import PreparedDevice
from dra_driver.devices.attributes import capacity_of
from dra_driver.devices.model import Inventory
from dra_driver.features import Features


def mixed(devices: Sequence[PreparedDevice]) -> str | None:
    """Why a claim has a device both for itself and as a share; None if it does not."""
    whole = {device.device for device in devices if device.share_id is None}
    for device in devices:
        if device.share_id is not None and device.device in whole:
            return f"{device.device} is allocated both as a share and without one"
    return None


def too_much(
    wanted: Sequence[PreparedDevice],
    held: Mapping[ClaimUid, Sequence[PreparedDevice]],
    inventory: Inventory,
    features: Features,
) -> tuple[ClaimUid | None, str] | None:
    """A claim that has a share of a device on which the shares of WANTED have no room, and why; None if they fit.

    HELD are the devices of other claims. There is no such claim if WANTED alone is more than the device has.
    """
    for name in dict.fromkeys(device.device for device in wanted if is_share(device)):
        ours = total(wanted, name)
        others = {uid: amounts for uid, devices in held.items() if (amounts := total(devices, name))}
        device = inventory.devices.get(name)
        for what, capacity in capacity_of(device, features).items() if device else ():
            most, mine = parse(capacity["value"]), ours.get(what, Fraction(0))
            holders = [uid for uid, amounts in others.items() if amounts.get(what)]
            if mine and mine + sum(others[uid][what] for uid in holders) > most:
                room = f"device {name} has {capacity['value']} of {what}"
                if not holders or mine > most:
                    return None, f"{room}, and more is allocated to this claim alone"
                return holders[0], f"{room}, and too little is left for this claim; a share is prepared"
    return None


def is_share(device: PreparedDevice) -> bool:
    """Whether a device is used together with other claims."""
    return device.share_id is not None and not device.admin


def total(devices: Iterable[PreparedDevice], name: DeviceName) -> dict[str, Fraction]:
    """{capacity: how much of it the shares of the device NAME are}."""
    amounts: dict[str, Fraction] = defaultdict(Fraction)
    for device in devices:
        if device.device == name and is_share(device):
            for what, amount in device.consumed.items():
                amounts[what] += parse(amount)
    return dict(amounts)
