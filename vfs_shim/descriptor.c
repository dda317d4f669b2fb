/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and setting descriptors: two callbacks under Samba's common ACL code. */
#include "acl_ddb.h"

/* Each failed attempt means that another client's write of the same file's ACL went through. */
#define SET_ATTEMPTS 20

/** What the client hears of a write that failed. */
static NTSTATUS write_status(rrsmb_status status)
{
    switch (status) {
    case RRSMB_OK:
        return NT_STATUS_OK;
    case RRSMB_BAD_SD:
    case RRSMB_TOO_LARGE:
        return NT_STATUS_INVALID_SECURITY_DESCR;
    case RRSMB_UNSUPPORTED_ACE:
        return NT_STATUS_INVALID_ACL;
    case RRSMB_CONFLICT:
    case RRSMB_EXISTS:
        return NT_STATUS_RETRY;
    case RRSMB_READ_ONLY:
        return NT_STATUS_MEDIA_WRITE_PROTECTED;
    case RRSMB_TIMED_OUT:
    case RRSMB_UNKNOWN:
        return NT_STATUS_IO_TIMEOUT;
    case RRSMB_NO_SPACE:
    case RRSMB_LIMIT_REACHED:
        return NT_STATUS_DISK_FULL;
    case RRSMB_NO_MEMORY:
        return NT_STATUS_NO_MEMORY;
    default:
        return NT_STATUS_ACCESS_DENIED;
    }
}

NTSTATUS identify(struct acl_ddb *ddb, files_struct *fsp, int *fd, rrsmb_file_id *id)
{
    *fd = fsp_get_pathref_fd(fsp);
    if (*fd == -1) {
        DBG_ERR("access to the ACL of %s denied: it is not open\n", fsp_str_dbg(fsp));
        return NT_STATUS_ACCESS_DENIED;
    }
    if (fsp->fsp_name->twrp != 0) {
        DBG_ERR("access to %s denied: no ACLs are stored for snapshots\n", fsp_str_dbg(fsp));
        return NT_STATUS_ACCESS_DENIED;
    }

    if (rrsmb_file_id_from_fd(ddb->share, *fd, id) != RRSMB_OK) {
        DBG_ERR("access to %s denied: %s\n", fsp_str_dbg(fsp), rrsmb_error_last()->message);
        return NT_STATUS_ACCESS_DENIED;
    }
    /* A VFS module below that does not use the kernel's files has descriptors of its own. */
    if (VALID_STAT(fsp->fsp_name->st) && fsp->fsp_name->st.st_ex_ino != id->inode) {
        DBG_ERR("access to %s denied: its descriptor is open on another file\n", fsp_str_dbg(fsp));
        return NT_STATUS_ACCESS_DENIED;
    }
    return NT_STATUS_OK;
}

/** Wrap a stored descriptor as version 1 of Samba's blob: no hash of a system ACL to compare. */
static NTSTATUS wrap(TALLOC_CTX *ctx, uint8_t *bytes, size_t length, DATA_BLOB *blob)
{
    struct security_descriptor *sd = NULL;
    NTSTATUS status = unmarshall_sec_desc(ctx, bytes, length, &sd);
    if (!NT_STATUS_IS_OK(status)) {
        return status;
    }
    struct xattr_NTACL wrapped = {.version = 1, .info.sd = sd};
    enum ndr_err_code failed = ndr_push_struct_blob(
        blob, ctx, &wrapped, (ndr_push_flags_fn_t)(void *)ndr_push_xattr_NTACL);
    TALLOC_FREE(sd);
    return NDR_ERR_CODE_IS_SUCCESS(failed) ? NT_STATUS_OK : ndr_map_error2ntstatus(failed);
}

/** The self-relative descriptor in one of Samba's blobs. */
static NTSTATUS unwrap(TALLOC_CTX *ctx, const DATA_BLOB *blob, uint8_t **bytes, size_t *length)
{
    struct xattr_NTACL wrapped;
    enum ndr_err_code failed = ndr_pull_struct_blob(
        blob, ctx, &wrapped, (ndr_pull_flags_fn_t)(void *)ndr_pull_xattr_NTACL);
    if (!NDR_ERR_CODE_IS_SUCCESS(failed)) {
        return ndr_map_error2ntstatus(failed);
    }

    const struct security_descriptor *sd = NULL;
    switch (wrapped.version) {
    case 1:
        sd = wrapped.info.sd;
        break;
    case 2:
        sd = wrapped.info.sd_hs2->sd;
        break;
    case 3:
        sd = wrapped.info.sd_hs3->sd;
        break;
    case 4:
        sd = wrapped.info.sd_hs4->sd;
        break;
    default:
        return NT_STATUS_REVISION_MISMATCH;
    }
    return marshall_sec_desc(ctx, sd, bytes, length);
}

/**
 * Read the stored descriptor of a file.
 * @param strong Past any cache, to base a write on.
 * @return OK also where the file has none; anything else: not known, and the log says why.
 */
static NTSTATUS read_store(struct acl_ddb *ddb, struct operation *op, TALLOC_CTX *ctx, bool strong)
{
    NTSTATUS status = identify(ddb, op->fsp, &op->fd, &op->id);
    if (!NT_STATUS_IS_OK(status)) {
        return status;
    }

    size_t length = 0;
    rrsmb_row_info row = {.size = sizeof(row)};
    become_root();
    rrsmb_status got =
        strong
            ? rrsmb_store_get(ddb->share, &op->id, ddb->sd, sizeof(ddb->sd), &length, &row)
            : rrsmb_acl_get(ddb->acl, ddb->share, &op->id, ddb->sd, sizeof(ddb->sd), &length, &row);
    unbecome_root();
    if (got == RRSMB_NOT_FOUND) {
        return NT_STATUS_OK;
    }
    if (got != RRSMB_OK) {
        DBG_ERR("access to %s denied, its ACL cannot be read: %s\n", fsp_str_dbg(op->fsp),
                rrsmb_error_last()->message);
        return NT_STATUS_ACCESS_DENIED;
    }

    status = wrap(ctx, ddb->sd, length, &op->blob);
    if (!NT_STATUS_IS_OK(status)) {
        DBG_ERR("access to %s denied, Samba does not understand its ACL: %s\n",
                fsp_str_dbg(op->fsp), nt_errstr(status));
        return NT_STATUS_ACCESS_DENIED;
    }
    op->ver = row.ver;
    return NT_STATUS_OK;
}

/* The callbacks. The store was read before the common code was called; see set_once(). */

static NTSTATUS fetch_blob(TALLOC_CTX *ctx, vfs_handle_struct *handle, files_struct *fsp,
                           DATA_BLOB *blob)
{
    struct acl_ddb *ddb = handle->data;
    const struct operation *op = ddb->operation;

    SMB_ASSERT(op != NULL && op->fsp == fsp);
    if (op->blob.data == NULL) {
        return NT_STATUS_NOT_FOUND;
    }
    *blob = data_blob_talloc(ctx, op->blob.data, op->blob.length);
    return blob->data != NULL ? NT_STATUS_OK : NT_STATUS_NO_MEMORY;
}

static NTSTATUS store_blob(vfs_handle_struct *handle, files_struct *fsp, DATA_BLOB *blob)
{
    struct acl_ddb *ddb = handle->data;
    struct operation *op = ddb->operation;

    SMB_ASSERT(op != NULL && op->fsp == fsp);
    uint8_t *bytes = NULL;
    size_t length = 0;
    NTSTATUS status = unwrap(talloc_tos(), blob, &bytes, &length);
    if (!NT_STATUS_IS_OK(status)) {
        DBG_ERR("the new ACL of %s cannot be encoded: %s\n", fsp_str_dbg(fsp), nt_errstr(status));
        return status;
    }

    rrsmb_put_options options = {
        .size = sizeof(options),
        .flags = RRSMB_PUT_HAS_FD | (op->ver != 0 ? RRSMB_PUT_IF_VER : RRSMB_PUT_IF_ABSENT),
        .fd = op->fd,
        .if_ver = op->ver,
        .deadline_ms = ddb->write_timeout_ms,
    };
    become_root();
    op->stored =
        rrsmb_acl_set(ddb->acl, ddb->share, &op->id, RRSMB_SD_ALL, bytes, length, &options, NULL);
    unbecome_root();
    TALLOC_FREE(bytes);

    if (op->stored == RRSMB_CONFLICT || op->stored == RRSMB_EXISTS) {
        DBG_INFO("the ACL of %s was changed by somebody else meanwhile\n", fsp_str_dbg(fsp));
    } else if (op->stored != RRSMB_OK) {
        DBG_ERR("the ACL of %s cannot be stored: %s\n", fsp_str_dbg(fsp),
                rrsmb_error_last()->message);
    }
    return write_status(op->stored);
}

NTSTATUS acl_ddb_fget_nt_acl(vfs_handle_struct *handle, files_struct *fsp, uint32_t security_info,
                             TALLOC_CTX *mem_ctx, struct security_descriptor **sd)
{
    struct acl_ddb *ddb = handle->data;
    struct operation op = {.outer = ddb->operation, .fsp = metadata_fsp(fsp)};
    TALLOC_CTX *frame = talloc_stackframe();

    NTSTATUS status = read_store(ddb, &op, frame, false);
    if (NT_STATUS_IS_OK(status)) {
        ddb->operation = &op;
        status = fget_nt_acl_common(fetch_blob, handle, op.fsp, security_info, mem_ctx, sd);
        ddb->operation = op.outer;
    } else {
        newborn_in_trouble(ddb, status);
    }
    TALLOC_FREE(frame);
    return status;
}

/** One attempt at a merge. @param again Set when somebody else wrote since it was read. */
static NTSTATUS set_once(vfs_handle_struct *handle, files_struct *fsp, uint32_t security_info,
                         const struct security_descriptor *sd, bool *again)
{
    struct acl_ddb *ddb = handle->data;
    struct operation op = {.outer = ddb->operation, .fsp = fsp};
    TALLOC_CTX *frame = talloc_stackframe();

    NTSTATUS status = read_store(ddb, &op, frame, true);
    if (NT_STATUS_IS_OK(status)) {
        ddb->operation = &op;
        status =
            fset_nt_acl_common(fetch_blob, store_blob, MODULE_NAME, handle, fsp, security_info, sd);
        ddb->operation = op.outer;
    }
    *again = op.stored == RRSMB_CONFLICT || op.stored == RRSMB_EXISTS;
    TALLOC_FREE(frame);
    return status;
}

NTSTATUS acl_ddb_fset_nt_acl(vfs_handle_struct *handle, files_struct *fsp, uint32_t security_info,
                             const struct security_descriptor *sd)
{
    struct acl_ddb *ddb = handle->data;
    files_struct *base = metadata_fsp(fsp);
    NTSTATUS status = NT_STATUS_INTERNAL_ERROR;
    bool again = true;

    for (int attempt = 0; again && attempt < SET_ATTEMPTS; attempt++) {
        status = set_once(handle, base, security_info, sd, &again);
    }
    if (again) {
        DBG_ERR("the ACL of %s cannot be stored: others changed it %d times meanwhile\n",
                fsp_str_dbg(base), SET_ATTEMPTS);
    }
    if (!NT_STATUS_IS_OK(status)) {
        newborn_in_trouble(ddb, status);
    }
    return status;
}
