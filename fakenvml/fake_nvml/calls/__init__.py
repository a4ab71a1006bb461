"""The call families: one module each, declaring what the entry points answer and do. Importing this loads them all."""

from fake_nvml.calls import (
    clocks,
    compute_instances,
    confidential,
    device,
    events,
    fabric,
    fields,
    gpm,
    memory_errors,
    mig,
    modes,
    nvlink,
    nvlink_samples,
    operational_events,
    power,
    processes,
    system,
    topology,
    vgpu,
    vgpu_instances,
    vgpu_schedulers,
    vgpu_types,
)

__all__ = [
    "clocks", "compute_instances", "confidential", "device", "events", "fabric", "fields", "gpm", "memory_errors", "mig", "modes", "nvlink", "nvlink_samples",
    "operational_events", "power", "processes", "system", "topology", "vgpu", "vgpu_instances", "vgpu_schedulers", "vgpu_types",
]  # fmt: skip
