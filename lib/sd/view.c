/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors in place: the public face of the parser, the builder, and equality. */
#include "lib/base/error.h"
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"

rrsmb_status rrsmb_sd_parse(const void *sd, size_t length, rrsmb_sd_view *view)
{
    return sd_parse(sd, length, view);
}

int rrsmb_acl_first(const rrsmb_acl_view *acl, rrsmb_ace *ace)
{
    return acl && ace && acl_first(acl, ace);
}

int rrsmb_acl_next(const rrsmb_acl_view *acl, rrsmb_ace *ace)
{
    return acl && ace && acl_next(acl, ace);
}

/* ---- Building ---- */

static rrsmb_status check_sid(const uint8_t *sid, size_t length, const char *what)
{
    if (!sid)
        return RRSMB_OK;
    if (sid_check(sid, length) != length || length == 0)
        return FAIL(RRSMB_BAD_SD, "build: the %s is no valid SID of %zu bytes", what, length);
    return RRSMB_OK;
}

static rrsmb_status check_ace(const rrsmb_ace *given, const char *acl, uint16_t index)
{
    uint8_t shape = ace_type_get(given->type)->shape;
    if (shape == 0)
        return FAIL(RRSMB_UNSUPPORTED_ACE, "build: %s entry %u: type 0x%02x has no SDDL form", acl,
                    index, given->type);
    if (!given->sid)
        return FAIL(RRSMB_BAD_SD, "build: %s entry %u has no SID", acl, index);
    TRY(check_sid(given->sid, given->sid_length, "trustee of an entry"));
    bool has_guid = given->object_type || given->inherited_object_type;
    if (has_guid && !(shape & ACE_OBJECT))
        return FAIL(RRSMB_BAD_SD, "build: %s entry %u: a GUID in an ACE of type 0x%02x", acl, index,
                    given->type);
    bool needs_data = (shape & (ACE_CALLBACK | ACE_ATTRIBUTE)) != 0;
    if (needs_data != (given->data != NULL))
        return FAIL(RRSMB_BAD_SD, "build: %s entry %u: type 0x%02x %s data", acl, index,
                    given->type, needs_data ? "needs" : "has no");
    if (!needs_data)
        return RRSMB_OK;
    rrsmb_ace ace = *given;
    ace.index = index;
    ace.offset = 0; /* positions count from the data */
    ace.size = ace.data_length;
    return ace_check_data(&ace, acl);
}

static rrsmb_status check_list(const rrsmb_acl_view *acl, const char *name)
{
    size_t size = ACL_HEADER_SIZE;
    for (uint16_t i = 0; i < acl->count; i++) {
        TRY(check_ace(&acl->list[i], name, i));
        size_t ace_size = ace_canonical_size(&acl->list[i]);
        size += ace_size;
        if (size > ACL_SIZE_MAX)
            return FAIL(RRSMB_TOO_LARGE, "build: %s is larger than %d bytes from entry %u on", name,
                        ACL_SIZE_MAX, i);
    }
    return RRSMB_OK;
}

static rrsmb_status check_acl(const rrsmb_acl_view *given, const char *name, rrsmb_acl_view *acl)
{
    *acl = *given;
    if (acl->state != RRSMB_ACL_PRESENT && acl->count != 0)
        return FAIL(RRSMB_BAD_SD, "build: %s has entries, but is not present", name);
    if (acl->state < RRSMB_ACL_ABSENT || acl->state > RRSMB_ACL_PRESENT)
        return FAIL(RRSMB_INVALID_ARGUMENT, "build: %s state %d is not known", name,
                    (int)acl->state);
    if (acl->count == 0)
        return RRSMB_OK;
    if (acl->list)
        return check_list(acl, name);
    ENSURE(acl->aces, RRSMB_INVALID_ARGUMENT, "build: %s has a count, but neither list nor bytes",
           name);
    return acl_parse_aces(acl->aces, acl->aces_length, name, acl);
}

rrsmb_status rrsmb_sd_build(const rrsmb_sd_view *view, void *sd, size_t capacity, size_t *sd_length)
{
    ENSURE(view && sd_length && (sd || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "build: NULL was given for the view or the result");
    rrsmb_sd_view checked = *view;
    TRY(check_sid(view->owner, view->owner_length, "owner"));
    TRY(check_sid(view->group, view->group_length, "group"));
    TRY(check_acl(&view->sacl, "SACL", &checked.sacl));
    TRY(check_acl(&view->dacl, "DACL", &checked.dacl));
    if (!checked.owner)
        checked.owner_length = 0;
    if (!checked.group)
        checked.group_length = 0;
    checked.control = RRSMB_SD_SELF_RELATIVE;
    if (checked.sacl.state != RRSMB_ACL_ABSENT)
        checked.control |= (uint16_t)(RRSMB_SD_SACL_PRESENT | (view->control & SACL_CONTROL));
    if (checked.dacl.state != RRSMB_ACL_ABSENT)
        checked.control |= (uint16_t)(RRSMB_SD_DACL_PRESENT | (view->control & DACL_CONTROL));
    struct output out = output_to(sd, capacity);
    sd_put(&out, &checked);
    *sd_length = out.total;
    return output_finish(&out, out.total, "built descriptor");
}

/* ---- Equality ---- */

static bool same_bytes(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    return a_length == b_length && (a_length == 0 || memcmp(a, b, a_length) == 0);
}

static bool same_guid(const uint8_t *a, const uint8_t *b)
{
    return a && b ? memcmp(a, b, 16) == 0 : a == b;
}

static bool same_ace(const rrsmb_ace *a, const rrsmb_ace *b)
{
    if (a->type != b->type || a->flags != b->flags || a->mask != b->mask ||
        !same_guid(a->object_type, b->object_type) ||
        !same_guid(a->inherited_object_type, b->inherited_object_type) ||
        !same_bytes(a->sid, a->sid_length, b->sid, b->sid_length))
        return false;
    if (same_bytes(a->data, a->data_length, b->data, b->data_length))
        return true;
    uint8_t shape = ace_type_get(a->type)->shape;
    if (shape & ACE_CALLBACK)
        return condition_equal(a->data, a->data_length, b->data, b->data_length);
    return attribute_equal(a->data, a->data_length, b->data, b->data_length);
}

static bool same_acl(const rrsmb_acl_view *a, const rrsmb_acl_view *b)
{
    if (a->state != b->state || a->count != b->count)
        return false;
    rrsmb_ace left;
    rrsmb_ace right;
    bool more = acl_first(a, &left) && acl_first(b, &right);
    while (more) {
        if (!same_ace(&left, &right))
            return false;
        more = acl_next(a, &left) && acl_next(b, &right);
    }
    return true;
}

rrsmb_status rrsmb_sd_equal(const void *a, size_t a_length, const void *b, size_t b_length,
                            int *equal)
{
    ENSURE(equal, RRSMB_INVALID_ARGUMENT, "equality: NULL was given for the result");
    rrsmb_sd_view left;
    rrsmb_sd_view right;
    TRY(sd_parse(a, a_length, &left));
    TRY(sd_parse(b, b_length, &right));
    *equal = left.control == right.control &&
             same_bytes(left.owner, left.owner_length, right.owner, right.owner_length) &&
             same_bytes(left.group, left.group_length, right.group, right.group_length) &&
             same_acl(&left.sacl, &right.sacl) && same_acl(&left.dacl, &right.dacl);
    return RRSMB_OK;
}
