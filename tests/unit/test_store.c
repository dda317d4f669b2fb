/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, conditions on them, generations, and the opening of stores. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

TestSuite(store, .fini = fixture_clear);

OVER_EVERY_STORE(store, a_descriptor_that_was_put_is_read_back)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    cr_assert_eq(number_of(&o, id), -1);
    put(&o, id, 1);
    cr_assert_eq(number_of(&o, id), 1);
    put(&o, id, 2);
    cr_assert_eq(number_of(&o, id), 2);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(store, equal_descriptors_are_stored_once_and_leave_with_their_last_row)
{
    struct opened o = open_plain(*kind);
    for (uint64_t i = 0; i < 10; i++)
        put(&o, id_of(&o, i, 0), i < 9 ? 1 : 2);
    rrsmb_stat stat = stat_of(&o);
    cr_assert_eq(stat.rows, 10u);
    cr_assert_eq(stat.descriptors, 2u);
    cr_assert_eq(stat.logical_bytes, 10 * test_sd_number(1).size);
    cr_assert_eq(stat.descriptor_bytes, 2 * test_sd_number(1).size);
    for (uint64_t i = 0; i < 9; i++) {
        rrsmb_file_id id = id_of(&o, i, 0);
        cr_assert_eq(stat_of(&o).descriptors, 2u);
        cr_assert_ok(rrsmb_store_remove(o.share, &id, NULL));
    }
    cr_assert_eq(stat_of(&o).descriptors, 1u);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(store, what_is_stored_is_the_canonical_form)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(1);
    sd.bytes[2] |= 0x01; /* SE_OWNER_DEFAULTED, which the canonical form drops */
    cr_assert_ok(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, NULL, NULL));
    cr_assert_eq(number_of(&o, id), 1);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_malformed_descriptor_is_refused_and_nothing_changes)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(2);
    put(&o, id, 1);
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size - 1, NULL, NULL),
                     RRSMB_BAD_SD);
    cr_assert_status(rrsmb_store_put(o.share, &id, "", 0, NULL, NULL), RRSMB_BAD_SD);
    cr_assert_eq(number_of(&o, id), 1);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_small_buffer_is_told_the_size)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    uint8_t buffer[8];
    size_t size = 0;
    rrsmb_row_info info = {.size = sizeof info};
    uint64_t ver = put(&o, id, 1);
    cr_assert_status(rrsmb_store_get(o.share, &id, NULL, 0, &size, &info), RRSMB_BUFFER_TOO_SMALL);
    cr_assert_eq(size, test_sd_number(1).size);
    cr_assert_eq(info.ver, ver);
    cr_assert_status(rrsmb_store_get(o.share, &id, buffer, sizeof buffer, &size, NULL),
                     RRSMB_BUFFER_TOO_SMALL);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_result_whose_size_is_not_set_is_refused_and_nothing_is_written)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(1);
    rrsmb_row_info info = {0};
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, NULL, &info),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(rrsmb_error_last()->message, "size"));
    cr_assert_eq(number_of(&o, id), -1);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_result_whose_size_is_not_set_is_refused_by_every_read)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    size_t size;
    rrsmb_row_info info = {0};
    rrsmb_stat stat = {.size = sizeof stat.size};
    rrsmb_check_result result = {0};
    put(&o, id, 1);
    cr_assert_status(rrsmb_store_get(o.share, &id, NULL, 0, &size, &info), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_stat(o.store, &stat), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_store_check(o.store, NULL, &result), RRSMB_INVALID_ARGUMENT);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_descriptor_is_read_by_its_hash)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(1);
    rrsmb_row_info info = {.size = sizeof info};
    uint8_t got[256];
    size_t size;
    cr_assert_ok(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, NULL, &info));
    cr_assert_ok(rrsmb_store_get_sd(o.store, info.hash, got, sizeof got, &size));
    cr_assert(size == sd.size && memcmp(got, sd.bytes, size) == 0);
    info.hash[0] ^= 1;
    cr_assert_status(rrsmb_store_get_sd(o.store, info.hash, got, sizeof got, &size),
                     RRSMB_NOT_FOUND);
    close_all(&o);
}

/* -- conditions ------------------------------------------------------------------------------ */

OVER_EVERY_STORE(store, if_absent_refuses_a_row_that_is_there)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(2);
    rrsmb_put_options options = {.size = sizeof options, .flags = RRSMB_PUT_IF_ABSENT};
    put(&o, id, 1);
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, NULL),
                     RRSMB_EXISTS);
    cr_assert_eq(number_of(&o, id), 1);
    close_all(&o);
}

OVER_EVERY_STORE(store, if_ver_holds_only_for_the_version_that_stands)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(3);
    rrsmb_put_options options = {.size = sizeof options, .flags = RRSMB_PUT_IF_VER};
    options.if_ver = put(&o, id, 1);
    uint64_t second = put(&o, id, 2);
    cr_assert_neq(options.if_ver, second);
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, NULL),
                     RRSMB_CONFLICT);
    cr_assert_status(rrsmb_store_remove(o.share, &id, &options), RRSMB_CONFLICT);
    options.if_ver = second;
    cr_assert_ok(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, NULL));
    cr_assert_eq(number_of(&o, id), 3);
    close_all(&o);
}

OVER_EVERY_STORE(store, putting_what_stands_already_writes_nothing)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = id_of(&o, 7, 0);
    uint64_t first = put(&o, id, 1);
    cr_assert_eq(put(&o, id, 1), first);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_read_only_store_refuses_every_write)
{
    struct opened o = open_plain(*kind);
    if (*kind == STORE_MEMORY)
        cr_skip_test("a memory store cannot be opened twice");
    put(&o, id_of(&o, 7, 0), 1);
    rrsmb_store_options options = {.size = sizeof options, .flags = RRSMB_STORE_READ_ONLY};
    struct opened r;
    struct test_sd sd = test_sd_number(2);
    cr_assert_ok(rrsmb_store_open(fixture_uri(*kind), &options, &r.store));
    cr_assert_ok(rrsmb_share_open(r.store, "share", NULL, &r.share));
    rrsmb_file_id id = id_of(&r, 7, 0);
    cr_assert_status(rrsmb_store_put(r.share, &id, sd.bytes, sd.size, NULL, NULL), RRSMB_READ_ONLY);
    cr_assert_status(rrsmb_store_remove(r.share, &id, NULL), RRSMB_READ_ONLY);
    cr_assert_status(rrsmb_share_rename(r.store, "share", "other"), RRSMB_READ_ONLY);
    cr_assert_eq(number_of(&r, id), 1);
    close_all(&r);
    close_all(&o);
}

/* -- generations ----------------------------------------------------------------------------- */

OVER_EVERY_STORE(store, a_row_of_another_generation_is_absent_and_told)
{
    struct opened o = open_kind(*kind, RRSMB_GENERATION_EXPLICIT);
    put(&o, id_of(&o, 7, 1), 1);
    rrsmb_file_id next = id_of(&o, 7, 2);
    rrsmb_row_info info = {.size = sizeof info};
    size_t size;
    cr_assert_status(rrsmb_store_get(o.share, &next, NULL, 0, &size, &info), RRSMB_NOT_FOUND);
    cr_assert_eq(info.flags, RRSMB_ROW_OTHER_GENERATION);
    cr_assert_status(rrsmb_store_remove(o.share, &next, NULL), RRSMB_NOT_FOUND);
    cr_assert_eq(number_of(&o, id_of(&o, 7, 1)), 1);
    close_all(&o);
}

OVER_EVERY_STORE(store, explicit_generations_are_the_callers_word)
{
    struct opened o = open_kind(*kind, RRSMB_GENERATION_EXPLICIT);
    put(&o, id_of(&o, 7, 1), 1);
    put(&o, id_of(&o, 7, 2), 2);
    cr_assert_eq(number_of(&o, id_of(&o, 7, 1)), -1);
    cr_assert_eq(number_of(&o, id_of(&o, 7, 2)), 2);
    cr_assert_eq(stat_of(&o).descriptors, 1u);
    assert_clean(&o);
    close_all(&o);
}

OVER_EVERY_STORE(store, without_a_generation_a_read_does_not_compare_and_a_write_keeps_it)
{
    struct opened o = open_kind(*kind, RRSMB_GENERATION_EXPLICIT);
    put(&o, id_of(&o, 7, 5), 1);
    cr_assert_eq(number_of(&o, id_of(&o, 7, 0)), 1);
    put(&o, id_of(&o, 7, 0), 2);
    cr_assert_eq(number_of(&o, id_of(&o, 7, 5)), 2);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_first_write_needs_the_generation)
{
    struct opened o = open_kind(*kind, RRSMB_GENERATION_EXPLICIT);
    rrsmb_file_id id = id_of(&o, 7, 0);
    struct test_sd sd = test_sd_number(1);
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, NULL, NULL),
                     RRSMB_NEEDS_GENERATION);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_share_of_kind_none_takes_no_generation)
{
    struct opened o = open_plain(*kind);
    rrsmb_file_id id = {.share = rrsmb_share_get_info(o.share)->id, .inode = 7, .generation = 1};
    size_t size;
    cr_assert_eq(rrsmb_share_get_info(o.share)->kind, RRSMB_GENERATION_NONE);
    cr_assert_status(rrsmb_file_id_from_inode(o.share, 7, 1, &id), RRSMB_WRONG_KIND);
    cr_assert_status(rrsmb_store_get(o.share, &id, NULL, 0, &size, NULL), RRSMB_INVALID_ARGUMENT);
    close_all(&o);
}

static int make_file(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_folder(), name);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    cr_assert_geq(fd, 0);
    return fd;
}

static struct opened open_on_disk(enum store_kind kind)
{
    rrsmb_share_options options = {.size = sizeof options, .path = fixture_folder()};
    return open_with(kind, &options);
}

OVER_EVERY_STORE(store, the_kind_is_found_at_the_path_and_recorded)
{
    struct opened o = open_on_disk(*kind);
    const rrsmb_share_info *info = rrsmb_share_get_info(o.share);
    cr_assert(info->kind == RRSMB_GENERATION_HANDLE || info->kind == RRSMB_GENERATION_BTIME,
              "kind %s", rrsmb_generation_kind_name(info->kind));
    cr_assert_str_eq(info->path, fixture_folder());
    cr_assert_str_neq(info->filesystem, "");

    rrsmb_share *other;
    rrsmb_share_options options = {.size = sizeof options, .kind = RRSMB_GENERATION_EXPLICIT};
    cr_assert_status(rrsmb_share_open(o.store, "share", &options, &other), RRSMB_WRONG_KIND);
    cr_assert_null(other);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_share_first_used_by_number_is_refused_where_files_have_generations)
{
    struct opened o = open_plain(*kind);
    rrsmb_share *other;
    rrsmb_share_options options = {.size = sizeof options, .path = fixture_folder()};
    cr_assert_status(rrsmb_share_open(o.store, "share", &options, &other), RRSMB_WRONG_KIND);
    close_all(&o);
}

OVER_EVERY_STORE(store, an_open_file_is_named_alike_by_each_of_its_descriptors)
{
    struct opened o = open_on_disk(*kind);
    int fd = make_file("file");
    char path[256];
    rrsmb_file_id a;
    rrsmb_file_id b;
    (void)snprintf(path, sizeof path, "%s/file", fixture_folder());
    int by_path = open(path, O_PATH);
    cr_assert_ok(rrsmb_file_id_from_fd(o.share, fd, &a));
    cr_assert_ok(rrsmb_file_id_from_fd(o.share, by_path, &b));
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    cr_assert_neq(a.generation, 0u);
    close(fd);
    close(by_path);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_row_left_by_a_former_file_is_replaced_after_a_fresh_look)
{
    struct opened o = open_on_disk(*kind);
    int fd = make_file("file");
    rrsmb_file_id id;
    cr_assert_ok(rrsmb_file_id_from_fd(o.share, fd, &id));
    rrsmb_file_id former = id;
    former.generation ^= 1;
    put(&o, former, 1);

    struct test_sd sd = test_sd_number(2);
    rrsmb_put_options options = {.size = sizeof options};
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, NULL),
                     RRSMB_STALE_FILE);
    options.flags = RRSMB_PUT_HAS_FD;
    options.fd = fd;
    rrsmb_row_info info = {.size = sizeof info};
    cr_assert_ok(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, &info));
    cr_assert_eq(info.flags, RRSMB_ROW_OTHER_GENERATION);
    cr_assert_eq(number_of(&o, id), 2);
    cr_assert_eq(number_of(&o, former), -1);
    assert_clean(&o);
    close(fd);
    close_all(&o);
}

OVER_EVERY_STORE(store, a_file_without_a_name_does_not_replace_the_row_of_its_successor)
{
    struct opened o = open_on_disk(*kind);
    int fd = make_file("file");
    char path[256];
    rrsmb_file_id id;
    (void)snprintf(path, sizeof path, "%s/file", fixture_folder());
    cr_assert_ok(rrsmb_file_id_from_fd(o.share, fd, &id));
    cr_assert_eq(unlink(path), 0);
    rrsmb_file_id successor = id;
    successor.generation ^= 1;
    put(&o, successor, 1);

    struct test_sd sd = test_sd_number(2);
    rrsmb_put_options options = {.size = sizeof options, .flags = RRSMB_PUT_HAS_FD, .fd = fd};
    cr_assert_status(rrsmb_store_put(o.share, &id, sd.bytes, sd.size, &options, NULL),
                     RRSMB_STALE_FILE);
    cr_assert_eq(number_of(&o, successor), 1);
    close(fd);
    close_all(&o);
}

/* -- opening --------------------------------------------------------------------------------- */

Test(store, a_uri_that_is_not_understood_is_refused_with_the_reason, .fini = fixture_clear)
{
    static const char *const uris[] = {"",
                                       "nonsense",
                                       "http://host/x",
                                       "lmdb:",
                                       "lmdb://",
                                       "lmdb:///",
                                       "lmdb://host/folder",
                                       "lmdb:///tmp/x?nonsense=1",
                                       "lmdb:///tmp/x?sync",
                                       "lmdb:///tmp/x?sync=maybe",
                                       "lmdb:///tmp/x?create=2",
                                       "lmdb:///tmp/x?max_size=-5M",
                                       "lmdb:///tmp/x?max_size=12X",
                                       "lmdb:///tmp/x?max_size=99999999999999T",
                                       "lmdb:///tmp/%4",
                                       "lmdb:///tmp/%00"};
    rrsmb_store *store;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        cr_assert_status(rrsmb_store_open(uris[i], NULL, &store), RRSMB_BAD_URI);
        cr_assert_null(store);
        cr_assert_str_neq(rrsmb_error_last()->message, "");
    }
}

Test(store, a_store_that_is_not_to_be_made_is_not_found, .fini = fixture_clear)
{
    rrsmb_store *store;
    char uri[256];
    rrsmb_store_options options = {.size = sizeof options, .flags = RRSMB_STORE_NO_CREATE};
    cr_assert_status(rrsmb_store_open(fixture_uri(STORE_LMDB), &options, &store), RRSMB_NOT_FOUND);
    (void)snprintf(uri, sizeof uri, "%s&create=0", fixture_uri(STORE_LMDB));
    cr_assert_status(rrsmb_store_open(uri, NULL, &store), RRSMB_NOT_FOUND);
    (void)snprintf(uri, sizeof uri, "%s/store", fixture_folder());
    cr_assert_neq(access(uri, F_OK), 0);
}

Test(store, the_folder_and_its_files_are_for_their_owner_alone, .fini = fixture_clear)
{
    struct opened o = open_plain(STORE_LMDB);
    static const char *const names[] = {"store", "store/data.mdb", "store/lock.mdb",
                                        "store/write.lock"};
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        struct stat file;
        (void)snprintf(path, sizeof path, "%s/%s", fixture_folder(), names[i]);
        cr_assert_eq(stat(path, &file), 0);
        cr_assert_eq(file.st_mode & 077, 0u, "%s has mode %o", path, file.st_mode);
    }
    close_all(&o);
}

Test(store, what_one_handle_writes_another_reads, .fini = fixture_clear)
{
    struct opened one = open_plain(STORE_LMDB);
    struct opened two = open_plain(STORE_LMDB);
    put(&one, id_of(&one, 7, 0), 1);
    cr_assert_eq(number_of(&two, id_of(&two, 7, 0)), 1);
    close_all(&one);
    cr_assert_eq(number_of(&two, id_of(&two, 7, 0)), 1);
    close_all(&two);
}
