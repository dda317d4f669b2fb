/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes of any origin to a view that can be trusted: every length is checked here, once. */
#include "lib/base/error.h"
#include "lib/sd/ace_type.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/sid.h"

#define BAD_AT(offset, ...) FAIL_AT(RRSMB_BAD_SD, (offset), "security descriptor: " __VA_ARGS__)

/* The SID that an owner or group offset leads to; none with an offset of 0. */
static rrsmb_status parse_sid(const uint8_t *sd, size_t length, size_t field, const char *what,
                              const uint8_t **sid, size_t *sid_length)
{
    *sid = NULL;
    *sid_length = 0;
    size_t offset = get_le32(sd + field);
    if (offset == 0)
        return RRSMB_OK;
    if (offset < SD_HEADER_SIZE || offset >= length)
        return BAD_AT(field, "%s offset %zu lies outside (%zu bytes)", what, offset, length);
    *sid_length = sid_check(sd + offset, length - offset);
    if (*sid_length == 0)
        return BAD_AT(offset, "no valid %s SID at byte %zu", what, offset);
    *sid = sd + offset;
    return RRSMB_OK;
}

/* Fields of a validated ACE. The offsets follow from its type and object flags. */
static void read_ace(const uint8_t *bytes, rrsmb_ace *ace)
{
    ace->type = bytes[0];
    ace->flags = bytes[1];
    ace->size = get_le16(bytes + 2);
    ace->mask = get_le32(bytes + 4);
    ace->object_type = NULL;
    ace->inherited_object_type = NULL;
    const uint8_t *at = bytes + ACE_HEADER_SIZE;
    uint8_t shape = ace_type_get(ace->type)->shape;
    if (shape & ACE_OBJECT) {
        uint32_t present = get_le32(at);
        at += 4;
        if (present & 1) {
            ace->object_type = at;
            at += 16;
        }
        if (present & 2) {
            ace->inherited_object_type = at;
            at += 16;
        }
    }
    ace->sid = at;
    ace->sid_length = sid_size(at);
    at += ace->sid_length;
    bool has_data = (shape & (ACE_CALLBACK | ACE_ATTRIBUTE)) != 0;
    ace->data = has_data ? at : NULL;
    ace->data_length = has_data ? ace->size - (size_t)(at - bytes) : 0;
}

/* Where the SID begins, or 0 when the object flags or GUIDs do not fit. */
static size_t sid_position(const uint8_t *bytes, size_t size, uint8_t shape)
{
    if (!(shape & ACE_OBJECT))
        return ACE_HEADER_SIZE;
    if (size < ACE_HEADER_SIZE + 4)
        return 0;
    uint32_t present = get_le32(bytes + ACE_HEADER_SIZE);
    return ACE_HEADER_SIZE + 4 + 16 * (size_t)((present & 1) + (present >> 1 & 1));
}

/* Bytes after the SID of an ACE that has no data: zeros are padding, anything else is something
 * that SDDL cannot say. */
static rrsmb_status check_rest(const uint8_t *bytes, size_t from, size_t size, size_t offset,
                               const char *acl, unsigned int index)
{
    for (size_t i = from; i < size; i++) {
        if (bytes[i] != 0)
            return FAIL_AT(RRSMB_UNSUPPORTED_ACE, offset + i,
                           "%s entry %u (type 0x%02x) at byte %zu: %zu bytes of data follow the "
                           "SID, which SDDL cannot say for this type",
                           acl, index, bytes[0], offset, size - from);
    }
    return RRSMB_OK;
}

/* Validate the ACE at the start of some bytes and read it. */
static rrsmb_status parse_ace(const uint8_t *bytes, size_t available, size_t offset,
                              const char *acl, unsigned int index, rrsmb_ace *ace)
{
    if (available < ACE_HEADER_SIZE)
        return BAD_AT(offset, "%s entry %u at byte %zu: %zu bytes are left, too few", acl, index,
                      offset, available);
    size_t size = get_le16(bytes + 2);
    if (size < ACE_HEADER_SIZE || size % 4 != 0 || size > available)
        return BAD_AT(offset + 2,
                      "%s entry %u at byte %zu: size %zu is no multiple of 4 from 8 to %zu", acl,
                      index, offset, size, available);
    const struct ace_type *type = ace_type_get(bytes[0]);
    if (type->shape == 0)
        return FAIL_AT(RRSMB_UNSUPPORTED_ACE, offset,
                       "%s entry %u at byte %zu: type 0x%02x (%s) has no SDDL form", acl, index,
                       offset, bytes[0], type->words);
    size_t at = sid_position(bytes, size, type->shape);
    size_t sid_length = at > 0 && at < size ? sid_check(bytes + at, size - at) : 0;
    if (sid_length == 0)
        return BAD_AT(offset + (at < size ? at : 0),
                      "%s entry %u at byte %zu: no valid SID within its %zu bytes", acl, index,
                      offset, size);
    if ((type->shape & ACE_OBJECT) && get_le32(bytes + ACE_HEADER_SIZE) > 3)
        return FAIL_AT(RRSMB_UNSUPPORTED_ACE, offset + ACE_HEADER_SIZE,
                       "%s entry %u at byte %zu: object flags 0x%x are not known", acl, index,
                       offset, get_le32(bytes + ACE_HEADER_SIZE));
    read_ace(bytes, ace);
    ace->index = (uint16_t)index;
    ace->offset = offset;
    if (ace->data)
        return ace_check_data(ace, acl);
    return check_rest(bytes, at + sid_length, size, offset, acl, index);
}

rrsmb_status acl_parse_aces(const uint8_t *bytes, size_t available, const char *name,
                            rrsmb_acl_view *acl)
{
    size_t at = 0;
    size_t canonical = ACL_HEADER_SIZE;
    for (unsigned int i = 0; i < acl->count; i++) {
        rrsmb_ace ace;
        TRY(parse_ace(bytes + at, available - at, acl->offset + at, name, i, &ace));
        at += ace.size;
        canonical += ace_canonical_size(&ace);
        if (canonical > ACL_SIZE_MAX)
            return FAIL_AT(RRSMB_TOO_LARGE, ace.offset,
                           "%s is larger than %d bytes in canonical form from entry %u on", name,
                           ACL_SIZE_MAX, i);
    }
    acl->aces = bytes;
    acl->aces_length = at;
    return RRSMB_OK;
}

static rrsmb_status parse_acl(const uint8_t *sd, size_t length, size_t field, bool present,
                              const char *name, rrsmb_acl_view *acl)
{
    *acl = (rrsmb_acl_view){.state = RRSMB_ACL_ABSENT};
    size_t offset = get_le32(sd + field);
    if (!present) {
        /* Believing the bit would widen access, believing the offset would invent a list. */
        if (offset != 0)
            return BAD_AT(field, "%s offset is %zu, but the control bits say that it is absent",
                          name, offset);
        return RRSMB_OK;
    }
    if (offset == 0) {
        acl->state = RRSMB_ACL_NULL;
        return RRSMB_OK;
    }
    if (offset < SD_HEADER_SIZE || offset > length || length - offset < ACL_HEADER_SIZE)
        return BAD_AT(field, "%s offset %zu lies outside (%zu bytes)", name, offset, length);
    const uint8_t *bytes = sd + offset;
    size_t size = get_le16(bytes + 2);
    if (bytes[0] < ACL_REVISION || bytes[0] > ACL_REVISION_DS)
        return BAD_AT(offset, "%s revision %u is not known", name, bytes[0]);
    if (size < ACL_HEADER_SIZE || size > length - offset)
        return BAD_AT(offset + 2, "%s size %zu does not fit the %zu bytes that are left", name,
                      size, length - offset);
    acl->state = RRSMB_ACL_PRESENT;
    acl->count = get_le16(bytes + 4);
    acl->offset = offset + ACL_HEADER_SIZE;
    return acl_parse_aces(bytes + ACL_HEADER_SIZE, size - ACL_HEADER_SIZE, name, acl);
}

rrsmb_status sd_parse(const void *sd, size_t length, rrsmb_sd_view *view)
{
    ENSURE(sd && view, RRSMB_INVALID_ARGUMENT, "security descriptor: NULL was given");
    const uint8_t *bytes = sd;
    if (length < SD_HEADER_SIZE)
        return BAD_AT(length, "%zu bytes are fewer than its header (20)", length);
    if (bytes[0] != SD_REVISION)
        return BAD_AT(0, "revision %u is not known", bytes[0]);
    uint16_t control = get_le16(bytes + 2);
    if (!(control & RRSMB_SD_SELF_RELATIVE))
        return BAD_AT(2, "control 0x%04x: not self-relative", control);
    view->control = RRSMB_SD_SELF_RELATIVE;
    if (control & RRSMB_SD_SACL_PRESENT)
        view->control |= control & SACL_CONTROL;
    if (control & RRSMB_SD_DACL_PRESENT)
        view->control |= control & DACL_CONTROL;
    TRY(parse_sid(bytes, length, 4, "owner", &view->owner, &view->owner_length));
    TRY(parse_sid(bytes, length, 8, "group", &view->group, &view->group_length));
    TRY(parse_acl(bytes, length, 12, control & RRSMB_SD_SACL_PRESENT, "SACL", &view->sacl));
    return parse_acl(bytes, length, 16, control & RRSMB_SD_DACL_PRESENT, "DACL", &view->dacl);
}

/* From an array of the builder's. */
static void copy_ace(const rrsmb_acl_view *acl, uint16_t index, rrsmb_ace *ace)
{
    *ace = acl->list[index];
    ace->index = index;
}

bool acl_first(const rrsmb_acl_view *acl, rrsmb_ace *ace)
{
    if (acl->count == 0)
        return false;
    if (acl->list) {
        copy_ace(acl, 0, ace);
        return true;
    }
    read_ace(acl->aces, ace);
    ace->index = 0;
    ace->offset = acl->offset;
    return true;
}

bool acl_next(const rrsmb_acl_view *acl, rrsmb_ace *ace)
{
    if (ace->index + 1 >= acl->count)
        return false;
    uint16_t index = (uint16_t)(ace->index + 1);
    if (acl->list) {
        copy_ace(acl, index, ace);
        return true;
    }
    size_t offset = ace->offset + ace->size;
    read_ace(acl->aces + (offset - acl->offset), ace);
    ace->index = index;
    ace->offset = offset;
    return true;
}
