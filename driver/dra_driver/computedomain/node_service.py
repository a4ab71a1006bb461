"""Prepares and unprepares the claims of ComputeDomains and of NVLink domains on one node.

A channel of a domain is given when the domain's daemon on this node is ready. The claim itself brings the daemon: its node gets
the domain's label, which the DaemonSet selects. So a prepare sets the label, and waits for the daemon up to ``WAIT_S``; after
that the kubelet, which asks again, gets the reason. A node serves one domain at a time.

A claim of an NVLink domain is prepared on every node where a pod of it runs, by that node's plugin; nothing is set up for it.
"""

import asyncio
import logging
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, NodeName, PoolName
from dra_api.objects import JsonObject, ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import CdiSpec, DeviceNode, node
from dra_driver.claims.identity import ClaimRef, check_identity, check_ref
from dra_driver.claims.step import PreparedDevice
from dra_driver.claims.turns import Turns
from dra_driver.computedomain import edits
from dra_driver.computedomain.fabrics import pool_of
from dra_driver.computedomain.kube import CLAIMS, CLIQUES, DOMAINS, NODES, Kube
from dra_driver.computedomain.names import CLIQUE_OF_NODE, DOMAIN_LABEL
from dra_driver.computedomain.records import Record, Records
from dra_driver.computedomain.requests import CHANNEL_DEVICE, Wanted, wanted_of
from dra_driver.errors import ApiError, ClaimError

log = logging.getLogger(__name__)
WAIT_S, LOOK_S, LOOK_MAX_S = 40.0, 0.1, 1.0
"""Less than the 45 s after which the kubelet gives a call up, so that it gets the reason (pkg/kubelet/cm/dra/plugin)."""
MANAGEMENT = "/dev/nvidia-caps/nvidia-cap{minor}"
CONFLICT = 409


class NodeService:
    """The claims of one node.

    Args:
        clique: ``<cluster UUID>.<clique id>`` of the node's GPUs, empty outside any fabric.
        management: the minor number of the node's fabric-imex-mgmt capability, None if there is none.
        namespace: the driver's, where the cliques' objects are.
    """

    def __init__(
        self,
        *,
        kube: Kube,
        node_name: NodeName,
        namespace: str,
        records: Records,
        cdi: CdiFiles,
        clique: str,
        management: int | None,
        folder: Path,
        dev_root: Path,
        wait_s: float = WAIT_S,
    ) -> None:
        self._kube = kube
        self._node = node_name
        self._namespace = namespace
        self._records = records
        self._cdi = cdi
        self._clique = clique
        self._management = management
        self._folder = folder
        self._dev_root = dev_root
        self._wait_s = wait_s
        self._turn = asyncio.Lock()
        self._claims = Turns()
        self._mended = False

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim; again, if it is prepared already.

        Raises:
            ClaimError: the claim is wrong, or its domain is not ready on this node.
            ApiError: the API server refused or did not answer.
            EnvironmentFault: a file cannot be written.
        """
        check_ref(ref)
        async with self._claims.of(ref.uid):
            return await self._prepare(ref)

    async def _prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        known = self._records.all().get(ref.uid)
        if known is None or not known.done:
            claim = await self._kube.get(CLAIMS, ref.name, ref.namespace)
            if claim is None:
                message = f"claim {ref.namespace}/{ref.name}: it does not exist"
                raise ClaimError(message)
            check_identity(cast(ResourceClaim, claim), ref.uid)
            wanted = wanted_of(cast(ResourceClaim, claim), PoolName(self._node))
            known = await self._begin(ref, wanted)
        if known.pool:
            return await self._finish(ref.uid, known, edits.fabric(ref.uid, known.device, self._clique))
        domain = await self._domain(ref, known.domain)
        if known.device == CHANNEL_DEVICE:
            await self._label(known.domain, ref)
            await self._wait_for_daemon(known.domain, ref, domain)
            spec = edits.channels(
                ref.uid, every=known.every, in_fabric=bool(self._clique), dev_root=self._dev_root
            )
        else:
            spec = await asyncio.to_thread(self._daemon_spec, ref.uid, known, domain)
        return await self._finish(ref.uid, known, spec)

    async def _begin(self, ref: ClaimRef, wanted: Wanted) -> Record:
        """Record the claim, if the device is free for it."""
        async with self._turn:
            self._check_fabric(ref, wanted)
            for uid, record in self._records.all().items():
                same = not wanted.pool and record.device == wanted.device
                taken = same and not (record.admin or wanted.admin)
                if uid != ref.uid and taken:
                    message = (
                        f"claim {ref.namespace}/{ref.name}: {wanted.device} of this node is in use by claim "
                        f"{record.namespace}/{record.name}; it is free when that one's pods have ended"
                    )
                    raise ClaimError(message)
            record = Record(
                namespace=ref.namespace,
                name=ref.name,
                domain=wanted.domain,
                device=wanted.device,
                every=wanted.every,
                request=wanted.request,
                admin=wanted.admin,
                pool=wanted.pool,
                share=wanted.share,
            )
            await asyncio.to_thread(self._records.put, ref.uid, record)
            return record

    def _check_fabric(self, ref: ClaimRef, wanted: Wanted) -> None:
        """Refuse a claim of an NVLink domain that this node is not in."""
        clique = self._clique
        if wanted.pool and wanted.pool not in (pool_of(clique), pool_of(clique.partition(".")[0])):
            found = f"clique {clique}" if clique else "no NVLink fabric"
            message = (
                f"claim {ref.namespace}/{ref.name}: it has {wanted.pool}, and node {self._node} is in {found}; the label "
                f"{CLIQUE_OF_NODE} was wrong when the claim was allocated: delete the pods, so that it is allocated again"
            )
            raise ClaimError(message)

    async def _domain(self, ref: ClaimRef, uid: str) -> JsonObject:
        """The claim's domain. A workload's is in the claim's namespace: another tenant's channel is out of reach."""
        daemon = ref.namespace == self._namespace
        listed, _ = await self._kube.list(DOMAINS, namespace="*" if daemon else ref.namespace)
        found = next((item for item in listed if item["metadata"]["uid"] == uid), None)
        if found is None:
            where = "" if daemon else f" in namespace {ref.namespace}"
            message = (
                f"claim {ref.namespace}/{ref.name}: no ComputeDomain with UID {uid}{where}; a domain is used from its own "
                "namespace"
            )
            raise ClaimError(message)
        return found

    async def _label(self, domain: str, ref: ClaimRef) -> None:
        """Label the node for DOMAIN."""
        while True:
            item = await self._node_object()
            found = (item["metadata"].get("labels") or {}).get(DOMAIN_LABEL)
            if found == domain:
                return
            if found:
                message = (
                    f"claim {ref.namespace}/{ref.name}: node {self._node} serves ComputeDomain {found}, and a node serves one; "
                    "it is free when the last claim of that one is gone"
                )
                raise ClaimError(message)
            try:
                await self._kube.merge(NODES, item, {"metadata": {"labels": {DOMAIN_LABEL: domain}}})
            except ApiError as error:
                if error.code != CONFLICT:  # the kubelet writes the node often: read it again
                    raise

    async def _node_object(self) -> JsonObject:
        item = await self._kube.get(NODES, self._node)
        if item is None:
            message = f"node {self._node} does not exist; is --node-name right?"
            raise ClaimError(message)
        return item

    async def label_clique(self) -> None:
        """Say in a label of the node which clique it is in: fabric claims are tied to nodes by it.

        Raises:
            ClaimError: there is no such node.
            ApiError: the API server refused or did not answer.
        """
        item = await self._node_object()
        if self._clique and (item["metadata"].get("labels") or {}).get(CLIQUE_OF_NODE) != self._clique:
            await self._kube.merge(NODES, item, {"metadata": {"labels": {CLIQUE_OF_NODE: self._clique}}})

    async def _wait_for_daemon(self, domain: str, ref: ClaimRef, item: JsonObject) -> None:
        """Wait until the domain's daemon on this node is ready."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._wait_s, LOOK_S
        while not await self._is_ready(domain, item):
            if loop.time() >= end:
                message = (
                    f"claim {ref.namespace}/{ref.name}: the daemon of ComputeDomain {item['metadata']['name']} on node "
                    f"{self._node} is not ready after {self._wait_s:g} s; look at its pod, of DaemonSet "
                    f"computedomain-daemon-{domain} in namespace {self._namespace}"
                )
                raise ClaimError(message)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LOOK_MAX_S)

    async def _is_ready(self, domain: str, item: JsonObject) -> bool:
        """Whether this node is ready: in its clique's object, or outside any fabric in the domain's status."""
        clique = self._clique
        if clique:
            found = await self._kube.get(CLIQUES, f"{domain}.{clique}", self._namespace)
            entries = (found or {}).get("daemons") or []
            return any(one["nodeName"] == self._node and one["status"] == "Ready" for one in entries)
        metadata = item["metadata"]
        now = await self._kube.get(DOMAINS, metadata["name"], metadata["namespace"])
        nodes = ((now or {}).get("status") or {}).get("nodes") or []
        return any(one["name"] == self._node and one["status"] == "Ready" for one in nodes)

    def _daemon_spec(self, uid: ClaimUid, record: Record, domain: JsonObject) -> CdiSpec:
        folder = self._folder / "domains" / record.domain
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        clique, minor = self._clique, self._management
        nodes: list[DeviceNode] = []
        if clique and minor is not None:
            nodes.append(node(MANAGEMENT.format(minor=minor), self._dev_root))
        metadata = domain["metadata"]
        names = (record.domain, metadata["namespace"], metadata["name"])
        return edits.daemon(uid, record.device, domain=names, clique=clique, folder=folder, nodes=nodes)

    async def _finish(self, uid: ClaimUid, record: Record, spec: CdiSpec) -> tuple[PreparedDevice, ...]:
        """Write the CDI file, and that everything was done."""
        await asyncio.to_thread(self._cdi.write, uid, spec)
        if not record.done:
            await asyncio.to_thread(self._records.put, uid, replace(record, done=True))
        log.info("prepared %s for %s/%s", record.device, record.namespace, record.name, extra={"claim": uid})
        return (
            PreparedDevice(
                requests=(record.request,),
                pool=PoolName(record.pool or self._node),
                device=DeviceName(record.device),
                cdi_ids=(edits.cdi_name(uid, record.device),),
                admin=record.admin,
                share_id=record.share or None,
            ),
        )

    async def unprepare(self, ref: ClaimRef) -> None:
        """Unprepare a claim; nothing, if it is unknown. The last channel of a domain takes the node's label.

        Raises:
            ClaimError: the claim's UID is none.
            ApiError: the API server refused or did not answer.
            EnvironmentFault: a file cannot be removed.
        """
        check_ref(ref)
        async with self._claims.of(ref.uid), self._turn:
            known = self._records.all().get(ref.uid)
            if known is not None and known.device == CHANNEL_DEVICE:
                await self._unlabel(ref.uid, known.domain)
            await asyncio.to_thread(self._cdi.remove, ref.uid)
            await asyncio.to_thread(self._records.remove, ref.uid)

    async def sweep(self) -> None:
        """Unprepare claims that do not exist any more: the kubelet forgets them when it loses its own state.

        Raises:
            ApiError: the API server refused or did not answer.
            ClaimError: the node does not exist.
            EnvironmentFault: a file cannot be removed.
        """
        for uid, record in self._records.all().items():
            claim = await self._kube.get(CLAIMS, record.name, record.namespace)
            if claim is None or claim["metadata"]["uid"] != uid:
                await self.unprepare(ClaimRef(record.namespace, record.name, uid))
        await self._mend_label()

    async def _mend_label(self) -> None:
        """Set the label of a channel's domain again, and once after a start remove one that no channel is there for.

        Without the label the DaemonSet takes the daemon from under a job that runs; a label that stays keeps others away.
        """
        async with self._turn:
            channels = [record for record in self._records.all().values() if record.device == CHANNEL_DEVICE]
            if not channels and self._mended:
                return
            item = await self._node_object()
            found = (item["metadata"].get("labels") or {}).get(DOMAIN_LABEL)
            wanted = channels[0].domain if channels else None
            if found != wanted:
                log.warning("node %s has the label of domain %s, wanted %s", self._node, found, wanted)
                await self._kube.merge(NODES, item, {"metadata": {"labels": {DOMAIN_LABEL: wanted}}})
            self._mended = True

    async def _unlabel(self, uid: ClaimUid, domain: str) -> None:
        others = [
            record
            for other, record in self._records.all().items()
            if other != uid and record.domain == domain and record.device == CHANNEL_DEVICE
        ]
        while not others:
            item = await self._kube.get(NODES, self._node)
            if item is None or (item["metadata"].get("labels") or {}).get(DOMAIN_LABEL) != domain:
                return
            try:
                await self._kube.merge(NODES, item, {"metadata": {"labels": {DOMAIN_LABEL: None}}})
            except ApiError as error:
                if error.code != CONFLICT:
                    raise
