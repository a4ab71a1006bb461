"""The errors of this package: those of ``kube_emulator``, so that one ``except`` covers every provider."""

from kube_emulator.errors import ClusterError, EnvironmentFault, UsageError

__all__ = ["ClusterError", "EnvironmentFault", "UsageError"]
