/* SPDX-License-Identifier: Apache-2.0 */
/* Removing rows, one or a whole share's. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/change.h"
#include "lib/store/share_item.h"
#include "lib/store/store.h"

/* Rows of one transaction when a whole share goes: other writers get their turn between. */
#define BATCH 512

static rrsmb_status remove_row(rrsmb_share *share, struct change *change, const rrsmb_file_id *id,
                               const rrsmb_put_options *options)
{
    struct backend *backend = share->store->backend;
    struct row row = {0};
    bool found = false;
    TRY(backend->ops->row_get(backend, change->txn, (struct row_key){id->share, id->inode}, &row,
                              &found));
    ENSURE(found && !store_other_generation(share, id, &row), RRSMB_NOT_FOUND,
           "inode %" PRIu64 " of share '%s' has no descriptor", id->inode, share->info.name);
    ENSURE((options->flags & RRSMB_PUT_IF_VER) == 0 || row.ver == options->if_ver, RRSMB_CONFLICT,
           "the descriptor of inode %" PRIu64 " of share '%s' was changed meanwhile", id->inode,
           share->info.name);
    TRY(change_remove(change, id->inode, &row));
    return change_finish(change);
}

rrsmb_status rrsmb_store_remove(rrsmb_share *share, const rrsmb_file_id *id,
                                const rrsmb_put_options *options)
{
    TRY(store_check_id(share, id));
    rrsmb_put_options given;
    TRY(OPTIONS_LOAD(given, options));
    ENSURE((given.flags & ~RRSMB_PUT_IF_VER) == 0, RRSMB_INVALID_ARGUMENT,
           "flags 0x%x have no meaning for removing", given.flags & ~RRSMB_PUT_IF_VER);
    struct backend_txn *txn;
    struct change change;
    TRY(store_begin_write(share->store, given.deadline_ms, &txn));
    change_begin(&change, share->store, txn, share->info.id);
    rrsmb_status status = remove_row(share, &change, id, &given);
    change_clear(&change);
    return store_end(share->store, txn, status);
}

/* -- a share --------------------------------------------------------------------------------- */

/* Nothing says which descriptor it counted for: that one's count stays too high, until fsck. */
static rrsmb_status remove_unreadable(rrsmb_store *store, struct backend_txn *txn,
                                      struct row_key key)
{
    return store->backend->ops->row_remove(store->backend, txn, key, EXPECT_UNREADABLE);
}

static rrsmb_status remove_batch(rrsmb_store *store, struct backend_txn *txn, uint64_t share,
                                 uint64_t *removed)
{
    struct backend *backend = store->backend;
    struct keyed_row rows[BATCH];
    struct scan scan = {.share = share};
    size_t count;
    TRY(backend->ops->row_scan(backend, txn, &scan, rows, BATCH, &count));

    struct change change;
    change_begin(&change, store, txn, share);
    rrsmb_status status = RRSMB_OK;
    for (size_t i = 0; i < count && status == RRSMB_OK; i++)
        status = rows[i].bad ? remove_unreadable(store, txn, rows[i].key)
                             : change_remove(&change, rows[i].key.inode, &rows[i].row);
    if (status == RRSMB_OK)
        status = change_finish(&change);
    change_clear(&change);
    *removed = count;
    return status;
}

/* The name, unless it is another share's by now. */
static rrsmb_status remove_item(rrsmb_store *store, struct backend_txn *txn, const char *name,
                                uint64_t id)
{
    struct backend *backend = store->backend;
    struct share_record record;
    bool found = false;
    TRY(backend->ops->generations_remove(backend, txn, id));
    TRY(share_record_get(backend, txn, name, &record, &found));
    if (!found)
        return RRSMB_OK;
    bool same = record.id == id;
    uint64_t ver = record.ver;
    share_record_clear(&record);
    if (!same)
        return RRSMB_OK;
    return backend->ops->item_remove(backend, txn, SHARE_PK, (struct bytes){name, strlen(name)},
                                     ver);
}

/* The last rows and the name go together, so that no row is written between. */
static rrsmb_status remove_some(rrsmb_store *store, struct backend_txn *txn, const char *name,
                                uint64_t id, uint64_t *removed)
{
    TRY(remove_batch(store, txn, id, removed));
    return *removed < BATCH ? remove_item(store, txn, name, id) : RRSMB_OK;
}

/* The rows go first, the name last: interrupted at any point it can be called again. */
rrsmb_status rrsmb_share_remove(rrsmb_store *store, const char *name, rrsmb_progress_fn progress,
                                void *context, uint64_t *removed)
{
    ENSURE(store != NULL && name != NULL, RRSMB_INVALID_ARGUMENT,
           "removing a share: neither the store nor the name may be NULL");
    struct share_record record;
    bool found = false;
    TRY(share_record_get(store->backend, NULL, name, &record, &found));
    ENSURE(found, RRSMB_NOT_FOUND, "there is no share '%s'", name);
    uint64_t id = record.id;
    share_record_clear(&record);

    uint64_t total = 0;
    for (uint64_t batch = BATCH; batch == BATCH;) {
        struct backend_txn *txn;
        TRY(store_begin_write(store, 0, &txn));
        TRY(store_end(store, txn, remove_some(store, txn, name, id, &batch)));
        total += batch;
        ENSURE(batch < BATCH || progress == NULL || progress(context, total, 0) == 0,
               RRSMB_CANCELLED, "removing share '%s': stopped by the caller after %" PRIu64 " rows",
               name, total);
    }
    if (removed != NULL)
        *removed = total;
    return RRSMB_OK;
}
