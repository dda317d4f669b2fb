/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/format.h"

rrsmb_status rrsmb_store_open(const char *uri, const rrsmb_store_options *options,
                              rrsmb_store **store)
{
    ENSURE(uri != NULL && store != NULL, RRSMB_INVALID_ARGUMENT,
           "opening a store: neither the URI nor the result may be NULL");
    *store = NULL;
    rrsmb_store_options given;
    TRY(OPTIONS_LOAD(given, options));
    ENSURE((given.flags & ~(RRSMB_STORE_READ_ONLY | RRSMB_STORE_NO_CREATE)) == 0,
           RRSMB_INVALID_ARGUMENT, "opening a store: unknown flags 0x%x", given.flags);

    rrsmb_store *opened = aligned_alloc(_Alignof(rrsmb_store), sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening %s: out of memory", uri);
    memset(opened, 0, sizeof *opened);
    opened->logger = (struct logger){given.log, given.log_context};
    opened->deadline_ms = given.deadline_ms != 0 ? given.deadline_ms : RRSMB_DEFAULT_DEADLINE_MS;
    opened->read_only = (given.flags & RRSMB_STORE_READ_ONLY) != 0;

    struct backend_options backend = {.read_only = opened->read_only,
                                      .create = (given.flags & RRSMB_STORE_NO_CREATE) == 0,
                                      .logger = opened->logger};
    rrsmb_status status = backend_open(uri, &backend, &opened->backend);
    if (status == RRSMB_OK) {
        opened->backend->deadline_ms = opened->deadline_ms;
        status = format_check(opened, uri);
    }
    if (status != RRSMB_OK) {
        rrsmb_store_close(opened);
        return status;
    }
    *store = opened;
    return RRSMB_OK;
}

void rrsmb_store_close(rrsmb_store *store)
{
    if (store == NULL)
        return;
    if (store->backend != NULL)
        store->backend->ops->close(store->backend);
    free(store);
}

rrsmb_status store_begin_read(rrsmb_store *store, struct backend_txn **txn)
{
    struct backend *backend = store->backend;
    return backend->ops->begin(backend, BACKEND_READ, DEADLINE_NEVER, txn);
}

rrsmb_status store_begin_write(rrsmb_store *store, uint32_t deadline_ms, struct backend_txn **txn)
{
    ENSURE(!store->read_only, RRSMB_READ_ONLY, "the store was opened read-only");
    struct backend *backend = store->backend;
    return backend->ops->begin(backend, BACKEND_WRITE,
                               deadline_after(deadline_ms, store->deadline_ms), txn);
}

rrsmb_status store_end(rrsmb_store *store, struct backend_txn *txn, rrsmb_status status)
{
    struct backend *backend = store->backend;
    if (status == RRSMB_OK)
        return backend->ops->commit(backend, txn);
    backend->ops->abort(backend, txn);
    return status;
}

uint64_t store_new_version(void)
{
    uint64_t version = 0;
    while (version == EXPECT_ABSENT || version == EXPECT_UNREADABLE)
        arc4random_buf(&version, sizeof version);
    return version;
}

/* -- sums ------------------------------------------------------------------------------------ */

static rrsmb_status add_blob(void *context, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                             const struct blob *blob)
{
    (void)hash;
    rrsmb_stat *stat = context;
    stat->descriptor_bytes += blob->size;
    stat->logical_bytes += blob->size * blob->count;
    return RRSMB_OK;
}

static rrsmb_status count_share(void *context, struct bytes sk, const struct item *item)
{
    (void)sk;
    (void)item;
    rrsmb_stat *stat = context;
    stat->shares++;
    return RRSMB_OK;
}

static rrsmb_status sum_up(struct backend *backend, struct backend_txn *txn, rrsmb_stat *stat)
{
    struct backend_usage usage;
    TRY(backend->ops->usage(backend, txn, &usage));
    stat->rows = usage.rows;
    stat->descriptors = usage.blobs;
    stat->stored_bytes = usage.stored_bytes;
    stat->file_bytes = usage.file_bytes;
    stat->max_bytes = usage.max_bytes;
    TRY(backend->ops->blob_list(backend, txn, add_blob, stat));
    return backend->ops->item_list(backend, txn, SHARE_PK, count_share, stat);
}

rrsmb_status rrsmb_store_stat(rrsmb_store *store, rrsmb_stat *stat)
{
    ENSURE(store != NULL && stat != NULL, RRSMB_INVALID_ARGUMENT,
           "summing up a store: neither the store nor the result may be NULL");
    TRY(RESULT_CHECK(stat));
    rrsmb_stat sums = {0};
    struct backend_txn *txn;
    TRY(store_begin_read(store, &txn));
    TRY(store_end(store, txn, sum_up(store->backend, txn, &sums)));
    RESULT_STORE(stat, sums);
    return RRSMB_OK;
}
