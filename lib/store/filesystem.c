/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xxhash.h>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

/* 0 says "none given", so that no hash may be 0. */
static uint64_t generation_of(const void *from, size_t size)
{
    uint64_t hash = XXH3_64bits(from, size);
    return hash != 0 ? hash : 1;
}

/* RRSMB_WRONG_KIND: this file system has no handles. */
static rrsmb_status look_at_handle(int fd, struct file_look *look)
{
    struct {
        struct file_handle head;
        uint8_t bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount_id;
    if (name_to_handle_at(fd, "", &handle.head, &mount_id, AT_EMPTY_PATH) != 0) {
        if (errno == EOPNOTSUPP || errno == EOVERFLOW || errno == ENOSYS)
            return FAIL(RRSMB_WRONG_KIND, "the file system gives no file handles");
        return FAIL_ERRNO("asking for the handle of a file");
    }
    uint8_t whole[4 + MAX_HANDLE_SZ];
    put_le32(whole, (uint32_t)handle.head.handle_type);
    memcpy(whole + 4, handle.head.f_handle, handle.head.handle_bytes);
    look->generation = generation_of(whole, 4 + handle.head.handle_bytes);
    look->identity = (struct file_identity){.kind = RRSMB_GENERATION_HANDLE,
                                            .handle_type = (uint32_t)handle.head.handle_type,
                                            .handle_size = handle.head.handle_bytes};
    return RRSMB_OK;
}

static rrsmb_status look_at_birth(const struct statx *file, struct file_look *look)
{
    ENSURE((file->stx_mask & STATX_BTIME) != 0, RRSMB_WRONG_KIND,
           "the file system keeps no birth times");
    uint8_t time[16];
    put_le64(time, (uint64_t)file->stx_btime.tv_sec);
    put_le64(time + 8, file->stx_btime.tv_nsec);
    look->generation = generation_of(time, sizeof time);
    look->identity = (struct file_identity){.kind = RRSMB_GENERATION_BTIME};
    return RRSMB_OK;
}

static rrsmb_status look_at_best(int fd, const struct statx *file, struct file_look *look)
{
    rrsmb_status status = look_at_handle(fd, look);
    if (status == RRSMB_WRONG_KIND)
        status = look_at_birth(file, look);
    if (status != RRSMB_WRONG_KIND)
        return status;
    look->generation = 0;
    look->identity = (struct file_identity){.kind = RRSMB_GENERATION_NONE};
    return RRSMB_OK;
}

rrsmb_status file_look(int fd, rrsmb_generation_kind kind, bool fresh, struct file_look *look)
{
    struct statx file;
    unsigned flags = AT_EMPTY_PATH | (fresh ? AT_STATX_FORCE_SYNC : AT_STATX_SYNC_AS_STAT);
    unsigned wanted = STATX_INO | STATX_NLINK | STATX_BTIME;
    if (statx(fd, "", (int)flags, wanted, &file) != 0)
        return FAIL_ERRNO("examining an open file");
    *look = (struct file_look){.device = makedev(file.stx_dev_major, file.stx_dev_minor),
                               .inode = file.stx_ino,
                               .links = file.stx_nlink};
    switch (kind) {
    case RRSMB_GENERATION_HANDLE:
        return look_at_handle(fd, look);
    case RRSMB_GENERATION_BTIME:
        return look_at_birth(&file, look);
    case RRSMB_GENERATION_UNSET:
        return look_at_best(fd, &file, look);
    case RRSMB_GENERATION_NONE:
    case RRSMB_GENERATION_EXPLICIT:
        look->identity = (struct file_identity){.kind = kind};
        return RRSMB_OK;
    }
    return FAIL(RRSMB_INVALID_ARGUMENT, "there is no generation kind %d", (int)kind);
}

/* One line of mountinfo (proc(5)): the first field is the id; behind " - " stand the type and the
 * source. */
static bool match_mount(char *line, uint64_t mount_id, char name[FILESYSTEM_NAME_SIZE])
{
    char *behind = strstr(line, " - ");
    if (strtoull(line, NULL, 10) != mount_id || behind == NULL)
        return false;
    char *rest = behind + 3;
    const char *type = strsep(&rest, " ");
    const char *source = strsep(&rest, " ");
    if (source == NULL)
        return false;
    /* A longer name is cut: it is compared and shown, nothing more. */
    return snprintf(name, FILESYSTEM_NAME_SIZE, "%s %s", type, source) > 0;
}

static void cleanup_file(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

rrsmb_status filesystem_name(int fd, char name[FILESYSTEM_NAME_SIZE])
{
    name[0] = '\0';
    struct statx file;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &file) != 0)
        return FAIL_ERRNO("examining the folder of a share");
    CLEANUP(cleanup_file) FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (mounts == NULL && errno == ENOMEM)
        return FAIL_ERRNO("opening the list of mounts");
    /* No /proc, or a kernel before 5.8: the name is unknown, which is no reason to refuse. */
    if (mounts == NULL || (file.stx_mask & STATX_MNT_ID) == 0)
        return RRSMB_OK;
    CLEANUP(cleanup_free) char *line = NULL;
    size_t size = 0;
    errno = 0;
    while (getline(&line, &size, mounts) > 0)
        if (match_mount(line, file.stx_mnt_id, name))
            return RRSMB_OK;
    if (errno == ENOMEM)
        return FAIL_ERRNO("reading the list of mounts");
    return RRSMB_OK;
}
