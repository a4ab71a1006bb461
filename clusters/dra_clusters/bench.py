"""``dra-cluster bench``: what the embedded provider costs, over its own HTTP, beside floors of the same run.

The floor of a start is an empty event loop in a thread; requests are in ``bench_api``.
"""

import asyncio
import tempfile
import threading
import time
from pathlib import Path

from dra_clusters.bench_api import admin, bench_requests, slice_of
from dra_clusters.embedded.allocator import allocate, offers_of
from dra_clusters.embedded.cluster import EmbeddedProvider
from dra_clusters.measures import Measure, measure, print_measures, timed
from dra_clusters.provider import ClusterOptions


def empty_loop() -> None:
    """A thread with an event loop that does nothing."""
    thread = threading.Thread(target=lambda: asyncio.run(asyncio.sleep(0)))
    thread.start()
    thread.join()


def bench_start(count: int = 10) -> list[Measure]:
    """From nothing to an answer."""
    loops = measure("empty_loop", "ms", [timed(empty_loop) for _ in range(count)])
    values = []
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
            start = time.perf_counter()
            cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder)))
            http = admin(cluster)
            http("GET", "/readyz")
            values.append((time.perf_counter() - start) * 1000)
            http.close()
            cluster.down()
    return [loops, measure("ready", "ms", values, loops)]


def bench_allocation() -> list[Measure]:
    """A thousand claims of one device over 125 nodes' slices, one after the other; milliseconds for all."""
    slices = [slice_of(index) for index in range(125)]
    selector = {"cel": {"expression": 'device.attributes["gpu.example.com"].type == "gpu"'}}
    classes = {"gpu": {"spec": {"selectors": [selector]}}}
    request = {
        "name": "gpu",
        "exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1},
    }
    spec = {"devices": {"requests": [request]}}

    def allocate_all() -> None:
        taken: frozenset[tuple[str, str, str]] = frozenset()
        offers = {index: offers_of(slices, f"node-{index:04}") for index in range(125)}
        for claim in range(1000):
            node = claim // 8
            found = allocate(spec, classes=classes, offers=offers[node], taken=taken, node=f"node-{node:04}")
            [result] = found["devices"]["results"]
            taken |= {(result["driver"], result["pool"], result["device"])}

    return [measure("allocate_1000", "ms", [timed(allocate_all) for _ in range(3)])]


def run_bench(*, as_json: bool) -> int:
    """Measure everything and print it."""
    measures = bench_start()
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder), parts=frozenset({"api"})))
        measures += bench_requests(cluster)
        cluster.down()
    measures += bench_allocation()
    print_measures(measures, as_json=as_json)
    return 0
