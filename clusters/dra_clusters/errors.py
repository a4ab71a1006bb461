"""The errors of this package are those of the emulator under it, so that one ``except`` holds for every provider."""

from kube_emulator.errors import ClusterError, EnvironmentFault, UsageError

__all__ = ["ClusterError", "EnvironmentFault", "UsageError"]
