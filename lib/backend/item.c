/* SPDX-License-Identifier: Apache-2.0 */
/* Stored form, all numbers little-endian:
 *   u32 checksum of what follows (XXH3, low half)    u64 ver    u8 number of attributes
 *   each: u8 length of the name with its zero byte, the name, u8 is_number,
 *         u64 number | u32 length, bytes */
#include "lib/backend/item.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/base/error.h"

#define HEADER_SIZE (4 + 8 + 1)

static rrsmb_status add(struct item *item, const struct item_attribute *attribute)
{
    ENSURE(item->count < ITEM_ATTRIBUTES_MAX, RRSMB_INVALID_ARGUMENT,
           "an item holds at most %d attributes; no room for '%s'", ITEM_ATTRIBUTES_MAX,
           attribute->name);
    item->attributes[item->count++] = *attribute;
    return RRSMB_OK;
}

rrsmb_status item_add_number(struct item *item, const char *name, uint64_t number)
{
    return add(item, &(struct item_attribute){.name = name, .is_number = true, .number = number});
}

rrsmb_status item_add_bytes(struct item *item, const char *name, struct bytes bytes)
{
    return add(item, &(struct item_attribute){.name = name, .bytes = bytes});
}

static const struct item_attribute *find(const struct item *item, const char *name, bool is_number)
{
    for (size_t i = 0; i < item->count; i++) {
        const struct item_attribute *attribute = &item->attributes[i];
        if (attribute->is_number == is_number && strcmp(attribute->name, name) == 0)
            return attribute;
    }
    return NULL;
}

const struct item_attribute *item_number(const struct item *item, const char *name)
{
    return find(item, name, true);
}

const struct item_attribute *item_bytes(const struct item *item, const char *name)
{
    return find(item, name, false);
}

void item_clear(struct item *item)
{
    free(item->storage);
    *item = (struct item){0};
}

static uint32_t checksum(const uint8_t *from, size_t size)
{
    return (uint32_t)XXH3_64bits(from, size);
}

rrsmb_status item_encode(const struct item *item, uint8_t *buffer, size_t *size)
{
    size_t used = HEADER_SIZE;
    put_le64(buffer + 4, item->ver);
    buffer[12] = (uint8_t)item->count;
    for (size_t i = 0; i < item->count; i++) {
        const struct item_attribute *attribute = &item->attributes[i];
        size_t name_size = strlen(attribute->name) + 1;
        size_t value_size = attribute->is_number ? 8 : 4 + attribute->bytes.size;
        ENSURE(name_size <= UINT8_MAX && attribute->bytes.size <= ITEM_SIZE_MAX &&
                   used + 2 + name_size + value_size <= ITEM_SIZE_MAX,
               RRSMB_TOO_LARGE, "an item may take %d bytes; attribute '%s' does not fit",
               ITEM_SIZE_MAX, attribute->name);
        buffer[used++] = (uint8_t)name_size;
        memcpy(buffer + used, attribute->name, name_size);
        used += name_size;
        buffer[used++] = attribute->is_number;
        if (attribute->is_number) {
            put_le64(buffer + used, attribute->number);
        } else {
            put_le32(buffer + used, (uint32_t)attribute->bytes.size);
            if (attribute->bytes.size > 0)
                memcpy(buffer + used + 4, attribute->bytes.data, attribute->bytes.size);
        }
        used += value_size;
    }
    put_le32(buffer, checksum(buffer + 4, used - 4));
    *size = used;
    return RRSMB_OK;
}

/* Reads one attribute at `*at` and moves it on; false: the bytes end too early. */
static bool decode_attribute(const uint8_t *data, size_t size, size_t *at,
                             struct item_attribute *attribute)
{
    size_t left = size - *at;
    const uint8_t *from = data + *at;
    if (left < 1 || from[0] == 0 || left < (size_t)from[0] + 2 || from[from[0]] != 0)
        return false;

    size_t used = 1 + (size_t)from[0];
    *attribute =
        (struct item_attribute){.name = (const char *)from + 1, .is_number = from[used++] != 0};
    size_t fixed = attribute->is_number ? 8 : 4;
    if (left - used < fixed)
        return false;
    if (attribute->is_number) {
        attribute->number = get_le64(from + used);
    } else {
        attribute->bytes = (struct bytes){from + used + 4, get_le32(from + used)};
        if (left - used - 4 < attribute->bytes.size)
            return false;
    }
    *at += used + fixed + attribute->bytes.size;
    return true;
}

rrsmb_status item_decode(struct bytes stored, struct item *item)
{
    *item = (struct item){0};
    const uint8_t *bytes = stored.data;
    ENSURE(stored.size >= HEADER_SIZE && stored.size <= ITEM_SIZE_MAX &&
               get_le32(bytes) == checksum(bytes + 4, stored.size - 4) &&
               bytes[12] <= ITEM_ATTRIBUTES_MAX,
           RRSMB_DAMAGED, "a cluster item of %zu bytes does not match its checksum", stored.size);

    uint8_t *copy = malloc(stored.size);
    ENSURE(copy != NULL, RRSMB_NO_MEMORY, "reading a cluster item: out of memory");
    memcpy(copy, bytes, stored.size);
    item->storage = copy;
    item->ver = get_le64(copy + 4);
    size_t at = HEADER_SIZE;
    for (size_t i = 0; i < copy[12]; i++) {
        if (!decode_attribute(copy, stored.size, &at, &item->attributes[i])) {
            item_clear(item);
            return FAIL(RRSMB_DAMAGED, "a cluster item ends within attribute %zu", i);
        }
        item->count++;
    }
    return RRSMB_OK;
}
