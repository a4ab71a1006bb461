/*
 * libcuda.so.1 for fake workloads: the part of the driver API with which a program finds devices, makes contexts and
 * takes memory; cuda_memory.c has virtual addresses, copies and sharing. Rules and limits are the node daemon's (fake_nvml/workload.py); here is one connection per process, kept
 * open, so that the end of the process is the end of its contexts. No kernel can be launched.
 *
 * A client of an MPS server says so itself: where CUDA_MPS_PIPE_DIRECTORY (default /tmp/nvidia-mps) has a control
 * socket, its limits are asked for there and passed on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "cuda_client.h"

enum { DEVICES_MAX = 128 };

typedef void *CUcontext;
typedef struct { char bytes[16]; } CUuuid;
typedef struct {
    char name[128];
    unsigned char uuid[16];
    uint64_t total;
    uint32_t multiprocessors, major, minor, domain, bus, version, in_fabric;
} __attribute__((packed)) description_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int channel = -1;
static pid_t owner;
static uint32_t count;
static uint64_t primary[DEVICES_MAX];
static int primary_users[DEVICES_MAX];
static __thread uint64_t current;

static int transfer(int socket, void *bytes, size_t length, int sending) {
    unsigned char *at = bytes;
    while (length) {
        ssize_t n = sending ? send(socket, at, length, MSG_NOSIGNAL) : recv(socket, at, length, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        at += n;
        length -= (size_t)n;
    }
    return 1;
}

static int dial(const char *folder, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name) >= sizeof address.sun_path) return -1;
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made >= 0 && connect(made, (struct sockaddr *)&address, sizeof address) != 0) { close(made); made = -1; }
    return made;
}

/* The reply's payload: as much as there is room for goes to OUT, the rest is dropped. */
static int take_payload(uint32_t length, unsigned char *out, uint32_t room) {
    unsigned char dropped[256];
    uint32_t kept = out && length > room ? room : out ? length : 0;
    if (kept && !transfer(channel, out, kept, 0)) return 0;
    for (uint32_t left = length - kept; left;) {
        uint32_t part = left < sizeof dropped ? left : sizeof dropped;
        if (!transfer(channel, dropped, part, 0)) return 0;
        left -= part;
    }
    return 1;
}

CUresult fake_cuda_send(uint32_t op, const void *body, uint32_t length, const void *tail, uint32_t tail_length,
                        void *out, uint32_t room) {
    uint32_t head[3] = {0x31445543u, op, length + tail_length}, reply[2];
    CUresult code = UNKNOWN;
    pthread_mutex_lock(&lock);
    if (channel < 0 || owner != getpid()) code = NOT_INITIALIZED;
    else if (transfer(channel, head, sizeof head, 1) && transfer(channel, (void *)body, length, 1)
             && transfer(channel, (void *)tail, tail_length, 1) && transfer(channel, reply, sizeof reply, 0)
             && take_payload(reply[1], reply[0] == OK ? out : NULL, room))
        code = (CUresult)reply[0];
    pthread_mutex_unlock(&lock);
    return code;
}

CUresult fake_cuda_ask(uint32_t op, const void *body, uint32_t length, void *out, uint32_t room) {
    return fake_cuda_send(op, body, length, NULL, 0, out, room);
}

static CUresult two(uint32_t op, uint64_t first, uint64_t second, void *out, uint32_t room) {
    uint64_t body[2] = {first, second};
    return fake_cuda_ask(op, body, sizeof body, out, room);
}

/* What an MPS server grants this process: "percent device=bytes ..."; empty without a server. */
static void mps_limits(char *text, size_t size) {
    const char *folder = getenv("CUDA_MPS_PIPE_DIRECTORY");
    char line[64];
    text[0] = 0;
    int control = dial(folder && *folder ? folder : "/tmp/nvidia-mps", "control");
    if (control < 0) return;
    int length = snprintf(line, sizeof line, "attach %d\n", (int)getpid());
    ssize_t got = transfer(control, line, (size_t)length, 1) ? recv(control, text, size - 1, 0) : 0;
    text[got > 0 ? got : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    close(control);
}

EXPORT CUresult cuInit(unsigned int flags) {
    if (flags) return INVALID_VALUE;
    pthread_mutex_lock(&lock);
    int ready = channel >= 0 && owner == getpid();
    if (!ready) {
        const char *dir = getenv("FAKE_NVML_DIR");
        channel = dial(dir && *dir ? dir : "/run/fake-nvml", "driver.sock");
        owner = getpid();
        memset(primary, 0, sizeof primary);
        memset(primary_users, 0, sizeof primary_users);
    }
    pthread_mutex_unlock(&lock);
    if (channel < 0) return NO_DEVICE;
    if (ready) return OK;
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    char mps[2048], hello[8192];
    mps_limits(mps, sizeof mps);
    int length = snprintf(hello, sizeof hello, "%s\n%s", visible ? visible : "-", mps);
    if (length < 0 || (size_t)length >= sizeof hello) return INVALID_VALUE;
    CUresult code = fake_cuda_ask(HELLO, hello, (uint32_t)length, &count, sizeof count);
    if (count > DEVICES_MAX) count = DEVICES_MAX;
    return code == OK && !count ? NO_DEVICE : code;
}

static CUresult describe(CUdevice device, description_t *made) {
    if (device < 0) return INVALID_DEVICE;
    return two(DEVICE, (uint64_t)device, 0, made, sizeof *made);
}

/* Works before cuInit too, on a connection of its own. */
EXPORT CUresult cuDriverGetVersion(int *version) {
    description_t made;
    if (!version) return INVALID_VALUE;
    CUresult code = describe(0, &made);
    if (code == NOT_INITIALIZED && cuInit(0) == OK) {
        code = describe(0, &made);
        pthread_mutex_lock(&lock);
        close(channel);
        channel = -1;
        pthread_mutex_unlock(&lock);
    }
    if (code == OK) *version = (int)made.version;
    return code;
}

EXPORT CUresult cuDeviceGetCount(int *number) {
    if (!number) return INVALID_VALUE;
    if (channel < 0) return NOT_INITIALIZED;
    *number = (int)count;
    return OK;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    if (!device) return INVALID_VALUE;
    if (channel < 0) return NOT_INITIALIZED;
    if (ordinal < 0 || (uint32_t)ordinal >= count) return INVALID_DEVICE;
    *device = ordinal;
    return OK;
}

EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    description_t made;
    if (!name || length <= 0) return INVALID_VALUE;
    CUresult code = describe(device, &made);
    if (code == OK) snprintf(name, (size_t)length, "%.127s", made.name);
    return code;
}

EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
    description_t made;
    if (!uuid) return INVALID_VALUE;
    CUresult code = describe(device, &made);
    if (code == OK) memcpy(uuid->bytes, made.uuid, 16);
    return code;
}
EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) { return cuDeviceGetUuid_v2(uuid, device); }

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
    description_t made;
    if (!bytes) return INVALID_VALUE;
    CUresult code = describe(device, &made);
    if (code == OK) *bytes = made.total;
    return code;
}

EXPORT CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
    description_t made;
    if (!text || length <= 0) return INVALID_VALUE;
    CUresult code = describe(device, &made);
    if (code == OK) snprintf(text, (size_t)length, "%04X:%02X:00.0", made.domain, made.bus);
    return code;
}

/*
 * Multiprocessors (16), PCI bus, device and domain (33, 34, 50), compute capability (75, 76), virtual memory management,
 * and handles that are file descriptors or of the fabric (102, 103, 128).
 */
EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
    description_t made;
    if (!value) return INVALID_VALUE;
    CUresult code = describe(device, &made);
    if (code != OK) return code;
    switch (attribute) {
    case 16: *value = (int)made.multiprocessors; return OK;
    case 33: *value = (int)made.bus; return OK;
    case 34: *value = 0; return OK;
    case 50: *value = (int)made.domain; return OK;
    case 75: *value = (int)made.major; return OK;
    case 76: *value = (int)made.minor; return OK;
    case 102: *value = 1; return OK;
    case 103: *value = 0; return OK;
    case 128: *value = (int)made.in_fabric; return OK;
    default: return NOT_SUPPORTED;
    }
}

EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device) {
    uint64_t made = 0;
    (void)flags;
    if (!context) return INVALID_VALUE;
    if (device < 0) return INVALID_DEVICE;
    CUresult code = two(CONTEXT, (uint64_t)device, 0, &made, sizeof made);
    if (code != OK) return code;
    *context = (CUcontext)(uintptr_t)made;
    current = made;
    return OK;
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context) {
    uint64_t gone = (uint64_t)(uintptr_t)context;
    if (!context) return INVALID_VALUE;
    if (current == gone) current = 0;
    return two(END, gone, 0, NULL, 0);
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    uint64_t before = current;
    if (device < 0 || device >= DEVICES_MAX) return INVALID_DEVICE;
    CUresult code = OK;
    if (!primary[device]) {
        CUcontext made = NULL;
        if ((code = cuCtxCreate_v2(&made, 0, device)) != OK) return code;
        primary[device] = (uint64_t)(uintptr_t)made;
        current = before;
    }
    primary_users[device]++;
    *context = (CUcontext)(uintptr_t)primary[device];
    return OK;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    if (device < 0 || device >= DEVICES_MAX || !primary_users[device]) return INVALID_CONTEXT;
    if (--primary_users[device]) return OK;
    uint64_t gone = primary[device];
    primary[device] = 0;
    return cuCtxDestroy_v2((CUcontext)(uintptr_t)gone);
}

EXPORT CUresult cuCtxSetCurrent(CUcontext context) { current = (uint64_t)(uintptr_t)context; return OK; }
EXPORT CUresult cuCtxGetCurrent(CUcontext *context) {
    if (channel < 0) return NOT_INITIALIZED;
    if (!context) return INVALID_VALUE;
    *context = (CUcontext)(uintptr_t)current;
    return OK;
}
EXPORT CUresult cuCtxSynchronize(void) { return channel < 0 ? NOT_INITIALIZED : current ? OK : INVALID_CONTEXT; }

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t size) {
    uint64_t made = 0;
    if (!address) return INVALID_VALUE;
    CUresult code = two(ALLOCATE, current, size, &made, sizeof made);
    if (code == OK) *address = made;
    return code;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address) { return two(FREE, current, address, NULL, 0); }

EXPORT CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
    uint64_t made[2] = {0, 0};
    if (!free_bytes || !total) return INVALID_VALUE;
    CUresult code = two(INFO, current, 0, made, sizeof made);
    if (code == OK) { *free_bytes = made[0]; *total = made[1]; }
    return code;
}

/* Not CUDA's: how busy, in percent, this context would keep its device. */
EXPORT CUresult fakeCudaSetLoad(unsigned int percent) { return two(LOAD, current, percent, NULL, 0); }

/* Names and texts as libcuda 550.163.01 gives them; it does not know 721, which came with CUDA 12.8. */
static const struct { CUresult code; const char *name, *text; } errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {721, "CUDA_ERROR_CONTAINED", "Invalid access of peer GPU memory over nvlink or a hardware error"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static CUresult describe_error(CUresult code, const char **text, int as_text) {
    if (!text) return INVALID_VALUE;
    *text = NULL;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code) *text = as_text ? errors[i].text : errors[i].name;
    return *text ? OK : INVALID_VALUE;
}

EXPORT CUresult cuGetErrorName(CUresult code, const char **name) { return describe_error(code, name, 0); }
EXPORT CUresult cuGetErrorString(CUresult code, const char **text) { return describe_error(code, text, 1); }
