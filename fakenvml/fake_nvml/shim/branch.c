/*
 * The private table of functions that nvidia-smi gets from the library of its driver branch. It was found by watching
 * what nvidia-smi calls and prints for different answers of a slot; branches/ has one file per branch. A branch that is not there gets no table.
 */
#include "shim.h"

#include <string.h>

enum { SLOTS = 512, PROCESSES_MAX = 256 };

extern unsigned int nvmlSystemGetDriverVersion(const void *text, unsigned int size);
extern unsigned int nvmlDeviceGetHandleByPciBusId_v2(const void *text, const void *device);
extern unsigned int nvmlDeviceGetTopologyCommonAncestor(const void *one, const void *other, const void *level);
extern unsigned int nvmlDeviceGetComputeRunningProcesses_v3(const void *device, const void *count, const void *list);
extern unsigned int nvmlDeviceGetGraphicsRunningProcesses_v3(const void *device, const void *count, const void *list);
extern unsigned int nvmlDeviceGetMPSComputeRunningProcesses_v3(const void *device, const void *count, const void *list);
extern unsigned int nvmlSystemGetProcessName(unsigned int pid, const void *name, unsigned int size);

typedef struct { uint32_t pid; uint64_t memory; uint32_t gi, ci; } process_t;
typedef struct { uint32_t pid, pad; uint64_t memory; uint32_t gi, ci; uint64_t protected_memory; char name[4096]; } named_t;
typedef unsigned int (*list_t)(const void *, const void *, const void *);

static unsigned int not_supported(void) { return NOT_SUPPORTED; }

/* How near two GPUs are, by their bus ids: 0 PIX, 1 PXB, 2 PHB, 3 NODE, 4 SYS. */
__attribute__((unused))
static unsigned int ancestor_by_bus_id(const char *one, const char *other, uint32_t *near) {
    void *first, *second;
    uint32_t level;
    unsigned int code;
    if (!one || !other || !near) return INVALID_ARGUMENT;
    if ((code = nvmlDeviceGetHandleByPciBusId_v2(one, &first)) || (code = nvmlDeviceGetHandleByPciBusId_v2(other, &second))
        || (code = nvmlDeviceGetTopologyCommonAncestor(first, second, &level)))
        return code;
    *near = level <= 10 ? 0 : level / 10 - 1;
    return OK;
}

/* Process lists with names. */
static unsigned int named(list_t list, const void *device, uint32_t *count, named_t *out) {
    process_t found[PROCESSES_MAX];
    uint32_t number = PROCESSES_MAX;
    if (!count) return INVALID_ARGUMENT;
    unsigned int code = list(device, &number, found);
    if (code != OK) return code;
    if (number > *count || (number && !out)) {
        *count = number;
        return INSUFFICIENT_SIZE;
    }
    *count = number;
    for (uint32_t i = 0; i < number; i++) {
        memset(&out[i], 0, sizeof out[i]);
        out[i].pid = found[i].pid;
        out[i].memory = found[i].memory;
        out[i].gi = found[i].gi;
        out[i].ci = found[i].ci;
        nvmlSystemGetProcessName(found[i].pid, out[i].name, sizeof out[i].name);
    }
    return OK;
}

__attribute__((unused))
static unsigned int compute_processes(const void *device, uint32_t *count, named_t *out) {
    return named(nvmlDeviceGetComputeRunningProcesses_v3, device, count, out);
}
__attribute__((unused))
static unsigned int graphics_processes(const void *device, uint32_t *count, named_t *out) {
    return named(nvmlDeviceGetGraphicsRunningProcesses_v3, device, count, out);
}
__attribute__((unused))
static unsigned int mps_processes(const void *device, uint32_t *count, named_t *out) {
    return named(nvmlDeviceGetMPSComputeRunningProcesses_v3, device, count, out);
}

typedef struct { const char *prefix; uintptr_t size; struct { int slot; void *function; } slots[16]; } branch_t;

#define BRANCH(prefix, size) {prefix, size, {
#define SLOT(number, function) {number, (void *)function},
#define END_BRANCH {0, NULL}}},
static const branch_t branches[] = {
#include "r535.def"
#include "r550.def"
#include "r555.def"
};

static const unsigned char smi_table[16] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e, 0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};

/* The table of the branch that the machine reports; word 0 is its size, the others are functions. */
EXPORT unsigned int nvmlInternalGetExportTable(const void **table, const void *id) {
    static void *words[SLOTS];
    char version[80];
    if (!table || !id) return INVALID_ARGUMENT;
    *table = NULL;
    if (memcmp(id, smi_table, sizeof smi_table) || nvmlSystemGetDriverVersion(version, sizeof version) != OK) return NOT_FOUND;
    for (size_t b = 0; b < sizeof branches / sizeof *branches; b++) {
        if (strncmp(version, branches[b].prefix, strlen(branches[b].prefix))) continue;
        for (int i = 1; i < SLOTS; i++) words[i] = (void *)not_supported;
        for (int i = 0; branches[b].slots[i].slot; i++) words[branches[b].slots[i].slot] = branches[b].slots[i].function;
        words[0] = (void *)branches[b].size;
        *table = words;
        return OK;
    }
    return NOT_FOUND;
}
