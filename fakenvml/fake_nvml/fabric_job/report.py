"""What the launcher prints. Pure. The matrix and the line SUM have the form of nvbandwidth 0.7, which scripts look for."""

from collections.abc import Sequence
from dataclasses import dataclass

from fake_nvml.fabric_job.links import Links, between

TEST = "multinode_device_to_device_memcpy_read_ce"


@dataclass(frozen=True, slots=True)
class Rank:
    """One GPU of one worker."""

    host: str
    gpu: int
    name: str
    uuid: str
    links: Links


def header(ranks: Sequence[Rank]) -> str:
    """Who takes part."""
    rows = [
        f"Process {number} ({rank.host}): device {rank.gpu}: {rank.name} ({rank.uuid})"
        for number, rank in enumerate(ranks)
    ]
    return "\n".join([*rows, "", f"Running {TEST}."])


def results(ranks: Sequence[Rank], length: int) -> str:
    """The bandwidth of all pairs, whose bytes were moved and checked."""
    links = sorted({(rank.links.up, rank.links.mb_s) for rank in ranks})
    figures = ", ".join(f"{up} links of {mb_s / 1000:g} GB/s" for up, mb_s in links)
    count = len(ranks) * (len(ranks) - 1)
    rows = [
        f"{number:>2}"
        + "".join(
            "       N/A" if one is other else f"{between(one.links, other.links):>10.2f}" for other in ranks
        )
        for number, one in enumerate(ranks)
    ]
    total = sum(between(one.links, other.links) for one in ranks for other in ranks if one is not other)
    return "\n".join(
        [
            f"moved and checked: {length} bytes for each of {count} pairs",
            f"bandwidth: computed from the model ({figures}), not measured",
            "memcpy CE GPU(row) <- GPU(column) bandwidth (GB/s)",
            "  " + "".join(f"{number:>10}" for number in range(len(ranks))),
            *rows,
            "",
            f"SUM {TEST} {total:.2f}",
        ]
    )
