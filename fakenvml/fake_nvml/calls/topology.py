"""Where a GPU is in the machine: its CPUs, its memory node, and how far the other GPUs are."""

from fake_nvml.calls.registry import check, getter
from fake_nvml.calls.system import indices
from fake_nvml.model import GPU, Gpu, Node


def other_gpus(node: Node) -> list[int]:
    """Handles of all GPUs, for calls about two."""
    return [GPU << 32 | index << 16 for index in indices(node)]


@getter("nvmlDeviceGetModuleId", fixed=True)
def module_id(gpu: Gpu) -> int:
    return gpu.node.machine.gpus[gpu.index].module


def _mask(first: int, bits: int) -> bytes:
    return ((1 << bits) - 1 << first).to_bytes(128, "little")


@getter("nvmlDeviceGetCpuAffinity", over=((1, 2, 4),), fixed=True)
def cpu_affinity(gpu: Gpu, count: int) -> bytes:
    per_socket = gpu.node.machine.cpus.cores_per_socket
    return _mask(gpu.node.machine.gpus[gpu.index].numa * per_socket, per_socket)[: 8 * count]


@getter("nvmlDeviceGetCpuAffinityWithinScope", over=((1, 2, 4), (0, 1)), fixed=True)
def cpu_affinity_within(gpu: Gpu, count: int, scope: int) -> bytes:
    check(scope < 2)
    return bytes(cpu_affinity(gpu, count))


@getter("nvmlDeviceGetMemoryAffinity", over=((1,), (0, 1)), fixed=True)
def memory_affinity(gpu: Gpu, count: int, scope: int) -> bytes:
    check(scope < 2)
    return _mask(gpu.node.machine.gpus[gpu.index].numa, 1)[: 8 * count]


@getter("nvmlDeviceGetP2PStatus", over=(other_gpus, range(6)), fixed=True)
def p2p_status(gpu: Gpu, other: int, capability_index: int) -> int:
    check(other in other_gpus(gpu.node) and capability_index < 6)
    return 0 if other != gpu.handle else 6  # NVML_P2P_STATUS_OK, or UNKNOWN with itself


@getter("nvmlDeviceGetTopologyCommonAncestor", over=(other_gpus,), fixed=True)
def common_ancestor(gpu: Gpu, other: int) -> int:
    check(other in other_gpus(gpu.node))
    gpus = gpu.node.machine.gpus
    if other == gpu.handle:
        return 0  # NVML_TOPOLOGY_INTERNAL
    return 40 if gpus[gpu.index].numa == gpus[other >> 16 & 0xFFFF].numa else 50  # NODE or SYSTEM


@getter("nvmlDeviceOnSameBoard", over=(other_gpus,), fixed=True)
def same_board(gpu: Gpu, other: int) -> int:
    """Superchips of a rack carry two GPUs each; any other board carries one."""
    check(other in other_gpus(gpu.node))
    index = other >> 16 & 0xFFFF
    return int(index // 2 == gpu.index // 2 if gpu.node.machine.rack else index == gpu.index)


@getter("nvmlDeviceGetTopologyNearestGpus", over=((0, 10, 20, 30, 40, 50),), fixed=True)
def nearest(gpu: Gpu, level: int) -> list[int]:
    check(level in (0, 10, 20, 30, 40, 50))
    others = (handle for handle in other_gpus(gpu.node) if handle != gpu.handle)
    return [handle for handle in others if common_ancestor(gpu, handle) == level]
