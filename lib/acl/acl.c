/* SPDX-License-Identifier: Apache-2.0 */
/* The front: what most callers use. Reads go to the store, writes through it. */
#include <rrsmb/acl.h>

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/error.h"
#include "lib/base/options.h"

/* How often a merge is done again because the row changed under it. Each loss means that another
 * writer won, so that somebody gets on all the time. */
#define MERGES_MAX 100

struct rrsmb_acl {
    rrsmb_store *store;
};

rrsmb_status rrsmb_acl_open(rrsmb_store *store, const rrsmb_acl_options *options, rrsmb_acl **acl)
{
    ENSURE(store != NULL && acl != NULL, RRSMB_INVALID_ARGUMENT,
           "opening the front: neither the store nor the result may be NULL");
    *acl = NULL;
    rrsmb_acl_options given;
    TRY(OPTIONS_LOAD(given, options));
    rrsmb_acl *opened = malloc(sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening the front: out of memory");
    *opened = (struct rrsmb_acl){.store = store};
    *acl = opened;
    return RRSMB_OK;
}

void rrsmb_acl_close(rrsmb_acl *acl)
{
    free(acl);
}

static rrsmb_status check_share(const rrsmb_acl *acl, const rrsmb_share *share)
{
    ENSURE(acl != NULL && share != NULL, RRSMB_INVALID_ARGUMENT,
           "neither the front nor the share may be NULL");
    ENSURE(rrsmb_share_get_store(share) == acl->store, RRSMB_INVALID_ARGUMENT,
           "share '%s' is of another store than the front", rrsmb_share_get_info(share)->name);
    return RRSMB_OK;
}

rrsmb_status rrsmb_acl_get(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id, void *sd,
                           size_t capacity, size_t *sd_length, rrsmb_row_info *info)
{
    TRY(check_share(acl, share));
    return rrsmb_store_get(share, id, sd, capacity, sd_length, info);
}

rrsmb_status rrsmb_acl_get_many(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *ids,
                                size_t count, rrsmb_get_many_fn fn, void *context)
{
    TRY(check_share(acl, share));
    return rrsmb_store_get_many(share, ids, count, fn, context);
}

rrsmb_status rrsmb_acl_remove(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id,
                              const rrsmb_put_options *options)
{
    TRY(check_share(acl, share));
    return rrsmb_store_remove(share, id, options);
}

/* A descriptor of whatever size, in memory that is the caller's to free. */
struct owned_sd {
    void *data;
    size_t size;
};

static rrsmb_status allocate(struct owned_sd *sd, size_t size)
{
    free(sd->data);
    *sd = (struct owned_sd){.data = malloc(size), .size = size};
    ENSURE(sd->data != NULL, RRSMB_NO_MEMORY, "merging a descriptor of %zu bytes: out of memory",
           size);
    return RRSMB_OK;
}

static void owned_sd_clear(struct owned_sd *sd)
{
    free(sd->data);
}

static rrsmb_status read_base(rrsmb_share *share, const rrsmb_file_id *id, struct owned_sd *base,
                              uint64_t *ver)
{
    rrsmb_row_info info = {.size = sizeof info};
    size_t size = 0;
    rrsmb_status status = rrsmb_store_get(share, id, base->data, base->size, &size, &info);
    while (status == RRSMB_BUFFER_TOO_SMALL) {
        TRY(allocate(base, size));
        status = rrsmb_store_get(share, id, base->data, base->size, &size, &info);
    }
    TRY(status);
    base->size = size;
    *ver = info.ver;
    return RRSMB_OK;
}

static rrsmb_status merge(const struct owned_sd *base, const void *change, size_t change_length,
                          uint32_t parts, struct owned_sd *merged)
{
    size_t size = 0;
    rrsmb_status status =
        rrsmb_sd_merge(base->data, base->size, change, change_length, parts, NULL, 0, &size);
    if (status != RRSMB_BUFFER_TOO_SMALL)
        return status;
    TRY(allocate(merged, size));
    return rrsmb_sd_merge(base->data, base->size, change, change_length, parts, merged->data,
                          merged->size, &merged->size);
}

static rrsmb_status merge_and_put(rrsmb_share *share, const rrsmb_file_id *id, uint32_t parts,
                                  const void *sd, size_t sd_length, const rrsmb_put_options *given,
                                  rrsmb_row_info *info)
{
    CLEANUP(owned_sd_clear) struct owned_sd base = {0};
    CLEANUP(owned_sd_clear) struct owned_sd merged = {0};
    rrsmb_put_options options = *given;
    uint64_t ver;
    TRY(read_base(share, id, &base, &ver));
    TRY(merge(&base, sd, sd_length, parts, &merged));
    if ((given->flags & RRSMB_PUT_IF_VER) == 0)
        options.if_ver = ver;
    options.flags |= RRSMB_PUT_IF_VER;
    return rrsmb_store_put(share, id, merged.data, merged.size, &options, info);
}

rrsmb_status rrsmb_acl_set(rrsmb_acl *acl, rrsmb_share *share, const rrsmb_file_id *id,
                           uint32_t parts, const void *sd, size_t sd_length,
                           const rrsmb_put_options *options, rrsmb_row_info *info)
{
    TRY(check_share(acl, share));
    TRY(RESULT_CHECK(info));
    ENSURE(parts != 0 && (parts & ~RRSMB_SD_ALL) == 0, RRSMB_INVALID_ARGUMENT,
           "parts 0x%x: RRSMB_SD_OWNER, _GROUP, _DACL and _SACL are wanted", parts);
    if (parts == RRSMB_SD_ALL)
        return rrsmb_store_put(share, id, sd, sd_length, options, info);

    rrsmb_put_options given;
    TRY(OPTIONS_LOAD(given, options));
    ENSURE((given.flags & RRSMB_PUT_IF_ABSENT) == 0, RRSMB_INVALID_ARGUMENT,
           "parts of a descriptor cannot be merged into one that is to be absent");
    bool own_condition = (given.flags & RRSMB_PUT_IF_VER) != 0;
    rrsmb_status status = merge_and_put(share, id, parts, sd, sd_length, &given, info);
    for (int i = 1; status == RRSMB_CONFLICT && !own_condition && i < MERGES_MAX; i++)
        status = merge_and_put(share, id, parts, sd, sd_length, &given, info);
    return status;
}
