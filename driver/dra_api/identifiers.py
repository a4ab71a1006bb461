"""Types for the names that must not be confused: each is a string at run time and a type of its own for mypy.

They are made where an object or a gRPC message is read, and passed on from there.
"""

from typing import NewType

ClaimUid = NewType("ClaimUid", str)
"""``metadata.uid`` of a ResourceClaim."""

DriverName = NewType("DriverName", str)
"""``spec.driver`` of a ResourceSlice, e.g. ``gpu.example.com``."""

PoolName = NewType("PoolName", str)
"""``spec.pool.name`` of a ResourceSlice; with most drivers the node's name."""

NodeName = NewType("NodeName", str)
"""``metadata.name`` of a Node."""

DeviceName = NewType("DeviceName", str)
"""The name of a device within its pool, e.g. ``gpu-0``."""
