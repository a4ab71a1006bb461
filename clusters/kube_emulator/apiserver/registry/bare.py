"""The verbs of the API alone: no users, no admission, no server. For benchmarks and for tests of single parts."""

from collections.abc import Mapping
from types import MappingProxyType

from kube_emulator.apiserver.registry.admission import PERMISSIVE
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.served_versions import builtin_registry
from kube_emulator.clock import Clock
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST, Release
from kube_emulator.store.store import Store


def bare_api(
    release: Release = LATEST,
    *,
    gates: Mapping[str, bool] = MappingProxyType({}),
    clock: Clock | None = None,
) -> Api:
    """The verbs of RELEASE over an empty store; GATES are switched, the others are as the release has them.

    Raises:
        UsageError: RELEASE does not know a gate, or has locked it.
    """
    registry = builtin_registry(release, {})
    return Api(Store(), registry, clock or Clock(), gates=gates_of(release, gates), admission=PERMISSIVE)
