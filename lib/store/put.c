/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and removing rows. Descriptors are brought into canonical form before the turn to write
 * is taken; within it there is only the database. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/change.h"
#include "lib/store/file_id.h"
#include "lib/store/store.h"

/* How often a row of another generation may change under a put that looks afresh at its file. */
#define LOOKS_MAX 8

/* A descriptor as it is stored. */
struct prepared {
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    struct bytes sd;
    uint8_t *storage;
};

static void prepared_clear(struct prepared *prepared)
{
    free(prepared->storage);
    *prepared = (struct prepared){0};
}

static rrsmb_status prepare(const void *sd, size_t sd_length, struct prepared *prepared)
{
    *prepared = (struct prepared){0};
    size_t size = 0;
    rrsmb_status status = rrsmb_sd_canonicalize(sd, sd_length, NULL, 0, &size);
    if (status != RRSMB_BUFFER_TOO_SMALL)
        return status;
    prepared->storage = malloc(size);
    ENSURE(prepared->storage != NULL, RRSMB_NO_MEMORY,
           "storing a descriptor of %zu bytes: out of memory", size);
    status = rrsmb_sd_canonicalize(sd, sd_length, prepared->storage, size, &size);
    if (status == RRSMB_OK)
        status = rrsmb_sd_digest(prepared->storage, size, prepared->hash);
    prepared->sd = (struct bytes){prepared->storage, size};
    if (status != RRSMB_OK)
        prepared_clear(prepared);
    return status;
}

/* What a put may do about the row that stands. */
struct permission {
    const rrsmb_put_options *options;
    bool replaces_other;   /* rows of another generation, whichever */
    uint64_t replaces_ver; /* that one, after a fresh look at the file */
};

struct standing {
    bool found;
    bool other_generation;
    struct row row; /* version EXPECT_UNREADABLE: it cannot be read */
};

/* A row that cannot be read is mended by writing it anew, if all of the new row is given. The
 * error is the one that reading it gave. */
static rrsmb_status admit_unreadable(const rrsmb_share *share, const rrsmb_file_id *id,
                                     const struct permission *permission,
                                     const struct standing *standing)
{
    const rrsmb_put_options *options = permission->options;
    bool conditional = (options->flags & (RRSMB_PUT_IF_ABSENT | RRSMB_PUT_IF_VER)) != 0;
    bool whole = id->generation != 0 || share->info.kind == RRSMB_GENERATION_NONE;
    bool looked_at = permission->replaces_ver == standing->row.ver;
    bool can_look = (options->flags & RRSMB_PUT_HAS_FD) != 0;
    bool admitted = !standing->other_generation || permission->replaces_other || looked_at ||
                    can_look; /* with can_look it comes back as RRSMB_STALE_FILE first */
    return !conditional && whole && admitted ? RRSMB_OK : RRSMB_DAMAGED;
}

static rrsmb_status look_up(rrsmb_share *share, struct backend_txn *txn, const rrsmb_file_id *id,
                            const struct permission *permission, struct standing *standing)
{
    struct backend *backend = share->store->backend;
    struct row_key key = {id->share, id->inode};
    rrsmb_status status =
        backend->ops->row_get(backend, txn, key, &standing->row, &standing->found);
    if (status == RRSMB_DAMAGED) {
        /* It may have been of any generation. */
        *standing = (struct standing){.found = true,
                                      .other_generation = share->info.kind != RRSMB_GENERATION_NONE,
                                      .row = {.ver = EXPECT_UNREADABLE}};
        return admit_unreadable(share, id, permission, standing);
    }
    TRY(status);
    standing->other_generation =
        standing->found && store_other_generation(share, id, &standing->row);
    return RRSMB_OK;
}

static rrsmb_status admit(const rrsmb_share *share, const rrsmb_file_id *id,
                          const struct permission *permission, const struct standing *standing)
{
    const rrsmb_put_options *options = permission->options;
    bool mine = standing->found && !standing->other_generation;
    if ((options->flags & RRSMB_PUT_IF_ABSENT) != 0)
        ENSURE(!mine, RRSMB_EXISTS, "inode %" PRIu64 " of share '%s' has a descriptor already",
               id->inode, share->info.name);
    if ((options->flags & RRSMB_PUT_IF_VER) != 0)
        ENSURE(mine && standing->row.ver == options->if_ver, RRSMB_CONFLICT,
               "the descriptor of inode %" PRIu64 " of share '%s' was changed meanwhile", id->inode,
               share->info.name);
    ENSURE(standing->found || id->generation != 0 || share->info.kind == RRSMB_GENERATION_NONE,
           RRSMB_NEEDS_GENERATION,
           "inode %" PRIu64 " of share '%s' has no descriptor yet: its generation is needed",
           id->inode, share->info.name);
    ENSURE(!standing->other_generation || permission->replaces_other ||
               permission->replaces_ver == standing->row.ver,
           RRSMB_STALE_FILE,
           "inode %" PRIu64 " of share '%s' has the descriptor of another generation of the file",
           id->inode, share->info.name);
    return RRSMB_OK;
}

static uint64_t generation_to_write(const rrsmb_share *share, const rrsmb_file_id *id,
                                    const struct standing *standing)
{
    bool keep = share->info.kind != RRSMB_GENERATION_NONE && id->generation == 0;
    return keep ? standing->row.generation : id->generation;
}

/* The row is as asked. So should be the descriptor behind it: a put is how damage is mended. */
static rrsmb_status see_descriptor(struct change *change, const struct row *row, struct bytes sd)
{
    struct backend *backend = change->store->backend;
    struct blob blob = {0};
    bool found = false;
    rrsmb_status status =
        backend->ops->blob_get(backend, change->txn, row->hash, NULL, 0, &blob, &found);
    if (status == RRSMB_DAMAGED)
        return change_mend(change, row, sd);
    TRY(status);
    if (found && bytes_equal((struct bytes){blob.data, blob.size}, sd))
        return RRSMB_OK;
    return change_mend(change, row, sd);
}

/* One row of a put, inside the transaction. */
static rrsmb_status put_row(rrsmb_share *share, struct change *change, const rrsmb_file_id *id,
                            const struct prepared *prepared, const struct permission *permission,
                            struct standing *standing, rrsmb_row_info *info)
{
    TRY(look_up(share, change->txn, id, permission, standing));
    TRY(admit(share, id, permission, standing));

    struct row row = {.generation = generation_to_write(share, id, standing),
                      .ver = standing->row.ver};
    memcpy(row.hash, prepared->hash, sizeof row.hash);
    const struct row *old = standing->found ? &standing->row : NULL;
    bool same = old != NULL && old->ver != EXPECT_UNREADABLE && old->generation == row.generation &&
                memcmp(old->hash, row.hash, sizeof row.hash) == 0;
    if (same) {
        TRY(see_descriptor(change, &row, prepared->sd));
    } else {
        row.ver = store_new_version();
        TRY(change_put(change, id->inode, old, &row, prepared->sd));
    }
    *info = (rrsmb_row_info){
        .ver = row.ver,
        .generation = row.generation,
        .flags = (standing->found && !standing->other_generation ? RRSMB_ROW_EXISTED : 0) |
                 (standing->other_generation ? RRSMB_ROW_OTHER_GENERATION : 0)};
    memcpy(info->hash, row.hash, sizeof info->hash);
    return RRSMB_OK;
}

static rrsmb_status put_once(rrsmb_share *share, const rrsmb_file_id *id,
                             const struct prepared *prepared, const struct permission *permission,
                             struct standing *standing, rrsmb_row_info *info)
{
    struct backend_txn *txn;
    struct change change;
    TRY(store_begin_write(share->store, permission->options->deadline_ms, &txn));
    change_begin(&change, share->store, txn, share->info.id);
    rrsmb_status status = put_row(share, &change, id, prepared, permission, standing, info);
    if (status == RRSMB_OK)
        status = change_finish(&change);
    change_clear(&change);
    return store_end(share->store, txn, status);
}

/* Is the caller's open file still the one that the id names, and does it have a name? Asked
 * outside the transaction: the file system may take its time. */
static rrsmb_status look_afresh(const rrsmb_share *share, const rrsmb_file_id *id, int fd)
{
    struct file_look look;
    TRY(file_id_look(share, fd, true, &look));
    ENSURE(look.inode == id->inode && look.generation == id->generation && look.links > 0,
           RRSMB_STALE_FILE,
           "the open file is not inode %" PRIu64 " of share '%s' any more: it was removed",
           id->inode, share->info.name);
    return RRSMB_OK;
}

static rrsmb_status put_prepared(rrsmb_share *share, const rrsmb_file_id *id,
                                 const struct prepared *prepared, rrsmb_put_options *options,
                                 rrsmb_row_info *info)
{
    struct permission permission = {
        .options = options, .replaces_other = share->info.kind == RRSMB_GENERATION_EXPLICIT};
    struct standing standing = {0};
    rrsmb_status status = put_once(share, id, prepared, &permission, &standing, info);
    for (int look = 0;
         status == RRSMB_STALE_FILE && (options->flags & RRSMB_PUT_HAS_FD) != 0 && look < LOOKS_MAX;
         look++) {
        TRY(look_afresh(share, id, options->fd));
        permission.replaces_ver = standing.row.ver;
        status = put_once(share, id, prepared, &permission, &standing, info);
    }
    return status;
}

static rrsmb_status load_put_options(const rrsmb_put_options *options, uint32_t allowed,
                                     rrsmb_put_options *given)
{
    TRY(options_load(given, sizeof *given, options, "rrsmb_put_options"));
    ENSURE((given->flags & ~allowed) == 0, RRSMB_INVALID_ARGUMENT,
           "flags 0x%x have no meaning for this call", given->flags & ~allowed);
    uint32_t both = RRSMB_PUT_IF_ABSENT | RRSMB_PUT_IF_VER;
    ENSURE((given->flags & both) != both, RRSMB_INVALID_ARGUMENT,
           "a row cannot be absent and have a version");
    return RRSMB_OK;
}

rrsmb_status rrsmb_store_put(rrsmb_share *share, const rrsmb_file_id *id, const void *sd,
                             size_t sd_length, const rrsmb_put_options *options,
                             rrsmb_row_info *info)
{
    TRY(store_check_id(share, id));
    ENSURE(sd != NULL, RRSMB_INVALID_ARGUMENT, "the descriptor to store is NULL");
    TRY(RESULT_CHECK(info));
    rrsmb_put_options given;
    TRY(load_put_options(options, RRSMB_PUT_IF_ABSENT | RRSMB_PUT_IF_VER | RRSMB_PUT_HAS_FD,
                         &given));
    CLEANUP(prepared_clear) struct prepared prepared;
    TRY(prepare(sd, sd_length, &prepared));
    rrsmb_row_info written = {0};
    TRY(put_prepared(share, id, &prepared, &given, &written));
    RESULT_STORE(info, written);
    return RRSMB_OK;
}

/* -- many ------------------------------------------------------------------------------------ */

/* The distinct descriptors of a load, and which of them each item has. */
struct load {
    struct prepared *prepared;
    size_t count;
    uint32_t *of_item;
};

static void load_clear(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        prepared_clear(&load->prepared[i]);
    free(load->prepared);
    free(load->of_item);
}

/* Items with one descriptor mostly stand together, or take turns among a few: looking back a
 * little finds it. What is missed is prepared again, and is no less right. */
#define LOOK_BACK 128

static bool find_prepared(const struct load *load, const rrsmb_put_item *items,
                          const uint32_t *first_item, const rrsmb_put_item *item, uint32_t *which)
{
    size_t least = load->count > LOOK_BACK ? load->count - LOOK_BACK : 0;
    for (size_t i = load->count; i-- > least;) {
        const rrsmb_put_item *other = &items[first_item[i]];
        if (other->sd == item->sd && other->sd_length == item->sd_length) {
            *which = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static rrsmb_status prepare_many(const rrsmb_put_item *items, size_t count, struct load *load)
{
    load->prepared = calloc(count + 1, sizeof *load->prepared);
    load->of_item = calloc(count + 1, sizeof *load->of_item);
    CLEANUP(cleanup_free) uint32_t *first_item = calloc(count + 1, sizeof *first_item);
    ENSURE(load->prepared != NULL && load->of_item != NULL && first_item != NULL, RRSMB_NO_MEMORY,
           "storing %zu rows: out of memory", count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && items[i].sd == items[i - 1].sd &&
            items[i].sd_length == items[i - 1].sd_length) {
            load->of_item[i] = load->of_item[i - 1];
            continue;
        }
        if (find_prepared(load, items, first_item, &items[i], &load->of_item[i]))
            continue;
        rrsmb_status status =
            items[i].sd == NULL
                ? FAIL(RRSMB_INVALID_ARGUMENT, "the descriptor is NULL")
                : prepare(items[i].sd, items[i].sd_length, &load->prepared[load->count]);
        if (status != RRSMB_OK) {
            (void)error_prefix("row %zu of %zu", i, count);
            error_set_offset(i);
            return status;
        }
        first_item[load->count] = (uint32_t)i;
        load->of_item[i] = (uint32_t)load->count++;
    }
    return RRSMB_OK;
}

static rrsmb_status put_all(rrsmb_share *share, struct change *change, const rrsmb_put_item *items,
                            size_t count, const struct load *load,
                            const struct permission *permission)
{
    for (size_t i = 0; i < count; i++) {
        struct standing standing = {0};
        rrsmb_row_info info;
        rrsmb_status status =
            put_row(share, change, &items[i].id, &load->prepared[load->of_item[i]], permission,
                    &standing, &info);
        if (status != RRSMB_OK) {
            error_set_offset(i);
            return status;
        }
    }
    return change_finish(change);
}

rrsmb_status rrsmb_store_put_many(rrsmb_share *share, const rrsmb_put_item *items, size_t count,
                                  const rrsmb_put_options *options, uint64_t *changed)
{
    ENSURE(share != NULL && (items != NULL || count == 0) && count < UINT32_MAX,
           RRSMB_INVALID_ARGUMENT, "storing many rows: the share or the rows are NULL");
    rrsmb_put_options given;
    TRY(load_put_options(options, RRSMB_PUT_IF_ABSENT, &given));
    for (size_t i = 0; i < count; i++)
        TRY(store_check_id(share, &items[i].id));
    CLEANUP(load_clear) struct load load = {0};
    TRY(prepare_many(items, count, &load));

    struct permission permission = {.options = &given, .replaces_other = true};
    struct backend_txn *txn;
    struct change change;
    TRY(store_begin_write(share->store, given.deadline_ms, &txn));
    change_begin(&change, share->store, txn, share->info.id);
    rrsmb_status status = put_all(share, &change, items, count, &load, &permission);
    uint64_t rows = change.rows;
    change_clear(&change);
    TRY(store_end(share->store, txn, status));
    if (changed != NULL)
        *changed = rows;
    return RRSMB_OK;
}
