/* SPDX-License-Identifier: Apache-2.0 */
/* One write to the index within a transaction: rows as they come, then, all at once, what they do
 * to descriptors, counts and generations. A descriptor leaves with its last row. */
#ifndef RRSMB_STORE_CHANGE_H
#define RRSMB_STORE_CHANGE_H

#include "lib/store/store.h"
#include "lib/store/tally.h"

struct change {
    rrsmb_store *store;
    struct backend_txn *txn;
    uint64_t share;
    struct tally counts;
    bool bumped[GENERATION_COUNTERS];
    bool any_bumped;
    uint64_t rows; /* changed so far */
};

void change_begin(struct change *change, rrsmb_store *store, struct backend_txn *txn,
                  uint64_t share);

/** Write a row in the place of `old` (NULL: of none). `sd` is its canonical descriptor, which
 *  must stay where it is until change_finish(). An `old` of the version EXPECT_UNREADABLE stands
 *  for a row that cannot be read: nobody knows its descriptor, whose count stays one too high. */
rrsmb_status change_put(struct change *change, uint64_t inode, const struct row *old,
                        const struct row *row, struct bytes sd);
/** A row is as asked, but its descriptor is missing or damaged in the store: put it there. */
rrsmb_status change_mend(struct change *change, const struct row *row, struct bytes sd);
/** Remove a row that stands. */
rrsmb_status change_remove(struct change *change, uint64_t inode, const struct row *old);

/** Do what follows from the rows. The caller then commits. */
rrsmb_status change_finish(struct change *change);

/** Free what the change holds; not the transaction. */
void change_clear(struct change *change);

/** Which of a share's generation counters covers a file (R7). */
unsigned generation_counter(uint64_t inode);

#endif
