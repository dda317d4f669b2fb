/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in stored bytes: little-endian in values, big-endian in keys, so that keys sort as
 * the numbers do. */
#ifndef RRSMB_BASE_BYTES_H
#define RRSMB_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Bytes that belong to somebody else. */
struct bytes {
    const void *data;
    size_t size;
};

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return false;
    return a.data == b.data ||
           (a.data != NULL && b.data != NULL && memcmp(a.data, b.data, a.size) == 0);
}

static inline void put_le64(void *to, uint64_t value)
{
    value = htole64(value);
    memcpy(to, &value, sizeof value);
}

static inline uint64_t get_le64(const void *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return le64toh(value);
}

static inline void put_le32(void *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof value);
}

static inline uint32_t get_le32(const void *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return le32toh(value);
}

static inline void put_le16(void *to, uint16_t value)
{
    value = htole16(value);
    memcpy(to, &value, sizeof value);
}

static inline uint16_t get_le16(const void *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return le16toh(value);
}

static inline void put_be64(void *to, uint64_t value)
{
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
}

static inline uint64_t get_be64(const void *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

#endif
