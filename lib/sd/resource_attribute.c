/* SPDX-License-Identifier: Apache-2.0 */
/* Resource attributes in binary. Canonical form: header, value offsets, name, values, each value
 * on a multiple of four, without gaps or sharing. */
#include "lib/sd/resource_attribute.h"

#include "lib/base/error.h"
#include "lib/sd/claim.h"
#include "lib/sd/sid.h"
#include "lib/sd/utf16.h"

#define FAIL_HERE(status, ace, acl, at, format, ...)                                        \
    FAIL_AT(status, attribute_offset(ace, at),                                              \
            "%s entry %u (type 0x%02x), attribute at byte %zu: " format, acl, (ace)->index, \
            (ace)->type, attribute_offset(ace, at), ##__VA_ARGS__)

static size_t attribute_offset(const rrsmb_ace *ace, size_t at)
{
    return ace->offset + (ace->size - ace->data_length) + at;
}

/* The length of the string at some bytes, its terminator not included; false without one. */
static bool terminated(const uint8_t *bytes, size_t available, size_t *length)
{
    for (size_t i = 0; i + 2 <= available; i += 2) {
        if (get_le16(bytes + i) == 0) {
            *length = i;
            return true;
        }
    }
    return false;
}

bool claim_read(const uint8_t *data, size_t length, struct claim *claim)
{
    if (length < CLAIM_HEADER_SIZE)
        return false;
    *claim = (struct claim){
        .data = data,
        .length = length,
        .type = get_le16(data + 4),
        .flags = get_le32(data + 8),
        .count = get_le32(data + 12),
    };
    size_t name = get_le32(data);
    if (claim->count > (length - CLAIM_HEADER_SIZE) / 4 || name >= length ||
        !terminated(data + name, length - name, &claim->name_length))
        return false;
    claim->name = data + name;
    return true;
}

/* Where the bytes of a value are, by its type. */
static bool value_bytes(uint16_t type, const uint8_t *at, size_t available,
                        struct claim_value *value)
{
    switch (type) {
    case CLAIM_STRING:
        value->bytes = at;
        return terminated(at, available, &value->length);
    case CLAIM_SID:
    case CLAIM_OCTETS:
        if (available < 4 || get_le32(at) > available - 4)
            return false;
        value->bytes = at + 4;
        value->length = get_le32(at);
        return true;
    default:
        if (available < 8)
            return false;
        value->number = get_le64(at);
        return true;
    }
}

bool claim_value_read(const struct claim *claim, uint32_t index, struct claim_value *value)
{
    *value = (struct claim_value){0};
    value->at = get_le32(claim->data + CLAIM_HEADER_SIZE + 4 * (size_t)index);
    if (value->at >= claim->length)
        return false;
    return value_bytes(claim->type, claim->data + value->at, claim->length - value->at, value);
}

const char *claim_type_code(uint16_t type)
{
    switch (type) {
    case CLAIM_INT64:
        return "TI";
    case CLAIM_UINT64:
        return "TU";
    case CLAIM_STRING:
        return "TS";
    case CLAIM_SID:
        return "TD";
    case CLAIM_BOOLEAN:
        return "TB";
    case CLAIM_OCTETS:
        return "TX";
    default:
        return NULL;
    }
}

static rrsmb_status check_value(const rrsmb_ace *ace, const char *acl, const struct claim *claim,
                                uint32_t index)
{
    struct claim_value value;
    size_t field = CLAIM_HEADER_SIZE + 4 * (size_t)index;
    if (!claim_value_read(claim, index, &value))
        return FAIL_HERE(RRSMB_BAD_SD, ace, acl, field, "value %u does not fit", index);
    if (claim->type == CLAIM_BOOLEAN && value.number > 1)
        return FAIL_HERE(RRSMB_BAD_SD, ace, acl, value.at, "value %u is no boolean", index);
    if (claim->type == CLAIM_SID &&
        (value.length == 0 || sid_check(value.bytes, value.length) != value.length))
        return FAIL_HERE(RRSMB_BAD_SD, ace, acl, value.at, "value %u is no valid SID", index);
    if (claim->type == CLAIM_STRING && !utf16_is_sayable(value.bytes, value.length))
        return FAIL_HERE(RRSMB_UNSUPPORTED_ACE, ace, acl, value.at,
                         "value %u has a quote or half a surrogate pair, which SDDL cannot say",
                         index);
    return RRSMB_OK;
}

/* The size of a value in canonical form. */
static size_t value_size(uint16_t type, const struct claim_value *value)
{
    switch (type) {
    case CLAIM_STRING:
        return align4(value->length + 2);
    case CLAIM_SID:
    case CLAIM_OCTETS:
        return align4(4 + value->length);
    default:
        return 8;
    }
}

static size_t name_offset(const struct claim *claim)
{
    return CLAIM_HEADER_SIZE + 4 * (size_t)claim->count;
}

static size_t values_offset(const struct claim *claim)
{
    return name_offset(claim) + align4(claim->name_length + 2);
}

rrsmb_status attribute_check(const rrsmb_ace *ace, const char *acl)
{
    struct claim claim;
    if (!claim_read(ace->data, ace->data_length, &claim))
        return FAIL_HERE(RRSMB_BAD_SD, ace, acl, 0,
                         "its %zu bytes hold no whole name and value offsets", ace->data_length);
    if (!claim_type_code(claim.type))
        return FAIL_HERE(RRSMB_UNSUPPORTED_ACE, ace, acl, 4, "value type 0x%04x has no SDDL form",
                         claim.type);
    if (claim.name_length == 0)
        return FAIL_HERE(RRSMB_BAD_SD, ace, acl, 0, "the name is empty");
    size_t size = values_offset(&claim);
    for (uint32_t i = 0; i < claim.count; i++) {
        TRY(check_value(ace, acl, &claim, i));
        struct claim_value value;
        claim_value_read(&claim, i, &value);
        size += value_size(claim.type, &value);
        /* Values may share bytes: without a bound here, 64 KB could stand for gigabytes. */
        if (size > UINT16_MAX)
            return FAIL_HERE(RRSMB_TOO_LARGE, ace, acl, 0,
                             "larger than 64 KB in canonical form from value %u on", i);
    }
    return RRSMB_OK;
}

size_t attribute_size(const uint8_t *data, size_t length)
{
    struct claim claim;
    if (!claim_read(data, length, &claim))
        return 0;
    size_t size = values_offset(&claim);
    for (uint32_t i = 0; i < claim.count; i++) {
        struct claim_value value;
        if (claim_value_read(&claim, i, &value))
            size += value_size(claim.type, &value);
    }
    return size;
}

static void put_padded(struct output *out, const uint8_t *bytes, size_t length, size_t size)
{
    output_put(out, bytes, length);
    output_zeros(out, size - length);
}

static void put_value(struct output *out, uint16_t type, const struct claim_value *value)
{
    size_t size = value_size(type, value);
    switch (type) {
    case CLAIM_STRING:
        put_padded(out, value->bytes, value->length, size);
        return;
    case CLAIM_SID:
    case CLAIM_OCTETS:
        output_32(out, (uint32_t)value->length);
        put_padded(out, value->bytes, value->length, size - 4);
        return;
    default:
        output_64(out, value->number);
    }
}

void attribute_put(struct output *out, const uint8_t *data, size_t length)
{
    struct claim claim;
    struct claim_value value;
    if (!claim_read(data, length, &claim))
        return;
    output_32(out, (uint32_t)name_offset(&claim));
    output_16(out, claim.type);
    output_16(out, 0);
    output_32(out, claim.flags);
    output_32(out, claim.count);
    size_t offset = values_offset(&claim);
    for (uint32_t i = 0; i < claim.count && claim_value_read(&claim, i, &value); i++) {
        output_32(out, (uint32_t)offset);
        offset += value_size(claim.type, &value);
    }
    put_padded(out, claim.name, claim.name_length, align4(claim.name_length + 2));
    for (uint32_t i = 0; i < claim.count && claim_value_read(&claim, i, &value); i++)
        put_value(out, claim.type, &value);
}

static bool values_equal(const struct claim_value *a, const struct claim_value *b)
{
    return a->number == b->number && a->length == b->length &&
           (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

bool attribute_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    struct claim left;
    struct claim right;
    if (!claim_read(a, a_length, &left) || !claim_read(b, b_length, &right))
        return false;
    if (left.type != right.type || left.flags != right.flags || left.count != right.count ||
        left.name_length != right.name_length ||
        memcmp(left.name, right.name, left.name_length) != 0)
        return false;
    struct claim_value x;
    struct claim_value y;
    for (uint32_t i = 0; i < left.count; i++) {
        if (!claim_value_read(&left, i, &x) || !claim_value_read(&right, i, &y) ||
            !values_equal(&x, &y))
            return false;
    }
    return true;
}
