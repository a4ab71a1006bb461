"""What scheduling costs: pods with one device each on growing clusters, through the in-process API and without HTTP."""

import asyncio

from dra_api.objects import JsonObject
from dra_clusters.measures import Measure, measure, timed
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.bare import bare_api
from kube_emulator.scheduler.scheduler import run_scheduler

NODES = (10, 100, 1000, 5000)
DRIVER = "gpu.example.com"


def slice_of(node: str) -> JsonObject:
    """A node's slice with eight devices."""
    devices = [{"name": f"gpu-{n}", "attributes": {"type": {"string": "gpu"}}} for n in range(8)]
    pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": DRIVER, "nodeName": node, "pool": pool, "devices": devices}
    return {"metadata": {"name": node}, "spec": spec}


def bench_scheduling(nodes: int) -> Measure:
    """A claim and a pod for one GPU of each of NODES nodes with eight, all scheduled; milliseconds per claim."""
    api = bare_api()
    api.create("namespaces", {"metadata": {"name": "default"}})
    expression = 'device.attributes["gpu.example.com"].type == "gpu"'
    api.create(
        "deviceclasses",
        {"metadata": {"name": "gpu"}, "spec": {"selectors": [{"cel": {"expression": expression}}]}},
    )
    wanted = {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}
    for index in range(nodes):
        api.create("nodes", {"metadata": {"name": f"node-{index:04}"}, "spec": {}})
        api.create("resourceslices", slice_of(f"node-{index:04}"))
        place = {"name": f"pod-{index}", "namespace": "default"}
        api.create("resourceclaims", {"metadata": dict(place), "spec": {"devices": wanted}})
        uses = [{"name": "gpu", "resourceClaimName": f"pod-{index}"}]
        containers = [{"name": "main", "image": "none"}]
        api.create(
            "pods", {"metadata": dict(place), "spec": {"containers": containers, "resourceClaims": uses}}
        )
    took = timed(lambda: asyncio.run(schedule_all(api, nodes)))
    return measure(f"schedule_{nodes}_nodes_per_claim", "ms", [took / nodes])


async def schedule_all(api: Api, pods: int) -> None:
    """Run the scheduler until PODS pods are bound."""
    changes, bound = api.store.subscribe(), 0
    task = asyncio.ensure_future(run_scheduler(api))
    while bound < pods:
        change = await changes.get()
        if change is not None and change.plural == "pods" and change.before and change.after:
            had, has = ("nodeName" in item.value["spec"] for item in (change.before, change.after))
            bound += has and not had
    task.cancel()
