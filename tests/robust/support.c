/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char scratch_folder[PATH_MAX];
static pid_t scratch_owner;

void give_up(const char *file, int line, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, text);
    (void)fflush(stderr);
    _exit(1);
}

/* -- folders --------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file;
    (void)type;
    (void)walk;
    (void)remove(path);
    return 0;
}

static void remove_scratch(void)
{
    if (getpid() == scratch_owner)
        (void)nftw(scratch_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const char *scratch(void)
{
    if (scratch_owner != 0)
        return scratch_folder;
    const char *base = getenv("TMPDIR");
    (void)snprintf(scratch_folder, sizeof scratch_folder, "%s/rrsmb-robust-XXXXXX",
                   base != NULL ? base : "/var/tmp");
    MUST(mkdtemp(scratch_folder) != NULL, "making %s: %s", scratch_folder, strerror(errno));
    scratch_owner = getpid();
    (void)atexit(remove_scratch);
    return scratch_folder;
}

/* Strings of a test live as long as its process; kept in sight, so that they are no leaks. */
static const char *keep(char *text)
{
    static char *kept[256];
    static size_t count;
    MUST(text != NULL && count < sizeof kept / sizeof kept[0], "too many paths in one test");
    return kept[count++] = text;
}

const char *store_uri(const char *name, const char *query)
{
    char *text = NULL;
    (void)!asprintf(&text, "lmdb://%s/%s%s", scratch(), name, query);
    return keep(text);
}

const char *scratch_path(const char *name)
{
    char *text = NULL;
    (void)!asprintf(&text, "%s/%s", scratch(), name);
    return keep(text);
}

/* -- descriptors ----------------------------------------------------------------------------- */

struct sd sd_number(uint64_t number)
{
    struct sd sd;
    char text[256];
    (void)snprintf(text, sizeof text,
                   "O:S-1-5-21-%" PRIu64 "-%" PRIu64 "-77G:S-1-5-32-545D:(A;;0x1200a9;;;S-1-1-0)",
                   number >> 32, number & UINT32_MAX);
    OK(rrsmb_sd_from_sddl(text, strlen(text), NULL, sd.bytes, sizeof sd.bytes, &sd.length));
    return sd;
}

uint8_t *sd_large(uint64_t number, unsigned entries, size_t *length)
{
    size_t size = 256 + (size_t)entries * 64;
    char *text = malloc(size);
    uint8_t *sd = malloc(RRSMB_SD_SIZE_MAX);
    MUST(text != NULL && sd != NULL, "out of memory");
    int used = snprintf(text, size, "O:S-1-5-21-1-2-%" PRIu64 "G:S-1-5-32-545D:", number);
    for (unsigned i = 0; i < entries; i++)
        used += snprintf(text + used, size - (size_t)used, "(A;;0x1200a9;;;S-1-5-21-9-9-%u)", i);
    OK(rrsmb_sd_from_sddl(text, (size_t)used, NULL, sd, RRSMB_SD_SIZE_MAX, length));
    free(text);
    return sd;
}

/* -- stores ---------------------------------------------------------------------------------- */

struct opened open_share(const char *uri)
{
    struct opened opened;
    OK(rrsmb_store_open(uri, NULL, &opened.store));
    OK(rrsmb_share_open(opened.store, "share", NULL, &opened.share));
    return opened;
}

void close_share(struct opened *opened)
{
    rrsmb_share_close(opened->share);
    rrsmb_store_close(opened->store);
}

rrsmb_file_id file_id(const rrsmb_share *share, uint64_t inode)
{
    rrsmb_file_id id;
    OK(rrsmb_file_id_from_inode(share, inode, 0, &id));
    return id;
}

rrsmb_status put_number(rrsmb_share *share, uint64_t inode, uint64_t number)
{
    struct sd sd = sd_number(number);
    rrsmb_file_id id = file_id(share, inode);
    return rrsmb_store_put(share, &id, sd.bytes, sd.length, NULL, NULL);
}

void expect_number(rrsmb_share *share, uint64_t inode, uint64_t number)
{
    int64_t got = get_number(share, inode);
    MUST(got == (int64_t)number, "inode %" PRIu64 ": number %" PRId64 " instead of %" PRIu64, inode,
         got, number);
}

rrsmb_status get_status(rrsmb_share *share, uint64_t inode)
{
    static _Thread_local uint8_t bytes[RRSMB_SD_SIZE_MAX];
    size_t length;
    rrsmb_file_id id = file_id(share, inode);
    return rrsmb_store_get(share, &id, bytes, sizeof bytes, &length, NULL);
}

int64_t get_number(rrsmb_share *share, uint64_t inode)
{
    uint8_t bytes[4096];
    char text[512];
    size_t length;
    rrsmb_file_id id = file_id(share, inode);
    rrsmb_status status = rrsmb_store_get(share, &id, bytes, sizeof bytes, &length, NULL);
    if (status == RRSMB_NOT_FOUND)
        return -1;
    OK(status);
    size_t text_length;
    OK(rrsmb_sd_to_sddl(bytes, length, text, sizeof text, &text_length));
    uint64_t high;
    uint64_t low;
    MUST(sscanf(text, "O:S-1-5-21-%" SCNu64 "-%" SCNu64 "-77G:", &high, &low) == 2,
         "not one of ours: %s", text);
    /* Whole, and nothing else: byte for byte what was put. */
    struct sd put = sd_number(high << 32 | low);
    uint8_t canonical[4096];
    size_t canonical_length;
    OK(rrsmb_sd_canonicalize(put.bytes, put.length, canonical, sizeof canonical,
                             &canonical_length));
    MUST(canonical_length == length && memcmp(canonical, bytes, length) == 0,
         "inode %" PRIu64 ": a descriptor in parts", inode);
    return (int64_t)(high << 32 | low);
}

static int tell_problem(void *context, const rrsmb_problem *problem)
{
    if (*(bool *)context)
        (void)fprintf(stderr, "problem: %s\n", problem->text);
    return 0;
}

static uint64_t problems_of(rrsmb_store *store, bool loud)
{
    rrsmb_check_options options = {
        .size = sizeof options, .problem = tell_problem, .context = &loud};
    rrsmb_check_result result = {.size = sizeof result};
    OK(rrsmb_store_check(store, &options, &result));
    return result.problems;
}

uint64_t count_problems(rrsmb_store *store)
{
    return problems_of(store, false);
}

void expect_clean(rrsmb_store *store)
{
    uint64_t problems = problems_of(store, true);
    MUST(problems == 0, "the check finds %" PRIu64 " problems", problems);
}

/* -- processes ------------------------------------------------------------------------------- */

int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

pid_t start_child(child_fn fn, void *context)
{
    (void)fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        fn(context);
        _exit(0);
    }
    return child;
}

/* A child's end makes its pidfd readable: no polling. */
static bool ended_in_time(pid_t child, int *status)
{
    int fd = pidfd_open(child, 0);
    MUST(fd >= 0, "pidfd_open: %s", strerror(errno));
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&end, 1, TIME_LIMIT_MS);
    while (ready < 0 && errno == EINTR);
    (void)close(fd);
    return ready == 1 && waitpid(child, status, 0) == child;
}

void expect_success(pid_t child)
{
    int status = 0;
    if (!ended_in_time(child, &status)) {
        kill_child(child);
        give_up(__FILE__, __LINE__, "child %d did not end in time", (int)child);
    }
    MUST(status == 0, "child %d ended with 0x%x", (int)child, (unsigned)status);
}

void kill_child(pid_t child)
{
    (void)kill(child, SIGKILL);
    (void)kill(child, SIGCONT);
    MUST(waitpid(child, NULL, 0) == child, "waitpid: %s", strerror(errno));
}

struct signal_pipe pipe_new(void)
{
    struct signal_pipe made;
    MUST(pipe2(made.fds, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
    return made;
}

void pipe_tell(const struct signal_pipe *signal_pipe)
{
    MUST(write(signal_pipe->fds[1], "x", 1) == 1, "telling another process: %s", strerror(errno));
}

void pipe_wait(const struct signal_pipe *signal_pipe)
{
    char byte;
    struct pollfd ready = {.fd = signal_pipe->fds[0], .events = POLLIN};
    int polled;
    do
        polled = poll(&ready, 1, TIME_LIMIT_MS);
    while (polled < 0 && errno == EINTR);
    MUST(polled == 1 && read(signal_pipe->fds[0], &byte, 1) == 1,
         "another process did not answer in time");
}

unsigned soak_count(unsigned short_count, unsigned long_count)
{
    return getenv("TEST_SOAK") != NULL ? long_count : short_count;
}

uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}
