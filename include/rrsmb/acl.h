/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file acl.h
 * The front: the ACL of a file, read, set, merged and removed. What most callers want.
 *
 *     rrsmb_acl *acl;
 *     rrsmb_acl_open(store, NULL, &acl);
 *     status = rrsmb_acl_get(acl, share, &id, buffer, sizeof buffer, &length, NULL);
 *     if (status == RRSMB_NOT_FOUND)  { ... the file has no ACL of its own: take the default ... }
 *     if (status != RRSMB_OK)         { ... not known: deny access ... }
 *
 * Threads and fork: as for store.h.
 */
#ifndef RRSMB_ACL_H
#define RRSMB_ACL_H

#include <rrsmb/sd.h>
#include <rrsmb/status.h>
#include <rrsmb/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The front over one store. */
typedef struct rrsmb_acl rrsmb_acl;

/** How the front is opened. */
typedef struct rrsmb_acl_options {
    size_t size; /**< sizeof(rrsmb_acl_options) */
} rrsmb_acl_options;

/**
 * Open the front over a store, which must outlive it.
 * @param options May be NULL.
 * @param acl     Receives the handle; close it with rrsmb_acl_close().
 */
RRSMB_API rrsmb_status rrsmb_acl_open(rrsmb_store *store, const rrsmb_acl_options *options,
                                      rrsmb_acl **acl);

/** Close the front; the store stays open. NULL is allowed. */
RRSMB_API void rrsmb_acl_close(rrsmb_acl *acl);

/** Read the descriptor of a file. Parameters and results as rrsmb_store_get(). */
RRSMB_API rrsmb_status rrsmb_acl_get(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id,
                                     void *sd, size_t capacity, size_t *sd_length,
                                     rrsmb_row_info *info);

/** Read the descriptors of many files. Parameters and results as rrsmb_store_get_many(). */
RRSMB_API rrsmb_status rrsmb_acl_get_many(rrsmb_acl *acl, rrsmb_share *share,
                                          const rrsmb_file_id *ids, size_t count,
                                          rrsmb_get_many_fn fn, void *context);

/**
 * Set the descriptor of a file, or parts of it.
 * @param parts   RRSMB_SD_ALL: @p sd replaces what is there. Otherwise the parts named are taken
 *                from @p sd and the others from a strong read of the row; the write is
 *                conditional on that row, and the merge is done again if it changed meanwhile.
 * @param options May be NULL; as for rrsmb_store_put().
 * @return As rrsmb_store_put(); RRSMB_NOT_FOUND when parts are to be merged into a row that is
 *         not there.
 */
RRSMB_API rrsmb_status rrsmb_acl_set(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id,
                                     uint32_t parts, const void *sd, size_t sd_length,
                                     const rrsmb_put_options *options, rrsmb_row_info *info);

/** Remove the descriptor of a file. Parameters and results as rrsmb_store_remove(). */
RRSMB_API rrsmb_status rrsmb_acl_remove(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id,
                                        const rrsmb_put_options *options);

#ifdef __cplusplus
}
#endif
#endif
