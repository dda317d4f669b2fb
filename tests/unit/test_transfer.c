/* SPDX-License-Identifier: Apache-2.0 */
/* Export and import as library calls; tests/cli sees to the format and to trees. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

TestSuite(transfer, .fini = fixture_clear);

/* Text that an export grows and an import eats. */
struct text {
    char *bytes;
    size_t length;
    size_t eaten;
    size_t bite;      /* bytes given at once; 0: as many as are wanted */
    size_t fail_from; /* bytes after which the callback fails; 0: never */
};

static int grow(void *context, const void *data, size_t length)
{
    struct text *text = context;
    if (text->fail_from != 0 && text->length + length > text->fail_from)
        return -1;
    text->bytes = realloc(text->bytes, text->length + length);
    cr_assert_not_null(text->bytes);
    memcpy(text->bytes + text->length, data, length);
    text->length += length;
    return 0;
}

static int eat(void *context, void *data, size_t capacity, size_t *length)
{
    struct text *text = context;
    if (text->fail_from != 0 && text->eaten >= text->fail_from)
        return -1;
    size_t left = text->length - text->eaten;
    *length = left < capacity ? left : capacity;
    if (text->bite != 0 && *length > text->bite)
        *length = text->bite;
    if (*length > 0)
        memcpy(data, text->bytes + text->eaten, *length);
    text->eaten += *length;
    return 0;
}

static struct text text_of(const char *words)
{
    struct text text = {.length = strlen(words)};
    text.bytes = strdup(words);
    cr_assert_not_null(text.bytes);
    return text;
}

/* A store with a share of `count` rows, each with a descriptor of its own. */
static rrsmb_share *fill(enum store_kind kind, unsigned count)
{
    rrsmb_store *store = NULL;
    rrsmb_share *share = NULL;
    cr_assert_ok(rrsmb_store_open(fixture_uri(kind), NULL, &store));
    cr_assert_ok(rrsmb_share_open(store, "share", NULL, &share));
    struct test_sd *sds = calloc(count + 1, sizeof *sds);
    rrsmb_put_item *items = calloc(count + 1, sizeof *items);
    cr_assert(sds != NULL && items != NULL);
    for (unsigned i = 0; i < count; i++) {
        sds[i] = test_sd_number(i + 1);
        items[i] = (rrsmb_put_item){.sd = sds[i].bytes, .sd_length = sds[i].size};
        cr_assert_ok(rrsmb_file_id_from_inode(share, i + 1, 0, &items[i].id));
    }
    cr_assert_ok(rrsmb_store_put_many(share, items, count, NULL, NULL));
    free(sds);
    free(items);
    return share;
}

static void empty(rrsmb_share *share, struct text *text)
{
    rrsmb_store *store = rrsmb_share_get_store(share);
    rrsmb_share_close(share);
    rrsmb_store_close(store);
    free(text->bytes);
}

static void assert_row(rrsmb_store *store, const char *name, uint64_t inode,
                       const struct test_sd *expected)
{
    rrsmb_share *share = NULL;
    rrsmb_file_id id;
    uint8_t sd[256];
    size_t size = 0;
    cr_assert_ok(rrsmb_share_open(store, name, NULL, &share));
    cr_assert_ok(rrsmb_file_id_from_inode(share, inode, 0, &id));
    cr_assert_ok(rrsmb_store_get(share, &id, sd, sizeof sd, &size, NULL));
    cr_assert_arr_eq(sd, expected->bytes, expected->size);
    cr_assert_eq(size, expected->size);
    rrsmb_share_close(share);
}

OVER_EVERY_STORE(transfer, rows_come_back_as_they_were)
{
    rrsmb_share *share = fill(*kind, 50);
    rrsmb_store *store = rrsmb_share_get_store(share);
    struct text text = {NULL};
    rrsmb_export_result exported = {.size = sizeof exported};
    rrsmb_import_result imported = {.size = sizeof imported};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, &exported));
    cr_assert_eq(exported.rows, 50);
    cr_assert_ok(rrsmb_store_import(store, "copy", eat, &text, NULL, &imported));
    cr_assert_eq(imported.rows, 50);
    cr_assert_eq(imported.changed, 50);
    for (unsigned i = 1; i <= 50; i++) {
        struct test_sd sd = test_sd_number(i);
        assert_row(store, "copy", i, &sd);
    }
    empty(share, &text);
}

OVER_EVERY_STORE(transfer, a_result_whose_size_is_not_set_is_refused_before_a_byte_moves)
{
    rrsmb_share *share = fill(*kind, 5);
    struct text text = {NULL};
    rrsmb_export_result exported = {0};
    rrsmb_import_result imported = {0};
    cr_assert_status(rrsmb_store_export(share, grow, &text, NULL, &exported),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_eq(text.length, 0);
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    cr_assert_status(
        rrsmb_store_import(rrsmb_share_get_store(share), "copy", eat, &text, NULL, &imported),
        RRSMB_INVALID_ARGUMENT);
    cr_assert_eq(text.eaten, 0);
    empty(share, &text);
}

Test(transfer, an_import_takes_pieces_of_any_size)
{
    rrsmb_share *share = fill(STORE_MEMORY, 20);
    struct text text = {NULL};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    for (size_t bite = 1; bite < 10; bite++) {
        char name[16];
        (void)snprintf(name, sizeof name, "copy %zu", bite);
        rrsmb_import_result result = {.size = sizeof result};
        text.eaten = 0;
        text.bite = bite;
        cr_assert_ok(
            rrsmb_store_import(rrsmb_share_get_store(share), name, eat, &text, NULL, &result));
        cr_assert_eq(result.changed, 20);
    }
    empty(share, &text);
}

Test(transfer, a_write_callback_that_fails_ends_the_export)
{
    rrsmb_share *share = fill(STORE_MEMORY, 20);
    struct text text = {.fail_from = 1};
    cr_assert_status(rrsmb_store_export(share, grow, &text, NULL, NULL), RRSMB_CANCELLED);
    empty(share, &text);
}

Test(transfer, a_read_callback_that_fails_ends_the_import)
{
    rrsmb_share *share = fill(STORE_MEMORY, 20);
    struct text text = {NULL};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    text.bite = 100;
    text.fail_from = text.length / 2;
    cr_assert_status(
        rrsmb_store_import(rrsmb_share_get_store(share), "copy", eat, &text, NULL, NULL),
        RRSMB_CANCELLED);
    empty(share, &text);
}

static int lie_about_length(void *context, void *data, size_t capacity, size_t *length)
{
    (void)context;
    (void)data;
    *length = capacity + 1;
    return 0;
}

Test(transfer, a_read_callback_that_gives_more_than_fits_is_refused)
{
    rrsmb_share *share = fill(STORE_MEMORY, 0);
    struct text text = {NULL};
    cr_assert_status(rrsmb_store_import(rrsmb_share_get_store(share), "copy", lie_about_length,
                                        NULL, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    empty(share, &text);
}

static int stop(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    *(uint64_t *)context = done;
    return 1;
}

Test(transfer, a_progress_callback_can_stop_an_export)
{
    rrsmb_share *share = fill(STORE_MEMORY, 20);
    struct text text = {NULL};
    uint64_t done = 0;
    rrsmb_export_options options = {.size = sizeof options, .progress = stop, .context = &done};
    cr_assert_status(rrsmb_store_export(share, grow, &text, &options, NULL), RRSMB_CANCELLED);
    cr_assert_eq(done, 20);
    empty(share, &text);
}

Test(transfer, a_progress_callback_can_stop_an_import)
{
    rrsmb_share *share = fill(STORE_MEMORY, 20);
    struct text text = {NULL};
    uint64_t done = 0;
    rrsmb_import_options options = {.size = sizeof options, .progress = stop, .context = &done};
    rrsmb_import_result result = {.size = sizeof result};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    cr_assert_status(
        rrsmb_store_import(rrsmb_share_get_store(share), "copy", eat, &text, &options, &result),
        RRSMB_CANCELLED);
    cr_assert_eq(done, 20);
    cr_assert_eq(result.rows, 20, "what was written is counted, also when stopped");
    empty(share, &text);
}

Test(transfer, a_failed_import_counts_what_it_took)
{
    rrsmb_share *share = fill(STORE_MEMORY, 0);
    struct text text =
        text_of("{\"rrsmb\":\"export\",\"format\":1,\"share\":\"s\",\"kind\":\"none\"}\n"
                "{\"inode\":\"1\",\"generation\":\"0\",\"sddl\":\"O:SY\"}\n"
                "{\"inode\":\"2\",\"generation\":\"0\",\"sddl\":\"O:SY\"}\n"
                "{\"inode\":\"3\",\"generation\":\"0\",\"sddl\":17}\n");
    rrsmb_import_result result = {.size = sizeof result};
    cr_assert_status(
        rrsmb_store_import(rrsmb_share_get_store(share), "copy", eat, &text, NULL, &result),
        RRSMB_BAD_RECORD);
    cr_assert_eq(result.rows, 2);
    cr_assert_eq(rrsmb_error_last()->offset, 37, "the byte in its line");
    empty(share, &text);
}

/* How many more allocations of the JSON reader succeed; tests run in processes of their own. */
static unsigned allocations_left;

static void *allocate_while_any_left(size_t size)
{
    if (allocations_left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    allocations_left--;
    return malloc(size);
}

Test(transfer, no_memory_is_not_taken_for_a_bad_line)
{
    rrsmb_share *share = fill(STORE_MEMORY, 1);
    struct text text = {NULL};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    cJSON_Hooks hooks = {.malloc_fn = allocate_while_any_left, .free_fn = free};
    cJSON_InitHooks(&hooks);
    rrsmb_status status = RRSMB_NO_MEMORY;
    unsigned failures = 0;
    for (; status != RRSMB_OK; failures++) {
        allocations_left = failures;
        text.eaten = 0;
        status = rrsmb_store_import(rrsmb_share_get_store(share), "copy", eat, &text, NULL, NULL);
        cr_assert(status == RRSMB_OK || status == RRSMB_NO_MEMORY, "%u allocations: %s", failures,
                  rrsmb_error_last()->message);
    }
    cr_assert_gt(failures, 10, "three lines of several members were read");
    cJSON_InitHooks(NULL);
    empty(share, &text);
}

Test(transfer, a_result_is_filled_as_far_as_the_caller_knows_it)
{
    rrsmb_share *share = fill(STORE_MEMORY, 3);
    struct text text = {NULL};
    rrsmb_export_result result = {.size = offsetof(rrsmb_export_result, unmatched),
                                  .unmatched = 77};
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, &result));
    cr_assert_eq(result.rows, 3);
    cr_assert_eq(result.unmatched, 77);
    empty(share, &text);
}

Test(transfer, what_is_missing_in_a_call_is_refused)
{
    rrsmb_share *share = fill(STORE_MEMORY, 0);
    rrsmb_store *store = rrsmb_share_get_store(share);
    struct text text = {NULL};
    rrsmb_export_options options = {.size = 0};
    cr_assert_status(rrsmb_store_export(NULL, grow, &text, NULL, NULL), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_export(share, NULL, &text, NULL, NULL), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_export(share, grow, &text, &options, NULL),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_import(NULL, "copy", eat, &text, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_import(store, NULL, eat, &text, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_import(store, "copy", NULL, &text, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    empty(share, &text);
}

/* The largest DACL and SACL, of the smallest ACEs: the longest text there is. */
static char *largest_sddl(void)
{
    const size_t aces = (65532 - 8) / 20; /* an ACL's header, and ACEs with a SID of 12 bytes */
    char *text = malloc(64 + 2 * aces * 32);
    cr_assert_not_null(text);
    size_t length = (size_t)sprintf(text, "O:SYG:SYD:");
    for (size_t i = 0; i < aces; i++)
        length += (size_t)sprintf(text + length, "(A;;FA;;;S-1-1-0)");
    length += (size_t)sprintf(text + length, "S:");
    for (size_t i = 0; i < aces; i++)
        length += (size_t)sprintf(text + length, "(AU;SA;FA;;;S-1-1-0)");
    return text;
}

OVER_EVERY_STORE(transfer, the_largest_descriptor_comes_back)
{
    rrsmb_share *share = fill(*kind, 0);
    rrsmb_store *store = rrsmb_share_get_store(share);
    char *sddl = largest_sddl();
    uint8_t *sd = malloc(RRSMB_SD_SIZE_MAX);
    uint8_t *back = malloc(RRSMB_SD_SIZE_MAX);
    size_t size = 0;
    size_t back_size = 0;
    rrsmb_file_id id;
    cr_assert_ok(rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, RRSMB_SD_SIZE_MAX, &size));
    cr_assert_gt(size, 130000);
    cr_assert_ok(rrsmb_file_id_from_inode(share, 1, 0, &id));
    cr_assert_ok(rrsmb_store_put(share, &id, sd, size, NULL, NULL));

    struct text text = {NULL};
    rrsmb_share *copy = NULL;
    cr_assert_ok(rrsmb_store_export(share, grow, &text, NULL, NULL));
    cr_assert_ok(rrsmb_store_import(store, "copy", eat, &text, NULL, NULL));
    cr_assert_ok(rrsmb_share_open(store, "copy", NULL, &copy));
    cr_assert_ok(rrsmb_file_id_from_inode(copy, 1, 0, &id));
    cr_assert_ok(rrsmb_store_get(copy, &id, back, RRSMB_SD_SIZE_MAX, &back_size, NULL));
    cr_assert_eq(back_size, size);
    cr_assert_arr_eq(back, sd, size);
    rrsmb_share_close(copy);
    free(sddl);
    free(sd);
    free(back);
    empty(share, &text);
}

/* Changes rows that the export holds in its hands but has not read yet. */
struct meddler {
    struct text text;
    rrsmb_share *share;
    int done;
};

static int meddle(void *context, const void *data, size_t length)
{
    struct meddler *meddler = context;
    if (!meddler->done) {
        meddler->done = 1;
        struct test_sd other = test_sd_number(5000);
        rrsmb_file_id id;
        cr_assert_ok(rrsmb_file_id_from_inode(meddler->share, 999, 0, &id));
        cr_assert_ok(rrsmb_store_remove(meddler->share, &id, NULL));
        cr_assert_ok(rrsmb_file_id_from_inode(meddler->share, 1000, 0, &id));
        cr_assert_ok(rrsmb_store_put(meddler->share, &id, other.bytes, other.size, NULL, NULL));
    }
    return grow(&meddler->text, data, length);
}

OVER_EVERY_STORE(transfer, rows_that_change_meanwhile_are_not_taken_for_damage)
{
    struct meddler meddler = {.share = fill(*kind, 1000)};
    rrsmb_export_result exported = {.size = sizeof exported};
    cr_assert_ok(rrsmb_store_export(meddler.share, meddle, &meddler, NULL, &exported));
    cr_assert(meddler.done);
    cr_assert_eq(exported.damaged, 0);
    cr_assert_eq(exported.rows, 999);

    rrsmb_store *store = rrsmb_share_get_store(meddler.share);
    struct test_sd other = test_sd_number(5000);
    cr_assert_ok(rrsmb_store_import(store, "copy", eat, &meddler.text, NULL, NULL));
    assert_row(store, "copy", 1000, &other);
    empty(meddler.share, &meddler.text);
}
