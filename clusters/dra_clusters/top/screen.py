"""Draws a picture for the terminal: one line a node, one letter a device for the job that has it."""

import string
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dra_clusters.top.picture import (
    DEGRADED,
    SICK,
    DevicePicture,
    DomainPicture,
    FabricDevicePicture,
    NodePicture,
    Picture,
    RackPicture,
)

LETTERS = string.ascii_uppercase + string.ascii_lowercase
MANY = "#"
"""The letter of all jobs beyond the first 52."""
FREE, SHARED = ".", "+"
MARKS = {DEGRADED: "~", SICK: "!"}
STYLES = {DEGRADED: "yellow", SICK: "bold red"}
COLOURS = ("green", "cyan", "magenta", "blue", "bright_green", "bright_cyan", "bright_magenta")
KEY = f"{FREE} free   A-Z a job   {SHARED} several jobs   ~ degraded   ! sick: no new pods"


def jobs_of(picture: Picture) -> list[str]:
    """All jobs, in the order in which they are first seen."""
    held = [device.holders for rack in picture.racks for node in rack.nodes for device in node.devices]
    held += [device.holders for device in picture.fabrics]
    return list(dict.fromkeys(holder.job for holders in held for holder in holders))


class Screen:
    """Draws PICTURE."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._jobs = {job: number for number, job in enumerate(jobs_of(picture))}

    def drawn(self) -> RenderableType:
        """All of it."""
        parts: list[RenderableType] = []
        for rack in self._picture.racks:
            parts += [self._head(rack), self._nodes(rack), Text()]
        parts.append(Text(KEY, style="dim"))
        parts += list(self._legend())
        for title, lines in (
            ("ComputeDomains", map(domain_line, self._picture.domains)),
            ("Shared by nodes", map(fabric_line, self._picture.fabrics)),
            ("Faults", fault_lines(self._picture)),
            ("Not placed", (f"{pod.name}: {pod.why}" for pod in self._picture.waiting)),
        ):
            if shown := list(lines):
                parts += [
                    Text(),
                    Text(title, style="bold"),
                    *(Text(f"  {printable(line)}") for line in shown),
                ]
        return Group(*parts)

    def _head(self, rack: RackPicture) -> Text:
        devices = [device for node in rack.nodes for device in node.devices]
        held = sum(bool(device.holders) for device in devices)
        hurt = sum(device.health in MARKS for device in devices)
        down = sum(bool(node.fault) for node in rack.nodes)
        text = f"{rack.name}  {rack.fabric if rack.fabric != rack.name else ''}".rstrip()
        figures = f"{len(rack.nodes)} nodes, {len(devices)} GPUs: {held} held, {len(devices) - held} free"
        figures += f", {hurt} with faults" if hurt else ""
        figures += f", {down} nodes take no pods" if down else ""
        return Text.assemble((text, "bold"), f"  {figures}")

    def _nodes(self, rack: RackPicture) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        cliques = len({node.clique for node in rack.nodes}) > 1
        for column in ("NODE", "GPUS", *(("CLIQUE",) if cliques else ()), "DOMAIN", "PODS"):
            table.add_column(column, no_wrap=column != "PODS")
        for node in rack.nodes:
            clique = (node.clique.rpartition(".")[2],) if cliques else ()
            pods = " ".join(pod.partition("/")[2] for pod in node.pods)
            table.add_row(
                node_name(node), self._devices(node.devices), *clique, " ".join(node.domains), Text(pods)
            )
        return table

    def _devices(self, devices: Iterable[DevicePicture]) -> Text:
        text = Text()
        for device in devices:
            letter, style = self._letter(device)
            text.append(letter, style)
            text.append(MARKS.get(device.health, " ") + " ", STYLES.get(device.health, ""))
        return text

    def _letter(self, device: DevicePicture) -> tuple[str, str]:
        jobs = {holder.job for holder in device.holders}
        if not jobs:
            return FREE, "dim"
        if len(jobs) > 1:
            return SHARED, "bold"
        [job] = jobs
        number = self._jobs[job]
        return letter_of(number), COLOURS[number % len(COLOURS)]

    def _legend(self) -> Iterator[Text]:
        """The jobs with their letters; of those beyond the letters only how many."""
        rest = len(self._jobs) - len(LETTERS)
        for job, number in list(self._jobs.items())[: len(LETTERS)]:
            yield Text.assemble((letter_of(number), COLOURS[number % len(COLOURS)]), f" {job}")
        if rest > 0:
            yield Text(f"{MANY} {rest} more jobs")


def letter_of(number: int) -> str:
    """The letter of a job."""
    return LETTERS[number] if number < len(LETTERS) else MANY


def node_name(node: NodePicture) -> Text:
    """The name, and why it takes no pods."""
    return Text.assemble(node.name, (f" {node.fault}", "bold red")) if node.fault else Text(node.name)


def domain_line(domain: DomainPicture) -> str:
    """A ComputeDomain in one line."""
    ready = sum(status == "Ready" for _, status in domain.nodes)
    reason = f" ({domain.reason})" if domain.reason else ""
    return (
        f"{domain.name}: {domain.status or 'no status'}{reason}, {ready} of {len(domain.nodes)} nodes ready"
    )


def fabric_line(device: FabricDevicePicture) -> str:
    """A shared device in one line."""
    jobs = ", ".join(dict.fromkeys(holder.job for holder in device.holders))
    parts = [
        f"{device.pool}/{device.name}",
        *device.consumed,
        f"held by {jobs}" if jobs else "free",
        *device.faults,
    ]
    return "  ".join(parts)


def fault_lines(picture: Picture) -> Iterator[str]:
    """Nodes that take no pods, and devices with faults and who has them; devices of a node with the same fault are one line."""
    for rack in picture.racks:
        for node in rack.nodes:
            if node.fault:
                yield f"{node.name}: {node.fault}"
            alike: dict[str, list[str]] = {}
            for device in node.devices:
                if device.faults:
                    alike.setdefault(fault_of(device), []).append(device.name)
            for fault, names in alike.items():
                yield f"{node.name} {' '.join(names)}: {fault}"


def fault_of(device: DevicePicture) -> str:
    """What is wrong with a device, and which pods have it."""
    links = "" if device.links is None else f"{device.links} NVLinks up, "
    users = dict.fromkeys(pod for holder in device.holders for pod in holder.pods)
    held = f"; held by {', '.join(users)}" if users else ""
    return f"{links}{', '.join(device.faults)}{held}"


def printable(text: str) -> str:
    """TEXT without what moves the cursor: messages come from other programs."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
