/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: row, then descriptor, both as of one moment. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/store.h"

/* get_many reads this many rows in one transaction and hands them out after it, so that no
 * callback runs inside. */
#define BATCH 256

rrsmb_status store_check_blob(const uint8_t hash[RRSMB_SD_DIGEST_SIZE], struct bytes sd)
{
    uint8_t digest[RRSMB_SD_DIGEST_SIZE];
    size_t size = 0;
    CLEANUP(cleanup_free) uint8_t *canonical = malloc(sd.size + 1);
    ENSURE(canonical != NULL, RRSMB_NO_MEMORY, "checking a descriptor: out of memory");
    /* The hash is over the canonical form; the bytes must be that form, too. */
    bool matches = rrsmb_sd_canonicalize(sd.data, sd.size, canonical, sd.size, &size) == RRSMB_OK &&
                   size == sd.size && memcmp(canonical, sd.data, size) == 0 &&
                   rrsmb_sd_digest(sd.data, sd.size, digest) == RRSMB_OK &&
                   memcmp(digest, hash, sizeof digest) == 0;
    ENSURE(matches, RRSMB_DAMAGED,
           "the stored descriptor %02x%02x%02x%02x... does not match its hash", hash[0], hash[1],
           hash[2], hash[3]);
    return RRSMB_OK;
}

rrsmb_status store_verify_blob(rrsmb_store *store, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                               struct bytes sd)
{
    if (verified_has(&store->verified, hash))
        return RRSMB_OK;
    TRY(store_check_blob(hash, sd));
    verified_add(&store->verified, hash);
    return RRSMB_OK;
}

static rrsmb_row_info info_of(const struct row *row)
{
    rrsmb_row_info info = {
        .ver = row->ver, .generation = row->generation, .flags = RRSMB_ROW_EXISTED};
    memcpy(info.hash, row->hash, sizeof info.hash);
    return info;
}

/* The descriptor of a row that is there. `sd` points into the database. */
static rrsmb_status fetch_sd(rrsmb_store *store, struct backend_txn *txn, const struct row *row,
                             struct bytes *sd)
{
    struct backend *backend = store->backend;
    struct blob blob = {0};
    bool found = false;
    TRY(backend->ops->blob_get(backend, txn, row->hash, NULL, 0, &blob, &found));
    ENSURE(found, RRSMB_DAMAGED, "its descriptor %02x%02x%02x%02x... is missing", row->hash[0],
           row->hash[1], row->hash[2], row->hash[3]);
    *sd = (struct bytes){blob.data, blob.size};
    return store_verify_blob(store, row->hash, *sd);
}

static rrsmb_status copy_out(struct bytes from, void *to, size_t capacity, size_t *size)
{
    *size = from.size;
    ENSURE(from.size <= capacity, RRSMB_BUFFER_TOO_SMALL,
           "a descriptor of %zu bytes does not fit into %zu", from.size, capacity);
    memcpy(to, from.data, from.size);
    return RRSMB_OK;
}

static rrsmb_status not_found(const rrsmb_share *share, const rrsmb_file_id *id)
{
    return FAIL(RRSMB_NOT_FOUND, "inode %" PRIu64 " of share '%s' has no descriptor", id->inode,
                share->info.name);
}

static rrsmb_status get_in(rrsmb_share *share, struct backend_txn *txn, const rrsmb_file_id *id,
                           void *sd, size_t capacity, size_t *sd_length, rrsmb_row_info *info)
{
    struct backend *backend = share->store->backend;
    struct row row = {0};
    struct bytes stored = {0};
    bool found = false;
    TRY(backend->ops->row_get(backend, txn, (struct row_key){id->share, id->inode}, &row, &found));
    if (!found)
        return not_found(share, id);
    if (store_other_generation(share, id, &row)) {
        info->flags = RRSMB_ROW_OTHER_GENERATION;
        return not_found(share, id);
    }
    *info = info_of(&row);
    if (fetch_sd(share->store, txn, &row, &stored) != RRSMB_OK)
        return error_prefix("inode %" PRIu64 " of share '%s'", id->inode, share->info.name);
    return copy_out(stored, sd, capacity, sd_length);
}

rrsmb_status rrsmb_store_get(rrsmb_share *share, const rrsmb_file_id *id, void *sd, size_t capacity,
                             size_t *sd_length, rrsmb_row_info *info)
{
    TRY(store_check_id(share, id));
    ENSURE(sd_length != NULL && (sd != NULL || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "reading a descriptor: the length result, or a buffer with a capacity, is NULL");
    TRY(RESULT_CHECK(info));
    *sd_length = 0;
    rrsmb_row_info found = {0};
    struct backend_txn *txn;
    TRY(store_begin_read(share->store, &txn));
    rrsmb_status status = get_in(share, txn, id, sd, capacity, sd_length, &found);
    status = store_end(share->store, txn, status);
    RESULT_STORE(info, found);
    return status;
}

rrsmb_status rrsmb_store_get_sd(rrsmb_store *store, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                                void *sd, size_t capacity, size_t *sd_length)
{
    ENSURE(store != NULL && hash != NULL && sd_length != NULL && (sd != NULL || capacity == 0),
           RRSMB_INVALID_ARGUMENT,
           "reading a descriptor by its hash: a parameter that must not be is NULL");
    *sd_length = 0;
    struct backend *backend = store->backend;
    struct backend_txn *txn;
    struct blob blob = {0};
    bool found = false;
    TRY(store_begin_read(store, &txn));
    rrsmb_status status = backend->ops->blob_get(backend, txn, hash, NULL, 0, &blob, &found);
    if (status == RRSMB_OK && !found)
        status = FAIL(RRSMB_NOT_FOUND, "no descriptor has the hash %02x%02x%02x%02x...", hash[0],
                      hash[1], hash[2], hash[3]);
    if (status == RRSMB_OK)
        status = store_verify_blob(store, hash, (struct bytes){blob.data, blob.size});
    if (status == RRSMB_OK)
        status = copy_out((struct bytes){blob.data, blob.size}, sd, capacity, sd_length);
    return store_end(store, txn, status);
}

/* -- many ------------------------------------------------------------------------------------ */

struct batch {
    size_t count;
    struct row_key keys[BATCH];
    struct row rows[BATCH];
    bool found[BATCH];
    rrsmb_status statuses[BATCH];
    rrsmb_get_result results[BATCH];
    size_t offsets[BATCH]; /* of each descriptor in `bytes` */
    uint8_t *bytes;
    size_t used;
    size_t room;
};

static void cleanup_batch(struct batch **batch)
{
    if (*batch != NULL)
        free((*batch)->bytes);
    free(*batch);
}

static rrsmb_status keep_bytes(struct batch *batch, size_t index, struct bytes sd)
{
    if (batch->room - batch->used < sd.size) {
        size_t room = 2 * batch->room + sd.size;
        uint8_t *grown = realloc(batch->bytes, room);
        ENSURE(grown != NULL, RRSMB_NO_MEMORY, "reading many descriptors: out of memory");
        batch->bytes = grown;
        batch->room = room;
    }
    memcpy(batch->bytes + batch->used, sd.data, sd.size);
    batch->offsets[index] = batch->used;
    batch->results[index].sd_length = sd.size;
    batch->used += sd.size;
    return RRSMB_OK;
}

static rrsmb_status fill_one(rrsmb_share *share, struct backend_txn *txn, const rrsmb_file_id *id,
                             struct batch *batch, size_t index)
{
    rrsmb_get_result *result = &batch->results[index];
    *result = (rrsmb_get_result){.status = batch->statuses[index]};
    if (result->status != RRSMB_OK)
        return RRSMB_OK;
    const struct row *row = &batch->rows[index];
    bool other = batch->found[index] && store_other_generation(share, id, row);
    if (!batch->found[index] || other) {
        result->status = RRSMB_NOT_FOUND;
        result->info.flags = other ? RRSMB_ROW_OTHER_GENERATION : 0;
        return RRSMB_OK;
    }
    result->info = info_of(row);
    struct bytes sd = {0};
    result->status = fetch_sd(share->store, txn, row, &sd);
    if (result->status == RRSMB_DAMAGED)
        return RRSMB_OK;
    TRY(result->status);
    return keep_bytes(batch, index, sd);
}

static rrsmb_status fill(rrsmb_share *share, struct backend_txn *txn, const rrsmb_file_id *ids,
                         struct batch *batch)
{
    struct backend *backend = share->store->backend;
    batch->used = 0;
    for (size_t i = 0; i < batch->count; i++)
        batch->keys[i] = (struct row_key){ids[i].share, ids[i].inode};
    TRY(backend->ops->row_get_many(backend, txn, batch->keys, batch->count, batch->rows,
                                   batch->found, batch->statuses));
    for (size_t i = 0; i < batch->count; i++)
        TRY(fill_one(share, txn, &ids[i], batch, i));
    return RRSMB_OK;
}

static rrsmb_status hand_out(struct batch *batch, size_t first, rrsmb_get_many_fn fn, void *context)
{
    for (size_t i = 0; i < batch->count; i++) {
        rrsmb_get_result *result = &batch->results[i];
        result->info.size = sizeof result->info;
        result->sd = result->status == RRSMB_OK ? batch->bytes + batch->offsets[i] : NULL;
        ENSURE(fn(context, first + i, result) == 0, RRSMB_CANCELLED,
               "reading many descriptors: stopped by the caller");
    }
    return RRSMB_OK;
}

rrsmb_status rrsmb_store_get_many(rrsmb_share *share, const rrsmb_file_id *ids, size_t count,
                                  rrsmb_get_many_fn fn, void *context)
{
    ENSURE(share != NULL && fn != NULL && (ids != NULL || count == 0), RRSMB_INVALID_ARGUMENT,
           "reading many descriptors: a parameter that must not be is NULL");
    for (size_t i = 0; i < count; i++)
        TRY(store_check_id(share, &ids[i]));
    CLEANUP(cleanup_batch) struct batch *batch = calloc(1, sizeof *batch);
    ENSURE(batch != NULL, RRSMB_NO_MEMORY, "reading many descriptors: out of memory");
    for (size_t first = 0; first < count; first += batch->count) {
        batch->count = count - first < BATCH ? count - first : BATCH;
        struct backend_txn *txn;
        TRY(store_begin_read(share->store, &txn));
        TRY(store_end(share->store, txn, fill(share, txn, ids + first, batch)));
        TRY(hand_out(batch, first, fn, context));
    }
    return RRSMB_OK;
}
