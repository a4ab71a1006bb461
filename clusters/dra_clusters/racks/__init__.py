"""Racks of nodes with fake GPUs in one NVLink domain each: nodes that run, and hollow ones that only say what they have."""
