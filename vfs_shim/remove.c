/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropping rows: with the last name of a file, and under a POSIX ACL set from outside. */
#include "acl_ddb.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* A client that deletes this many files while the store is busy leaves the rows of the rest. */
#define LEFT_BEHIND_MAX 4096

static rrsmb_status drop(struct acl_ddb *ddb, const rrsmb_file_id *id, uint32_t deadline_ms)
{
    rrsmb_put_options options = {.size = sizeof(options), .deadline_ms = deadline_ms};

    become_root();
    rrsmb_status status = rrsmb_acl_remove(ddb->acl, ddb->share, id, &options);
    unbecome_root();
    return status == RRSMB_NOT_FOUND ? RRSMB_OK : status;
}

void drop_left_behind(struct acl_ddb *ddb, uint32_t deadline_ms)
{
    while (ddb->left_behind_count > 0) {
        rrsmb_status status = drop(ddb, &ddb->left_behind[ddb->left_behind_count - 1], deadline_ms);
        if (rrsmb_status_class(status) == RRSMB_CLASS_UNAVAILABLE) {
            DBG_INFO("%zu rows of deleted files stay behind: %s\n", ddb->left_behind_count,
                     rrsmb_error_last()->message);
            return;
        }
        ddb->left_behind_count--;
    }
}

/** Remember the row of a deleted file for later. Its generation is gone, so that nobody gets the
 *  ACL meanwhile, or ever. */
static void leave_behind(struct acl_ddb *ddb, const rrsmb_file_id *id)
{
    if (ddb->left_behind == NULL) {
        ddb->left_behind = talloc_array(ddb, rrsmb_file_id, LEFT_BEHIND_MAX);
    }
    if (ddb->left_behind != NULL && ddb->left_behind_count < LEFT_BEHIND_MAX) {
        ddb->left_behind[ddb->left_behind_count++] = *id;
    }
}

/** A file that is about to lose a name. Its descriptor keeps the inode number from being used
 *  again until its row is gone. */
struct doomed {
    int fd; /**< O_PATH; -1: nothing that has a row */
    rrsmb_file_id id;
};

static void doomed_open(struct acl_ddb *ddb, const files_struct *dirfsp,
                        const struct smb_filename *name, struct doomed *doomed)
{
    doomed->fd = -1;
    if (is_named_stream(name)) {
        return;
    }
    become_root();
    int fd = openat(fsp_get_pathref_fd(dirfsp), name->base_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    unbecome_root();
    if (fd == -1) {
        return;
    }
    if (rrsmb_file_id_from_fd(ddb->share, fd, &doomed->id) != RRSMB_OK) {
        DBG_INFO("no ACL of %s will be dropped: %s\n", name->base_name,
                 rrsmb_error_last()->message);
        close(fd);
        return;
    }
    doomed->fd = fd;
}

/** An NFS client keeps a deleted file that is open under a name of its own until it is closed. */
static bool renamed_by_nfs(int fd)
{
    struct statfs filesystem;
    char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
    char path[PATH_MAX];

    if (fstatfs(fd, &filesystem) != 0 || filesystem.f_type != NFS_SUPER_MAGIC) {
        return false;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) {
        return false;
    }
    path[length] = '\0';
    const char *name = strrchr(path, '/');
    return name != NULL && strncmp(name, "/.nfs", strlen("/.nfs")) == 0;
}

/** Whether an unlink took the last name of a file. In doubt it did not. */
static bool last_name_is_gone(int fd)
{
    struct statx file;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_NLINK, &file) != 0) {
        return errno == ESTALE;
    }
    return file.stx_nlink == 0 || (file.stx_nlink == 1 && renamed_by_nfs(fd));
}

/**
 * Drop the row of a file that was deleted. smbd holds locks here, so this waits for the store only
 * where no generation keeps the next file with the inode number from getting the ACL.
 */
static void drop_deleted(struct acl_ddb *ddb, const struct smb_filename *name,
                         const rrsmb_file_id *id)
{
    if (!ddb->has_generations) {
        if (drop(ddb, id, ddb->write_timeout_ms) != RRSMB_OK) {
            DBG_ERR("%s is deleted, but the next file with its inode number will get its ACL: %s\n",
                    name->base_name, rrsmb_error_last()->message);
        }
        return;
    }
    if (drop(ddb, id, RRSMB_NO_WAIT) == RRSMB_OK) {
        drop_left_behind(ddb, RRSMB_NO_WAIT);
        return;
    }
    DBG_INFO("the row of %s is dropped later: %s\n", name->base_name, rrsmb_error_last()->message);
    leave_behind(ddb, id);
}

/** Drop the row of a doomed file if its last name is gone. Leaves errno alone. */
static void doomed_close(struct acl_ddb *ddb, const struct smb_filename *name,
                         struct doomed *doomed, bool unlinked)
{
    if (doomed->fd == -1) {
        return;
    }
    int saved_errno = errno;
    if (unlinked && last_name_is_gone(doomed->fd)) {
        drop_deleted(ddb, name, &doomed->id);
    }
    close(doomed->fd);
    errno = saved_errno;
}

int acl_ddb_unlinkat(vfs_handle_struct *handle, struct files_struct *dirfsp,
                     const struct smb_filename *name, int flags)
{
    struct acl_ddb *ddb = handle->data;
    struct doomed doomed;
    int result;

    doomed_open(ddb, dirfsp, name, &doomed);
    if (flags & AT_REMOVEDIR) {
        result = rmdir_acl_common(handle, dirfsp, name);
    } else {
        result = unlink_acl_common(handle, dirfsp, name, flags);
    }
    doomed_close(ddb, name, &doomed, result == 0);
    return result;
}

/** A rename may take the last name of the file that stood at the destination. */
int acl_ddb_renameat(vfs_handle_struct *handle, files_struct *from_dirfsp,
                     const struct smb_filename *from, files_struct *to_dirfsp,
                     const struct smb_filename *to)
{
    struct acl_ddb *ddb = handle->data;
    struct doomed doomed;

    doomed_open(ddb, to_dirfsp, to, &doomed);
    int result = SMB_VFS_NEXT_RENAMEAT(handle, from_dirfsp, from, to_dirfsp, to);
    doomed_close(ddb, to, &doomed, result == 0);
    return result;
}

/** A POSIX ACL set from outside takes the place of the NT ACL. */
int acl_ddb_sys_acl_set_fd(vfs_handle_struct *handle, files_struct *fsp, SMB_ACL_TYPE_T type,
                           SMB_ACL_T acl)
{
    struct acl_ddb *ddb = handle->data;
    const struct acl_common_fsp_ext *ours = VFS_FETCH_FSP_EXTENSION(handle, fsp);
    struct operation op = {.fsp = metadata_fsp(fsp)};

    int result = SMB_VFS_NEXT_SYS_ACL_SET_FD(handle, fsp, type, acl);
    if (result != 0 || (ours != NULL && ours->setting_nt_acl)) {
        return result;
    }

    NTSTATUS status = identify(ddb, op.fsp, &op.fd, &op.id);
    if (!NT_STATUS_IS_OK(status)) {
        errno = EACCES;
        return -1;
    }
    if (drop(ddb, &op.id, ddb->write_timeout_ms) != RRSMB_OK) {
        DBG_ERR("the NT ACL of %s stays in force over its new POSIX ACL: %s\n", fsp_str_dbg(op.fsp),
                rrsmb_error_last()->message);
        errno = EIO;
        return -1;
    }
    return 0;
}
