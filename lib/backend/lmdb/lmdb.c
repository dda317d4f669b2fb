/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value database on LMDB, the embedded default. */
#include <lmdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lib/backend/kv.h"
#include "lib/backend/lmdb/environment.h"
#include "lib/base/error.h"

struct lmdb_kv {
    struct kv base;
    struct kv_lmdb_options options;
    char *path;
    _Atomic(struct environment *) environment;
};

static struct lmdb_txn *txn_of(struct kv_txn *txn)
{
    return (struct lmdb_txn *)txn;
}

static MDB_val value_of(struct bytes bytes)
{
    /* LMDB's type is not const, but it does not write through it. */
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct bytes bytes_of(MDB_val value)
{
    return (struct bytes){value.mv_data, value.mv_size};
}

/* The environment, opened again if this process was forked since. */
static rrsmb_status current(struct lmdb_kv *kv, struct environment **environment)
{
    *environment = atomic_load_explicit(&kv->environment, memory_order_acquire);
    if (environment_is_ours(*environment))
        return RRSMB_OK;
    TRY(environment_refresh(&kv->options, &kv->environment));
    *environment = atomic_load_explicit(&kv->environment, memory_order_acquire);
    return RRSMB_OK;
}

static rrsmb_status lmdb_begin(struct kv *base, enum kv_mode mode, int64_t deadline,
                               struct kv_txn **txn)
{
    struct environment *environment;
    struct lmdb_txn *begun;
    TRY(current((struct lmdb_kv *)base, &environment));
    if (mode == KV_READ)
        TRY(environment_begin_read(environment, &begun));
    else
        TRY(environment_begin_write(environment, deadline, &begun));
    begun->base.ops = base->ops;
    *txn = &begun->base;
    return RRSMB_OK;
}

/* LMDB says EIO also when a write came out short, as on a disk that has just become full. */
static bool disk_is_full(const struct environment *environment)
{
    int fd = -1;
    struct statvfs disk;
    return mdb_env_get_fd(environment->env, &fd) == 0 && fstatvfs(fd, &disk) == 0 &&
           disk.f_bavail == 0;
}

static rrsmb_status commit_failed(const struct environment *environment, int error)
{
    /* All pages but one are written first, and flushed; the last makes the transaction valid. Where
     * that one failed, LMDB refuses to go on: the disk may or may not have taken it. */
    MDB_txn *probe = NULL;
    int state = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &probe);
    if (state == 0)
        mdb_txn_abort(probe);
    ENSURE(state != MDB_PANIC, RRSMB_UNKNOWN,
           "committing in %s: the disk reports an error (%s); the write may or may not stand, and "
           "this program must be restarted",
           environment->path, mdb_strerror(error));
    ENSURE(error != EIO || !disk_is_full(environment), RRSMB_NO_SPACE,
           "committing in %s: the disk is full", environment->path);
    return environment_fail(environment, error, "committing");
}

static rrsmb_status lmdb_commit(struct kv_txn *base)
{
    struct lmdb_txn *txn = txn_of(base);
    if (txn->mode == KV_READ) {
        environment_end_read(txn);
        return RRSMB_OK;
    }
    int error = mdb_txn_commit(txn->txn);
    rrsmb_status status = error == 0 ? RRSMB_OK : commit_failed(txn->environment, error);
    environment_end_write(txn);
    return status;
}

static void lmdb_abort(struct kv_txn *base)
{
    struct lmdb_txn *txn = txn_of(base);
    if (txn->mode == KV_READ) {
        environment_end_read(txn);
        return;
    }
    mdb_txn_abort(txn->txn);
    environment_end_write(txn);
}

static rrsmb_status lmdb_get(struct kv_txn *base, enum kv_table table, struct bytes key,
                             struct bytes *value, bool *found)
{
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = value_of(key);
    MDB_val v;
    int error = mdb_get(txn->txn, txn->environment->tables[table], &k, &v);
    *found = error == 0;
    if (error == 0)
        *value = bytes_of(v);
    if (error == 0 || error == MDB_NOTFOUND)
        return RRSMB_OK;
    return environment_fail(txn->environment, error, "reading");
}

static int open_cursor(struct lmdb_txn *txn, enum kv_table table)
{
    if (txn->cursors[table] != NULL)
        return 0;
    return mdb_cursor_open(txn->txn, txn->environment->tables[table], &txn->cursors[table]);
}

/* Rows that come in ascending order are appended, which fills pages to the brim instead of
 * leaving each half empty behind a split. */
static unsigned append_flag(struct lmdb_txn *txn, struct bytes key)
{
    if (!txn->last_row_known) {
        MDB_val last = {0};
        MDB_val value;
        if (open_cursor(txn, KV_ROWS) != 0)
            return 0;
        int error = mdb_cursor_get(txn->cursors[KV_ROWS], &last, &value, MDB_LAST);
        if (error != 0 && error != MDB_NOTFOUND)
            return 0;
        memset(txn->last_row, 0, sizeof txn->last_row);
        if (error == 0 && last.mv_size == sizeof txn->last_row)
            memcpy(txn->last_row, last.mv_data, sizeof txn->last_row);
        txn->last_row_known = true;
    }
    if (key.size != sizeof txn->last_row || memcmp(key.data, txn->last_row, key.size) <= 0)
        return 0;
    memcpy(txn->last_row, key.data, key.size);
    return MDB_APPEND;
}

static rrsmb_status lmdb_put(struct kv_txn *base, enum kv_table table, struct bytes key,
                             struct bytes value)
{
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    unsigned flags = table == KV_ROWS ? append_flag(txn, key) : 0;
    int error = mdb_put(txn->txn, txn->environment->tables[table], &k, &v, flags);
    return error == 0 ? RRSMB_OK : environment_fail(txn->environment, error, "writing");
}

static rrsmb_status lmdb_remove(struct kv_txn *base, enum kv_table table, struct bytes key)
{
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = value_of(key);
    int error = mdb_del(txn->txn, txn->environment->tables[table], &k, NULL);
    /* The greatest row may be gone: look again before the next append. */
    if (table == KV_ROWS)
        txn->last_row_known = false;
    if (error == 0 || error == MDB_NOTFOUND)
        return RRSMB_OK;
    return environment_fail(txn->environment, error, "removing");
}

static rrsmb_status walk(struct lmdb_txn *txn, enum kv_table table, MDB_val k, MDB_cursor_op op,
                         struct bytes *key, struct bytes *value, bool *found)
{
    MDB_val v = {0};
    int error = open_cursor(txn, table);
    if (error == 0)
        error = mdb_cursor_get(txn->cursors[table], &k, &v, op);
    *found = error == 0;
    if (error == 0) {
        *key = bytes_of(k);
        *value = bytes_of(v);
    }
    if (error == 0 || error == MDB_NOTFOUND)
        return RRSMB_OK;
    return environment_fail(txn->environment, error, "listing");
}

static rrsmb_status lmdb_seek(struct kv_txn *base, enum kv_table table, struct bytes from,
                              struct bytes *key, struct bytes *value, bool *found)
{
    /* LMDB has no empty keys: the first of all is asked for by name. */
    return walk(txn_of(base), table, value_of(from), from.size == 0 ? MDB_FIRST : MDB_SET_RANGE,
                key, value, found);
}

static rrsmb_status lmdb_next(struct kv_txn *base, enum kv_table table, struct bytes *key,
                              struct bytes *value, bool *found)
{
    return walk(txn_of(base), table, (MDB_val){0}, MDB_NEXT, key, value, found);
}

static rrsmb_status lmdb_usage(struct kv_txn *base, struct kv_usage *usage)
{
    struct lmdb_txn *txn = txn_of(base);
    *usage = (struct kv_usage){0};
    for (size_t i = 0; i < KV_TABLES; i++) {
        MDB_stat table;
        int error = mdb_stat(txn->txn, txn->environment->tables[i], &table);
        if (error != 0)
            return environment_fail(txn->environment, error, "summing up");
        usage->entries[i] = table.ms_entries;
        usage->stored_bytes +=
            (table.ms_branch_pages + table.ms_leaf_pages + table.ms_overflow_pages) *
            table.ms_psize;
    }
    int fd = -1;
    struct stat file;
    MDB_envinfo info;
    if (mdb_env_get_fd(txn->environment->env, &fd) != 0 || fstat(fd, &file) != 0)
        return FAIL_ERRNO("examining the database in %s", txn->environment->path);
    (void)mdb_env_info(txn->environment->env, &info);
    usage->file_bytes = (uint64_t)file.st_size;
    usage->max_bytes = info.me_mapsize;
    return RRSMB_OK;
}

static void free_kv(struct lmdb_kv *kv)
{
    free(kv->path);
    free(kv);
}

static void lmdb_close(struct kv *base)
{
    struct lmdb_kv *kv = (struct lmdb_kv *)base;
    environment_release(atomic_load(&kv->environment));
    free_kv(kv);
}

static const struct kv_ops operations = {
    .close = lmdb_close,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .put = lmdb_put,
    .remove = lmdb_remove,
    .seek = lmdb_seek,
    .next = lmdb_next,
    .usage = lmdb_usage,
};

rrsmb_status kv_lmdb_open(const struct kv_lmdb_options *options, struct kv **kv)
{
    struct lmdb_kv *opened = calloc(1, sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening a store: out of memory");
    opened->base.ops = &operations;
    opened->options = *options;
    opened->path = strdup(options->path);
    opened->options.path = opened->path;

    struct environment *environment = NULL;
    rrsmb_status status = opened->path != NULL
                              ? environment_acquire(&opened->options, &environment)
                              : FAIL(RRSMB_NO_MEMORY, "opening a store: out of memory");
    if (status != RRSMB_OK) {
        free_kv(opened);
        return status;
    }
    atomic_init(&opened->environment, environment);
    *kv = &opened->base;
    return RRSMB_OK;
}
