/*
 * libcuda.so.1, virtual memory management: memory without an address, addresses without memory, what is mapped where, and
 * handles of the fabric, by which processes on other nodes get at the memory; and the synchronous copies. Values that need
 * no state are checked here, everything else by the node daemon (fake_nvml/device_memory).
 */
#include "cuda_client.h"

typedef unsigned long long CUmemGenericAllocationHandle;
typedef struct { int type, id; } CUmemLocation;
typedef struct {
    int type, requested_handle_types;
    CUmemLocation location;
    void *win32_metadata;
    unsigned char flags[8];
} CUmemAllocationProp;
typedef struct { CUmemLocation location; int flags; } CUmemAccessDesc;
enum { PINNED = 1, ON_DEVICE = 1, FABRIC = 8, HANDLE_TYPES = 15, FABRIC_HANDLE = 64, GRANULARITY = 2 << 20, ACCESS_MAX = 128 };

static CUresult three(uint32_t op, uint64_t first, uint64_t second, uint64_t third, void *out, uint32_t room) {
    uint64_t body[3] = {first, second, third};
    return fake_cuda_ask(op, body, sizeof body, out, room);
}

static CUresult check(const CUmemAllocationProp *prop) {
    if (!prop || prop->type != PINNED || prop->requested_handle_types & ~HANDLE_TYPES) return INVALID_VALUE;
    if (prop->location.type != ON_DEVICE) return NOT_SUPPORTED; /* memory of the host is not emulated */
    return prop->location.id < 0 ? INVALID_DEVICE : OK;
}

EXPORT CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop, int option) {
    CUresult code = check(prop);
    if (!granularity || option < 0 || option > 1) return INVALID_VALUE;
    if (code == OK) *granularity = GRANULARITY;
    return code;
}

EXPORT CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size, const CUmemAllocationProp *prop,
                            unsigned long long flags) {
    uint64_t made = 0;
    if (!handle || flags) return INVALID_VALUE;
    CUresult code = check(prop);
    if (code != OK) return code;
    code = three(CREATE, (uint64_t)prop->location.id, size, (uint64_t)prop->requested_handle_types, &made, sizeof made);
    if (code == OK) *handle = made;
    return code;
}

EXPORT CUresult cuMemRelease(CUmemGenericAllocationHandle handle) { return three(RELEASE, handle, 0, 0, NULL, 0); }

EXPORT CUresult cuMemExportToShareableHandle(void *shareable, CUmemGenericAllocationHandle handle, int type,
                                             unsigned long long flags) {
    if (!shareable || flags) return INVALID_VALUE;
    if (type != FABRIC) return NOT_SUPPORTED;
    return three(SHARE, handle, 0, 0, shareable, FABRIC_HANDLE);
}

EXPORT CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *shareable, int type) {
    uint64_t made = 0;
    if (!handle || !shareable) return INVALID_VALUE;
    if (type != FABRIC) return NOT_SUPPORTED;
    CUresult code = fake_cuda_ask(IMPORT, shareable, FABRIC_HANDLE, &made, sizeof made);
    if (code == OK) *handle = made;
    return code;
}

EXPORT CUresult cuMemAddressReserve(CUdeviceptr *address, size_t size, size_t alignment, CUdeviceptr wanted,
                                    unsigned long long flags) {
    uint64_t made = 0;
    (void)wanted; /* a hint, which the driver may ignore */
    if (!address || flags) return INVALID_VALUE;
    CUresult code = three(RESERVE, size, alignment, 0, &made, sizeof made);
    if (code == OK) *address = made;
    return code;
}

EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t size) { return three(UNRESERVE, address, size, 0, NULL, 0); }

EXPORT CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
                         unsigned long long flags) {
    uint64_t body[4] = {address, size, offset, handle};
    return flags ? INVALID_VALUE : fake_cuda_ask(MAP, body, sizeof body, NULL, 0);
}

EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t size) { return three(UNMAP, address, size, 0, NULL, 0); }

EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t size, const CUmemAccessDesc *wanted, size_t count) {
    if (!wanted || !count || count > ACCESS_MAX) return INVALID_VALUE;
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].location.type != ON_DEVICE) return NOT_SUPPORTED;
        if (wanted[i].location.id < 0) return INVALID_DEVICE;
        uint64_t body[4] = {address, size, (uint64_t)wanted[i].location.id, (uint64_t)(uint32_t)wanted[i].flags};
        CUresult code = fake_cuda_ask(ACCESS, body, sizeof body, NULL, 0);
        if (code != OK) return code;
    }
    return OK;
}

EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t size) {
    if (!from && size) return INVALID_VALUE;
    for (size_t done = 0; done < size;) {
        uint32_t part = size - done < CHUNK ? (uint32_t)(size - done) : CHUNK;
        uint64_t address = to + done;
        CUresult code = fake_cuda_send(WRITE, &address, sizeof address, (const char *)from + done, part, NULL, 0);
        if (code != OK) return code;
        done += part;
    }
    return OK;
}

EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t size) {
    if (!to && size) return INVALID_VALUE;
    for (size_t done = 0; done < size;) {
        uint32_t part = size - done < CHUNK ? (uint32_t)(size - done) : CHUNK;
        CUresult code = three(READ, from + done, part, 0, (char *)to + done, part);
        if (code != OK) return code;
        done += part;
    }
    return OK;
}

EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t size) {
    for (size_t done = 0; done < size;) {
        uint32_t part = size - done < CHUNK ? (uint32_t)(size - done) : CHUNK;
        CUresult code = three(COPY, to + done, from + done, part, NULL, 0);
        if (code != OK) return code;
        done += part;
    }
    return OK;
}
