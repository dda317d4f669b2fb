/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/verified.h"

#include "lib/base/bytes.h"

/* 64 bits of the hash are the tag. Two descriptors with one tag would have to be made on purpose,
 * and all they gain is that damage to the second is not noticed here. */
static uint64_t tag_of(const uint8_t *hash)
{
    return get_le64(hash) | 1;
}

static size_t set_of(const uint8_t *hash)
{
    return hash[8] % VERIFIED_SETS;
}

bool verified_has(const struct verified_set *set, const uint8_t *hash)
{
    const _Atomic uint64_t *ways = set->tags[set_of(hash)];
    uint64_t tag = tag_of(hash);
    for (size_t i = 0; i < VERIFIED_WAYS; i++)
        if (atomic_load_explicit(&ways[i], memory_order_relaxed) == tag)
            return true;
    return false;
}

void verified_add(struct verified_set *set, const uint8_t *hash)
{
    _Atomic uint64_t *ways = set->tags[set_of(hash)];
    uint64_t tag = tag_of(hash);
    for (size_t i = 0; i < VERIFIED_WAYS; i++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong_explicit(&ways[i], &none, tag, memory_order_relaxed,
                                                    memory_order_relaxed))
            return;
    }
    atomic_store_explicit(&ways[hash[9] % VERIFIED_WAYS], tag, memory_order_relaxed);
}
