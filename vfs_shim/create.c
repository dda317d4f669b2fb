/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creating files. smbd takes a failure to inherit an ACL for no failure, and a new file without its
 * ACL would get the default one. So what a create call makes is watched until its ACL is stored,
 * and removed again if that fails. */
#include "acl_ddb.h"

void newborn_in_trouble(struct acl_ddb *ddb, NTSTATUS why)
{
    if (ddb->newborn.made && NT_STATUS_IS_OK(ddb->newborn.trouble)) {
        ddb->newborn.trouble = why;
    }
}

static void newborn_is(vfs_handle_struct *handle, const files_struct *dirfsp,
                       const struct smb_filename *name, const struct stat *st)
{
    struct acl_ddb *ddb = handle->data;
    if (!ddb->newborn.active || !NT_STATUS_IS_OK(ddb->newborn.trouble)) {
        return;
    }
    struct smb_filename *full = full_path_from_dirfsp_atname(talloc_tos(), dirfsp, name);
    TALLOC_FREE(ddb->newborn.name);
    ddb->newborn.made = true;
    ddb->newborn.directory = S_ISDIR(st->st_mode);
    ddb->newborn.device = st->st_dev;
    ddb->newborn.inode = st->st_ino;
    if (full != NULL) {
        ddb->newborn.name = talloc_strdup(ddb, full->base_name);
    }
    TALLOC_FREE(full);
    if (ddb->newborn.name == NULL) {
        newborn_in_trouble(ddb, NT_STATUS_NO_MEMORY);
    }
}

int acl_ddb_openat(vfs_handle_struct *handle, const files_struct *dirfsp,
                   const struct smb_filename *name, files_struct *fsp,
                   const struct vfs_open_how *how)
{
    int fd = SMB_VFS_NEXT_OPENAT(handle, dirfsp, name, fsp, how);
    const int creating = O_CREAT | O_EXCL;
    struct stat st;

    if (fd != -1 && (how->flags & creating) == creating && !is_named_stream(name) &&
        fstat(fd, &st) == 0) {
        newborn_is(handle, dirfsp, name, &st);
    }
    return fd;
}

int acl_ddb_mkdirat(vfs_handle_struct *handle, files_struct *dirfsp,
                    const struct smb_filename *name, mode_t mode)
{
    int result = SMB_VFS_NEXT_MKDIRAT(handle, dirfsp, name, mode);
    struct stat st;

    if (result == 0 &&
        fstatat(fsp_get_pathref_fd(dirfsp), name->base_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        newborn_is(handle, dirfsp, name, &st);
    }
    return result;
}

/** Take back a file that was made a moment ago and did not get its ACL. */
static void newborn_remove(vfs_handle_struct *handle, const struct newborn *newborn)
{
    connection_struct *conn = handle->conn;
    struct stat st;

    if (newborn->name == NULL) {
        return;
    }
    struct smb_filename *name = synthetic_smb_fname(talloc_tos(), newborn->name, NULL, NULL, 0, 0);
    become_root();
    bool removed =
        name != NULL && fstatat(AT_FDCWD, newborn->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == newborn->device && st.st_ino == newborn->inode &&
        SMB_VFS_NEXT_UNLINKAT(handle, conn->cwd_fsp, name, newborn->directory ? AT_REMOVEDIR : 0) ==
            0;
    unbecome_root();
    TALLOC_FREE(name);
    if (removed) {
        DBG_ERR("%s is not created: its ACL cannot be stored\n", newborn->name);
    } else {
        DBG_ERR("%s was created without its ACL and cannot be removed again\n", newborn->name);
    }
}

/* Samba's own table of hooks asks for this many parameters. */
NTSTATUS acl_ddb_create_file(vfs_handle_struct *handle, struct smb_request *request,
                             files_struct *dirfsp, struct smb_filename *name, uint32_t access_mask,
                             uint32_t share_access, uint32_t create_disposition,
                             uint32_t create_options, uint32_t file_attributes,
                             uint32_t oplock_request, const struct smb2_lease *lease,
                             uint64_t allocation_size, uint32_t private_flags,
                             struct security_descriptor *sd, struct ea_list *ea_list,
                             files_struct **result, int *info,
                             const struct smb2_create_blobs *in_context_blobs,
                             struct smb2_create_blobs *out_context_blobs)
{
    struct acl_ddb *ddb = handle->data;
    struct newborn outer = ddb->newborn;

    ddb->newborn = (struct newborn){.active = true};
    NTSTATUS status = SMB_VFS_NEXT_CREATE_FILE(
        handle, request, dirfsp, name, access_mask, share_access, create_disposition,
        create_options, file_attributes, oplock_request, lease, allocation_size, private_flags, sd,
        ea_list, result, info, in_context_blobs, out_context_blobs);
    struct newborn newborn = ddb->newborn;
    ddb->newborn = outer;

    if (!NT_STATUS_IS_OK(newborn.trouble)) {
        newborn_remove(handle, &newborn);
        if (NT_STATUS_IS_OK(status)) {
            close_file_free(request, result, ERROR_CLOSE);
            status = newborn.trouble;
        }
    }
    TALLOC_FREE(newborn.name);
    return status;
}
