/* SPDX-License-Identifier: Apache-2.0 */
/* SDDL to the canonical binary. The text is gone through twice: once to find its four sections
 * (which may stand in any order), their sizes and all errors, once to write them in their order. */
#include "lib/base/error.h"
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/rights.h"
#include "lib/sd/sid.h"

/* In the order of the binary. */
enum { OWNER, GROUP, SACL, DACL, SECTION_COUNT };

static const struct {
    char letter;
    uint16_t present;
    uint16_t inherit_req;
    uint16_t auto_inherited;
    uint16_t is_protected;
} sections[SECTION_COUNT] = {
    [OWNER] = {.letter = 'o'},
    [GROUP] = {.letter = 'g'},
    [SACL] = {'s', RRSMB_SD_SACL_PRESENT, RRSMB_SD_SACL_INHERIT_REQ, RRSMB_SD_SACL_AUTO_INHERITED,
              RRSMB_SD_SACL_PROTECTED},
    [DACL] = {'d', RRSMB_SD_DACL_PRESENT, RRSMB_SD_DACL_INHERIT_REQ, RRSMB_SD_DACL_AUTO_INHERITED,
              RRSMB_SD_DACL_PROTECTED},
};

static rrsmb_status read_hex(struct input *in, unsigned int digits, uint32_t *value)
{
    *value = 0;
    for (unsigned int i = 0; i < digits; i++) {
        int digit = hex_value(input_peek(in, 0));
        if (digit < 0)
            return input_expected(in, "a hexadecimal digit of a GUID");
        *value = *value << 4 | (uint32_t)digit;
        in->at++;
    }
    return RRSMB_OK;
}

/* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx (MS-DTYP 2.3.4.3), or nothing. */
static rrsmb_status read_guid(struct input *in, uint8_t guid[16], bool *present)
{
    input_skip_space(in);
    *present = input_peek(in, 0) != ';';
    if (!*present)
        return RRSMB_OK;
    uint32_t value;
    TRY(read_hex(in, 8, &value));
    put_le32(guid, value);
    for (size_t i = 4; i < 8; i += 2) {
        TRY(input_require(in, '-', "in a GUID"));
        TRY(read_hex(in, 4, &value));
        put_le16(guid + i, (uint16_t)value);
    }
    for (size_t i = 8; i < 16; i++) {
        if (i == 8 || i == 10)
            TRY(input_require(in, '-', "in a GUID"));
        TRY(read_hex(in, 2, &value));
        guid[i] = (uint8_t)value;
    }
    return RRSMB_OK;
}

/* The two GUID fields with the semicolons after them, into an ACE. */
static rrsmb_status read_guids(struct input *in, struct output *out, uint8_t shape)
{
    uint8_t guids[32];
    bool has_object;
    bool has_inherited;
    size_t position = input_offset(in);
    TRY(read_guid(in, guids, &has_object));
    TRY(input_require(in, ';', "after the object GUID"));
    TRY(read_guid(in, guids + 16, &has_inherited));
    TRY(input_require(in, ';', "after the inherited object GUID"));
    if (shape & ACE_OBJECT) {
        output_32(out, (has_object ? 1 : 0) | (has_inherited ? 2 : 0));
        if (has_object)
            output_put(out, guids, 16);
        if (has_inherited)
            output_put(out, guids + 16, 16);
        return RRSMB_OK;
    }
    if (has_object || has_inherited)
        return FAIL_AT(RRSMB_BAD_SDDL, position,
                       "SDDL, byte %zu: a GUID in an ACE that is no object ACE", position);
    return RRSMB_OK;
}

static rrsmb_status read_data(struct input *in, struct output *out, uint8_t shape)
{
    if (shape & ACE_CALLBACK) {
        TRY(input_require(in, ';', "and a condition after the SID"));
        return condition_read(in, out);
    }
    if (shape & ACE_ATTRIBUTE) {
        TRY(input_require(in, ';', "and an attribute after the SID"));
        return attribute_read(in, out);
    }
    return RRSMB_OK;
}

/* An ACE, the '(' of which has been passed. */
static rrsmb_status read_ace(struct input *in, struct output *out, bool *is_object)
{
    size_t start = out->total;
    size_t position = input_offset(in) - 1;
    uint8_t type;
    uint8_t flags;
    uint32_t mask;
    input_skip_space(in);
    TRY(ace_type_read(in, &type));
    uint8_t shape = ace_type_get(type)->shape;
    TRY(input_require(in, ';', "after the ACE type"));
    TRY(ace_flags_read(in, &flags));
    TRY(input_require(in, ';', "after the ACE flags"));
    TRY(rights_read(in, &mask));
    TRY(input_require(in, ';', "after the rights"));
    output_byte(out, type);
    output_byte(out, flags);
    output_16(out, 0);
    output_32(out, mask);
    TRY(read_guids(in, out, shape));
    uint8_t sid[SID_SIZE_MAX];
    TRY(sid_read(in, sid));
    output_put(out, sid, sid_size(sid));
    TRY(read_data(in, out, shape));
    TRY(input_require(in, ')', "at the end of an ACE"));
    size_t size = out->total - start;
    if (size > ACL_SIZE_MAX - ACL_HEADER_SIZE)
        return FAIL_AT(RRSMB_TOO_LARGE, position, "SDDL, byte %zu: ACE is larger than %d bytes",
                       position, ACL_SIZE_MAX - ACL_HEADER_SIZE);
    output_patch_16(out, start + 2, (uint16_t)size);
    *is_object = *is_object || (shape & ACE_OBJECT) != 0;
    return RRSMB_OK;
}

static bool at_section(const struct input *in)
{
    struct input ahead = *in;
    input_skip_space(&ahead);
    if (!is_letter(input_peek(&ahead, 0)))
        return false;
    ahead.at++;
    return input_accept(&ahead, ':');
}

/* P, AR, AI and NO_ACCESS_CONTROL in any order. */
static rrsmb_status read_acl_flags(struct input *in, unsigned int section, uint16_t *control,
                                   bool *is_null)
{
    *control |= sections[section].present;
    *is_null = false;
    for (;;) {
        input_skip_space(in);
        if (!is_letter(input_peek(in, 0)) || at_section(in))
            return RRSMB_OK;
        if (input_accept_word(in, "NO_ACCESS_CONTROL"))
            *is_null = true;
        else if (input_accept_word(in, "AR"))
            *control |= sections[section].inherit_req;
        else if (input_accept_word(in, "AI"))
            *control |= sections[section].auto_inherited;
        else if (input_accept_word(in, "P"))
            *control |= sections[section].is_protected;
        else
            return input_expected(in, "an ACL flag (P, AR, AI, NO_ACCESS_CONTROL) or '('");
    }
}

static rrsmb_status read_acl(struct input *in, struct output *out, unsigned int section,
                             uint16_t *control)
{
    size_t start = out->total;
    size_t position = input_offset(in);
    bool is_null;
    TRY(read_acl_flags(in, section, control, &is_null));
    if (is_null && input_accept(in, '('))
        return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in) - 1,
                       "SDDL, byte %zu: an ACE after NO_ACCESS_CONTROL, which says that there is "
                       "no list",
                       input_offset(in) - 1);
    if (is_null)
        return RRSMB_OK;
    static const uint8_t header[ACL_HEADER_SIZE] = {ACL_REVISION};
    output_put(out, header, sizeof header);
    unsigned int count = 0;
    bool has_object = false;
    for (; input_accept(in, '('); count++) {
        TRY(read_ace(in, out, &has_object));
        if (out->total - start > ACL_SIZE_MAX)
            return FAIL_AT(RRSMB_TOO_LARGE, position, "SDDL, byte %zu: ACL is larger than %d bytes",
                           position, ACL_SIZE_MAX);
    }
    if (has_object)
        output_patch_16(out, start, ACL_REVISION_DS);
    output_patch_16(out, start + 2, (uint16_t)(out->total - start));
    output_patch_16(out, start + 4, (uint16_t)count);
    return RRSMB_OK;
}

/* What stands after the letter and colon. */
static rrsmb_status read_section(struct input *in, struct output *out, unsigned int section,
                                 uint16_t *control)
{
    if (section == SACL || section == DACL)
        return read_acl(in, out, section, control);
    uint8_t sid[SID_SIZE_MAX];
    TRY(sid_read(in, sid));
    output_put(out, sid, sid_size(sid));
    return RRSMB_OK;
}

static rrsmb_status read_letter(struct input *in, unsigned int *section)
{
    char letter = lower(input_peek(in, 0));
    for (*section = 0; *section < SECTION_COUNT; (*section)++) {
        if (sections[*section].letter == letter) {
            in->at++;
            return input_require(in, ':', "after the letter of a section");
        }
    }
    return input_expected(in, "O:, G:, D: or S:");
}

struct found {
    const char *at[SECTION_COUNT]; /* after the colon; NULL: not in the text */
    size_t size[SECTION_COUNT];    /* in the binary */
    uint16_t control;
};

static rrsmb_status find_sections(struct input *in, struct found *found)
{
    *found = (struct found){.control = RRSMB_SD_SELF_RELATIVE};
    for (input_skip_space(in); in->at < in->end; input_skip_space(in)) {
        unsigned int section;
        size_t position = input_offset(in);
        TRY(read_letter(in, &section));
        if (found->at[section])
            return FAIL_AT(RRSMB_BAD_SDDL, position, "SDDL, byte %zu: a second %c: section",
                           position, sections[section].letter - ('a' - 'A'));
        found->at[section] = in->at;
        struct output counted = output_to(NULL, 0);
        TRY(read_section(in, &counted, section, &found->control));
        found->size[section] = counted.total;
    }
    return RRSMB_OK;
}

rrsmb_status sddl_read(struct input *in, struct output *out)
{
    struct found found;
    TRY(find_sections(in, &found));
    uint8_t header[SD_HEADER_SIZE] = {SD_REVISION};
    put_le16(header + 2, found.control);
    size_t offset = SD_HEADER_SIZE;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        put_le32(header + 4 + 4 * i, found.size[i] > 0 ? (uint32_t)offset : 0);
        offset += found.size[i];
    }
    if (offset > out->capacity) {
        out->total = offset;
        return RRSMB_OK;
    }
    output_put(out, header, sizeof header);
    for (unsigned int i = 0; i < SECTION_COUNT; i++) {
        if (!found.at[i])
            continue;
        in->at = found.at[i];
        TRY(read_section(in, out, i, &found.control));
    }
    return RRSMB_OK;
}
