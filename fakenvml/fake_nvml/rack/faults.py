"""What is broken in a rack, and what each of its GPUs sees of that. Pure.

A link is a cable with two ends, a GPU and a port of a switch chip: broken at either end, it is the same fault, and
``other_end`` names the one from the other. A switch tray that fails takes two links of every GPU of the rack down, on all
nodes. A GPU with fewer links reports degraded bandwidth; one with none, or in a clique that has failed, reports a route that is unhealthy.
"""

from collections.abc import Collection, Mapping

import msgspec

from fake_nvml.errors import UsageError
from fake_nvml.rack.shape import CHIPS_PER_TRAY, Shape

FIELDS = {
    "link": ("node", "gpu", "link"),
    "port": ("chip", "port"),
    "switch": ("tray",),
    "clique": ("clique",),
    "node": ("node",),
}
"""{kind of fault: what names its place}."""
DEGRADED_BW, ROUTE_UNHEALTHY = 0, 4
"""Places of two bits in NVML's health mask (nvml.h, NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_*); 1 is true."""
HEALTHY, UNHEALTHY, LIMITED = "healthy", "unhealthy", "limited"


class Fault(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One fault of one rack; ``kind`` is link, switch, clique or node, and the fields that do not name its place are -1."""

    kind: str
    node: int = -1
    gpu: int = -1
    link: int = -1
    tray: int = -1
    clique: int = -1


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What NVML says on one GPU: links that are down, and its health on the fabric."""

    links_down: tuple[int, ...]
    health: str
    mask: int


def port_of(shape: Shape, fault: Fault) -> tuple[int, int]:
    """(chip, port): the other end of a broken link."""
    return fault.link % shape.chips, fault.node * shape.gpus + fault.gpu


def fault_of(shape: Shape, kind: str, values: Mapping[str, str]) -> Fault:
    """The fault that a command names.

    Raises:
        UsageError: no such kind of fault, or no such place in the rack.
    """
    if kind not in FIELDS:
        message = f"wanted a fault of {', '.join(FIELDS)}, found {kind!r}"
        raise UsageError(message)
    if set(values) != set(FIELDS[kind]):
        wanted = " ".join(f"{name}=N" for name in FIELDS[kind])
        message = (
            f"{kind}: wanted {wanted}, found {' '.join(f'{k}={v}' for k, v in values.items()) or 'nothing'}"
        )
        raise UsageError(message)
    links = shape.links
    below = {"node": shape.nodes, "gpu": shape.gpus, "link": links, "chip": shape.chips}
    below |= {"port": shape.nodes * shape.gpus, "tray": shape.switch_trays, "clique": 1 << 32}
    numbers: dict[str, int] = {}
    for name, text in values.items():
        if not (text.isascii() and text.isdecimal() and int(text) < below[name]):
            message = f"{kind}: wanted {name} from 0 to {below[name] - 1}, found {text!r}"
            raise UsageError(message)
        numbers[name] = int(text)
    if kind == "port":
        node, gpu = divmod(numbers["port"], shape.gpus)
        return Fault(kind="link", node=node, gpu=gpu, link=numbers["chip"])
    return Fault(kind=kind, **numbers)


def other_end(shape: Shape, fault: Fault) -> str:
    """What is at the ends of a fault, for people."""
    if fault.kind == "link":
        chip, port = port_of(shape, fault)
        tray = chip // CHIPS_PER_TRAY
        return f"GPU {fault.gpu} of node {fault.node}, link {fault.link} -- switch tray {tray}, chip {chip}, port {port}"
    if fault.kind == "switch":
        links = ", ".join(map(str, _links_of(shape, fault.tray)))
        return f"switch tray {fault.tray} -- links {links} of every GPU of {shape.nodes} nodes"
    if fault.kind == "clique":
        return f"clique {fault.clique} -- every GPU in it"
    return f"node {fault.node}"


def view(shape: Shape, faults: Collection[Fault], node: int, gpu: int) -> View:
    """What GPU number GPU of a node sees of FAULTS."""
    down: set[int] = set()
    unhealthy = False
    facts = shape.machine.fabric
    for fault in faults:
        if fault.kind == "link" and (fault.node, fault.gpu) == (node, gpu):
            down.add(fault.link)
        elif fault.kind == "switch":
            down |= _links_of(shape, fault.tray)
        elif fault.kind == "clique" and fault.clique == facts.clique:
            unhealthy = True
    unhealthy = unhealthy or len(down) == shape.links
    mask = _set(facts.health_mask, DEGRADED_BW) if down else facts.health_mask
    mask = _set(mask, ROUTE_UNHEALTHY) if unhealthy else mask
    health = UNHEALTHY if unhealthy else LIMITED if down else HEALTHY
    return View(links_down=tuple(sorted(down)), health=health, mask=mask)


def _links_of(shape: Shape, tray: int) -> set[int]:
    """The links that lead to the chips of a switch tray; link numbers go round the chips."""
    return {link for link in range(shape.links) if link % shape.chips // CHIPS_PER_TRAY == tray}


def _set(mask: int, shift: int) -> int:
    """MASK with the two bits at SHIFT saying true."""
    return mask & ~(0b11 << shift) | 1 << shift
