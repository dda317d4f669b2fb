/* SPDX-License-Identifier: Apache-2.0 */
/* Shares, many rows in one call, and walks over them. */
#include <string.h>

#include "fixture.h"

TestSuite(share, .fini = fixture_clear);

/* -- shares ---------------------------------------------------------------------------------- */

OVER_EVERY_STORE(share, files_of_two_shares_do_not_meet)
{
    struct opened o = open_plain(*kind);
    struct opened other = {.store = o.store};
    cr_assert_ok(rrsmb_share_open(o.store, "other", NULL, &other.share));
    put(&o, id_of(&o, 7, 0), 1);
    cr_assert_eq(number_of(&other, id_of(&other, 7, 0)), -1);
    rrsmb_file_id foreign = id_of(&other, 7, 0);
    size_t size;
    cr_assert_status(rrsmb_store_get(o.share, &foreign, NULL, 0, &size, NULL),
                     RRSMB_INVALID_ARGUMENT);
    rrsmb_share_close(other.share);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_renamed_share_keeps_its_rows)
{
    struct opened o = open_plain(*kind);
    rrsmb_share *found;
    put(&o, id_of(&o, 7, 0), 1);
    cr_assert_ok(rrsmb_share_rename(o.store, "share", "renamed"));
    rrsmb_share_options options = {.size = sizeof options, .flags = RRSMB_SHARE_NO_CREATE};
    cr_assert_status(rrsmb_share_open(o.store, "share", &options, &found), RRSMB_NOT_FOUND);
    cr_assert_ok(rrsmb_share_open(o.store, "renamed", &options, &found));
    struct opened renamed = {.store = o.store, .share = found};
    cr_assert_eq(number_of(&renamed, id_of(&renamed, 7, 0)), 1);
    /* A handle that was open goes on. */
    put(&o, id_of(&o, 8, 0), 2);
    rrsmb_share_close(found);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_rename_wants_the_old_name_there_and_the_new_one_free)
{
    struct opened o = open_plain(*kind);
    rrsmb_share *other;
    cr_assert_ok(rrsmb_share_open(o.store, "other", NULL, &other));
    cr_assert_status(rrsmb_share_rename(o.store, "share", "other"), RRSMB_EXISTS);
    cr_assert_status(rrsmb_share_rename(o.store, "none", "new"), RRSMB_NOT_FOUND);
    cr_assert_status(rrsmb_share_rename(o.store, "share", ""), RRSMB_INVALID_ARGUMENT);
    rrsmb_share_close(other);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_removed_share_takes_its_rows_along_and_no_other)
{
    struct opened o = open_plain(*kind);
    struct opened other = {.store = o.store};
    uint64_t removed = 0;
    cr_assert_ok(rrsmb_share_open(o.store, "other", NULL, &other.share));
    for (uint64_t i = 0; i < 1500; i++)
        put(&o, id_of(&o, i, 0), (unsigned)i % 5);
    put(&other, id_of(&other, 7, 0), 3);
    cr_assert_ok(rrsmb_share_remove(o.store, "share", NULL, NULL, &removed));
    cr_assert_eq(removed, 1500u);
    rrsmb_stat stat = stat_of(&o);
    cr_assert_eq(stat.rows, 1u);
    cr_assert_eq(stat.descriptors, 1u);
    cr_assert_eq(stat.shares, 1u);
    cr_assert_status(rrsmb_share_remove(o.store, "share", NULL, NULL, NULL), RRSMB_NOT_FOUND);
    assert_clean(&other);
    rrsmb_share_close(other.share);
    close_all(&o);
}

static int append_name(void *context, const rrsmb_share_info *info)
{
    char *all = context;
    (void)strcat(strcat(all, info->name), ",");
    return 0;
}

OVER_EVERY_STORE(share, shares_are_listed_by_name)
{
    struct opened o = open_plain(*kind);
    char all[256] = "";
    const char *const names[] = {"zoo", "a#b/c", "\xc3\xa4rger"};
    for (size_t i = 0; i < 3; i++) {
        rrsmb_share *share;
        cr_assert_ok(rrsmb_share_open(o.store, names[i], NULL, &share));
        rrsmb_share_close(share);
    }
    cr_assert_ok(rrsmb_share_list(o.store, append_name, all));
    cr_assert_str_eq(all, "a#b/c,share,zoo,\xc3\xa4rger,");
    close_all(&o);
}

OVER_EVERY_STORE(share, a_share_has_a_name_of_1_to_255_bytes_of_utf8)
{
    struct opened o = open_plain(*kind);
    rrsmb_share *share;
    char name[257];
    memset(name, 'x', 256);
    name[256] = '\0';
    cr_assert_status(rrsmb_share_open(o.store, name, NULL, &share), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_share_open(o.store, "", NULL, &share), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_share_open(o.store, "a\xff", NULL, &share), RRSMB_INVALID_ARGUMENT);
    cr_assert_eq(rrsmb_error_last()->offset, 1u);
    name[255] = '\0';
    cr_assert_ok(rrsmb_share_open(o.store, name, NULL, &share));
    rrsmb_share_close(share);
    close_all(&o);
}

/* -- many rows ------------------------------------------------------------------------------- */

struct many {
    size_t next;
    int numbers[1000];
};

static int note_result(void *context, size_t index, const rrsmb_get_result *result)
{
    struct many *many = context;
    cr_assert_eq(index, many->next++);
    many->numbers[index] = result->status == RRSMB_OK ? (int)result->sd_length : -1;
    return 0;
}

OVER_EVERY_STORE(share, many_rows_are_written_and_read_in_one_call)
{
    struct opened o = open_plain(*kind);
    struct test_sd sds[3] = {test_sd_number(1), test_sd_number(22), test_sd_number(3)};
    rrsmb_put_item items[1000];
    rrsmb_file_id ids[1000];
    uint64_t changed;
    for (size_t i = 0; i < 1000; i++) {
        items[i] = (rrsmb_put_item){
            .id = id_of(&o, i, 0), .sd = sds[i % 3].bytes, .sd_length = sds[i % 3].size};
        ids[i] = id_of(&o, 2 * i, 0);
    }
    cr_assert_ok(rrsmb_store_put_many(o.share, items, 1000, NULL, &changed));
    cr_assert_eq(changed, 1000u);
    struct many many = {0};
    cr_assert_ok(rrsmb_store_get_many(o.share, ids, 1000, note_result, &many));
    cr_assert_eq(many.next, 1000u);
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(many.numbers[i], i < 500 ? (int)sds[2 * i % 3].size : -1);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_load_done_twice_changes_nothing_the_second_time)
{
    struct opened o = open_plain(*kind);
    struct test_sd sd = test_sd_number(1);
    rrsmb_put_item items[10];
    uint64_t changed;
    for (size_t i = 0; i < 10; i++)
        items[i] = (rrsmb_put_item){.id = id_of(&o, i, 0), .sd = sd.bytes, .sd_length = sd.size};
    cr_assert_ok(rrsmb_store_put_many(o.share, items, 10, NULL, &changed));
    cr_assert_ok(rrsmb_store_put_many(o.share, items, 10, NULL, &changed));
    cr_assert_eq(changed, 0u);
    close_all(&o);
}

OVER_EVERY_STORE(share, one_bad_row_of_many_is_named_and_none_is_written)
{
    struct opened o = open_plain(*kind);
    struct test_sd sd = test_sd_number(1);
    rrsmb_put_item items[10];
    for (size_t i = 0; i < 10; i++)
        items[i] = (rrsmb_put_item){.id = id_of(&o, i, 0), .sd = sd.bytes, .sd_length = sd.size};
    items[6].sd = "nonsense";
    items[6].sd_length = 8;
    cr_assert_status(rrsmb_store_put_many(o.share, items, 10, NULL, NULL), RRSMB_BAD_SD);
    cr_assert_eq(rrsmb_error_last()->offset, 6u);
    cr_assert_eq(stat_of(&o).rows, 0u);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_file_that_comes_twice_in_a_load_gets_the_later_descriptor)
{
    struct opened o = open_plain(*kind);
    struct test_sd one = test_sd_number(1);
    struct test_sd two = test_sd_number(2);
    rrsmb_put_item items[2] = {{id_of(&o, 7, 0), one.bytes, one.size},
                               {id_of(&o, 7, 0), two.bytes, two.size}};
    cr_assert_ok(rrsmb_store_put_many(o.share, items, 2, NULL, NULL));
    cr_assert_eq(number_of(&o, id_of(&o, 7, 0)), 2);
    cr_assert_eq(stat_of(&o).descriptors, 1u);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_walk_goes_on_from_its_token)
{
    struct opened o = open_plain(*kind);
    rrsmb_cursor *cursor;
    rrsmb_row rows[4];
    char token[RRSMB_CURSOR_TOKEN_SIZE];
    size_t count;
    for (uint64_t i = 0; i < 10; i++)
        put(&o, id_of(&o, i * i, 0), 1);
    cr_assert_ok(rrsmb_cursor_open(o.share, NULL, &cursor));
    cr_assert_ok(rrsmb_cursor_next(cursor, rows, 4, &count));
    cr_assert_eq(count, 4u);
    cr_assert_ok(rrsmb_cursor_token(cursor, token));
    rrsmb_cursor_close(cursor);

    cr_assert_ok(rrsmb_cursor_open(o.share, token, &cursor));
    uint64_t expected = 4;
    for (count = 1; count > 0;) {
        cr_assert_ok(rrsmb_cursor_next(cursor, rows, 4, &count));
        for (size_t i = 0; i < count; i++, expected++)
            cr_assert_eq(rows[i].id.inode, expected * expected);
    }
    cr_assert_eq(expected, 10u);
    rrsmb_cursor_close(cursor);
    close_all(&o);
}

OVER_EVERY_STORE(share, a_token_of_something_else_is_refused)
{
    struct opened o = open_plain(*kind);
    const char *const tokens[] = {"", "1:", "nonsense", "1:0:0:0", "2:1:0:0", "1:zz:0:0"};
    rrsmb_cursor *cursor;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        cr_assert_status(rrsmb_cursor_open(o.share, tokens[i], &cursor), RRSMB_INVALID_ARGUMENT);
    close_all(&o);
}
