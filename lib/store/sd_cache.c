/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/sd_cache.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/error.h"

/* Bytes of descriptors and texts that are kept. */
#define BYTES_MAX ((size_t)32 << 20)

int sd_cache_is_full(const struct sd_cache *cache)
{
    return cache->count >= SD_CACHE_SLOTS / 2 || cache->bytes >= BYTES_MAX;
}

void sd_cache_clear(struct sd_cache *cache)
{
    for (size_t i = 0; i < SD_CACHE_SLOTS; i++) {
        free(cache->slots[i]);
        cache->slots[i] = NULL;
    }
    cache->count = 0;
    cache->bytes = 0;
}

static int is_for(const struct sd_entry *entry, uint64_t hash, const char *text, size_t length)
{
    return entry->hash == hash && entry->text_length == length &&
           memcmp(entry->bytes + entry->sd_length, text, length) == 0;
}

static rrsmb_status add(struct sd_cache *cache, struct sd_entry **slot, uint64_t hash,
                        const char *text, size_t length)
{
    size_t sd_length = 0;
    TRY(rrsmb_sd_from_sddl(text, length, NULL, cache->scratch, sizeof cache->scratch, &sd_length));
    struct sd_entry *entry = malloc(sizeof *entry + sd_length + length);
    ENSURE(entry != NULL, RRSMB_NO_MEMORY, "a descriptor of %zu bytes: no memory", sd_length);
    entry->hash = hash;
    entry->text_length = length;
    entry->sd_length = sd_length;
    memcpy(entry->bytes, cache->scratch, sd_length);
    memcpy(entry->bytes + sd_length, text, length);
    *slot = entry;
    cache->count++;
    cache->bytes += sizeof *entry + sd_length + length;
    return RRSMB_OK;
}

rrsmb_status sd_cache_get(struct sd_cache *cache, const char *text, size_t length, const void **sd,
                          size_t *sd_length)
{
    uint64_t hash = XXH3_64bits(text, length);
    size_t at = (size_t)hash % SD_CACHE_SLOTS;
    while (cache->slots[at] != NULL && !is_for(cache->slots[at], hash, text, length))
        at = (at + 1) % SD_CACHE_SLOTS;
    if (cache->slots[at] == NULL)
        TRY(add(cache, &cache->slots[at], hash, text, length));
    *sd = cache->slots[at]->bytes;
    *sd_length = cache->slots[at]->sd_length;
    return RRSMB_OK;
}
