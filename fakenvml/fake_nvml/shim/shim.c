/*
 * The client half of the fake NVML: libnvidia-ml.so.1 without rules of its own.
 *
 * A call is described by a row of data (entries_generated.c). Its inputs make a 64-bit key; the key is looked up in
 * DIR/answers, which the node daemon maintains and this library maps read-only under a sequence counter. What is not
 * there (setters, creations, waits, unusual arguments) is one request on DIR/driver.sock. No thread, no allocation,
 * no lock: safe after fork and from any thread. The layouts of both are fake_nvml/answers.py and fake_nvml/wire.py.
 */
#define _GNU_SOURCE
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Atomic(const header_t *) fake_nvml_answers;
_Atomic uint64_t fake_nvml_answers_size;
_Atomic int fake_nvml_references;
static _Atomic uint64_t answers_inode;

static const char *folder(void) {
    const char *dir = getenv("FAKE_NVML_DIR");
    return dir && *dir ? dir : "/run/fake-nvml";
}

static int in_folder(char *path, size_t size, const char *name) {
    int length = snprintf(path, size, "%s/%s", folder(), name);
    return length > 0 && (size_t)length < size;
}

/* Maps DIR/answers unless the same file is mapped already. An old mapping is left alone: a reader may be in it. */
static unsigned int attach(void) {
    char path[4096];
    struct stat status;
    if (!in_folder(path, sizeof path, "answers")) return DRIVER_NOT_LOADED;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return DRIVER_NOT_LOADED; /* no daemon is what a machine without the kernel module is to NVML */
    if (fstat(file, &status) != 0) { close(file); return DRIVER_NOT_LOADED; }
    if (atomic_load(&fake_nvml_answers) && atomic_load(&answers_inode) == (uint64_t)status.st_ino) { close(file); return OK; }
    size_t size = (size_t)status.st_size;
    const header_t *base = size < HEADER ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    /* Answers of another build of the tables: nvml.h has this code for a library and a kernel module that differ. */
    if (base == MAP_FAILED) return LIB_RM_VERSION_MISMATCH;
    if (memcmp(base->magic, "NVMLANSW", 8) || base->retired || base->layout != LAYOUT || base->abi != fake_nvml_abi || base->size > size
        || base->slots == 0 || (base->slots & (base->slots - 1)) || base->slots > (size - HEADER) / sizeof(slot_t)) {
        munmap((void *)base, size);
        return LIB_RM_VERSION_MISMATCH;
    }
    atomic_store(&fake_nvml_answers_size, base->size);
    atomic_store(&answers_inode, (uint64_t)status.st_ino);
    atomic_store(&fake_nvml_answers, base);
    return OK;
}

static unsigned int ask(const entry_t *entry, const uint64_t *args);

/* Flags: 1 no GPUs is no error, 2 do not attach GPUs (both change nothing here); 4 is set by forwarding wrappers. */
EXPORT unsigned int nvmlInitWithFlags(unsigned int flags) {
    static entry_t entry = {0, 0, 1, 0, NULL};
    unsigned int code = attach();
    if (code == OK && flags & ~7u) return INVALID_ARGUMENT;
    if (code == OK && is_guarded(atomic_load(&fake_nvml_answers), fake_nvml_init)) {
        entry.id = fake_nvml_init;
        code = ask(&entry, NULL);
    }
    /* nvml.h: initializations are counted, only the last nvmlShutdown ends the library. */
    if (code == OK) atomic_fetch_add(&fake_nvml_references, 1);
    return code;
}
EXPORT unsigned int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
EXPORT unsigned int nvmlInit(void) { return nvmlInitWithFlags(0); }

/* Without a driver there is nothing to shut down, and the real library (535, 550) says that this went well. */
EXPORT unsigned int nvmlShutdown(void) {
    int count = atomic_load(&fake_nvml_references);
    if (!atomic_load(&fake_nvml_answers)) return OK;
    do {
        if (count <= 0) return UNINITIALIZED;
    } while (!atomic_compare_exchange_weak(&fake_nvml_references, &count, count - 1));
    return OK;
}

/* The layout that a versioned structure asks for, or 0 if this library knows none with that version word. */
static uint32_t versioned_size(const param_t *param, const void *structure) {
    uint32_t word;
    memcpy(&word, structure, 4);
    for (int i = 0; i < param->versions; i++)
        if (param->words[i] == word) return word & 0xFFFFFF;
    return 0;
}

/* Checks every pointer and computes the key of the call. The order of the checks is that of nvml.h's return codes: a NULL
 * pointer first, then the version word; an array may be NULL, because callers learn the number of elements that way. */
static inline unsigned int make_key(const entry_t *entry, const uint64_t *args, uint64_t *key) {
    uint64_t k = entry->seed;
    for (int i = 0; i < entry->count; i++) {
        const param_t *p = &entry->params[i];
        const void *pointer = (const void *)(uintptr_t)args[p->arg];
        switch (p->kind) {
        case KIND_HANDLE: case KIND_NUMBER32: case KIND_NUMBER64: k = mix(k, args[p->arg]); break;
        case KIND_ARRAY: case KIND_OPTIONAL_OUTPUT: break;
        default:
            if (!pointer) return INVALID_ARGUMENT;
            if (p->kind == KIND_SIZED_BUFFER && !args[p->other]) return INVALID_ARGUMENT;
            if (p->kind == KIND_STRING) k = mix_bytes(k, pointer, strnlen(pointer, STRING_MAX));
            if (p->kind == KIND_VERSIONED) {
                uint32_t size = versioned_size(p, pointer);
                if (!size) return ARGUMENT_VERSION_MISMATCH;
                uint32_t word;
                memcpy(&word, pointer, 4);
                k = p->key == 4 ? mix(k, word) : mix_bytes(k, pointer, p->key < size ? p->key : size);
            }
        }
    }
    *key = k < 2 ? k + 2 : k; /* 0 marks a free slot, 1 a deleted one */
    return OK;
}

static int is_counter(char kind) {
    return kind == KIND_COUNT || kind == KIND_COUNT_OUTPUT || kind == KIND_NULL_QUERY || kind == KIND_ZERO_QUERY
        || kind == KIND_FILLED;
}

/* The array of a call, as it was called: what its counter does (0: there is no counter), where it is, how many fit. */
typedef struct { char kind; const void *to; uint64_t room; } array_t;

static array_t array_of(const entry_t *entry, const uint64_t *args) {
    array_t array = {0, NULL, 0};
    for (int i = 0; i < entry->count; i++) {
        const param_t *p = &entry->params[i];
        const void *pointer = (const void *)(uintptr_t)args[p->arg];
        uint32_t count;
        if (p->kind == KIND_ARRAY && !array.to) array.to = pointer;
        if (!is_counter(p->kind)) continue;
        array.kind = p->kind;
        memcpy(&count, pointer, 4);
        /* A counter that is only written gives no limit: nvml.h wants a buffer "large enough to accommodate the instances
         * supported by the profile". */
        array.room = p->kind == KIND_COUNT_OUTPUT ? UINT32_MAX : count;
    }
    return array;
}

/* How many of so many elements are written, and which number the caller gets. In nvml.h the functions differ in what asks for
 * the number and what a short array does (abi/kinds.py); most answer INSUFFICIENT_SIZE to both, as those of processes. */
static unsigned int fit(const array_t *array, uint32_t there, uint32_t *number, uint32_t *written) {
    *number = there;
    *written = 0;
    if (array->kind == KIND_ZERO_QUERY && !array->room) return OK;
    if (array->kind == KIND_ZERO_QUERY && !array->to) return INVALID_ARGUMENT;
    if ((array->kind == KIND_NULL_QUERY || array->kind == KIND_FILLED) && !array->to) return OK;
    if (array->kind == KIND_FILLED && !array->room) return INVALID_ARGUMENT;
    if (there > array->room) {
        if (array->kind != KIND_ZERO_QUERY && array->kind != KIND_FILLED) return INSUFFICIENT_SIZE;
        *number = (uint32_t)array->room;
    }
    if (*number && !array->to) return INVALID_ARGUMENT;
    *written = *number;
    return OK;
}

static unsigned int deliver_buffer(const param_t *p, const uint64_t *args, const unsigned char *from, uint32_t length) {
    uint32_t room = (uint32_t)args[p->other];
    if (p->kind == KIND_SIZED_BUFFER) {
        uint32_t *size = (uint32_t *)(uintptr_t)args[p->other];
        if (!size) return INVALID_ARGUMENT;
        room = *size;
        *size = length; /* also where it does not fit: the caller learns how much to allocate */
    }
    if (room < length) return INSUFFICIENT_SIZE;
    memcpy((void *)(uintptr_t)args[p->arg], from, length);
    return OK;
}

/* A structure and the array to which it points: the pointer stays the caller's, the counter says what there is. */
static unsigned int deliver_array(const param_t *p, unsigned char *to, uint32_t length, const unsigned char **at,
                                  const unsigned char *end) {
    uint32_t room, bytes;
    unsigned char *array;
    memcpy(&room, to + p->count_at, 4);
    memcpy(&array, to + p->pointer_at, sizeof array);
    memcpy(to, *at, length);
    memcpy(to + p->pointer_at, &array, sizeof array);
    *at += length;
    bytes = take_u32(at, end);
    if (*at > end || bytes > (size_t)(end - *at)) return UNKNOWN;
    if (bytes > (uint64_t)room * p->element || (bytes && !array)) return INSUFFICIENT_SIZE;
    if (bytes) memcpy(array, *at, bytes);
    *at += bytes;
    return OK;
}

/* Spreads an answer over the caller's out parameters. */
static unsigned int deliver(const entry_t *entry, const uint64_t *args, unsigned int code,
                            const unsigned char *at, const unsigned char *end) {
    const array_t array = array_of(entry, args);
    uint32_t number, written;
    unsigned int misfit = OK; /* the counter is written all the same, and it may follow the array */
    for (int i = 0; i < entry->count && at < end; i++) {
        const param_t *p = &entry->params[i];
        unsigned char *to = (unsigned char *)(uintptr_t)args[p->arg];
        uint32_t length = p->size;
        switch (p->kind) {
        case KIND_VERSIONED: length = versioned_size(p, to); /* fall through */
        case KIND_OUTPUT: case KIND_OPTIONAL_OUTPUT: case KIND_UNVERSIONED:
            if (length > (size_t)(end - at)) return UNKNOWN;
            if (!to) { at += length; break; }
            if (p->element) {
                unsigned int failed = deliver_array(p, to, length, &at, end);
                if (failed) return failed;
                break;
            }
            memcpy(to, at, length);
            at += length;
            break;
        case KIND_WITH_ARRAY: length = take_u32(&at, end); /* fall through */
        case KIND_UPDATED_ARRAY: if (p->kind == KIND_UPDATED_ARRAY) length *= (uint32_t)args[p->other];
            if (at > end || length > (size_t)(end - at)) return UNKNOWN;
            memcpy(to, at, length);
            at += length;
            break;
        case KIND_COUNT: case KIND_COUNT_OUTPUT: case KIND_NULL_QUERY: case KIND_ZERO_QUERY: case KIND_FILLED:
            misfit = fit(&array, take_u32(&at, end), &number, &written);
            memcpy(to, &number, 4);
            break;
        case KIND_SIZED_ARRAY: case KIND_ARRAY: case KIND_BUFFER: case KIND_SIZED_BUFFER: {
            length = take_u32(&at, end);
            if (at > end || length > (size_t)(end - at)) return UNKNOWN;
            if (p->kind == KIND_BUFFER || p->kind == KIND_SIZED_BUFFER) {
                unsigned int failed = deliver_buffer(p, args, at, length);
                if (failed) return failed;
            } else if (p->kind == KIND_SIZED_ARRAY) {
                size_t want = (size_t)p->size * (uint32_t)args[p->other];
                memcpy(to, at, length < want ? length : want);
                if (want > length) memset(to + length, 0, want - length);
            } else if (fit(&array, length / p->size, &number, &written) == OK && written) {
                if (!to) return INVALID_ARGUMENT; /* the second of two arrays */
                memcpy(to, at, (size_t)written * p->size);
            }
            at += length;
            break;
        }
        default: break;
        }
    }
    return misfit ? misfit : code;
}

/* The caller's number that an answer overwrites: of elements or of bytes; NULL if the parameter has none. */
static void *counter_of(const param_t *p, const uint64_t *args) {
    if (is_counter(p->kind)) return (void *)(uintptr_t)args[p->arg];
    return p->kind == KIND_SIZED_BUFFER ? (void *)(uintptr_t)args[p->other] : NULL;
}

/* Looks the key up; 1 if it is published, and then *code is the call's result. */
static int look_up(const entry_t *entry, const uint64_t *args, uint64_t key, unsigned int *code) {
    const header_t *base = atomic_load_explicit(&fake_nvml_answers, memory_order_acquire);
    uint64_t size = atomic_load_explicit(&fake_nvml_answers_size, memory_order_relaxed);
    const slot_t *slots = (const slot_t *)((const char *)base + HEADER);
    uint64_t mask = base->slots - 1;
    void *counter;
    uint32_t counters[8]; /* a retry must find the counters as the caller left them */
    for (int i = 0; i < entry->count && i < 8; i++)
        if ((counter = counter_of(&entry->params[i], args))) memcpy(&counters[i], counter, 4);
    /* deliver() copies before the sequence is checked again: what it copied from a half-written answer is overwritten by the
     * next round, and lengths are checked against the file, so that nothing outside it is read meanwhile. */
    for (int spin = 0; spin < SPINS; spin++) {
        uint64_t before = atomic_load_explicit(&base->sequence, memory_order_acquire);
        if (before & 1) { sched_yield(); continue; }
        int found = 0;
        for (uint64_t i = key & mask, n = 0; n <= mask && slots[i].key; i = (i + 1) & mask, n++) {
            if (slots[i].key != key) continue;
            uint64_t offset = slots[i].offset, length = slots[i].length;
            if (length < 4 || offset + length > size) break;
            const unsigned char *at = (const unsigned char *)base + offset;
            uint32_t result;
            memcpy(&result, at, 4);
            *code = length == 4 ? result : deliver(entry, args, result, at + 4, at + length);
            found = 1;
            break;
        }
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&base->sequence, memory_order_relaxed) == before) return found;
        for (int i = 0; i < entry->count && i < 8; i++)
            if ((counter = counter_of(&entry->params[i], args))) memcpy(counter, &counters[i], 4);
    }
    *code = TIMEOUT; /* the daemon died in the middle of a change */
    return 1;
}

static int put(unsigned char *frame, size_t *at, const void *bytes, size_t length) {
    if (*at + length > FRAME_MAX) return 0;
    memcpy(frame + *at, bytes, length);
    *at += length;
    return 1;
}

/* The arguments as wire.py reads them; 0 if they are longer than a frame. */
static size_t encode(const entry_t *entry, const uint64_t *args, unsigned char *frame) {
    size_t at = 12;
    for (int i = 0; i < entry->count; i++) {
        const param_t *p = &entry->params[i];
        const void *pointer = (const void *)(uintptr_t)args[p->arg];
        uint32_t length = p->size;
        int fits = 1;
        switch (p->kind) {
        case KIND_HANDLE: case KIND_NUMBER32: case KIND_NUMBER64: fits = put(frame, &at, &args[p->arg], 8); break;
        case KIND_STRING: length = (uint32_t)strnlen(pointer, STRING_MAX);
            fits = put(frame, &at, &length, 4) && put(frame, &at, pointer, length); break;
        case KIND_VERSIONED: length = versioned_size(p, pointer);
            fits = put(frame, &at, &length, 4) && put(frame, &at, pointer, length); break;
        case KIND_READ_ONLY: case KIND_UNVERSIONED: fits = put(frame, &at, pointer, length); break;
        case KIND_WITH_ARRAY: {
            uint32_t count;
            memcpy(&count, (const unsigned char *)pointer + p->count_at, 4);
            if (count > FRAME_MAX / p->element) return 0;
            length += count * p->element;
            fits = put(frame, &at, &length, 4) && put(frame, &at, pointer, length);
            break;
        }
        case KIND_UPDATED_ARRAY: if (args[p->other] > FRAME_MAX) return 0;
            fits = put(frame, &at, pointer, length * (size_t)args[p->other]); break;
        default: break;
        }
        if (!fits) return 0;
    }
    uint32_t head[3] = {0x314D564Eu, entry->id, (uint32_t)(at - 12)};
    memcpy(frame, head, 12);
    return at;
}

static int transfer(int socket, unsigned char *bytes, size_t length, int sending) {
    while (length) {
        ssize_t n = sending ? send(socket, bytes, length, MSG_NOSIGNAL) : recv(socket, bytes, length, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        bytes += n;
        length -= (size_t)n;
    }
    return 1;
}

/* One request to the node daemon on a connection of its own: a connection that is kept would be shared after fork, and the
 * replies of parent and child would mix. */
static unsigned int ask(const entry_t *entry, const uint64_t *args) {
    unsigned char frame[FRAME_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = encode(entry, args, frame);
    if (!length) return INVALID_ARGUMENT;
    if (!in_folder(address.sun_path, sizeof address.sun_path, "driver.sock")) return UNKNOWN;
    int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0) return UNKNOWN;
    unsigned int code = DRIVER_NOT_LOADED;
    uint32_t head[2];
    if (connect(channel, (struct sockaddr *)&address, sizeof address) == 0 && transfer(channel, frame, length, 1)
        && transfer(channel, (unsigned char *)head, sizeof head, 0) && head[1] <= FRAME_MAX
        && transfer(channel, frame, head[1], 0))
        code = head[1] ? deliver(entry, args, head[0], frame, frame + head[1]) : head[0];
    close(channel);
    return code;
}

HIDDEN unsigned int fake_nvml_call(const entry_t *entry, const uint64_t *args) {
    uint64_t key;
    unsigned int code;
    /* nvmlSystemGetNVMLVersion works before nvmlInit, as in NVIDIA's libraries of 535 and 550. */
    if (atomic_load_explicit(&fake_nvml_references, memory_order_relaxed) <= 0 && (entry->id != fake_nvml_version || attach() != OK))
        return UNINITIALIZED;
    const header_t *base = atomic_load_explicit(&fake_nvml_answers, memory_order_acquire);
    if (base->retired) { /* the daemon ended; perhaps another one serves by now */
        if ((code = attach()) != OK) return code;
        base = atomic_load_explicit(&fake_nvml_answers, memory_order_acquire);
    }
    if ((code = make_key(entry, args, &key)) != OK) return code;
    if (!entry->asks && !is_guarded(base, entry->id)
        && look_up(entry, args, key, &code))
        return code;
    return ask(entry, args);
}
