"""A control plane with a scheduler and without HTTP."""

from typing import Any

from control_plane import BareControlPlane

from kube_emulator.scheduler.scheduler import run_scheduler


def scheduled(*works: Any, **options: Any) -> BareControlPlane:
    """A plane with a scheduler and further WORKS."""
    return BareControlPlane(run_scheduler, *works, **options)
