/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/ace_type.h"

#include <string.h>

#include "lib/base/error.h"

/* MS-DTYP 2.4.4.1 gives the numbers, 2.5.1.1 the codes. AL and OL are in sddl.h of the Windows SDK
 * (SDDL_ALARM, SDDL_OBJECT_ALARM). Types without a code are named for messages only. */
const struct ace_type ace_types[ACE_TYPE_COUNT + 1] = {
    [0x00] = {"A", ACE_KNOWN, "allow"},
    [0x01] = {"D", ACE_KNOWN, "deny"},
    [0x02] = {"AU", ACE_KNOWN, "audit"},
    [0x03] = {"AL", ACE_KNOWN, "alarm"},
    [0x04] = {"", 0, "compound allow"},
    [0x05] = {"OA", ACE_KNOWN | ACE_OBJECT, "object allow"},
    [0x06] = {"OD", ACE_KNOWN | ACE_OBJECT, "object deny"},
    [0x07] = {"OU", ACE_KNOWN | ACE_OBJECT, "object audit"},
    [0x08] = {"OL", ACE_KNOWN | ACE_OBJECT, "object alarm"},
    [0x09] = {"XA", ACE_KNOWN | ACE_CALLBACK, "conditional allow"},
    [0x0a] = {"XD", ACE_KNOWN | ACE_CALLBACK, "conditional deny"},
    [0x0b] = {"ZA", ACE_KNOWN | ACE_CALLBACK | ACE_OBJECT, "conditional object allow"},
    [0x0c] = {"", 0, "conditional object deny"},
    [0x0d] = {"XU", ACE_KNOWN | ACE_CALLBACK, "conditional audit"},
    [0x0e] = {"", 0, "conditional alarm"},
    [0x0f] = {"", 0, "conditional object audit"},
    [0x10] = {"", 0, "conditional object alarm"},
    [0x11] = {"ML", ACE_KNOWN, "mandatory label"},
    [0x12] = {"RA", ACE_KNOWN | ACE_ATTRIBUTE, "resource attribute"},
    [0x13] = {"SP", ACE_KNOWN, "scoped policy"},
    [0x14] = {"", 0, "process trust label"},
    [0x15] = {"", 0, "access filter"},
    [ACE_TYPE_COUNT] = {"", 0, "unknown"},
};

rrsmb_status ace_type_read(struct input *in, uint8_t *type)
{
    size_t length = 0;
    while (is_letter(input_peek(in, length)))
        length++;
    for (size_t i = 0; i < ACE_TYPE_COUNT; i++) {
        if (ace_types[i].shape != 0 && strlen(ace_types[i].code) == length &&
            input_accept_word(in, ace_types[i].code)) {
            *type = (uint8_t)i;
            return RRSMB_OK;
        }
    }
    /* Known to Windows, unknown to the SDDL of MS-DTYP. */
    if (length == 2 && (input_accept_word(in, "TL") || input_accept_word(in, "FL"))) {
        in->at -= length;
        return FAIL_AT(RRSMB_UNSUPPORTED_ACE, input_offset(in),
                       "SDDL, byte %zu: ACE type %.2s is not supported", input_offset(in), in->at);
    }
    if (length == 0 || length > 8)
        return input_expected(in, "an ACE type");
    return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in), "SDDL, byte %zu: \"%.*s\" is no ACE type",
                   input_offset(in), (int)length, in->at);
}

/* MS-DTYP 2.4.4.1 and 2.5.1.1; CR (critical) is in sddl.h of the Windows SDK. */
static const struct {
    char code[3];
    uint8_t bit;
} flag_codes[] = {{"OI", 0x01}, {"CI", 0x02}, {"NP", 0x04}, {"IO", 0x08},
                  {"ID", 0x10}, {"CR", 0x20}, {"SA", 0x40}, {"FA", 0x80}};

rrsmb_status ace_flags_read(struct input *in, uint8_t *flags)
{
    *flags = 0;
    for (input_skip_space(in); is_letter(input_peek(in, 0)); input_skip_space(in)) {
        size_t i = 0;
        while (i < 8 && !input_accept_word(in, flag_codes[i].code))
            i++;
        if (i == 8)
            return input_expected(in, "an ACE flag (OI, CI, NP, IO, ID, CR, SA, FA)");
        *flags |= flag_codes[i].bit;
    }
    return RRSMB_OK;
}

size_t ace_flags_write(uint8_t flags, char *text)
{
    size_t length = 0;
    for (size_t i = 0; flags != 0; i++, flags = (uint8_t)(flags >> 1)) {
        if (flags & 1) {
            memcpy(text + length, flag_codes[i].code, 2);
            length += 2;
        }
    }
    return length;
}
