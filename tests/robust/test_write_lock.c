/* SPDX-License-Identifier: Apache-2.0 */
/* The turn to write: waited for until the deadline, not longer, and passed on by the dead. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "lib/backend/backend.h"
#include "support.h"

static const char *uri;
static struct signal_pipe ready;

/* Holds the turn until it is killed. */
static void hold_turn(void *context)
{
    (void)context;
    struct backend_options options = {.create = false};
    struct backend *backend;
    struct backend_txn *txn;
    OK(backend_open(uri, &options, &backend));
    OK(backend->ops->begin(backend, BACKEND_WRITE, DEADLINE_NEVER, &txn));
    struct row row = {.ver = 1};
    OK(backend->ops->row_put(backend, txn, (struct row_key){1, 1}, &row, EXPECT_ABSENT));
    pipe_tell(&ready);
    for (;;)
        (void)pause();
}

static struct opened opened;
static pid_t holder;

static void make_store(void)
{
    uri = store_uri("store", "");
    opened = open_share(uri);
    OK(put_number(opened.share, 1, 1));
    ready = pipe_new();
    holder = start_child(hold_turn, NULL);
    pipe_wait(&ready);
}

static void end(void)
{
    close_share(&opened);
}

TestSuite(write_lock, .init = make_store, .fini = end);

static rrsmb_status put_within(uint32_t deadline_ms)
{
    struct sd sd = sd_number(2);
    rrsmb_file_id id = file_id(opened.share, 2);
    rrsmb_put_options options = {.size = sizeof options, .deadline_ms = deadline_ms};
    return rrsmb_store_put(opened.share, &id, sd.bytes, sd.length, &options, NULL);
}

static void stop_holder(void)
{
    MUST(kill(holder, SIGSTOP) == 0, "stopping the holder");
    MUST(waitpid(holder, NULL, WUNTRACED) == holder, "it did not stop");
}

/* Generous above, for a busy machine; strict below. */
static void expect_waited(int64_t began, int64_t least)
{
    int64_t waited = now_ms() - began;
    MUST(waited >= least && waited < least + 5000, "waited %jd ms instead of %jd", (intmax_t)waited,
         (intmax_t)least);
}

Test(write_lock, a_stopped_holder_lets_the_deadline_pass)
{
    stop_holder();
    int64_t began = now_ms();
    FAILS(put_within(300), RRSMB_TIMED_OUT, "turn to write");
    expect_waited(began, 300);
    MUST(rrsmb_error_last()->retryable, "it may succeed later");
    kill_child(holder);
}

Test(write_lock, no_wait_does_not_wait)
{
    stop_holder();
    int64_t began = now_ms();
    for (int i = 0; i < 100; i++)
        FAILS(put_within(RRSMB_NO_WAIT), RRSMB_TIMED_OUT, "turn to write");
    expect_waited(began, 0);
    kill_child(holder);
}

Test(write_lock, remove_and_put_many_keep_the_deadline)
{
    stop_holder();
    struct sd sd = sd_number(2);
    rrsmb_file_id id = file_id(opened.share, 1);
    rrsmb_put_item item = {id, sd.bytes, sd.length};
    rrsmb_put_options options = {.size = sizeof options, .deadline_ms = 100};
    int64_t began = now_ms();
    FAILS(rrsmb_store_remove(opened.share, &id, &options), RRSMB_TIMED_OUT, "turn to write");
    FAILS(rrsmb_store_put_many(opened.share, &item, 1, &options, NULL), RRSMB_TIMED_OUT,
          "turn to write");
    expect_waited(began, 200);
    kill_child(holder);
}

/* Calls without a deadline of their own keep the store's. */
Test(write_lock, opening_a_new_share_and_renaming_keep_the_deadline_of_the_store)
{
    stop_holder();
    rrsmb_store_options options = {.size = sizeof options, .deadline_ms = 100};
    rrsmb_store *store;
    rrsmb_share *share;
    OK(rrsmb_store_open(uri, &options, &store));
    int64_t began = now_ms();
    FAILS(rrsmb_share_open(store, "new", NULL, &share), RRSMB_TIMED_OUT, "turn to write");
    FAILS(rrsmb_share_rename(store, "share", "other"), RRSMB_TIMED_OUT, "turn to write");
    FAILS(rrsmb_share_remove(store, "share", NULL, NULL, NULL), RRSMB_TIMED_OUT, "turn to write");
    expect_waited(began, 300);
    rrsmb_store_close(store);
    kill_child(holder);
}

Test(write_lock, readers_do_not_wait)
{
    stop_holder();
    int64_t began = now_ms();
    expect_number(opened.share, 1, 1);
    expect_clean(opened.store);
    rrsmb_stat stat = {.size = sizeof stat};
    OK(rrsmb_store_stat(opened.store, &stat));
    struct opened again = open_share(uri);
    expect_number(again.share, 1, 1);
    close_share(&again);
    expect_waited(began, 0);
    kill_child(holder);
}

static void open_and_read(void *context)
{
    (void)context;
    struct opened mine = open_share(uri);
    expect_number(mine.share, 1, 1);
    close_share(&mine);
}

Test(write_lock, another_process_opens_and_reads_meanwhile)
{
    stop_holder();
    expect_success(start_child(open_and_read, NULL));
    kill_child(holder);
}

Test(write_lock, a_killed_holder_passes_it_on_at_once_and_its_change_is_gone)
{
    kill_child(holder);
    OK(put_within(RRSMB_NO_WAIT));
    expect_number(opened.share, 2, 2);
    expect_clean(opened.store);
}

Test(write_lock, a_waiting_writer_gets_the_turn_when_the_holder_is_killed)
{
    struct signal_pipe began = pipe_new();
    pid_t killer = fork();
    if (killer == 0) {
        pipe_wait(&began);
        (void)kill(holder, SIGKILL);
        _exit(0);
    }
    pipe_tell(&began);
    OK(put_within(TIME_LIMIT_MS));
    expect_success(killer);
    kill_child(holder);
}

static atomic_bool done;

static void *write_without_pause(void *context)
{
    (void)context;
    for (uint64_t i = 0; !atomic_load(&done); i++)
        OK(put_number(opened.share, 7, i));
    return NULL;
}

static void write_now_and_then(void *context)
{
    struct opened mine = open_share(context);
    struct sd sd = sd_number(2);
    rrsmb_file_id id = file_id(mine.share, 2);
    rrsmb_put_options options = {.size = sizeof options, .deadline_ms = 5000};
    for (uint64_t i = 0; i < 50; i++)
        OK(rrsmb_store_put(mine.share, &id, sd.bytes, sd.length, &options, NULL));
    close_share(&mine);
}

Test(write_lock, a_writer_without_a_pause_does_not_keep_others_waiting)
{
    kill_child(holder);
    pid_t other = start_child(write_now_and_then, (void *)(uintptr_t)uri);
    pthread_t writer;
    MUST(pthread_create(&writer, NULL, write_without_pause, NULL) == 0, "a thread");
    expect_success(other);
    atomic_store(&done, true);
    MUST(pthread_join(writer, NULL) == 0, "a thread");
}
