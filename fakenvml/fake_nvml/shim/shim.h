/* How an entry point is described to fake_nvml_call, and what both paths through the library share. */
#ifndef FAKE_NVML_SHIM_H
#define FAKE_NVML_SHIM_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))

enum { OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, TIMEOUT = 10,
       LIB_RM_VERSION_MISMATCH = 18, ARGUMENT_VERSION_MISMATCH = 25, UNKNOWN = 999 };
enum { LAYOUT = 2, HEADER = 1024, /* bytes before the slots */ GUARDS = 64, SPINS = 200000, STRING_MAX = 1024, FRAME_MAX = 65536 };

typedef struct {
    char magic[8];            /* "NVMLANSW" */
    uint32_t layout;          /* LAYOUT */
    uint32_t abi;             /* checksum of the tables that both sides were made from */
    _Atomic uint64_t sequence; /* odd while the daemon writes */
    uint64_t slots;           /* a power of two */
    uint64_t size;            /* of the whole file */
    _Atomic uint32_t retired; /* 1: a newer file replaces this one */
} header_t;                   /* from GUARDS on one byte per entry point: 1 sends its calls to the daemon */

typedef struct { uint64_t key; uint32_t offset, length; } slot_t;

/* Kinds of parameters, as fake_nvml/abi/kinds.py explains them. */
enum {
    KIND_HANDLE = 'h', KIND_NUMBER32 = 'u', KIND_NUMBER64 = 'U', KIND_STRING = 's',
    KIND_VERSIONED = 'v', KIND_UNVERSIONED = 'x', KIND_WITH_ARRAY = 'c',
    KIND_READ_ONLY = 'i', KIND_OUTPUT = 'o', KIND_OPTIONAL_OUTPUT = 'O',
    KIND_BUFFER = 'b', KIND_SIZED_BUFFER = 'B',
    KIND_COUNT = 'n', KIND_COUNT_OUTPUT = 'm', KIND_NULL_QUERY = 'p', KIND_ZERO_QUERY = 'z', KIND_FILLED = 'f',
    KIND_ARRAY = 'a', KIND_SIZED_ARRAY = 'w', KIND_UPDATED_ARRAY = 'A',
};

typedef struct {
    char kind;              /* one of KIND_* */
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
    uint64_t seed;          /* the key before its inputs */
    const param_t *params;
} entry_t;

/* Any call: checks, looks up, asks the daemon where that is needed. */
HIDDEN unsigned int fake_nvml_call(const entry_t *entry, const uint64_t *args);

HIDDEN extern _Atomic(const header_t *) fake_nvml_answers; /* what is mapped; NULL before the first init */
HIDDEN extern _Atomic uint64_t fake_nvml_answers_size;     /* bytes of it */
HIDDEN extern _Atomic int fake_nvml_references;            /* inits without their shutdown */
HIDDEN extern const uint32_t fake_nvml_abi, fake_nvml_entries;
HIDDEN extern const uint32_t fake_nvml_init, fake_nvml_version; /* ids; the version can be read before init */

static inline uint64_t mix(uint64_t key, uint64_t word) {
    key = (key ^ word) * 0x9E3779B97F4A7C15ull;
    return key ^ (key >> 32);
}

static inline uint64_t mix_bytes(uint64_t key, const unsigned char *bytes, size_t length) {
    for (; length >= 4; bytes += 4, length -= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        key = mix(key, word);
    }
    uint32_t rest = 0;
    memcpy(&rest, bytes, length);
    return length ? mix(key, rest) : key;
}

static inline uint32_t take_u32(const unsigned char **at, const unsigned char *end) {
    uint32_t value = 0;
    if (end - *at >= 4) memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

static inline int is_guarded(const header_t *base, uint32_t id) { return ((const uint8_t *)base)[GUARDS + id]; }
#endif
