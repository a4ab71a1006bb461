"""The Node object and its heartbeat, as a kubelet writes them (kubelet nodestatus/setters.go and nodelease, 1.36).

Addresses come from 198.18.0.0/15, which RFC 2544 keeps for tests of networks and nobody routes: nodes from its lower
half, pods from its upper half. Capacity is that of a big server, the same everywhere. A lease shows that a kubelet
is alive; the Node itself changes only when something about the node does.
"""

import ipaddress
import time
import uuid
from collections.abc import Mapping

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.clock import Clock
from kube_emulator.events import record_event
from kube_emulator.kubelet.runtime import RUNTIME
from kube_emulator.releases.release import Release

LEASES = "kube-node-lease"
LEASE_S, RENEW_S = 40, 10.0
NODE_ADDRESSES = ipaddress.IPv4Network("198.18.0.0/16")
POD_ADDRESSES = ipaddress.IPv4Network("198.19.0.0/16")
RUN_ADDRESSES = ipaddress.IPv4Network("127.19.0.0/16")
"""Of pods whose commands run as processes: they can listen there, and pods of all nodes reach each other."""
CAPACITY = {
    "cpu": "128",
    "memory": "1056Gi",
    "ephemeral-storage": "1Ti",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    "pods": "110",
}
PRESSURES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}
DECLARED = frozenset({"DRAOptionalNodeOperations"})
"""Gates of which the scheduler must know whether the kubelet has them (component-helpers/nodedeclaredfeatures, 1.37)."""
READY = ("KubeletReady", "kubelet is posting ready status")


def address(network: ipaddress.IPv4Network, number: int) -> str:
    """The address NUMBER of a network; it begins again after the last one."""
    return str(network[1 + number % (network.num_addresses - 2)])


def machine_id(name: str) -> str:
    """A machine's own id: the same for the same name."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex


def node_object(name: str, labels: Mapping[str, str] | None = None) -> JsonObject:
    """The Node that a kubelet registers."""
    system = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
    }
    return {"metadata": {"name": name, "labels": {**system, **(labels or {})}}, "spec": {}, "status": {}}


def node_status(
    name: str, number: int, *, release: Release, gates: frozenset[str], boot_id: str, now: str
) -> JsonObject:
    """The status of the Node NAME, the NUMBER-th of its cluster."""
    features = sorted(DECLARED & gates)
    conditions = [condition(kind, "False", *why, now) for kind, why in PRESSURES.items()]
    return {
        "addresses": [
            {"type": "InternalIP", "address": address(NODE_ADDRESSES, number)},
            {"type": "Hostname", "address": name},
        ],
        "capacity": CAPACITY,
        "allocatable": CAPACITY,
        "conditions": [*conditions, condition("Ready", "True", *READY, now)],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": boot_id,
            "containerRuntimeVersion": f"{RUNTIME}://1.0.0",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": f"v{release}.0",
            "machineID": machine_id(name),
            "operatingSystem": "linux",
            "osImage": "embedded",
            "systemUUID": str(uuid.UUID(machine_id(name))),
        },
    } | ({"declaredFeatures": features} if features else {})


def condition(kind: str, status: str, reason: str, message: str, now: str) -> JsonObject:
    """A NodeCondition."""
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {"type": kind, "status": status, "reason": reason, "message": message} | times


def first_boot_id(name: str) -> str:
    """The boot id of a node that was never restarted."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"boot.{name}"))


def record_reboot(api: Api, name: str, boot_id: str) -> None:
    """Write the new boot id, and the event of it."""
    node = api.find("nodes", name)
    if node is None:
        return
    info = {**node["status"]["nodeInfo"], "bootID": boot_id}
    changed = {**node, "status": {**node["status"], "nodeInfo": info}}
    api.update("nodes", changed, subresource="status")
    message = f"Node {name} has been rebooted, boot id: {boot_id}"
    record_event(api, node, reason="Rebooted", message=message, source="kubelet")


def renew_lease(api: Api, clock: Clock, name: str) -> None:
    """Renew the lease of the node NAME."""
    node = api.find("nodes", name)
    if node is None:
        return
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(clock.time()))
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    lease = {
        "metadata": {"name": name, "namespace": LEASES, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_S, "renewTime": stamp},
    }
    found = api.find("leases", name, LEASES)
    if found is None:
        api.create("leases", lease)
    else:
        api.update("leases", {**found, "spec": {**found["spec"], "renewTime": stamp}})
