/* SPDX-License-Identifier: Apache-2.0 */
/* The backend interface over an ordered key-value database.
 *
 * Keys: rows are share id and inode, big-endian, so that a share is one run and sequential inodes
 * are sequential inserts; blobs are their hash; cluster items are the length of the partition key
 * (one byte), the partition key and the sort key, so that no two pairs can meet in one key.
 * Values: little-endian, see the encode functions. A row carries a checksum over its key and
 * value: one flipped bit in a generation would otherwise turn an ACL into "none". */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "lib/backend/backend.h"
#include "lib/backend/item.h"
#include "lib/backend/kv.h"
#include "lib/base/error.h"

#define ROW_KEY_SIZE 16
#define ROW_SIZE (RRSMB_SD_DIGEST_SIZE + 8 + 8 + 4)
#define BLOB_HEADER_SIZE 16 /* u64 count, u64 state: 0 = live, all that there is here */
#define ITEM_KEY_MAX 400    /* below LMDB's 511 */
#define GENERATIONS_SIZE (8 + 8 * GENERATION_COUNTERS + 4) /* epoch, counters, checksum */
#define GENERATIONS_PK "generation"

struct kv_backend {
    struct backend base;
    struct kv *kv;
};

/* A transaction of the caller's, or one for this call alone. */
struct scope {
    struct kv_txn *txn;
    bool own;
};

static struct kv *kv_of(struct backend *backend)
{
    return ((struct kv_backend *)backend)->kv;
}

static rrsmb_status scope_begin(struct backend *backend, struct backend_txn *txn, enum kv_mode mode,
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

/* Commits or aborts a transaction of this call's own. */
static rrsmb_status scope_end(struct scope *scope, rrsmb_status status)
{
    if (!scope->own)
        return status;
    if (status == RRSMB_OK)
        return scope->txn->ops->commit(scope->txn);
    scope->txn->ops->abort(scope->txn);
    return status;
}

/* Runs one expression within a scope. */
#define IN_SCOPE(mode, expression)                      \
    do {                                                \
        struct scope scope;                             \
        TRY(scope_begin(backend, txn, (mode), &scope)); \
        return scope_end(&scope, (expression));         \
    } while (0)

/* -- rows ------------------------------------------------------------------------------------ */

static struct bytes row_key_encode(struct row_key key, uint8_t buffer[ROW_KEY_SIZE])
{
    put_be64(buffer, key.share);
    put_be64(buffer + 8, key.inode);
    return (struct bytes){buffer, ROW_KEY_SIZE};
}

static struct row_key row_key_decode(const uint8_t *from)
{
    return (struct row_key){.share = get_be64(from), .inode = get_be64(from + 8)};
}

static uint32_t row_checksum(const uint8_t *key, const uint8_t *value)
{
    uint8_t both[ROW_KEY_SIZE + ROW_SIZE - 4];
    memcpy(both, key, ROW_KEY_SIZE);
    memcpy(both + ROW_KEY_SIZE, value, ROW_SIZE - 4);
    return (uint32_t)XXH3_64bits(both, sizeof both);
}

static struct bytes row_encode(const struct row *row, const uint8_t *key, uint8_t buffer[ROW_SIZE])
{
    memcpy(buffer, row->hash, RRSMB_SD_DIGEST_SIZE);
    put_le64(buffer + RRSMB_SD_DIGEST_SIZE, row->generation);
    put_le64(buffer + RRSMB_SD_DIGEST_SIZE + 8, row->ver);
    put_le32(buffer + ROW_SIZE - 4, row_checksum(key, buffer));
    return (struct bytes){buffer, ROW_SIZE};
}

static bool row_decode(struct bytes key, struct bytes stored, struct row *row)
{
    const uint8_t *from = stored.data;
    if (key.size != ROW_KEY_SIZE || stored.size != ROW_SIZE ||
        get_le32(from + ROW_SIZE - 4) != row_checksum(key.data, from))
        return false;
    memcpy(row->hash, from, RRSMB_SD_DIGEST_SIZE);
    row->generation = get_le64(from + RRSMB_SD_DIGEST_SIZE);
    row->ver = get_le64(from + RRSMB_SD_DIGEST_SIZE + 8);
    return true;
}

static rrsmb_status row_fetch(struct kv_txn *txn, struct row_key key, struct row *row, bool *found)
{
    uint8_t key_buffer[ROW_KEY_SIZE];
    struct bytes encoded = row_key_encode(key, key_buffer);
    struct bytes stored = {0};
    TRY(txn->ops->get(txn, KV_ROWS, encoded, &stored, found));
    if (!*found)
        return RRSMB_OK;
    ENSURE(row_decode(encoded, stored, row), RRSMB_DAMAGED,
           "the row of inode %" PRIu64 " in share %016" PRIx64 " does not match its checksum",
           key.inode, key.share);
    return RRSMB_OK;
}

static rrsmb_status kvb_row_get(struct backend *backend, struct backend_txn *txn,
                                struct row_key key, struct row *row, bool *found)
{
    IN_SCOPE(KV_READ, row_fetch(scope.txn, key, row, found));
}

static rrsmb_status fetch_many(struct kv_txn *txn, const struct row_key *keys, size_t count,
                               struct row *rows, bool *found, rrsmb_status *statuses)
{
    for (size_t i = 0; i < count; i++) {
        statuses[i] = row_fetch(txn, keys[i], &rows[i], &found[i]);
        if (statuses[i] != RRSMB_OK && statuses[i] != RRSMB_DAMAGED)
            return statuses[i];
    }
    return RRSMB_OK;
}

static rrsmb_status kvb_row_get_many(struct backend *backend, struct backend_txn *txn,
                                     const struct row_key *keys, size_t count, struct row *rows,
                                     bool *found, rrsmb_status *statuses)
{
    IN_SCOPE(KV_READ, fetch_many(scope.txn, keys, count, rows, found, statuses));
}

/* RRSMB_CONFLICT unless what stands is what the caller saw. */
static rrsmb_status row_expect(struct kv_txn *txn, struct row_key key, uint64_t expected_ver)
{
    struct row standing = {0};
    bool found = false;
    rrsmb_status status = row_fetch(txn, key, &standing, &found);
    if (status == RRSMB_DAMAGED && expected_ver == EXPECT_UNREADABLE)
        return RRSMB_OK;
    TRY(status);
    uint64_t ver = found ? standing.ver : EXPECT_ABSENT;
    ENSURE(ver == expected_ver, RRSMB_CONFLICT,
           "the row of inode %" PRIu64 " in share %016" PRIx64 " was changed meanwhile", key.inode,
           key.share);
    return RRSMB_OK;
}

static rrsmb_status row_store(struct kv_txn *txn, struct row_key key, const struct row *row,
                              uint64_t expected_ver)
{
    TRY(row_expect(txn, key, expected_ver));
    uint8_t key_buffer[ROW_KEY_SIZE];
    uint8_t value_buffer[ROW_SIZE];
    struct bytes encoded = row_key_encode(key, key_buffer);
    return txn->ops->put(txn, KV_ROWS, encoded, row_encode(row, key_buffer, value_buffer));
}

static rrsmb_status kvb_row_put(struct backend *backend, struct backend_txn *txn,
                                struct row_key key, const struct row *row, uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, row_store(scope.txn, key, row, expected_ver));
}

static rrsmb_status row_drop(struct kv_txn *txn, struct row_key key, uint64_t expected_ver)
{
    TRY(row_expect(txn, key, expected_ver));
    uint8_t key_buffer[ROW_KEY_SIZE];
    return txn->ops->remove(txn, KV_ROWS, row_key_encode(key, key_buffer));
}

static rrsmb_status kvb_row_remove(struct backend *backend, struct backend_txn *txn,
                                   struct row_key key, uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, row_drop(scope.txn, key, expected_ver));
}

/* Where the scan goes on after a row; the end of all numbers is the end of the scan. */
static void scan_advance(struct scan *scan, struct row_key last)
{
    scan->next_share[0] = last.share;
    scan->next_inode[0] = last.inode + 1;
    if (last.inode != UINT64_MAX)
        return;
    scan->next_share[0]++;
    if (!scan->all_shares || last.share == UINT64_MAX)
        scan->done = 1;
}

static rrsmb_status scan_rows(struct kv_txn *txn, struct scan *scan, struct keyed_row *rows,
                              size_t capacity, size_t *count)
{
    *count = 0;
    if (scan->done != 0 || capacity == 0)
        return RRSMB_OK;
    struct row_key from = {.share = scan->all_shares ? scan->next_share[0] : scan->share,
                           .inode = scan->next_inode[0]};
    uint8_t key_buffer[ROW_KEY_SIZE];
    struct bytes key = {0};
    struct bytes value = {0};
    bool found = false;
    TRY(txn->ops->seek(txn, KV_ROWS, row_key_encode(from, key_buffer), &key, &value, &found));
    while (found && *count < capacity) {
        ENSURE(key.size == ROW_KEY_SIZE, RRSMB_DAMAGED, "the index holds a key of %zu bytes",
               key.size);
        struct keyed_row *row = &rows[*count];
        row->key = row_key_decode(key.data);
        if (!scan->all_shares && row->key.share != scan->share)
            break;
        row->bad = !row_decode(key, value, &row->row);
        (*count)++;
        if (*count < capacity)
            TRY(txn->ops->next(txn, KV_ROWS, &key, &value, &found));
    }
    if (*count > 0)
        scan_advance(scan, rows[*count - 1].key);
    if (*count < capacity)
        scan->done = 1;
    return RRSMB_OK;
}

static rrsmb_status kvb_row_scan(struct backend *backend, struct backend_txn *txn,
                                 struct scan *scan, struct keyed_row *rows, size_t capacity,
                                 size_t *count)
{
    IN_SCOPE(KV_READ, scan_rows(scope.txn, scan, rows, capacity, count));
}

/* -- blobs ----------------------------------------------------------------------------------- */

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

static rrsmb_status kvb_blob_get(struct backend *backend, struct backend_txn *txn,
                                 const uint8_t hash[RRSMB_SD_DIGEST_SIZE], void *buffer,
                                 size_t capacity, struct blob *blob, bool *found)
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
    if (standing.size == sd.size && memcmp(standing.data, sd.data, sd.size) == 0)
        return RRSMB_OK;
    /* One hash, other bytes: what is stored is damaged, and here is what it should be. */
    return blob_write(txn, hash, sd, standing.count);
}

static rrsmb_status kvb_blob_put(struct backend *backend, struct backend_txn *txn,
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

static rrsmb_status kvb_blob_add(struct backend *backend, struct backend_txn *txn,
                                 const uint8_t hash[RRSMB_SD_DIGEST_SIZE], int64_t delta,
                                 uint64_t *after)
{
    IN_SCOPE(KV_WRITE, blob_adjust(scope.txn, hash, delta, after));
}

static rrsmb_status kvb_blob_remove(struct backend *backend, struct backend_txn *txn,
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
        ENSURE(key.size == RRSMB_SD_DIGEST_SIZE, RRSMB_DAMAGED,
               "the table of descriptors holds a key of %zu bytes", key.size);
        struct blob blob = {0};
        /* A descriptor without bytes is reported by the callback's check of the hash. */
        if (value.size > BLOB_HEADER_SIZE)
            TRY(blob_decode(value, &blob));
        TRY(fn(context, key.data, &blob));
        TRY(txn->ops->next(txn, KV_BLOBS, &key, &value, &found));
    }
    return RRSMB_OK;
}

static rrsmb_status kvb_blob_list(struct backend *backend, struct backend_txn *txn, blob_fn fn,
                                  void *context)
{
    IN_SCOPE(KV_READ, list_blobs(scope.txn, fn, context));
}

/* -- cluster items --------------------------------------------------------------------------- */

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

static rrsmb_status kvb_item_get(struct backend *backend, struct backend_txn *txn, const char *pk,
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

static rrsmb_status kvb_item_put(struct backend *backend, struct backend_txn *txn, const char *pk,
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

static rrsmb_status kvb_item_remove(struct backend *backend, struct backend_txn *txn,
                                    const char *pk, struct bytes sk, uint64_t expected_ver)
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

static rrsmb_status kvb_item_list(struct backend *backend, struct backend_txn *txn, const char *pk,
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

static rrsmb_status kvb_generations_bump(struct backend *backend, struct backend_txn *txn,
                                         uint64_t share, const bool which[GENERATION_COUNTERS])
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

static rrsmb_status kvb_generations_get(struct backend *backend, struct backend_txn *txn,
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

static rrsmb_status kvb_generations_remove(struct backend *backend, struct backend_txn *txn,
                                           uint64_t share)
{
    IN_SCOPE(KV_WRITE, generations_drop(scope.txn, share));
}

/* -- the rest -------------------------------------------------------------------------------- */

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
