/* Made by: python -m fake_nvml.abi.generate, from abi/functions.txt, abi/structs.txt and abi/codes.py. Do not edit. */
#include "plain.h"

const uint32_t fake_nvml_abi = 0x21b2066eu;
const uint32_t fake_nvml_entries = 431u;
const uint32_t fake_nvml_init = 353u, fake_nvml_version = 372u;

static const param_t params_0[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlComputeInstanceDestroy(const void * a0) {
    static const entry_t entry = {0, 1, 1, 0x112e632f57534413ull, params_0};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_1[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlComputeInstanceGetInfo(const void * a0, const void * a1) {
    static const entry_t entry = {1, 2, 0, 0xaf65dce86aa27fb9ull, params_1};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_2[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlComputeInstanceGetInfo_v2(const void * a0, const void * a1) {
    static const entry_t entry = {2, 2, 0, 0x4d9d56a2088f49c4ull, params_2};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_3[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceClearAccountingPids(const void * a0) {
    static const entry_t entry = {3, 1, 1, 0xebd4d05b2f884b20ull, params_3};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_4[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceClearCpuAffinity(const void * a0) {
    static const entry_t entry = {4, 1, 1, 0x98507c49d1034aa1ull, params_4};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_5[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceClearEccErrorCounts(const void * a0, unsigned int a1) {
    static const entry_t entry = {5, 2, 1, 0x3687f602fe1a44ffull, params_5};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_6[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UPDATED_ARRAY, 2, 1, 0, 40, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceClearFieldValues(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {6, 3, 1, 0xd4bf6fbc935740aeull, params_6};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_7[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceCreateGpuInstance(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {7, 3, 1, 0x72f6e975b5c44252ull, params_7};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_8[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceCreateGpuInstanceWithPlacement(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {8, 4, 1, 0x1f729563535bd3f7ull, params_8};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_9[] = {
    {KIND_READ_ONLY, 0, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceDiscoverGpus(const void * a0) {
    static const entry_t entry = {9, 1, 1, 0xbdaa0f1c76d9cdb5ull, params_9};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_10[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceFreezeNvLinkUtilizationCounter(const void * a0, unsigned int a1, unsigned int a2, unsigned int a3) {
    static const entry_t entry = {10, 4, 1, 0x5be188d6115fb668ull, params_10};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_11[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAPIRestriction(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {11, 3, 0, 0xfa19028f3011b85cull, params_11};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_12[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAccountingBufferSize(const void * a0, const void * a1) {
    static const entry_t entry = {12, 2, 0, 0xa694ae7de86bf83dull, params_12};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_13[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAccountingMode(const void * a0, const void * a1) {
    static const entry_t entry = {13, 2, 0, 0x44cc28368a85fa63ull, params_13};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_14[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAccountingPids(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {14, 3, 0, 0xe303a1f0ae97ef9aull, params_14};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_15[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 56, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAccountingStats(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {15, 3, 0, 0x813b1ba94de5d1d6ull, params_15};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_16[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 64, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAccountingStats_v2(const void * a0, const void * a1) {
    static const entry_t entry = {16, 2, 1, 0xf4a5fec7cf81164bull, params_16};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_17[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetActiveVgpus(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {17, 3, 0, 0x92dd788028b21c21ull, params_17};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_18[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAdaptiveClockInfoStatus(const void * a0, const void * a1) {
    static const entry_t entry = {18, 2, 0, 0x3114f23a08ad128cull, params_18};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_19[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 20, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAdaptiveTgpModeInfo_v1(const void * a0, const void * a1) {
    static const entry_t entry = {19, 2, 0, 0xcf4c6bf376483738ull, params_19};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_20[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceGetAddressingMode(const void * a0, const void * a1) {
    static const entry_t entry = {20, 2, 0, 0x7bc817e14632efd9ull, params_20};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_21[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetApplicationsClock(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {21, 3, 0, 0x19ff919aa4bae5d7ull, params_21};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_22[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetArchitecture(const void * a0, const void * a1) {
    static const entry_t entry = {22, 2, 0, 0xb8370b5484b8fb36ull, params_22};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_23[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 40, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAttributes(const void * a0, const void * a1) {
    static const entry_t entry = {23, 2, 0, 0x566e850dedb4e97aull, params_23};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_24[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 40, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAttributes_v2(const void * a0, const void * a1) {
    static const entry_t entry = {24, 2, 0, 0x02ea30fb423b371full, params_24};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_25[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetAutoBoostedClocksEnabled(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {25, 3, 0, 0xa121aab4613a294dull, params_25};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_26[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBAR1MemoryInfo(const void * a0, const void * a1) {
    static const entry_t entry = {26, 2, 0, 0x3f59246e003f2460ull, params_26};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_27[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBBXTimeData_v1(const void * a0, const void * a1) {
    static const entry_t entry = {27, 2, 0, 0xdd909e276320e204ull, params_27};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_28[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 20, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBankRemapperStatus_v1(const void * a0, const void * a1) {
    static const entry_t entry = {28, 2, 0, 0x8a0c4a15c9ab5d85ull, params_28};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_29[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBoardId(const void * a0, const void * a1) {
    static const entry_t entry = {29, 2, 0, 0x2843c3ceeab2506bull, params_29};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_30[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBoardPartNumber(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {30, 2, 0, 0xc67b3d8884473232ull, params_30};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_31[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBrand(const void * a0, const void * a1) {
    static const entry_t entry = {31, 2, 0, 0x64b2b741a5343c8eull, params_31};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_32[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 1028, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBridgeChipInfo(const void * a0, const void * a1) {
    static const entry_t entry = {32, 2, 0, 0xd81d9a5ff7d13383ull, params_32};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_33[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetBusType(const void * a0, const void * a1) {
    static const entry_t entry = {33, 2, 0, 0x76551418d94231e9ull, params_33};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_34[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetC2cModeInfoV(const void * a0, const void * a1) {
    static const entry_t entry = {34, 2, 0, 0x148c8dd23aed2fd4ull, params_34};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_35[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceGetCapabilities(const void * a0, const void * a1) {
    static const entry_t entry = {35, 2, 0, 0xb2c4078b1f681990ull, params_35};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_36[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 264, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetClkMonStatus(const void * a0, const void * a1) {
    static const entry_t entry = {36, 2, 0, 0x5f3fb3796d9d0af1ull, params_36};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_37[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetClock(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {37, 4, 0, 0xfd772d324c9a18afull, params_37};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_38[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetClockInfo(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {38, 3, 0, 0x9baea6ecaa99175eull, params_38};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_39[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 12, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlDeviceGetClockOffsets(const void * a0, const void * a1) {
    static const entry_t entry = {39, 2, 0, 0x39e620a589640d62ull, params_39};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_40[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetComputeInstanceId(const void * a0, const void * a1) {
    static const entry_t entry = {40, 2, 0, 0xe661cc93d31905a7ull, params_40};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_41[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetComputeMode(const void * a0, const void * a1) {
    static const entry_t entry = {41, 2, 0, 0x8499464c305a0305ull, params_41};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_42[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetComputeRunningProcesses(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {42, 3, 0, 0x22d0c00616dd0158ull, params_42};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_43[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetComputeRunningProcesses_v2(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {43, 3, 0, 0xc10839bf725004ccull, params_43};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_44[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetComputeRunningProcesses_v3(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {44, 3, 0, 0x6d83e5ad55cd3d4dull, params_44};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_45[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 12332, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetConfComputeGpuAttestationReport(const void * a0, const void * a1) {
    static const entry_t entry = {45, 2, 1, 0x0bbb5f66bc220b93ull, params_45};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_46[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 9224, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetConfComputeGpuCertificate(const void * a0, const void * a1) {
    static const entry_t entry = {46, 2, 0, 0xa9f2d9209f11082aull, params_46};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_47[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetConfComputeMemSizeInfo(const void * a0, const void * a1) {
    static const entry_t entry = {47, 2, 0, 0x482a52d9fe041fc6ull, params_47};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_48[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetConfComputeProtectedMemoryUsage(const void * a0, const void * a1) {
    static const entry_t entry = {48, 2, 0, 0xbb9535f79fe15edbull, params_48};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_49[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 8, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlDeviceGetCoolerInfo(const void * a0, const void * a1) {
    static const entry_t entry = {49, 2, 0, 0x59ccafb0fa7248f1ull, params_49};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_50[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCount(const void * a0) {
    static const entry_t entry = {50, 1, 0, 0xf804296adb0d4a3cull, params_50};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_51[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCount_v2(const void * a0) {
    static const entry_t entry = {51, 1, 0, 0x963ba32334687c48ull, params_51};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_52[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_ARRAY, 2, 1, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCpuAffinity(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {52, 3, 0, 0x42b74f1165fd35c9ull, params_52};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_53[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_ARRAY, 2, 1, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCpuAffinityWithinScope(const void * a0, unsigned int a1, const void * a2, unsigned int a3) {
    static const entry_t entry = {53, 4, 0, 0xe0eec8ca467a3e27ull, params_53};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_54[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCreatableVgpus(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {54, 3, 0, 0x7f2642845af93186ull, params_54};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_55[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCudaComputeCapability(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {55, 3, 0, 0x1d5dbc3db874532aull, params_55};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_56[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCurrPcieLinkGeneration(const void * a0, const void * a1) {
    static const entry_t entry = {56, 2, 0, 0xc9d9682be3f9e2afull, params_56};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_57[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCurrPcieLinkWidth(const void * a0, const void * a1) {
    static const entry_t entry = {57, 2, 0, 0x6810e1e4c17be77dull, params_57};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_58[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 2052, 4, 0, 0, 0, {0x01000804u}},
};
EXPORT unsigned int nvmlDeviceGetCurrentClockFreqs(const void * a0, const void * a1) {
    static const entry_t entry = {58, 2, 0, 0x06485b9e2efdd930ull, params_58};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_59[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCurrentClocksEventReasons(const void * a0, const void * a1) {
    static const entry_t entry = {59, 2, 0, 0xa47fd55703802b94ull, params_59};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_60[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetCurrentClocksThrottleReasons(const void * a0, const void * a1) {
    static const entry_t entry = {60, 2, 0, 0x50fb81457c0d1b75ull, params_60};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_61[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDecoderUtilization(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {61, 3, 0, 0xef32fafe4373ecbbull, params_61};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_62[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDefaultApplicationsClock(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {62, 3, 0, 0x8d6a74b8a6e1e6e2ull, params_62};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_63[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDefaultEccMode(const void * a0, const void * a1) {
    static const entry_t entry = {63, 2, 0, 0x2ba1ee718177e01eull, params_63};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_64[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDetailedEccErrors(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {64, 4, 0, 0x834ff4cff091d533ull, params_64};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_65[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(const void * a0, const void * a1) {
    static const entry_t entry = {65, 2, 0, 0x21876e88d2aff099ull, params_65};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_66[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDisplayActive(const void * a0, const void * a1) {
    static const entry_t entry = {66, 2, 0, 0xbfbee842cdcdf264ull, params_66};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_67[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDisplayMode(const void * a0, const void * a1) {
    static const entry_t entry = {67, 2, 0, 0x5df661fbac4bf7c0ull, params_67};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_68[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
    {KIND_VERSIONED, 2, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceGetDramEncryptionMode(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {68, 3, 0, 0x0a720de97cc63c41ull, params_68};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_69[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OPTIONAL_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OPTIONAL_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDriverModel(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {69, 3, 0, 0xa8a987a25d572a1full, params_69};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_70[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OPTIONAL_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OPTIONAL_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDriverModel_v2(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {70, 3, 0, 0x46e1015c33a8288eull, params_70};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_71[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 132, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetDynamicPstatesInfo(const void * a0, const void * a1) {
    static const entry_t entry = {71, 2, 0, 0xe5187b15118bdef2ull, params_71};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_72[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEccMode(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {72, 3, 0, 0x91942703e81e6657ull, params_72};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_73[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEncoderCapacity(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {73, 3, 0, 0x2fcba0bcd71f1dd5ull, params_73};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_74[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEncoderSessions(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {74, 3, 0, 0xce031a76b61c2308ull, params_74};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_75[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEncoderStats(const void * a0, const void * a1, const void * a2, const void * a3) {
    static const entry_t entry = {75, 4, 0, 0x6c3a942f9b5321bcull, params_75};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_76[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEncoderUtilization(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {76, 3, 0, 0x18b6401d64d6111dull, params_76};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_77[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetEnforcedPowerLimit(const void * a0, const void * a1) {
    static const entry_t entry = {77, 2, 0, 0xb6edb9d64d4774c3ull, params_77};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_78[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 48, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFBCSessions(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {78, 3, 0, 0x552533902fd07abaull, params_78};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_79[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFBCStats(const void * a0, const void * a1) {
    static const entry_t entry = {79, 2, 0, 0xf35cad4909636876ull, params_79};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_80[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFanControlPolicy_v2(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {80, 3, 0, 0x66c790670e42732bull, params_80};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_81[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFanSpeed(const void * a0, const void * a1) {
    static const entry_t entry = {81, 2, 0, 0x04ff0a20e32f5541ull, params_81};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_82[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 8, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlDeviceGetFanSpeedRPM(const void * a0, const void * a1) {
    static const entry_t entry = {82, 2, 0, 0xa33683dac42c58acull, params_82};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_83[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFanSpeed_v2(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {83, 3, 0, 0x416dfd93a708aa18ull, params_83};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_84[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UPDATED_ARRAY, 2, 1, 0, 40, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetFieldValues(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {84, 3, 0, 0xede9a98186b25b79ull, params_84};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_85[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpcClkMinMaxVfOffset(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {85, 3, 0, 0x8c21233a66874c37ull, params_85};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_86[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpcClkVfOffset(const void * a0, const void * a1) {
    static const entry_t entry = {86, 2, 0, 0x2a589cf443a877d6ull, params_86};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_87[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 28, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuFabricInfo(const void * a0, const void * a1) {
    static const entry_t entry = {87, 2, 0, 0xc89016ad21ab719aull, params_87};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_88[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 2, 40, 4, 0, 0, 0, {0x02000024u, 0x03000028u}},
};
EXPORT unsigned int nvmlDeviceGetGpuFabricInfoV(const void * a0, const void * a1) {
    static const entry_t entry = {88, 2, 0, 0x750bc29b1b39c03full, params_88};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_89[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 548, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuFabricInfo_v4(const void * a0, const void * a1) {
    static const entry_t entry = {89, 2, 0, 0x13433c54fe3f42edull, params_89};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_90[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceById(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {90, 3, 0, 0xb17ab60eddbc4cc0ull, params_90};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_91[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceId(const void * a0, const void * a1) {
    static const entry_t entry = {91, 2, 0, 0x4fb22fc7a3a35924ull, params_91};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_92[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NULL_QUERY, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstancePossiblePlacements(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {92, 4, 0, 0xfc2ddbb58d25c9e5ull, params_92};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_93[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NULL_QUERY, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstancePossiblePlacements_v2(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {93, 4, 0, 0x9a65556e6a37db0bull, params_93};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_94[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 48, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceProfileInfo(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {94, 3, 0, 0x389ccf285701c552ull, params_94};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_95[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 2, 0, 2, 152, 4, 0, 0, 0, {0x02000098u, 0x03000098u}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceProfileInfoByIdV(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {95, 3, 0, 0xd6d448e13833ce6eull, params_95};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_96[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 2, 0, 2, 152, 4, 0, 0, 0, {0x02000098u, 0x03000098u}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceProfileInfoV(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {96, 3, 0, 0x4a3f2bff17128f63ull, params_96};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_97[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstanceRemainingCapacity(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {97, 3, 0, 0xe876a5b8340e8509ull, params_97};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_98[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_COUNT_OUTPUT, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuInstances(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {98, 4, 0, 0x86ae1f72dd6c83b4ull, params_98};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_99[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuMaxPcieLinkGeneration(const void * a0, const void * a1) {
    static const entry_t entry = {99, 2, 0, 0x24e5992bffe881f0ull, params_99};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_100[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGpuOperationMode(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {100, 3, 0, 0xd1614519b162f151ull, params_100};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_101[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGraphicsRunningProcesses(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {101, 3, 0, 0x6f98bed2b0d68e8full, params_101};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_102[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGraphicsRunningProcesses_v2(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {102, 3, 0, 0x0dd0388c534894feull, params_102};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_103[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGraphicsRunningProcesses_v3(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {103, 3, 0, 0xac07b24571e49ac2ull, params_103};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_104[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 860, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGridLicensableFeatures(const void * a0, const void * a1) {
    static const entry_t entry = {104, 2, 0, 0x58835e333a5a9dc7ull, params_104};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_105[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 860, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGridLicensableFeatures_v2(const void * a0, const void * a1) {
    static const entry_t entry = {105, 2, 0, 0xf6bad7ec149e97e5ull, params_105};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_106[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 860, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGridLicensableFeatures_v3(const void * a0, const void * a1) {
    static const entry_t entry = {106, 2, 0, 0x94f251a6f59cedb8ull, params_106};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_107[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 860, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGridLicensableFeatures_v4(const void * a0, const void * a1) {
    static const entry_t entry = {107, 2, 0, 0x3329cb5fd390f36cull, params_107};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_108[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGspFirmwareMode(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {108, 3, 0, 0xdfa5774dba0aa4edull, params_108};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_109[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 64, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetGspFirmwareVersion(const void * a0, const void * a1) {
    static const entry_t entry = {109, 2, 0, 0x7ddcf1069926beb3ull, params_109};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_110[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByIndex(unsigned int a0, const void * a1) {
    static const entry_t entry = {110, 2, 0, 0x1c146ac07850a10aull, params_110};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_111[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByIndex_v2(unsigned int a0, const void * a1) {
    static const entry_t entry = {111, 2, 0, 0xba4be47959c4a3a6ull, params_111};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_112[] = {
    {KIND_STRING, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByPciBusId(const void * a0, const void * a1) {
    static const entry_t entry = {112, 2, 0, 0x2db6c7977c63a27bull, params_112};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_113[] = {
    {KIND_STRING, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByPciBusId_v2(const void * a0, const void * a1) {
    static const entry_t entry = {113, 2, 0, 0xcbee41501af1a351ull, params_113};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_114[] = {
    {KIND_STRING, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleBySerial(const void * a0, const void * a1) {
    static const entry_t entry = {114, 2, 0, 0x6a25bb0a3a4fe51cull, params_114};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_115[] = {
    {KIND_STRING, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByUUID(const void * a0, const void * a1) {
    static const entry_t entry = {115, 2, 0, 0x085d34c3c7e9eee8ull, params_115};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_116[] = {
    {KIND_VERSIONED, 0, 0, 1, 52, 52, 0, 0, 0, {0x01000034u}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHandleByUUIDV(const void * a0, const void * a1) {
    static const entry_t entry = {116, 2, 0, 0xb4d8e0b1e0739529ull, params_116};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_117[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHostVgpuMode(const void * a0, const void * a1) {
    static const entry_t entry = {117, 2, 0, 0x53105a6a80e5abc7ull, params_117};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_118[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 64, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetHostname_v1(const void * a0, const void * a1) {
    static const entry_t entry = {118, 2, 0, 0xf147d424a207b9e6ull, params_118};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_119[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetIndex(const void * a0, const void * a1) {
    static const entry_t entry = {119, 2, 0, 0x8f7f4ddd5df5a40aull, params_119};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_120[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetInforomConfigurationChecksum(const void * a0, const void * a1) {
    static const entry_t entry = {120, 2, 0, 0x3bfaf9cb6c7b7c8full, params_120};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_121[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetInforomImageVersion(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {121, 2, 0, 0xda3273840cfe72ddull, params_121};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_122[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 2, 3, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetInforomVersion(const void * a0, unsigned int a1, const void * a2, unsigned int a3) {
    static const entry_t entry = {122, 3, 0, 0x7869ed3e2e7f9050ull, params_122};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_123[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetIrqNum(const void * a0, const void * a1) {
    static const entry_t entry = {123, 2, 0, 0x16a166f7c3c19f74ull, params_123};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_124[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetJpgUtilization(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {124, 3, 0, 0xc31d12e5994a8615ull, params_124};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_125[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetLastBBXFlushTime(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {125, 3, 0, 0x61548c9eb8f69d9bull, params_125};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_126[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMPSComputeRunningProcesses(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {126, 3, 0, 0xff8c0658a7608b42ull, params_126};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_127[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMPSComputeRunningProcesses_v2(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {127, 3, 0, 0x9dc3801145f4893eull, params_127};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_128[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMPSComputeRunningProcesses_v3(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {128, 3, 0, 0x2ceb3feec7500e52ull, params_128};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_129[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceGetMarginTemperature(const void * a0, const void * a1) {
    static const entry_t entry = {129, 2, 0, 0xcb22b9a8a0271479ull, params_129};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_130[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMaxClockInfo(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {130, 3, 0, 0x695a3361830a1a87ull, params_130};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_131[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMaxCustomerBoostClock(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {131, 3, 0, 0x0791ad1b6e0b08e0ull, params_131};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_132[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMaxMigDeviceCount(const void * a0, const void * a1) {
    static const entry_t entry = {132, 2, 0, 0xb40d59085a9c1860ull, params_132};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_133[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMaxPcieLinkGeneration(const void * a0, const void * a1) {
    static const entry_t entry = {133, 2, 0, 0x5244d2c23f9f6fbfull, params_133};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_134[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMaxPcieLinkWidth(const void * a0, const void * a1) {
    static const entry_t entry = {134, 2, 0, 0xf07c4c7b1d5a75e9ull, params_134};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_135[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemClkMinMaxVfOffset(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {135, 3, 0, 0x8eb3c635e2c37392ull, params_135};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_136[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemClkVfOffset(const void * a0, const void * a1) {
    static const entry_t entry = {136, 2, 0, 0x3b2f7222ca482336ull, params_136};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_137[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_ARRAY, 2, 1, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemoryAffinity(const void * a0, unsigned int a1, const void * a2, unsigned int a3) {
    static const entry_t entry = {137, 4, 0, 0xd966ebdca9d726f5ull, params_137};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_138[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemoryBusWidth(const void * a0, const void * a1) {
    static const entry_t entry = {138, 2, 0, 0x779e659598622cabull, params_138};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_139[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 4, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemoryErrorCounter(const void * a0, unsigned int a1, unsigned int a2, unsigned int a3, const void * a4) {
    static const entry_t entry = {139, 5, 0, 0x15d5df4f7a931a1cull, params_139};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_140[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemoryInfo(const void * a0, const void * a1) {
    static const entry_t entry = {140, 2, 0, 0xc2518b3c366cebfcull, params_140};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_141[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 40, 4, 0, 0, 0, {0x02000028u}},
};
EXPORT unsigned int nvmlDeviceGetMemoryInfo_v2(const void * a0, const void * a1) {
    static const entry_t entry = {141, 2, 0, 0x608904f6130ed823ull, params_141};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_142[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMemoryLimits_v1(const void * a0, const void * a1) {
    static const entry_t entry = {142, 2, 1, 0xfec07eaf0c122645ull, params_142};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_143[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMigDeviceHandleByIndex(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {143, 3, 0, 0x9cf7f869eeeb2c96ull, params_143};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_144[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMigMode(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {144, 3, 0, 0x1062db86f000288aull, params_144};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_145[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 4, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMinMaxClockOfPState(const void * a0, unsigned int a1, unsigned int a2, const void * a3, const void * a4) {
    static const entry_t entry = {145, 5, 0, 0xae9a5540f1373a61ull, params_145};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_146[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMinMaxFanSpeed(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {146, 3, 0, 0x4cd1cef9922625cfull, params_146};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_147[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMinorNumber(const void * a0, const void * a1) {
    static const entry_t entry = {147, 2, 0, 0xeb0948b3b54b2ff8ull, params_147};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_148[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetModuleId(const void * a0, const void * a1) {
    static const entry_t entry = {148, 2, 0, 0x9784f4a074bdf618ull, params_148};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_149[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetMultiGpuBoard(const void * a0, const void * a1) {
    static const entry_t entry = {149, 2, 0, 0x35bc6e5a573f1097ull, params_149};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_150[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetName(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {150, 2, 0, 0xd3f3e813323e12f1ull, params_150};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_151[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNumFans(const void * a0, const void * a1) {
    static const entry_t entry = {151, 2, 0, 0x722b61cd1333173aull, params_151};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_152[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNumGpuCores(const void * a0, const void * a1) {
    static const entry_t entry = {152, 2, 0, 0x1ea70dbaf8a81fdeull, params_152};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_153[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNumaNodeId(const void * a0, const void * a1) {
    static const entry_t entry = {153, 2, 0, 0xbcde8774d987090dull, params_153};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_154[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkCapability(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {154, 4, 0, 0x5b16012dbfb20ba3ull, params_154};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_155[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkErrorCounter(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {155, 4, 0, 0xf94d7ae79aa3fc44ull, params_155};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_156[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 2, 1612, 4, 0, 0, 0, {0x01000008u, 0x0200064cu}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkInfo(const void * a0, const void * a1) {
    static const entry_t entry = {156, 2, 0, 0xa5c926d44d2c04c4ull, params_156};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_157[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkRemoteDeviceType(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {157, 3, 0, 0x4400a08e2c2f3eabull, params_157};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_158[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkRemotePciInfo(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {158, 3, 0, 0xe2381a470542007dull, params_158};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_159[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkRemotePciInfo_v2(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {159, 3, 0, 0x806f9401e6ab024eull, params_159};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_160[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkState(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {160, 3, 0, 0xf3da771e26d0c342ull, params_160};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_161[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 4, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_SIZED_ARRAY, 5, 3, 0, 8, 4, 0, 0, 0, {0}},
};
HIDDEN unsigned int fake_nvmlDeviceGetNvLinkTelemetrySamples_v1(const void * a0, unsigned int a1, unsigned int a2, unsigned int a3, const void * a4, const void * a5) {
    static const entry_t entry = {161, 6, 0, 0x9211f0d8c644c0a9ull, params_161};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, a3, (uint64_t)(uintptr_t)a4, (uint64_t)(uintptr_t)a5};
    return fake_nvml_call(&entry, args);
}

static const param_t params_162[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkUtilizationControl(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {162, 4, 0, 0x30496a91e3d6c617ull, params_162};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_163[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 4, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkUtilizationCounter(const void * a0, unsigned int a1, unsigned int a2, const void * a3, const void * a4) {
    static const entry_t entry = {163, 5, 0, 0xce80e44b9c6accd0ull, params_163};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_164[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetNvLinkVersion(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {164, 3, 0, 0x7afc9038ad1c5430ull, params_164};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_165[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 4, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlDeviceGetNvlinkBwMode(const void * a0, const void * a1) {
    static const entry_t entry = {165, 2, 0, 0x193409f24e1f49efull, params_165};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_166[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 28, 4, 0, 0, 0, {0x0100001cu}},
};
EXPORT unsigned int nvmlDeviceGetNvlinkSupportedBwModes(const void * a0, const void * a1) {
    static const entry_t entry = {166, 2, 0, 0xb76b83ab611e3f99ull, params_166};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_167[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetOfaUtilization(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {167, 3, 0, 0x55a2fd650062c522ull, params_167};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_168[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetP2PStatus(const void * a0, const void * a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {168, 4, 0, 0x021ea952d8a87ae6ull, params_168};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_169[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPciInfo(const void * a0, const void * a1) {
    static const entry_t entry = {169, 2, 0, 0xa056230cfa576cc5ull, params_169};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_170[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 64, 4, 0, 0, 0, {0x01000040u}},
};
EXPORT unsigned int nvmlDeviceGetPciInfoExt(const void * a0, const void * a1) {
    static const entry_t entry = {170, 2, 0, 0x3e8d9cc5e7c6571bull, params_170};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_171[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPciInfo_v2(const void * a0, const void * a1) {
    static const entry_t entry = {171, 2, 0, 0xdcc5167f8453518cull, params_171};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_172[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPciInfo_v3(const void * a0, const void * a1) {
    static const entry_t entry = {172, 2, 0, 0x8940c26c54cc210cull, params_172};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_173[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPcieLinkMaxSpeed(const void * a0, const void * a1) {
    static const entry_t entry = {173, 2, 0, 0x27783c267baf6353ull, params_173};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_174[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPcieReplayCounter(const void * a0, const void * a1) {
    static const entry_t entry = {174, 2, 0, 0xc5afb5df198e6e55ull, params_174};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_175[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPcieSpeed(const void * a0, const void * a1) {
    static const entry_t entry = {175, 2, 0, 0x63e72f99388b7806ull, params_175};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_176[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPcieThroughput(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {176, 3, 0, 0xd75212b61ee0671aull, params_176};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_177[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlDeviceGetPdi(const void * a0, const void * a1) {
    static const entry_t entry = {177, 2, 0, 0x75898c703d757db1ull, params_177};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_178[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 2052, 4, 0, 0, 0, {0x01000804u}},
};
EXPORT unsigned int nvmlDeviceGetPerformanceModes(const void * a0, const void * a1) {
    static const entry_t entry = {178, 2, 0, 0x13c10629db866bffull, params_178};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_179[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPerformanceState(const void * a0, const void * a1) {
    static const entry_t entry = {179, 2, 0, 0xb1f87fe3f6699608ull, params_179};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_180[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPersistenceMode(const void * a0, const void * a1) {
    static const entry_t entry = {180, 2, 0, 0x5e742bd092fcae88ull, params_180};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_181[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPgpuMetadataString(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {181, 2, 0, 0xfcaba58ab778a4e7ull, params_181};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_182[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 2, 44, 4, 0, 0, 0, {0x0100002cu, 0x0200002cu}},
};
EXPORT unsigned int nvmlDeviceGetPlatformInfo(const void * a0, const void * a1) {
    static const entry_t entry = {182, 2, 0, 0x9ae31f4351fe62c1ull, params_182};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_183[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerManagementDefaultLimit(const void * a0, const void * a1) {
    static const entry_t entry = {183, 2, 0, 0x391a98fd737d616aull, params_183};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_184[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerManagementLimit(const void * a0, const void * a1) {
    static const entry_t entry = {184, 2, 0, 0xe59644ea2ac8d1eeull, params_184};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_185[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerManagementLimitConstraints(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {185, 3, 0, 0x83cdbea4cd64afbdull, params_185};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_186[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerManagementMode(const void * a0, const void * a1) {
    static const entry_t entry = {186, 2, 0, 0x2205385deff6b573ull, params_186};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_187[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerMizerMode_v1(const void * a0, const void * a1) {
    static const entry_t entry = {187, 2, 0, 0xc03cb2178d02bb54ull, params_187};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_188[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerSource(const void * a0, const void * a1) {
    static const entry_t entry = {188, 2, 0, 0x6cb85e04be8cfab4ull, params_188};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_189[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerState(const void * a0, const void * a1) {
    static const entry_t entry = {189, 2, 0, 0x0aefd7be5b90f77bull, params_189};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_190[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetPowerUsage(const void * a0, const void * a1) {
    static const entry_t entry = {190, 2, 0, 0xa927517779eecdadull, params_190};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_191[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetProcessUtilization(const void * a0, const void * a1, const void * a2, unsigned long long a3) {
    static const entry_t entry = {191, 4, 0, 0x475ecb31174ad3deull, params_191};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2, a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_192[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 4, 4, 16, 40, {0x01000018u}},
};
EXPORT unsigned int nvmlDeviceGetProcessesUtilizationInfo(const void * a0, const void * a1) {
    static const entry_t entry = {192, 2, 1, 0x9f0cd18f8610fdf3ull, params_192};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_193[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 4, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRemappedRows(const void * a0, const void * a1, const void * a2, const void * a3, const void * a4) {
    static const entry_t entry = {193, 5, 0, 0x3d444b48a522e3d9ull, params_193};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_194[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRemappedRows_v2(const void * a0, const void * a1) {
    static const entry_t entry = {194, 2, 0, 0xdb7bc502cccae1a4ull, params_194};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_195[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 4, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlDeviceGetRepairStatus(const void * a0, const void * a1) {
    static const entry_t entry = {195, 2, 0, 0x79b33ebbef489e00ull, params_195};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_196[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRetiredPages(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {196, 4, 0, 0x262eeaa93ddcd681ull, params_196};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_197[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRetiredPagesPendingStatus(const void * a0, const void * a1) {
    static const entry_t entry = {197, 2, 0, 0xc46664625f5adc5full, params_197};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_198[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 4, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRetiredPages_v2(const void * a0, unsigned int a1, const void * a2, const void * a3, const void * a4) {
    static const entry_t entry = {198, 5, 0, 0x629dde1c781aea4eull, params_198};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_call(&entry, args);
}

static const param_t params_199[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 20, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetRowRemapperHistogram(const void * a0, const void * a1) {
    static const entry_t entry = {199, 2, 0, 0x00d557d59904e7b2ull, params_199};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_200[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 8, 8, 16, 32, {0x01000018u}},
};
EXPORT unsigned int nvmlDeviceGetRunningProcessDetailList(const void * a0, const void * a1) {
    static const entry_t entry = {200, 2, 1, 0xad5103c3b3994817ull, params_200};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_201[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_FILLED, 4, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 5, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSamples(const void * a0, unsigned int a1, unsigned long long a2, const void * a3, const void * a4, const void * a5) {
    static const entry_t entry = {201, 6, 0, 0x4b887d7cd59aba95ull, params_201};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4, (uint64_t)(uintptr_t)a5};
    return fake_nvml_call(&entry, args);
}

static const param_t params_202[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSerial(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {202, 2, 0, 0xe9bff736f4e2b4c8ull, params_202};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_203[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 104, 4, 0, 0, 0, {0x01000068u}},
};
EXPORT unsigned int nvmlDeviceGetSramEccErrorStatus(const void * a0, const void * a1) {
    static const entry_t entry = {203, 2, 0, 0x87f770ef1b50b0fcull, params_203};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_204[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 4, 8, 28, {0x01000010u}},
};
EXPORT unsigned int nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts(const void * a0, const void * a1) {
    static const entry_t entry = {204, 2, 1, 0x34731cdd15ed475dull, params_204};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_205[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedClocksEventReasons(const void * a0, const void * a1) {
    static const entry_t entry = {205, 2, 0, 0xd2aa969672424103ull, params_205};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_206[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedClocksThrottleReasons(const void * a0, const void * a1) {
    static const entry_t entry = {206, 2, 0, 0x70e2105050d143faull, params_206};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_207[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedEventTypes(const void * a0, const void * a1) {
    static const entry_t entry = {207, 2, 0, 0x0f198a09906445b6ull, params_207};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_208[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedGraphicsClocks(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {208, 4, 0, 0x82846d278f4780ebull, params_208};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_209[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedMemoryClocks(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {209, 3, 0, 0x20bbe6e0adb58f01ull, params_209};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_210[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedPerformanceStates(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {210, 2, 0, 0xbef3609ab2ab856cull, params_210};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_211[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetSupportedVgpus(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {211, 3, 0, 0x5d2ada53d689b858ull, params_211};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_212[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTargetFanSpeed(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {212, 3, 0, 0x09a68641193f7b39ull, params_212};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_213[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTemperature(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {213, 3, 0, 0xa7ddfffa28398677ull, params_213};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_214[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTemperatureThreshold(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {214, 3, 0, 0x461579b4493b8c16ull, params_214};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_215[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 8, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlDeviceGetTemperatureV(const void * a0, const void * a1) {
    static const entry_t entry = {215, 2, 0, 0xe44cf36d6a3582daull, params_215};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_216[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 64, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetThermalSettings(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {216, 3, 0, 0x90c89f5b83b8927full, params_216};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_217[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTopologyCommonAncestor(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {217, 3, 0, 0x2f001914bdba902dull, params_217};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_218[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ZERO_QUERY, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTopologyNearestGpus(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {218, 4, 0, 0xcd3792cedf329780ull, params_218};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_219[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTotalEccErrors(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {219, 4, 0, 0x6b6f0c87fa208de4ull, params_219};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_220[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetTotalEnergyConsumption(const void * a0, const void * a1) {
    static const entry_t entry = {220, 2, 0, 0x17eab87501aca4a5ull, params_220};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_221[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetUUID(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {221, 2, 0, 0xb622322e23b2aacbull, params_221};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_222[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetUnrepairableMemoryFlag_v1(const void * a0, const void * a1) {
    static const entry_t entry = {222, 2, 0, 0x5459abe84082bf12ull, params_222};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_223[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetUtilizationRates(const void * a0, const void * a1) {
    static const entry_t entry = {223, 2, 0, 0xf29125a166b4b4aeull, params_223};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_224[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVbiosVersion(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {224, 2, 0, 0x65fc08bf6797a7a3ull, params_224};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_225[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuCapabilities(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {225, 3, 0, 0x043382788585a949ull, params_225};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_226[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceGetVgpuHeterogeneousMode(const void * a0, const void * a1) {
    static const entry_t entry = {226, 2, 0, 0xa26afc32a36a5b74ull, params_226};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_227[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 32, 4, 8, 24, 64, {0x01000020u}},
};
EXPORT unsigned int nvmlDeviceGetVgpuInstancesUtilizationInfo(const void * a0, const void * a1) {
    static const entry_t entry = {227, 2, 1, 0x40a275ebc0e956b0ull, params_227};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_228[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 128, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuMetadata(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {228, 3, 0, 0xed1e21d9e85f9f11ull, params_228};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_229[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 3, 0, 0, 96, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuProcessUtilization(const void * a0, unsigned long long a1, const void * a2, const void * a3) {
    static const entry_t entry = {229, 4, 0, 0x8b559b920fd9a14full, params_229};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_230[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 4, 4, 16, 104, {0x01000018u}},
};
EXPORT unsigned int nvmlDeviceGetVgpuProcessesUtilizationInfo(const void * a0, const void * a1) {
    static const entry_t entry = {230, 2, 1, 0x298d154c2a5ba3beull, params_230};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_231[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 40, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuSchedulerCapabilities(const void * a0, const void * a1) {
    static const entry_t entry = {231, 2, 0, 0xc7c48f0544e5bc02ull, params_231};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_232[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 9624, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuSchedulerLog(const void * a0, const void * a1) {
    static const entry_t entry = {232, 2, 0, 0x74403af37c57f487ull, params_232};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_233[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 11224, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuSchedulerLog_v2(const void * a0, const void * a1) {
    static const entry_t entry = {233, 2, 0, 0x1277b4ac9515fe25ull, params_233};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_234[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuSchedulerState(const void * a0, const void * a1) {
    static const entry_t entry = {234, 2, 0, 0xb0af2e66b603e8f8ull, params_234};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_235[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuSchedulerState_v2(const void * a0, const void * a1) {
    static const entry_t entry = {235, 2, 0, 0x4ee6a81fcb11eaacull, params_235};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_236[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 2, 0, 2, 32, 4, 8, 16, 4, {0x01000018u, 0x02000020u}},
};
EXPORT unsigned int nvmlDeviceGetVgpuTypeCreatablePlacements(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {236, 3, 1, 0xfb62540df18f8a2dull, params_236};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_237[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 2, 0, 2, 32, 4, 8, 16, 4, {0x01000018u, 0x02000020u}},
};
EXPORT unsigned int nvmlDeviceGetVgpuTypeSupportedPlacements(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {237, 3, 1, 0x9999cdc613a197f3ull, params_237};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_238[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 4, 0, 0, 48, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVgpuUtilization(const void * a0, unsigned long long a1, const void * a2, const void * a3, const void * a4) {
    static const entry_t entry = {238, 5, 0, 0x37d147803e5391caull, params_238};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3, (uint64_t)(uintptr_t)a4};
    return fake_nvml_call(&entry, args);
}

static const param_t params_239[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetViolationStatus(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {239, 3, 0, 0xd608c1395ec59366ull, params_239};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_240[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceGetVirtualizationMode(const void * a0, const void * a1) {
    static const entry_t entry = {240, 2, 0, 0x4973a456be60d43aull, params_240};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_241[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceIsMigDeviceHandle(const void * a0, const void * a1) {
    static const entry_t entry = {241, 2, 0, 0xe7ab1e1091f6f291ull, params_241};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_242[] = {
    {KIND_READ_ONLY, 0, 0, 0, 68, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceModifyDrainState(const void * a0, unsigned int a1) {
    static const entry_t entry = {242, 2, 1, 0x85e297c9704aff5full, params_242};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_243[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceOnSameBoard(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {243, 3, 0, 0x241a118350e8f528ull, params_243};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_244[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 115344, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDevicePerfMetricsGetSamples_v1(const void * a0, const void * a1) {
    static const entry_t entry = {244, 2, 0, 0xd095bd70297c3d68ull, params_244};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_245[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 24, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlDevicePowerSmoothingActivatePresetProfile(const void * a0, const void * a1) {
    static const entry_t entry = {245, 2, 1, 0x6ecd372a17fecb07ull, params_245};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_246[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 8, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDevicePowerSmoothingSetState(const void * a0, const void * a1) {
    static const entry_t entry = {246, 2, 1, 0x0d04b0e3f57ac8a1ull, params_246};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_247[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 24, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlDevicePowerSmoothingUpdatePresetProfileParam(const void * a0, const void * a1) {
    static const entry_t entry = {247, 2, 1, 0xab3c2a9ddcf4decaull, params_247};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_248[] = {
    {KIND_READ_ONLY, 0, 0, 0, 68, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceQueryDrainState(const void * a0, const void * a1) {
    static const entry_t entry = {248, 2, 1, 0x57b7d68aab08594eull, params_248};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_249[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceReadPRMCounters_v1(const void * a0, const void * a1) {
    static const entry_t entry = {249, 2, 0, 0xf5ef504489e55b9dull, params_249};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_250[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 504, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceReadWritePRM_v1(const void * a0, const void * a1) {
    static const entry_t entry = {250, 2, 1, 0x9426c9fd6f724e13ull, params_250};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_251[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceRegisterEvents(const void * a0, unsigned long long a1, const void * a2) {
    static const entry_t entry = {251, 3, 1, 0x325e43b748c147b4ull, params_251};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_252[] = {
    {KIND_READ_ONLY, 0, 0, 0, 68, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceRemoveGpu(const void * a0) {
    static const entry_t entry = {252, 1, 1, 0xded9efa4214c70d4ull, params_252};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_253[] = {
    {KIND_READ_ONLY, 0, 0, 0, 68, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceRemoveGpu_v2(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {253, 3, 1, 0x7d11695e03f172dbull, params_253};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_254[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceResetApplicationsClocks(const void * a0) {
    static const entry_t entry = {254, 1, 1, 0x1b48e317e562748dull, params_254};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_255[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceResetGpuLockedClocks(const void * a0) {
    static const entry_t entry = {255, 1, 1, 0xb9805cd1c4f54f7eull, params_255};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_256[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceResetMemoryLockedClocks(const void * a0) {
    static const entry_t entry = {256, 1, 1, 0xd9b4a9af25b5bb93ull, params_256};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_257[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceResetNvLinkErrorCounters(const void * a0, unsigned int a1) {
    static const entry_t entry = {257, 2, 1, 0x77ec23690ca7ad38ull, params_257};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_258[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceResetNvLinkUtilizationCounter(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {258, 3, 1, 0x16239d22ecb59744ull, params_258};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_259[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetAPIRestriction(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {259, 3, 1, 0xb45b16dccdbb90a7ull, params_259};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_260[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetAccountingMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {260, 2, 1, 0x60d6c2c99e01e321ull, params_260};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_261[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetAdaptiveTgpMode_v1(const void * a0, unsigned int a1) {
    static const entry_t entry = {261, 2, 1, 0xff0e3c83812fa17eull, params_261};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_262[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetApplicationsClocks(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {262, 3, 1, 0x9d45b63c6029ac2eull, params_262};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_263[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetAutoBoostedClocksEnabled(const void * a0, unsigned int a1) {
    static const entry_t entry = {263, 2, 1, 0x3b7d2ff647cbb9d1ull, params_263};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_264[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 16, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlDeviceSetClockOffsets(const void * a0, const void * a1) {
    static const entry_t entry = {264, 2, 1, 0xe7f8dbe4e655ea70ull, params_264};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_265[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetComputeMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {265, 2, 1, 0x8630559d06c7f834ull, params_265};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_266[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER64, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetConfComputeUnprotectedMemSize(const void * a0, unsigned long long a1) {
    static const entry_t entry = {266, 2, 1, 0x2467cf572425e6e9ull, params_266};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_267[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetCpuAffinity(const void * a0) {
    static const entry_t entry = {267, 1, 1, 0xc29f4910bd13ecc3ull, params_267};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_268[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetDefaultAutoBoostedClocksEnabled(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {268, 3, 1, 0x6f1af4fe6b99b5beull, params_268};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_269[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetDefaultFanSpeed_v2(const void * a0, unsigned int a1) {
    static const entry_t entry = {269, 2, 1, 0x0d526eb78e9fd3e2ull, params_269};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_270[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 8, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlDeviceSetDramEncryptionMode(const void * a0, const void * a1) {
    static const entry_t entry = {270, 2, 1, 0xab89e871a891d11bull, params_270};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_271[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetDriverModel(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {271, 3, 1, 0x49c1622acba3d755ull, params_271};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_272[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetEccMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {272, 2, 1, 0xbd2c45474d8496cbull, params_272};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_273[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetFanControlPolicy(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {273, 3, 1, 0x5b63bf013490f0a0ull, params_273};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_274[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetFanSpeed_v2(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {274, 3, 1, 0xf99b38ba16a6f30cull, params_274};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_275[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetGpcClkVfOffset(const void * a0, unsigned int a1) {
    static const entry_t entry = {275, 2, 1, 0x97d2b274f95af5bfull, params_275};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_276[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetGpuLockedClocks(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {276, 3, 1, 0x444e5e61b730bd59ull, params_276};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_277[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetGpuOperationMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {277, 2, 1, 0xe285d81b904c8756ull, params_277};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_278[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 64, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetHostname_v1(const void * a0, const void * a1) {
    static const entry_t entry = {278, 2, 1, 0x80bd51d472ae8ab6ull, params_278};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_279[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetMemClkVfOffset(const void * a0, unsigned int a1) {
    static const entry_t entry = {279, 2, 1, 0x1ef4cb8e6faa9cf9ull, params_279};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_280[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetMemoryLimits_v1(const void * a0, const void * a1) {
    static const entry_t entry = {280, 2, 1, 0xcb70777b3d24859full, params_280};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_281[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetMemoryLockedClocks(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {281, 3, 1, 0x69a7f1351c389fccull, params_281};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_282[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetMigMode(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {282, 3, 1, 0x07df6aeef33681e0ull, params_282};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_283[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetNvLinkDeviceLowPowerThreshold(const void * a0, const void * a1) {
    static const entry_t entry = {283, 2, 1, 0xa616e4a8d222838bull, params_283};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_284[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 4, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetNvLinkUtilizationControl(const void * a0, unsigned int a1, unsigned int a2, const void * a3, unsigned int a4) {
    static const entry_t entry = {284, 5, 1, 0x52929095abb99205ull, params_284};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3, a4};
    return fake_nvml_call(&entry, args);
}

static const param_t params_285[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 12, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlDeviceSetNvlinkBwMode(const void * a0, const void * a1) {
    static const entry_t entry = {285, 2, 1, 0xf0ca0a4f88bf74eaull, params_285};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_286[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetNvlinkBwModeAsync_v1(const void * a0, const void * a1) {
    static const entry_t entry = {286, 2, 1, 0x8f01840878be7eb2ull, params_286};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_287[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetPersistenceMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {287, 2, 1, 0x2d38fdc25a328b0dull, params_287};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_288[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetPowerManagementLimit(const void * a0, unsigned int a1) {
    static const entry_t entry = {288, 2, 1, 0xa0a3e0df45f37403ull, params_288};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_289[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 12, 12, 0, 0, 0, {0x0200000cu}},
};
EXPORT unsigned int nvmlDeviceSetPowerManagementLimit_v2(const void * a0, const void * a1) {
    static const entry_t entry = {289, 2, 1, 0x3edb5a995a404a68ull, params_289};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_290[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetPowerMizerMode_v1(const void * a0, const void * a1) {
    static const entry_t entry = {290, 2, 1, 0xdd12d4523ef75954ull, params_290};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_291[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 16, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlDeviceSetRusdSettings_v1(const void * a0, const void * a1) {
    static const entry_t entry = {291, 2, 1, 0x7b4a4e0c187a4717ull, params_291};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_292[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetTemperatureThreshold(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {292, 3, 1, 0x27c5f9f9cfe35d71ull, params_292};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_293[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetVgpuCapabilities(const void * a0, unsigned int a1, unsigned int a2) {
    static const entry_t entry = {293, 3, 1, 0xc5fd73b3a28c532eull, params_293};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_294[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetVgpuHeterogeneousMode(const void * a0, const void * a1) {
    static const entry_t entry = {294, 2, 1, 0x6434ed6c828f71deull, params_294};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_295[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetVgpuSchedulerState(const void * a0, const void * a1) {
    static const entry_t entry = {295, 2, 1, 0x026c6726646a7fe1ull, params_295};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_296[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetVgpuSchedulerState_v2(const void * a0, const void * a1) {
    static const entry_t entry = {296, 2, 1, 0xaee813134414a727ull, params_296};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_297[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceSetVirtualizationMode(const void * a0, unsigned int a1) {
    static const entry_t entry = {297, 2, 1, 0x4d1f8ccd2758bc84ull, params_297};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_298[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceValidateInforom(const void * a0) {
    static const entry_t entry = {298, 1, 0, 0xeb57068602c6aad8ull, params_298};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_299[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceVgpuForceGspUnload(const void * a0) {
    static const entry_t entry = {299, 1, 0, 0x898e8040e152a833ull, params_299};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_300[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 36, 36, 0, 0, 0, {0x01000024u}},
};
EXPORT unsigned int nvmlDeviceWorkloadPowerProfileClearRequestedProfiles(const void * a0, const void * a1) {
    static const entry_t entry = {300, 2, 1, 0x360a2c2ddbd8efcdull, params_300};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_301[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 100, 4, 0, 0, 0, {0x01000064u}},
};
EXPORT unsigned int nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(const void * a0, const void * a1) {
    static const entry_t entry = {301, 2, 0, 0xd441a5e7b95c9a12ull, params_301};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_302[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 11256, 4, 0, 0, 0, {0x01002bf8u}},
};
EXPORT unsigned int nvmlDeviceWorkloadPowerProfileGetProfilesInfo(const void * a0, const void * a1) {
    static const entry_t entry = {302, 2, 0, 0x72791fa09e1ea3aaull, params_302};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_303[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 36, 36, 0, 0, 0, {0x01000024u}},
};
EXPORT unsigned int nvmlDeviceWorkloadPowerProfileSetRequestedProfiles(const void * a0, const void * a1) {
    static const entry_t entry = {303, 2, 1, 0x10b0995a7b02a145ull, params_303};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_304[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 36, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1(const void * a0, const void * a1) {
    static const entry_t entry = {304, 2, 1, 0x841b7c775de32a5bull, params_304};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_306[] = {
    {KIND_OUTPUT, 0, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetCreate(const void * a0) {
    static const entry_t entry = {306, 1, 1, 0xc08a6fea180721bcull, params_306};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_307[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetFree(const void * a0) {
    static const entry_t entry = {307, 1, 1, 0x5ec1e9a4091623cfull, params_307};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_308[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetGetContextCount_v1(const void * a0, const void * a1) {
    static const entry_t entry = {308, 2, 1, 0x0b3d9591d7f3f049ull, params_308};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_309[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 16, 4, 12, 0, 1, {0}},
};
EXPORT unsigned int nvmlEventSetGetContextData_v1(const void * a0, const void * a1) {
    static const entry_t entry = {309, 2, 1, 0xa9750f4bf56deea6ull, params_309};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_310[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 20, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetGetContextInfo_v1(const void * a0, const void * a1) {
    static const entry_t entry = {310, 2, 1, 0x47ac89049ccfd706ull, params_310};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_311[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1(const void * a0, const void * a1) {
    static const entry_t entry = {311, 2, 1, 0xe5e402bebf49d8a9ull, params_311};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_312[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 104, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetRegisterGpuOperationalEvents_v1(const void * a0, const void * a1) {
    static const entry_t entry = {312, 2, 1, 0x925faeab4dfbdb2full, params_312};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_313[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetWait(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {313, 3, 1, 0x309728656e79d9fcull, params_313};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_314[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 32, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetWait_v2(const void * a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {314, 3, 1, 0xcecea21e10f7cfb0ull, params_314};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_315[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_UNVERSIONED, 1, 0, 0, 224, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlEventSetWait_v3(const void * a0, const void * a1) {
    static const entry_t entry = {315, 2, 1, 0x6d061bd83085f21bull, params_315};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_316[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetBlacklistDeviceCount(const void * a0) {
    static const entry_t entry = {316, 1, 0, 0x1981c7c5fbfb42f5ull, params_316};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_317[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 148, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetBlacklistDeviceInfoByIndex(unsigned int a0, const void * a1) {
    static const entry_t entry = {317, 2, 0, 0xb7b9417fd67c403aull, params_317};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_318[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetExcludedDeviceCount(const void * a0) {
    static const entry_t entry = {318, 1, 0, 0x55f0bb38b4ffc662ull, params_318};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_319[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 148, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetExcludedDeviceInfoByIndex(unsigned int a0, const void * a1) {
    static const entry_t entry = {319, 2, 0, 0xf42834f29471cd9dull, params_319};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_320[] = {
    {KIND_READ_ONLY, 0, 0, 0, 212, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 128, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetVgpuCompatibility(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {320, 3, 1, 0x4bd63b5062b437acull, params_320};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_321[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetVgpuDriverCapabilities(unsigned int a0, const void * a1) {
    static const entry_t entry = {321, 2, 0, 0xea0db50942a13c18ull, params_321};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_322[] = {
    {KIND_OUTPUT, 0, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGetVgpuVersion(const void * a0, const void * a1) {
    static const entry_t entry = {322, 2, 0, 0x88452ec3afb22be5ull, params_322};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_323[] = {
    {KIND_WITH_ARRAY, 0, 0, 0, 24, 4, 4, 0, 40, {0}},
};
EXPORT unsigned int nvmlGpmMetricsGet(const void * a0) {
    static const entry_t entry = {323, 1, 1, 0x267ca87c813d2947ull, params_323};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_324[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmMigSampleGet(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {324, 3, 1, 0xd2f8546afec048c2ull, params_324};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_325[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmQueryDeviceSupport(const void * a0, const void * a1) {
    static const entry_t entry = {325, 2, 0, 0x712fce23daad569eull, params_325};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_326[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmQueryIfStreamingEnabled(const void * a0, const void * a1) {
    static const entry_t entry = {326, 2, 0, 0x0f6747dd25aa530full, params_326};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_327[] = {
    {KIND_OUTPUT, 0, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmSampleAlloc(const void * a0) {
    static const entry_t entry = {327, 1, 1, 0xad9ec19607895171ull, params_327};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_328[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmSampleFree(const void * a0) {
    static const entry_t entry = {328, 1, 1, 0x5a1a6d84751441d0ull, params_328};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_329[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_HANDLE, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmSampleGet(const void * a0, const void * a1) {
    static const entry_t entry = {329, 2, 1, 0xf851e73d56094f54ull, params_329};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_330[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpmSetStreamingEnabled(const void * a0, unsigned int a1) {
    static const entry_t entry = {330, 2, 1, 0x968960f7bb2a4489ull, params_330};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_331[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceCreateComputeInstance(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {331, 3, 1, 0x34c0dab0982d7a23ull, params_331};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_332[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceCreateComputeInstanceWithPlacement(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {332, 4, 1, 0xe13c869ed0d8ba9eull, params_332};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_333[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceDestroy(const void * a0) {
    static const entry_t entry = {333, 1, 1, 0x7f740057ce5ab842ull, params_333};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_334[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 4, 8, 4, {0x01000010u}},
};
EXPORT unsigned int nvmlGpuInstanceGetActiveVgpus(const void * a0, const void * a1) {
    static const entry_t entry = {334, 2, 1, 0x1dab7a112dd24e3bull, params_334};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_335[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstanceById(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {335, 3, 0, 0xbbe2f3ca142143f5ull, params_335};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_336[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_NULL_QUERY, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstancePossiblePlacements(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {336, 4, 0, 0x2f4dd6e8314418a4ull, params_336};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_337[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 36, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstanceProfileInfo(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {337, 4, 0, 0xcd8550a150d11ac0ull, params_337};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_338[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 2, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 3, 0, 2, 140, 4, 0, 0, 0, {0x02000088u, 0x0300008cu}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstanceProfileInfoV(const void * a0, unsigned int a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {338, 4, 0, 0x6bbcca5b77220c2dull, params_338};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_339[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstanceRemainingCapacity(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {339, 3, 0, 0x09f44414921d069full, params_339};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_340[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_COUNT_OUTPUT, 3, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetComputeInstances(const void * a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {340, 4, 0, 0xb66ff00296b02dfaull, params_340};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_call(&entry, args);
}

static const param_t params_341[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 4, 8, 4, {0x01000010u}},
};
EXPORT unsigned int nvmlGpuInstanceGetCreatableVgpus(const void * a0, const void * a1) {
    static const entry_t entry = {341, 2, 1, 0x54a769bbf48d33b6ull, params_341};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_342[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetInfo(const void * a0, const void * a1) {
    static const entry_t entry = {342, 2, 0, 0xf2dee375edaa3557ull, params_342};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_343[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuHeterogeneousMode(const void * a0, const void * a1) {
    static const entry_t entry = {343, 2, 0, 0x91165d2e0fa90f19ull, params_343};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_344[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 9632, 4, 0, 0, 0, {0x010025a0u}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuSchedulerLog(const void * a0, const void * a1) {
    static const entry_t entry = {344, 2, 0, 0x3d92091c1e27e4b8ull, params_344};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_345[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 11224, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuSchedulerLog_v2(const void * a0, const void * a1) {
    static const entry_t entry = {345, 2, 0, 0xdbc982d578c9eb6cull, params_345};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_346[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 8, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuSchedulerState(const void * a0, const void * a1) {
    static const entry_t entry = {346, 2, 0, 0x7a00fc8f584a1941ull, params_346};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_347[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuSchedulerState_v2(const void * a0, const void * a1) {
    static const entry_t entry = {347, 2, 0, 0x18387648b9ad17abull, params_347};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_348[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 32, 8, 8, 16, 4, {0x01000020u}},
};
EXPORT unsigned int nvmlGpuInstanceGetVgpuTypeCreatablePlacements(const void * a0, const void * a1) {
    static const entry_t entry = {348, 2, 1, 0xc4b42236e23fdf66ull, params_348};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_349[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceSetVgpuHeterogeneousMode(const void * a0, const void * a1) {
    static const entry_t entry = {349, 2, 1, 0x62eb9befc73de28aull, params_349};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_350[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 24, 24, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlGpuInstanceSetVgpuSchedulerState(const void * a0, const void * a1) {
    static const entry_t entry = {350, 2, 1, 0x012315a92403e0d3ull, params_350};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_351[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_READ_ONLY, 1, 0, 0, 16, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlGpuInstanceSetVgpuSchedulerState_v2(const void * a0, const void * a1) {
    static const entry_t entry = {351, 2, 1, 0x9f5a8f623b31feedull, params_351};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_356[] = {
    {KIND_READ_ONLY, 0, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSetVgpuVersion(const void * a0) {
    static const entry_t entry = {356, 1, 1, 0x99e78b9a8c6014d2ull, params_356};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_358[] = {
    {KIND_VERSIONED, 0, 0, 1, 16, 4, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlSystemEventSetCreate(const void * a0) {
    static const entry_t entry = {358, 1, 1, 0xd6567f0dc24ae87full, params_358};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_359[] = {
    {KIND_VERSIONED, 0, 0, 1, 16, 16, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlSystemEventSetFree(const void * a0) {
    static const entry_t entry = {359, 1, 1, 0x748df8c6e7eaeb41ull, params_359};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_360[] = {
    {KIND_VERSIONED, 0, 0, 1, 32, 16, 0, 0, 0, {0x01000020u}},
};
EXPORT unsigned int nvmlSystemEventSetWait(const void * a0) {
    static const entry_t entry = {360, 1, 1, 0x2109a4b439540a40ull, params_360};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_361[] = {
    {KIND_OUTPUT, 0, 0, 0, 112, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetCPER_v1(const void * a0) {
    static const entry_t entry = {361, 1, 0, 0xbf411e6d28e93564ull, params_361};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_362[] = {
    {KIND_OUTPUT, 0, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetConfComputeCapabilities(const void * a0) {
    static const entry_t entry = {362, 1, 0, 0x5d7898274b8a3f39ull, params_362};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_363[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetConfComputeGpusReadyState(const void * a0) {
    static const entry_t entry = {363, 1, 0, 0xfbb011e06d8d32d3ull, params_363};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_364[] = {
    {KIND_VERSIONED, 0, 0, 1, 16, 4, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlSystemGetConfComputeKeyRotationThresholdInfo(const void * a0) {
    static const entry_t entry = {364, 1, 0, 0xa82bbdceb318036eull, params_364};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_365[] = {
    {KIND_VERSIONED, 0, 0, 1, 20, 4, 0, 0, 0, {0x01000014u}},
};
EXPORT unsigned int nvmlSystemGetConfComputeSettings(const void * a0) {
    static const entry_t entry = {365, 1, 0, 0x46633787dc1d0d32ull, params_365};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_366[] = {
    {KIND_OUTPUT, 0, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetConfComputeState(const void * a0) {
    static const entry_t entry = {366, 1, 0, 0xe49ab141fd52078bull, params_366};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_367[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetCudaDriverVersion(const void * a0) {
    static const entry_t entry = {367, 1, 0, 0x82d22afa1bc11825ull, params_367};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_368[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetCudaDriverVersion_v2(const void * a0) {
    static const entry_t entry = {368, 1, 0, 0xf63d0e18f1645ef4ull, params_368};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_369[] = {
    {KIND_VERSIONED, 0, 0, 1, 84, 4, 0, 0, 0, {0x01000054u}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetDriverBranch(const void * a0, unsigned int a1) {
    static const entry_t entry = {369, 2, 0, 0x947487d112d74ad0ull, params_369};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_370[] = {
    {KIND_BUFFER, 0, 1, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetDriverVersion(const void * a0, unsigned int a1) {
    static const entry_t entry = {370, 1, 0, 0x32ac018b3742489dull, params_370};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_371[] = {
    {KIND_COUNT, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 1, 0, 0, 36, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetHicVersion(const void * a0, const void * a1) {
    static const entry_t entry = {371, 2, 0, 0xd0e37b4455dbbe6full, params_371};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_372[] = {
    {KIND_BUFFER, 0, 1, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetNVMLVersion(const void * a0, unsigned int a1) {
    static const entry_t entry = {372, 1, 0, 0x7d5f2732777047aaull, params_372};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_373[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetNvlinkBwMode(const void * a0) {
    static const entry_t entry = {373, 1, 0, 0x1b96a0eb92ef7c46ull, params_373};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_374[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetProcessName(unsigned int a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {374, 2, 0, 0xb9ce1aa5b10a4267ull, params_374};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_375[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ZERO_QUERY, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemGetTopologyGpuSet(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {375, 3, 0, 0x5805945ed00b4089ull, params_375};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_376[] = {
    {KIND_VERSIONED, 0, 0, 1, 24, 24, 0, 0, 0, {0x01000018u}},
};
EXPORT unsigned int nvmlSystemRegisterEvents(const void * a0) {
    static const entry_t entry = {376, 1, 1, 0x0481404c09843008ull, params_376};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_377[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemSetConfComputeGpusReadyState(unsigned int a0) {
    static const entry_t entry = {377, 1, 1, 0xa2b8ba052ef7565cull, params_377};
    const uint64_t args[] = {a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_378[] = {
    {KIND_VERSIONED, 0, 0, 1, 16, 16, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlSystemSetConfComputeKeyRotationThresholdInfo(const void * a0) {
    static const entry_t entry = {378, 1, 1, 0x40f033bf4b6a5bd1ull, params_378};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_379[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlSystemSetNvlinkBwMode(unsigned int a0) {
    static const entry_t entry = {379, 1, 1, 0xdf27ad7855c349fbull, params_379};
    const uint64_t args[] = {a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_380[] = {
    {KIND_OUTPUT, 0, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetCount(const void * a0) {
    static const entry_t entry = {380, 1, 0, 0x8ba3596684782696ull, params_380};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_381[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetDevices(const void * a0, const void * a1, const void * a2) {
    static const entry_t entry = {381, 3, 0, 0x29dad31fa6ff2f1aull, params_381};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_382[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 196, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetFanSpeedInfo(const void * a0, const void * a1) {
    static const entry_t entry = {382, 2, 0, 0xc8124cd9c66234c3ull, params_382};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_383[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetHandleByIndex(unsigned int a0, const void * a1) {
    static const entry_t entry = {383, 2, 0, 0x6649c692ebf332bdull, params_383};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_384[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 260, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetLedState(const void * a0, const void * a1) {
    static const entry_t entry = {384, 2, 0, 0xf571866f544e9ad3ull, params_384};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_385[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 268, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetPsuInfo(const void * a0, const void * a1) {
    static const entry_t entry = {385, 2, 0, 0x93a90029b32098f8ull, params_385};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_386[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetTemperature(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {386, 3, 0, 0x31e079e2ae346d04ull, params_386};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_387[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 384, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitGetUnitInfo(const void * a0, const void * a1) {
    static const entry_t entry = {387, 2, 0, 0xd017f39ccf096367ull, params_387};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_388[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlUnitSetLedState(const void * a0, unsigned int a1) {
    static const entry_t entry = {388, 2, 1, 0x7c939f89d886b3e1ull, params_388};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_389[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceClearAccountingPids(unsigned int a0) {
    static const entry_t entry = {389, 1, 1, 0x1acb19433994b13eull, params_389};
    const uint64_t args[] = {a0};
    return fake_nvml_call(&entry, args);
}

static const param_t params_390[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetAccountingMode(unsigned int a0, const void * a1) {
    static const entry_t entry = {390, 2, 0, 0xb90292fc1ba8b66eull, params_390};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_391[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetAccountingPids(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {391, 3, 0, 0x573a0cb676ceac11ull, params_391};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_392[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 56, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetAccountingStats(unsigned int a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {392, 3, 0, 0x03b5b8a3a55e84b7ull, params_392};
    const uint64_t args[] = {a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_393[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetEccMode(unsigned int a0, const void * a1) {
    static const entry_t entry = {393, 2, 0, 0xa1ed325d87d88a74ull, params_393};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_394[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetEncoderCapacity(unsigned int a0, const void * a1) {
    static const entry_t entry = {394, 2, 0, 0x4024ac16e5a49828ull, params_394};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_395[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 32, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetEncoderSessions(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {395, 3, 0, 0xde5c25d0fa969583ull, params_395};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_396[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetEncoderStats(unsigned int a0, const void * a1, const void * a2, const void * a3) {
    static const entry_t entry = {396, 4, 0, 0x8ad7d1bd23169a7dull, params_396};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_397[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_COUNT, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_ARRAY, 2, 0, 0, 48, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetFBCSessions(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {397, 3, 0, 0x290f4b7700048ca2ull, params_397};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_398[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 12, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetFBCStats(unsigned int a0, const void * a1) {
    static const entry_t entry = {398, 2, 0, 0xc746c5306f1086daull, params_398};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_399[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetFbUsage(unsigned int a0, const void * a1) {
    static const entry_t entry = {399, 2, 0, 0x657e3eea42de8115ull, params_399};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_400[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetFrameRateLimit(unsigned int a0, const void * a1) {
    static const entry_t entry = {400, 2, 0, 0xd8e922074d0ffc0bull, params_400};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_401[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetGpuInstanceId(unsigned int a0, const void * a1) {
    static const entry_t entry = {401, 2, 0, 0x77209bc16211c1e0ull, params_401};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_402[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetGpuPciId(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {402, 2, 0, 0x1558157a8123c34cull, params_402};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_403[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetLicenseInfo(unsigned int a0, const void * a1) {
    static const entry_t entry = {403, 2, 0, 0xb38f8f34a049dd7full, params_403};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_404[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 24, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetLicenseInfo_v2(unsigned int a0, const void * a1) {
    static const entry_t entry = {404, 2, 0, 0x600b3b21f8b7d699ull, params_404};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_405[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetLicenseStatus(unsigned int a0, const void * a1) {
    static const entry_t entry = {405, 2, 0, 0xfe42b4dbe645dd16ull, params_405};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_406[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetMdevUUID(unsigned int a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {406, 2, 0, 0x9c7a2e940b2bcb76ull, params_406};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_407[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 212, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetMetadata(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {407, 3, 0, 0x3ab1a84e2c2dc9b9ull, params_407};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_408[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 8, 4, 0, 0, 0, {0x01000008u}},
};
EXPORT unsigned int nvmlVgpuInstanceGetPlacementId(unsigned int a0, const void * a1) {
    static const entry_t entry = {408, 2, 0, 0xe72d543b7cbfa95full, params_408};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_409[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlVgpuInstanceGetRuntimeStateSize(unsigned int a0, const void * a1) {
    static const entry_t entry = {409, 2, 0, 0x8564cdf59fb9b48cull, params_409};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_410[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetType(unsigned int a0, const void * a1) {
    static const entry_t entry = {410, 2, 0, 0x239c47aeb9bbb220ull, params_410};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_411[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetUUID(unsigned int a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {411, 2, 0, 0xc1d3c168d8a1b0cbull, params_411};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_412[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetVmDriverVersion(unsigned int a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {412, 2, 0, 0x6e4f6d55f0266045ull, params_412};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_413[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceGetVmID(unsigned int a0, const void * a1, unsigned int a2, const void * a3) {
    static const entry_t entry = {413, 3, 0, 0x0c86e70f11356e2aull, params_413};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_414[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuInstanceSetEncoderCapacity(unsigned int a0, unsigned int a1) {
    static const entry_t entry = {414, 2, 1, 0xaabe60c8364065f2ull, params_414};
    const uint64_t args[] = {a0, a1};
    return fake_nvml_call(&entry, args);
}

static const param_t params_415[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_VERSIONED, 1, 0, 1, 16, 4, 0, 0, 0, {0x01000010u}},
};
EXPORT unsigned int nvmlVgpuTypeGetBAR1Info(unsigned int a0, const void * a1) {
    static const entry_t entry = {415, 2, 0, 0x48f5da8254bd5bcdull, params_415};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_416[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetCapabilities(unsigned int a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {416, 3, 0, 0xbc60bd9f36ee22c3ull, params_416};
    const uint64_t args[] = {a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_417[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetClass(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {417, 2, 0, 0x5a98375953412c28ull, params_417};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_418[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetDeviceID(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {418, 3, 0, 0xf8cfb11271ec2694ull, params_418};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_419[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetFbReservation(unsigned int a0, const void * a1) {
    static const entry_t entry = {419, 2, 0, 0x97072acc9f693957ull, params_419};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_420[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetFrameRateLimit(unsigned int a0, const void * a1) {
    static const entry_t entry = {420, 2, 0, 0x4382d6b9cee679b1ull, params_420};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_421[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetFramebufferSize(unsigned int a0, const void * a1) {
    static const entry_t entry = {421, 2, 0, 0xe1ba5073ed157b6eull, params_421};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_422[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetGpuInstanceProfileId(unsigned int a0, const void * a1) {
    static const entry_t entry = {422, 2, 0, 0x7ff1ca2cf4086d1eull, params_422};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_423[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 8, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetGspHeapSize(unsigned int a0, const void * a1) {
    static const entry_t entry = {423, 2, 0, 0x1e2943e6156d60a1ull, params_423};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_424[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetLicense(unsigned int a0, const void * a1, unsigned int a2) {
    static const entry_t entry = {424, 2, 0, 0xcaa4efd35a9e5167ull, params_424};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_425[] = {
    {KIND_HANDLE, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetMaxInstances(const void * a0, unsigned int a1, const void * a2) {
    static const entry_t entry = {425, 3, 0, 0x68dc698d67595344ull, params_425};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0, a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_426[] = {
    {KIND_VERSIONED, 0, 0, 1, 12, 8, 0, 0, 0, {0x0100000cu}},
};
EXPORT unsigned int nvmlVgpuTypeGetMaxInstancesPerGpuInstance(const void * a0) {
    static const entry_t entry = {426, 1, 0, 0x0713e34689dc5598ull, params_426};
    const uint64_t args[] = {(uint64_t)(uintptr_t)a0};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_427[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetMaxInstancesPerVm(unsigned int a0, const void * a1) {
    static const entry_t entry = {427, 2, 0, 0xa54b5d00ab516ff3ull, params_427};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_428[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_SIZED_BUFFER, 1, 2, 0, 0, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetName(unsigned int a0, const void * a1, const void * a2) {
    static const entry_t entry = {428, 2, 0, 0x51c708edc2d7c68dull, params_428};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1, (uint64_t)(uintptr_t)a2};
    return fake_nvml_call(&entry, args);
}

static const param_t params_429[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 1, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetNumDisplayHeads(unsigned int a0, const void * a1) {
    static const entry_t entry = {429, 2, 0, 0xeffe82a7fda5c8d2ull, params_429};
    const uint64_t args[] = {a0, (uint64_t)(uintptr_t)a1};
    return fake_nvml_plain(&entry, args);
}

static const param_t params_430[] = {
    {KIND_NUMBER32, 0, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_NUMBER32, 1, 0, 0, 0, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 2, 0, 0, 4, 4, 0, 0, 0, {0}},
    {KIND_OUTPUT, 3, 0, 0, 4, 4, 0, 0, 0, {0}},
};
EXPORT unsigned int nvmlVgpuTypeGetResolution(unsigned int a0, unsigned int a1, const void * a2, const void * a3) {
    static const entry_t entry = {430, 4, 0, 0x8e35fc601f903aeaull, params_430};
    const uint64_t args[] = {a0, a1, (uint64_t)(uintptr_t)a2, (uint64_t)(uintptr_t)a3};
    return fake_nvml_plain(&entry, args);
}

EXPORT const char *nvmlErrorString(unsigned int code) {
    switch (code) {
    case 0: return "Success";
    case 1: return "Uninitialized";
    case 2: return "Invalid Argument";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 5: return "Already Initialized";
    case 6: return "Not Found";
    case 7: return "Insufficient Size";
    case 8: return "Insufficient External Power";
    case 9: return "Driver Not Loaded";
    case 10: return "Timeout";
    case 11: return "Interrupt Request Issue";
    case 12: return "NVML Shared Library Not Found";
    case 13: return "Function Not Found";
    case 14: return "Corrupted infoROM";
    case 15: return "GPU is lost";
    case 16: return "GPU requires reset";
    case 17: return "GPU access blocked by the operating system";
    case 18: return "Driver/library version mismatch";
    case 19: return "In use by another client";
    case 20: return "Insufficient Memory";
    case 21: return "No data";
    case 22: return "vGPU ECC not supported";
    case 23: return "Insufficient Resources";
    case 24: return "Invalid Frequency";
    case 25: return "Argument version mismatch";
    case 26: return "Requested functionality has been deprecated";
    case 27: return "System is not in ready state";
    case 28: return "No supported GPUs were found";
    case 29: return "Resource not in correct state to perform requested operation";
    case 30: return "Unknown Error";
    case 999: return "Unknown Error";
    default: return "Unknown Error";
    }
}
