/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * acl_ddb: a Samba VFS module that keeps NT ACLs in librrsmb.
 *
 * Samba's own ACL semantics (vfs_acl_common.c, which smbd exports) run over two callbacks here:
 * one gives the stored descriptor of a file, the other stores it. What this file adds:
 *
 *  - A descriptor that cannot be read denies access. The common code would take the default ACL
 *    after any failure of its callback, so the store is read *before* the common code is called,
 *    which then only runs when the answer is "this descriptor" or "this file has none".
 *  - Setting an ACL is a merge. The write is conditional on the version that the merge was based
 *    on, and the merge is done again when somebody else wrote meanwhile.
 *  - A file is identified by inode and generation, from its open handle. An unlink therefore
 *    never waits for the store: a row that stays behind belongs to a generation that is gone.
 *  - smbd takes a failure to inherit an ACL for no failure. A new file without its ACL would get
 *    the default one, so such a file is removed again, and creating it fails.
 *
 * Files: descriptor.c reads and sets, create.c and remove.c guard the two ends of a file's life.
 *
 * Lock order: smbd holds its share mode lock during an unlink and during a create. The store's
 * own lock is taken inside it, and nothing of Samba is called while the store's lock is held.
 */
#include "acl_ddb.h"

#define DEFAULT_STORE "lmdb:///var/lib/rrsmb"
#define DEFAULT_WRITE_TIMEOUT_MS 5000

static void log_library(void *context, rrsmb_log_level level, const char *message)
{
    (void)context;
    switch (level) {
    case RRSMB_LOG_ERROR:
        DBG_ERR("%s\n", message);
        return;
    case RRSMB_LOG_WARNING:
        DBG_WARNING("%s\n", message);
        return;
    case RRSMB_LOG_INFO:
        DBG_NOTICE("%s\n", message);
        return;
    case RRSMB_LOG_DEBUG:
        DBG_DEBUG("%s\n", message);
        return;
    }
}

static void free_ddb(void **data)
{
    struct acl_ddb *ddb = *data;

    if (ddb == NULL) {
        return;
    }
    rrsmb_acl_close(ddb->acl);
    rrsmb_share_close(ddb->share);
    rrsmb_store_close(ddb->store);
    TALLOC_FREE(ddb);
    *data = NULL;
}

/** Parameters of the share that storing NT ACLs depends on, as acl_xattr sets them. */
static bool force_parameters(vfs_handle_struct *handle, const struct acl_common_config *config)
{
    int snum = SNUM(handle->conn);

    lp_do_parameter(snum, "inherit acls", "true");
    lp_do_parameter(snum, "dos filemode", "true");
    lp_do_parameter(snum, "force unknown acl user", "true");
    if (!config->ignore_system_acls) {
        return true;
    }

    char *mask = talloc_asprintf(talloc_tos(), "0%o", (unsigned)lp_create_mask(snum) | 0666U);
    if (mask == NULL) {
        return false;
    }
    lp_do_parameter(snum, "create mask", mask);
    TALLOC_FREE(mask);
    lp_do_parameter(snum, "directory mask", "0777");
    lp_do_parameter(snum, "map archive", "no");
    lp_do_parameter(snum, "map hidden", "no");
    lp_do_parameter(snum, "map readonly", "no");
    lp_do_parameter(snum, "map system", "no");
    lp_do_parameter(snum, "store dos attributes", "yes");
    return true;
}

/** Open the store, the share and the front, as root. The log says why it failed. */
static bool open_store(vfs_handle_struct *handle, struct acl_ddb *ddb, const char *service)
{
    int snum = SNUM(handle->conn);
    const char *uri = lp_parm_const_string(snum, MODULE_NAME, "store", DEFAULT_STORE);
    const char *share = lp_parm_const_string(snum, MODULE_NAME, "share", service);
    rrsmb_store_options store_options = {
        .size = sizeof(store_options),
        .deadline_ms = ddb->write_timeout_ms,
        .log = log_library,
    };
    rrsmb_share_options share_options = {
        .size = sizeof(share_options),
        .path = handle->conn->connectpath,
    };

    become_root();
    bool ok = rrsmb_store_open(uri, &store_options, &ddb->store) == RRSMB_OK &&
              rrsmb_share_open(ddb->store, share, &share_options, &ddb->share) == RRSMB_OK &&
              rrsmb_acl_open(ddb->store, NULL, &ddb->acl) == RRSMB_OK;
    unbecome_root();
    if (!ok) {
        DBG_ERR("share %s refused: %s\n", service, rrsmb_error_last()->message);
        return false;
    }

    ddb->has_generations = rrsmb_share_get_info(ddb->share)->kind != RRSMB_GENERATION_NONE;
    if (!ddb->has_generations) {
        DBG_WARNING("share %s: its file system gives no generations: a file deleted outside Samba "
                    "leaves its ACL to the next file with its inode number\n",
                    service);
    }
    return true;
}

/** Read the module's parameters into a new struct acl_ddb at handle->data. */
static struct acl_ddb *configure(vfs_handle_struct *handle, const char *service)
{
    int snum = SNUM(handle->conn);

    if (lp_parm_const_string(snum, MODULE_NAME, "ignore system acls", NULL) == NULL) {
        lp_do_parameter(snum, MODULE_NAME ":ignore system acls", "yes");
    }
    if (!init_acl_common_config(handle, MODULE_NAME)) {
        return NULL;
    }
    struct acl_common_config *common = handle->data;
    struct acl_ddb *ddb = talloc_zero(handle->conn, struct acl_ddb);
    if (ddb == NULL) {
        return NULL;
    }
    ddb->common = *common;
    TALLOC_FREE(common);
    SMB_VFS_HANDLE_SET_DATA(handle, ddb, free_ddb, struct acl_ddb, return NULL);

    /* A word that is no style comes back as a number that is none. */
    if (ddb->common.default_acl_style > DEFAULT_ACL_EVERYONE) {
        DBG_ERR("share %s refused: " MODULE_NAME ":default acl style = %s is not known\n", service,
                lp_parm_const_string(snum, MODULE_NAME, "default acl style", ""));
        return NULL;
    }
    unsigned long timeout =
        lp_parm_ulong(snum, MODULE_NAME, "write timeout", DEFAULT_WRITE_TIMEOUT_MS);
    ddb->write_timeout_ms = timeout == 0 ? RRSMB_NO_WAIT : (uint32_t)MIN(timeout, INT32_MAX);
    return ddb;
}

static int acl_ddb_connect(vfs_handle_struct *handle, const char *service, const char *user)
{
    int result = SMB_VFS_NEXT_CONNECT(handle, service, user);
    if (result < 0) {
        return result;
    }

    struct acl_ddb *ddb = configure(handle, service);
    if (ddb == NULL || !force_parameters(handle, &ddb->common) ||
        !open_store(handle, ddb, service)) {
        SMB_VFS_NEXT_DISCONNECT(handle);
        errno = EACCES;
        return -1;
    }
    return result;
}

static void acl_ddb_disconnect(vfs_handle_struct *handle)
{
    struct acl_ddb *ddb = handle->data;

    SMB_VFS_NEXT_DISCONNECT(handle);
    drop_left_behind(ddb, ddb->write_timeout_ms);
    SMB_VFS_HANDLE_FREE_DATA(handle);
}

static struct vfs_fn_pointers functions = {
    .connect_fn = acl_ddb_connect,
    .disconnect_fn = acl_ddb_disconnect,
    .create_file_fn = acl_ddb_create_file,
    .openat_fn = acl_ddb_openat,
    .mkdirat_fn = acl_ddb_mkdirat,
    .unlinkat_fn = acl_ddb_unlinkat,
    .renameat_fn = acl_ddb_renameat,
    .fchmod_fn = fchmod_acl_module_common,
    .fget_nt_acl_fn = acl_ddb_fget_nt_acl,
    .fset_nt_acl_fn = acl_ddb_fset_nt_acl,
    .sys_acl_set_fd_fn = acl_ddb_sys_acl_set_fd,
};

/** smbd looks for this name; Samba's headers declare it. */
__attribute__((visibility("default"))) NTSTATUS samba_init_module(TALLOC_CTX *ctx)
{
    (void)ctx;
    return smb_register_vfs(SMB_VFS_INTERFACE_VERSION, MODULE_NAME, &functions);
}
