"""What a whole cluster costs as it grows: hollow nodes with slices of eight GPUs, and one GPU allocated on each of a thousand.

Everything goes through HTTP and every part runs: the claims are made from a template by the controllers, the scheduler
allocates and binds, the kubelets of the chosen nodes wake. Each size has a process of its own, whose peak of memory is
the second figure.
"""

import multiprocessing
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from dra_api.objects import JsonObject
from dra_clusters.bench_api import admin, succeed
from dra_clusters.bench_scheduling import DRIVER, NODES, slice_of
from dra_clusters.embedded import EmbeddedCluster, EmbeddedProvider
from dra_clusters.measures import Measure, measure
from dra_clusters.provider import ClusterOptions
from dra_clusters.raw_client import RawClient

PODS_MAX = 1000
CLASS = "/apis/resource.k8s.io/v1/deviceclasses"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
TEMPLATES = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates"
PODS = "/api/v1/namespaces/default/pods"


def pod_of(index: int) -> JsonObject:
    """A pod that wants one GPU of its own node."""
    container = {"name": "main", "image": "none", "resources": {"claims": [{"name": "gpu"}]}}
    uses = [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]
    place = {"kubernetes.io/hostname": f"hollow-{index}"}
    spec = {"containers": [container], "resourceClaims": uses, "nodeSelector": place}
    return {"metadata": {"name": f"pod-{index}"}, "spec": spec}


def create_devices(client: RawClient, nodes: int) -> None:
    """Slices, a class and a template."""
    for index in range(nodes):
        succeed(client, "POST", SLICES, slice_of(f"hollow-{index}"))
    expression = f'device.attributes["{DRIVER}"].type == "gpu"'
    succeed(
        client,
        "POST",
        CLASS,
        {"metadata": {"name": "gpu"}, "spec": {"selectors": [{"cel": {"expression": expression}}]}},
    )
    wanted = {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}
    succeed(client, "POST", TEMPLATES, {"metadata": {"name": "gpu"}, "spec": {"spec": {"devices": wanted}}})


def bound(cluster: EmbeddedCluster, pods: int, nodes: set[str]) -> None:
    """Follow the pods until PODS of them have a node; NODES gets their names."""
    seen: set[str] = set()
    with admin(cluster).lines(f"{PODS}?watch=1") as stream:
        while len(seen) < pods:
            pod = msgspec.json.decode(next(stream))["object"]
            if node := pod["spec"].get("nodeName"):
                seen.add(pod["metadata"]["uid"])
                nodes.add(node)


def peak_mb() -> int:
    """The most memory that this process held; ``ru_maxrss`` includes the process that started it."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) // 1024


def idle_mb() -> int:
    """Memory of a cluster with all parts and one node that has just become ready."""
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder)))
        client = admin(cluster)
        succeed(client, "GET", "/readyz")
        client.close()
        cluster.down()
    return peak_mb()


def run_size(nodes: int) -> tuple[float, float, int, int]:
    """(ms until all pods are bound, ms of CPU, peak of memory in MB, nodes that got one) of a cluster of NODES."""
    pods = min(nodes, PODS_MAX)
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        cluster = EmbeddedProvider().up(ClusterOptions(directory=Path(folder), nodes=(), hollow=nodes))
        client = admin(cluster)
        create_devices(client, nodes)
        chosen: set[str] = set()
        watching = threading.Thread(target=bound, args=(cluster, pods, chosen))
        start, begun = time.perf_counter(), time.process_time()
        watching.start()
        for index in range(pods):
            succeed(client, "POST", PODS, pod_of(index))
        watching.join()
        took, cpu = (time.perf_counter() - start) * 1000, (time.process_time() - begun) * 1000
        client.close()
        cluster.down()
    return took, cpu, peak_mb(), len(chosen)


def bench_idle() -> Measure:
    """Memory of a cluster that has nothing to do."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return measure("memory_idle", "MB", [process.submit(idle_mb).result()])


def bench_scale(nodes: int) -> list[Measure]:
    """Milliseconds and CPU a pod, and memory, for a cluster of NODES."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        took, cpu, memory, _ = process.submit(run_size, nodes).result()
    return [
        measure(f"templated_pod_on_{nodes}_nodes", "ms", [took / min(nodes, PODS_MAX)]),
        measure(f"cpu_of_templated_pod_on_{nodes}_nodes", "ms cpu", [cpu / min(nodes, PODS_MAX)]),
        measure(f"memory_of_{nodes}_nodes", "MB", [memory]),
    ]


def bench_scales() -> list[Measure]:
    """Nothing to do, then all sizes."""
    return [bench_idle(), *(row for nodes in NODES for row in bench_scale(nodes))]
