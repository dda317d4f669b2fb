/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a store, changed behind its back. The store must not be open in this process. */
#ifndef RRSMB_TESTS_ROBUST_TAMPER_H
#define RRSMB_TESTS_ROBUST_TAMPER_H

#include "lib/backend/kv.h"

/** The bytes of the first entry at or after `from` in key order. */
struct entry {
    uint8_t key[512];
    size_t key_size;
    uint8_t *value; /* to be freed */
    size_t value_size;
};

struct entry entry_read(const char *folder, enum kv_table table, struct bytes from);
/** Write an entry's value back, as it now is. */
void entry_write(const char *folder, enum kv_table table, const struct entry *entry);

#endif
