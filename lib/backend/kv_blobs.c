/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors by their hash, each with its reference count. */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/backend/kv_backend.h"

#define BLOB_HEADER_SIZE 16 /* u64 count, u64 state: 0 = live, all that there is here */

static struct bytes hash_key(const uint8_t *hash)
{
    return (struct bytes){hash, RRSMB_SD_DIGEST_SIZE};
}

static rrsmb_status blob_decode(struct bytes stored, struct blob *blob)
{
    ENSURE(stored.size > BLOB_HEADER_SIZE, RRSMB_DAMAGED, "a stored descriptor has %zu bytes",
           stored.size);
    const uint8_t *from = stored.data;
    *blob = (struct blob){.data = from + BLOB_HEADER_SIZE,
                          .size = stored.size - BLOB_HEADER_SIZE,
                          .count = get_le64(from)};
    return RRSMB_OK;
}

static rrsmb_status blob_fetch(struct kv_txn *txn, const uint8_t *hash, struct blob *blob,
                               bool *found)
{
    struct bytes stored = {0};
    TRY(txn->ops->get(txn, KV_BLOBS, hash_key(hash), &stored, found));
    return *found ? blob_decode(stored, blob) : RRSMB_OK;
}

static rrsmb_status blob_fetch_copy(struct kv_txn *txn, const uint8_t *hash, void *buffer,
                                    size_t capacity, struct blob *blob, bool *found)
{
    TRY(blob_fetch(txn, hash, blob, found));
    if (!*found)
        return RRSMB_OK;
    ENSURE(blob->size <= capacity, RRSMB_BUFFER_TOO_SMALL,
           "a descriptor of %zu bytes does not fit into %zu", blob->size, capacity);
    memcpy(buffer, blob->data, blob->size);
    blob->data = buffer;
    return RRSMB_OK;
}

rrsmb_status kvb_blob_get(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], void *buffer, size_t capacity,
                          struct blob *blob, bool *found)
{
    if (txn != NULL)
        return blob_fetch((struct kv_txn *)txn, hash, blob, found);
    IN_SCOPE(KV_READ, blob_fetch_copy(scope.txn, hash, buffer, capacity, blob, found));
}

static rrsmb_status blob_write(struct kv_txn *txn, const uint8_t *hash, struct bytes sd,
                               uint64_t count)
{
    uint8_t *value = malloc(BLOB_HEADER_SIZE + sd.size);
    ENSURE(value != NULL, RRSMB_NO_MEMORY, "storing a descriptor of %zu bytes: out of memory",
           sd.size);
    put_le64(value, count);
    put_le64(value + 8, 0);
    memcpy(value + BLOB_HEADER_SIZE, sd.data, sd.size);
    rrsmb_status status = txn->ops->put(txn, KV_BLOBS, hash_key(hash),
                                        (struct bytes){value, BLOB_HEADER_SIZE + sd.size});
    free(value);
    return status;
}

static rrsmb_status blob_ensure(struct kv_txn *txn, const uint8_t *hash, struct bytes sd)
{
    ENSURE(sd.size > 0, RRSMB_INVALID_ARGUMENT, "a descriptor of no bytes cannot be stored");
    struct blob standing = {0};
    bool found = false;
    TRY(blob_fetch(txn, hash, &standing, &found));
    if (!found)
        return blob_write(txn, hash, sd, 0);
    if (bytes_equal((struct bytes){standing.data, standing.size}, sd))
        return RRSMB_OK;
    /* One hash, other bytes: what is stored is damaged, and here is what it should be. */
    return blob_write(txn, hash, sd, standing.count);
}

rrsmb_status kvb_blob_put(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], struct bytes sd)
{
    IN_SCOPE(KV_WRITE, blob_ensure(scope.txn, hash, sd));
}

static rrsmb_status blob_adjust(struct kv_txn *txn, const uint8_t *hash, int64_t delta,
                                uint64_t *after)
{
    struct blob blob = {0};
    bool found = false;
    rrsmb_status status = blob_fetch(txn, hash, &blob, &found);
    ENSURE(status == RRSMB_DAMAGED || found, RRSMB_NOT_FOUND,
           "no such descriptor: its count cannot change");
    ENSURE(status != RRSMB_DAMAGED, RRSMB_NOT_FOUND,
           "the descriptor is cut short, its count with it");
    TRY(status);
    bool below = delta < 0 && blob.count < 0 - (uint64_t)delta;
    ENSURE(!below, RRSMB_DAMAGED,
           "the reference count of a descriptor is %" PRIu64 " and would go below zero; run fsck",
           blob.count);
    *after = blob.count + (uint64_t)delta;
    return blob_write(txn, hash, (struct bytes){blob.data, blob.size}, *after);
}

rrsmb_status kvb_blob_add(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], int64_t delta, uint64_t *after)
{
    IN_SCOPE(KV_WRITE, blob_adjust(scope.txn, hash, delta, after));
}

rrsmb_status kvb_blob_remove(struct backend *backend, struct backend_txn *txn,
                             const uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    IN_SCOPE(KV_WRITE, scope.txn->ops->remove(scope.txn, KV_BLOBS, hash_key(hash)));
}

static rrsmb_status list_blobs(struct kv_txn *txn, blob_fn fn, void *context)
{
    struct bytes key = {0};
    struct bytes value = {0};
    bool found = false;
    TRY(txn->ops->seek(txn, KV_BLOBS, (struct bytes){"", 0}, &key, &value, &found));
    while (found) {
        bool good_key = key.size == RRSMB_SD_DIGEST_SIZE;
        struct blob blob = {0};
        /* A descriptor without bytes is reported by the callback's check of the hash. */
        if (good_key && value.size > BLOB_HEADER_SIZE)
            TRY(blob_decode(value, &blob));
        TRY(fn(context, good_key ? key.data : NULL, &blob));
        TRY(txn->ops->next(txn, KV_BLOBS, &key, &value, &found));
    }
    return RRSMB_OK;
}

rrsmb_status kvb_blob_list(struct backend *backend, struct backend_txn *txn, blob_fn fn,
                           void *context)
{
    IN_SCOPE(KV_READ, list_blobs(scope.txn, fn, context));
}
