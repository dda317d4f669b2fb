/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the module share: the state of a connection, and the hooks. */
#ifndef ACL_DDB_H
#define ACL_DDB_H

/* Samba's headers want to be in this order. */
/* clang-format off */
#include "includes.h"
#include "smbd/smbd.h"
#include "smbd/globals.h"
#include "system/filesys.h"
#include "libcli/security/security.h"
#include "librpc/gen_ndr/ndr_xattr.h"
#include "passdb/lookup_sid.h"
#include "modules/vfs_acl_common.h"
/* clang-format on */

#include <rrsmb/rrsmb.h>

#undef DBGC_CLASS
#define DBGC_CLASS DBGC_VFS

#define MODULE_NAME "acl_ddb"

/** A file that the current create call made, until it is known to have got its ACL. */
struct newborn {
    bool active;      /**< a create call is under way */
    bool made;        /**< it made a file: the one below */
    bool directory;   /**< what it is */
    char *name;       /**< below the share's root; on the connection */
    dev_t device;     /**< what it is */
    ino_t inode;      /**< what it is */
    NTSTATUS trouble; /**< why its ACL is not stored; NT_STATUS_OK: nothing known against it */
};

/** One read of the store, and the write that depends on it. */
struct operation {
    struct operation *outer; /**< hooks nest: the file system below may ask for an ACL again */
    files_struct *fsp;       /**< the file, never a stream */
    int fd;                  /**< its open descriptor, O_PATH or not */
    rrsmb_file_id id;        /**< what the store knows it by */
    DATA_BLOB blob;          /**< the stored descriptor as Samba's blob; empty: it has none */
    uint64_t ver;            /**< version of the row; 0: no row */
    rrsmb_status stored;     /**< what became of the write */
};

/** What a connection keeps. Begins with what Samba's common ACL code expects there. */
struct acl_ddb {
    struct acl_common_config common;
    rrsmb_store *store;
    rrsmb_share *share;
    rrsmb_acl *acl;
    bool has_generations;        /**< inode numbers used again are told apart */
    uint32_t write_timeout_ms;   /**< for rrsmb_put_options::deadline_ms */
    struct operation *operation; /**< the innermost one under way */
    struct newborn newborn;
    rrsmb_file_id *left_behind; /**< rows of deleted files, to be dropped when the store is free */
    size_t left_behind_count;   /**< how many */
    uint8_t sd[RRSMB_SD_SIZE_MAX]; /**< scratch for one read */
};

/**
 * Who a file is to the store. Refused, with the reason in the log, where the answer would name
 * another file than the one that the client means.
 * @param fd Receives the file's open descriptor; borrowed.
 */
NTSTATUS identify(struct acl_ddb *ddb, files_struct *fsp, int *fd, rrsmb_file_id *id);

/** Note that a file being created may be left without its ACL. */
void newborn_in_trouble(struct acl_ddb *ddb, NTSTATUS why);

/** Drop the rows that unlinks could not wait for. @param deadline_ms For each of them; the first
 *  that cannot be dropped in time ends it. */
void drop_left_behind(struct acl_ddb *ddb, uint32_t deadline_ms);

/* The hooks: descriptor.c */
NTSTATUS acl_ddb_fget_nt_acl(vfs_handle_struct *handle, files_struct *fsp, uint32_t security_info,
                             TALLOC_CTX *mem_ctx, struct security_descriptor **sd);
NTSTATUS acl_ddb_fset_nt_acl(vfs_handle_struct *handle, files_struct *fsp, uint32_t security_info,
                             const struct security_descriptor *sd);

/* remove.c */
int acl_ddb_unlinkat(vfs_handle_struct *handle, struct files_struct *dirfsp,
                     const struct smb_filename *name, int flags);
int acl_ddb_renameat(vfs_handle_struct *handle, files_struct *from_dirfsp,
                     const struct smb_filename *from, files_struct *to_dirfsp,
                     const struct smb_filename *to);
int acl_ddb_sys_acl_set_fd(vfs_handle_struct *handle, files_struct *fsp, SMB_ACL_TYPE_T type,
                           SMB_ACL_T acl);

/* create.c */
int acl_ddb_openat(vfs_handle_struct *handle, const files_struct *dirfsp,
                   const struct smb_filename *name, files_struct *fsp,
                   const struct vfs_open_how *how);
int acl_ddb_mkdirat(vfs_handle_struct *handle, files_struct *dirfsp,
                    const struct smb_filename *name, mode_t mode);
NTSTATUS acl_ddb_create_file(vfs_handle_struct *handle, struct smb_request *request,
                             files_struct *dirfsp, struct smb_filename *name, uint32_t access_mask,
                             uint32_t share_access, uint32_t create_disposition,
                             uint32_t create_options, uint32_t file_attributes,
                             uint32_t oplock_request, const struct smb2_lease *lease,
                             uint64_t allocation_size, uint32_t private_flags,
                             struct security_descriptor *sd, struct ea_list *ea_list,
                             files_struct **result, int *info,
                             const struct smb2_create_blobs *in_context_blobs,
                             struct smb2_create_blobs *out_context_blobs);

#endif
