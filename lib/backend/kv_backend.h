/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the backend over a key-value database: rows, descriptors, cluster items and
 * generation counters, each in a file. Every call is of backend.h. */
#ifndef RRSMB_BACKEND_KV_BACKEND_H
#define RRSMB_BACKEND_KV_BACKEND_H

#include "lib/backend/backend.h"
#include "lib/backend/kv.h"
#include "lib/base/error.h"

/** A transaction of the caller's, or one for this call alone. */
struct scope {
    struct kv_txn *txn;
    bool own;
};

rrsmb_status scope_begin(struct backend *backend, struct backend_txn *txn, enum kv_mode mode,
                         struct scope *scope);
/** Commits or aborts a transaction of this call's own. */
rrsmb_status scope_end(struct scope *scope, rrsmb_status status);

/* Runs one expression within a scope. */
#define IN_SCOPE(mode, expression)                      \
    do {                                                \
        struct scope scope;                             \
        TRY(scope_begin(backend, txn, (mode), &scope)); \
        return scope_end(&scope, (expression));         \
    } while (0)

rrsmb_status kvb_row_get(struct backend *backend, struct backend_txn *txn, struct row_key key,
                         struct row *row, bool *found);
rrsmb_status kvb_row_get_many(struct backend *backend, struct backend_txn *txn,
                              const struct row_key *keys, size_t count, struct row *rows,
                              bool *found, rrsmb_status *statuses);
rrsmb_status kvb_row_put(struct backend *backend, struct backend_txn *txn, struct row_key key,
                         const struct row *row, uint64_t expected_ver);
rrsmb_status kvb_row_remove(struct backend *backend, struct backend_txn *txn, struct row_key key,
                            uint64_t expected_ver);
rrsmb_status kvb_row_scan(struct backend *backend, struct backend_txn *txn, struct scan *scan,
                          struct keyed_row *rows, size_t capacity, size_t *count);

rrsmb_status kvb_blob_get(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], void *buffer, size_t capacity,
                          struct blob *blob, bool *found);
rrsmb_status kvb_blob_put(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], struct bytes sd);
rrsmb_status kvb_blob_add(struct backend *backend, struct backend_txn *txn,
                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], int64_t delta, uint64_t *after);
rrsmb_status kvb_blob_remove(struct backend *backend, struct backend_txn *txn,
                             const uint8_t hash[RRSMB_SD_DIGEST_SIZE]);
rrsmb_status kvb_blob_list(struct backend *backend, struct backend_txn *txn, blob_fn fn,
                           void *context);

rrsmb_status kvb_item_get(struct backend *backend, struct backend_txn *txn, const char *pk,
                          struct bytes sk, struct item *item, bool *found);
rrsmb_status kvb_item_put(struct backend *backend, struct backend_txn *txn, const char *pk,
                          struct bytes sk, const struct item *item, uint64_t expected_ver);
rrsmb_status kvb_item_remove(struct backend *backend, struct backend_txn *txn, const char *pk,
                             struct bytes sk, uint64_t expected_ver);
rrsmb_status kvb_item_list(struct backend *backend, struct backend_txn *txn, const char *pk,
                           item_fn fn, void *context);

rrsmb_status kvb_generations_bump(struct backend *backend, struct backend_txn *txn, uint64_t share,
                                  const bool which[GENERATION_COUNTERS]);
rrsmb_status kvb_generations_get(struct backend *backend, struct backend_txn *txn,
                                 const uint64_t *shares, size_t count,
                                 struct generations *generations);
rrsmb_status kvb_generations_remove(struct backend *backend, struct backend_txn *txn,
                                    uint64_t share);

#endif
