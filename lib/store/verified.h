/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes whose descriptors this process has looked at and found right. It forgets some where
 * there are many, which costs another look and nothing else. Any number of threads, no lock. */
#ifndef RRSMB_STORE_VERIFIED_H
#define RRSMB_STORE_VERIFIED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One cache line a set. A SHA-256 is evenly spread, so its own bits choose. */
#define VERIFIED_SETS 256
#define VERIFIED_WAYS 8

struct verified_set {
    _Alignas(64) _Atomic uint64_t tags[VERIFIED_SETS][VERIFIED_WAYS];
};

bool verified_has(const struct verified_set *set, const uint8_t *hash);
void verified_add(struct verified_set *set, const uint8_t *hash);

#endif
