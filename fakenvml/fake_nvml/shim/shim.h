/* How an entry point is described to fake_nvml_call; the rows are in entries_generated.c. */
#ifndef FAKE_NVML_SHIM_H
#define FAKE_NVML_SHIM_H
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))

typedef struct {
    char kind;              /* a letter of functions.txt */
    uint8_t arg, other;     /* positions of the parameter and of the one with its size */
    uint8_t versions;       /* version words that are known */
    uint32_t size;          /* bytes of the value, of the structure or of one element */
    uint32_t key;           /* leading bytes of a structure that select the answer */
    uint32_t count_at;      /* where a structure says how many elements its array has */
    uint32_t pointer_at;    /* where it points to them; 0: they follow it */
    uint32_t element;       /* bytes of one of them, 0: no array */
    uint32_t words[4];      /* version words: size | version << 24 */
} param_t;

typedef struct {
    uint32_t id;            /* position in functions.txt */
    uint8_t count;
    uint8_t asks;           /* 1: its effect is in the daemon, never look it up */
    uint8_t plain;          /* 1: only numbers, structures and texts: nothing of it is both read and written but a version */
    uint64_t seed;          /* the key before its inputs */
    const param_t *params;
} entry_t;

HIDDEN unsigned int fake_nvml_call(const entry_t *entry, const uint64_t *args);
extern const uint32_t fake_nvml_abi, fake_nvml_entries, fake_nvml_init;
#endif
