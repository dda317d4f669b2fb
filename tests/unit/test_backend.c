/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite: what every backend must do (lib/backend/backend.h), over each of them. */
#include <string.h>

#include "fixture.h"
#include "lib/backend/backend.h"

static struct backend *open_backend(enum store_kind kind)
{
    struct backend *backend;
    struct backend_options options = {.create = true};
    cr_assert_ok(backend_open(fixture_uri(kind), &options, &backend));
    return backend;
}

static struct row row_number(unsigned number)
{
    struct row row = {.generation = 100 + number, .ver = 1000 + number};
    memset(row.hash, (int)number, sizeof row.hash);
    return row;
}

static void hash_number(unsigned number, uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    memset(hash, 0, RRSMB_SD_DIGEST_SIZE);
    put_le32(hash + 5, number);
}

static bool same_row(const struct row *a, const struct row *b)
{
    return a->generation == b->generation && a->ver == b->ver &&
           memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

TestSuite(backend, .fini = fixture_clear);

OVER_EVERY_STORE(backend, a_row_that_was_put_is_read_back)
{
    struct backend *b = open_backend(*kind);
    struct row_key key = {.share = UINT64_MAX, .inode = 7};
    struct row row = row_number(1);
    struct row got;
    bool found = true;
    cr_assert_ok(b->ops->row_get(b, NULL, key, &got, &found));
    cr_assert_not(found);
    cr_assert_ok(b->ops->row_put(b, NULL, key, &row, EXPECT_ABSENT));
    cr_assert_ok(b->ops->row_get(b, NULL, key, &got, &found));
    cr_assert(found && same_row(&row, &got));
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, an_insert_over_a_row_is_a_conflict_and_changes_nothing)
{
    struct backend *b = open_backend(*kind);
    struct row_key key = {.share = 1, .inode = 7};
    struct row first = row_number(1);
    struct row second = row_number(2);
    struct row got;
    bool found;
    cr_assert_ok(b->ops->row_put(b, NULL, key, &first, EXPECT_ABSENT));
    cr_assert_status(b->ops->row_put(b, NULL, key, &second, EXPECT_ABSENT), RRSMB_CONFLICT);
    cr_assert_ok(b->ops->row_get(b, NULL, key, &got, &found));
    cr_assert(same_row(&first, &got));
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_change_wants_the_version_that_stands)
{
    struct backend *b = open_backend(*kind);
    struct row_key key = {.share = 1, .inode = 7};
    struct row first = row_number(1);
    struct row second = row_number(2);
    struct row third = row_number(3);
    cr_assert_ok(b->ops->row_put(b, NULL, key, &first, EXPECT_ABSENT));
    cr_assert_ok(b->ops->row_put(b, NULL, key, &second, first.ver));
    /* A late attempt of an earlier write. */
    cr_assert_status(b->ops->row_put(b, NULL, key, &third, first.ver), RRSMB_CONFLICT);
    cr_assert_status(b->ops->row_remove(b, NULL, key, first.ver), RRSMB_CONFLICT);
    cr_assert_ok(b->ops->row_remove(b, NULL, key, second.ver));
    cr_assert_status(b->ops->row_remove(b, NULL, key, second.ver), RRSMB_CONFLICT);
    cr_assert_status(b->ops->row_put(b, NULL, key, &third, second.ver), RRSMB_CONFLICT);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, many_rows_are_read_in_the_order_asked)
{
    struct backend *b = open_backend(*kind);
    struct row_key keys[5];
    struct row rows[5];
    bool found[5];
    rrsmb_status statuses[5];
    for (unsigned i = 0; i < 5; i++) {
        keys[i] = (struct row_key){.share = 3, .inode = 50 - i};
        struct row row = row_number(i);
        if (i != 2)
            cr_assert_ok(b->ops->row_put(b, NULL, keys[i], &row, EXPECT_ABSENT));
    }
    cr_assert_ok(b->ops->row_get_many(b, NULL, keys, 5, rows, found, statuses));
    for (unsigned i = 0; i < 5; i++) {
        struct row row = row_number(i);
        cr_assert_eq(statuses[i], RRSMB_OK);
        cr_assert_eq(found[i], i != 2);
        cr_assert(i == 2 || same_row(&row, &rows[i]));
    }
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_scan_sees_each_row_of_its_share_once_and_no_other)
{
    struct backend *b = open_backend(*kind);
    const uint64_t inodes[] = {0, 1, 255, 256, 1u << 20, UINT64_MAX - 1, UINT64_MAX};
    const size_t count = sizeof inodes / sizeof inodes[0];
    for (uint64_t share = 4; share <= 6; share++)
        for (size_t i = 0; i < count; i++) {
            struct row row = row_number((unsigned)i);
            struct row_key key = {.share = share, .inode = inodes[i]};
            cr_assert_ok(b->ops->row_put(b, NULL, key, &row, EXPECT_ABSENT));
        }
    for (size_t capacity = 1; capacity <= count + 1; capacity++) {
        struct scan scan = {.share = 5};
        struct keyed_row rows[16];
        unsigned seen[7] = {0};
        size_t got = 1;
        while (got > 0) {
            cr_assert_ok(b->ops->row_scan(b, NULL, &scan, rows, capacity, &got));
            cr_assert_leq(got, capacity);
            for (size_t i = 0; i < got; i++) {
                cr_assert_eq(rows[i].key.share, 5u);
                cr_assert_not(rows[i].bad);
                for (size_t j = 0; j < count; j++)
                    seen[j] += rows[i].key.inode == inodes[j];
            }
        }
        for (size_t j = 0; j < count; j++)
            cr_assert_eq(seen[j], 1, "inode %lu seen %u times by %zu", inodes[j], seen[j],
                         capacity);
    }
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_scan_of_all_shares_sees_every_row_once)
{
    struct backend *b = open_backend(*kind);
    const uint64_t shares[] = {1, 2, UINT64_MAX};
    for (size_t s = 0; s < 3; s++)
        for (uint64_t i = 0; i < 3; i++) {
            struct row row = row_number(1);
            struct row_key key = {.share = shares[s], .inode = UINT64_MAX - i};
            cr_assert_ok(b->ops->row_put(b, NULL, key, &row, EXPECT_ABSENT));
        }
    struct scan scan = {.all_shares = true};
    struct keyed_row rows[2];
    size_t total = 0;
    for (size_t got = 1; got > 0; total += got)
        cr_assert_ok(b->ops->row_scan(b, NULL, &scan, rows, 2, &got));
    cr_assert_eq(total, 9u);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_blob_is_kept_once_with_a_count)
{
    struct backend *b = open_backend(*kind);
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    uint8_t buffer[64];
    struct blob blob;
    uint64_t after;
    bool found;
    hash_number(1, hash);
    struct bytes sd = {"descriptor", 10};
    cr_assert_ok(b->ops->blob_get(b, NULL, hash, buffer, sizeof buffer, &blob, &found));
    cr_assert_not(found);
    cr_assert_status(b->ops->blob_add(b, NULL, hash, 1, &after), RRSMB_NOT_FOUND);
    cr_assert_ok(b->ops->blob_put(b, NULL, hash, sd));
    cr_assert_ok(b->ops->blob_add(b, NULL, hash, 3, &after));
    cr_assert_eq(after, 3u);
    cr_assert_ok(b->ops->blob_put(b, NULL, hash, sd));
    cr_assert_ok(b->ops->blob_add(b, NULL, hash, -1, &after));
    cr_assert_eq(after, 2u);
    cr_assert_ok(b->ops->blob_get(b, NULL, hash, buffer, sizeof buffer, &blob, &found));
    cr_assert(found && blob.size == 10 && memcmp(blob.data, "descriptor", 10) == 0);
    cr_assert_eq(blob.count, 2u);
    cr_assert_ok(b->ops->blob_remove(b, NULL, hash));
    cr_assert_ok(b->ops->blob_get(b, NULL, hash, buffer, sizeof buffer, &blob, &found));
    cr_assert_not(found);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_count_below_zero_is_damage_and_changes_nothing)
{
    struct backend *b = open_backend(*kind);
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    uint8_t buffer[64];
    struct blob blob;
    uint64_t after;
    bool found;
    hash_number(1, hash);
    cr_assert_ok(b->ops->blob_put(b, NULL, hash, (struct bytes){"x", 1}));
    cr_assert_ok(b->ops->blob_add(b, NULL, hash, 1, &after));
    cr_assert_status(b->ops->blob_add(b, NULL, hash, -2, &after), RRSMB_DAMAGED);
    cr_assert_ok(b->ops->blob_get(b, NULL, hash, buffer, sizeof buffer, &blob, &found));
    cr_assert_eq(blob.count, 1u);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, a_blob_too_large_for_the_buffer_tells_its_size)
{
    struct backend *b = open_backend(*kind);
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    uint8_t buffer[4];
    struct blob blob;
    bool found;
    hash_number(1, hash);
    cr_assert_ok(b->ops->blob_put(b, NULL, hash, (struct bytes){"descriptor", 10}));
    cr_assert_status(b->ops->blob_get(b, NULL, hash, buffer, sizeof buffer, &blob, &found),
                     RRSMB_BUFFER_TOO_SMALL);
    cr_assert_eq(blob.size, 10u);
    b->ops->close(b);
}

static rrsmb_status count_blob(void *context, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                               const struct blob *blob)
{
    unsigned *sum = context;
    *sum += get_le32(hash + 5) + (unsigned)blob->count;
    return RRSMB_OK;
}

OVER_EVERY_STORE(backend, a_listing_gives_every_blob_once)
{
    struct backend *b = open_backend(*kind);
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    uint64_t after;
    unsigned sum = 0;
    for (unsigned i = 1; i <= 5; i++) {
        hash_number(1u << (8 + i), hash);
        cr_assert_ok(b->ops->blob_put(b, NULL, hash, (struct bytes){"x", 1}));
        cr_assert_ok(b->ops->blob_add(b, NULL, hash, 1, &after));
    }
    cr_assert_ok(b->ops->blob_list(b, NULL, count_blob, &sum));
    cr_assert_eq(sum, (31u << 9) + 5);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, an_item_keeps_its_attributes)
{
    struct backend *b = open_backend(*kind);
    struct bytes sk = {"a\0b", 3};
    struct item item = {.ver = 5};
    cr_assert_ok(item_add_number(&item, "n", UINT64_MAX));
    cr_assert_ok(item_add_bytes(&item, "t", (struct bytes){"text\0more", 9}));
    cr_assert_ok(item_add_bytes(&item, "empty", (struct bytes){"", 0}));
    cr_assert_ok(b->ops->item_put(b, NULL, "pk", sk, &item, EXPECT_ABSENT));

    struct item got;
    bool found;
    cr_assert_ok(b->ops->item_get(b, NULL, "pk", sk, &got, &found));
    cr_assert(found);
    cr_assert_eq(got.ver, 5u);
    cr_assert_eq(got.count, 3u);
    cr_assert_eq(item_number(&got, "n")->number, UINT64_MAX);
    cr_assert_eq(item_bytes(&got, "t")->bytes.size, 9u);
    cr_assert_eq(memcmp(item_bytes(&got, "t")->bytes.data, "text\0more", 9), 0);
    cr_assert_eq(item_bytes(&got, "empty")->bytes.size, 0u);
    cr_assert_null(item_number(&got, "t"));
    item_clear(&got);
    cr_assert_ok(b->ops->item_get(b, NULL, "pk", (struct bytes){"a", 1}, &got, &found));
    cr_assert_not(found);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, keys_of_items_never_run_into_each_other)
{
    struct backend *b = open_backend(*kind);
    struct item one = {.ver = 1};
    struct item two = {.ver = 2};
    struct item got;
    bool found;
    cr_assert_ok(b->ops->item_put(b, NULL, "ab", (struct bytes){"c", 1}, &one, EXPECT_ABSENT));
    cr_assert_ok(b->ops->item_put(b, NULL, "a", (struct bytes){"bc", 2}, &two, EXPECT_ABSENT));
    cr_assert_ok(b->ops->item_get(b, NULL, "ab", (struct bytes){"c", 1}, &got, &found));
    cr_assert(found && got.ver == 1);
    item_clear(&got);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, an_item_changes_only_from_the_version_that_stands)
{
    struct backend *b = open_backend(*kind);
    struct bytes sk = {"s", 1};
    struct item one = {.ver = 1};
    struct item two = {.ver = 2};
    cr_assert_status(b->ops->item_put(b, NULL, "pk", sk, &two, 1), RRSMB_CONFLICT);
    cr_assert_ok(b->ops->item_put(b, NULL, "pk", sk, &one, EXPECT_ABSENT));
    cr_assert_status(b->ops->item_put(b, NULL, "pk", sk, &two, EXPECT_ABSENT), RRSMB_CONFLICT);
    cr_assert_ok(b->ops->item_put(b, NULL, "pk", sk, &two, 1));
    cr_assert_status(b->ops->item_remove(b, NULL, "pk", sk, 1), RRSMB_CONFLICT);
    cr_assert_ok(b->ops->item_remove(b, NULL, "pk", sk, 2));
    b->ops->close(b);
}

static rrsmb_status append_key(void *context, struct bytes sk, const struct item *item)
{
    char *all = context;
    (void)strncat(all, sk.data, sk.size);
    cr_assert_gt(item->ver, 0u);
    return RRSMB_OK;
}

OVER_EVERY_STORE(backend, items_of_one_partition_are_listed_in_order)
{
    struct backend *b = open_backend(*kind);
    struct item item = {.ver = 1};
    const char *const keys[] = {"m", "z", "a"};
    for (size_t i = 0; i < 3; i++)
        cr_assert_ok(
            b->ops->item_put(b, NULL, "one", (struct bytes){keys[i], 1}, &item, EXPECT_ABSENT));
    cr_assert_ok(b->ops->item_put(b, NULL, "ona", (struct bytes){"x", 1}, &item, EXPECT_ABSENT));
    cr_assert_ok(b->ops->item_put(b, NULL, "onez", (struct bytes){"y", 1}, &item, EXPECT_ABSENT));
    char all[16] = "";
    cr_assert_ok(b->ops->item_list(b, NULL, "one", append_key, all));
    cr_assert_str_eq(all, "amz");
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, generation_counters_only_grow_and_keep_their_epoch)
{
    struct backend *b = open_backend(*kind);
    bool which[GENERATION_COUNTERS] = {[3] = true, [127] = true};
    uint64_t shares[2] = {10, 11};
    struct generations got[2];
    cr_assert_ok(b->ops->generations_get(b, NULL, shares, 2, got));
    cr_assert_eq(got[0].epoch, 0u);
    cr_assert_ok(b->ops->generations_bump(b, NULL, 10, which));
    cr_assert_ok(b->ops->generations_get(b, NULL, shares, 2, got));
    uint64_t epoch = got[0].epoch;
    cr_assert_neq(epoch, 0u);
    cr_assert_eq(got[1].epoch, 0u);
    which[127] = false;
    cr_assert_ok(b->ops->generations_bump(b, NULL, 10, which));
    cr_assert_ok(b->ops->generations_get(b, NULL, shares, 2, got));
    cr_assert_eq(got[0].epoch, epoch);
    cr_assert_eq(got[0].counters[3], 2u);
    cr_assert_eq(got[0].counters[127], 1u);
    cr_assert_eq(got[0].counters[0], 0u);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, generations_made_again_have_another_epoch)
{
    struct backend *b = open_backend(*kind);
    bool which[GENERATION_COUNTERS] = {true};
    uint64_t share = 10;
    struct generations before;
    struct generations after;
    cr_assert_ok(b->ops->generations_bump(b, NULL, share, which));
    cr_assert_ok(b->ops->generations_get(b, NULL, &share, 1, &before));
    cr_assert_ok(b->ops->generations_remove(b, NULL, share));
    cr_assert_ok(b->ops->generations_bump(b, NULL, share, which));
    cr_assert_ok(b->ops->generations_get(b, NULL, &share, 1, &after));
    cr_assert_neq(before.epoch, after.epoch);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, what_a_transaction_did_is_undone_by_abort)
{
    struct backend *b = open_backend(*kind);
    struct backend_txn *txn;
    struct row_key kept = {.share = 1, .inode = 1};
    struct row_key lost = {.share = 1, .inode = 2};
    struct row row = row_number(1);
    struct row changed = row_number(2);
    struct row got;
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    uint64_t after;
    bool found;
    hash_number(1, hash);
    cr_assert_ok(b->ops->row_put(b, NULL, kept, &row, EXPECT_ABSENT));
    cr_assert_ok(b->ops->blob_put(b, NULL, hash, (struct bytes){"x", 1}));

    cr_assert_ok(b->ops->begin(b, BACKEND_WRITE, DEADLINE_NEVER, &txn));
    cr_assert_ok(b->ops->row_put(b, txn, kept, &changed, row.ver));
    cr_assert_ok(b->ops->row_put(b, txn, lost, &row, EXPECT_ABSENT));
    cr_assert_ok(b->ops->row_remove(b, txn, kept, changed.ver));
    cr_assert_ok(b->ops->blob_add(b, txn, hash, 5, &after));
    cr_assert_ok(b->ops->row_get(b, txn, lost, &got, &found));
    cr_assert(found);
    b->ops->abort(b, txn);

    cr_assert_ok(b->ops->row_get(b, NULL, kept, &got, &found));
    cr_assert(found && same_row(&row, &got));
    cr_assert_ok(b->ops->row_get(b, NULL, lost, &got, &found));
    cr_assert_not(found);
    cr_assert_ok(b->ops->blob_add(b, NULL, hash, 1, &after));
    cr_assert_eq(after, 1u);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, what_a_transaction_did_stands_after_commit)
{
    struct backend *b = open_backend(*kind);
    struct backend_txn *txn;
    struct row row = row_number(1);
    struct row got;
    bool found;
    cr_assert_ok(b->ops->begin(b, BACKEND_WRITE, DEADLINE_NEVER, &txn));
    for (uint64_t i = 0; i < 100; i++)
        cr_assert_ok(
            b->ops->row_put(b, txn, (struct row_key){1, i * 7 % 100}, &row, EXPECT_ABSENT));
    cr_assert_ok(b->ops->commit(b, txn));
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_ok(b->ops->row_get(b, NULL, (struct row_key){1, i}, &got, &found));
        cr_assert(found);
    }
    struct backend_usage usage;
    cr_assert_ok(b->ops->usage(b, NULL, &usage));
    cr_assert_eq(usage.rows, 100u);
    cr_assert_eq(usage.blobs, 0u);
    b->ops->close(b);
}

OVER_EVERY_STORE(backend, rows_in_any_order_are_found_again)
{
    /* Ascending runs are appended by LMDB; this mixes them with inserts in between and removals. */
    struct backend *b = open_backend(*kind);
    struct backend_txn *txn;
    bool present[1000] = {false};
    struct row row = row_number(1);
    cr_assert_ok(b->ops->begin(b, BACKEND_WRITE, DEADLINE_NEVER, &txn));
    uint64_t random = 12345;
    for (unsigned i = 0; i < 4000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t inode = i < 500 ? 2 * i : random >> 54;
        inode %= 1000;
        struct row_key key = {.share = 9, .inode = inode};
        if (present[inode])
            cr_assert_ok(b->ops->row_remove(b, txn, key, row.ver));
        else
            cr_assert_ok(b->ops->row_put(b, txn, key, &row, EXPECT_ABSENT));
        present[inode] = !present[inode];
    }
    cr_assert_ok(b->ops->commit(b, txn));
    size_t wanted = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct row got;
        bool found;
        cr_assert_ok(b->ops->row_get(b, NULL, (struct row_key){9, i}, &got, &found));
        cr_assert_eq(found, present[i], "inode %lu", i);
        wanted += present[i];
    }
    struct scan scan = {.share = 9};
    struct keyed_row rows[100];
    size_t total = 0;
    for (size_t got = 1; got > 0; total += got)
        cr_assert_ok(b->ops->row_scan(b, NULL, &scan, rows, 100, &got));
    cr_assert_eq(total, wanted);
    b->ops->close(b);
}
