/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/store share. */
#ifndef RRSMB_STORE_STORE_H
#define RRSMB_STORE_STORE_H

#include <stdbool.h>
#include <sys/types.h>

#include <rrsmb/store.h>

#include "lib/backend/backend.h"
#include "lib/base/log.h"
#include "lib/store/filesystem.h"
#include "lib/store/verified.h"

struct rrsmb_store {
    struct backend *backend;
    struct logger logger;
    uint32_t deadline_ms;
    bool read_only;
    struct verified_set verified;
};

struct rrsmb_share {
    rrsmb_store *store;
    rrsmb_share_info info;
    struct file_identity identity; /* of files: recorded kind and form of handles */
    bool has_device;
    dev_t device; /* of the share's root, when it was opened by path */
};

/* Partition keys of the cluster table. */
#define SHARE_PK "share"
#define META_PK "meta"

/* A transaction over the whole of a call. */
rrsmb_status store_begin_read(rrsmb_store *store, struct backend_txn **txn);
/** `deadline_ms` as in rrsmb_put_options. RRSMB_READ_ONLY where nothing may be written. */
rrsmb_status store_begin_write(rrsmb_store *store, uint32_t deadline_ms, struct backend_txn **txn);
/** Commit if all went well, else abort; gives the status of the whole. */
rrsmb_status store_end(rrsmb_store *store, struct backend_txn *txn, rrsmb_status status);

/** Is the descriptor what its hash says? Looked at once for each hash and process. */
rrsmb_status store_verify_blob(rrsmb_store *store, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                               struct bytes sd);

/** The same without looking whether it was looked at before. */
rrsmb_status store_check_blob(const uint8_t hash[RRSMB_SD_DIGEST_SIZE], struct bytes sd);

/** See that an id is one of this share's files. */
rrsmb_status store_check_id(const rrsmb_share *share, const rrsmb_file_id *id);

/** Does the row belong to another file that had the same inode number? */
bool store_other_generation(const rrsmb_share *share, const rrsmb_file_id *id,
                            const struct row *row);

/** A random version; never one of those that stand for a condition. */
uint64_t store_new_version(void);

#endif
