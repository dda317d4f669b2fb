/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/change.h"

#include <string.h>
#include <xxhash.h>

#include "lib/base/error.h"

unsigned generation_counter(uint64_t inode)
{
    uint8_t key[8];
    put_le64(key, inode);
    /* Other bits than those that choose the bucket of an index row (the lowest six). */
    return (unsigned)(XXH3_64bits(key, sizeof key) >> 32) % GENERATION_COUNTERS;
}

void change_begin(struct change *change, rrsmb_store *store, struct backend_txn *txn,
                  uint64_t share)
{
    *change = (struct change){.store = store, .txn = txn, .share = share};
}

/* A row that others may have cached is about to differ. A new one nobody can have. */
static void bump(struct change *change, uint64_t inode)
{
    change->bumped[generation_counter(inode)] = true;
    change->any_bumped = true;
}

rrsmb_status change_put(struct change *change, uint64_t inode, const struct row *old,
                        const struct row *row, struct bytes sd)
{
    struct backend *backend = change->store->backend;
    struct row_key key = {change->share, inode};
    TRY(backend->ops->row_put(backend, change->txn, key, row,
                              old != NULL ? old->ver : EXPECT_ABSENT));
    struct tally_entry *entry;
    TRY(tally_entry(&change->counts, row->hash, &entry));
    entry->number++;
    entry->sd = sd;
    if (old != NULL) {
        if (old->ver != EXPECT_UNREADABLE)
            TRY(tally_add(&change->counts, old->hash, -1));
        bump(change, inode);
    }
    change->rows++;
    return RRSMB_OK;
}

rrsmb_status change_mend(struct change *change, const struct row *row, struct bytes sd)
{
    struct tally_entry *entry;
    TRY(tally_entry(&change->counts, row->hash, &entry));
    entry->sd = sd;
    entry->flag = true;
    return RRSMB_OK;
}

rrsmb_status change_remove(struct change *change, uint64_t inode, const struct row *old)
{
    struct backend *backend = change->store->backend;
    struct row_key key = {change->share, inode};
    TRY(backend->ops->row_remove(backend, change->txn, key, old->ver));
    TRY(tally_add(&change->counts, old->hash, -1));
    bump(change, inode);
    change->rows++;
    return RRSMB_OK;
}

#define BATCH 512

/* The rows of a descriptor, the changed ones included: a look at the whole index. */
static rrsmb_status count_rows(struct change *change, const uint8_t *hash, uint64_t *rows)
{
    struct backend *backend = change->store->backend;
    struct keyed_row batch[BATCH];
    struct scan scan = {.all_shares = true};
    *rows = 0;
    for (size_t count = BATCH; count > 0;) {
        TRY(backend->ops->row_scan(backend, change->txn, &scan, batch, BATCH, &count));
        for (size_t i = 0; i < count; i++)
            *rows += !batch[i].bad && memcmp(batch[i].row.hash, hash, RRSMB_SD_DIGEST_SIZE) == 0;
    }
    return RRSMB_OK;
}

/* Put a descriptor back whose count is lost, too. Counted too low, it would leave before its last
 * row; so the rows are counted, which takes long and happens seldom. */
static rrsmb_status settle_lost(struct change *change, const struct tally_entry *entry)
{
    struct backend *backend = change->store->backend;
    uint64_t rows;
    uint64_t after;
    TRY(count_rows(change, entry->hash, &rows));
    TRY(backend->ops->blob_remove(backend, change->txn, entry->hash));
    TRY(backend->ops->blob_put(backend, change->txn, entry->hash, entry->sd));
    return backend->ops->blob_add(backend, change->txn, entry->hash, (int64_t)rows, &after);
}

/* See that the descriptor stands there as it should. */
static rrsmb_status settle_descriptor(struct change *change, const struct tally_entry *entry,
                                      bool *lost)
{
    struct backend *backend = change->store->backend;
    struct blob blob = {.count = 1};
    bool found = true;
    rrsmb_status status = RRSMB_OK;
    if (entry->flag)
        status = backend->ops->blob_get(backend, change->txn, entry->hash, NULL, 0, &blob, &found);
    *lost = status == RRSMB_OK && (!found || blob.count == 0);
    if (status == RRSMB_OK && !*lost)
        status = backend->ops->blob_put(backend, change->txn, entry->hash, entry->sd);
    *lost = *lost || status == RRSMB_DAMAGED;
    return *lost ? RRSMB_OK : status;
}

static rrsmb_status settle(struct change *change, const struct tally_entry *entry)
{
    struct backend *backend = change->store->backend;
    bool lost = false;
    if (entry->flag || entry->number > 0)
        TRY(settle_descriptor(change, entry, &lost));
    if (lost)
        return settle_lost(change, entry);
    if (entry->number == 0)
        return RRSMB_OK;
    uint64_t after;
    rrsmb_status status =
        backend->ops->blob_add(backend, change->txn, entry->hash, entry->number, &after);
    /* The row that goes was dangling: replacing it is how it is mended. */
    if (status == RRSMB_NOT_FOUND && entry->number < 0)
        return RRSMB_OK;
    TRY(status);
    return after == 0 ? backend->ops->blob_remove(backend, change->txn, entry->hash) : RRSMB_OK;
}

rrsmb_status change_finish(struct change *change)
{
    struct backend *backend = change->store->backend;
    for (size_t i = 0; i < change->counts.room; i++)
        if (change->counts.entries[i].used)
            TRY(settle(change, &change->counts.entries[i]));
    if (change->any_bumped)
        TRY(backend->ops->generations_bump(backend, change->txn, change->share, change->bumped));
    return RRSMB_OK;
}

void change_clear(struct change *change)
{
    tally_clear(&change->counts);
}
