/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/tally.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

#define FIRST_ROOM 64

static struct tally_entry *find(const struct tally *tally, const uint8_t *hash)
{
    size_t at = (size_t)get_le64(hash) & (tally->room - 1);
    while (tally->entries[at].used &&
           memcmp(tally->entries[at].hash, hash, RRSMB_SD_DIGEST_SIZE) != 0)
        at = (at + 1) & (tally->room - 1);
    return &tally->entries[at];
}

static rrsmb_status grow(struct tally *tally)
{
    struct tally grown = {.room = tally->room == 0 ? FIRST_ROOM : 2 * tally->room,
                          .count = tally->count};
    grown.entries = calloc(grown.room, sizeof *grown.entries);
    ENSURE(grown.entries != NULL, RRSMB_NO_MEMORY, "counting descriptors: out of memory");
    for (size_t i = 0; i < tally->room; i++)
        if (tally->entries[i].used)
            *find(&grown, tally->entries[i].hash) = tally->entries[i];
    free(tally->entries);
    *tally = grown;
    return RRSMB_OK;
}

rrsmb_status tally_entry(struct tally *tally, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                         struct tally_entry **entry)
{
    if (4 * (tally->count + 1) > 3 * tally->room)
        TRY(grow(tally));
    *entry = find(tally, hash);
    if ((*entry)->used)
        return RRSMB_OK;
    (*entry)->used = true;
    memcpy((*entry)->hash, hash, RRSMB_SD_DIGEST_SIZE);
    tally->count++;
    return RRSMB_OK;
}

rrsmb_status tally_add(struct tally *tally, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                       int64_t number)
{
    struct tally_entry *entry;
    TRY(tally_entry(tally, hash, &entry));
    entry->number += number;
    return RRSMB_OK;
}

void tally_clear(struct tally *tally)
{
    free(tally->entries);
    *tally = (struct tally){0};
}
