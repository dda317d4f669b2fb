/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/format.h"

#include <inttypes.h>

#include "lib/base/error.h"

/* Bits that this version knows. None yet. */
#define KNOWN_READ_ONLY_COMPATIBLE UINT64_C(0)
#define KNOWN_INCOMPATIBLE UINT64_C(0)

#define FORMAT_SK ((struct bytes){"format", 6})

static uint64_t number_of(const struct item *item, const char *name)
{
    const struct item_attribute *attribute = item_number(item, name);
    return attribute != NULL ? attribute->number : 0;
}

static rrsmb_status judge(rrsmb_store *store, const char *uri, const struct item *format)
{
    uint64_t version = number_of(format, "version");
    uint64_t incompatible = number_of(format, "incompatible");
    uint64_t read_only = number_of(format, "readOnlyCompatible");
    ENSURE(version != 0, RRSMB_DAMAGED, "%s: the store does not say of which format it is", uri);
    ENSURE(version <= FORMAT_VERSION && (incompatible & ~KNOWN_INCOMPATIBLE) == 0,
           RRSMB_NEWER_FORMAT,
           "%s: the store has format %" PRIu64 " with features 0x%" PRIx64
           "; librrsmb %s knows format %d with features 0x%" PRIx64,
           uri, version, incompatible, rrsmb_version(), FORMAT_VERSION, KNOWN_INCOMPATIBLE);
    if ((read_only & ~KNOWN_READ_ONLY_COMPATIBLE) != 0 && !store->read_only) {
        store->read_only = true;
        log_line(&store->logger, RRSMB_LOG_WARNING,
                 "%s: a newer version of librrsmb has written here (features 0x%" PRIx64
                 "): opened read-only",
                 uri, read_only);
    }
    return RRSMB_OK;
}

static rrsmb_status write_ours(rrsmb_store *store, const char *uri)
{
    struct backend_usage usage;
    TRY(store->backend->ops->usage(store->backend, NULL, &usage));
    ENSURE(usage.rows == 0 && usage.blobs == 0, RRSMB_DAMAGED,
           "%s: the store has lost the item that says of which format it is", uri);
    struct item format = {.ver = store_new_version()};
    TRY(item_add_number(&format, "version", FORMAT_VERSION));
    TRY(item_add_number(&format, "compatible", 0));
    TRY(item_add_number(&format, "readOnlyCompatible", KNOWN_READ_ONLY_COMPATIBLE));
    TRY(item_add_number(&format, "incompatible", KNOWN_INCOMPATIBLE));
    struct backend *backend = store->backend;
    rrsmb_status status =
        backend->ops->item_put(backend, NULL, META_PK, FORMAT_SK, &format, EXPECT_ABSENT);
    /* Somebody else opened the new store at the same time. */
    return status == RRSMB_CONFLICT ? RRSMB_OK : status;
}

rrsmb_status format_check(rrsmb_store *store, const char *uri)
{
    struct backend *backend = store->backend;
    struct item format;
    bool found = false;
    TRY(backend->ops->item_get(backend, NULL, META_PK, FORMAT_SK, &format, &found));
    if (!found) {
        ENSURE(!store->read_only, RRSMB_NOT_FOUND, "%s: there is no store yet", uri);
        TRY(write_ours(store, uri));
        TRY(backend->ops->item_get(backend, NULL, META_PK, FORMAT_SK, &format, &found));
        ENSURE(found, RRSMB_DAMAGED, "%s: the format item vanished", uri);
    }
    rrsmb_status status = judge(store, uri, &format);
    item_clear(&format);
    return status;
}
