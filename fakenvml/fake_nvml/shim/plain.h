/*
 * The fast path for calls that have only numbers, fixed structures and texts (a plain Function of abi/table.py): it is
 * expanded in each entry point, where the row of data is a constant, so that nothing of the row is left at run time.
 * A call without a published answer takes the slow path, fake_nvml_call, which returns the reason.
 */
#ifndef FAKE_NVML_PLAIN_H
#define FAKE_NVML_PLAIN_H
#include "shim.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1) /* else copies are made small instead of fast */

/* Texts of names and UUIDs are short, and a call of memcpy costs more than they do. */
ALWAYS_INLINE void copy_text(unsigned char *to, const unsigned char *from, uint32_t length) {
    if (length < 8 || length > 64) {
        memcpy(to, from, length);
        return;
    }
    for (uint32_t i = 0; i + 8 < length; i += 8) memcpy(to + i, from + i, 8);
    memcpy(to + length - 8, from + length - 8, 8);
}

/* Copies a structure if its version is the V-th known one: then its size is a constant, and the copy a few moves. */
ALWAYS_INLINE int copy_version(const param_t *p, int v, uint32_t word, unsigned char *to, const unsigned char **at,
                               const unsigned char *end) {
    if (v < p->versions && LIKELY(p->words[v] == word) && LIKELY((p->words[v] & 0xFFFFFF) <= (size_t)(end - *at))) {
        memcpy(to, *at, p->words[v] & 0xFFFFFF);
        *at += p->words[v] & 0xFFFFFF;
        return 1;
    }
    return 0;
}

/* Spreads an answer over the out parameters; 0 if it does not have the form that the row promises. */
ALWAYS_INLINE int deliver_plain(const entry_t *entry, const uint64_t *args, const unsigned char *at, const unsigned char *end) {
#pragma GCC unroll 8
    for (int i = 0; i < entry->count; i++) {
        const param_t *p = &entry->params[i];
        unsigned char *to = (unsigned char *)(uintptr_t)args[p->arg];
        if (p->kind == KIND_BUFFER) {
            uint32_t length = take_u32(&at, end);
            if (at > end || length > (size_t)(end - at) || (uint32_t)args[p->other] < length) return 0;
            copy_text(to, at, length);
            at += length;
        } else if (p->kind == KIND_VERSIONED) {
            uint32_t word;
            memcpy(&word, to, 4);
            if (!copy_version(p, 0, word, to, &at, end) && !copy_version(p, 1, word, to, &at, end)
                && !copy_version(p, 2, word, to, &at, end) && !copy_version(p, 3, word, to, &at, end))
                return 0;
        } else if (p->kind == KIND_OUTPUT) {
            if (p->size > (size_t)(end - at)) return 0;
            memcpy(to, at, p->size);
            at += p->size;
        }
    }
    return 1;
}

ALWAYS_INLINE unsigned int fake_nvml_plain(const entry_t *entry, const uint64_t *args) {
    const header_t *base = atomic_load_explicit(&fake_nvml_answers, memory_order_acquire);
    if (atomic_load_explicit(&fake_nvml_references, memory_order_relaxed) <= 0
        || atomic_load_explicit(&base->retired, memory_order_relaxed) || is_guarded(base, entry->id))
        return fake_nvml_call(entry, args);
    uint64_t key = entry->seed;
#pragma GCC unroll 8
    for (int i = 0; i < entry->count; i++) {
        const param_t *p = &entry->params[i];
        const unsigned char *pointer = (const unsigned char *)(uintptr_t)args[p->arg];
        if (p->kind == KIND_HANDLE || p->kind == KIND_NUMBER32 || p->kind == KIND_NUMBER64) {
            key = mix(key, args[p->arg]);
            continue;
        }
        if (!pointer) return INVALID_ARGUMENT;
        if (p->kind != KIND_VERSIONED) continue;
        uint32_t word, known = 0;
        memcpy(&word, pointer, 4);
#pragma GCC unroll 4
        for (int v = 0; v < p->versions; v++) known |= p->words[v] == word;
        if (!known) return ARGUMENT_VERSION_MISMATCH;
        uint32_t size = word & 0xFFFFFF;
        key = p->key == 4 ? mix(key, word) : mix_bytes(key, pointer, p->key < size ? p->key : size);
    }
    key = key < 2 ? key + 2 : key;
    const slot_t *slots = (const slot_t *)((const char *)base + HEADER);
    const uint64_t mask = base->slots - 1;
    uint64_t before = atomic_load_explicit(&base->sequence, memory_order_acquire), i = key & mask;
    for (uint64_t n = 0; slots[i].key != key; n++, i = (i + 1) & mask)
        if (!slots[i].key || n == mask) return fake_nvml_call(entry, args);
    const uint64_t offset = slots[i].offset, length = slots[i].length;
    if (before & 1 || length < 4 || offset + length > atomic_load_explicit(&fake_nvml_answers_size, memory_order_relaxed))
        return fake_nvml_call(entry, args);
    const unsigned char *at = (const unsigned char *)base + offset;
    uint32_t code;
    memcpy(&code, at, 4);
    if (LIKELY(length > 4) && !deliver_plain(entry, args, at + 4, at + length)) return fake_nvml_call(entry, args);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&base->sequence, memory_order_relaxed) != before) return fake_nvml_call(entry, args);
    return code;
}
#endif
