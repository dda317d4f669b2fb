/* SPDX-License-Identifier: Apache-2.0 */
/* Binary descriptors by their SDDL text: an import has few distinct ones on many lines. Bounded;
 * what it gives out stays where it is until sd_cache_clear(). */
#ifndef RRSMB_STORE_SD_CACHE_H
#define RRSMB_STORE_SD_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/sd.h>
#include <rrsmb/status.h>

/* Slots of the table, twice the number of entries allowed. */
#define SD_CACHE_SLOTS 8192

struct sd_entry {
    uint64_t hash; /* of the text, XXH3-64 */
    size_t text_length;
    size_t sd_length;
    unsigned char bytes[]; /* the descriptor, then the text */
};

struct sd_cache {
    struct sd_entry *slots[SD_CACHE_SLOTS]; /* open addressing; NULL is free */
    size_t count;
    size_t bytes;
    unsigned char scratch[RRSMB_SD_SIZE_MAX];
};

/** Whether it is time for sd_cache_clear(): the next call may then add one more all the same. */
int sd_cache_is_full(const struct sd_cache *cache);

/** Forget everything. */
void sd_cache_clear(struct sd_cache *cache);

/** The descriptor that a text means; the same pointer for the same text.
 *  @return As rrsmb_sd_from_sddl(); nothing is kept of a text that is refused. */
rrsmb_status sd_cache_get(struct sd_cache *cache, const char *text, size_t length, const void **sd,
                          size_t *sd_length);

#endif
