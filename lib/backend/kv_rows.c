/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: share id and inode, big-endian, so that a share is one run and sequential inodes are
 * sequential inserts. The value carries a checksum over key and value: one flipped bit in a
 * generation would otherwise turn an ACL into "none". */
#include <inttypes.h>
#include <xxhash.h>

#include "lib/backend/kv_backend.h"

#define ROW_KEY_SIZE 16
#define ROW_SIZE (RRSMB_SD_DIGEST_SIZE + 8 + 8 + 4)

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

rrsmb_status kvb_row_get(struct backend *backend, struct backend_txn *txn, struct row_key key,
                         struct row *row, bool *found)
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

rrsmb_status kvb_row_get_many(struct backend *backend, struct backend_txn *txn,
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

rrsmb_status kvb_row_put(struct backend *backend, struct backend_txn *txn, struct row_key key,
                         const struct row *row, uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, row_store(scope.txn, key, row, expected_ver));
}

static rrsmb_status row_drop(struct kv_txn *txn, struct row_key key, uint64_t expected_ver)
{
    TRY(row_expect(txn, key, expected_ver));
    uint8_t key_buffer[ROW_KEY_SIZE];
    return txn->ops->remove(txn, KV_ROWS, row_key_encode(key, key_buffer));
}

rrsmb_status kvb_row_remove(struct backend *backend, struct backend_txn *txn, struct row_key key,
                            uint64_t expected_ver)
{
    IN_SCOPE(KV_WRITE, row_drop(scope.txn, key, expected_ver));
}

/* Where an entry stands among the rows, also one whose key has a wrong length: filled up with
 * zeros or cut, which keeps the order. */
static struct row_key row_key_near(struct bytes key)
{
    uint8_t whole[ROW_KEY_SIZE] = {0};
    memcpy(whole, key.data, key.size < sizeof whole ? key.size : sizeof whole);
    return row_key_decode(whole);
}

/* The first entry at or after the place of the scan; a new one of all begins before every key. */
static rrsmb_status scan_seek(struct kv_txn *txn, const struct scan *scan, struct bytes *key,
                              struct bytes *value, bool *found)
{
    struct row_key from = {.share = scan->all_shares ? scan->next_share[0] : scan->share,
                           .inode = scan->next_inode[0]};
    uint8_t key_buffer[ROW_KEY_SIZE];
    struct bytes place = row_key_encode(from, key_buffer);
    if (scan->all_shares && from.share == 0 && from.inode == 0)
        place.size = 0;
    return txn->ops->seek(txn, KV_ROWS, place, key, value, found);
}

static rrsmb_status scan_rows(struct kv_txn *txn, struct scan *scan, struct keyed_row *rows,
                              size_t capacity, size_t *count)
{
    *count = 0;
    if (scan->done != 0 || capacity == 0)
        return RRSMB_OK;
    struct bytes key = {0};
    struct bytes value = {0};
    bool found = false;
    TRY(scan_seek(txn, scan, &key, &value, &found));
    while (found) {
        struct row_key place = row_key_near(key);
        if (!scan->all_shares && place.share != scan->share)
            break;
        if (key.size != ROW_KEY_SIZE) {
            scan->odd_keys++;
        } else if (*count == capacity) {
            scan->next_share[0] = place.share;
            scan->next_inode[0] = place.inode;
            return RRSMB_OK;
        } else {
            struct keyed_row *row = &rows[(*count)++];
            row->key = place;
            row->bad = !row_decode(key, value, &row->row);
        }
        TRY(txn->ops->next(txn, KV_ROWS, &key, &value, &found));
    }
    scan->done = 1;
    return RRSMB_OK;
}

rrsmb_status kvb_row_scan(struct backend *backend, struct backend_txn *txn, struct scan *scan,
                          struct keyed_row *rows, size_t capacity, size_t *count)
{
    IN_SCOPE(KV_READ, scan_rows(scope.txn, scan, rows, capacity, count));
}
