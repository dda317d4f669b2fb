/* SPDX-License-Identifier: Apache-2.0 */
/* Handles opened before a fork, used on both sides of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static struct opened opened;
static atomic_bool done;

static void make_store(void)
{
    opened = open_share(store_uri("store", "?sync=none"));
    OK(put_number(opened.share, 1, 1));
}

static void end(void)
{
    close_share(&opened);
}

TestSuite(fork_, .init = make_store, .fini = end);

static void write_rows(void *context)
{
    uint64_t base = *(uint64_t *)context;
    for (uint64_t i = 0; i < 20; i++) {
        OK(put_number(opened.share, base + i, base + i));
        expect_number(opened.share, base + i, base + i);
        expect_number(opened.share, 1, 1);
    }
    close_share(&opened);
}

Test(fork_, parent_and_children_write_and_read_by_the_same_handles)
{
    pid_t children[8];
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t base = 1000 * (i + 1);
        children[i] = start_child(write_rows, &base);
        OK(put_number(opened.share, 10 + i, i));
    }
    for (size_t i = 0; i < 8; i++)
        expect_success(children[i]);
    for (uint64_t i = 0; i < 8; i++)
        for (uint64_t row = 0; row < 20; row++)
            expect_number(opened.share, 1000 * (i + 1) + row, 1000 * (i + 1) + row);
    expect_clean(opened.store);
}

static void write_as_grandchild(void *context)
{
    expect_number(opened.share, 1, 1);
    expect_success(start_child(write_rows, context));
    expect_number(opened.share, *(uint64_t *)context, *(uint64_t *)context);
    close_share(&opened);
}

Test(fork_, grandchildren_too)
{
    uint64_t base = 500;
    expect_success(start_child(write_as_grandchild, &base));
    expect_number(opened.share, 519, 519);
}

static void close_unused(void *context)
{
    (void)context;
    close_share(&opened);
}

Test(fork_, a_child_that_only_closes_does_not_disturb_its_parent)
{
    for (uint64_t i = 0; i < 50; i++) {
        pid_t child = start_child(close_unused, NULL);
        OK(put_number(opened.share, 2, i));
        expect_number(opened.share, 2, i);
        expect_success(child);
        expect_number(opened.share, 2, i);
    }
    expect_clean(opened.store);
}

static void use_cursor(void *context)
{
    rrsmb_row row;
    size_t count;
    FAILS(rrsmb_cursor_next(context, &row, 1, &count), RRSMB_WRONG_PROCESS, "");
    rrsmb_cursor_close(context);
}

Test(fork_, a_cursor_works_in_its_own_process_only)
{
    rrsmb_cursor *cursor;
    rrsmb_row row;
    size_t count;
    OK(rrsmb_cursor_open(opened.share, NULL, &cursor));
    expect_success(start_child(use_cursor, cursor));
    OK(rrsmb_cursor_next(cursor, &row, 1, &count));
    MUST(count == 1 && row.id.inode == 1, "the parent's walk was disturbed");
    rrsmb_cursor_close(cursor);
}

static struct opened memory;

static void change_copy(void *context)
{
    (void)context;
    expect_number(memory.share, 1, 5);
    OK(put_number(memory.share, 1, 6));
    expect_number(memory.share, 1, 6);
    close_share(&memory);
}

Test(fork_, a_memory_store_is_copied)
{
    memory = open_share("memory:");
    OK(put_number(memory.share, 1, 5));
    expect_success(start_child(change_copy, NULL));
    expect_number(memory.share, 1, 5);
    close_share(&memory);
}

static void *open_write_and_close(void *context)
{
    while (!atomic_load(&done)) {
        struct opened mine = open_share(context);
        OK(put_number(mine.share, 3, 3));
        expect_number(mine.share, 3, 3);
        close_share(&mine);
    }
    return NULL;
}

/* Whatever lock a thread holds at the moment of the fork, the child does not hang on it. */
Test(fork_, forks_while_threads_open_write_and_close)
{
    pthread_t threads[4];
    const char *uris[4] = {store_uri("store", "?sync=none"), store_uri("other", "?sync=none"),
                           "memory:", "memory:"};
    for (size_t i = 0; i < 4; i++)
        MUST(pthread_create(&threads[i], NULL, open_write_and_close, (void *)(uintptr_t)uris[i]) ==
                 0,
             "a thread");
    unsigned forks = soak_count(30, 500);
    for (unsigned i = 0; i < forks; i++) {
        uint64_t base = 100;
        expect_success(start_child(write_rows, &base));
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < 4; i++)
        MUST(pthread_join(threads[i], NULL) == 0, "a thread");
    expect_clean(opened.store);
}

static void expect_unavailable(void *context)
{
    rrsmb_file_id id = {.share = rrsmb_share_get_info(opened.share)->id, .inode = 1};
    size_t size;
    (void)context;
    FAILS(rrsmb_store_get(opened.share, &id, NULL, 0, &size, NULL), RRSMB_UNAVAILABLE,
          "opened before the fork");
}

Test(fork_, a_store_that_went_away_is_not_begun_anew_in_a_child)
{
    const char *folder = strdup(scratch_path("store"));
    const char *aside = strdup(scratch_path("aside"));
    MUST(rename(folder, aside) == 0, "rename: %s", strerror(errno));
    expect_success(start_child(expect_unavailable, NULL));
    MUST(access(folder, F_OK) != 0, "%s was made anew", folder);
    /* Another one in its place is not it, either. */
    MUST(mkdir(folder, 0700) == 0, "mkdir: %s", strerror(errno));
    expect_success(start_child(expect_unavailable, NULL));
    MUST(rmdir(folder) == 0 && rename(aside, folder) == 0, "rename: %s", strerror(errno));
    expect_number(opened.share, 1, 1);
    free((void *)(uintptr_t)folder);
    free((void *)(uintptr_t)aside);
}
