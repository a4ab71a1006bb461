"""``dra-cluster bench --racks 1,10,100``: what racks of GPUs are for an API server, with hollow nodes in the emulator's store.

No HTTP, no kubelets and no controllers: the verbs of the API over the store, and the scheduler. What is counted (objects, bytes,
writes) is the same for a real API server; what is timed is this one in Python, in seconds of CPU: nothing waits for anything outside of
the process, so this is the time on a machine that does nothing else, also where it does. docs/SCALE.md says what follows. Each size has a
process of its own, whose peak of memory is a figure too.
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypedDict

import msgspec
from rich.console import Console
from rich.table import Table

from dra_api.objects import JsonObject
from dra_clusters.bench_scale import peak_mb
from dra_clusters.provider import RackOptions
from dra_clusters.racks.layout import CLIQUE_LABEL, Layout, Tray, ask_layout
from dra_clusters.racks.running import gpu_class
from dra_clusters.racks.slices import slice_of, template_of
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.bare import bare_api
from kube_emulator.clock import Clock
from kube_emulator.kubelet.node_object import RENEW_S, first_boot_id, node_object, node_status, renew_lease
from kube_emulator.scheduler.scheduler import run_scheduler

JOBS_MAX = 20
"""Jobs that are placed, one after the other, each in a rack of its own."""
KINDS = ("nodes", "leases", "resourceslices")
POD_WRITES = 9
"""Writes when a DaemonSet replaces the driver's pod of a node: deletion, end of its containers, removal; creation, binding, four of its status."""


class Figures(TypedDict):
    """One size.

    Attributes:
        json_mb: what the objects are as JSON; etcd has nodes and leases in protobuf, which is smaller; slices too.
        memory_mb: the most that the process held.
        lease_writes_s: writes a second while nothing happens.
        lease_share: of RENEW_S, how long this store needs to renew all leases once.
        upgrade_writes: when each node gets a new driver that publishes another version.
        slice_write_ms: one write of a slice that changes.
        upgrade_mb: JSON of all slices that are written.
        pod_ms, job_ms: 50th, 95th and 99th percentile from creation to binding, of a pod and of the last pod of a job.
    """

    racks: int
    nodes: int
    gpus: int
    objects: dict[str, int]
    json_mb: dict[str, float]
    memory_mb: int
    lease_writes_s: float
    lease_share: float
    upgrade_writes: int
    slice_write_ms: float
    upgrade_mb: float
    pod_ms: tuple[float, float, float]
    job_ms: tuple[float, float, float]


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th percentile of VALUES."""
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.95, 0.99)]
    return round(statistics.median(ordered), 2), round(at[0], 2), round(at[1], 2)


def fill(api: Api, clock: Clock, layout: Layout) -> None:
    """Create the nodes with their leases and slices, the class, and the namespaces."""
    for name in ("default", "kube-node-lease"):
        api.create("namespaces", {"metadata": {"name": name}})
    template = template_of(layout.machine)
    api.create("deviceclasses", gpu_class(template["driver"]))
    labels = layout.labels
    for number, tray in enumerate(layout.trays):
        made = api.create("nodes", node_object(tray.name, labels[tray.name])).value
        boot = first_boot_id(tray.name)
        status = node_status(
            tray.name, number, release=api.release, gates=api.gates, boot_id=boot, now=clock.stamp()
        )
        api.update("nodes", {**made, "status": status}, subresource="status")
        renew_lease(api, clock, tray.name)
        item = slice_of(template, tray, layout.links)
        owner = {"apiVersion": "v1", "kind": "Node", "name": tray.name, "uid": made["metadata"]["uid"]}
        api.create("resourceslices", {**item, "metadata": {**item["metadata"], "ownerReferences": [owner]}})


def each_ms(work: Callable[[Tray], None], trays: Iterable[Tray]) -> float:
    """Milliseconds of WORK for one of TRAYS."""
    trays = list(trays)
    start = time.process_time()
    for tray in trays:
        work(tray)
    return (time.process_time() - start) * 1000 / len(trays)


def upgraded(api: Api, tray: Tray, driver: str) -> None:
    """Publish what a newer driver of the GPU says: one attribute of each device is another."""
    item = api.find("resourceslices", f"{tray.name}-{driver}-0")
    assert item is not None
    devices = [
        {**device, "attributes": {**device["attributes"], "driverVersion": {"version": "999.0.0"}}}
        for device in item["spec"]["devices"]
    ]
    api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": devices}})


def create_pod(api: Api, name: str, clique: str, gpus: int) -> None:
    """A pod of a job that wants all GPUs of a node of one clique, and its claim."""
    [driver] = [item["metadata"]["name"] for item in api.values("deviceclasses")]
    exactly = {"deviceClassName": driver, "count": gpus}
    place = {"name": name, "namespace": "default"}
    api.create(
        "resourceclaims",
        {"metadata": dict(place), "spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
    )
    spec: JsonObject = {
        "nodeSelector": {CLIQUE_LABEL: clique},
        "containers": [{"name": "main", "image": "none"}],
        "resourceClaims": [{"name": "gpu", "resourceClaimName": name}],
    }
    api.create("pods", {"metadata": dict(place), "spec": spec})


async def place_jobs(api: Api, layout: Layout) -> tuple[list[float], list[float]]:
    """(ms of each pod, ms of each job): jobs with a pod for each node of a rack, in as many racks as there are jobs."""
    cliques = {tray.rack: f"{tray.domain}.{tray.clique}" for tray in layout.trays}
    racks = list(cliques)[:: max(1, len(cliques) // JOBS_MAX)][:JOBS_MAX]
    nodes, gpus = sum(tray.rack == 0 for tray in layout.trays), len(layout.trays[0].uuids)
    changes = api.store.subscribe(("pods",))
    scheduler = asyncio.ensure_future(run_scheduler(api))
    await asyncio.sleep(0)  # it reads all objects before it looks at the first pod
    pods: list[float] = []
    jobs: list[float] = []
    for rack in racks:
        begun: dict[str, float] = {}
        for number in range(nodes):
            name = f"job-{rack}-{number}"
            begun[name] = time.process_time()
            create_pod(api, name, cliques[rack], gpus)
        first = min(begun.values())
        while begun:
            change = await changes.get()
            after = change.after.value if change is not None and change.after is not None else {}
            if after and after["spec"].get("nodeName") and after["metadata"]["name"] in begun:
                pods.append((time.process_time() - begun.pop(after["metadata"]["name"])) * 1000)
        jobs.append((time.process_time() - first) * 1000)
    scheduler.cancel()
    return pods, jobs


def run_size(racks: int, machine: str) -> Figures:
    """The figures of one size, in this process."""
    layout = ask_layout(RackOptions(machine=machine, racks=racks))
    clock = Clock()
    api = bare_api(clock=clock)
    fill(api, clock, layout)
    nodes = len(layout.trays)
    sizes = {kind: [len(item.raw) for item in api.store.all(kind)] for kind in KINDS}
    driver = template_of(layout.machine)["driver"]
    renewal_ms = each_ms(lambda tray: renew_lease(api, clock, tray.name), layout.trays)
    pods, jobs = asyncio.run(place_jobs(api, layout))
    write_ms = each_ms(lambda tray: upgraded(api, tray, driver), layout.trays)
    return {
        "racks": racks,
        "nodes": nodes,
        "gpus": sum(len(tray.uuids) for tray in layout.trays),
        "objects": {kind: len(found) for kind, found in sizes.items()},
        "json_mb": {kind: round(sum(found) / 1e6, 2) for kind, found in sizes.items()},
        "memory_mb": peak_mb(),
        "lease_writes_s": nodes / RENEW_S,
        "lease_share": round(renewal_ms * nodes / 1000 / RENEW_S, 3),
        "upgrade_writes": nodes * (POD_WRITES + 1),
        "slice_write_ms": round(write_ms, 3),
        "upgrade_mb": round(sum(sizes["resourceslices"]) / 1e6, 2),
        "pod_ms": percentiles(pods),
        "job_ms": percentiles(jobs),
    }


def show(rows: Sequence[Figures], *, as_json: bool) -> None:
    """The sizes beside each other."""
    if as_json:
        sys.stdout.write(json.dumps({"racks": rows}, indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("racks")
    for row in rows:
        table.add_column(str(row["racks"]), justify="right")
    lines: dict[str, Callable[[Figures], str]] = {
        "nodes, GPUs": lambda row: f"{row['nodes']}, {row['gpus']}",
        "objects": lambda row: str(sum(row["objects"].values())),
        "JSON of slices, MB": lambda row: f"{row['json_mb']['resourceslices']:g}",
        "JSON of nodes and leases, MB": lambda row: (
            f"{row['json_mb']['nodes'] + row['json_mb']['leases']:.2f}"
        ),
        "memory, MB": lambda row: str(row["memory_mb"]),
        "steady writes a second": lambda row: f"{row['lease_writes_s']:g}",
        "share of the store's time for leases": lambda row: f"{row['lease_share']:.1%}",
        "writes of a rolling upgrade": lambda row: str(row["upgrade_writes"]),
        "one changed slice, ms": lambda row: f"{row['slice_write_ms']:g}",
        "slices of an upgrade, MB": lambda row: f"{row['upgrade_mb']:g}",
        "pod placed, ms: p50 p95 p99": lambda row: " ".join(f"{value:g}" for value in row["pod_ms"]),
        "job of a rack placed, ms: p50 p95 p99": lambda row: " ".join(
            f"{value:g}" for value in row["job_ms"]
        ),
    }
    for name, cell in lines.items():
        table.add_row(name, *(cell(row) for row in rows))
    Console(highlight=False, width=140).print(table)


def bench_racks(sizes: Sequence[int], machine: str, *, as_json: bool) -> int:
    """Measure each size in a process of its own, and print the figures.

    Raises:
        UsageError: no such machine.
    """
    rows: list[Figures] = []
    for size in sizes:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            rows.append(msgspec.convert(process.submit(run_size, size, machine).result(), Figures))
    show(rows, as_json=as_json)
    return 0
