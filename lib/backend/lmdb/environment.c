/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/lmdb/environment.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/lmdb/data_file.h"
#include "lib/backend/lmdb/folder.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/process.h"

/* Samba forks one process for each client, each with a slot for each thread that reads: LMDB's
 * default of 126 is soon used up. 64 bytes each in the lock file. */
#define READERS_MAX 8192

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct environment *registry;

__attribute__((constructor)) static void protect_registry(void)
{
    process_protect(&registry_lock);
}

rrsmb_status environment_fail(const struct environment *environment, int error, const char *doing)
{
    const char *path = environment->path;
    switch (error) {
    case MDB_MAP_FULL: {
        MDB_envinfo info = {0};
        (void)mdb_env_info(environment->env, &info);
        return FAIL(RRSMB_LIMIT_REACHED,
                    "%s in %s: the store is full: it may grow to %zu bytes (max_size in its URI)",
                    doing, path, info.me_mapsize);
    }
    case MDB_READERS_FULL:
        return FAIL(RRSMB_LIMIT_REACHED, "%s in %s: more than %d readers at once", doing, path,
                    READERS_MAX);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_VALSIZE:
    case MDB_INCOMPATIBLE:
        return FAIL(RRSMB_DAMAGED, "%s in %s: the database is damaged: %s", doing, path,
                    mdb_strerror(error));
    case MDB_VERSION_MISMATCH:
        return FAIL(RRSMB_NEWER_FORMAT, "%s in %s: the file is of another version of LMDB", doing,
                    path);
    case MDB_PANIC:
        return FAIL(RRSMB_UNAVAILABLE,
                    "%s in %s: an earlier write failed half-way; restart this program", doing,
                    path);
    case EIO:
        return FAIL(RRSMB_IO_ERROR, "%s in %s: the disk reports an error", doing, path);
    default:
        if (error < 0)
            return FAIL(RRSMB_IO_ERROR, "%s in %s: %s", doing, path, mdb_strerror(error));
        errno = error;
        /* "Not found" is said of what a store holds; a store that went away is no such answer. */
        rrsmb_status status = FAIL_ERRNO("%s in %s", doing, path);
        return status == RRSMB_NOT_FOUND ? error_reclassify(RRSMB_UNAVAILABLE) : status;
    }
}

bool environment_is_ours(const struct environment *environment)
{
    return environment->epoch == process_epoch();
}

/* LMDB found a contradiction in its own pages and cannot go on. It gives no way back, so the
 * process ends: for smbd that is one client's session, and access is denied. */
static void on_contradiction(MDB_env *env, const char *message)
{
    (void)env;
    (void)fprintf(stderr, "librrsmb: the LMDB database is damaged: %s\n", message);
    abort();
}

/* Without waiting for a writer: they are as old as the database. */
static rrsmb_status open_tables(struct environment *environment)
{
    int error = data_file_open_tables(environment->env, MDB_RDONLY, environment->tables);
    ENSURE(error != MDB_NOTFOUND, RRSMB_NOT_FOUND, "%s holds no store of librrsmb",
           environment->path);
    return error == 0 ? RRSMB_OK : environment_fail(environment, error, "opening the tables");
}

static rrsmb_status open_lmdb(struct environment *environment,
                              const struct kv_lmdb_options *options)
{
    unsigned flags = MDB_NOTLS | (options->sync ? 0u : MDB_NOSYNC);
    int error = mdb_env_create(&environment->env);
    if (error == 0)
        error = mdb_env_set_maxdbs(environment->env, KV_TABLES);
    if (error == 0)
        error = mdb_env_set_maxreaders(environment->env, READERS_MAX);
    if (error == 0)
        error = mdb_env_set_mapsize(environment->env, options->max_size);
    if (error == 0)
        error = mdb_env_set_assert(environment->env, on_contradiction);
    if (error == 0)
        error = mdb_env_open(environment->env, environment->path, flags, 0600);
    if (error == 0)
        error = mdb_reader_check(environment->env, NULL);
    if (error != 0)
        return environment_fail(environment, error, "opening the database");
    TRY(data_file_check_length(environment));
    TRY(open_tables(environment));
    return options->create ? folder_sync(environment->path) : RRSMB_OK;
}

static void destroy(struct environment *environment)
{
    for (size_t i = 0; i < READER_SLOTS; i++)
        if (environment->slots[i].txn.txn != NULL)
            mdb_txn_abort(environment->slots[i].txn.txn);
    if (environment->env != NULL)
        mdb_env_close(environment->env);
    if (environment->write_lock.page != NULL)
        write_lock_close(&environment->write_lock);
    (void)pthread_rwlock_destroy(&environment->map_lock);
    free(environment->path);
    free(environment);
}

/* Whoever replaces the map comes before those who go on reading; else they would never let him. */
static void init_map_lock(struct environment *environment)
{
    pthread_rwlockattr_t attributes;
    (void)pthread_rwlockattr_init(&attributes);
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&environment->map_lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
}

static rrsmb_status make(const struct kv_lmdb_options *options, const struct stat *folder,
                         struct environment **made)
{
    struct environment *environment = aligned_alloc(64, sizeof *environment);
    ENSURE(environment != NULL, RRSMB_NO_MEMORY, "opening %s: out of memory", options->path);
    memset(environment, 0, sizeof *environment);
    environment->device = folder->st_dev;
    environment->inode = folder->st_ino;
    environment->users = 1;
    environment->epoch = process_epoch();
    environment->sync = options->sync;
    environment->path = strdup(options->path);
    init_map_lock(environment);

    rrsmb_status status = environment->path != NULL
                              ? write_lock_open(options->path, &environment->write_lock)
                              : FAIL(RRSMB_NO_MEMORY, "opening a store: out of memory");
    if (status == RRSMB_OK)
        status = data_file_prepare(environment, options->max_size,
                                   options->create && !options->read_only);
    if (status == RRSMB_OK)
        status = open_lmdb(environment, options);
    if (status != RRSMB_OK) {
        destroy(environment);
        return status;
    }
    *made = environment;
    return RRSMB_OK;
}

/* -- its map --------------------------------------------------------------------------------- */

static bool slot_take(struct reader_slot *slot)
{
    int expected = SLOT_FREE;
    return atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE &&
           atomic_compare_exchange_strong_explicit(&slot->state, &expected, SLOT_BUSY,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void slot_give(struct reader_slot *slot)
{
    atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
}

/* Map the database anew, with another size. No transaction of this process may be open or begun
 * meanwhile: the map goes away under it. A reader holds its slot, so holding them all is holding
 * readers out; the writer, and readers without a slot, hold the lock for the length of their
 * transactions. */
static rrsmb_status replace_map(struct environment *environment, size_t size, unsigned version)
{
    (void)pthread_rwlock_wrlock(&environment->map_lock);
    if (atomic_load(&environment->map_version) != version) {
        (void)pthread_rwlock_unlock(&environment->map_lock);
        return RRSMB_OK; /* somebody else did it meanwhile */
    }
    atomic_store(&environment->replacing_map, true);
    for (size_t i = 0; i < READER_SLOTS; i++)
        while (!slot_take(&environment->slots[i]))
            (void)sched_yield();
    int error = mdb_env_set_mapsize(environment->env, size);
    atomic_fetch_add(&environment->map_version, 1);
    atomic_store(&environment->replacing_map, false);
    for (size_t i = 0; i < READER_SLOTS; i++)
        slot_give(&environment->slots[i]);
    (void)pthread_rwlock_unlock(&environment->map_lock);
    return error == 0 ? RRSMB_OK
                      : environment_fail(environment, error, "mapping the database anew");
}

/* Another process opened the store with a larger max_size and used it. */
static rrsmb_status adopt_size(struct environment *environment, unsigned version)
{
    return replace_map(environment, 0, version);
}

/* A handle of this process came with a larger max_size, which then counts for all of them. */
static rrsmb_status enlarge(struct environment *environment, size_t size)
{
    MDB_envinfo info;
    (void)pthread_rwlock_rdlock(&environment->map_lock);
    unsigned version = atomic_load(&environment->map_version);
    int error = mdb_env_info(environment->env, &info);
    (void)pthread_rwlock_unlock(&environment->map_lock);
    if (error != 0)
        return environment_fail(environment, error, "examining the database");
    return size > info.me_mapsize ? replace_map(environment, size, version) : RRSMB_OK;
}

/* -- the registry ---------------------------------------------------------------------------- */

static struct environment *registry_find(const struct stat *folder)
{
    for (struct environment *at = registry; at != NULL; at = at->next)
        if (at->device == folder->st_dev && at->inode == folder->st_ino && environment_is_ours(at))
            return at;
    return NULL;
}

static rrsmb_status acquire_locked(const struct kv_lmdb_options *options,
                                   struct environment **environment)
{
    struct stat folder;
    TRY(folder_prepare(options->path, options->create && !options->read_only, &folder));
    *environment = registry_find(&folder);
    if (*environment != NULL) {
        ENSURE((*environment)->sync == options->sync, RRSMB_INVALID_ARGUMENT,
               "%s is already open in this process with another sync= setting", options->path);
        TRY(enlarge(*environment, options->max_size));
        (*environment)->users++;
        return RRSMB_OK;
    }
    TRY(make(options, &folder, environment));
    (*environment)->next = registry;
    registry = *environment;
    return RRSMB_OK;
}

rrsmb_status environment_acquire(const struct kv_lmdb_options *options,
                                 struct environment **environment)
{
    (void)pthread_mutex_lock(&registry_lock);
    rrsmb_status status = acquire_locked(options, environment);
    (void)pthread_mutex_unlock(&registry_lock);
    return status;
}

/* The very store that the parent had. Another one in its place, or a new one, would answer "this file
 * has no ACL" where the truth is that nobody knows. */
static rrsmb_status reopen_locked(const struct kv_lmdb_options *options,
                                  const struct environment *parents, struct environment **opened)
{
    struct kv_lmdb_options existing = *options;
    struct stat folder;
    existing.create = false;
    bool same = stat(options->path, &folder) == 0 && folder.st_dev == parents->device &&
                folder.st_ino == parents->inode;
    ENSURE(same, RRSMB_UNAVAILABLE, "%s is not the store any more that was opened before the fork",
           options->path);
    rrsmb_status status = acquire_locked(&existing, opened);
    return status == RRSMB_NOT_FOUND ? error_reclassify(RRSMB_UNAVAILABLE) : status;
}

rrsmb_status environment_refresh(const struct kv_lmdb_options *options,
                                 _Atomic(struct environment *) *environment)
{
    (void)pthread_mutex_lock(&registry_lock);
    rrsmb_status status = RRSMB_OK;
    const struct environment *before = atomic_load(environment);
    if (!environment_is_ours(before)) {
        struct environment *opened = NULL;
        status = reopen_locked(options, before, &opened);
        if (status == RRSMB_OK)
            atomic_store_explicit(environment, opened, memory_order_release);
    }
    (void)pthread_mutex_unlock(&registry_lock);
    return status;
}

void environment_release(struct environment *environment)
{
    /* A parent's environment: neither to be closed nor to be counted here. */
    if (!environment_is_ours(environment))
        return;
    (void)pthread_mutex_lock(&registry_lock);
    bool last = --environment->users == 0;
    if (last) {
        struct environment **link = &registry;
        while (*link != environment)
            link = &(*link)->next;
        *link = environment->next;
        /* Under the lock: a second environment must not be opened before this one is closed. */
        destroy(environment);
    }
    (void)pthread_mutex_unlock(&registry_lock);
}

/* -- readers --------------------------------------------------------------------------------- */

static int start_reading(struct environment *environment, MDB_txn **txn)
{
    if (*txn != NULL)
        return mdb_txn_renew(*txn);
    int error = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, txn);
    if (error != MDB_READERS_FULL)
        return error;
    /* Slots of processes that were killed. */
    error = mdb_reader_check(environment->env, NULL);
    return error != 0 ? error : mdb_txn_begin(environment->env, NULL, MDB_RDONLY, txn);
}

static struct lmdb_txn *spare_reader(struct environment *environment)
{
    struct lmdb_txn *spare = calloc(1, sizeof *spare);
    if (spare == NULL)
        return NULL;
    spare->spare = true;
    (void)pthread_rwlock_rdlock(&environment->map_lock);
    return spare;
}

/* Threads spread over the slots, so that they do not meet on one line of memory. */
static unsigned preferred_slot(void)
{
    static atomic_uint next;
    static _Thread_local unsigned mine;
    if (mine == 0)
        mine = 1 + atomic_fetch_add(&next, 1) % READER_SLOTS;
    return mine - 1;
}

static struct lmdb_txn *take_reader(struct environment *environment)
{
    unsigned start = preferred_slot();
    if (atomic_load_explicit(&environment->replacing_map, memory_order_relaxed))
        return spare_reader(environment);
    for (unsigned i = 0; i < READER_SLOTS; i++) {
        struct reader_slot *slot = &environment->slots[(start + i) % READER_SLOTS];
        if (slot_take(slot))
            return &slot->txn;
    }
    return spare_reader(environment);
}

static void give_reader(struct environment *environment, struct lmdb_txn *txn)
{
    if (!txn->spare) {
        slot_give((struct reader_slot *)((char *)txn - offsetof(struct reader_slot, txn)));
        return;
    }
    if (txn->txn != NULL)
        mdb_txn_abort(txn->txn);
    free(txn);
    (void)pthread_rwlock_unlock(&environment->map_lock);
}

rrsmb_status environment_begin_read(struct environment *environment, struct lmdb_txn **txn)
{
    for (int attempt = 0;; attempt++) {
        struct lmdb_txn *taken = take_reader(environment);
        ENSURE(taken != NULL, RRSMB_NO_MEMORY, "beginning to read: out of memory");
        unsigned version = atomic_load(&environment->map_version);
        int error = start_reading(environment, &taken->txn);
        if (error == 0) {
            taken->environment = environment;
            taken->mode = KV_READ;
            *txn = taken;
            return RRSMB_OK;
        }
        if (taken->txn != NULL)
            mdb_txn_abort(taken->txn);
        taken->txn = NULL;
        give_reader(environment, taken);
        if (error != MDB_MAP_RESIZED || attempt > 0)
            return environment_fail(environment, error, "beginning to read");
        TRY(adopt_size(environment, version));
    }
}

static void close_cursors(struct lmdb_txn *txn)
{
    for (size_t i = 0; i < KV_TABLES; i++) {
        if (txn->cursors[i] != NULL)
            mdb_cursor_close(txn->cursors[i]);
        txn->cursors[i] = NULL;
    }
}

void environment_end_read(struct lmdb_txn *txn)
{
    close_cursors(txn);
    mdb_txn_reset(txn->txn);
    give_reader(txn->environment, txn);
}

/* -- writers --------------------------------------------------------------------------------- */

/* A reader that was killed keeps LMDB from using pages again, until somebody finds it dead. Nothing
 * but growth shows it. */
#define GROWTH_PAGES 256

static void look_for_dead_readers(struct environment *environment)
{
    MDB_envinfo info;
    if (mdb_env_info(environment->env, &info) != 0 ||
        info.me_last_pgno < environment->checked_pages + GROWTH_PAGES)
        return;
    environment->checked_pages = info.me_last_pgno;
    (void)mdb_reader_check(environment->env, NULL);
}

/* Takes the lock on the map, also when it fails. */
static int start_writing(struct environment *environment, struct lmdb_txn *txn)
{
    (void)pthread_rwlock_rdlock(&environment->map_lock);
    unsigned version = atomic_load(&environment->map_version);
    int error = mdb_txn_begin(environment->env, NULL, 0, &txn->txn);
    if (error == MDB_MAP_RESIZED) {
        (void)pthread_rwlock_unlock(&environment->map_lock);
        rrsmb_status status = adopt_size(environment, version);
        (void)pthread_rwlock_rdlock(&environment->map_lock);
        if (status == RRSMB_OK)
            error = mdb_txn_begin(environment->env, NULL, 0, &txn->txn);
    }
    return error;
}

rrsmb_status environment_begin_write(struct environment *environment, int64_t deadline,
                                     struct lmdb_txn **txn)
{
    struct lmdb_txn *begun = calloc(1, sizeof *begun);
    ENSURE(begun != NULL, RRSMB_NO_MEMORY, "beginning to write: out of memory");
    begun->environment = environment;
    begun->mode = KV_WRITE;
    rrsmb_status status = write_lock_take(&environment->write_lock, deadline);
    if (status != RRSMB_OK) {
        free(begun);
        return status;
    }
    int error = start_writing(environment, begun);
    if (error != 0) {
        (void)pthread_rwlock_unlock(&environment->map_lock);
        write_lock_release(&environment->write_lock);
        free(begun);
        return environment_fail(environment, error, "beginning to write");
    }
    *txn = begun;
    return RRSMB_OK;
}

void environment_end_write(struct lmdb_txn *txn)
{
    struct environment *environment = txn->environment;
    look_for_dead_readers(environment);
    (void)pthread_rwlock_unlock(&environment->map_lock);
    write_lock_release(&environment->write_lock);
    free(txn);
}
