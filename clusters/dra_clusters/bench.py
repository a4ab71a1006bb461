"""``dra-cluster bench``: what the embedded provider costs, over its own HTTP, beside floors of the same run.

The floor of a request is ``/readyz``, which does nothing; of a start, an empty event loop in a thread.
"""

import asyncio
import functools
import http.client
import json
import ssl
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from dra_clusters.bench_scheduling import NODES, bench_scheduling
from dra_clusters.embedded.cluster import EmbeddedCluster, EmbeddedProvider
from dra_clusters.measures import Measure, measure, print_measures, timed
from dra_clusters.provider import ClusterOptions

GROUP = "/apis/resource.k8s.io/v1"


class Http:
    """One kept connection with the administrator's token."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        config = json.loads(cluster.kubeconfig.read_text())
        host, _, port = cluster.url.removeprefix("https://").partition(":")
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        self._connection = http.client.HTTPSConnection(host, int(port), context=tls, timeout=30)
        self._headers = {
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "Content-Type": "application/json",
        }

    def __call__(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer's body."""
        raw = None if body is None else json.dumps(body)
        self._connection.request(method, path, raw, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            message = f"{method} {path}: {answer.status} {data[:200]!r}"
            raise RuntimeError(message)
        return data

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def slice_of(index: int) -> dict[str, Any]:
    """A node's slice with eight devices."""
    devices = [
        {
            "name": f"gpu-{number}",
            "attributes": {"type": {"string": "gpu"}, "index": {"int": number}},
            "capacity": {"memory": {"value": "80Gi"}},
        }
        for number in range(8)
    ]
    pool = {"name": f"node-{index:04}", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "gpu.example.com", "nodeName": f"node-{index:04}", "pool": pool, "devices": devices}
    return {"metadata": {"name": f"slice-{index:04}"}, "spec": spec}


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
            http = Http(cluster)
            http("GET", "/readyz")
            values.append((time.perf_counter() - start) * 1000)
            http.close()
            cluster.down()
    return [loops, measure("ready", "ms", values, loops)]


def bench_requests(http: Http) -> list[Measure]:
    """Single requests, and a list of a thousand slices."""
    floor = measure("readyz", "ms", [timed(lambda: http("GET", "/readyz")) for _ in range(300)])
    make = functools.partial(http, "POST", f"{GROUP}/resourceslices")
    creates = [timed(functools.partial(make, slice_of(index))) for index in range(1000)]
    gets = [timed(lambda: http("GET", f"{GROUP}/resourceslices/slice-0007")) for _ in range(300)]
    lists = [timed(lambda: http("GET", f"{GROUP}/resourceslices")) for _ in range(20)]
    return [
        floor,
        measure("get", "ms", gets, floor),
        measure("create", "ms", creates, floor),
        measure("list_1000_slices", "ms", lists, floor),
    ]


def run_bench(*, as_json: bool) -> int:
    """Measure everything and print it."""
    measures = bench_start()
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder), parts=frozenset({"api"})))
        http = Http(cluster)
        measures += bench_requests(http)
        http.close()
        cluster.down()
    measures += [bench_scheduling(nodes) for nodes in NODES]
    print_measures(measures, as_json=as_json)
    return 0
