"""The structures of NVML as getters return them. Made by: python -m fake_nvml.abi.generate. Do not edit."""

from collections.abc import Sequence
from typing import TypedDict


class PciInfoExtV1(TypedDict, total=False):
    """nvmlPciInfoExt_v1_t."""

    version: int
    domain: int
    bus: int
    device: int
    pciDeviceId: int
    pciSubSystemId: int
    baseClass: int
    subClass: int
    busId: str | bytes


class PciInfo(TypedDict, total=False):
    """nvmlPciInfo_t."""

    busIdLegacy: str | bytes
    domain: int
    bus: int
    device: int
    pciDeviceId: int
    pciSubSystemId: int
    busId: str | bytes


class EccErrorCounts(TypedDict, total=False):
    """nvmlEccErrorCounts_t."""

    l1Cache: int
    l2Cache: int
    deviceMemory: int
    registerFile: int


class Utilization(TypedDict, total=False):
    """nvmlUtilization_t."""

    gpu: int
    memory: int


class Memory(TypedDict, total=False):
    """nvmlMemory_t."""

    total: int
    free: int
    used: int


class MemoryV2(TypedDict, total=False):
    """nvmlMemory_v2_t."""

    version: int
    total: int
    reserved: int
    free: int
    used: int


class BAR1Memory(TypedDict, total=False):
    """nvmlBAR1Memory_t."""

    bar1Total: int
    bar1Free: int
    bar1Used: int


class ProcessInfoV1(TypedDict, total=False):
    """nvmlProcessInfo_v1_t."""

    pid: int
    usedGpuMemory: int


class ProcessInfoV2(TypedDict, total=False):
    """nvmlProcessInfo_v2_t."""

    pid: int
    usedGpuMemory: int
    gpuInstanceId: int
    computeInstanceId: int


class ProcessInfo(TypedDict, total=False):
    """nvmlProcessInfo_t."""

    pid: int
    usedGpuMemory: int
    gpuInstanceId: int
    computeInstanceId: int


class ProcessDetailV1(TypedDict, total=False):
    """nvmlProcessDetail_v1_t."""

    pid: int
    usedGpuMemory: int
    gpuInstanceId: int
    computeInstanceId: int
    usedGpuCcProtectedMemory: int


class ProcessDetailListV1(TypedDict, total=False):
    """nvmlProcessDetailList_v1_t."""

    version: int
    mode: int
    numProcArrayEntries: int
    procArray: Sequence["ProcessDetailV1"]


class DeviceAttributes(TypedDict, total=False):
    """nvmlDeviceAttributes_t."""

    multiprocessorCount: int
    sharedCopyEngineCount: int
    sharedDecoderCount: int
    sharedEncoderCount: int
    sharedJpegCount: int
    sharedOfaCount: int
    gpuInstanceSliceCount: int
    computeInstanceSliceCount: int
    memorySizeMB: int


class C2cModeInfoV1(TypedDict, total=False):
    """nvmlC2cModeInfo_v1_t."""

    isC2cEnabled: int


class DeviceAddressingModeV1(TypedDict, total=False):
    """nvmlDeviceAddressingMode_v1_t."""

    version: int
    value: int


class RepairStatusV1(TypedDict, total=False):
    """nvmlRepairStatus_v1_t."""

    version: int
    bChannelRepairPending: int
    bTpcRepairPending: int


class UnrepairableMemoryStatusV1(TypedDict, total=False):
    """nvmlUnrepairableMemoryStatus_v1_t."""

    bUnrepairableMemory: int


class RowRemapperHistogramValues(TypedDict, total=False):
    """nvmlRowRemapperHistogramValues_t."""

    max: int
    high: int
    partial: int
    low: int
    none: int


class NvLinkUtilizationControl(TypedDict, total=False):
    """nvmlNvLinkUtilizationControl_t."""

    units: int
    pktfilter: int


class BridgeChipInfo(TypedDict, total=False):
    """nvmlBridgeChipInfo_t."""

    type: int
    fwVersion: int


class BridgeChipHierarchy(TypedDict, total=False):
    """nvmlBridgeChipHierarchy_t."""

    bridgeCount: int
    bridgeChipInfo: Sequence["BridgeChipInfo"]


class Value(TypedDict, total=False):
    """nvmlValue_t."""

    dVal: float
    siVal: int
    uiVal: int
    ulVal: int
    ullVal: int
    sllVal: int
    usVal: int


class Sample(TypedDict, total=False):
    """nvmlSample_t."""

    timeStamp: int
    sampleValue: "Value"


class ViolationTime(TypedDict, total=False):
    """nvmlViolationTime_t."""

    referenceTime: int
    violationTime: int


class GpuThermalSensor(TypedDict, total=False):
    """nvmlGpuThermalSensor_t."""

    controller: int
    defaultMinTemp: int
    defaultMaxTemp: int
    currentTemp: int
    target: int


class GpuThermalSettings(TypedDict, total=False):
    """nvmlGpuThermalSettings_t."""

    count: int
    sensor: Sequence["GpuThermalSensor"]


class CoolerInfoV1(TypedDict, total=False):
    """nvmlCoolerInfo_v1_t."""

    version: int
    index: int
    signalType: int
    target: int


class UUIDValue(TypedDict, total=False):
    """nvmlUUIDValue_t."""

    str: str | bytes
    bytes: Sequence[int]


class UUIDV1(TypedDict, total=False):
    """nvmlUUID_v1_t."""

    version: int
    type: int
    value: "UUIDValue"


class PdiV1(TypedDict, total=False):
    """nvmlPdi_v1_t."""

    version: int
    value: int


class BBXTimeDataV1(TypedDict, total=False):
    """nvmlBBXTimeData_v1_t."""

    timeRun: int


class DramEncryptionInfoV1(TypedDict, total=False):
    """nvmlDramEncryptionInfo_v1_t."""

    version: int
    encryptionState: int


class MarginTemperatureV1(TypedDict, total=False):
    """nvmlMarginTemperature_v1_t."""

    version: int
    marginTemperature: int


class ClkMonFaultInfo(TypedDict, total=False):
    """nvmlClkMonFaultInfo_t."""

    clkApiDomain: int
    clkDomainFaultMask: int


class ClkMonStatus(TypedDict, total=False):
    """nvmlClkMonStatus_t."""

    bGlobalStatus: int
    clkMonListSize: int
    clkMonList: Sequence["ClkMonFaultInfo"]


class ClockOffsetV1(TypedDict, total=False):
    """nvmlClockOffset_v1_t."""

    version: int
    type: int
    pstate: int
    clockOffsetMHz: int
    minClockOffsetMHz: int
    maxClockOffsetMHz: int


class FanSpeedInfoV1(TypedDict, total=False):
    """nvmlFanSpeedInfo_v1_t."""

    version: int
    fan: int
    speed: int


class DevicePerfModesV1(TypedDict, total=False):
    """nvmlDevicePerfModes_v1_t."""

    version: int
    str: str | bytes


class DeviceCurrentClockFreqsV1(TypedDict, total=False):
    """nvmlDeviceCurrentClockFreqs_v1_t."""

    version: int
    str: str | bytes


class DevicePowerMizerModesV1(TypedDict, total=False):
    """nvmlDevicePowerMizerModes_v1_t."""

    currentMode: int
    mode: int
    supportedPowerMizerModes: int


class ProcessUtilizationSample(TypedDict, total=False):
    """nvmlProcessUtilizationSample_t."""

    pid: int
    timeStamp: int
    smUtil: int
    memUtil: int
    encUtil: int
    decUtil: int


class ProcessUtilizationInfoV1(TypedDict, total=False):
    """nvmlProcessUtilizationInfo_v1_t."""

    timeStamp: int
    pid: int
    smUtil: int
    memUtil: int
    encUtil: int
    decUtil: int
    jpgUtil: int
    ofaUtil: int


class ProcessesUtilizationInfoV1(TypedDict, total=False):
    """nvmlProcessesUtilizationInfo_v1_t."""

    version: int
    processSamplesCount: int
    lastSeenTimeStamp: int
    procUtilArray: Sequence["ProcessUtilizationInfoV1"]


class EccSramErrorStatusV1(TypedDict, total=False):
    """nvmlEccSramErrorStatus_v1_t."""

    version: int
    aggregateUncParity: int
    aggregateUncSecDed: int
    aggregateCor: int
    volatileUncParity: int
    volatileUncSecDed: int
    volatileCor: int
    aggregateUncBucketL2: int
    aggregateUncBucketSm: int
    aggregateUncBucketPcie: int
    aggregateUncBucketMcu: int
    aggregateUncBucketOther: int
    bThresholdExceeded: int


class PlatformInfoV1(TypedDict, total=False):
    """nvmlPlatformInfo_v1_t."""

    version: int
    ibGuid: Sequence[int]
    rackGuid: Sequence[int]
    chassisPhysicalSlotNumber: int
    computeSlotIndex: int
    nodeIndex: int
    peerType: int
    moduleId: int


class PlatformInfoV2(TypedDict, total=False):
    """nvmlPlatformInfo_v2_t."""

    version: int
    ibGuid: Sequence[int]
    chassisSerialNumber: Sequence[int]
    slotNumber: int
    trayIndex: int
    hostId: int
    peerType: int
    moduleId: int


class HostnameV1(TypedDict, total=False):
    """nvmlHostname_v1_t."""

    value: str | bytes


class EccSramUniqueUncorrectedErrorEntryV1(TypedDict, total=False):
    """nvmlEccSramUniqueUncorrectedErrorEntry_v1_t."""

    unit: int
    location: int
    sublocation: int
    extlocation: int
    address: int
    isParity: int
    count: int


class EccSramUniqueUncorrectedErrorCountsV1(TypedDict, total=False):
    """nvmlEccSramUniqueUncorrectedErrorCounts_v1_t."""

    version: int
    entryCount: int
    entries: Sequence["EccSramUniqueUncorrectedErrorEntryV1"]


class RemappedRowsInfoV2(TypedDict, total=False):
    """nvmlRemappedRowsInfo_v2_t."""

    corrActiveRemaps: int
    corrInactiveRemaps: int
    uncActiveRemaps: int
    uncInactiveRemaps: int
    bPending: int
    bFailureOccurred: int


class RusdSettingsV1(TypedDict, total=False):
    """nvmlRusdSettings_v1_t."""

    version: int
    pollMask: int


class GpuDynamicPstatesUtilization(TypedDict, total=False):
    """nvmlGpuDynamicPstatesUtilization_t."""

    bIsPresent: int
    percentage: int
    incThreshold: int
    decThreshold: int


class GpuDynamicPstatesInfo(TypedDict, total=False):
    """nvmlGpuDynamicPstatesInfo_t."""

    flags: int
    utilization: Sequence["GpuDynamicPstatesUtilization"]


class PowerValueV2(TypedDict, total=False):
    """nvmlPowerValue_v2_t."""

    version: int
    powerScope: int
    powerValueMw: int


class VgpuHeterogeneousModeV1(TypedDict, total=False):
    """nvmlVgpuHeterogeneousMode_v1_t."""

    version: int
    mode: int


class VgpuPlacementIdV1(TypedDict, total=False):
    """nvmlVgpuPlacementId_v1_t."""

    version: int
    placementId: int


class VgpuPlacementListV1(TypedDict, total=False):
    """nvmlVgpuPlacementList_v1_t."""

    version: int
    placementSize: int
    count: int
    placementIds: Sequence[int]


class VgpuPlacementListV2(TypedDict, total=False):
    """nvmlVgpuPlacementList_v2_t."""

    version: int
    placementSize: int
    count: int
    placementIds: Sequence[int]
    mode: int


class VgpuTypeBar1InfoV1(TypedDict, total=False):
    """nvmlVgpuTypeBar1Info_v1_t."""

    version: int
    bar1Size: int


class VgpuInstanceUtilizationSample(TypedDict, total=False):
    """nvmlVgpuInstanceUtilizationSample_t."""

    vgpuInstance: int
    timeStamp: int
    smUtil: "Value"
    memUtil: "Value"
    encUtil: "Value"
    decUtil: "Value"


class VgpuInstanceUtilizationInfoV1(TypedDict, total=False):
    """nvmlVgpuInstanceUtilizationInfo_v1_t."""

    timeStamp: int
    vgpuInstance: int
    smUtil: "Value"
    memUtil: "Value"
    encUtil: "Value"
    decUtil: "Value"
    jpgUtil: "Value"
    ofaUtil: "Value"


class VgpuInstancesUtilizationInfoV1(TypedDict, total=False):
    """nvmlVgpuInstancesUtilizationInfo_v1_t."""

    version: int
    sampleValType: int
    vgpuInstanceCount: int
    lastSeenTimeStamp: int
    vgpuUtilArray: Sequence["VgpuInstanceUtilizationInfoV1"]


class VgpuProcessUtilizationSample(TypedDict, total=False):
    """nvmlVgpuProcessUtilizationSample_t."""

    vgpuInstance: int
    pid: int
    processName: str | bytes
    timeStamp: int
    smUtil: int
    memUtil: int
    encUtil: int
    decUtil: int


class VgpuProcessUtilizationInfoV1(TypedDict, total=False):
    """nvmlVgpuProcessUtilizationInfo_v1_t."""

    processName: str | bytes
    timeStamp: int
    vgpuInstance: int
    pid: int
    smUtil: int
    memUtil: int
    encUtil: int
    decUtil: int
    jpgUtil: int
    ofaUtil: int


class VgpuProcessesUtilizationInfoV1(TypedDict, total=False):
    """nvmlVgpuProcessesUtilizationInfo_v1_t."""

    version: int
    vgpuProcessCount: int
    lastSeenTimeStamp: int
    vgpuProcUtilArray: Sequence["VgpuProcessUtilizationInfoV1"]


class VgpuRuntimeStateV1(TypedDict, total=False):
    """nvmlVgpuRuntimeState_v1_t."""

    version: int
    size: int


class VgpuSchedulerParams(TypedDict, total=False):
    """nvmlVgpuSchedulerParams_t."""

    avgFactor: int
    timeslice: int


class VgpuSchedulerLogEntry(TypedDict, total=False):
    """nvmlVgpuSchedulerLogEntry_t."""

    timestamp: int
    timeRunTotal: int
    timeRun: int
    swRunlistId: int
    targetTimeSlice: int
    cumulativePreemptionTime: int


class VgpuSchedulerLog(TypedDict, total=False):
    """nvmlVgpuSchedulerLog_t."""

    engineId: int
    schedulerPolicy: int
    arrMode: int
    schedulerParams: "VgpuSchedulerParams"
    entriesCount: int
    logEntries: Sequence["VgpuSchedulerLogEntry"]


class VgpuSchedulerGetState(TypedDict, total=False):
    """nvmlVgpuSchedulerGetState_t."""

    schedulerPolicy: int
    arrMode: int
    schedulerParams: "VgpuSchedulerParams"


class VgpuSchedulerSetParams(TypedDict, total=False):
    """nvmlVgpuSchedulerSetParams_t."""

    avgFactor: int
    frequency: int


class VgpuSchedulerSetState(TypedDict, total=False):
    """nvmlVgpuSchedulerSetState_t."""

    schedulerPolicy: int
    enableARRMode: int
    schedulerParams: "VgpuSchedulerSetParams"


class VgpuSchedulerCapabilities(TypedDict, total=False):
    """nvmlVgpuSchedulerCapabilities_t."""

    supportedSchedulers: Sequence[int]
    maxTimeslice: int
    minTimeslice: int
    isArrModeSupported: int
    maxFrequencyForARR: int
    minFrequencyForARR: int
    maxAvgFactorForARR: int
    minAvgFactorForARR: int


class VgpuLicenseExpiry(TypedDict, total=False):
    """nvmlVgpuLicenseExpiry_t."""

    year: int
    month: int
    day: int
    hour: int
    min: int
    sec: int
    status: int


class VgpuLicenseInfo(TypedDict, total=False):
    """nvmlVgpuLicenseInfo_t."""

    isLicensed: int
    licenseExpiry: "VgpuLicenseExpiry"
    currentState: int


class GridLicenseExpiry(TypedDict, total=False):
    """nvmlGridLicenseExpiry_t."""

    year: int
    month: int
    day: int
    hour: int
    min: int
    sec: int
    status: int


class GridLicensableFeature(TypedDict, total=False):
    """nvmlGridLicensableFeature_t."""

    featureCode: int
    featureState: int
    licenseInfo: str | bytes
    productName: str | bytes
    featureEnabled: int
    licenseExpiry: "GridLicenseExpiry"


class GridLicensableFeatures(TypedDict, total=False):
    """nvmlGridLicensableFeatures_t."""

    isGridLicenseSupported: int
    licensableFeaturesCount: int
    gridLicensableFeatures: Sequence["GridLicensableFeature"]


class VgpuTypeIdInfoV1(TypedDict, total=False):
    """nvmlVgpuTypeIdInfo_v1_t."""

    version: int
    vgpuCount: int
    vgpuTypeIds: Sequence[int]


class VgpuTypeMaxInstanceV1(TypedDict, total=False):
    """nvmlVgpuTypeMaxInstance_v1_t."""

    version: int
    vgpuTypeId: int
    maxInstancePerGI: int


class ActiveVgpuInstanceInfoV1(TypedDict, total=False):
    """nvmlActiveVgpuInstanceInfo_v1_t."""

    version: int
    vgpuCount: int
    vgpuInstances: Sequence[int]


class VgpuSchedulerStateV1(TypedDict, total=False):
    """nvmlVgpuSchedulerState_v1_t."""

    version: int
    engineId: int
    schedulerPolicy: int
    enableARRMode: int
    schedulerParams: "VgpuSchedulerSetParams"


class VgpuSchedulerStateInfoV1(TypedDict, total=False):
    """nvmlVgpuSchedulerStateInfo_v1_t."""

    version: int
    engineId: int
    schedulerPolicy: int
    arrMode: int
    schedulerParams: "VgpuSchedulerParams"


class VgpuSchedulerLogInfoV1(TypedDict, total=False):
    """nvmlVgpuSchedulerLogInfo_v1_t."""

    version: int
    engineId: int
    schedulerPolicy: int
    arrMode: int
    schedulerParams: "VgpuSchedulerParams"
    entriesCount: int
    logEntries: Sequence["VgpuSchedulerLogEntry"]


class VgpuCreatablePlacementInfoV1(TypedDict, total=False):
    """nvmlVgpuCreatablePlacementInfo_v1_t."""

    version: int
    vgpuTypeId: int
    count: int
    placementIds: Sequence[int]
    placementSize: int


class VgpuSchedulerStateInfoV2(TypedDict, total=False):
    """nvmlVgpuSchedulerStateInfo_v2_t."""

    engineId: int
    schedulerPolicy: int
    avgFactor: int
    timeslice: int


class VgpuSchedulerLogEntryV2(TypedDict, total=False):
    """nvmlVgpuSchedulerLogEntry_v2_t."""

    timestamp: int
    timeRunTotal: int
    timeRun: int
    swRunlistId: int
    targetTimeSlice: int
    cumulativePreemptionTime: int
    weight: int


class VgpuSchedulerLogInfoV2(TypedDict, total=False):
    """nvmlVgpuSchedulerLogInfo_v2_t."""

    engineId: int
    schedulerPolicy: int
    avgFactor: int
    timeslice: int
    entriesCount: int
    logEntries: Sequence["VgpuSchedulerLogEntryV2"]


class VgpuSchedulerStateV2(TypedDict, total=False):
    """nvmlVgpuSchedulerState_v2_t."""

    engineId: int
    schedulerPolicy: int
    avgFactor: int
    frequency: int


class NvLinkPowerThres(TypedDict, total=False):
    """nvmlNvLinkPowerThres_t."""

    lowPwrThreshold: int


class FieldValue(TypedDict, total=False):
    """nvmlFieldValue_t."""

    fieldId: int
    scopeId: int
    timestamp: int
    latencyUsec: int
    valueType: int
    nvmlReturn: int
    value: "Value"


class HwbcEntry(TypedDict, total=False):
    """nvmlHwbcEntry_t."""

    hwbcId: int
    firmwareVersion: str | bytes


class LedState(TypedDict, total=False):
    """nvmlLedState_t."""

    cause: str | bytes
    color: int


class UnitInfo(TypedDict, total=False):
    """nvmlUnitInfo_t."""

    name: str | bytes
    id: str | bytes
    serial: str | bytes
    firmwareVersion: str | bytes


class PSUInfo(TypedDict, total=False):
    """nvmlPSUInfo_t."""

    state: str | bytes
    current: int
    voltage: int
    power: int


class UnitFanInfo(TypedDict, total=False):
    """nvmlUnitFanInfo_t."""

    speed: int
    state: int


class UnitFanSpeeds(TypedDict, total=False):
    """nvmlUnitFanSpeeds_t."""

    fans: Sequence["UnitFanInfo"]
    count: int


class EventData(TypedDict, total=False):
    """nvmlEventData_t."""

    device: int
    eventType: int
    eventData: int
    gpuInstanceId: int
    computeInstanceId: int


class SystemEventSetCreateRequestV1(TypedDict, total=False):
    """nvmlSystemEventSetCreateRequest_v1_t."""

    version: int
    set: int


class SystemEventSetFreeRequestV1(TypedDict, total=False):
    """nvmlSystemEventSetFreeRequest_v1_t."""

    version: int
    set: int


class SystemRegisterEventRequestV1(TypedDict, total=False):
    """nvmlSystemRegisterEventRequest_v1_t."""

    version: int
    eventTypes: int
    set: int


class SystemEventDataV1(TypedDict, total=False):
    """nvmlSystemEventData_v1_t."""

    eventType: int
    gpuId: int


class SystemEventSetWaitRequestV1(TypedDict, total=False):
    """nvmlSystemEventSetWaitRequest_v1_t."""

    version: int
    timeoutms: int
    set: int
    data: int
    dataSize: int
    numEvent: int


class AccountingStats(TypedDict, total=False):
    """nvmlAccountingStats_t."""

    gpuUtilization: int
    memoryUtilization: int
    maxMemoryUsage: int
    time: int
    startTime: int
    isRunning: int
    reserved: Sequence[int]


class AccountingStatsV2(TypedDict, total=False):
    """nvmlAccountingStats_v2_t."""

    pid: int
    isRunning: int
    gpuUtilization: int
    memoryUtilization: int
    maxMemoryUsage: int
    sampleCount: int
    sumGpuUtil: int
    sumFbUtil: int
    time: int
    startTime: int


class EncoderSessionInfo(TypedDict, total=False):
    """nvmlEncoderSessionInfo_t."""

    sessionId: int
    pid: int
    vgpuInstance: int
    codecType: int
    hResolution: int
    vResolution: int
    averageFps: int
    averageLatency: int


class FBCStats(TypedDict, total=False):
    """nvmlFBCStats_t."""

    sessionsCount: int
    averageFPS: int
    averageLatency: int


class FBCSessionInfo(TypedDict, total=False):
    """nvmlFBCSessionInfo_t."""

    sessionId: int
    pid: int
    vgpuInstance: int
    displayOrdinal: int
    sessionType: int
    sessionFlags: int
    hMaxResolution: int
    vMaxResolution: int
    hResolution: int
    vResolution: int
    averageFPS: int
    averageLatency: int


class ConfComputeSystemCaps(TypedDict, total=False):
    """nvmlConfComputeSystemCaps_t."""

    cpuCaps: int
    gpusCaps: int


class ConfComputeSystemState(TypedDict, total=False):
    """nvmlConfComputeSystemState_t."""

    environment: int
    ccFeature: int
    devToolsMode: int


class SystemConfComputeSettingsV1(TypedDict, total=False):
    """nvmlSystemConfComputeSettings_v1_t."""

    version: int
    environment: int
    ccFeature: int
    devToolsMode: int
    multiGpuMode: int


class ConfComputeMemSizeInfo(TypedDict, total=False):
    """nvmlConfComputeMemSizeInfo_t."""

    protectedMemSizeKib: int
    unprotectedMemSizeKib: int


class ConfComputeGpuCertificate(TypedDict, total=False):
    """nvmlConfComputeGpuCertificate_t."""

    certChainSize: int
    attestationCertChainSize: int
    certChain: Sequence[int]
    attestationCertChain: Sequence[int]


class ConfComputeGpuAttestationReport(TypedDict, total=False):
    """nvmlConfComputeGpuAttestationReport_t."""

    isCecAttestationReportPresent: int
    attestationReportSize: int
    cecAttestationReportSize: int
    nonce: Sequence[int]
    attestationReport: Sequence[int]
    cecAttestationReport: Sequence[int]


class ConfComputeSetKeyRotationThresholdInfoV1(TypedDict, total=False):
    """nvmlConfComputeSetKeyRotationThresholdInfo_v1_t."""

    version: int
    maxAttackerAdvantage: int


class ConfComputeGetKeyRotationThresholdInfoV1(TypedDict, total=False):
    """nvmlConfComputeGetKeyRotationThresholdInfo_v1_t."""

    version: int
    attackerAdvantage: int


class GpuFabricInfo(TypedDict, total=False):
    """nvmlGpuFabricInfo_t."""

    clusterUuid: Sequence[int]
    status: int
    cliqueId: int
    state: int


class GpuFabricInfoV2(TypedDict, total=False):
    """nvmlGpuFabricInfo_v2_t."""

    version: int
    clusterUuid: Sequence[int]
    status: int
    cliqueId: int
    state: int
    healthMask: int


class GpuFabricInfoV3(TypedDict, total=False):
    """nvmlGpuFabricInfo_v3_t."""

    version: int
    clusterUuid: Sequence[int]
    status: int
    cliqueId: int
    state: int
    healthMask: int
    healthSummary: int


class CPERCursorV1(TypedDict, total=False):
    """nvmlCPERCursor_v1_t."""

    cperTypeMask: int
    uuid: str | bytes
    handle: int


class GetCPERV1(TypedDict, total=False):
    """nvmlGetCPER_v1_t."""

    cursor: "CPERCursorV1"
    buffer: int
    bufferSize: int


class SystemDriverBranchInfoV1(TypedDict, total=False):
    """nvmlSystemDriverBranchInfo_v1_t."""

    version: int
    branch: str | bytes


class TemperatureV1(TypedDict, total=False):
    """nvmlTemperature_v1_t."""

    version: int
    sensorType: int
    temperature: int


class NvlinkSupportedBwModesV1(TypedDict, total=False):
    """nvmlNvlinkSupportedBwModes_v1_t."""

    version: int
    bwModes: Sequence[int]
    totalBwModes: int


class NvlinkGetBwModeV1(TypedDict, total=False):
    """nvmlNvlinkGetBwMode_v1_t."""

    version: int
    bIsBest: int
    bwMode: int


class NvlinkSetBwModeV1(TypedDict, total=False):
    """nvmlNvlinkSetBwMode_v1_t."""

    version: int
    bSetBest: int
    bwMode: int


class NvLinkInfoV1(TypedDict, total=False):
    """nvmlNvLinkInfo_v1_t."""

    version: int
    isNvleEnabled: int


class NvlinkFirmwareVersion(TypedDict, total=False):
    """nvmlNvlinkFirmwareVersion_t."""

    ucodeType: int
    major: int
    minor: int
    subMinor: int


class NvlinkFirmwareInfo(TypedDict, total=False):
    """nvmlNvlinkFirmwareInfo_t."""

    firmwareVersion: Sequence["NvlinkFirmwareVersion"]
    numValidEntries: int


class NvLinkInfoV2(TypedDict, total=False):
    """nvmlNvLinkInfo_v2_t."""

    version: int
    isNvleEnabled: int
    firmwareInfo: "NvlinkFirmwareInfo"


class VgpuVersion(TypedDict, total=False):
    """nvmlVgpuVersion_t."""

    minVersion: int
    maxVersion: int


class VgpuMetadata(TypedDict, total=False):
    """nvmlVgpuMetadata_t."""

    version: int
    revision: int
    guestInfoState: int
    guestDriverVersion: str | bytes
    hostDriverVersion: str | bytes
    reserved: Sequence[int]
    vgpuVirtualizationCaps: int
    guestVgpuVersion: int
    opaqueDataSize: int
    opaqueData: str | bytes


class VgpuPgpuMetadata(TypedDict, total=False):
    """nvmlVgpuPgpuMetadata_t."""

    version: int
    revision: int
    hostDriverVersion: str | bytes
    pgpuVirtualizationCaps: int
    reserved: Sequence[int]
    hostSupportedVgpuRange: "VgpuVersion"
    opaqueDataSize: int
    opaqueData: str | bytes


class VgpuPgpuCompatibility(TypedDict, total=False):
    """nvmlVgpuPgpuCompatibility_t."""

    vgpuVmCompatibility: int
    compatibilityLimitCode: int


class ExcludedDeviceInfo(TypedDict, total=False):
    """nvmlExcludedDeviceInfo_t."""

    pciInfo: "PciInfo"
    uuid: str | bytes


class PRMTLVV1(TypedDict, total=False):
    """nvmlPRMTLV_v1_t."""

    dataSize: int
    status: int
    data: Sequence[int]


class PRMCounterInputV1(TypedDict, total=False):
    """nvmlPRMCounterInput_v1_t."""

    localPort: int


class PRMCounterValueV1(TypedDict, total=False):
    """nvmlPRMCounterValue_v1_t."""

    status: int
    outputType: int
    outputValue: "Value"


class PRMCounterV1(TypedDict, total=False):
    """nvmlPRMCounter_v1_t."""

    counterId: int
    inData: "PRMCounterInputV1"
    counterValue: "PRMCounterValueV1"


class PRMCounterListV1(TypedDict, total=False):
    """nvmlPRMCounterList_v1_t."""

    numCounters: int
    counters: int


class GpuInstancePlacement(TypedDict, total=False):
    """nvmlGpuInstancePlacement_t."""

    start: int
    size: int


class GpuInstanceProfileInfo(TypedDict, total=False):
    """nvmlGpuInstanceProfileInfo_t."""

    id: int
    isP2pSupported: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    copyEngineCount: int
    decoderCount: int
    encoderCount: int
    jpegCount: int
    ofaCount: int
    memorySizeMB: int


class GpuInstanceProfileInfoV2(TypedDict, total=False):
    """nvmlGpuInstanceProfileInfo_v2_t."""

    version: int
    id: int
    isP2pSupported: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    copyEngineCount: int
    decoderCount: int
    encoderCount: int
    jpegCount: int
    ofaCount: int
    memorySizeMB: int
    name: str | bytes


class GpuInstanceProfileInfoV3(TypedDict, total=False):
    """nvmlGpuInstanceProfileInfo_v3_t."""

    version: int
    id: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    copyEngineCount: int
    decoderCount: int
    encoderCount: int
    jpegCount: int
    ofaCount: int
    memorySizeMB: int
    name: str | bytes
    capabilities: int


class GpuInstanceInfo(TypedDict, total=False):
    """nvmlGpuInstanceInfo_t."""

    device: int
    id: int
    profileId: int
    placement: "GpuInstancePlacement"


class ComputeInstancePlacement(TypedDict, total=False):
    """nvmlComputeInstancePlacement_t."""

    start: int
    size: int


class ComputeInstanceProfileInfo(TypedDict, total=False):
    """nvmlComputeInstanceProfileInfo_t."""

    id: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    sharedCopyEngineCount: int
    sharedDecoderCount: int
    sharedEncoderCount: int
    sharedJpegCount: int
    sharedOfaCount: int


class ComputeInstanceProfileInfoV2(TypedDict, total=False):
    """nvmlComputeInstanceProfileInfo_v2_t."""

    version: int
    id: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    sharedCopyEngineCount: int
    sharedDecoderCount: int
    sharedEncoderCount: int
    sharedJpegCount: int
    sharedOfaCount: int
    name: str | bytes


class ComputeInstanceProfileInfoV3(TypedDict, total=False):
    """nvmlComputeInstanceProfileInfo_v3_t."""

    version: int
    id: int
    sliceCount: int
    instanceCount: int
    multiprocessorCount: int
    sharedCopyEngineCount: int
    sharedDecoderCount: int
    sharedEncoderCount: int
    sharedJpegCount: int
    sharedOfaCount: int
    name: str | bytes
    capabilities: int


class ComputeInstanceInfo(TypedDict, total=False):
    """nvmlComputeInstanceInfo_t."""

    device: int
    gpuInstance: int
    id: int
    profileId: int
    placement: "ComputeInstancePlacement"


class GpmMetric(TypedDict, total=False):
    """nvmlGpmMetric_t."""

    metricId: int
    nvmlReturn: int
    value: float
    metricInfo: Sequence[int]


class GpmMetricsHead(TypedDict, total=False):
    """nvmlGpmMetricsHead_t."""

    version: int
    numMetrics: int
    sample1: int
    sample2: int


class GpmSupport(TypedDict, total=False):
    """nvmlGpmSupport_t."""

    version: int
    isSupportedDevice: int


class DeviceCapabilitiesV1(TypedDict, total=False):
    """nvmlDeviceCapabilities_v1_t."""

    version: int
    capMask: int


class Mask255(TypedDict, total=False):
    """nvmlMask255_t."""

    mask: Sequence[int]


class WorkloadPowerProfileInfoV1(TypedDict, total=False):
    """nvmlWorkloadPowerProfileInfo_v1_t."""

    version: int
    profileId: int
    priority: int
    conflictingMask: "Mask255"


class WorkloadPowerProfileProfilesInfoV1(TypedDict, total=False):
    """nvmlWorkloadPowerProfileProfilesInfo_v1_t."""

    version: int
    perfProfilesMask: "Mask255"
    perfProfile: Sequence["WorkloadPowerProfileInfoV1"]


class WorkloadPowerProfileCurrentProfilesV1(TypedDict, total=False):
    """nvmlWorkloadPowerProfileCurrentProfiles_v1_t."""

    version: int
    perfProfilesMask: "Mask255"
    requestedProfilesMask: "Mask255"
    enforcedProfilesMask: "Mask255"


class WorkloadPowerProfileRequestedProfilesV1(TypedDict, total=False):
    """nvmlWorkloadPowerProfileRequestedProfiles_v1_t."""

    version: int
    requestedProfilesMask: "Mask255"


class WorkloadPowerProfileUpdateProfilesV1(TypedDict, total=False):
    """nvmlWorkloadPowerProfileUpdateProfiles_v1_t."""

    operation: int
    updateProfilesMask: "Mask255"


class PowerSmoothingProfileV1(TypedDict, total=False):
    """nvmlPowerSmoothingProfile_v1_t."""

    version: int
    profileId: int
    paramId: int
    value: float


class PowerSmoothingStateV1(TypedDict, total=False):
    """nvmlPowerSmoothingState_v1_t."""

    version: int
    state: int


class FabricClique(TypedDict, total=False):
    """nvmlFabricClique_t."""

    type: int
    id: int


class GpuFabricInfoV4(TypedDict, total=False):
    """nvmlGpuFabricInfo_v4_t."""

    clusterUuid: Sequence[int]
    status: int
    cliques: Sequence["FabricClique"]
    numCliques: int
    state: int
    healthMask: int
    healthSummary: int


class AdaptiveTgpModeInfoV1(TypedDict, total=False):
    """nvmlAdaptiveTgpModeInfo_v1_t."""

    inBandEnableRequest: int
    featureAllowedByAdmin: int
    adminOverrideEnabled: int
    enablementStatus: int
    adjustedLimitMw: int


class EccBankRemapperStatusV1(TypedDict, total=False):
    """nvmlEccBankRemapperStatus_v1_t."""

    activeRemappings: int
    inactiveRemappings: int
    bPending: int
    maxSpareGroupCount: int
    noSpareGroupCount: int


class NvlinkSetBwModeAsyncV1(TypedDict, total=False):
    """nvmlNvlinkSetBwModeAsync_v1_t."""

    bSetBest: int
    bwMode: int
    asyncPollTimeoutMs: int


class EventSetGetContextCountV1(TypedDict, total=False):
    """nvmlEventSetGetContextCount_v1_t."""

    count: int


class EventSetGetContextInfoV1(TypedDict, total=False):
    """nvmlEventSetGetContextInfo_v1_t."""

    index: int
    nvmlGpuOperationalEventContextType: int
    sourceEventContextType: int
    dataSize: int
    dataFormatVersion: int


class EventSetLegacyXidV1(TypedDict, total=False):
    """nvmlEventSetLegacyXid_v1_t."""

    index: int
    xidCode: int


class GpuOperationalEventConfigV1(TypedDict, total=False):
    """nvmlGpuOperationalEventConfig_v1_t."""

    uuid: str | bytes
    minLogLevel: int
    minSeverity: int


class EventSetWaitV3(TypedDict, total=False):
    """nvmlEventSetWait_v3_t."""

    timeoutMs: int
    dataType: int
    uuid: str | bytes
    sourceModule: str | bytes
    eventType: int
    eventData: int
    groupCursor: int
    instanceId: int
    timestampUsec: int
    traceId: int
    gpuInstanceId: int
    computeInstanceId: int
    severity: int
    categoryId: int
    moduleEventCode: int
    scope: int
    originator: int
    moduleInstance: int
    chipletId: int
    logLevel: int
    attributes: int
    groupCperSize: int
    groupAttributes: int
    groupSize: int
    groupIndex: int


class GetMemoryLimitsV1(TypedDict, total=False):
    """nvmlGetMemoryLimits_v1_t."""

    nameSpace: int
    softLimit: int
    hardLimit: int
    currentUsed: int


class SetMemoryLimitsV1(TypedDict, total=False):
    """nvmlSetMemoryLimits_v1_t."""

    nameSpace: int
    softLimit: int
    hardLimit: int


class EventSetGetContextDataV1(TypedDict, total=False):
    """nvmlEventSetGetContextData_v1_t."""

    data: Sequence[int]
    index: int
    dataSize: int


class PerfMetricsSamplesV1(TypedDict, total=False):
    """nvmlPerfMetricsSamples_v1_t."""

    numSamples: int
    samples: Sequence[int]
