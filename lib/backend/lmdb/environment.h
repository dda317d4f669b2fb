/* SPDX-License-Identifier: Apache-2.0 */
/* An open LMDB environment, shared by all handles of this process on the same folder.
 *
 * Two environments on one folder within a process would release each other's file locks, hence
 * the registry, keyed by device and inode of the folder. An environment does not survive a fork:
 * the child leaves its copy alone, for closing it would empty the parent's reader slots, and opens
 * one of its own. */
#ifndef RRSMB_BACKEND_LMDB_ENVIRONMENT_H
#define RRSMB_BACKEND_LMDB_ENVIRONMENT_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "lib/backend/kv.h"
#include "lib/backend/lmdb/write_lock.h"

/* Read transactions that wait, reset, for the next reader of this process. */
#define READER_SLOTS 32

enum slot_state { SLOT_FREE, SLOT_BUSY };

struct lmdb_txn {
    struct kv_txn base;
    struct environment *environment;
    MDB_txn *txn;
    enum kv_mode mode;
    bool spare; /* not of a slot: allocated because all were busy */
    bool last_row_known;
    uint8_t last_row[16]; /* the greatest key of KV_ROWS */
    MDB_cursor *cursors[KV_TABLES];
};

struct reader_slot {
    _Alignas(64) atomic_int state;
    struct lmdb_txn txn;
};

struct environment {
    struct environment *next; /* in the registry */
    dev_t device;
    ino_t inode;
    unsigned users;
    unsigned epoch; /* process_epoch() at the time of opening */
    char *path;
    bool sync;
    MDB_env *env;
    MDB_dbi tables[KV_TABLES];
    struct write_lock write_lock;
    pthread_rwlock_t map_lock; /* written: the map is replaced; read: it is used without a slot */
    atomic_bool replacing_map; /* new readers are to wait for the lock */
    atomic_uint map_version;   /* how often it was replaced */
    size_t checked_pages;      /* of the database, when dead readers were last looked for */
    struct reader_slot slots[READER_SLOTS];
};

/** Find or open the environment of a folder; give it back with environment_release(). */
rrsmb_status environment_acquire(const struct kv_lmdb_options *options,
                                 struct environment **environment);
/** In a child: put an environment of this process in the place of the parent's. */
rrsmb_status environment_refresh(const struct kv_lmdb_options *options,
                                 _Atomic(struct environment *) *environment);
void environment_release(struct environment *environment);

/** Does it belong to this process, and not to its parent? */
bool environment_is_ours(const struct environment *environment);

rrsmb_status environment_begin_read(struct environment *environment, struct lmdb_txn **txn);
void environment_end_read(struct lmdb_txn *txn);

rrsmb_status environment_begin_write(struct environment *environment, int64_t deadline,
                                     struct lmdb_txn **txn);
/** The transaction has been committed or aborted in LMDB. */
void environment_end_write(struct lmdb_txn *txn);

/** The failure of an LMDB call, in our terms. */
rrsmb_status environment_fail(const struct environment *environment, int error, const char *doing);

#endif
