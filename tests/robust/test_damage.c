/* SPDX-License-Identifier: Apache-2.0 */
/* Stored bytes that are not what was written: refused, reported, never taken for another
 * descriptor and never for "none". */
#include <criterion/criterion.h>

#include "support.h"
#include "tamper.h"

#define FIRST ((struct bytes){"", 0})
/* Key of the items of a partition: the length of its name, the name. */
#define SHARE_ITEM ((struct bytes){"\005share", 6})
#define GENERATION_ITEM ((struct bytes){"\012generation", 11})

static const char *uri;
static const char *folder;

static void make_store(void)
{
    uri = store_uri("store", "");
    folder = scratch_path("store");
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 7, 70));
    OK(put_number(opened.share, 7, 77));
    close_share(&opened);
}

static void flip(struct entry *entry, size_t bit)
{
    entry->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static rrsmb_status status_of_7(void)
{
    struct opened opened = open_share(uri);
    rrsmb_status status = get_status(opened.share, 7);
    close_share(&opened);
    return status;
}

TestSuite(damage, .init = make_store);

Test(damage, each_flipped_bit_of_a_row_is_noticed_and_reported)
{
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    for (size_t bit = 0; bit < 8 * row.value_size; bit++) {
        flip(&row, bit);
        entry_write(folder, KV_ROWS, &row);
        struct opened opened = open_share(uri);
        MUST(get_status(opened.share, 7) == RRSMB_DAMAGED, "bit %zu of a row", bit);
        MUST(count_problems(opened.store) >= 1, "the check misses bit %zu of a row", bit);
        close_share(&opened);
        flip(&row, bit);
    }
    entry_write(folder, KV_ROWS, &row);
    MUST(status_of_7() == RRSMB_OK, "the row is whole again");
    free(row.value);
}

Test(damage, a_walk_hands_out_a_row_that_cannot_be_read_and_goes_on)
{
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 8, 80));
    close_share(&opened);
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    flip(&row, 3);
    entry_write(folder, KV_ROWS, &row);
    free(row.value);

    opened = open_share(uri);
    rrsmb_cursor *cursor;
    OK(rrsmb_cursor_open(opened.share, NULL, &cursor));
    const struct {
        uint64_t inode;
        rrsmb_status status;
    } expected[] = {{7, RRSMB_DAMAGED}, {8, RRSMB_OK}};
    rrsmb_row given;
    size_t count;
    for (size_t i = 0; i < 2; i++) {
        OK(rrsmb_cursor_next(cursor, &given, 1, &count));
        MUST(count == 1 && given.id.inode == expected[i].inode &&
                 given.status == expected[i].status,
             "row %zu", i);
    }
    OK(rrsmb_cursor_next(cursor, &given, 1, &count));
    MUST(count == 0, "a row too many");
    rrsmb_cursor_close(cursor);
    close_share(&opened);
}

Test(damage, each_length_of_a_row_but_the_right_one_is_noticed)
{
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    for (size_t size = 0; size < row.value_size; size++) {
        struct entry cut = row;
        cut.value_size = size;
        entry_write(folder, KV_ROWS, &cut);
        MUST(status_of_7() == RRSMB_DAMAGED, "a row of %zu bytes", size);
    }
    free(row.value);
}

Test(damage, a_row_under_another_key_is_noticed)
{
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    row.key[15] ^= 1; /* inode 6 */
    entry_write(folder, KV_ROWS, &row);
    struct opened opened = open_share(uri);
    MUST(get_status(opened.share, 6) == RRSMB_DAMAGED, "a row of another inode");
    MUST(get_status(opened.share, 7) == RRSMB_OK, "its neighbour");
    close_share(&opened);
    free(row.value);
}

/* The first 16 bytes are the count and the state: of no weight for reading. */
Test(damage, each_flipped_bit_of_a_descriptor_is_noticed_and_reported)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    for (size_t bit = (size_t)16 * 8; bit < 8 * blob.value_size; bit++) {
        flip(&blob, bit);
        entry_write(folder, KV_BLOBS, &blob);
        struct opened opened = open_share(uri);
        MUST(get_status(opened.share, 7) == RRSMB_DAMAGED, "bit %zu of a descriptor", bit);
        MUST(count_problems(opened.store) >= 1, "the check misses bit %zu of a descriptor", bit);
        close_share(&opened);
        flip(&blob, bit);
    }
    free(blob.value);
}

Test(damage, each_shorter_descriptor_is_noticed)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    for (size_t size = 0; size < blob.value_size; size++) {
        struct entry cut = blob;
        cut.value_size = size;
        entry_write(folder, KV_BLOBS, &cut);
        struct opened opened = open_share(uri);
        MUST(get_status(opened.share, 7) == RRSMB_DAMAGED, "a descriptor cut to %zu bytes", size);
        MUST(count_problems(opened.store) >= 1, "the check misses a cut to %zu bytes", size);
        close_share(&opened);
    }
    free(blob.value);
}

Test(damage, each_flipped_bit_of_a_count_is_reported_and_can_be_repaired)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    for (size_t bit = 0; bit < 64; bit++) {
        flip(&blob, bit);
        entry_write(folder, KV_BLOBS, &blob);
        struct opened opened = open_share(uri);
        MUST(get_status(opened.share, 7) == RRSMB_OK, "bit %zu of a count", bit);
        MUST(count_problems(opened.store) == 1, "the check misses bit %zu of a count", bit);
        rrsmb_check_options repair = {.size = sizeof repair, .flags = RRSMB_CHECK_REPAIR};
        rrsmb_check_result result = {.size = sizeof result};
        OK(rrsmb_store_check(opened.store, &repair, &result));
        MUST(result.repaired == 1, "not repaired");
        expect_clean(opened.store);
        close_share(&opened);
        flip(&blob, bit);
    }
    free(blob.value);
}

static void expect_mended_by_a_put(void)
{
    struct opened opened = open_share(uri);
    MUST(get_status(opened.share, 7) == RRSMB_DAMAGED, "nothing is broken");
    OK(put_number(opened.share, 7, 77));
    expect_number(opened.share, 7, 77);
    close_share(&opened);
    opened = open_share(uri);
    expect_number(opened.share, 7, 77);
    close_share(&opened);
}

Test(damage, putting_the_descriptor_mends_flipped_bytes_of_it)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    flip(&blob, (size_t)20 * 8);
    entry_write(folder, KV_BLOBS, &blob);
    free(blob.value);
    expect_mended_by_a_put();
    struct opened opened = open_share(uri);
    expect_clean(opened.store);
    close_share(&opened);
}

Test(damage, putting_the_descriptor_mends_one_cut_short)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    blob.value_size = 5;
    entry_write(folder, KV_BLOBS, &blob);
    free(blob.value);
    expect_mended_by_a_put();
    struct opened opened = open_share(uri);
    expect_clean(opened.store);
    close_share(&opened);
}

/* The count of what the row named before stays one too high, which loses nothing. */
Test(damage, putting_the_descriptor_mends_the_row)
{
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    flip(&row, 3);
    entry_write(folder, KV_ROWS, &row);
    free(row.value);
    expect_mended_by_a_put();
    struct opened opened = open_share(uri);
    rrsmb_check_options repair = {.size = sizeof repair, .flags = RRSMB_CHECK_REPAIR};
    rrsmb_check_result result = {.size = sizeof result};
    OK(rrsmb_store_check(opened.store, &repair, &result));
    expect_clean(opened.store);
    expect_number(opened.share, 7, 77);
    close_share(&opened);
}

Test(damage, conditional_puts_do_not_touch_a_damaged_row)
{
    struct entry row = entry_read(folder, KV_ROWS, FIRST);
    flip(&row, 3);
    entry_write(folder, KV_ROWS, &row);
    free(row.value);
    struct opened opened = open_share(uri);
    struct sd sd = sd_number(1);
    rrsmb_file_id id = file_id(opened.share, 7);
    rrsmb_put_options absent = {.size = sizeof absent, .flags = RRSMB_PUT_IF_ABSENT};
    FAILS(rrsmb_store_put(opened.share, &id, sd.bytes, sd.length, &absent, NULL), RRSMB_DAMAGED,
          "checksum");
    rrsmb_put_options version = {.size = sizeof version, .flags = RRSMB_PUT_IF_VER, .if_ver = 1};
    FAILS(rrsmb_store_put(opened.share, &id, sd.bytes, sd.length, &version, NULL), RRSMB_DAMAGED,
          "checksum");
    FAILS(rrsmb_store_remove(opened.share, &id, NULL), RRSMB_DAMAGED, "checksum");
    close_share(&opened);
}

/* Counts the problems that are about keys. */
static int count_odd_keys(void *context, const rrsmb_problem *problem)
{
    *(unsigned *)context += strstr(problem->text, "key of a wrong length") != NULL;
    return 0;
}

static unsigned check_for_odd_keys(rrsmb_store *store, uint64_t *problems)
{
    unsigned odd = 0;
    rrsmb_check_options options = {
        .size = sizeof options, .problem = count_odd_keys, .context = &odd};
    rrsmb_check_result result = {.size = sizeof result};
    OK(rrsmb_store_check(store, &options, &result));
    *problems = result.problems;
    return odd;
}

/* Entries with a longer and a shorter key stand before and behind the good one. */
static void add_odd_keys(enum kv_table table)
{
    struct entry good = entry_read(folder, table, FIRST);
    struct entry odd = good;
    odd.key_size = good.key_size + 1;
    entry_write(folder, table, &odd);
    odd.key_size = 1;
    odd.key[0] = 0;
    entry_write(folder, table, &odd);
    free(good.value);
}

Test(damage, the_check_reports_descriptors_under_keys_of_a_wrong_length_and_goes_on)
{
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    add_odd_keys(KV_BLOBS);
    flip(&blob, (size_t)20 * 8);
    entry_write(folder, KV_BLOBS, &blob);
    free(blob.value);
    struct opened opened = open_share(uri);
    uint64_t problems;
    MUST(check_for_odd_keys(opened.store, &problems) == 2, "keys of a wrong length are missed");
    MUST(problems == 3, "the flipped descriptor behind them is missed");
    close_share(&opened);
}

Test(damage, the_check_reports_rows_under_keys_of_a_wrong_length_and_goes_on)
{
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 8, 80));
    close_share(&opened);
    add_odd_keys(KV_ROWS);
    opened = open_share(uri);
    uint64_t problems;
    MUST(check_for_odd_keys(opened.store, &problems) == 1, "keys of a wrong length are missed");
    MUST(problems == 1, "something else is reported");
    expect_number(opened.share, 7, 77);
    expect_number(opened.share, 8, 80);
    close_share(&opened);
}

/* A batch that ends at such an entry neither gives a row twice nor leaves one out. */
Test(damage, keys_of_a_wrong_length_do_not_disturb_a_walk)
{
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 8, 80));
    close_share(&opened);
    add_odd_keys(KV_ROWS);
    opened = open_share(uri);
    rrsmb_cursor *cursor;
    OK(rrsmb_cursor_open(opened.share, NULL, &cursor));
    rrsmb_row row;
    size_t count;
    for (uint64_t inode = 7; inode <= 8; inode++) {
        OK(rrsmb_cursor_next(cursor, &row, 1, &count));
        MUST(count == 1 && row.id.inode == inode && row.status == RRSMB_OK, "not inode %d",
             (int)inode);
    }
    OK(rrsmb_cursor_next(cursor, &row, 1, &count));
    MUST(count == 0, "a row too many");
    rrsmb_cursor_close(cursor);
    close_share(&opened);
}

/* Two files share a descriptor, which is lost; mended through one, it outlives that one. */
Test(damage, a_mended_descriptor_counts_for_all_its_rows)
{
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 8, 77));
    close_share(&opened);
    struct entry blob = entry_read(folder, KV_BLOBS, FIRST);
    blob.value_size = 5;
    entry_write(folder, KV_BLOBS, &blob);
    free(blob.value);
    expect_mended_by_a_put();
    opened = open_share(uri);
    rrsmb_file_id id = file_id(opened.share, 7);
    OK(rrsmb_store_remove(opened.share, &id, NULL));
    expect_number(opened.share, 8, 77);
    expect_clean(opened.store);
    close_share(&opened);
}

Test(damage, each_flipped_bit_of_a_share_item_is_noticed_and_reported)
{
    struct entry item = entry_read(folder, KV_CLUSTER, SHARE_ITEM);
    for (size_t bit = 0; bit < 8 * item.value_size; bit++) {
        flip(&item, bit);
        entry_write(folder, KV_CLUSTER, &item);
        rrsmb_store *store;
        rrsmb_share *share;
        OK(rrsmb_store_open(uri, NULL, &store));
        MUST(rrsmb_share_open(store, "share", NULL, &share) == RRSMB_DAMAGED,
             "bit %zu of a share item", bit);
        MUST(count_problems(store) >= 1, "the check misses bit %zu of a share item", bit);
        rrsmb_store_close(store);
        flip(&item, bit);
    }
    free(item.value);
}

/* A counter that went down would let caches serve what was replaced: a new epoch drops it all. */
Test(damage, flipped_generation_counters_are_reported_and_begun_anew_by_the_next_write)
{
    struct entry item = entry_read(folder, KV_CLUSTER, GENERATION_ITEM);
    MUST(memcmp(item.key, GENERATION_ITEM.data, GENERATION_ITEM.size) == 0, "no such item");
    uint8_t epoch[8];
    memcpy(epoch, item.value, sizeof epoch);
    for (size_t bit = 0; bit < 8 * item.value_size; bit += 131) {
        flip(&item, bit);
        entry_write(folder, KV_CLUSTER, &item);
        struct opened opened = open_share(uri);
        MUST(count_problems(opened.store) == 1, "the check misses bit %zu", bit);
        OK(put_number(opened.share, 7, 100 + bit));
        expect_clean(opened.store);
        close_share(&opened);
        struct entry after = entry_read(folder, KV_CLUSTER, GENERATION_ITEM);
        MUST(memcmp(after.value, epoch, sizeof epoch) != 0, "the epoch is still the same");
        free(after.value);
        flip(&item, bit);
    }
    free(item.value);
}
