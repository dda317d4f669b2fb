/* SPDX-License-Identifier: Apache-2.0 */
/* Shares: a name, and behind it a random id that the rows are keyed by. One cluster item each,
 * by name. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/base/utf8.h"
#include "lib/store/share_item.h"
#include "lib/store/store.h"

#define NAME_MAX_SIZE 255

const char *rrsmb_generation_kind_name(rrsmb_generation_kind kind)
{
    switch (kind) {
    case RRSMB_GENERATION_NONE:
        return "none";
    case RRSMB_GENERATION_EXPLICIT:
        return "explicit";
    case RRSMB_GENERATION_BTIME:
        return "btime";
    case RRSMB_GENERATION_HANDLE:
        return "handle";
    case RRSMB_GENERATION_UNSET:
        break;
    }
    return "?";
}

static rrsmb_status check_name(const char *name)
{
    ENSURE(name != NULL, RRSMB_INVALID_ARGUMENT, "the name of a share is NULL");
    size_t length = strlen(name);
    ENSURE(length >= 1 && length <= NAME_MAX_SIZE, RRSMB_INVALID_ARGUMENT,
           "the name of a share has 1 to %d bytes, not %zu", NAME_MAX_SIZE, length);
    size_t valid = utf8_valid_prefix(name, length);
    if (valid != length)
        return FAIL_AT(RRSMB_INVALID_ARGUMENT, valid,
                       "the name of a share is UTF-8, which byte %zu of this one is not", valid);
    return RRSMB_OK;
}

static struct bytes name_key(const char *name)
{
    return (struct bytes){name, strlen(name)};
}

/* What the caller's path is like on this node. */
struct place {
    bool given;
    struct file_look root;
    char filesystem[FILESYSTEM_NAME_SIZE];
};

static rrsmb_status examine_place(const rrsmb_share_options *options, struct place *place)
{
    *place = (struct place){.given = options->path != NULL};
    if (!place->given)
        return RRSMB_OK;
    CLEANUP(cleanup_close) int fd = open(options->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        /* "Not found" is said of shares alone. */
        rrsmb_status status = FAIL_ERRNO("opening the folder of a share, %s", options->path);
        return status == RRSMB_NOT_FOUND ? error_reclassify(RRSMB_IO_ERROR) : status;
    }
    TRY(filesystem_name(fd, place->filesystem));
    if (file_look(fd, options->kind, false, &place->root) != RRSMB_OK)
        return error_prefix("%s", options->path);
    return RRSMB_OK;
}

/* Does this node tell files apart as the share does? */
static rrsmb_status check_kind(const struct share_record *record,
                               const rrsmb_share_options *options, const struct place *place)
{
    rrsmb_generation_kind recorded = record->identity.kind;
    ENSURE(options->kind == RRSMB_GENERATION_UNSET || options->kind == recorded, RRSMB_WRONG_KIND,
           "share '%s' tells files apart by '%s', not by '%s'", record->name,
           rrsmb_generation_kind_name(recorded), rrsmb_generation_kind_name(options->kind));
    if (!place->given)
        return RRSMB_OK;
    const struct file_identity *here = &place->root.identity;
    ENSURE(here->kind == recorded, RRSMB_WRONG_KIND,
           "share '%s' tells files apart by '%s', but %s offers '%s': this node would take the "
           "ACLs of the others for missing",
           record->name, rrsmb_generation_kind_name(recorded), options->path,
           rrsmb_generation_kind_name(here->kind));
    ENSURE(recorded != RRSMB_GENERATION_HANDLE ||
               (here->handle_type == record->identity.handle_type &&
                here->handle_size == record->identity.handle_size),
           RRSMB_WRONG_KIND,
           "share '%s' has file handles of type %" PRIu64 " and %" PRIu64
           " bytes, but at %s they are of type %" PRIu64 " and %" PRIu64 " bytes",
           record->name, record->identity.handle_type, record->identity.handle_size, options->path,
           here->handle_type, here->handle_size);
    return RRSMB_OK;
}

/* Also a share first used by number, and later by path, gets its place recorded; one that was
 * moved on purpose is told about until its place is recorded anew (RRSMB_SHARE_MOVED). */
static rrsmb_status note_place(rrsmb_store *store, struct share_record *record,
                               const rrsmb_share_options *options, const struct place *place)
{
    if (!place->given)
        return RRSMB_OK;
    bool same = strcmp(record->filesystem, place->filesystem) == 0;
    bool moved = (options->flags & RRSMB_SHARE_MOVED) != 0;
    if (record->path[0] != '\0' && !moved) {
        if (!same)
            log_line(&store->logger, RRSMB_LOG_WARNING,
                     "share '%s' lay on '%s' at %s and is now on '%s' at %s: were its files "
                     "copied there, their ACLs did not come along",
                     record->name, record->filesystem, record->path, place->filesystem,
                     options->path);
        return RRSMB_OK;
    }
    if (store->read_only || (same && strcmp(record->path, options->path) == 0))
        return RRSMB_OK;
    struct share_record updated = *record;
    updated.path = options->path;
    updated.filesystem = place->filesystem;
    rrsmb_status status = share_record_put(store->backend, NULL, &updated, record->ver);
    /* Somebody else recorded it at the same time. */
    return status == RRSMB_CONFLICT ? RRSMB_OK : status;
}

static rrsmb_status create(rrsmb_store *store, const char *name, const rrsmb_share_options *options,
                           const struct place *place)
{
    ENSURE((options->flags & RRSMB_SHARE_NO_CREATE) == 0 && !store->read_only, RRSMB_NOT_FOUND,
           "there is no share '%s'", name);
    struct share_record record = {.name = name, .path = "", .filesystem = ""};
    while (record.id == 0)
        arc4random_buf(&record.id, sizeof record.id);
    record.identity.kind =
        options->kind != RRSMB_GENERATION_UNSET ? options->kind : RRSMB_GENERATION_NONE;
    if (place->given) {
        record.identity = place->root.identity;
        record.path = options->path;
        record.filesystem = place->filesystem;
    }
    rrsmb_status status = share_record_put(store->backend, NULL, &record, EXPECT_ABSENT);
    /* Somebody else created it at the same time: theirs is read and judged like any other. */
    return status == RRSMB_CONFLICT ? RRSMB_OK : status;
}

static rrsmb_status find_or_create(rrsmb_store *store, const char *name,
                                   const rrsmb_share_options *options, const struct place *place,
                                   struct share_record *record)
{
    bool found = false;
    TRY(share_record_get(store->backend, NULL, name, record, &found));
    if (!found) {
        TRY(create(store, name, options, place));
        TRY(share_record_get(store->backend, NULL, name, record, &found));
        ENSURE(found, RRSMB_CONFLICT, "share '%s' was removed while it was being opened", name);
    }
    rrsmb_status status = check_kind(record, options, place);
    if (status == RRSMB_OK)
        status = note_place(store, record, options, place);
    if (status != RRSMB_OK)
        share_record_clear(record);
    return status;
}

/* On which device the files of the share lie: where the caller says, else where it was recorded, if
 * that place is on this node. */
static bool find_device(const struct place *place, const struct share_record *record, dev_t *device)
{
    struct stat root;
    *device = place->root.device;
    if (place->given)
        return true;
    if (record->path[0] == '\0' || stat(record->path, &root) != 0 || !S_ISDIR(root.st_mode))
        return false;
    *device = root.st_dev;
    return true;
}

rrsmb_status rrsmb_share_open(rrsmb_store *store, const char *name,
                              const rrsmb_share_options *options, rrsmb_share **share)
{
    ENSURE(store != NULL && share != NULL, RRSMB_INVALID_ARGUMENT,
           "opening a share: neither the store nor the result may be NULL");
    *share = NULL;
    TRY(check_name(name));
    rrsmb_share_options given;
    TRY(OPTIONS_LOAD(given, options));
    ENSURE((given.flags & ~(RRSMB_SHARE_NO_CREATE | RRSMB_SHARE_MOVED)) == 0 &&
               given.kind <= RRSMB_GENERATION_HANDLE,
           RRSMB_INVALID_ARGUMENT, "opening share '%s': unknown flags 0x%x or kind %d", name,
           given.flags, (int)given.kind);
    struct place place;
    TRY(examine_place(&given, &place));

    rrsmb_share *opened = calloc(1, sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening share '%s': out of memory", name);
    struct share_record record;
    rrsmb_status status = find_or_create(store, name, &given, &place, &record);
    if (status != RRSMB_OK) {
        free(opened);
        return status;
    }
    *opened = (struct rrsmb_share){.store = store, .identity = record.identity};
    opened->has_device = find_device(&place, &record, &opened->device);
    opened->info = share_record_info(&record); /* with the strings of the record */
    *share = opened;
    return RRSMB_OK;
}

void rrsmb_share_close(rrsmb_share *share)
{
    if (share == NULL)
        return;
    share_info_clear(&share->info);
    free(share);
}

const rrsmb_share_info *rrsmb_share_get_info(const rrsmb_share *share)
{
    return &share->info;
}

rrsmb_store *rrsmb_share_get_store(const rrsmb_share *share)
{
    return share->store;
}

/* -- all shares ------------------------------------------------------------------------------ */

struct listing {
    rrsmb_share_info *infos;
    size_t count;
};

static void cleanup_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        share_info_clear(&listing->infos[i]);
    free(listing->infos);
}

static rrsmb_status collect(void *context, struct bytes sk, const struct item *item)
{
    struct listing *listing = context;
    ENSURE(item != NULL, RRSMB_DAMAGED, "the item of share '%.*s' does not match its checksum",
           (int)sk.size, (const char *)sk.data);
    rrsmb_share_info *grown =
        reallocarray(listing->infos, listing->count + 1, sizeof *listing->infos);
    ENSURE(grown != NULL, RRSMB_NO_MEMORY, "listing shares: out of memory");
    listing->infos = grown;
    struct share_record record;
    TRY(share_record_decode(sk, item, &record));
    grown[listing->count++] = share_record_info(&record);
    return RRSMB_OK;
}

rrsmb_status rrsmb_share_list(rrsmb_store *store, rrsmb_share_fn fn, void *context)
{
    ENSURE(store != NULL && fn != NULL, RRSMB_INVALID_ARGUMENT,
           "listing shares: neither the store nor the callback may be NULL");
    CLEANUP(cleanup_listing) struct listing listing = {0};
    struct backend *backend = store->backend;
    TRY(backend->ops->item_list(backend, NULL, SHARE_PK, collect, &listing));
    for (size_t i = 0; i < listing.count; i++)
        ENSURE(fn(context, &listing.infos[i]) == 0, RRSMB_CANCELLED,
               "listing shares: stopped by the caller");
    return RRSMB_OK;
}

static rrsmb_status rename_in(struct backend *backend, struct backend_txn *txn,
                              const char *old_name, const char *new_name)
{
    struct share_record record;
    bool found = false;
    TRY(share_record_get(backend, txn, old_name, &record, &found));
    ENSURE(found, RRSMB_NOT_FOUND, "there is no share '%s'", old_name);
    struct share_record renamed = record;
    renamed.name = new_name;
    rrsmb_status status = share_record_put(backend, txn, &renamed, EXPECT_ABSENT);
    uint64_t ver = record.ver;
    share_record_clear(&record);
    ENSURE(status != RRSMB_CONFLICT, RRSMB_EXISTS, "there is a share '%s' already", new_name);
    TRY(status);
    return backend->ops->item_remove(backend, txn, SHARE_PK, name_key(old_name), ver);
}

rrsmb_status rrsmb_share_rename(rrsmb_store *store, const char *old_name, const char *new_name)
{
    ENSURE(store != NULL, RRSMB_INVALID_ARGUMENT, "renaming a share: the store is NULL");
    TRY(check_name(old_name));
    TRY(check_name(new_name));
    struct backend_txn *txn;
    TRY(store_begin_write(store, 0, &txn));
    return store_end(store, txn, rename_in(store->backend, txn, old_name, new_name));
}
