/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/change.h"

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

/* Put a mended descriptor back; at least the row that asked for it counts. */
static rrsmb_status settle_mended(struct change *change, const struct tally_entry *entry)
{
    struct backend *backend = change->store->backend;
    struct blob blob = {0};
    bool found = false;
    uint64_t after;
    TRY(backend->ops->blob_put(backend, change->txn, entry->hash, entry->sd));
    TRY(backend->ops->blob_get(backend, change->txn, entry->hash, NULL, 0, &blob, &found));
    if (blob.count > 0)
        return RRSMB_OK;
    return backend->ops->blob_add(backend, change->txn, entry->hash, 1, &after);
}

static rrsmb_status settle(struct change *change, const struct tally_entry *entry)
{
    struct backend *backend = change->store->backend;
    if (entry->flag)
        TRY(settle_mended(change, entry));
    if (entry->number == 0)
        return RRSMB_OK;
    if (entry->number > 0)
        TRY(backend->ops->blob_put(backend, change->txn, entry->hash, entry->sd));
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
