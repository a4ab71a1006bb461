"""Writes ``racks/trays_generated.json``: what the reference driver publishes on one tray of each machine that is one of a rack.

``python -m dra_clusters.generate_trays [--check]`` serves such a tray, runs the driver on it against an API server without
nodes, and takes what it writes. So hollow nodes say what real ones would.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from dra_api.objects import ResourceSliceSpec
from dra_clusters.embedded import EmbeddedProvider
from dra_clusters.provider import ClusterOptions, RackOptions
from dra_clusters.racks import slices
from dra_clusters.racks.layout import ask_layout
from dra_clusters.racks.running import SLICES
from dra_clusters.raw_client import RawClient

MACHINES = ("gb200-nvl72", "gb300-nvl72", "vr200-nvl72")
TARGET = Path(__file__).parent / "racks" / slices.TEMPLATES


def published(machine: str) -> ResourceSliceSpec:
    """What the driver publishes on the first tray, without its identity."""
    racks = RackOptions(machine=machine, nodes=1, full=1)
    with (
        tempfile.TemporaryDirectory(prefix="dra-trays-") as folder,
        EmbeddedProvider().up(ClusterOptions(directory=Path(folder), racks=racks)) as cluster,
        RawClient(cluster.kubeconfig) as client,
    ):
        found = client.send("GET", SLICES).expect(HTTPStatus.OK)["items"]
    [item] = found
    return slices.as_template(item["spec"], ask_layout(racks).trays[0])


def main(arguments: Sequence[str]) -> int:
    """Write the file; with ``--check`` compare instead, and exit with 1 if it differs."""
    text = json.dumps({name: published(name) for name in MACHINES}, indent=1) + "\n"
    if "--check" not in arguments:
        TARGET.write_text(text)
        return 0
    if text != TARGET.read_text():
        sys.stderr.write(
            f"{TARGET} is not what the driver publishes; run python -m dra_clusters.generate_trays\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
