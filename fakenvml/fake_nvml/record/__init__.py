"""``fake-nvml record`` and ``compare``: from a machine with a real NVML to a machine file, and where the model departs from it."""

from fake_nvml.record.comparison import compare, differences
from fake_nvml.record.recording import record

__all__ = ["compare", "differences", "record"]
