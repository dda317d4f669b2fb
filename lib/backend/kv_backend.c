/* SPDX-License-Identifier: Apache-2.0 */
/* The backend interface over an ordered key-value database: transactions, sums, and the table of
 * calls. Values are little-endian throughout. */
#include <stdlib.h>

#include "lib/backend/kv_backend.h"

struct kv_backend {
    struct backend base;
    struct kv *kv;
};

static struct kv *kv_of(struct backend *backend)
{
    return ((struct kv_backend *)backend)->kv;
}

rrsmb_status scope_begin(struct backend *backend, struct backend_txn *txn, enum kv_mode mode,
                         struct scope *scope)
{
    *scope = (struct scope){.txn = (struct kv_txn *)txn, .own = txn == NULL};
    if (!scope->own)
        return RRSMB_OK;
    struct kv *kv = kv_of(backend);
    int64_t deadline = mode == KV_WRITE
                           ? deadline_after(backend->deadline_ms, RRSMB_DEFAULT_DEADLINE_MS)
                           : DEADLINE_NEVER;
    return kv->ops->begin(kv, mode, deadline, &scope->txn);
}

rrsmb_status scope_end(struct scope *scope, rrsmb_status status)
{
    if (!scope->own)
        return status;
    if (status == RRSMB_OK)
        return scope->txn->ops->commit(scope->txn);
    scope->txn->ops->abort(scope->txn);
    return status;
}

static rrsmb_status sum_usage(struct kv_txn *txn, struct backend_usage *usage)
{
    struct kv_usage all = {0};
    TRY(txn->ops->usage(txn, &all));
    *usage = (struct backend_usage){.rows = all.entries[KV_ROWS],
                                    .blobs = all.entries[KV_BLOBS],
                                    .stored_bytes = all.stored_bytes,
                                    .file_bytes = all.file_bytes,
                                    .max_bytes = all.max_bytes};
    return RRSMB_OK;
}

static rrsmb_status kvb_usage(struct backend *backend, struct backend_txn *txn,
                              struct backend_usage *usage)
{
    IN_SCOPE(KV_READ, sum_usage(scope.txn, usage));
}

static rrsmb_status kvb_begin(struct backend *backend, enum backend_mode mode, int64_t deadline,
                              struct backend_txn **txn)
{
    struct kv *kv = kv_of(backend);
    return kv->ops->begin(kv, mode == BACKEND_WRITE ? KV_WRITE : KV_READ, deadline,
                          (struct kv_txn **)txn);
}

static rrsmb_status kvb_commit(struct backend *backend, struct backend_txn *txn)
{
    return kv_of(backend)->ops->commit((struct kv_txn *)txn);
}

static void kvb_abort(struct backend *backend, struct backend_txn *txn)
{
    kv_of(backend)->ops->abort((struct kv_txn *)txn);
}

static void kvb_close(struct backend *backend)
{
    struct kv *kv = kv_of(backend);
    kv->ops->close(kv);
    free(backend);
}

static const struct backend_ops operations = {
    .close = kvb_close,
    .begin = kvb_begin,
    .commit = kvb_commit,
    .abort = kvb_abort,
    .row_get = kvb_row_get,
    .row_get_many = kvb_row_get_many,
    .row_put = kvb_row_put,
    .row_remove = kvb_row_remove,
    .row_scan = kvb_row_scan,
    .blob_put = kvb_blob_put,
    .blob_get = kvb_blob_get,
    .blob_add = kvb_blob_add,
    .blob_remove = kvb_blob_remove,
    .blob_list = kvb_blob_list,
    .item_get = kvb_item_get,
    .item_put = kvb_item_put,
    .item_remove = kvb_item_remove,
    .item_list = kvb_item_list,
    .generations_bump = kvb_generations_bump,
    .generations_get = kvb_generations_get,
    .generations_remove = kvb_generations_remove,
    .usage = kvb_usage,
};

rrsmb_status kv_backend_open(struct kv *kv, struct backend **backend)
{
    struct kv_backend *opened = malloc(sizeof *opened);
    if (opened == NULL) {
        kv->ops->close(kv);
        return FAIL(RRSMB_NO_MEMORY, "opening a store: out of memory");
    }
    *opened = (struct kv_backend){.base = {.ops = &operations, .scan_lanes = 1}, .kv = kv};
    *backend = &opened->base;
    return RRSMB_OK;
}
