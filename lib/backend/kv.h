/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered key-value database with transactions: what the embedded backends have in common.
 * kv_backend.c builds the whole backend interface on it, memory.c and lmdb.c are the databases.
 *
 * One writer at a time; readers see one state for the length of their transaction. Bytes handed
 * out are valid until the transaction's next change or its end. A transaction stays in the thread
 * that began it. */
#ifndef RRSMB_BACKEND_KV_H
#define RRSMB_BACKEND_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>

#include "lib/base/bytes.h"
#include "lib/base/log.h"

/** The tables of DESIGN section 5. */
enum kv_table {
    KV_ROWS,    /* share id, inode -> row */
    KV_BLOBS,   /* hash -> descriptor, count */
    KV_CLUSTER, /* shares, generations, format, mutexes, roster */
    KV_TABLES
};

enum kv_mode { KV_READ, KV_WRITE };

struct kv;
struct kv_txn;

struct kv_usage {
    uint64_t entries[KV_TABLES];
    uint64_t stored_bytes; /* what the tables take, keys and pages included */
    uint64_t file_bytes;   /* 0: no file */
    uint64_t max_bytes;    /* 0: no limit */
};

struct kv_ops {
    void (*close)(struct kv *kv);
    /* `deadline` bounds the wait for other writers. RRSMB_TIMED_OUT: nothing was begun. */
    rrsmb_status (*begin)(struct kv *kv, enum kv_mode mode, int64_t deadline, struct kv_txn **txn);
    /* Ends the transaction whatever it returns. RRSMB_OK: on disk, as far as the URI asks. */
    rrsmb_status (*commit)(struct kv_txn *txn);
    void (*abort)(struct kv_txn *txn);

    /* Absence is `*found == false`, not an error: it is the common case on the read path. */
    rrsmb_status (*get)(struct kv_txn *txn, enum kv_table table, struct bytes key,
                        struct bytes *value, bool *found);
    rrsmb_status (*put)(struct kv_txn *txn, enum kv_table table, struct bytes key,
                        struct bytes value);
    /* A key that is not there is not an error. */
    rrsmb_status (*remove)(struct kv_txn *txn, enum kv_table table, struct bytes key);
    /* The first entry at or after `from`; the entry after the one last given by seek or next. */
    rrsmb_status (*seek)(struct kv_txn *txn, enum kv_table table, struct bytes from,
                         struct bytes *key, struct bytes *value, bool *found);
    rrsmb_status (*next)(struct kv_txn *txn, enum kv_table table, struct bytes *key,
                         struct bytes *value, bool *found);
    rrsmb_status (*usage)(struct kv_txn *txn, struct kv_usage *usage);
};

/* Each database embeds these as its first member. */
struct kv {
    const struct kv_ops *ops;
};
struct kv_txn {
    const struct kv_ops *ops;
};

struct kv_lmdb_options {
    const char *path;
    uint64_t max_size;
    bool sync;
    bool create;
    bool read_only;
    struct logger logger;
};

rrsmb_status kv_lmdb_open(const struct kv_lmdb_options *options, struct kv **kv);
rrsmb_status kv_memory_open(struct kv **kv);

#endif
