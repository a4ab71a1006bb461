"""How much placement by fabric is worth: the same jobs on the same racks, placed by domain and at random. A simulation.

Jobs come one a turn, and stay for some turns. By fabric a job gets the fullest domain that has enough GPUs free, in the order
of ``fabrics_of``, or waits; at random it gets nodes anywhere. An all-reduce is a ring: every GPU sends 2 (n - 1) / n of the bytes
(bandwidth-optimal ring), at the speed of the slowest link of the ring, which is the network as soon as two racks are in it.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from dra_driver.computedomain.fabrics import Fabric, Member, fabrics_of, pool_of
from dra_driver.errors import ConfigError

NVLINK, NETWORK = 900e9, 50e9
"""Bytes per second of a GPU in one direction: NVLink 5 (18 links of 50 GB/s), and a network port of 400 Gb/s. Documented by NVIDIA."""
BYTES = 1 << 30
NODES = (1, 1, 2, 2, 4, 8, 16)
"""Nodes that jobs want, each as likely as the others; a rack has 18."""


@dataclass(frozen=True, slots=True)
class Racks:
    """The hardware: ``racks`` of ``nodes`` with ``gpus`` each."""

    racks: int
    nodes: int
    gpus: int

    def members(self) -> list[Member]:
        """The nodes."""
        return [
            Member(node=f"{rack}/{node}", host=f"{rack}/{node}", clique=f"{rack}.1", gpus=self.gpus)
            for rack in range(self.racks)
            for node in range(self.nodes)
        ]


@dataclass(frozen=True, slots=True)
class Job:
    """A job: when it comes, for how many turns it stays, and how many nodes it wants."""

    turn: int
    turns: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one way to place.

    Attributes:
        inside: share of the pairs of a job's nodes that are in one domain.
        milliseconds: of an all-reduce, mean over the jobs of more than one node.
        waited: turns that jobs waited, together.
    """

    inside: float
    milliseconds: float
    waited: int


Place = Callable[[Job, set[str]], list[str] | None]
"""Chooses nodes out of the free ones; None: the job waits."""


def jobs_of(racks: Racks, count: int, seed: int) -> list[Job]:
    """COUNT jobs that fill about four fifths of RACKS."""
    chance = random.Random(seed)  # noqa: S311 # no secret
    sizes = [min(size, racks.nodes) for size in NODES]
    mean = sum(sizes) / len(sizes)
    longest = max(1, round(2 * 0.8 * racks.racks * racks.nodes / mean))
    return [Job(turn, chance.randint(1, longest), chance.choice(sizes)) for turn in range(count)]


def by_fabric(members: Sequence[Member]) -> Place:
    """Places in the fullest domain that fits."""
    by_name = {member.node: member for member in members}

    def place(job: Job, free: set[str]) -> list[str] | None:
        used: dict[str, int] = {}
        for name in by_name.keys() - free:
            pool = pool_of(by_name[name].cluster)
            used[pool] = used.get(pool, 0) + by_name[name].gpus
        wanted = job.nodes * members[0].gpus
        domains: Iterator[Fabric] = (one for one in fabrics_of(members, used) if one.kind == "domain")
        chosen = next((one for one in domains if one.free >= wanted), None)
        if chosen is None:
            return None
        return sorted(member.node for member in chosen.members if member.node in free)[: job.nodes]

    return place


def at_random(seed: int) -> Place:
    """Places anywhere."""
    chance = random.Random(seed)  # noqa: S311 # no secret
    return lambda job, free: chance.sample(sorted(free), job.nodes) if len(free) >= job.nodes else None


def placements(jobs: Sequence[Job], nodes: Sequence[str], place: Place) -> tuple[list[list[str]], int]:
    """(the nodes of each job, turns waited); jobs that wait go first, and hold nobody up."""
    free, running, queue, found = set(nodes), list[tuple[int, list[str]]](), list[Job](), list[list[str]]()
    turn, waited, coming = 0, 0, list(jobs)
    while coming or queue:
        for _, given in (one for one in running if one[0] <= turn):
            free |= set(given)
        running = [one for one in running if one[0] > turn]
        queue += [job for job in coming if job.turn <= turn]
        coming = [job for job in coming if job.turn > turn]
        waiting = []
        for job in queue:
            chosen = place(job, free)
            if chosen is None:
                waiting.append(job)
                continue
            free -= set(chosen)
            running.append((turn + job.turns, chosen))
            found.append(chosen)
        queue, waited, turn = waiting, waited + len(waiting), turn + 1
    return found, waited


def milliseconds(gpus: int, *, inside: bool) -> float:
    """Of an all-reduce of BYTES over GPUS."""
    return 1000 * BYTES * 2 * (gpus - 1) / gpus / (NVLINK if inside else NETWORK)


def measured(racks: Racks, jobs: Sequence[Job], place: Place) -> Measured:
    """Place JOBS."""
    rack = {member.node: member.cluster for member in racks.members()}
    found, waited = placements(jobs, list(rack), place)
    wide = [nodes for nodes in found if len(nodes) > 1]
    pairs = [rack[one] == rack[other] for nodes in wide for one, other in combinations(nodes, 2)]
    times = [
        milliseconds(len(nodes) * racks.gpus, inside=len({rack[node] for node in nodes}) == 1)
        for nodes in wide
    ]
    return Measured(sum(pairs) / max(len(pairs), 1), sum(times) / max(len(times), 1), waited)


def compared(racks: Racks, count: int, seed: int) -> tuple[Measured, Measured]:
    """(by fabric, at random) of the same jobs."""
    jobs = jobs_of(racks, count, seed)
    return measured(racks, jobs, by_fabric(racks.members())), measured(racks, jobs, at_random(seed))


def run(arguments: argparse.Namespace) -> None:
    """Simulate and print.

    Raises:
        ConfigError: a number is too small.
    """
    for name in ("racks", "nodes", "gpus", "jobs"):
        if getattr(arguments, name) < 1:
            message = f"--{name} {getattr(arguments, name)}: wanted at least 1"
            raise ConfigError(message)
    fabric, chance = compared(
        Racks(arguments.racks, arguments.nodes, arguments.gpus), arguments.jobs, arguments.seed
    )
    ratio = chance.milliseconds / fabric.milliseconds if fabric.milliseconds else 1.0
    if arguments.json:
        found = {"fabric": asdict(fabric), "random": asdict(chance), "ratio": ratio}
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, one in (("by fabric", fabric), ("at random", chance)):
        sys.stdout.write(
            f"{name}: {one.inside:6.1%} of the pairs of nodes in one NVLink domain, all-reduce of 1 GiB in "
            f"{one.milliseconds:.1f} ms, jobs waited {one.waited} turns\n"
        )
    sys.stdout.write(f"ratio: an all-reduce is {ratio:.1f} times as fast by fabric (a simulation)\n")
