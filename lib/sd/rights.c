/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/rights.h"

#include "lib/base/error.h"

/* MS-DTYP 2.4.3 and 2.5.1.1; the combined file and registry rights are those of winnt.h. */
static const struct {
    char code[3];
    uint32_t mask;
} names[] = {
    /* generic */
    {"GA", 0x10000000},
    {"GX", 0x20000000},
    {"GW", 0x40000000},
    {"GR", 0x80000000},
    /* standard */
    {"SD", 0x00010000},
    {"RC", 0x00020000},
    {"WD", 0x00040000},
    {"WO", 0x00080000},
    /* directory service */
    {"CC", 0x00000001},
    {"DC", 0x00000002},
    {"LC", 0x00000004},
    {"SW", 0x00000008},
    {"RP", 0x00000010},
    {"WP", 0x00000020},
    {"DT", 0x00000040},
    {"LO", 0x00000080},
    {"CR", 0x00000100},
    /* file */
    {"FA", 0x001f01ff},
    {"FR", 0x00120089},
    {"FW", 0x00120116},
    {"FX", 0x001200a0},
    /* registry key */
    {"KA", 0x000f003f},
    {"KR", 0x00020019},
    {"KW", 0x00020006},
    {"KX", 0x00020019},
    /* mandatory label */
    {"NW", 0x00000001},
    {"NR", 0x00000002},
    {"NX", 0x00000004},
};

static rrsmb_status read_name(struct input *in, uint32_t *mask)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (input_accept_word(in, names[i].code)) {
            *mask |= names[i].mask;
            return RRSMB_OK;
        }
    }
    return input_expected(in, "a right (such as FA, GR or 0x1f01ff)");
}

rrsmb_status rights_read(struct input *in, uint32_t *mask)
{
    *mask = 0;
    for (input_skip_space(in); input_peek(in, 0) != ';'; input_skip_space(in)) {
        if (!is_digit(input_peek(in, 0))) {
            TRY(read_name(in, mask));
            continue;
        }
        struct number number;
        TRY(input_number(in, "an access mask", UINT32_MAX, &number));
        *mask |= (uint32_t)number.value;
    }
    return RRSMB_OK;
}
