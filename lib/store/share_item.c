/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/share_item.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

void share_info_clear(rrsmb_share_info *info)
{
    free((char *)(uintptr_t)info->name);
    free((char *)(uintptr_t)info->path);
    free((char *)(uintptr_t)info->filesystem);
    *info = (rrsmb_share_info){0};
}

void share_record_clear(struct share_record *record)
{
    rrsmb_share_info info = share_record_info(record);
    share_info_clear(&info);
    *record = (struct share_record){0};
}

static char *text_of(const struct item *item, const char *name)
{
    const struct item_attribute *attribute = item_bytes(item, name);
    return attribute == NULL ? strdup("") : strndup(attribute->bytes.data, attribute->bytes.size);
}

rrsmb_status share_record_decode(struct bytes name, const struct item *item,
                                 struct share_record *record)
{
    const struct item_attribute *id = item_number(item, "id");
    const struct item_attribute *kind = item_number(item, "kind");
    const struct item_attribute *type = item_number(item, "handleType");
    const struct item_attribute *size = item_number(item, "handleSize");
    ENSURE(id != NULL && kind != NULL && type != NULL && size != NULL && id->number != 0 &&
               kind->number >= RRSMB_GENERATION_NONE && kind->number <= RRSMB_GENERATION_HANDLE,
           RRSMB_DAMAGED, "the item of share '%.*s' cannot be read", (int)name.size,
           (const char *)name.data);
    *record = (struct share_record){.name = strndup(name.data, name.size),
                                    .path = text_of(item, "path"),
                                    .filesystem = text_of(item, "filesystem"),
                                    .id = id->number,
                                    .ver = item->ver,
                                    .identity = {.kind = (rrsmb_generation_kind)kind->number,
                                                 .handle_type = type->number,
                                                 .handle_size = size->number}};
    if (record->name != NULL && record->path != NULL && record->filesystem != NULL)
        return RRSMB_OK;
    share_record_clear(record);
    return FAIL(RRSMB_NO_MEMORY, "reading the item of a share: out of memory");
}

rrsmb_status share_record_get(struct backend *backend, struct backend_txn *txn, const char *name,
                              struct share_record *record, bool *found)
{
    struct item item;
    struct bytes key = {name, strlen(name)};
    TRY(backend->ops->item_get(backend, txn, SHARE_PK, key, &item, found));
    if (!*found)
        return RRSMB_OK;
    rrsmb_status status = share_record_decode(key, &item, record);
    item_clear(&item);
    return status;
}

rrsmb_status share_record_put(struct backend *backend, struct backend_txn *txn,
                              const struct share_record *record, uint64_t expected_ver)
{
    struct item item = {.ver = store_new_version()};
    TRY(item_add_number(&item, "id", record->id));
    TRY(item_add_number(&item, "kind", (uint64_t)record->identity.kind));
    TRY(item_add_number(&item, "handleType", record->identity.handle_type));
    TRY(item_add_number(&item, "handleSize", record->identity.handle_size));
    TRY(item_add_bytes(&item, "path", (struct bytes){record->path, strlen(record->path)}));
    TRY(item_add_bytes(&item, "filesystem",
                       (struct bytes){record->filesystem, strlen(record->filesystem)}));
    struct bytes key = {record->name, strlen(record->name)};
    return backend->ops->item_put(backend, txn, SHARE_PK, key, &item, expected_ver);
}

rrsmb_share_info share_record_info(const struct share_record *record)
{
    return (rrsmb_share_info){.size = sizeof(rrsmb_share_info),
                              .name = record->name,
                              .id = record->id,
                              .kind = record->identity.kind,
                              .path = record->path,
                              .filesystem = record->filesystem};
}
