/* SPDX-License-Identifier: Apache-2.0 */
/* What this version does with stores that another version has written. */
#include <criterion/criterion.h>

#include "lib/backend/backend.h"
#include "support.h"

#define FORMAT_SK ((struct bytes){"format", 6})

struct format {
    uint64_t version;
    uint64_t compatible;
    uint64_t read_only_compatible;
    uint64_t incompatible;
};

/* A store with one row, whose format item is then replaced. */
static const char *store_of_format(const struct format *format)
{
    const char *uri = store_uri("store", "");
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 1, 11));
    close_share(&opened);

    struct backend_options options = {.create = false};
    struct backend *backend;
    OK(backend_open(uri, &options, &backend));
    struct item standing;
    bool found;
    OK(backend->ops->item_get(backend, NULL, "meta", FORMAT_SK, &standing, &found));
    MUST(found, "a store without a format item");
    struct item item = {.ver = standing.ver + 1};
    OK(item_add_number(&item, "version", format->version));
    OK(item_add_number(&item, "compatible", format->compatible));
    OK(item_add_number(&item, "readOnlyCompatible", format->read_only_compatible));
    OK(item_add_number(&item, "incompatible", format->incompatible));
    OK(backend->ops->item_put(backend, NULL, "meta", FORMAT_SK, &item, standing.ver));
    item_clear(&standing);
    backend->ops->close(backend);
    return uri;
}

Test(format, a_newer_version_is_refused_and_both_versions_are_named)
{
    rrsmb_store *store;
    const char *uri = store_of_format(&(struct format){.version = 2});
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_NEWER_FORMAT, "format 2");
    MUST(strstr(rrsmb_error_last()->message, "knows format 1") != NULL, "%s",
         rrsmb_error_last()->message);
    MUST(store == NULL, "a refused store was handed out");
}

Test(format, an_unknown_incompatible_feature_is_refused_and_named)
{
    rrsmb_store *store;
    const char *uri = store_of_format(&(struct format){.version = 1, .incompatible = 0x10});
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_NEWER_FORMAT, "features 0x10");
}

Test(format, an_unknown_incompatible_feature_is_refused_read_only_too)
{
    rrsmb_store *store;
    const char *uri = store_of_format(&(struct format){.version = 1, .incompatible = 1});
    rrsmb_store_options options = {.size = sizeof options, .flags = RRSMB_STORE_READ_ONLY};
    FAILS(rrsmb_store_open(uri, &options, &store), RRSMB_NEWER_FORMAT, "features 0x1");
}

Test(format, an_unknown_read_only_compatible_feature_leaves_reading)
{
    const char *uri =
        store_of_format(&(struct format){.version = 1, .read_only_compatible = UINT64_C(1) << 40});
    struct opened opened = open_share(uri);
    expect_number(opened.share, 1, 11);
    FAILS(put_number(opened.share, 1, 12), RRSMB_READ_ONLY, "read-only");
    rrsmb_file_id id = file_id(opened.share, 1);
    FAILS(rrsmb_store_remove(opened.share, &id, NULL), RRSMB_READ_ONLY, "read-only");
    expect_number(opened.share, 1, 11);
    expect_clean(opened.store);
    close_share(&opened);
}

Test(format, an_unknown_compatible_feature_changes_nothing)
{
    const char *uri =
        store_of_format(&(struct format){.version = 1, .compatible = UINT64_C(1) << 63});
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 1, 12));
    expect_number(opened.share, 1, 12);
    close_share(&opened);
}

Test(format, a_store_with_rows_but_without_a_format_is_damaged)
{
    rrsmb_store *store;
    const char *uri = store_of_format(&(struct format){.version = 1});
    struct backend_options options = {.create = false};
    struct backend *backend;
    struct item standing;
    bool found;
    OK(backend_open(uri, &options, &backend));
    OK(backend->ops->item_get(backend, NULL, "meta", FORMAT_SK, &standing, &found));
    OK(backend->ops->item_remove(backend, NULL, "meta", FORMAT_SK, standing.ver));
    item_clear(&standing);
    backend->ops->close(backend);
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_DAMAGED, "format");
}

Test(format, version_zero_is_damage)
{
    rrsmb_store *store;
    const char *uri = store_of_format(&(struct format){.version = 0});
    FAILS(rrsmb_store_open(uri, NULL, &store), RRSMB_DAMAGED, "format");
}
