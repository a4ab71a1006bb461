/*
 * The one call whose structure leads to an array of structures that each lead to an array: a batch of NVLink samples. The
 * tables have no kind of parameter for that, so each slot of the batch is a call of its own here.
 */
#include "shim.h"

typedef struct { uint32_t link, kind, room; uint64_t *samples; uint32_t result; } slot_request_t;
typedef struct { uint32_t count; slot_request_t *slots; } batch_t;

/* From entries_generated.c. Without room it says how many samples can be wanted, and touches no array. */
extern unsigned int fake_nvmlDeviceGetNvLinkTelemetrySamples_v1(const void *device, unsigned int link, unsigned int kind,
                                                                unsigned int room, const void *count, const void *samples);

EXPORT unsigned int nvmlDeviceGetNvLinkTelemetrySamples_v1(const void *device, batch_t *batch) {
    uint32_t most;
    uint64_t none;
    /* Link 0 is asked first: a board without samples refuses every batch, also an empty one. */
    unsigned int code = fake_nvmlDeviceGetNvLinkTelemetrySamples_v1(device, 0, 0, 0, &most, &none);
    if (code == UNINITIALIZED) return code;
    if (!batch || (batch->count && !batch->slots)) return INVALID_ARGUMENT;
    if (code != OK) return code;
    for (uint32_t i = 0; i < batch->count; i++) {
        slot_request_t *slot = &batch->slots[i];
        code = fake_nvmlDeviceGetNvLinkTelemetrySamples_v1(device, slot->link, slot->kind, slot->room, &slot->room,
                                                           slot->room ? slot->samples : &none);
        if (code != OK) return code; /* nvml.h: a slot that is wrong makes the call wrong */
        slot->result = OK;
    }
    return OK;
}
