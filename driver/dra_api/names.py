"""Names, paths and limits that Kubernetes fixes for DRA drivers.

Constants only, each with where upstream says it. Read at Kubernetes 1.37 (kubelet, api and
dynamic-resource-allocation modules). Code that talks to the kubelet or to resource.k8s.io takes them from here,
so that a change upstream is one line in this project.
"""

from typing import Final

PLUGIN_TYPE: Final = "DRAPlugin"
"""``PluginInfo.type`` of every DRA driver (kubelet pluginregistration/v1/constants.go)."""

DRA_V1: Final = "v1.DRAPlugin"
"""Registration string of the DRA service v1 (kubelet pkg/apis/dra/v1/types.go); not its gRPC full name."""

DRA_V1BETA1: Final = "v1beta1.DRAPlugin"
"""Registration string of the DRA service v1beta1 (kubelet pkg/apis/dra/v1beta1/types.go)."""

HEALTH_V1: Final = "v1.DRAResourceHealth"
"""Registration string and gRPC full name of the health service v1 (kubelet pkg/apis/dra-health/v1)."""

HEALTH_V1ALPHA1: Final = "v1alpha1.DRAResourceHealth"
"""Registration string and gRPC full name of the health service v1alpha1 (kubelet pkg/apis/dra-health/v1alpha1)."""

KUBELET_REGISTRY_DIR: Final = "/var/lib/kubelet/plugins_registry"
"""Where the kubelet looks for registration sockets unless its root directory was moved."""

KUBELET_PLUGINS_DIR: Final = "/var/lib/kubelet/plugins"
"""Where drivers keep ``<driver name>/`` with their socket and state."""

CDI_DYNAMIC_DIR: Final = "/var/run/cdi"
"""The CDI folder for files that do not outlive a boot (CDI specification, default folders)."""

GET_INFO_TIMEOUT_S: Final = 1.0
"""The kubelet's deadline for GetInfo (pluginmanager/operationexecutor/operation_generator.go)."""

DIAL_TIMEOUT_S: Final = 10.0
"""The kubelet's deadline for connecting to a registration socket (the same file)."""

NOTIFY_TIMEOUT_S: Final = 5.0
"""The kubelet's deadline for NotifyRegistrationStatus (the same file)."""

CALL_TIMEOUT_S: Final = 45.0
"""The kubelet's deadline for prepare and unprepare calls (kubelet cm/dra/plugin/dra_plugin.go)."""

DRIVER_NAME_MAX: Final = 63
"""Characters in a driver name (api resource/v1 DriverNameMaxLength)."""

POOL_NAME_MAX: Final = 253
"""Characters in a pool name: DNS subdomains separated by slashes (api resource/v1 PoolNameMaxLength)."""

SLICE_DEVICES_MAX: Final = 128
"""Plain devices in one slice (api resource/v1 ResourceSliceMaxDevices)."""

SLICE_RICH_DEVICES_MAX: Final = 64
"""Devices in one slice once any has taints, counters or list attributes (ResourceSliceMaxDevicesWithTaints...)."""

SLICE_COUNTER_SETS_MAX: Final = 8
"""Shared counter sets in one slice (api resource/v1 ResourceSliceMaxCounterSets)."""

DEVICE_ATTRIBUTES_MAX: Final = 32
"""Attributes and capacities together on one device (ResourceSliceMaxAttributesAndCapacitiesPerDevice)."""

ATTRIBUTE_VALUE_MAX: Final = 64
"""Characters in a string or version attribute (DeviceAttributeMaxValueLength)."""

OPAQUE_PARAMETERS_MAX: Final = 10 * 1024
"""Bytes of opaque parameters in one configuration (OpaqueParametersMaxLength)."""
