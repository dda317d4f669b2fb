/* SPDX-License-Identifier: Apache-2.0 */
/* What a database must do for the store (DESIGN sections 5 and 6).
 *
 * Rows, blobs, items and counters, all of them addressed by key. Every change of a row or an item
 * is conditional on the version that stands (R5a). A backend with transactions says so by `begin`:
 * the store then does a whole write in one of them and keeps the counts exact. One without
 * (DynamoDB) makes each call a request of its own, and counts only advise.
 *
 * `txn` is NULL for a call of its own, or what `begin` gave. Absence is told by a flag or a
 * count, never by an error. A failed condition is RRSMB_CONFLICT. All calls may be made from
 * several threads, each with its own transaction. */
#ifndef RRSMB_BACKEND_BACKEND_H
#define RRSMB_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rrsmb/sd.h>
#include <rrsmb/status.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

struct backend;
struct backend_txn;

enum backend_mode { BACKEND_READ, BACKEND_WRITE };

/** Whose row: the primary key of the index. */
struct row_key {
    uint64_t share;
    uint64_t inode;
};

/** What the index holds of a file. */
struct row {
    uint64_t generation;
    uint64_t ver;
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
};

struct keyed_row {
    struct row_key key;
    struct row row;
    bool bad; /* its bytes cannot be read: `row` is undefined */
};

/** The condition of a change: on a version, or (ver 0, which no row has) on absence. */
#define EXPECT_ABSENT UINT64_C(0)
/** The condition of a row_put: that the bytes of the row cannot be read. */
#define EXPECT_UNREADABLE UINT64_MAX

/** Where a walk over rows stands. Lanes are walked side by side: one per bucket where the
 *  database spreads a share, else a single one. */
#define SCAN_LANES_MAX 64
struct scan {
    bool all_shares; /* of the whole index, by share and inode; else of `share` */
    uint64_t share;
    uint64_t next_share[SCAN_LANES_MAX];
    uint64_t next_inode[SCAN_LANES_MAX];
    uint64_t done; /* a bit for each lane that came to its end */
    uint64_t
        odd_keys; /* entries passed whose key has a wrong length: they are no row of any file */
};

struct blob {
    const void *data; /* valid until the end of the transaction or the next change in it */
    size_t size;
    uint64_t count;
};

/** A row of the cluster table: attributes by name. */
#define ITEM_ATTRIBUTES_MAX 24
struct item_attribute {
    const char *name;
    bool is_number;
    uint64_t number;
    struct bytes bytes;
};
struct item {
    uint64_t ver;
    size_t count;
    struct item_attribute attributes[ITEM_ATTRIBUTES_MAX];
    void *storage; /* what names and bytes of an item that was read point into */
};

/** Called for each entry of a listing; a failure ends it. `item` is NULL for one that cannot be
 *  read. */
typedef rrsmb_status (*item_fn)(void *context, struct bytes sk, const struct item *item);
/** The same; `hash` is NULL for an entry whose key is none. */
typedef rrsmb_status (*blob_fn)(void *context, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                                const struct blob *blob);

/** The generation counters of a share (R7). */
#define GENERATION_COUNTERS 128
struct generations {
    uint64_t epoch; /* random, of this item; 0: the share has no item yet */
    uint64_t counters[GENERATION_COUNTERS];
};

struct backend_usage {
    uint64_t rows;
    uint64_t blobs;
    uint64_t stored_bytes;
    uint64_t file_bytes;
    uint64_t max_bytes;
};

struct backend_ops {
    void (*close)(struct backend *backend);

    /* NULL, all three, where there are no transactions. commit ends it whatever it returns. */
    rrsmb_status (*begin)(struct backend *backend, enum backend_mode mode, int64_t deadline,
                          struct backend_txn **txn);
    rrsmb_status (*commit)(struct backend *backend, struct backend_txn *txn);
    void (*abort)(struct backend *backend, struct backend_txn *txn);

    rrsmb_status (*row_get)(struct backend *backend, struct backend_txn *txn, struct row_key key,
                            struct row *row, bool *found);
    /* In the order of the keys; RRSMB_DAMAGED in statuses[i] for a row that cannot be read. */
    rrsmb_status (*row_get_many)(struct backend *backend, struct backend_txn *txn,
                                 const struct row_key *keys, size_t count, struct row *rows,
                                 bool *found, rrsmb_status *statuses);
    rrsmb_status (*row_put)(struct backend *backend, struct backend_txn *txn, struct row_key key,
                            const struct row *row, uint64_t expected_ver);
    rrsmb_status (*row_remove)(struct backend *backend, struct backend_txn *txn, struct row_key key,
                               uint64_t expected_ver);
    /* Up to `capacity` rows from where the scan stands, which moves on; none: the end. */
    rrsmb_status (*row_scan)(struct backend *backend, struct backend_txn *txn, struct scan *scan,
                             struct keyed_row *rows, size_t capacity, size_t *count);

    /* Store a descriptor unless it is there, with a count of 0. Other bytes under its hash are
     * damage, and are replaced; RRSMB_DAMAGED where not even the count can be read. */
    rrsmb_status (*blob_put)(struct backend *backend, struct backend_txn *txn,
                             const uint8_t hash[RRSMB_SD_DIGEST_SIZE], struct bytes sd);
    /* With a transaction blob->data points into the database; without one it is copied into
     * `buffer` (RRSMB_BUFFER_TOO_SMALL: blob->size tells the need). */
    rrsmb_status (*blob_get)(struct backend *backend, struct backend_txn *txn,
                             const uint8_t hash[RRSMB_SD_DIGEST_SIZE], void *buffer,
                             size_t capacity, struct blob *blob, bool *found);
    /* Add to the count of a descriptor that is there and has one (else RRSMB_NOT_FOUND). A sum
     * below zero is damage. `after` receives the new count. */
    rrsmb_status (*blob_add)(struct backend *backend, struct backend_txn *txn,
                             const uint8_t hash[RRSMB_SD_DIGEST_SIZE], int64_t delta,
                             uint64_t *after);
    rrsmb_status (*blob_remove)(struct backend *backend, struct backend_txn *txn,
                                const uint8_t hash[RRSMB_SD_DIGEST_SIZE]);
    rrsmb_status (*blob_list)(struct backend *backend, struct backend_txn *txn, blob_fn fn,
                              void *context);

    rrsmb_status (*item_get)(struct backend *backend, struct backend_txn *txn, const char *pk,
                             struct bytes sk, struct item *item, bool *found);
    rrsmb_status (*item_put)(struct backend *backend, struct backend_txn *txn, const char *pk,
                             struct bytes sk, const struct item *item, uint64_t expected_ver);
    rrsmb_status (*item_remove)(struct backend *backend, struct backend_txn *txn, const char *pk,
                                struct bytes sk, uint64_t expected_ver);
    /* In the order of sk. The callback must not change the database. */
    rrsmb_status (*item_list)(struct backend *backend, struct backend_txn *txn, const char *pk,
                              item_fn fn, void *context);

    /* Add one to each counter of the set; the item is made with a random epoch if it is absent,
     * and anew if it is damaged. */
    rrsmb_status (*generations_bump)(struct backend *backend, struct backend_txn *txn,
                                     uint64_t share, const bool which[GENERATION_COUNTERS]);
    rrsmb_status (*generations_get)(struct backend *backend, struct backend_txn *txn,
                                    const uint64_t *shares, size_t count,
                                    struct generations *generations);
    rrsmb_status (*generations_remove)(struct backend *backend, struct backend_txn *txn,
                                       uint64_t share);

    rrsmb_status (*usage)(struct backend *backend, struct backend_txn *txn,
                          struct backend_usage *usage);
};

struct backend {
    const struct backend_ops *ops;
    unsigned scan_lanes;
    uint32_t deadline_ms; /* for a change without a transaction; 0: RRSMB_DEFAULT_DEADLINE_MS */
};

struct backend_options {
    bool read_only;
    bool create;
    struct logger logger;
};

/** Open what a URI names; see store.h for the forms. The format is not looked at yet. */
rrsmb_status backend_open(const char *uri, const struct backend_options *options,
                          struct backend **backend);

struct kv;
/** The backend over an ordered key-value database, which it owns from then on, also when it
 *  fails. */
rrsmb_status kv_backend_open(struct kv *kv, struct backend **backend);

/* Attributes of items. */
rrsmb_status item_add_number(struct item *item, const char *name, uint64_t number);
rrsmb_status item_add_bytes(struct item *item, const char *name, struct bytes bytes);
/** NULL where there is none of that name and type. */
const struct item_attribute *item_number(const struct item *item, const char *name);
const struct item_attribute *item_bytes(const struct item *item, const char *name);
/** Free what an item that was read holds. */
void item_clear(struct item *item);

#endif
