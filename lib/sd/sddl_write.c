/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical SDDL, which is what is hashed: a change of one character here makes every stored
 * descriptor a stranger. tests/sd/golden.txt holds it still. */
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"

#define GUID_TEXT_SIZE 36
/* '(', type, flags, mask, two GUIDs, SID, six semicolons. */
#define ACE_TEXT_MAX (1 + 2 + ACE_FLAGS_TEXT_MAX + 10 + 2 * GUID_TEXT_SIZE + SID_TEXT_MAX + 6)

/* MS-DTYP 2.3.4.3: the first three fields are integers, the rest are bytes. */
size_t guid_write(const uint8_t *guid, char *text)
{
    char *at = text;
    at += text_hex(at, get_le32(guid), 8);
    *at++ = '-';
    at += text_hex(at, get_le16(guid + 4), 4);
    *at++ = '-';
    at += text_hex(at, get_le16(guid + 6), 4);
    for (size_t i = 8; i < 16; i++) {
        if (i == 8 || i == 10)
            *at++ = '-';
        at += text_hex(at, guid[i], 2);
    }
    return (size_t)(at - text);
}

static void ace_put_text(struct output *out, const rrsmb_ace *ace)
{
    const struct ace_type *type = ace_type_get(ace->type);
    char text[ACE_TEXT_MAX];
    char *at = text;
    *at++ = '(';
    for (const char *c = type->code; *c; c++)
        *at++ = *c;
    *at++ = ';';
    at += ace_flags_write(ace->flags, at);
    *at++ = ';';
    *at++ = '0';
    *at++ = 'x';
    at += text_hex(at, ace->mask, 1);
    *at++ = ';';
    if (ace->object_type)
        at += guid_write(ace->object_type, at);
    *at++ = ';';
    if (ace->inherited_object_type)
        at += guid_write(ace->inherited_object_type, at);
    *at++ = ';';
    at += sid_write(ace->sid, at);
    output_put(out, text, (size_t)(at - text));
    if (type->shape & ACE_CALLBACK) {
        output_byte(out, ';');
        condition_put_text(out, ace->data, ace->data_length);
    }
    if (type->shape & ACE_ATTRIBUTE) {
        output_byte(out, ';');
        attribute_put_text(out, ace->data, ace->data_length);
    }
    output_byte(out, ')');
}

static void acl_put_text(struct output *out, const char *label, const rrsmb_acl_view *acl,
                         bool is_protected, bool inherit_req, bool auto_inherited)
{
    if (acl->state == RRSMB_ACL_ABSENT)
        return;
    output_text(out, label);
    if (is_protected)
        output_text(out, "P");
    if (inherit_req)
        output_text(out, "AR");
    if (auto_inherited)
        output_text(out, "AI");
    if (acl->state == RRSMB_ACL_NULL)
        output_text(out, "NO_ACCESS_CONTROL");
    rrsmb_ace ace;
    for (bool more = acl_first(acl, &ace); more; more = acl_next(acl, &ace))
        ace_put_text(out, &ace);
}

static void sid_put_text(struct output *out, const char *label, const uint8_t *sid)
{
    if (!sid)
        return;
    char text[SID_TEXT_MAX];
    output_text(out, label);
    output_put(out, text, sid_write(sid, text));
}

void sd_put_text(struct output *out, const rrsmb_sd_view *view)
{
    uint16_t control = view->control;
    sid_put_text(out, "O:", view->owner);
    sid_put_text(out, "G:", view->group);
    acl_put_text(out, "D:", &view->dacl, control & RRSMB_SD_DACL_PROTECTED,
                 control & RRSMB_SD_DACL_INHERIT_REQ, control & RRSMB_SD_DACL_AUTO_INHERITED);
    acl_put_text(out, "S:", &view->sacl, control & RRSMB_SD_SACL_PROTECTED,
                 control & RRSMB_SD_SACL_INHERIT_REQ, control & RRSMB_SD_SACL_AUTO_INHERITED);
}
