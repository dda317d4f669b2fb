/* SPDX-License-Identifier: Apache-2.0 */
/* The configured size of the database: full, enlarged, and enlarged by somebody else. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "lib/backend/backend.h"
#include "support.h"

/* Puts rows until the store is full, and gives their number. */
static uint64_t fill(struct opened *opened)
{
    for (uint64_t i = 0;; i++) {
        rrsmb_status status = put_number(opened->share, i, i);
        if (status == RRSMB_LIMIT_REACHED)
            return i;
        OK(status);
        MUST(i < 1000000, "it never becomes full");
    }
}

static void expect_rows(rrsmb_share *share, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        expect_number(share, i, i);
}

Test(limits, a_full_store_says_so_and_loses_nothing)
{
    struct opened opened = open_share(store_uri("store", "?sync=none&max_size=4M"));
    uint64_t rows = fill(&opened);
    MUST(rows > 1000, "full after %ju rows", (uintmax_t)rows);
    FAILS(put_number(opened.share, rows, rows), RRSMB_LIMIT_REACHED, "max_size");
    MUST(strstr(rrsmb_error_last()->message, "4194304") != NULL, "%s", rrsmb_error_last()->message);
    expect_rows(opened.share, rows);
    MUST(get_number(opened.share, rows) == -1, "a refused row is there");
    expect_clean(opened.store);
    close_share(&opened);
}

Test(limits, a_load_into_a_full_store_is_refused_whole)
{
    struct opened opened = open_share(store_uri("store", "?sync=none&max_size=4M"));
    uint64_t rows = fill(&opened);
    struct sd sd = sd_number(1);
    size_t count = 100000;
    rrsmb_put_item *items = calloc(count, sizeof *items);
    MUST(items != NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        items[i] = (rrsmb_put_item){file_id(opened.share, 1000000 + i), sd.bytes, sd.length};
    uint64_t changed = 77;
    FAILS(rrsmb_store_put_many(opened.share, items, count, NULL, &changed), RRSMB_LIMIT_REACHED,
          "max_size");
    free(items);
    MUST(get_number(opened.share, 1000000) == -1, "a part of a refused load is there");
    expect_rows(opened.share, rows);
    expect_clean(opened.store);
    close_share(&opened);
}

Test(limits, a_larger_max_size_makes_a_full_store_go_on)
{
    struct opened opened = open_share(store_uri("store", "?sync=none&max_size=1M"));
    uint64_t rows = fill(&opened);
    close_share(&opened);
    opened = open_share(store_uri("store", "?sync=none&max_size=4M"));
    for (uint64_t i = rows; i < 2 * rows; i++)
        OK(put_number(opened.share, i, i));
    expect_rows(opened.share, 2 * rows);
    for (uint64_t i = 0; i < 2 * rows; i++) {
        rrsmb_file_id id = file_id(opened.share, i);
        OK(rrsmb_store_remove(opened.share, &id, NULL));
    }
    expect_clean(opened.store);
    close_share(&opened);
}

/* One handle with the small size is still open in this very process. */
Test(limits, a_larger_max_size_counts_for_all_handles_of_a_process)
{
    struct opened small = open_share(store_uri("store", "?sync=none&max_size=1M"));
    uint64_t rows = fill(&small);
    struct opened large = open_share(store_uri("store", "?sync=none&max_size=8M"));
    OK(put_number(large.share, rows, rows));
    OK(put_number(small.share, rows + 1, rows + 1));
    expect_rows(small.share, rows + 2);
    close_share(&large);
    close_share(&small);
}

/* -- grown by another process ---------------------------------------------------------------- */

#define READERS 40 /* more than there are slots for readers */
#define GROWN_ROWS 20000
#define GROWN_NUMBER 5

static struct signal_pipe grow;

static void grow_store(void *context)
{
    pipe_wait(&grow);
    struct opened opened = open_share(context);
    static rrsmb_put_item items[GROWN_ROWS];
    struct sd sd = sd_number(GROWN_NUMBER);
    for (uint64_t i = 0; i < GROWN_ROWS; i++)
        items[i] = (rrsmb_put_item){file_id(opened.share, 100 + i), sd.bytes, sd.length};
    OK(rrsmb_store_put_many(opened.share, items, GROWN_ROWS, NULL, NULL));
    close_share(&opened);
}

struct crowd {
    struct opened opened;
    atomic_bool done;
    atomic_uint reads;
};

static void *read_on(void *context)
{
    struct crowd *crowd = context;
    uint64_t seed = (uint64_t)(uintptr_t)&seed;
    while (!atomic_load(&crowd->done)) {
        uint64_t inode = random_next(&seed) % 100;
        expect_number(crowd->opened.share, inode, inode);
        atomic_fetch_add(&crowd->reads, 1);
        (void)sched_yield(); /* few processors, many threads: seldom stopped within a read */
    }
    return NULL;
}

/* The size that this process was given still bounds what it writes until it meets the new one. */
static void *write_on(void *context)
{
    struct crowd *crowd = context;
    for (uint64_t i = 0; !atomic_load(&crowd->done); i++) {
        rrsmb_status status = put_number(crowd->opened.share, 1000000 + i % 50, i);
        if (status != RRSMB_LIMIT_REACHED)
            OK(status);
    }
    return NULL;
}

Test(limits, threads_read_and_write_on_while_another_process_enlarges_the_store)
{
    grow = pipe_new();
    const char *larger = store_uri("store", "?sync=none&max_size=64M");
    pid_t grower = start_child(grow_store, (void *)(uintptr_t)larger);
    struct crowd crowd = {.opened = open_share(store_uri("store", "?sync=none&max_size=1M"))};
    for (uint64_t i = 0; i < 100; i++)
        OK(put_number(crowd.opened.share, i, i));

    pthread_t threads[READERS + 1];
    for (size_t i = 0; i < READERS; i++)
        MUST(pthread_create(&threads[i], NULL, read_on, &crowd) == 0, "a thread");
    MUST(pthread_create(&threads[READERS], NULL, write_on, &crowd) == 0, "a thread");
    pipe_tell(&grow);
    expect_success(grower);
    /* Each reader meets the grown store at its next read. */
    expect_number(crowd.opened.share, GROWN_ROWS, GROWN_NUMBER);
    atomic_store(&crowd.done, true);
    for (size_t i = 0; i < READERS + 1; i++)
        MUST(pthread_join(threads[i], NULL) == 0, "a thread");
    MUST(atomic_load(&crowd.reads) > 0, "nobody read");

    rrsmb_stat stat = {.size = sizeof stat};
    OK(rrsmb_store_stat(crowd.opened.store, &stat));
    MUST(stat.file_bytes > 1 << 20 && stat.max_bytes == 64 << 20, "the store did not grow");
    expect_clean(crowd.opened.store);
    close_share(&crowd.opened);
}

/* -- readers that were killed ---------------------------------------------------------------- */

static struct signal_pipe reading;

static void read_until_killed(void *context)
{
    struct backend_options options = {.create = false};
    struct backend *backend;
    struct backend_txn *txn;
    OK(backend_open(context, &options, &backend));
    OK(backend->ops->begin(backend, BACKEND_READ, DEADLINE_NEVER, &txn));
    pipe_tell(&reading);
    for (;;)
        (void)pause();
}

static uint64_t file_bytes(rrsmb_store *store)
{
    rrsmb_stat stat = {.size = sizeof stat};
    OK(rrsmb_store_stat(store, &stat));
    return stat.file_bytes;
}

/* LMDB keeps all pages that a reader may still see; a dead one sees nothing. */
Test(limits, a_reader_killed_in_the_middle_does_not_make_the_file_grow_for_ever)
{
    const char *uri = store_uri("store", "?sync=none");
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 1, 0));
    reading = pipe_new();
    pid_t reader = start_child(read_until_killed, (void *)(uintptr_t)uri);
    pipe_wait(&reading);
    kill_child(reader);
    for (uint64_t i = 0; i < 5000; i++)
        OK(put_number(opened.share, 1, i));
    MUST(file_bytes(opened.store) < 4 << 20, "the file has %ju bytes",
         (uintmax_t)file_bytes(opened.store));
    expect_clean(opened.store);
    close_share(&opened);
}
