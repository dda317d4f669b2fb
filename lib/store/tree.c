/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rrsmb/transfer.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"

#define OPEN_FILE (O_PATH | O_NOFOLLOW | O_CLOEXEC)

static const char mounted[] = "another file system is mounted there";

const char *tree_printable(const char *path, size_t length, char text[TREE_PRINTABLE_SIZE])
{
    static const char cut[] = "...";
    size_t used = 0;
    size_t at = 0;
    while (at < length) {
        const unsigned char *byte = (const unsigned char *)path + at;
        size_t step = utf8_sequence(path + at, length - at);
        /* C0, DEL and C1 (U+0080 to U+009F) drive terminals. */
        int plain = step > 2 || (step == 1 && *byte >= 0x20 && *byte != 0x7f && *byte != '\\') ||
                    (step == 2 && !(byte[0] == 0xc2 && byte[1] < 0xa0));
        if (used + 4 + sizeof cut > TREE_PRINTABLE_SIZE) {
            memcpy(text + used, cut, sizeof cut);
            return text;
        }
        if (plain) {
            memcpy(text + used, byte, step);
            used += step;
            at += step;
        } else {
            used += (size_t)snprintf(text + used, TREE_PRINTABLE_SIZE - used, "\\x%02x", *byte);
            at++;
        }
    }
    text[used] = '\0';
    return text;
}

rrsmb_status tree_open_root(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return FAIL_ERRNO("root %s", path);
    return RRSMB_OK;
}

void tree_opener_init(struct tree_opener *opener, int root)
{
    *opener = (struct tree_opener){.root = root, .folder = -1};
}

static void forget_folder(struct tree_opener *opener)
{
    cleanup_close(&opener->folder);
    free(opener->folder_path);
    opener->folder = -1;
    opener->folder_path = NULL;
    opener->folder_length = 0;
}

void tree_opener_free(struct tree_opener *opener)
{
    forget_folder(opener);
}

/* Whether something is mounted on an open file: then its inode number is another file system's. */
static int look_at(int fd, struct statx *found)
{
    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_SYNC_AS_STAT, STATX_TYPE | STATX_INO | STATX_NLINK,
              found) != 0)
        return -1;
    return (found->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Why one file cannot be reached although others may be; NULL: the trouble is not this file's. */
static const char *reason_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EACCES:
    case EPERM:
    case ESTALE:
        return strerrordesc_np(error);
    default:
        return NULL;
    }
}

/* Open one name in a folder. */
static rrsmb_status open_name(int folder, const char *name, int flags, int *fd, const char **why)
{
    int opened = openat(folder, name, OPEN_FILE | flags);
    struct statx found;
    int is_mount = opened < 0 ? -1 : look_at(opened, &found);
    if (is_mount == 0) {
        *fd = opened;
        return RRSMB_OK;
    }
    int error = errno;
    cleanup_close(&opened);
    errno = error;
    *why = is_mount > 0 ? mounted : reason_of_errno(error);
    return *why != NULL ? RRSMB_OK : FAIL_ERRNO("open %s", name);
}

/* Take the next part of a path off its front. */
static int next_part(const char *path, size_t length, size_t *at, char name[NAME_MAX + 1],
                     const char **why)
{
    if (*at >= length)
        return 0;
    const char *slash = memchr(path + *at, '/', length - *at);
    size_t end = slash == NULL ? length : (size_t)(slash - path);
    if (end - *at > NAME_MAX) {
        *why = strerrordesc_np(ENAMETOOLONG);
        return 0;
    }
    memcpy(name, path + *at, end - *at);
    name[end - *at] = '\0';
    *at = end + 1;
    return 1;
}

static rrsmb_status open_folder(struct tree_opener *opener, const char *path, size_t length,
                                const char **why)
{
    if (opener->folder >= 0 && opener->folder_length == length &&
        memcmp(opener->folder_path, path, length) == 0)
        return RRSMB_OK;
    forget_folder(opener);
    int folder CLEANUP(cleanup_close) = -1;
    char name[NAME_MAX + 1];
    size_t at = 0;
    while (next_part(path, length, &at, name, why)) {
        int next = -1;
        TRY(open_name(folder < 0 ? opener->root : folder, name, O_DIRECTORY, &next, why));
        if (*why != NULL)
            return RRSMB_OK;
        cleanup_close(&folder);
        folder = next;
    }
    if (*why != NULL)
        return RRSMB_OK;
    opener->folder_path = malloc(length);
    ENSURE(opener->folder_path != NULL, RRSMB_NO_MEMORY, "a path of %zu bytes: no memory", length);
    memcpy(opener->folder_path, path, length);
    opener->folder_length = length;
    opener->folder = folder;
    folder = -1;
    return RRSMB_OK;
}

rrsmb_status tree_open(struct tree_opener *opener, const char *path, size_t length, int *fd,
                       const char **why)
{
    *fd = -1;
    *why = NULL;
    if (length == 1 && path[0] == '.') {
        *fd = fcntl(opener->root, F_DUPFD_CLOEXEC, 0);
        return *fd >= 0 ? RRSMB_OK : FAIL_ERRNO("open the root");
    }
    const char *slash = memrchr(path, '/', length);
    size_t last = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    int folder = opener->root;
    if (slash != NULL) {
        TRY(open_folder(opener, path, last - 1, why));
        if (*why != NULL)
            return RRSMB_OK;
        folder = opener->folder;
    }
    char name[NAME_MAX + 1];
    if (!next_part(path, length, &last, name, why))
        return RRSMB_OK;
    return open_name(folder, name, 0, fd, why);
}

/* A walk keeps the folders from the root to where it stands open, one descriptor each. */
struct level {
    DIR *folder;
    size_t path_length; /* of this folder, 0 for the root */
};

struct walker {
    const struct tree_walk *walk;
    struct level *levels;
    size_t depth;
    size_t capacity;
    char path[RRSMB_TRANSFER_PATH_MAX + NAME_MAX + 2];
};

static void cleanup_walker(struct walker **walker)
{
    if (*walker == NULL)
        return;
    while ((*walker)->depth > 0)
        (void)closedir((*walker)->levels[--(*walker)->depth].folder);
    free((*walker)->levels);
    free(*walker);
}

static rrsmb_status report(struct walker *walker, size_t path_length, const char *why)
{
    if (path_length == 0)
        return walker->walk->trouble(walker->walk->context, ".", 1, why);
    return walker->walk->trouble(walker->walk->context, walker->path, path_length, why);
}

/* A file that cannot be examined is reported; without memory nothing can be said of any file. */
static rrsmb_status report_errno(struct walker *walker, size_t path_length, int error)
{
    errno = error;
    if (error == ENOMEM)
        return FAIL_ERRNO("walk a tree");
    return report(walker, path_length, strerrordesc_np(error));
}

/* Go into the folder that an O_PATH descriptor is open on. */
static rrsmb_status enter(struct walker *walker, int fd, size_t path_length)
{
    if (walker->depth == walker->capacity) {
        size_t capacity = walker->capacity == 0 ? 64 : walker->capacity * 2;
        struct level *levels = reallocarray(walker->levels, capacity, sizeof *levels);
        ENSURE(levels != NULL, RRSMB_NO_MEMORY, "a tree %zu folders deep: no memory", capacity);
        walker->levels = levels;
        walker->capacity = capacity;
    }
    int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = readable < 0 ? NULL : fdopendir(readable);
    if (folder == NULL) {
        int error = errno;
        cleanup_close(&readable);
        return report_errno(walker, path_length, error);
    }
    walker->levels[walker->depth++] = (struct level){folder, path_length};
    return RRSMB_OK;
}

static rrsmb_status visit(struct walker *walker, int fd, const struct statx *found,
                          size_t path_length)
{
    struct tree_file file = {
        .fd = fd,
        .path = path_length == 0 ? "." : walker->path,
        .path_length = path_length == 0 ? 1 : path_length,
        .inode = found->stx_ino,
        .has_other_names = !S_ISDIR(found->stx_mode) && found->stx_nlink > 1,
    };
    TRY(walker->walk->file(walker->walk->context, &file));
    if (S_ISDIR(found->stx_mode))
        return enter(walker, fd, path_length);
    return RRSMB_OK;
}

/* Deal with one name of the innermost folder. */
static rrsmb_status visit_name(struct walker *walker, const char *name)
{
    const struct level *level = &walker->levels[walker->depth - 1];
    size_t length = level->path_length;
    if (length > 0)
        walker->path[length++] = '/';
    size_t name_length = strlen(name);
    memcpy(walker->path + length, name, name_length);
    length += name_length;
    if (length > RRSMB_TRANSFER_PATH_MAX)
        return report(walker, length, strerrordesc_np(ENAMETOOLONG));

    int fd CLEANUP(cleanup_close) = openat(dirfd(level->folder), name, OPEN_FILE);
    struct statx found;
    int is_mount = fd < 0 ? -1 : look_at(fd, &found);
    if (is_mount < 0 && errno == ENOENT)
        return RRSMB_OK; /* deleted since the folder was read */
    if (is_mount < 0)
        return report_errno(walker, length, errno);
    if (is_mount)
        return report(walker, length, mounted);
    return visit(walker, fd, &found, length);
}

static rrsmb_status read_name(struct walker *walker)
{
    const struct level *level = &walker->levels[walker->depth - 1];
    errno = 0;
    const struct dirent *entry = readdir(level->folder);
    if (entry == NULL) {
        int error = errno;
        size_t path_length = level->path_length;
        (void)closedir(level->folder);
        walker->depth--;
        return error == 0 ? RRSMB_OK : report_errno(walker, path_length, error);
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return RRSMB_OK;
    return visit_name(walker, entry->d_name);
}

rrsmb_status tree_walk(int root, const struct tree_walk *walk)
{
    struct walker *walker CLEANUP(cleanup_walker) = calloc(1, sizeof *walker);
    ENSURE(walker != NULL, RRSMB_NO_MEMORY, "walk a tree: no memory");
    walker->walk = walk;
    struct statx found;
    if (look_at(root, &found) < 0)
        return FAIL_ERRNO("examine the root");
    TRY(visit(walker, root, &found, 0));
    while (walker->depth > 0)
        TRY(read_name(walker));
    return RRSMB_OK;
}
