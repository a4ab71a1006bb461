"""Writes the Grafana dashboard ``chart/dashboard_generated.json``; ``--check`` compares.

Made with Grafana's own library (dependency group ``generate``), whose classes are Grafana's schema. A story lets a real
Prometheus scrape the driver and asks it every query of this file.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef, GridPos

OUTPUT = Path(__file__).parent / "chart/dashboard_generated.json"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
OF = 'instance=~"$instance"'
WIDTH, NUMBERS = 24, 6


class Graph(NamedTuple):
    """A panel over time, or a number.

    Attributes:
        text: what it says and what to do about it.
        legend: by which labels its lines are named.
    """

    title: str
    text: str
    query: str
    unit: str = "short"
    legend: str = ""


NOW = (
    Graph("Nodes", "Drivers that Prometheus sees.", f"count(dra_driver_build_info{{{OF}}})"),
    Graph("Registered", "Drivers that their kubelet registered.", f"sum(dra_kubelet_registered{{{OF}}})"),
    Graph("Published", "Drivers whose slices are as they want them.", f"sum(dra_slices_published{{{OF}}})"),
    Graph("Devices", "Devices that are offered.", f"sum(dra_devices{{{OF}}})"),
    Graph("Prepared claims", "Claims that are prepared now.", f"sum(dra_prepared_claims{{{OF}}})"),
    Graph("Unreadable GPUs", "GPUs that NVML cannot read.", f"sum(dra_unreadable_gpus{{{OF}}})"),
)
ROWS: dict[str, tuple[Graph, ...]] = {
    "Claims": (
        Graph(
            "Operations",
            "Claims prepared and unprepared per second. Results other than ok say who can remove the cause:"
            " claim (its author), api (the API server), node (hardware, disk), internal (the driver).",
            f"sum by (operation, result) (rate(dra_claim_operations_total{{{OF}}}[$__rate_interval]))",
            "ops",
            "{{operation}} {{result}}",
        ),
        Graph(
            "Duration, median",
            "Half of the claims take longer.",
            "histogram_quantile(0.5, sum by (le, operation)"
            f" (rate(dra_claim_operation_duration_seconds_bucket{{{OF}}}[$__rate_interval])))",
            "s",
            "{{operation}}",
        ),
        Graph(
            "Duration, 99th percentile",
            "The kubelet gives up after 45 s.",
            "histogram_quantile(0.99, sum by (le, operation)"
            f" (rate(dra_claim_operation_duration_seconds_bucket{{{OF}}}[$__rate_interval])))",
            "s",
            "{{operation}}",
        ),
    ),
    "Steps": (
        Graph(
            "Time in steps",
            "Seconds per second in each step: what claims wait for.",
            f"sum by (step, operation) (rate(dra_step_duration_seconds_sum{{{OF}}}[$__rate_interval]))",
            "s",
            "{{operation}} {{step}}",
        ),
        Graph(
            "Duration of a step, 99th percentile",
            "Making a MIG device takes most of its time in NVML.",
            "histogram_quantile(0.99, sum by (le, step)"
            f" (rate(dra_step_duration_seconds_bucket{{{OF}}}[$__rate_interval])))",
            "s",
            "{{step}}",
        ),
        Graph(
            "Failed steps",
            "The log of the driver has the claim and the reason.",
            f"sum by (step, operation) (rate(dra_step_errors_total{{{OF}}}[$__rate_interval]))",
            "ops",
            "{{operation}} {{step}}",
        ),
    ),
    "Devices": (
        Graph(
            "Claims by type of device",
            "For how many claims devices are prepared.",
            f"sum by (type) (dra_device_claims{{{OF}}} * on (instance, device) group_left (type) dra_device_info{{{OF}}})",
            legend="{{type}}",
        ),
        Graph(
            "Memory of prepared devices",
            "Memory of the devices that at least one claim has.",
            f"sum by (instance) (dra_device_memory_bytes{{{OF}}} * on (instance, device) (dra_device_claims{{{OF}}} > bool 0))",
            "bytes",
            "{{instance}}",
        ),
        Graph(
            "Tainted devices",
            "By the key of the taint; no new pod gets them.",
            f"sum by (key) (dra_device_tainted{{{OF}}})",
            legend="{{key}}",
        ),
    ),
    "Driver": (
        Graph(
            "Interruptions of publishing",
            "Errors of the API server after which publishing began again.",
            f"sum by (instance) (rate(dra_publish_interruptions_total{{{OF}}}[$__rate_interval]))",
            "ops",
            "{{instance}}",
        ),
        Graph(
            "Failed scans",
            "Scans of the hardware that failed; what was published stays.",
            f"sum by (instance) (rate(dra_scan_errors_total{{{OF}}}[$__rate_interval]))",
            "ops",
            "{{instance}}",
        ),
        Graph(
            "Memory of the driver",
            "Resident memory of the process.",
            f"process_resident_memory_bytes{{{OF}}} and on (instance) dra_driver_build_info",
            "bytes",
            "{{instance}}",
        ),
    ),
}


def target(graph: Graph) -> prometheus.Dataquery:
    """The query of a panel."""
    return prometheus.Dataquery().expr(graph.query).legend_format(graph.legend).ref_id("A")


def number(graph: Graph, column: int) -> stat.Panel:
    """A number of now."""
    return (
        stat.Panel()
        .title(graph.title)
        .description(graph.text)
        .datasource(SOURCE)
        .unit(graph.unit)
        .with_target(target(graph))
        .grid_pos(GridPos(h=4, w=WIDTH // NUMBERS, x=column * (WIDTH // NUMBERS), y=0))
    )


def lines(graph: Graph) -> timeseries.Panel:
    """Lines over time."""
    return (
        timeseries.Panel()
        .title(graph.title)
        .description(graph.text)
        .datasource(SOURCE)
        .unit(graph.unit)
        .with_target(target(graph))
        .height(8)
        .span(WIDTH // 3)
    )


def built() -> str:
    """The dashboard as JSON."""
    board = (
        dashboard.Dashboard("DRA driver for NVIDIA GPUs")
        .uid("dra-driver")
        .tags(["dra", "gpu"])
        .refresh("30s")
        .time("now-1h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("instance")
            .datasource(SOURCE)
            .query("label_values(dra_driver_build_info, instance)")
            .include_all(True)
            .all_value(".*")
            .multi(True)
        )
    )
    for column, graph in enumerate(NOW):
        board = board.with_panel(number(graph, column))
    for title, graphs in ROWS.items():
        board = board.with_row(dashboard.Row(title))
        for graph in graphs:
            board = board.with_panel(lines(graph))
    return f"{JSONEncoder(sort_keys=True, indent=2).encode(board.build())}\n"


def main() -> int:
    """Write the file, or with ``--check`` compare it; 1 if it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is stale")
    if not parser.parse_args().check:
        OUTPUT.write_text(built())
        return 0
    if not OUTPUT.exists() or OUTPUT.read_text() != built():
        print(f"stale: {OUTPUT}; run python {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
