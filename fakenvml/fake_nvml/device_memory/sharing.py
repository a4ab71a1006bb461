"""Memory that is shared over the fabric: what a node exported, and what is imported from other nodes.

The errors are those of the driver API and of public reports:

* no channel: cuMemCreate ends with NOT_PERMITTED (cuMemCreate; NVIDIA/nvbandwidth issues 39 and 46);
* another channel: cuMemImportFromShareableHandle ends with NOT_PERMITTED (its documentation);
* no such memory in the domain, or no way to ask for it: INVALID_HANDLE (pytorch/pytorch pull request 178989 for ranks in different
  NVLink domains, kubernetes-sigs/dra-driver-nvidia-gpu issue 1417 for daemons that do not work);
* a GPU of the same node that the importer does not see: INVALID_DEVICE (NVIDIA/nccl issue 1647);
* daemons connected, but GPUs in different cliques: cuMemSetAccess ends with INVALID_VALUE (NVIDIA/nvbandwidth issue 44);
* imported memory that is gone: CONTAINED for this and every later call of the process. The IMEX guide says that an access
  ends with an error and not with which; this one is documented for invalid accesses over NVLink.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fake_nvml import fabric_wire
from fake_nvml.calls import fabric
from fake_nvml.device_memory.handles import FabricHandle, new_node, new_secret, pack, unpack
from fake_nvml.device_memory.pages import Budget, Pages
from fake_nvml.device_memory.results import (
    CONTAINED,
    INVALID_HANDLE,
    NOT_PERMITTED,
    SUCCESS,
    WorkError,
)
from fake_nvml.fabric_wire import Message
from fake_nvml.model import Gpu

NO_CLUSTER = uuid.UUID(int=0)
Channels = frozenset[int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a GPU is in the fabric: cluster and clique mean something once it is registered."""

    registered: bool
    cluster: str
    clique: int

    def reaches(self, other: "Place") -> bool:
        """Whether a GPU here gets at the memory of one on another node."""
        in_domain = self.registered and uuid.UUID(self.cluster) != NO_CLUSTER
        return in_domain and self == other


def place_of(gpu: Gpu) -> Place:
    """Where a GPU is now."""
    return Place(
        fabric.state(gpu) == fabric.COMPLETED, gpu.node.machine.fabric.cluster_uuid, fabric.clique(gpu)
    )


@dataclass(slots=True, eq=False)
class Local:
    """Memory of this node.

    Attributes:
        charge: (context, key) of the process that made it; it ends with that context.
        give_back: ends the charge.
        channels: what the process had that made it.
        users: handles and mappings of it, in all processes.
        alive: whether it is not freed.
    """

    gpu: Gpu
    charge: tuple[int, int]
    give_back: Callable[[], None]
    handle_types: int
    pages: Pages
    channels: Channels
    secret: bytes = b""
    users: int = 0
    alive: bool = True

    @property
    def size(self) -> int:
        """In bytes."""
        return self.pages.size


@dataclass(frozen=True, slots=True)
class Remote:
    """Memory of another node.

    Attributes:
        lease: which two daemons found it; another daemon in the place of one of them does not know it.
    """

    secret: bytes
    size: int
    place: Place
    peer: int
    lease: str

    def step(self, op: str, offset: int, length: int) -> Message:
        """The request for one step of a copy."""
        where = {"secret": self.secret.hex(), "peer": self.peer, "lease": self.lease}
        return {"op": op, "offset": offset, "bytes": length, **where}


Source = Local | Remote


@dataclass(slots=True)
class Fabric:
    """What a node's driver knows of shared memory.

    Args:
        folder: the node's, in which its nvidia-imex has a socket.
    """

    folder: Path
    budget: Budget = field(default_factory=Budget)
    exports: dict[bytes, Local] = field(default_factory=dict)
    node: bytes = field(default_factory=new_node)

    def export(self, memory: Local) -> bytes:
        """The handle of MEMORY; the same one each time."""
        if not memory.secret:
            memory.secret = new_secret()
            self.exports[memory.secret] = memory
        return pack(FabricHandle(self.node, memory.secret))

    def use(self, source: Source, change: int) -> None:
        """SOURCE got a user more (1) or less (-1); without any it is freed."""
        if isinstance(source, Local):
            source.users += change
            if not source.users:
                self.free(source)

    def free(self, memory: Local) -> None:
        """End MEMORY, whoever uses it."""
        if memory.alive:
            memory.alive = False
            self.exports.pop(memory.secret, None)
            memory.pages.drop()
            memory.give_back()

    async def read(self, source: Source, offset: int, length: int) -> bytes:
        """LENGTH bytes of SOURCE.

        Raises:
            WorkError: CONTAINED, it is gone.
        """
        if isinstance(source, Local):
            if not source.alive:
                raise WorkError(CONTAINED)
            return source.pages.read(offset, length)
        _, data = await self.ask(source.step("read", offset, length), CONTAINED)
        if len(data) != length:
            raise WorkError(CONTAINED)
        return data

    async def write(self, source: Source, offset: int, data: bytes) -> None:
        """Put DATA into SOURCE.

        Raises:
            WorkError: CONTAINED, it is gone; OUT_OF_MEMORY, this node's workloads wrote too much.
        """
        if isinstance(source, Remote):
            await self.ask(source.step("write", offset, len(data)), CONTAINED, data)
        elif source.alive:
            source.pages.write(offset, data)
        else:
            raise WorkError(CONTAINED)

    async def find(self, raw: bytes, channels: Channels) -> Source:
        """The memory of a handle, for a process that has CHANNELS.

        Raises:
            WorkError: why it cannot be imported.
        """
        if not channels:
            raise WorkError(NOT_PERMITTED)
        handle = unpack(raw)
        if handle is None:
            raise WorkError(INVALID_HANDLE)
        if handle.node == self.node:
            return self.local(handle.secret, channels)
        answer, _ = await self.ask(
            {"op": "find", "secret": handle.secret.hex(), "channels": sorted(channels)}, INVALID_HANDLE
        )
        try:
            place = Place(bool(answer["registered"]), str(answer["cluster"]), int(answer["clique"]))
            return Remote(
                handle.secret, int(answer["size"]), place, int(answer["peer"]), str(answer["lease"])
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WorkError(INVALID_HANDLE) from error

    def local(self, secret: bytes, channels: Channels) -> Local:
        """Exported memory of this node, for a process that has CHANNELS.

        Raises:
            WorkError: there is none, or it is another channel's.
        """
        memory = self.exports.get(secret)
        if memory is None:
            raise WorkError(INVALID_HANDLE)
        if not memory.channels & channels:
            raise WorkError(NOT_PERMITTED)
        return memory

    async def ask(self, message: Message, refusal: int, payload: bytes = b"") -> tuple[Message, bytes]:
        """What the other node's driver answers, through both daemons.

        Raises:
            WorkError: the code of its answer, or REFUSAL if there is no way to it.
        """
        path = self.folder / fabric_wire.SOCKET
        with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError):
            async with asyncio.timeout(fabric_wire.ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(path, limit=fabric_wire.LINE_MAX)
                with contextlib.closing(writer):
                    await fabric_wire.send(writer, message, payload)
                    answer, data = await fabric_wire.receive(reader)
            if answer.get("code") == SUCCESS:
                return answer, data
            refusal = NOT_PERMITTED if answer.get("code") == NOT_PERMITTED else refusal
        raise WorkError(refusal)

    def answer(self, message: Message, payload: bytes) -> tuple[Message, bytes]:
        """The answer to another node's driver.

        Raises:
            ValueError: that is no question.
        """
        try:
            return self._answer(message, payload)
        except WorkError as error:
            return {"code": error.code}, b""
        except (KeyError, TypeError, OverflowError) as error:
            text = f"malformed request of nvidia-imex: {json.dumps(message)[:200]}"
            raise ValueError(text) from error

    def _answer(self, message: Message, payload: bytes) -> tuple[Message, bytes]:
        secret = bytes.fromhex(message["secret"])
        if message["op"] == "find":
            memory = self.local(secret, frozenset(map(int, message["channels"])))
            place = place_of(memory.gpu)
            found = {"registered": place.registered, "cluster": place.cluster, "clique": place.clique}
            return {"code": SUCCESS, "size": memory.size, **found}, b""
        shared = self.exports.get(secret)
        offset, length = int(message["offset"]), int(message["bytes"])
        if (
            shared is None
            or offset < 0
            or not 0 <= length <= min(fabric_wire.PAYLOAD_MAX, shared.size - offset)
        ):
            raise WorkError(INVALID_HANDLE)
        if message["op"] == "write" and len(payload) == length:
            shared.pages.write(offset, payload)
            return {"code": SUCCESS}, b""
        if message["op"] != "read":
            text = f"wanted find, read, or write with its bytes, found {message['op']!r:.40}"
            raise ValueError(text)
        return {"code": SUCCESS}, shared.pages.read(offset, length)
