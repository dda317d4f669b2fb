/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/lmdb/data_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/lmdb/folder.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"

int data_file_open_tables(MDB_env *env, unsigned txn_flags, MDB_dbi tables[KV_TABLES])
{
    static const char *const names[KV_TABLES] = {
        [KV_ROWS] = "acl-index", [KV_BLOBS] = "acl-store", [KV_CLUSTER] = "cluster"};
    MDB_txn *txn = NULL;
    unsigned flags = txn_flags == 0 ? MDB_CREATE : 0;
    int error = mdb_txn_begin(env, NULL, txn_flags, &txn);
    for (size_t i = 0; error == 0 && i < KV_TABLES; i++)
        error = mdb_dbi_open(txn, names[i], flags, &tables[i]);
    if (error == 0)
        return mdb_txn_commit(txn);
    if (txn != NULL)
        mdb_txn_abort(txn);
    return error;
}

/* -- making it ------------------------------------------------------------------------------- */

/* LMDB takes a database of no bytes for a new one. It is made under another name, so that no such
 * file is ever ours. */
static int make_database(const char *path, uint64_t max_size)
{
    MDB_env *env = NULL;
    MDB_dbi tables[KV_TABLES];
    int error = mdb_env_create(&env);
    if (error == 0)
        error = mdb_env_set_maxdbs(env, KV_TABLES);
    if (error == 0)
        error = mdb_env_set_mapsize(env, max_size);
    if (error == 0)
        error = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    if (error == 0)
        error = data_file_open_tables(env, 0, tables);
    if (error == 0)
        error = mdb_env_sync(env, 1);
    if (env != NULL)
        mdb_env_close(env);
    return error;
}

static rrsmb_status paths_of(const char *folder, char data[PATH_MAX], char unfinished[PATH_MAX])
{
    ENSURE(snprintf(data, PATH_MAX, "%s/data.mdb", folder) < PATH_MAX &&
               snprintf(unfinished, PATH_MAX, "%s/data.mdb.new", folder) < PATH_MAX,
           RRSMB_INVALID_ARGUMENT, "the path of the store is too long");
    return RRSMB_OK;
}

/* Within the turn to write, so that one process makes it. */
static rrsmb_status make(struct environment *environment, uint64_t max_size)
{
    char data[PATH_MAX];
    char unfinished[PATH_MAX];
    TRY(paths_of(environment->path, data, unfinished));
    if (access(data, F_OK) == 0)
        return RRSMB_OK;
    /* Of a process that was killed while it made one. */
    if (unlink(unfinished) != 0 && errno != ENOENT)
        return FAIL_ERRNO("clearing away %s", unfinished);
    int error = make_database(unfinished, max_size);
    if (error != 0) {
        (void)unlink(unfinished);
        return environment_fail(environment, error, "making the database");
    }
    if (rename(unfinished, data) != 0)
        return FAIL_ERRNO("making %s", data);
    return folder_sync(environment->path);
}

rrsmb_status data_file_prepare(struct environment *environment, uint64_t max_size, bool create)
{
    char data[PATH_MAX];
    char unfinished[PATH_MAX];
    struct stat file;
    TRY(paths_of(environment->path, data, unfinished));
    if (stat(data, &file) == 0) {
        ENSURE(file.st_size > 0, RRSMB_DAMAGED, "%s is empty: it was cut off", data);
        return RRSMB_OK;
    }
    if (errno != ENOENT || !create)
        return FAIL_ERRNO("examining %s", data);
    TRY(write_lock_take(&environment->write_lock, deadline_after(0, RRSMB_DEFAULT_DEADLINE_MS)));
    rrsmb_status status = make(environment, max_size);
    write_lock_release(&environment->write_lock);
    return status;
}

/* -- its length ------------------------------------------------------------------------------ */

struct length {
    int fd;
    uint64_t page_size;
    uint64_t file;  /* bytes */
    uint64_t pages; /* that the database has, written or not */
};

static rrsmb_status measure(const struct environment *environment, struct length *length)
{
    MDB_envinfo info;
    MDB_stat sizes;
    struct stat file;
    /* The database first: another process may be extending the file, which comes before. */
    int error = mdb_env_info(environment->env, &info);
    if (error == 0)
        error = mdb_env_stat(environment->env, &sizes);
    if (error == 0)
        error = mdb_env_get_fd(environment->env, &length->fd);
    if (error == 0 && fstat(length->fd, &file) != 0)
        error = errno;
    if (error != 0)
        return environment_fail(environment, error, "examining the database");
    length->page_size = sizes.ms_psize;
    length->file = (uint64_t)file.st_size;
    length->pages = (uint64_t)info.me_last_pgno + 1;
    return RRSMB_OK;
}

/* Table 0 of LMDB holds lists of free page numbers, each led by its length. */
static int count_free_from(MDB_env *env, uint64_t first, uint64_t *count)
{
    MDB_txn *txn;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val list;
    int error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (error != 0)
        return error;
    error = mdb_cursor_open(txn, 0, &cursor);
    *count = 0;
    while (error == 0 && (error = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        const size_t *numbers = list.mv_data;
        size_t room = list.mv_size / sizeof *numbers;
        for (size_t i = 1; i < room && i <= numbers[0]; i++)
            *count += numbers[i] >= first;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return error == MDB_NOTFOUND ? 0 : error;
}

/* Pages that a transaction took at the end of the file and freed again are never written: a whole
 * file may be short of them, if the list of free pages names them all. That list may itself be cut
 * off, hence the file is extended first: a page of zeros is an error to LMDB, not a SIGBUS. */
static rrsmb_status check_missing_pages(struct environment *environment)
{
    struct length length = {0};
    TRY(measure(environment, &length));
    uint64_t needed = length.pages * length.page_size;
    if (length.file >= needed)
        return RRSMB_OK;
    if (ftruncate(length.fd, (off_t)needed) != 0)
        return FAIL_ERRNO("extending %s/data.mdb", environment->path);
    uint64_t first = length.file / length.page_size;
    uint64_t free_pages = 0;
    int error = count_free_from(environment->env, first, &free_pages);
    if (error == 0 && free_pages == length.pages - first)
        return RRSMB_OK;
    /* Left as it was, so that the next one refuses it, too. */
    if (ftruncate(length.fd, (off_t)length.file) != 0)
        return FAIL_ERRNO("refusing %s/data.mdb", environment->path);
    return FAIL(RRSMB_DAMAGED, "%s/data.mdb is cut off: it has %" PRIu64 " bytes of %" PRIu64,
                environment->path, length.file, needed);
}

rrsmb_status data_file_check_length(struct environment *environment)
{
    struct length length = {0};
    TRY(measure(environment, &length));
    if (length.file >= length.pages * length.page_size)
        return RRSMB_OK;
    TRY(write_lock_take(&environment->write_lock, deadline_after(0, RRSMB_DEFAULT_DEADLINE_MS)));
    rrsmb_status status = check_missing_pages(environment);
    write_lock_release(&environment->write_lock);
    return status;
}
