/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a row belongs to, on real file systems: the one that TMPDIR lies on, tmpfs, overlayfs.
 * Mounts, in a name space of its own: needs root, else it is skipped (77). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "support.h"
#include "tamper.h"

#define SKIPPED 77
#define MANY 2000

struct place {
    const char *name;
    const char *root;
    rrsmb_generation_kind kind;
    struct opened opened;
    char folder[300]; /* of the store */
};

static const char *path_in(const struct place *place, const char *name)
{
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", place->root, name);
    return path;
}

static int make_file(const struct place *place, const char *name)
{
    int fd = open(path_in(place, name), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    MUST(fd >= 0, "%s: making %s: %s", place->name, name, strerror(errno));
    return fd;
}

static void unlink_file(const struct place *place, const char *name)
{
    MUST(unlink(path_in(place, name)) == 0, "unlink: %s", strerror(errno));
}

static rrsmb_file_id id_of_fd(const struct place *place, int fd)
{
    rrsmb_file_id id;
    OK(rrsmb_file_id_from_fd(place->opened.share, fd, &id));
    return id;
}

static rrsmb_file_id id_of(const struct place *place, const char *name)
{
    int fd = open(path_in(place, name), O_PATH | O_CLOEXEC);
    MUST(fd >= 0, "%s: %s", name, strerror(errno));
    rrsmb_file_id id = id_of_fd(place, fd);
    (void)close(fd);
    return id;
}

static void expect_same(const struct place *place, rrsmb_file_id a, rrsmb_file_id b,
                        const char *what)
{
    MUST(memcmp(&a, &b, sizeof a) == 0, "%s: %s", place->name, what);
}

/* fd -1: without RRSMB_PUT_HAS_FD. */
static rrsmb_status put(const struct place *place, rrsmb_file_id id, uint64_t number, int fd)
{
    struct sd sd = sd_number(number);
    rrsmb_put_options options = {
        .size = sizeof options, .flags = fd >= 0 ? RRSMB_PUT_HAS_FD : 0, .fd = fd};
    return rrsmb_store_put(place->opened.share, &id, sd.bytes, sd.length, &options, NULL);
}

static rrsmb_status get(const struct place *place, rrsmb_file_id id, uint32_t *flags)
{
    uint8_t bytes[4096];
    size_t length;
    rrsmb_row_info info = {.size = sizeof info};
    rrsmb_status status =
        rrsmb_store_get(place->opened.share, &id, bytes, sizeof bytes, &length, &info);
    *flags = info.flags;
    return status;
}

static void expect_row(const struct place *place, rrsmb_file_id id)
{
    uint32_t flags;
    OK(get(place, id, &flags));
}

static void expect_row_of_another(const struct place *place, rrsmb_file_id id)
{
    uint32_t flags;
    MUST(get(place, id, &flags) == RRSMB_NOT_FOUND, "%s: the ACL of another file", place->name);
    MUST((flags & RRSMB_ROW_OTHER_GENERATION) != 0, "%s: not told", place->name);
}

static void remove_row(const struct place *place, rrsmb_file_id id)
{
    OK(rrsmb_store_remove(place->opened.share, &id, NULL));
}

/* -- what must hold -------------------------------------------------------------------------- */

static void names_share_the_row(const struct place *place)
{
    (void)close(make_file(place, "a"));
    rrsmb_file_id id = id_of(place, "a");
    MUST(id.generation != 0, "%s: no generation", place->name);
    OK(put(place, id, 1, -1));
    MUST(link(path_in(place, "a"), path_in(place, "b")) == 0, "link: %s", strerror(errno));
    expect_same(place, id, id_of(place, "b"), "a hard link is another file");
    MUST(rename(path_in(place, "a"), path_in(place, "c")) == 0, "rename: %s", strerror(errno));
    expect_same(place, id, id_of(place, "c"), "renaming makes another file");
    expect_row(place, id_of(place, "c"));
    remove_row(place, id);
    unlink_file(place, "b");
    unlink_file(place, "c");
}

static int64_t coarse_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* False: this file system does not use its inode numbers again so soon. */
static bool inode_is_used_again(const struct place *place)
{
    (void)close(make_file(place, "former"));
    rrsmb_file_id former = id_of(place, "former");
    OK(put(place, former, 1, -1));
    unlink_file(place, "former");
    int64_t born = coarse_ns();
    for (unsigned i = 0; i < MANY; i++) {
        /* Birth times are no finer than this clock. */
        while (coarse_ns() == born)
            (void)sched_yield();
        int fd = make_file(place, "later");
        rrsmb_file_id later = id_of_fd(place, fd);
        bool again = later.inode == former.inode;
        if (again) {
            MUST(later.generation != former.generation, "%s: one generation", place->name);
            expect_row_of_another(place, later);
            FAILS(put(place, later, 2, -1), RRSMB_STALE_FILE, "another generation");
            OK(put(place, later, 2, fd));
            expect_row(place, later);
            expect_row_of_another(place, former);
            remove_row(place, later);
        }
        (void)close(fd);
        unlink_file(place, "later");
        if (again)
            return true;
    }
    remove_row(place, former);
    return false;
}

static void a_former_row_is_replaced_by_an_open_file_with_a_name(const struct place *place)
{
    int fd = make_file(place, "open");
    rrsmb_file_id id = id_of_fd(place, fd);
    rrsmb_file_id former = id;
    former.generation ^= 1;
    OK(put(place, former, 1, -1));
    expect_row_of_another(place, id);
    FAILS(put(place, id, 2, -1), RRSMB_STALE_FILE, "another generation");
    OK(put(place, id, 2, fd));
    expect_row(place, id);
    remove_row(place, id);

    OK(put(place, former, 1, -1));
    unlink_file(place, "open");
    FAILS(put(place, id, 2, fd), RRSMB_STALE_FILE, "removed");
    expect_row(place, former);
    remove_row(place, former);
    (void)close(fd);
}

static void open_place(struct place *place)
{
    char uri[400];
    rrsmb_share_options options = {
        .size = sizeof options, .path = place->root, .kind = place->kind};
    (void)snprintf(uri, sizeof uri, "lmdb://%s?sync=none", place->folder);
    OK(rrsmb_store_open(uri, NULL, &place->opened.store));
    OK(rrsmb_share_open(place->opened.store, "share", &options, &place->opened.share));
}

/* The only row loses its end. */
static void spoil_row(struct place *place)
{
    close_share(&place->opened);
    struct entry entry = entry_read(place->folder, KV_ROWS, (struct bytes){0});
    entry.value_size /= 2;
    entry_write(place->folder, KV_ROWS, &entry);
    free(entry.value);
    open_place(place);
}

static void an_unlinked_file_does_not_mend_an_unreadable_row(struct place *place)
{
    uint32_t flags;
    int fd = make_file(place, "spoilt");
    rrsmb_file_id id = id_of_fd(place, fd);
    OK(put(place, id, 1, -1));
    spoil_row(place);
    MUST(get(place, id, &flags) == RRSMB_DAMAGED, "%s: a spoilt row is read", place->name);
    FAILS(put(place, id, 2, -1), RRSMB_DAMAGED, "");
    unlink_file(place, "spoilt");
    FAILS(put(place, id, 2, fd), RRSMB_STALE_FILE, "removed");
    MUST(get(place, id, &flags) == RRSMB_DAMAGED, "%s: a spoilt row is read", place->name);
    (void)close(fd);
}

static void a_named_file_mends_an_unreadable_row(struct place *place, const char *name)
{
    uint32_t flags;
    (void)close(make_file(place, name));
    int fd = open(path_in(place, name), O_RDONLY | O_CLOEXEC);
    rrsmb_file_id id = id_of_fd(place, fd);
    rrsmb_status found = get(place, id, &flags);
    if (found == RRSMB_NOT_FOUND) { /* the number was not used again: spoil this file's own row */
        OK(put(place, id, 1, -1));
        close_share(&place->opened);
        uint8_t from[16];
        for (size_t i = 0; i < 8; i++) {
            from[i] = (uint8_t)(id.share >> (56 - 8 * i));
            from[8 + i] = (uint8_t)(id.inode >> (56 - 8 * i));
        }
        struct entry entry = entry_read(place->folder, KV_ROWS, (struct bytes){from, sizeof from});
        entry.value_size /= 2;
        entry_write(place->folder, KV_ROWS, &entry);
        free(entry.value);
        open_place(place);
    }
    MUST(get(place, id, &flags) == RRSMB_DAMAGED, "%s: a spoilt row is read", place->name);
    OK(put(place, id, 2, fd));
    expect_row(place, id);
    (void)close(fd);
    unlink_file(place, name);
}

static void what_is_mounted_inside_is_refused(const struct place *place)
{
    const char *folder = path_in(place, "mounted");
    MUST(mkdir(folder, 0700) == 0 && mount("rrsmb", folder, "tmpfs", 0, NULL) == 0, "mount: %s",
         strerror(errno));
    int fd = make_file(place, "mounted/file");
    rrsmb_file_id id;
    FAILS(rrsmb_file_id_from_fd(place->opened.share, fd, &id), RRSMB_WRONG_KIND,
          "another file system");
    /* A share opened by its name alone knows its place from the store. */
    rrsmb_share *by_name;
    const char *name = rrsmb_share_get_info(place->opened.share)->name;
    OK(rrsmb_share_open(place->opened.store, name, NULL, &by_name));
    FAILS(rrsmb_file_id_from_fd(by_name, fd, &id), RRSMB_WRONG_KIND, "another file system");
    rrsmb_share_close(by_name);
    (void)close(fd);
    MUST(umount(path_in(place, "mounted")) == 0, "umount: %s", strerror(errno));
    MUST(rmdir(path_in(place, "mounted")) == 0, "rmdir: %s", strerror(errno));
}

static bool offers(const char *root, rrsmb_generation_kind kind)
{
    rrsmb_store *store;
    rrsmb_share *share = NULL;
    rrsmb_share_options options = {.size = sizeof options, .path = root, .kind = kind};
    OK(rrsmb_store_open("memory:", NULL, &store));
    rrsmb_status status = rrsmb_share_open(store, "share", &options, &share);
    MUST(status == RRSMB_OK || status == RRSMB_WRONG_KIND, "%s", rrsmb_error_last()->message);
    rrsmb_share_close(share);
    rrsmb_store_close(store);
    return status == RRSMB_OK;
}

static bool try_place(const char *name, const char *root, rrsmb_generation_kind kind)
{
    struct place place = {.name = name, .root = root, .kind = kind};
    if (!offers(root, kind)) {
        (void)printf("%s: offers no %s\n", name, rrsmb_generation_kind_name(kind));
        return false;
    }
    (void)snprintf(place.folder, sizeof place.folder, "%s/store-%s-%d", scratch(), name, kind);
    open_place(&place);
    names_share_the_row(&place);
    bool again = inode_is_used_again(&place);
    a_former_row_is_replaced_by_an_open_file_with_a_name(&place);
    what_is_mounted_inside_is_refused(&place);
    an_unlinked_file_does_not_mend_an_unreadable_row(&place);
    a_named_file_mends_an_unreadable_row(&place, "mended");
    close_share(&place.opened);
    (void)printf("%s, %s: good; inode numbers are%s used again\n", name,
                 rrsmb_generation_kind_name(kind), again ? "" : " not");
    return true;
}

static const char *make_folder(const char *name)
{
    const char *path = scratch_path(name);
    MUST(mkdir(path, 0700) == 0, "%s: %s", path, strerror(errno));
    return path;
}

int main(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        (void)printf("may not mount\n");
        return SKIPPED;
    }
    const char *plain = make_folder("plain");
    const char *tmpfs = make_folder("tmpfs");
    MUST(mount("rrsmb", tmpfs, "tmpfs", 0, NULL) == 0, "tmpfs: %s", strerror(errno));
    (void)make_folder("tmpfs/lower");
    (void)make_folder("tmpfs/upper");
    (void)make_folder("tmpfs/work");
    const char *overlay = make_folder("overlay");
    char layers[1024];
    (void)snprintf(layers, sizeof layers, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
                   tmpfs, tmpfs, tmpfs);
    bool has_overlay = mount("rrsmb", overlay, "overlay", 0, layers) == 0;

    unsigned tried = 0;
    for (rrsmb_generation_kind kind = RRSMB_GENERATION_BTIME; kind <= RRSMB_GENERATION_HANDLE;
         kind++) {
        tried += try_place("plain", plain, kind);
        tried += try_place("tmpfs", tmpfs, kind);
        if (has_overlay)
            tried += try_place("overlay", overlay, kind);
    }
    if (has_overlay)
        MUST(umount(overlay) == 0, "umount: %s", strerror(errno));
    MUST(umount(tmpfs) == 0, "umount: %s", strerror(errno));
    MUST(tried >= 2, "no file system told its files apart");
    return 0;
}
