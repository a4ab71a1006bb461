"""``dra-cluster bench``: what the embedded provider costs, over its own HTTP, beside floors of the same run.

The floor of a start is an empty event loop in a thread; requests are in ``bench_api``, the
scheduler alone in ``bench_scheduling``, whole clusters of many nodes in ``bench_scale``.
"""

import asyncio
import tempfile
import threading
import time
from pathlib import Path

from dra_clusters.bench_api import admin, bench_requests, succeed
from dra_clusters.bench_scale import bench_scales
from dra_clusters.bench_scheduling import NODES, bench_scheduling
from dra_clusters.embedded import EmbeddedProvider
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
            with admin(cluster) as client:
                succeed(client, "GET", "/readyz")
                values.append((time.perf_counter() - start) * 1000)
            cluster.down()
    return [loops, measure("ready", "ms", values, loops)]


def run_bench(*, as_json: bool) -> int:
    """Measure everything and print it."""
    measures = bench_start()
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder), parts=frozenset({"api"})))
        measures += bench_requests(cluster)
        cluster.down()
    measures += [bench_scheduling(nodes) for nodes in NODES]
    measures += bench_scales()
    print_measures(measures, as_json=as_json)
    return 0
