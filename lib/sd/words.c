/* SPDX-License-Identifier: Apache-2.0 */
/* Words for people: what an ACE does, in the terms of the Windows security dialogue. */
#include "lib/base/error.h"
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"

#define TYPE_LABEL 0x11

const char *rrsmb_ace_type_name(uint8_t type)
{
    return ace_type_get(type)->words;
}

const char *rrsmb_ace_type_code(uint8_t type)
{
    return ace_type_get(type)->code;
}

const char *rrsmb_ace_applies_to(uint8_t flags)
{
    static const char *const self[] = {
        "this object only",
        "this folder and files",
        "this folder and subfolders",
        "this folder, subfolders and files",
    };
    static const char *const below[] = {
        "nothing",
        "files only",
        "subfolders only",
        "subfolders and files only",
    };
    unsigned int inherit = flags & (RRSMB_ACE_OBJECT_INHERIT | RRSMB_ACE_CONTAINER_INHERIT);
    return flags & RRSMB_ACE_INHERIT_ONLY ? below[inherit] : self[inherit];
}

const char *rrsmb_ace_flag_name(uint8_t flag)
{
    static const char *const names[] = {
        "object inherit", "container inherit", "no propagate",  "inherit only",
        "inherited",      "critical",          "audit success", "audit failure",
    };
    if (flag == 0 || (flag & (flag - 1)) != 0)
        return NULL;
    return names[__builtin_ctz(flag)];
}

static rrsmb_status finish_text(struct output *out, size_t *length, const char *what)
{
    *length = out->total;
    output_byte(out, '\0');
    return output_finish(out, out->total, what);
}

rrsmb_status rrsmb_ace_flags_text(uint8_t flags, char *text, size_t capacity, size_t *text_length)
{
    ENSURE(text_length && (text || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "ACE flags: NULL was given for the result");
    char codes[ACE_FLAGS_TEXT_MAX];
    struct output out = output_to(text, capacity);
    output_put(&out, codes, ace_flags_write(flags, codes));
    return finish_text(&out, text_length, "text of the ACE flags");
}

/* MS-DTYP 2.4.3; the low sixteen bits as MS-SMB2 2.2.13.1 gives them for files and folders. */
static const char *const file_rights[32] = {
    "read data or list folder",
    "write data or create files",
    "append data or create folders",
    "read extended attributes",
    "write extended attributes",
    "execute or traverse",
    "delete children",
    "read attributes",
    "write attributes",
    [16] = "delete",
    [17] = "read permissions",
    [18] = "change permissions",
    [19] = "take ownership",
    [20] = "synchronize",
    [24] = "access system security",
    [25] = "maximum allowed",
    [28] = "generic all",
    [29] = "generic execute",
    [30] = "generic write",
    [31] = "generic read",
};

/* MS-DTYP 2.4.4.13 */
static const char *const label_rights[3] = {"no write up", "no read up", "no execute up"};

const char *rrsmb_right_name(uint8_t type, uint32_t bit)
{
    if (bit == 0 || (bit & (bit - 1)) != 0)
        return NULL;
    unsigned int index = (unsigned int)__builtin_ctz(bit);
    if (type == TYPE_LABEL)
        return index < 3 ? label_rights[index] : NULL;
    return file_rights[index];
}

/* The combinations that the security dialogue of Windows has boxes for. */
static const char *combined_name(uint32_t mask)
{
    switch (mask) {
    case 0x001f01ff:
    case 0x10000000:
        return "full control";
    case 0x001301bf:
        return "modify";
    case 0x001200a9:
        return "read and execute";
    case 0x00120089:
        return "read";
    case 0x00120116:
        return "write";
    case 0x0012019f:
        return "read and write";
    case 0:
        return "nothing";
    default:
        return NULL;
    }
}

rrsmb_status rrsmb_rights_text(uint8_t type, uint32_t mask, char *text, size_t capacity,
                               size_t *text_length)
{
    ENSURE(text_length && (text || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "rights: NULL was given for the result");
    struct output out = output_to(text, capacity);
    const char *combined = combined_name(mask);
    if (combined && !(type == TYPE_LABEL && mask != 0)) {
        output_text(&out, combined);
        return finish_text(&out, text_length, "text of the rights");
    }
    uint32_t rest = mask;
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        const char *name = mask & bit ? rrsmb_right_name(type, bit) : NULL;
        if (!name)
            continue;
        if (out.total > 0)
            output_text(&out, ", ");
        output_text(&out, name);
        rest &= ~bit;
    }
    if (rest != 0) {
        char number[2 + 8] = "0x";
        if (out.total > 0)
            output_text(&out, ", ");
        output_put(&out, number, 2 + text_hex(number + 2, rest, 1));
    }
    return finish_text(&out, text_length, "text of the rights");
}

rrsmb_status rrsmb_ace_data_text(const rrsmb_ace *ace, char *text, size_t capacity,
                                 size_t *text_length)
{
    ENSURE(ace && text_length && (text || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "ACE data: NULL was given for the ACE or the result");
    struct output out = output_to(text, capacity);
    uint8_t shape = ace_type_get(ace->type)->shape;
    if (ace->data && (shape & ACE_CALLBACK))
        condition_put_text(&out, ace->data, ace->data_length);
    if (ace->data && (shape & ACE_ATTRIBUTE))
        attribute_put_text(&out, ace->data, ace->data_length);
    return finish_text(&out, text_length, "text of the ACE data");
}

void rrsmb_guid_text(const uint8_t guid[16], char text[37])
{
    text[guid_write(guid, text)] = '\0';
}
