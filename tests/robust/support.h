/* SPDX-License-Identifier: Apache-2.0 */
/* What the robustness tests share. Usable in test processes and in the children that they fork:
 * a failed expectation tells where and ends the process at once. */
#ifndef RRSMB_TESTS_ROBUST_SUPPORT_H
#define RRSMB_TESTS_ROBUST_SUPPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <rrsmb/rrsmb.h>

/** The line, what was expected, and why; then the end of this process. */
__attribute__((noreturn, format(printf, 3, 4))) void give_up(const char *file, int line,
                                                             const char *format, ...);

#define MUST(condition, ...)                          \
    do {                                              \
        if (!(condition))                             \
            give_up(__FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/** A call that must give RRSMB_OK. */
#define OK(call)                                                                         \
    do {                                                                                 \
        rrsmb_status ok_status_ = (call);                                                \
        MUST(ok_status_ == RRSMB_OK, "%s: %s: %s", #call, rrsmb_status_name(ok_status_), \
             rrsmb_error_last()->message);                                               \
    } while (0)

/** A call that must fail with a status and, in its message, a text. */
#define FAILS(call, wanted, text)                                                            \
    do {                                                                                     \
        rrsmb_status fails_status_ = (call);                                                 \
        MUST(fails_status_ == (wanted), "%s: %s instead of %s: %s", #call,                   \
             rrsmb_status_name(fails_status_), #wanted, rrsmb_error_last()->message);        \
        MUST(strstr(rrsmb_error_last()->message, (text)) != NULL, "%s: '%s' is not in '%s'", \
             #call, (text), rrsmb_error_last()->message);                                    \
    } while (0)

/** A folder of this test's own, under TMPDIR; goes at the end of the process that asked. */
const char *scratch(void);
/** `lmdb://SCRATCH/NAME` with a query ("" or "?..."); a new string each time, never freed. */
const char *store_uri(const char *name, const char *query);
/** SCRATCH/NAME, likewise. */
const char *scratch_path(const char *name);

/** One of endlessly many small descriptors, all different. */
struct sd {
    uint8_t bytes[4096];
    size_t length;
};
struct sd sd_number(uint64_t number);
/** A descriptor of that many entries, to be freed. */
uint8_t *sd_large(uint64_t number, unsigned entries, size_t *length);

/** A store and one share, kind `none` unless told. */
struct opened {
    rrsmb_store *store;
    rrsmb_share *share;
};
struct opened open_share(const char *uri);
void close_share(struct opened *opened);

rrsmb_file_id file_id(const rrsmb_share *share, uint64_t inode);
rrsmb_status put_number(rrsmb_share *share, uint64_t inode, uint64_t number);
/** The row has this number's descriptor. */
void expect_number(rrsmb_share *share, uint64_t inode, uint64_t number);
/** get into a large buffer: the status alone. */
rrsmb_status get_status(rrsmb_share *share, uint64_t inode);
/** get: the number of the descriptor, whole; -1: no row. */
int64_t get_number(rrsmb_share *share, uint64_t inode);

/** rrsmb_store_check() finds nothing. */
void expect_clean(rrsmb_store *store);
/** How many problems it finds. */
uint64_t count_problems(rrsmb_store *store);

/** Fork a child that runs a function and exits with 0. */
typedef void (*child_fn)(void *context);
pid_t start_child(child_fn fn, void *context);
/** The child ends with 0 within the time limit; else it is killed, and so is the test. */
void expect_success(pid_t child);
/** Kill and reap. */
void kill_child(pid_t child);

/** A byte through a pipe, to wait for another process; with the time limit. */
struct signal_pipe {
    int fds[2];
};
struct signal_pipe pipe_new(void);
void pipe_tell(const struct signal_pipe *signal_pipe);
void pipe_wait(const struct signal_pipe *signal_pipe);

/** Milliseconds of CLOCK_MONOTONIC. */
int64_t now_ms(void);

/** Longest wait for another process or thread before a test fails. Sanitizers are slow. */
#define TIME_LIMIT_MS 60000

/** `short_count`, or `long_count` where TEST_SOAK is set. */
unsigned soak_count(unsigned short_count, unsigned long_count);

/** Repeatable random numbers (splitmix64). */
uint64_t random_next(uint64_t *state);

#endif
