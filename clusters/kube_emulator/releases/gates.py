"""Pure: which feature gates and API versions a release has (kubernetes/kubernetes pkg/features and KEP tables, 1.34 to 1.38.0-beta.0).

A gate that is off takes its fields with it: the server drops them, the scheduler does not know them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kube_emulator.errors import UsageError
from kube_emulator.releases.release import RELEASES, Release

STAGES: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "DynamicResourceAllocation": ("locked", "locked", "locked", "locked", "absent"),
        "DRAAdminAccess": ("on", "on", "locked", "locked", "locked"),
        "DRAPrioritizedList": ("on", "on", "on", "locked", "locked"),
        "DRAResourceClaimDeviceStatus": ("on", "on", "on", "locked", "locked"),
        "DRADeviceTaints": ("off", "off", "on", "on", "locked"),
        "DRADeviceTaintRules": ("absent", "off", "off", "on", "locked"),
        "DRAPartitionableDevices": ("off", "off", "on", "on", "locked"),
        "DRAPartitionableDevicesType": ("absent", "absent", "absent", "off", "off"),
        "DRAConsumableCapacity": ("off", "off", "on", "on", "on"),
        "DRAFractionalCapacityRange": ("absent", "absent", "absent", "on", "on"),
        "DRADeviceBindingConditions": ("off", "off", "on", "on", "locked"),
        "DRAExtendedResource": ("off", "off", "on", "locked", "locked"),
        "DRASchedulerFilterTimeout": ("on", "on", "on", "on", "on"),
        "DRAListTypeAttributes": ("absent", "absent", "off", "off", "off"),
        "DRANodeAllocatableResources": ("absent", "absent", "off", "off", "off"),
        "DRAWorkloadResourceClaims": ("absent", "absent", "off", "off", "off"),
        "DRAResourcePoolStatus": ("absent", "absent", "off", "off", "off"),
        "DRAOptionalNodeOperations": ("absent", "absent", "absent", "off", "off"),
        "DRADerivedAttributes": ("absent", "absent", "absent", "off", "off"),
        "DRADeviceCompatibilityGroups": ("absent", "absent", "absent", "off", "off"),
        "DRAResourceClaimGranularStatusAuthorization": ("absent", "absent", "on", "on", "on"),
        "ConstrainedImpersonation": ("absent", "off", "on", "on", "on"),
        "ResourceHealthStatus": ("off", "off", "on", "on", "on"),
    }
)
"""{gate: stage in each of RELEASES}: ``absent`` (the release does not know it), ``off`` and ``on`` (the default; can be
changed), ``locked`` (on, cannot be changed)."""


def stages_of(release: Release) -> dict[str, str]:
    """{gate: ``off``, ``on`` or ``locked``} of the gates that RELEASE knows."""
    column = RELEASES.index(release)
    return {gate: row[column] for gate, row in STAGES.items() if row[column] != "absent"}


def gates_of(release: Release, changes: Mapping[str, bool] = MappingProxyType({})) -> frozenset[str]:
    """The gates that are on in RELEASE after CHANGES, {gate: on}.

    Raises:
        UsageError: RELEASE does not know a gate, or has locked it.
    """
    stages = stages_of(release)
    on = {gate for gate, stage in stages.items() if stage in ("on", "locked")}
    for gate, wanted in changes.items():
        stage = stages.get(gate, "absent")
        if stage == "absent" or (stage == "locked" and not wanted):
            message = f"feature gate {gate} cannot be switched {'on' if wanted else 'off'}: it is {stage} in {release}"
            raise UsageError(message)
        on = on | {gate} if wanted else on - {gate}
    return frozenset(on)
