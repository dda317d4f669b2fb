/* SPDX-License-Identifier: Apache-2.0 */
/* One row as a counter that many threads, handles and processes raise, each time on the condition
 * that it still has the version that was read: none of the increments is lost, and whoever reads
 * sees whole descriptors only, never an older one after a newer. Also for ThreadSanitizer. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

#define THREADS 8
#define READERS 2
#define INODE 1

struct team {
    struct opened opened[2]; /* may be the same handle twice */
    unsigned rounds;
    atomic_bool done;
};

/* Descriptors of one to sixty entries, so that parts of two would show. */
static uint8_t *descriptor(uint64_t number, size_t *length)
{
    return sd_large(number, 1 + (unsigned)(number % 60), length);
}

static uint64_t read_counter(rrsmb_share *share, uint64_t *ver)
{
    uint8_t bytes[8192];
    char text[16384];
    size_t length;
    size_t text_length;
    rrsmb_row_info info = {.size = sizeof info};
    rrsmb_file_id id = file_id(share, INODE);
    OK(rrsmb_store_get(share, &id, bytes, sizeof bytes, &length, &info));
    OK(rrsmb_sd_to_sddl(bytes, length, text, sizeof text, &text_length));
    const char *before = "O:S-1-5-21-1-2-";
    MUST(strncmp(text, before, strlen(before)) == 0, "not one of ours: %s", text);
    uint64_t number = strtoull(text + strlen(before), NULL, 10);
    size_t whole_length;
    uint8_t *whole = descriptor(number, &whole_length);
    MUST(length == whole_length && memcmp(bytes, whole, length) == 0,
         "a descriptor in parts at %" PRIu64, number);
    free(whole);
    *ver = info.ver;
    return number;
}

static rrsmb_status write_counter(rrsmb_share *share, uint64_t number, uint32_t flags, uint64_t ver)
{
    size_t length;
    uint8_t *sd = descriptor(number, &length);
    rrsmb_file_id id = file_id(share, INODE);
    rrsmb_put_options options = {.size = sizeof options, .flags = flags, .if_ver = ver};
    rrsmb_status status = rrsmb_store_put(share, &id, sd, length, &options, NULL);
    free(sd);
    return status;
}

static void raise_counter(rrsmb_share *share, unsigned rounds)
{
    while (rounds > 0) {
        uint64_t ver;
        uint64_t number = read_counter(share, &ver);
        rrsmb_status status = write_counter(share, number + 1, RRSMB_PUT_IF_VER, ver);
        MUST(status == RRSMB_OK || status == RRSMB_CONFLICT, "%s: %s", rrsmb_status_name(status),
             rrsmb_error_last()->message);
        rounds -= status == RRSMB_OK;
    }
}

struct member {
    struct team *team;
    rrsmb_share *share;
    pthread_t thread;
};

static void *raise_in_thread(void *context)
{
    struct member *member = context;
    raise_counter(member->share, member->team->rounds);
    return NULL;
}

static void *read_in_thread(void *context)
{
    struct member *member = context;
    uint64_t before = 0;
    uint64_t ver;
    do {
        uint64_t number = read_counter(member->share, &ver);
        MUST(number >= before, "%" PRIu64 " after %" PRIu64, number, before);
        before = number;
    } while (!atomic_load(&member->team->done));
    return NULL;
}

static void run_team(struct team *team)
{
    struct member members[THREADS + READERS];
    for (size_t i = 0; i < THREADS + READERS; i++) {
        members[i] = (struct member){.team = team, .share = team->opened[i % 2].share};
        MUST(pthread_create(&members[i].thread, NULL,
                            i < THREADS ? raise_in_thread : read_in_thread, &members[i]) == 0,
             "starting a thread");
    }
    for (size_t i = 0; i < THREADS; i++)
        MUST(pthread_join(members[i].thread, NULL) == 0, "joining a thread");
    atomic_store(&team->done, true);
    for (size_t i = THREADS; i < THREADS + READERS; i++)
        MUST(pthread_join(members[i].thread, NULL) == 0, "joining a thread");
}

static void expect_counter(struct opened *opened, uint64_t expected, const char *who)
{
    uint64_t ver;
    uint64_t number = read_counter(opened->share, &ver);
    MUST(number == expected, "%s: %" PRIu64 " instead of %" PRIu64, who, number, expected);
    expect_clean(opened->store);
    (void)printf("%s: %" PRIu64 " increments, none lost\n", who, number);
}

static void threads_over_one_handle(const char *uri, unsigned rounds)
{
    struct team team = {.rounds = rounds};
    team.opened[0] = team.opened[1] = open_share(uri);
    OK(write_counter(team.opened[0].share, 0, RRSMB_PUT_IF_ABSENT, 0));
    run_team(&team);
    expect_counter(&team.opened[0], (uint64_t)THREADS * rounds, uri);
    close_share(&team.opened[0]);
}

static void threads_over_two_handles(const char *uri, unsigned rounds)
{
    struct team team = {.rounds = rounds};
    team.opened[0] = open_share(uri);
    team.opened[1] = open_share(uri);
    OK(write_counter(team.opened[0].share, 0, RRSMB_PUT_IF_ABSENT, 0));
    run_team(&team);
    close_share(&team.opened[0]);
    expect_counter(&team.opened[1], (uint64_t)THREADS * rounds, "two handles");
    close_share(&team.opened[1]);
}

struct process {
    const char *uri;
    unsigned rounds;
};

static void be_process(void *context)
{
    struct process *process = context;
    struct team team = {.rounds = process->rounds};
    team.opened[0] = team.opened[1] = open_share(process->uri);
    run_team(&team);
    close_share(&team.opened[0]);
}

static void three_processes(const char *uri, unsigned rounds)
{
    struct process process = {uri, rounds};
    struct opened opened = open_share(uri);
    OK(write_counter(opened.share, 0, RRSMB_PUT_IF_ABSENT, 0));
    close_share(&opened);
    pid_t children[3];
    for (size_t i = 0; i < 3; i++)
        children[i] = start_child(be_process, &process);
    for (size_t i = 0; i < 3; i++)
        expect_success(children[i]);
    opened = open_share(uri);
    expect_counter(&opened, (uint64_t)3 * THREADS * rounds, "three processes");
    close_share(&opened);
}

int main(void)
{
    unsigned rounds = soak_count(40, 4000);
    three_processes(store_uri("processes", "?sync=none"), rounds / 2);
    threads_over_one_handle("memory:", rounds);
    threads_over_one_handle(store_uri("one", "?sync=none"), rounds);
    threads_over_two_handles(store_uri("two", "?sync=none"), rounds);
    return 0;
}
