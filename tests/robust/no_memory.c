/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of every call fails once: the call says so, loses nothing, leaves nothing
 * behind, and then succeeds when it is asked again. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "failmalloc.h"
#include "support.h"

#define LARGE_ENTRIES 100

/* What each operation finds. */
struct world {
    struct opened opened;
    rrsmb_acl *acl;
    char folder[256]; /* with a tree of two files, one of two names */
    char uri[300];
    uint8_t *large; /* a descriptor that outgrows small buffers */
    size_t large_length;
};

struct operation {
    const char *name;
    rrsmb_status (*run)(struct world *world);
    void (*expect_done)(struct world *world); /* NULL: changes nothing */
    bool keeps_part;                          /* a failure may leave a part of the work done */
    /* How many failures do no harm: libc reads the list of mounts without a buffer then, and the
     * LMDB backend inserts a row without knowing that it is the last. */
    unsigned harmless;
};

/* -- callbacks that allocate nothing ---------------------------------------------------------- */

static char exported[1 << 17];
static size_t exported_length;
static size_t imported_length;
static unsigned seen;

static int collect(void *context, const void *data, size_t length)
{
    (void)context;
    MUST(exported_length + length <= sizeof exported, "the export is too long");
    memcpy(exported + exported_length, data, length);
    exported_length += length;
    return 0;
}

static int feed(void *context, void *data, size_t capacity, size_t *length)
{
    (void)context;
    size_t left = exported_length - imported_length;
    *length = left < capacity ? left : capacity;
    memcpy(data, exported + imported_length, *length);
    imported_length += *length;
    return 0;
}

static int count_result(void *context, size_t index, const rrsmb_get_result *result)
{
    (void)context;
    MUST(result->status == (index < 4 ? RRSMB_OK : RRSMB_NOT_FOUND), "row %zu: %s", index,
         rrsmb_status_name(result->status));
    seen++;
    return 0;
}

static int count_share(void *context, const rrsmb_share_info *info)
{
    (void)context;
    (void)info;
    seen++;
    return 0;
}

/* -- operations ------------------------------------------------------------------------------ */

static rrsmb_status get(struct world *world)
{
    static uint8_t bytes[RRSMB_SD_SIZE_MAX];
    size_t length;
    rrsmb_file_id id = file_id(world->opened.share, 4);
    rrsmb_status status =
        rrsmb_acl_get(world->acl, world->opened.share, &id, bytes, sizeof bytes, &length, NULL);
    MUST(status != RRSMB_OK ||
             (length == world->large_length && memcmp(bytes, world->large, length) == 0),
         "another descriptor");
    return status;
}

static rrsmb_status get_many(struct world *world)
{
    rrsmb_file_id ids[5];
    for (uint64_t i = 0; i < 5; i++)
        ids[i] = file_id(world->opened.share, i + 1);
    seen = 0;
    rrsmb_status status = rrsmb_store_get_many(world->opened.share, ids, 5, count_result, NULL);
    MUST(seen == (status == RRSMB_OK ? 5 : 0), "%u results", seen);
    return status;
}

static rrsmb_status put_new(struct world *world)
{
    return put_number(world->opened.share, 9, 99);
}

static void expect_new(struct world *world)
{
    expect_number(world->opened.share, 9, 99);
}

static rrsmb_status put_over(struct world *world)
{
    return put_number(world->opened.share, 2, 1);
}

static void expect_over(struct world *world)
{
    expect_number(world->opened.share, 2, 1);
}

static rrsmb_status put_many(struct world *world)
{
    struct sd sd = sd_number(7);
    rrsmb_put_item items[3] = {{file_id(world->opened.share, 1), sd.bytes, sd.length},
                               {file_id(world->opened.share, 9), world->large, world->large_length},
                               {file_id(world->opened.share, 10), sd.bytes, sd.length}};
    return rrsmb_store_put_many(world->opened.share, items, 3, NULL, NULL);
}

static void expect_many(struct world *world)
{
    expect_number(world->opened.share, 1, 7);
    expect_number(world->opened.share, 10, 7);
    MUST(get_status(world->opened.share, 9) == RRSMB_OK, "row 9");
}

static rrsmb_status merge(struct world *world)
{
    struct sd sd = sd_number(5);
    rrsmb_file_id id = file_id(world->opened.share, 2);
    return rrsmb_acl_set(world->acl, world->opened.share, &id, RRSMB_SD_OWNER, sd.bytes, sd.length,
                         NULL, NULL);
}

static void expect_merged(struct world *world)
{
    expect_number(world->opened.share, 2, 5);
}

static rrsmb_status remove_row(struct world *world)
{
    rrsmb_file_id id = file_id(world->opened.share, 2);
    return rrsmb_store_remove(world->opened.share, &id, NULL);
}

static void expect_removed(struct world *world)
{
    MUST(get_status(world->opened.share, 2) == RRSMB_NOT_FOUND, "row 2 is there");
}

static rrsmb_status rename_share(struct world *world)
{
    return rrsmb_share_rename(world->opened.store, "spare", "other");
}

static rrsmb_status open_share_named(struct world *world, const char *name, const char *path,
                                     uint32_t flags)
{
    rrsmb_share_options options = {.size = sizeof options, .path = path, .flags = flags};
    rrsmb_share *share;
    rrsmb_status status = rrsmb_share_open(world->opened.store, name, &options, &share);
    if (status == RRSMB_OK)
        rrsmb_share_close(share);
    return status;
}

static void expect_renamed(struct world *world)
{
    OK(open_share_named(world, "other", NULL, RRSMB_SHARE_NO_CREATE));
    MUST(open_share_named(world, "spare", NULL, RRSMB_SHARE_NO_CREATE) == RRSMB_NOT_FOUND, "spare");
}

static rrsmb_status remove_share(struct world *world)
{
    return rrsmb_share_remove(world->opened.store, "spare", NULL, NULL, NULL);
}

static void expect_no_spare(struct world *world)
{
    MUST(open_share_named(world, "spare", NULL, RRSMB_SHARE_NO_CREATE) == RRSMB_NOT_FOUND, "spare");
}

static rrsmb_status open_known_share(struct world *world)
{
    return open_share_named(world, "tree", world->folder, 0);
}

static rrsmb_status create_share(struct world *world)
{
    return open_share_named(world, "new", world->folder, 0);
}

static void expect_new_share(struct world *world)
{
    OK(open_share_named(world, "new", world->folder, RRSMB_SHARE_NO_CREATE));
}

static rrsmb_status list_shares(struct world *world)
{
    seen = 0;
    rrsmb_status status = rrsmb_share_list(world->opened.store, count_share, NULL);
    MUST(seen == (status == RRSMB_OK ? 3 : 0), "%u shares", seen);
    return status;
}

static rrsmb_status walk(struct world *world)
{
    rrsmb_cursor *cursor;
    rrsmb_row rows[8];
    char token[RRSMB_CURSOR_TOKEN_SIZE];
    size_t count = 0;
    rrsmb_status status = rrsmb_cursor_open(world->opened.share, NULL, &cursor);
    if (status != RRSMB_OK)
        return status;
    status = rrsmb_cursor_next(cursor, rows, 8, &count);
    if (status == RRSMB_OK)
        status = rrsmb_cursor_token(cursor, token);
    rrsmb_cursor_close(cursor);
    MUST(status != RRSMB_OK || count == 4, "%zu rows", count);
    return status;
}

static rrsmb_status sum_up(struct world *world)
{
    rrsmb_stat stat = {.size = sizeof stat};
    rrsmb_status status = rrsmb_store_stat(world->opened.store, &stat);
    MUST(status != RRSMB_OK || (stat.shares == 3 && stat.descriptors == 3), "another sum");
    return status;
}

static rrsmb_status check(struct world *world)
{
    rrsmb_check_options options = {.size = sizeof options, .flags = RRSMB_CHECK_REPAIR};
    rrsmb_check_result result = {.size = sizeof result};
    rrsmb_status status = rrsmb_store_check(world->opened.store, &options, &result);
    MUST(result.problems == 0, "problems that are none");
    return status;
}

static rrsmb_status export_share(struct world *world)
{
    exported_length = 0;
    return rrsmb_store_export(world->opened.share, collect, NULL, NULL, NULL);
}

static rrsmb_status export_tree(struct world *world)
{
    rrsmb_export_options options = {.size = sizeof options, .root = world->folder};
    rrsmb_export_result result = {.size = sizeof result};
    rrsmb_share_options tree = {.size = sizeof tree, .path = world->folder};
    rrsmb_share *share;
    rrsmb_status status = rrsmb_share_open(world->opened.store, "tree", &tree, &share);
    if (status != RRSMB_OK)
        return status;
    exported_length = 0;
    status = rrsmb_store_export(share, collect, NULL, &options, &result);
    rrsmb_share_close(share);
    MUST(status != RRSMB_OK || (result.rows == 3 && result.failed == 0 && result.unmatched == 0),
         "%zu rows", (size_t)result.rows);
    return status;
}

static rrsmb_status import_from(struct world *world, const char *name, const char *root)
{
    rrsmb_import_options options = {.size = sizeof options, .root = root};
    rrsmb_import_result result = {.size = sizeof result};
    imported_length = 0;
    rrsmb_status status =
        rrsmb_store_import(world->opened.store, name, feed, NULL, &options, &result);
    MUST(status != RRSMB_OK || (result.rows == (root == NULL ? 4 : 3) && result.missing == 0),
         "%zu rows, %zu missing", (size_t)result.rows, (size_t)result.missing);
    return status;
}

static rrsmb_status import_share(struct world *world)
{
    return import_from(world, "copy", NULL);
}

static rrsmb_status import_tree(struct world *world)
{
    return import_from(world, "copy", world->folder);
}

static void expect_copy(struct world *world)
{
    OK(open_share_named(world, "copy", NULL, RRSMB_SHARE_NO_CREATE));
}

static rrsmb_status open_front(struct world *world)
{
    rrsmb_acl *acl;
    rrsmb_status status = rrsmb_acl_open(world->opened.store, NULL, &acl);
    if (status == RRSMB_OK)
        rrsmb_acl_close(acl);
    return status;
}

static rrsmb_status open_store(struct world *world, const char *name)
{
    char uri[300] = "memory:";
    if (world->uri[0] == 'l')
        (void)snprintf(uri, sizeof uri, "lmdb://%s/%s?sync=none", world->folder, name);
    rrsmb_store *store;
    rrsmb_status status = rrsmb_store_open(uri, NULL, &store);
    if (status == RRSMB_OK)
        rrsmb_store_close(store);
    return status;
}

static rrsmb_status create_store(struct world *world)
{
    return open_store(world, "new");
}

static rrsmb_status open_known_store(struct world *world)
{
    return open_store(world, "known");
}

static const struct operation operations[] = {
    {"get", get, NULL, false, 0},
    {"get_many", get_many, NULL, false, 0},
    {"put of a new descriptor", put_new, expect_new, false, 1},
    {"put of a known descriptor", put_over, expect_over, false, 1},
    {"put_many", put_many, expect_many, false, 1},
    {"set of parts", merge, expect_merged, false, 1},
    {"remove", remove_row, expect_removed, false, 0},
    {"share_rename", rename_share, expect_renamed, false, 0},
    {"share_remove", remove_share, expect_no_spare, true, 0},
    {"share_open", open_known_share, NULL, false, 1},
    {"share_open of a new one", create_share, expect_new_share, true, 1},
    {"share_list", list_shares, NULL, false, 0},
    {"cursor", walk, NULL, false, 0},
    {"stat", sum_up, NULL, false, 0},
    {"check", check, NULL, false, 0},
    {"export", export_share, NULL, false, 0},
    {"export of a tree", export_tree, NULL, false, 1},
    {"import", import_share, expect_copy, true, 1},
    {"import of a tree", import_tree, expect_copy, true, 2},
    {"acl_open", open_front, NULL, false, 0},
    {"store_open of a new one", create_store, NULL, false, 0},
    {"store_open", open_known_store, NULL, false, 0},
};

/* -- worlds ---------------------------------------------------------------------------------- */

static void make_file(const char *folder, const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    MUST(fd >= 0 && close(fd) == 0, "%s: %s", path, strerror(errno));
}

static void fill_tree(struct world *world)
{
    rrsmb_share_options options = {.size = sizeof options, .path = world->folder};
    rrsmb_share *share;
    char one[300];
    char two[300];
    make_file(world->folder, "one");
    make_file(world->folder, "two");
    (void)snprintf(one, sizeof one, "%s/one", world->folder);
    (void)snprintf(two, sizeof two, "%s/name", world->folder);
    MUST(link(one, two) == 0, "link: %s", strerror(errno));
    OK(rrsmb_share_open(world->opened.store, "tree", &options, &share));
    const char *names[] = {"one", "two"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(one, sizeof one, "%s/%s", world->folder, names[i]);
        int fd = open(one, O_PATH | O_CLOEXEC);
        rrsmb_file_id id;
        OK(rrsmb_file_id_from_fd(share, fd, &id));
        OK(rrsmb_store_put(share, &id, world->large, world->large_length, NULL, NULL));
        (void)close(fd);
    }
    rrsmb_share_close(share);
}

static struct world world_new(bool lmdb, const struct operation *operation)
{
    static unsigned made;
    struct world world = {0};
    (void)snprintf(world.folder, sizeof world.folder, "%s/%u", scratch(), made++);
    MUST(mkdir(world.folder, 0700) == 0, "%s: %s", world.folder, strerror(errno));
    (void)snprintf(world.uri, sizeof world.uri, "memory:");
    if (lmdb)
        (void)snprintf(world.uri, sizeof world.uri, "lmdb://%s/store?sync=none", world.folder);
    world.large = sd_large(1, LARGE_ENTRIES, &world.large_length);
    world.opened = open_share(world.uri);
    OK(put_number(world.opened.share, 1, 1));
    OK(put_number(world.opened.share, 2, 2));
    OK(put_number(world.opened.share, 3, 1));
    rrsmb_file_id id = file_id(world.opened.share, 4);
    OK(rrsmb_store_put(world.opened.share, &id, world.large, world.large_length, NULL, NULL));
    OK(open_share_named(&world, "spare", NULL, 0));
    fill_tree(&world);
    OK(rrsmb_acl_open(world.opened.store, NULL, &world.acl));
    if (operation->run == open_known_store)
        OK(open_known_store(&world));
    if (operation->run == import_share)
        OK(export_share(&world));
    if (operation->run == import_tree)
        OK(export_tree(&world));
    if (!lmdb)
        return world;
    /* With new handles, which have nothing allocated yet. */
    rrsmb_acl_close(world.acl);
    close_share(&world.opened);
    world.opened = open_share(world.uri);
    OK(rrsmb_acl_open(world.opened.store, NULL, &world.acl));
    return world;
}

static int remove_entry(const char *path, const struct stat *file, int type, struct FTW *found)
{
    (void)file;
    (void)type;
    (void)found;
    return remove(path);
}

static void world_free(struct world *world)
{
    rrsmb_acl_close(world->acl);
    close_share(&world->opened);
    free(world->large);
    MUST(nftw(world->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, "removing %s: %s",
         world->folder, strerror(errno));
}

static void expect_untouched(struct world *world)
{
    expect_number(world->opened.share, 1, 1);
    expect_number(world->opened.share, 2, 2);
    expect_number(world->opened.share, 3, 1);
    MUST(get_status(world->opened.share, 9) == RRSMB_NOT_FOUND, "row 9 is there");
    OK(get(world));
    OK(list_shares(world));
    OK(sum_up(world));
}

/* -- the test -------------------------------------------------------------------------------- */

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static unsigned harmless;

/* False: there is no allocation of this number. */
static bool try_failure(bool lmdb, const struct operation *operation, unsigned long number)
{
    struct world world = world_new(lmdb, operation);
    failmalloc_arm(number);
    rrsmb_status status = operation->run(&world);
    bool failed = failmalloc_disarm();
    if (failed && status == RRSMB_OK && harmless++ < operation->harmless)
        (void)printf("%s: allocation %lu may fail\n", operation->name, number);
    else
        MUST(status == (failed ? RRSMB_NO_MEMORY : RRSMB_OK), "%s, allocation %lu: %s: %s",
             operation->name, number, rrsmb_status_name(status),
             status == RRSMB_OK ? "" : rrsmb_error_last()->message);
    if (status != RRSMB_OK) {
        MUST(strlen(rrsmb_error_last()->message) > 10, "no message");
        if (!operation->keeps_part)
            expect_untouched(&world);
        expect_clean(world.opened.store);
        OK(operation->run(&world));
    }
    expect_clean(world.opened.store);
    if (operation->expect_done != NULL)
        operation->expect_done(&world);
    else
        expect_untouched(&world);
    world_free(&world);
    return failed;
}

static unsigned long fail_each(bool lmdb, const struct operation *operation)
{
    /* What is allocated once for the whole process is allocated by a first run. */
    (void)try_failure(lmdb, operation, 0);
    long live = failmalloc_live();
    unsigned descriptors = open_descriptors();
    unsigned long number = 1;
    harmless = 0;
    for (; try_failure(lmdb, operation, number); number++) {
        MUST(failmalloc_live() == live, "%s, allocation %lu: %ld blocks leaked", operation->name,
             number, failmalloc_live() - live);
        MUST(open_descriptors() == descriptors, "%s, allocation %lu: a descriptor leaked",
             operation->name, number);
    }
    (void)printf("%-6s %-28s %lu allocations\n", lmdb ? "lmdb" : "memory", operation->name,
                 number - 1);
    return number - 1;
}

int main(void)
{
    /* Hundreds of stores are made, and each is flushed to its disk. */
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 1);
    unsigned long failures = 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (int lmdb = 0; lmdb < 2; lmdb++)
        for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
            failures += fail_each(lmdb != 0, &operations[i]);
    MUST(failures > 100, "only %lu allocations", failures);
    (void)printf("%lu allocations failed\n", failures);
    return 0;
}
