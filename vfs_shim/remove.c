/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropping rows: with the last name of a file, and under a POSIX ACL set from outside. */
#include "acl_ddb.h"

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

/** Drop the row of a doomed file if its last name is gone. Leaves errno alone. */
static void doomed_close(struct acl_ddb *ddb, const struct smb_filename *name,
                         struct doomed *doomed, bool unlinked)
{
    if (doomed->fd == -1) {
        return;
    }
    int saved_errno = errno;
    struct stat left;
    if (unlinked && fstat(doomed->fd, &left) == 0 && left.st_nlink == 0) {
        rrsmb_put_options options = {
            .size = sizeof(options),
            .deadline_ms = ddb->has_generations ? RRSMB_NO_WAIT : ddb->write_timeout_ms,
        };
        become_root();
        rrsmb_status removed = rrsmb_acl_remove(ddb->acl, ddb->share, &doomed->id, &options);
        unbecome_root();
        if (removed != RRSMB_OK && removed != RRSMB_NOT_FOUND) {
            DBG_PREFIX(ddb->has_generations ? DBGLVL_NOTICE : DBGLVL_ERR,
                       ("%s is deleted, but its ACL stays behind%s: %s\n", name->base_name,
                        ddb->has_generations ? "" : " for the next file with its inode number",
                        rrsmb_error_last()->message));
        }
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
    rrsmb_put_options options = {.size = sizeof(options), .deadline_ms = ddb->write_timeout_ms};
    become_root();
    rrsmb_status removed = rrsmb_acl_remove(ddb->acl, ddb->share, &op.id, &options);
    unbecome_root();
    if (removed != RRSMB_OK && removed != RRSMB_NOT_FOUND) {
        DBG_ERR("the NT ACL of %s stays in force over its new POSIX ACL: %s\n", fsp_str_dbg(op.fsp),
                rrsmb_error_last()->message);
        errno = EIO;
        return -1;
    }
    return 0;
}
