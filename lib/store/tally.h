/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by descriptor hash: what a write adds to each reference count, or what a scan found. */
#ifndef RRSMB_STORE_TALLY_H
#define RRSMB_STORE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rrsmb/sd.h>

#include "lib/base/bytes.h"

struct tally_entry {
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    bool used;
    bool flag; /* free for the owner of the tally, as are the next two */
    int64_t number;
    struct bytes sd; /* the tally does not own it */
};

/* Open addressing; the hash is its own hash. */
struct tally {
    struct tally_entry *entries;
    size_t room; /* a power of two, or 0 */
    size_t count;
};

/** The entry of a hash, made with 0 if there is none. RRSMB_NO_MEMORY. */
rrsmb_status tally_entry(struct tally *tally, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                         struct tally_entry **entry);
/** Add to the number of a hash. */
rrsmb_status tally_add(struct tally *tally, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                       int64_t number);
void tally_clear(struct tally *tally);

#endif
