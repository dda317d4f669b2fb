/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster item of a share. */
#ifndef RRSMB_STORE_SHARE_ITEM_H
#define RRSMB_STORE_SHARE_ITEM_H

#include "lib/store/store.h"

struct share_record {
    const char *name;
    const char *path;
    const char *filesystem;
    uint64_t id;
    uint64_t ver;
    struct file_identity identity;
};

/** Free the strings of a record that was read. */
void share_record_clear(struct share_record *record);

rrsmb_status share_record_decode(struct bytes name, const struct item *item,
                                 struct share_record *record);
rrsmb_status share_record_get(struct backend *backend, struct backend_txn *txn, const char *name,
                              struct share_record *record, bool *found);
/** Write a record under a new version. */
rrsmb_status share_record_put(struct backend *backend, struct backend_txn *txn,
                              const struct share_record *record, uint64_t expected_ver);

/** For callers; the strings go over to the info. */
rrsmb_share_info share_record_info(const struct share_record *record);
/** Free the strings of an info. */
void share_info_clear(rrsmb_share_info *info);

#endif
