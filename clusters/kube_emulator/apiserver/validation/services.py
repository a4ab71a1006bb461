"""Services: the addresses and ports that the server gives them, their status, and their rules.

After pkg/registry/core/service (storage/alloc.go, storage/storage.go, strategy.go) and ValidateService in pkg/apis/core/validation
(1.37). Which addresses and ports are taken is read from the Services that there are, so nothing is allocated that could
leak. Clusters here have IPv4 only.
"""

import ipaddress
from collections.abc import Iterable, Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from kube_emulator.apiserver.validation.containers import port, protocol
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.metadata import labels

SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
ADDRESSES = ipaddress.ip_network("10.0.0.0/16")
"""Larger than kube-apiserver's default, 10.0.0.0/24: nothing is behind the addresses, so there is no reason to run out."""
NODE_PORTS = range(30000, 32768)
"""kube-apiserver's default ``--service-node-port-range``."""
HEADLESS = "None"
IP_MODES = ("Proxy", "VIP")
TAKEN = "provided port is already allocated"


def needs_address(item: JsonObject) -> bool:
    """Whether a Service of its type has a cluster IP; ``None`` counts as one."""
    return bool(item["spec"].get("type") != "ExternalName")


def needs_node_ports(item: JsonObject) -> bool:
    """Whether a Service of its type may have node ports."""
    return item["spec"].get("type") in ("NodePort", "LoadBalancer")


def gets_node_ports(item: JsonObject) -> bool:
    """Whether missing node ports are given."""
    spec = item["spec"]
    return spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def addresses_of(item: JsonObject) -> list[str]:
    """``clusterIPs``."""
    return list(item["spec"].get("clusterIPs") or ())


def node_ports_of(item: JsonObject) -> set[int]:
    """The node ports of a Service."""
    return {entry["nodePort"] for entry in item["spec"].get("ports") or () if entry.get("nodePort")}


def prepare(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    """Give a Service what it needs and does not have; take what its new type does not have."""
    if old is not None:
        _sync(new, old)
        _inherit(new, old)
        _leave_type(new, old)
    elif new["spec"].get("clusterIP") and not new["spec"].get("clusterIPs"):
        new["spec"]["clusterIPs"] = [new["spec"]["clusterIP"]]
    if needs_address(new):
        new["spec"].setdefault("ipFamilies", ["IPv4"])
        new["spec"].setdefault("ipFamilyPolicy", "SingleStack")
    others = [item for item in context.services() if not _is_same(item, new)]
    if needs_address(new) and not new["spec"].get("clusterIP"):
        _give_address(new, others)
    if gets_node_ports(new):
        _give_node_ports(new, others)


def _is_same(one: JsonObject, other: JsonObject) -> bool:
    members = ("namespace", "name")
    return all(one["metadata"].get(member) == other["metadata"].get(member) for member in members)


def _sync(new: JsonObject, old: JsonObject) -> None:
    """What an old client means that writes ``clusterIP`` alone (normalizeClusterIPs)."""
    spec, before = new["spec"], old["spec"]
    same = addresses_of(new) == addresses_of(old)
    address, had = spec.get("clusterIP") or "", before.get("clusterIP") or ""
    if addresses_of(old) and not addresses_of(new) and address == had:
        spec["clusterIPs"] = before["clusterIPs"]
    elif address != had and same:
        spec["clusterIPs"] = [address] if address else []


def _inherit(new: JsonObject, old: JsonObject) -> None:
    """Keep what was given before and is not written again (patchAllocatedValues)."""
    if needs_address(old) and needs_address(new):
        for name in ("clusterIP", "clusterIPs"):
            if not new["spec"].get(name) and old["spec"].get(name):
                new["spec"][name] = old["spec"][name]
    if needs_node_ports(old) and needs_node_ports(new):
        used = node_ports_of(old) & node_ports_of(new)
        known = {entry.get("name", ""): entry.get("nodePort") for entry in old["spec"].get("ports") or ()}
        for entry in new["spec"].get("ports") or ():
            kept = known.get(entry.get("name", ""))
            if not entry.get("nodePort") and kept and kept not in used:
                entry["nodePort"] = kept


def _leave_type(new: JsonObject, old: JsonObject) -> None:
    """Drop what the old type had and the new one does not, unless the client changed it (dropTypeDependentFields)."""
    spec, before = new["spec"], old["spec"]
    dropped: list[str] = []
    if needs_address(old) and not needs_address(new):
        if spec.get("clusterIP") == before.get("clusterIP") and addresses_of(new) == addresses_of(old):
            dropped += ["clusterIP", "clusterIPs"]
        dropped += [name for name in ("ipFamilies", "ipFamilyPolicy") if spec.get(name) == before.get(name)]
    if needs_node_ports(old) and not needs_node_ports(new):
        if node_ports_of(new) <= node_ports_of(old):
            for entry in spec.get("ports") or ():
                entry.pop("nodePort", None)
        if spec.get("externalTrafficPolicy") == before.get("externalTrafficPolicy"):
            dropped.append("externalTrafficPolicy")
    if spec.get("type") != "LoadBalancer":
        if before.get("type") == "LoadBalancer":
            members = ("allocateLoadBalancerNodePorts", "loadBalancerClass")
            dropped += [name for name in members if spec.get(name) == before.get(name)]
        new["status"] = {**(new.get("status") or {}), "loadBalancer": {}}
    for name in dropped:
        spec.pop(name, None)


def _give_address(new: JsonObject, others: Iterable[JsonObject]) -> None:
    taken = {address for item in others for address in addresses_of(item)}
    # upstream draws at random from the upper part; the first one is reserved for default/kubernetes
    free = (str(address) for address in list(ADDRESSES.hosts())[1:] if str(address) not in taken)
    new["spec"]["clusterIP"] = next(free)
    new["spec"]["clusterIPs"] = [new["spec"]["clusterIP"]]


def _give_node_ports(new: JsonObject, others: Iterable[JsonObject]) -> None:
    taken = {number for item in others for number in node_ports_of(item)} | node_ports_of(new)
    free = (number for number in NODE_PORTS if number not in taken)
    for entry in new["spec"].get("ports") or ():
        if not entry.get("nodePort"):
            entry["nodePort"] = next(free)


def allocation(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    """The addresses and ports that a client chose and cannot have."""
    others = [item for item in context.services() if not _is_same(item, new)]
    own = {address for address in addresses_of(new) if address != HEADLESS}
    before = set() if old is None else set(addresses_of(old))
    taken = {address for item in others for address in addresses_of(item)}
    for address in sorted(own & taken - before):
        yield invalid(
            "spec.clusterIPs", [address], f"failed to allocate IP {address}: {TAKEN.replace('port', 'IP')}"
        )
    for address in sorted(own - taken - before):
        if not _is_address(address):
            continue  # the rules say what it is instead
        if ipaddress.ip_address(address) not in ADDRESSES:
            detail = f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {ADDRESSES}"
            yield invalid("spec.clusterIPs", [address], detail)
    ports = {number for item in others for number in node_ports_of(item)}
    for index, entry in enumerate(new["spec"].get("ports") or ()):
        number = entry.get("nodePort")
        if number and number in ports:
            yield invalid(f"spec.ports[{index}].nodePort", number, TAKEN)
        elif number and number not in NODE_PORTS:
            detail = f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            yield invalid(f"spec.ports[{index}].nodePort", number, detail)


def _kept_addresses(old: list[str], new: list[str]) -> Iterator[Cause]:
    """Addresses that were set stay (validateUpgradeDowngradeClusterIPs)."""
    if old[:1] == [HEADLESS] == new[:1]:
        return
    if old and not new:
        yield invalid("spec.clusterIPs[0]", new, "primary clusterIP can not be unset")
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        if before != after:
            yield invalid(f"spec.clusterIPs[{index}]", new, "may not change once set")


def status_rules(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """The status of a Service: only a LoadBalancer has an ingress (ValidateLoadBalancerStatus)."""
    entries = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    where = "status.loadBalancer.ingress"
    if entries and new["spec"].get("type") != "LoadBalancer":
        yield forbidden(where, "may only be used when `spec.type` is 'LoadBalancer'")
        return
    for index, entry in enumerate(entries):
        yield from _ingress(entry, f"{where}[{index}]")


def _ingress(entry: JsonObject, path: str) -> Iterator[Cause]:
    address, mode, host = entry.get("ip"), entry.get("ipMode"), entry.get("hostname")
    if address and not _is_address(address):
        yield invalid(f"{path}.ip", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
    if mode is None and address:
        yield required(f"{path}.ipMode", "must be specified when `ip` is set")
    elif mode is not None and not address:
        yield forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set")
    elif mode is not None and mode not in IP_MODES:
        yield not_supported(f"{path}.ipMode", mode, IP_MODES)
    if host:
        yield from names.each(f"{path}.hostname", host, names.subdomain(host))
        if _is_address(host):
            yield invalid(f"{path}.hostname", host, "must be a DNS name, not an IP address")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _same_ports(items: list[JsonObject]) -> Iterator[Cause]:
    seen = set()
    for index, item in enumerate(items):
        key = item.get("protocol") or "", item.get("port") or 0
        if key in seen:
            shown = {"Name": "", "Protocol": key[0], "AppProtocol": None}
            shown |= {"Port": key[1], "TargetPort": 0, "NodePort": 0}
            yield duplicate(f"spec.ports[{index}]", shown)
        seen.add(key)


def rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A Service."""
    spec = new.get("spec") or {}
    ports, kind = spec.get("ports") or [], spec.get("type")
    if old is not None and "ExternalName" not in (kind, old["spec"].get("type")):
        yield from _kept_addresses(addresses_of(old), addresses_of(new))
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    seen: set[str] = set()
    for index, item in enumerate(ports):
        where, name = f"spec.ports[{index}]", item.get("name") or ""
        if not name and len(ports) > 1:
            yield required(f"{where}.name")
        elif name:
            yield from names.each(f"{where}.name", name, names.label(name))
            if name in seen:
                yield duplicate(f"{where}.name", name)
            seen.add(name)
        yield from port(item.get("port") or 0, f"{where}.port")
        yield from protocol(item.get("protocol") or "", f"{where}.protocol")
        target = item.get("targetPort")
        if isinstance(target, str):
            yield from names.each(f"{where}.targetPort", target, names.port_name(target))
        else:
            yield from port(target or 0, f"{where}.targetPort")
    yield from _same_ports(ports)
    yield from labels(spec.get("selector"), "spec.selector")
    if kind not in SERVICE_TYPES:
        yield not_supported("spec.type", kind, SERVICE_TYPES)


def all_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    """What cannot be allocated; else the rules, which upstream looks at afterwards."""
    refused = list(allocation(new, old, context))
    yield from refused or rules(new, old, context)
