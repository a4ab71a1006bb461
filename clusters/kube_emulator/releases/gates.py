"""Pure: which feature gates and API versions a release has (kubernetes/kubernetes pkg/features and KEP tables, 1.34 to 1.37).

A gate that is off takes its fields with it: the server drops them, the scheduler does not know them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kube_emulator.errors import UsageError
from kube_emulator.releases.release import RELEASES, Release

STAGES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "DynamicResourceAllocation": ("locked", "locked", "locked", "locked"),
        "DRAAdminAccess": ("on", "on", "locked", "locked"),
        "DRAPrioritizedList": ("on", "on", "on", "locked"),
        "DRAResourceClaimDeviceStatus": ("on", "on", "on", "locked"),
        "DRADeviceTaints": ("off", "off", "on", "on"),
        "DRADeviceTaintRules": ("absent", "off", "off", "on"),
        "DRAPartitionableDevices": ("off", "off", "on", "on"),
        "DRAPartitionableDevicesType": ("absent", "absent", "absent", "off"),
        "DRAConsumableCapacity": ("off", "off", "on", "on"),
        "DRAFractionalCapacityRange": ("absent", "absent", "absent", "on"),
        "DRADeviceBindingConditions": ("off", "off", "on", "on"),
        "DRAExtendedResource": ("off", "off", "on", "locked"),
        "DRASchedulerFilterTimeout": ("on", "on", "on", "on"),
        "DRAListTypeAttributes": ("absent", "absent", "off", "off"),
        "DRANodeAllocatableResources": ("absent", "absent", "off", "off"),
        "DRAWorkloadResourceClaims": ("absent", "absent", "off", "off"),
        "DRAResourcePoolStatus": ("absent", "absent", "off", "off"),
        "DRAOptionalNodeOperations": ("absent", "absent", "absent", "off"),
        "DRADerivedAttributes": ("absent", "absent", "absent", "off"),
        "DRADeviceCompatibilityGroups": ("absent", "absent", "absent", "off"),
        "DRAResourceClaimGranularStatusAuthorization": ("absent", "absent", "on", "on"),
        "ConstrainedImpersonation": ("absent", "off", "on", "on"),
        "ResourceHealthStatus": ("off", "off", "on", "on"),
    }
)
"""{gate: stage in each of RELEASES}: ``absent`` (the release does not know it), ``off`` and ``on`` (the default; can be
changed), ``locked`` (on, cannot be changed)."""


def gates_of(release: Release, changes: Mapping[str, bool] = MappingProxyType({})) -> frozenset[str]:
    """The gates that are on in RELEASE after CHANGES, {gate: on}.

    Raises:
        UsageError: RELEASE does not know a gate, or has locked it.
    """
    column = RELEASES.index(release)
    stages = {gate: row[column] for gate, row in STAGES.items()}
    on = {gate for gate, stage in stages.items() if stage in ("on", "locked")}
    for gate, wanted in changes.items():
        stage = stages.get(gate, "absent")
        if stage == "absent" or (stage == "locked" and not wanted):
            message = f"feature gate {gate} cannot be switched {'on' if wanted else 'off'}: it is {stage} in {release}"
            raise UsageError(message)
        on = on | {gate} if wanted else on - {gate}
    return frozenset(on)
