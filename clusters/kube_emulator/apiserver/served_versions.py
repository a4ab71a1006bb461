"""Pure: which versions of the API a cluster serves: those that Kubernetes serves by default, and what is switched.

Switches are those of kube-apiserver's ``--runtime-config``: ``api/all``, then the stages ``api/ga``, ``api/beta`` and
``api/alpha``, then single versions (``resource.k8s.io/v1beta1``; ``v1`` for the core group), later ones override earlier ones
(apiserver ``pkg/server/resourceconfig/helpers.go``, 1.36). Stable versions are on by default, others are off
(``pkg/controlplane/instance.go``, DefaultAPIResourceConfigSource).
"""

import functools
from collections.abc import Mapping

from kube_emulator.apiserver.kinds import KINDS
from kube_emulator.apiserver.resources import Registry
from kube_emulator.errors import UsageError
from kube_emulator.releases.release import Release

STAGES = ("alpha", "beta")
GENERAL = ("api/all", "api/ga", "api/beta", "api/alpha")


def stage_of(version: str) -> str:
    """``ga``, ``beta`` or ``alpha``."""
    return next((stage for stage in STAGES if stage in version), "ga")


def is_served(group: str, version: str, switches: Mapping[str, bool]) -> bool:
    """Whether a version is on after SWITCHES."""
    stage = stage_of(version)
    for name in (f"{group}/{version}" if group else version, f"api/{stage}", "api/all"):
        if name in switches:
            return switches[name]
    return stage == "ga"


def check_runtime_config(switches: Mapping[str, bool], release: Release) -> None:
    """Refuse switches of what RELEASE does not have.

    Raises:
        UsageError: a name is unknown.
    """
    known = {
        f"{kind.group}/{version.name}" if kind.group else version.name
        for kind in KINDS
        for version in kind.known_versions
        if version.in_release(release)
    }
    if unknown := sorted(set(switches) - known - set(GENERAL)):
        some = ", ".join(sorted(name for name in known if name.startswith("resource.k8s.io")))
        message = (
            f"runtime config {', '.join(unknown)}: Kubernetes {release} has no such version here;"
            f" there are {', '.join(GENERAL)}, {some} and stable versions of other groups"
        )
        raise UsageError(message)


def builtin_registry(release: Release, runtime_config: Mapping[str, bool]) -> Registry:
    """The built-in kinds as RELEASE serves them after RUNTIME_CONFIG."""
    return Registry(KINDS, release=release, serves=functools.partial(is_served, switches=runtime_config))
