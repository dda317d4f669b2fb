/* SPDX-License-Identifier: Apache-2.0 */
/* Writers killed at any instruction: every acknowledged write is there, no other harm is done.
 *
 * Four processes write and remove rows of their own, and note in a file each change before they
 * ask for it and again when it is acknowledged. They are killed at random moments. After each batch
 * the store must open, be clean, give the next writer its turn at once, and hold for each row what
 * was acknowledged last, or what was asked for after that. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include "support.h"

#define WRITERS 4
#define ROWS 64u /* of each writer */
#define NO_ROW 0u

struct note {
    uint32_t acknowledged; /* 0: asked for */
    uint32_t row;
    uint64_t number; /* NO_ROW: removed */
};

struct writer {
    pid_t pid;
    unsigned index;
    uint64_t seed;
    int notes;
    uint64_t state[ROWS]; /* what must be there */
};

static const char *uri;

static void note_down(int fd, struct note note)
{
    MUST(write(fd, &note, sizeof note) == sizeof note, "noting: %s", strerror(errno));
}

static uint64_t inode_of(const struct writer *writer, uint32_t row)
{
    return (uint64_t)row * WRITERS + writer->index + 1;
}

static rrsmb_status change(rrsmb_share *share, uint64_t inode, uint64_t number)
{
    if (number != NO_ROW)
        return put_number(share, inode, number);
    rrsmb_file_id id = file_id(share, inode);
    rrsmb_status status = rrsmb_store_remove(share, &id, NULL);
    return status == RRSMB_NOT_FOUND ? RRSMB_OK : status;
}

static void write_until_killed(void *context)
{
    struct writer *writer = context;
    struct opened opened = open_share(uri);
    for (;;) {
        struct note note = {.row = (uint32_t)(random_next(&writer->seed) % ROWS),
                            /* Few, so that descriptors are shared and leave with their last row. */
                            .number = random_next(&writer->seed) % 40};
        note_down(writer->notes, note);
        OK(change(opened.share, inode_of(writer, note.row), note.number));
        note.acknowledged = 1;
        note_down(writer->notes, note);
    }
}

/* Reads what the writer noted, and compares. */
static uint64_t settle(rrsmb_share *share, struct writer *writer)
{
    struct note note;
    struct note asked = {.acknowledged = 1};
    uint64_t acknowledged = 0;
    MUST(lseek(writer->notes, 0, SEEK_SET) == 0, "lseek");
    while (read(writer->notes, &note, sizeof note) == sizeof note) {
        if (note.acknowledged != 0) {
            writer->state[note.row] = note.number;
            acknowledged++;
        }
        asked = note;
    }
    MUST(ftruncate(writer->notes, 0) == 0, "ftruncate");

    for (uint32_t row = 0; row < ROWS; row++) {
        int64_t got = get_number(share, inode_of(writer, row));
        uint64_t number = got < 0 ? NO_ROW : (uint64_t)got;
        bool in_flight = asked.acknowledged == 0 && asked.row == row && asked.number == number;
        MUST(number == writer->state[row] || in_flight,
             "writer %u, row %u: %" PRIu64 " instead of %" PRIu64, writer->index, row, number,
             writer->state[row]);
        writer->state[row] = number;
    }
    return acknowledged;
}

static uint64_t settle_all(struct writer *writers)
{
    struct opened opened = open_share(uri);
    struct sd sd = sd_number(1);
    rrsmb_file_id id = file_id(opened.share, 0);
    rrsmb_put_options at_once = {.size = sizeof at_once, .deadline_ms = RRSMB_NO_WAIT};
    OK(rrsmb_store_put(opened.share, &id, sd.bytes, sd.length, &at_once, NULL));
    OK(rrsmb_store_remove(opened.share, &id, &at_once));
    expect_clean(opened.store);
    uint64_t acknowledged = 0;
    for (size_t i = 0; i < WRITERS; i++)
        acknowledged += settle(opened.share, &writers[i]);
    close_share(&opened);
    return acknowledged;
}

static void wait_for_notes(const struct writer *writer)
{
    struct stat file;
    int64_t until = now_ms() + TIME_LIMIT_MS;
    do {
        MUST(fstat(writer->notes, &file) == 0 && now_ms() < until, "the writer does not write");
        (void)sched_yield();
    } while (file.st_size < (off_t)sizeof(struct note));
}

/* The moment is what is tried out here: any will do. */
static void kill_at_random(struct writer *writers, uint64_t *seed)
{
    wait_for_notes(&writers[random_next(seed) % WRITERS]);
    struct timespec moment = {.tv_nsec = (long)(random_next(seed) % 40000000)};
    (void)nanosleep(&moment, NULL);
    size_t first = random_next(seed) % WRITERS;
    for (size_t i = 0; i < WRITERS; i++)
        kill_child(writers[(first + i) % WRITERS].pid);
}

int main(void)
{
    unsigned kills = soak_count(20, 400);
    uint64_t seed = (uint64_t)time(NULL);
    if (getenv("TEST_SEED") != NULL)
        seed = strtoull(getenv("TEST_SEED"), NULL, 10);
    (void)printf("TEST_SEED=%" PRIu64 "\n", seed);
    uri = store_uri("store", "");

    struct writer writers[WRITERS] = {0};
    for (unsigned i = 0; i < WRITERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "notes-%u", i);
        writers[i].index = i;
        writers[i].notes = open(scratch_path(name), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        MUST(writers[i].notes >= 0, "open: %s", strerror(errno));
    }
    uint64_t acknowledged = 0;
    for (unsigned killed = 0; killed < kills; killed += WRITERS) {
        for (size_t i = 0; i < WRITERS; i++) {
            writers[i].seed = random_next(&seed);
            writers[i].pid = start_child(write_until_killed, &writers[i]);
        }
        kill_at_random(writers, &seed);
        acknowledged += settle_all(writers);
    }
    MUST(acknowledged >= kills / 4, "only %" PRIu64 " writes", acknowledged);
    struct stat file;
    MUST(stat(scratch_path("store/data.mdb"), &file) == 0 && file.st_size < 1 << 20,
         "the file has grown to %jd bytes", (intmax_t)file.st_size);
    (void)printf("%u kills, %" PRIu64 " acknowledged writes, none lost; %jd bytes\n", kills,
                 acknowledged, (intmax_t)file.st_size);
    return 0;
}
