/* SPDX-License-Identifier: Apache-2.0 */
/* Cluster items and generation counters. Keys are the length of the partition key (one byte), the
 * partition key and the sort key, so that no two pairs can meet in one key. */
#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

#include "lib/backend/item.h"
#include "lib/backend/kv_backend.h"

#define ITEM_KEY_MAX 400                                   /* below LMDB's 511 */
#define GENERATIONS_SIZE (8 + 8 * GENERATION_COUNTERS + 4) /* epoch, counters, checksum */
#define GENERATIONS_PK "generation"

static rrsmb_status item_key(const char *pk, struct bytes sk, uint8_t buffer[ITEM_KEY_MAX],
                             struct bytes *key)
{
    size_t pk_size = strlen(pk);
    ENSURE(pk_size <= UINT8_MAX && 1 + pk_size + sk.size <= ITEM_KEY_MAX, RRSMB_INVALID_ARGUMENT,
           "a key of %zu and %zu bytes is too long for a cluster item", pk_size, sk.size);
    buffer[0] = (uint8_t)pk_size;
    uint8_t *end = mempcpy(buffer + 1, pk, pk_size);
    if (sk.size > 0)
        memcpy(end, sk.data, sk.size);
    *key = (struct bytes){buffer, 1 + pk_size + sk.size};
    return RRSMB_OK;
}

static rrsmb_status item_fetch(struct kv_txn *txn, const char *pk, struct bytes sk,
                               struct item *item, bool *found)
{
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes key = {0};
    struct bytes stored = {0};
    TRY(item_key(pk, sk, buffer, &key));
    TRY(txn->ops->get(txn, KV_CLUSTER, key, &stored, found));
    return *found ? item_decode(stored, item) : RRSMB_OK;
}

rrsmb_status kvb_item_get(struct backend *backend, struct backend_txn *txn, const char *pk,
                          struct bytes sk, struct item *item, bool *found)
{
    IN_SCOPE(KV_READ, item_fetch(scope.txn, pk, sk, item, found));
}

static rrsmb_status item_expect(struct kv_txn *txn, const char *pk, struct bytes sk,
                                uint64_t expected_ver)
{
    struct item standing = {0};
    bool found = false;
    TRY(item_fetch(txn, pk, sk, &standing, &found));
    uint64_t ver = EXPECT_ABSENT;
    if (found) {
        ver = standing.ver;
        item_clear(&standing);
    }
    ENSURE(ver == expected_ver, RRSMB_CONFLICT, "the item '%s' was changed meanwhile", pk);
    return RRSMB_OK;
}

static rrsmb_status item_store(struct kv_txn *txn, const char *pk, struct bytes sk,
                               const struct item *item, uint64_t expected_ver)
{
    uint8_t key_buffer[ITEM_KEY_MAX];
    uint8_t value[ITEM_SIZE_MAX];
    struct bytes key = {0};
    size_t size;
    TRY(item_expect(txn, pk, sk, expected_ver));
    TRY(item_key(pk, sk, key_buffer, &key));
    TRY(item_encode(item, value, &size));
    return txn->ops->put(txn, KV_CLUSTER, key, (struct bytes){value, size});
}

rrsmb_status kvb_item_put(struct backend *backend, struct backend_txn *txn, const char *pk,
                          struct bytes sk, const struct item *item, uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, item_store(scope.txn, pk, sk, item, expected_ver));
}

static rrsmb_status item_drop(struct kv_txn *txn, const char *pk, struct bytes sk,
                              uint64_t expected_ver)
{
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes key = {0};
    TRY(item_expect(txn, pk, sk, expected_ver));
    TRY(item_key(pk, sk, buffer, &key));
    return txn->ops->remove(txn, KV_CLUSTER, key);
}

rrsmb_status kvb_item_remove(struct backend *backend, struct backend_txn *txn, const char *pk,
                             struct bytes sk, uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, item_drop(scope.txn, pk, sk, expected_ver));
}

static rrsmb_status list_items(struct kv_txn *txn, const char *pk, item_fn fn, void *context)
{
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes prefix = {0};
    TRY(item_key(pk, (struct bytes){"", 0}, buffer, &prefix));

    struct bytes key = {0};
    struct bytes value = {0};
    bool found = false;
    TRY(txn->ops->seek(txn, KV_CLUSTER, prefix, &key, &value, &found));
    while (found && key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0) {
        struct item item;
        struct bytes sk = {(const uint8_t *)key.data + prefix.size, key.size - prefix.size};
        rrsmb_status status = item_decode(value, &item);
        if (status == RRSMB_OK || status == RRSMB_DAMAGED)
            status = fn(context, sk, status == RRSMB_OK ? &item : NULL);
        item_clear(&item);
        TRY(status);
        TRY(txn->ops->next(txn, KV_CLUSTER, &key, &value, &found));
    }
    return RRSMB_OK;
}

rrsmb_status kvb_item_list(struct backend *backend, struct backend_txn *txn, const char *pk,
                           item_fn fn, void *context)
{
    IN_SCOPE(KV_READ, list_items(scope.txn, pk, fn, context));
}

/* -- generations ----------------------------------------------------------------------------- */

/* A counter that went down would let caches serve what was replaced long ago. */
static uint32_t generations_checksum(uint64_t share, const uint8_t value[GENERATIONS_SIZE])
{
    uint8_t both[8 + GENERATIONS_SIZE - 4];
    put_be64(both, share);
    memcpy(both + 8, value, GENERATIONS_SIZE - 4);
    return (uint32_t)XXH3_64bits(both, sizeof both);
}

static rrsmb_status generations_fetch(struct kv_txn *txn, uint64_t share,
                                      struct generations *generations)
{
    *generations = (struct generations){0};
    uint8_t share_key[8];
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes key = {0};
    struct bytes stored = {0};
    bool found = false;
    put_be64(share_key, share);
    TRY(item_key(GENERATIONS_PK, (struct bytes){share_key, sizeof share_key}, buffer, &key));
    TRY(txn->ops->get(txn, KV_CLUSTER, key, &stored, &found));
    if (!found)
        return RRSMB_OK;
    const uint8_t *from = stored.data;
    ENSURE(stored.size == GENERATIONS_SIZE &&
               get_le32(from + GENERATIONS_SIZE - 4) == generations_checksum(share, from),
           RRSMB_DAMAGED,
           "the generation counters of share %016" PRIx64 " do not match their checksum", share);
    generations->epoch = get_le64(from);
    for (size_t i = 0; i < GENERATION_COUNTERS; i++)
        generations->counters[i] = get_le64(from + 8 + 8 * i);
    return RRSMB_OK;
}

static rrsmb_status generations_add(struct kv_txn *txn, uint64_t share,
                                    const bool which[GENERATION_COUNTERS])
{
    struct generations generations;
    rrsmb_status status = generations_fetch(txn, share, &generations);
    /* What they were is lost. Under another epoch nothing that was cached is served any more. */
    if (status == RRSMB_DAMAGED)
        generations = (struct generations){0};
    else
        TRY(status);
    while (generations.epoch == 0)
        arc4random_buf(&generations.epoch, sizeof generations.epoch);

    uint8_t value[GENERATIONS_SIZE];
    put_le64(value, generations.epoch);
    for (size_t i = 0; i < GENERATION_COUNTERS; i++)
        put_le64(value + 8 + 8 * i, generations.counters[i] + which[i]);
    put_le32(value + GENERATIONS_SIZE - 4, generations_checksum(share, value));

    uint8_t share_key[8];
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes key = {0};
    put_be64(share_key, share);
    TRY(item_key(GENERATIONS_PK, (struct bytes){share_key, sizeof share_key}, buffer, &key));
    return txn->ops->put(txn, KV_CLUSTER, key, (struct bytes){value, sizeof value});
}

rrsmb_status kvb_generations_bump(struct backend *backend, struct backend_txn *txn, uint64_t share,
                                  const bool which[GENERATION_COUNTERS])
{
    IN_SCOPE(KV_WRITE, generations_add(scope.txn, share, which));
}

static rrsmb_status generations_fetch_many(struct kv_txn *txn, const uint64_t *shares, size_t count,
                                           struct generations *generations)
{
    for (size_t i = 0; i < count; i++)
        TRY(generations_fetch(txn, shares[i], &generations[i]));
    return RRSMB_OK;
}

rrsmb_status kvb_generations_get(struct backend *backend, struct backend_txn *txn,
                                 const uint64_t *shares, size_t count,
                                 struct generations *generations)
{
    IN_SCOPE(KV_READ, generations_fetch_many(scope.txn, shares, count, generations));
}

static rrsmb_status generations_drop(struct kv_txn *txn, uint64_t share)
{
    uint8_t share_key[8];
    uint8_t buffer[ITEM_KEY_MAX];
    struct bytes key = {0};
    put_be64(share_key, share);
    TRY(item_key(GENERATIONS_PK, (struct bytes){share_key, sizeof share_key}, buffer, &key));
    return txn->ops->remove(txn, KV_CLUSTER, key);
}

rrsmb_status kvb_generations_remove(struct backend *backend, struct backend_txn *txn,
                                    uint64_t share)
{
    IN_SCOPE(KV_WRITE, generations_drop(scope.txn, share));
}
