/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store whose files are not what they should be. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "support.h"

#define ROWS 400

static const char *uri;
static const char *data;

static void make_store(void)
{
    uri = store_uri("store", "");
    data = scratch_path("store/data.mdb");
    struct opened opened = open_share(uri);
    for (uint64_t i = 0; i < ROWS; i++)
        OK(put_number(opened.share, i, i));
    close_share(&opened);
}

TestSuite(files, .init = make_store);

static off_t size_of(const char *path)
{
    struct stat file;
    MUST(stat(path, &file) == 0, "%s: %s", path, strerror(errno));
    return file.st_size;
}

static void overwrite(const char *path, off_t offset, size_t size, uint64_t seed)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    MUST(fd >= 0, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < size; i += 8) {
        uint64_t bytes = random_next(&seed);
        MUST(pwrite(fd, &bytes, 8, offset + (off_t)i) == 8, "writing %s", path);
    }
    (void)close(fd);
}

static void expect_all_rows(void)
{
    struct opened opened = open_share(uri);
    for (uint64_t i = 0; i < ROWS; i++)
        expect_number(opened.share, i, i);
    expect_clean(opened.store);
    OK(put_number(opened.share, ROWS, ROWS));
    close_share(&opened);
}

static void expect_first_rows(rrsmb_store *store)
{
    rrsmb_share *share;
    OK(rrsmb_share_open(store, "share", NULL, &share));
    for (uint64_t i = 0; i < ROWS; i++)
        expect_number(share, i, i);
    rrsmb_share_close(share);
    expect_clean(store);
}

/* At each page and within; none of them may end in SIGBUS or in an empty new store. A cut that
 * takes nothing but free pages is none. */
Test(files, a_database_cut_off_anywhere_is_refused_unless_nothing_is_missing)
{
    unsigned refused = 0;
    off_t whole = size_of(data);
    for (off_t size = whole - 1365; size > 0; size -= 1365) {
        MUST(truncate(data, size) == 0, "truncate: %s", strerror(errno));
        rrsmb_store *store;
        rrsmb_status status = rrsmb_store_open(uri, NULL, &store);
        if (status == RRSMB_OK) {
            expect_first_rows(store);
            rrsmb_store_close(store);
            continue;
        }
        MUST(status == RRSMB_DAMAGED, "%jd bytes: %s", (intmax_t)size, rrsmb_error_last()->message);
        MUST(size_of(data) == size, "the refused file was changed");
        refused++;
    }
    MUST(refused > whole / 4096 / 2, "only %u were refused", refused);
}

Test(files, an_emptied_database_is_not_taken_for_a_new_one)
{
    MUST(truncate(data, 0) == 0, "truncate: %s", strerror(errno));
    rrsmb_store *store;
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_DAMAGED, "data.mdb is empty");
    MUST(size_of(data) == 0, "the refused file was changed");
}

Test(files, a_database_of_garbage_is_refused)
{
    overwrite(data, 0, (size_t)size_of(data), 1);
    rrsmb_store *store;
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_DAMAGED, "damaged");
}

Test(files, a_database_of_zeros_is_refused)
{
    off_t size = size_of(data);
    MUST(truncate(data, 0) == 0 && truncate(data, size) == 0, "truncate");
    rrsmb_store *store;
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_DAMAGED, "damaged");
}

/* Both files are made anew when nobody uses them: what they held is of no weight. */
Test(files, garbage_in_the_lock_file_is_of_no_consequence)
{
    overwrite(scratch_path("store/lock.mdb"), 0, 8192, 2);
    expect_all_rows();
}

Test(files, garbage_in_the_write_lock_is_of_no_consequence)
{
    overwrite(scratch_path("store/write.lock"), 0, 4096, 3);
    expect_all_rows();
}

Test(files, an_empty_write_lock_is_of_no_consequence)
{
    MUST(truncate(scratch_path("store/write.lock"), 0) == 0, "truncate");
    expect_all_rows();
}

Test(files, missing_lock_files_are_made_anew)
{
    MUST(unlink(scratch_path("store/write.lock")) == 0, "unlink");
    MUST(unlink(scratch_path("store/lock.mdb")) == 0, "unlink");
    expect_all_rows();
}

/* Whoever can plant a link would else have any file of ours truncated. */
Test(files, a_symbolic_link_for_the_write_lock_is_refused)
{
    const char *victim = scratch_path("victim");
    overwrite(victim, 0, 64, 4);
    MUST(unlink(scratch_path("store/write.lock")) == 0, "unlink");
    MUST(symlink(victim, scratch_path("store/write.lock")) == 0, "symlink");
    rrsmb_store *store;
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_IO_ERROR, "write.lock");
    MUST(size_of(victim) == 64, "the file behind the link was changed");
}

Test(files, a_file_in_the_place_of_the_folder_is_refused)
{
    rrsmb_store *store;
    overwrite(scratch_path("file"), 0, 8, 5);
    FAILS(rrsmb_store_open(store_uri("file", ""), NULL, &store), RRSMB_INVALID_ARGUMENT,
          "is not a folder");
}

Test(files, a_folder_below_a_file_is_refused)
{
    rrsmb_store *store;
    overwrite(scratch_path("file"), 0, 8, 5);
    FAILS(rrsmb_store_open(store_uri("file/below", ""), NULL, &store), RRSMB_NOT_FOUND, "file");
}

Test(files, files_and_folder_are_for_their_owner_alone)
{
    struct stat file;
    MUST(stat(scratch_path("store"), &file) == 0 && (file.st_mode & 0777) == 0700, "the folder");
    MUST(stat(data, &file) == 0 && (file.st_mode & 0777) == 0600, "data.mdb");
    MUST(stat(scratch_path("store/lock.mdb"), &file) == 0 && (file.st_mode & 0777) == 0600,
         "lock.mdb");
    MUST(stat(scratch_path("store/write.lock"), &file) == 0 && (file.st_mode & 0777) == 0600,
         "write.lock");
}

static void open_as_nobody(void *context)
{
    MUST(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0, "becoming nobody");
    rrsmb_store *store;
    rrsmb_store_options options = {.size = sizeof options, .flags = *(uint32_t *)context};
    FAILS(rrsmb_store_open(uri, &options, &store), RRSMB_ACCESS_DENIED, "store");
}

static void expect_denied(uint32_t flags)
{
    if (geteuid() != 0)
        cr_skip_test("only root can become somebody else");
    MUST(chmod(scratch(), 0755) == 0, "chmod");
    expect_success(start_child(open_as_nobody, &flags));
}

Test(files, another_user_is_not_let_in)
{
    expect_denied(0);
    expect_denied(RRSMB_STORE_READ_ONLY);
}

Test(files, another_user_is_not_let_in_where_only_the_files_are_protected)
{
    MUST(chmod(scratch_path("store"), 0755) == 0, "chmod");
    expect_denied(0);
}

Test(files, a_readable_but_not_writable_store_is_not_let_in_by_half)
{
    MUST(chmod(scratch_path("store"), 0755) == 0 && chmod(data, 0644) == 0, "chmod");
    expect_denied(0);
}

Test(files, a_store_that_was_moved_goes_on)
{
    MUST(rename(scratch_path("store"), scratch_path("moved")) == 0, "rename");
    uri = store_uri("moved", "");
    expect_all_rows();
}

/* Whatever was being made when its maker was killed, a store is made all the same. */
Test(files, what_a_killed_maker_left_is_cleared_away)
{
    MUST(mkdir(scratch_path("half"), 0700) == 0, "mkdir");
    overwrite(scratch_path("half/data.mdb.new"), 0, 4096, 6);
    struct opened opened = open_share(store_uri("half", ""));
    OK(put_number(opened.share, 1, 1));
    close_share(&opened);
    MUST(access(scratch_path("half/data.mdb.new"), F_OK) != 0, "it is still there");
}

/* Rows that come and go, large descriptors that come and go: pages at the end of the file may be
 * free and never have been written. That is no damage. */
Test(files, a_store_that_shrank_is_not_taken_for_one_cut_off)
{
    uint64_t seed = 7;
    unsigned rounds = soak_count(60, 1000);
    const char *churned = store_uri("churn", "?sync=none");
    for (unsigned round = 0; round < rounds; round++) {
        struct opened opened = open_share(churned);
        uint64_t first = random_next(&seed) % 5000;
        uint64_t count = 1 + random_next(&seed) % 3000;
        rrsmb_put_item *items = calloc(count, sizeof *items);
        size_t length;
        uint8_t *large = sd_large(round, 1 + (unsigned)(random_next(&seed) % 1500), &length);
        MUST(items != NULL, "out of memory");
        for (uint64_t i = 0; i < count; i++)
            items[i] = (rrsmb_put_item){file_id(opened.share, first + i), large, length};
        OK(rrsmb_store_put_many(opened.share, items, count, NULL, NULL));
        for (uint64_t i = 0; i < 20; i++) {
            rrsmb_file_id id = file_id(opened.share, random_next(&seed) % 8000);
            (void)rrsmb_store_remove(opened.share, &id, NULL);
        }
        free(items);
        free(large);
        rrsmb_share_close(opened.share);
        if (round % 3 == 2)
            OK(rrsmb_share_remove(opened.store, "share", NULL, NULL, NULL));
        rrsmb_store_close(opened.store);
    }
}
