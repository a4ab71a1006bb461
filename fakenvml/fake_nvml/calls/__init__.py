"""The call families: one module each, declaring what the entry points answer and do. Importing this loads them all."""

from fake_nvml.calls import device, fabric, mig, system, telemetry

__all__ = ["device", "fabric", "mig", "system", "telemetry"]
