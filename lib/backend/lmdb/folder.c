/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/lmdb/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/error.h"

/* A name is on disk only when its folder is. */
rrsmb_status folder_sync(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return FAIL_ERRNO("flushing the folder %s to disk", path);
    return RRSMB_OK;
}

/* Makes one folder, on disk when this returns. */
static rrsmb_status make_one_folder(char *path)
{
    if (mkdir(path, 0700) != 0) {
        if (errno == EEXIST)
            return RRSMB_OK;
        return FAIL_ERRNO("making the folder %s", path);
    }
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return folder_sync(slash == NULL ? "." : "/");
    *slash = '\0';
    rrsmb_status status = folder_sync(path);
    *slash = '/';
    return status;
}

/* Makes the folder, and those above it that are missing, as `mkdir -p -m 0700`. */
static rrsmb_status make_folder(const char *path)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);
    ENSURE(length < sizeof partial, RRSMB_INVALID_ARGUMENT, "the path of the store is too long");
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        TRY(make_one_folder(partial));
    }
    return RRSMB_OK;
}

rrsmb_status folder_prepare(const char *path, bool create, struct stat *folder)
{
    char data[PATH_MAX];
    ENSURE(snprintf(data, sizeof data, "%s/data.mdb", path) < (int)sizeof data,
           RRSMB_INVALID_ARGUMENT, "the path of the store is too long");
    if (create)
        TRY(make_folder(path));
    else if (access(data, F_OK) != 0)
        return FAIL_ERRNO("there is no store in %s, and none is to be made", path);
    if (stat(path, folder) != 0)
        return FAIL_ERRNO("examining the folder %s", path);
    ENSURE(S_ISDIR(folder->st_mode), RRSMB_INVALID_ARGUMENT, "%s is not a folder", path);
    return RRSMB_OK;
}
