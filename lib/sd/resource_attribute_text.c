/* SPDX-License-Identifier: Apache-2.0 */
/* Resource attributes in SDDL: ("Name",TS,0x0,"value",...) (MS-DTYP 2.5.1.1). */
#include "lib/base/error.h"
#include "lib/sd/claim.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"
#include "lib/sd/utf16.h"

/* ---- Writing ---- */

static void put_number(struct output *out, bool negative, uint64_t magnitude)
{
    char text[1 + DECIMAL_SIZE];
    text[0] = '-';
    size_t length = text_decimal(text + negative, magnitude);
    output_put(out, text, length + negative);
}

static void put_value(struct output *out, uint16_t type, const struct claim_value *value)
{
    char text[SID_TEXT_MAX];
    bool negative = type == CLAIM_INT64 && (int64_t)value->number < 0;
    switch (type) {
    case CLAIM_STRING:
        utf16_put_quoted(out, value->bytes, value->length);
        return;
    case CLAIM_SID:
        output_text(out, "SID(");
        output_put(out, text, sid_write(value->bytes, text));
        output_byte(out, ')');
        return;
    case CLAIM_OCTETS:
        output_byte(out, '#');
        for (size_t i = 0; i < value->length; i++)
            output_put(out, text, text_hex(text, value->bytes[i], 2));
        return;
    default:
        put_number(out, negative, negative ? -value->number : value->number);
    }
}

void attribute_put_text(struct output *out, const uint8_t *data, size_t length)
{
    struct claim claim;
    struct claim_value value;
    if (!claim_read(data, length, &claim))
        return;
    output_text(out, "(\"");
    utf16_put_name(out, claim.name, claim.name_length, false);
    output_text(out, "\",");
    output_text(out, claim_type_code(claim.type));
    char flags[3 + 8] = ",0x";
    output_put(out, flags, 3 + text_hex(flags + 3, claim.flags, 1));
    for (uint32_t i = 0; i < claim.count && claim_value_read(&claim, i, &value); i++) {
        output_byte(out, ',');
        put_value(out, claim.type, &value);
    }
    output_byte(out, ')');
}

/* ---- Reading ---- */

static rrsmb_status read_type(struct input *in, uint16_t *type)
{
    static const uint16_t types[] = {CLAIM_INT64, CLAIM_UINT64,  CLAIM_STRING,
                                     CLAIM_SID,   CLAIM_BOOLEAN, CLAIM_OCTETS};
    input_skip_space(in);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (input_accept_word(in, claim_type_code(types[i]))) {
            *type = types[i];
            return RRSMB_OK;
        }
    }
    return input_expected(in, "a value type (TI, TU, TS, TD, TX, TB)");
}

static rrsmb_status read_number(struct input *in, struct output *out, uint16_t type)
{
    bool negative = type == CLAIM_INT64 && input_accept(in, '-');
    if (type == CLAIM_INT64 && !negative)
        (void)input_accept(in, '+');
    uint64_t max = type == CLAIM_UINT64    ? UINT64_MAX
                   : type == CLAIM_BOOLEAN ? 1
                                           : (uint64_t)INT64_MAX + negative;
    struct number number;
    TRY(input_number(in, "a value", max, &number));
    output_64(out, negative ? -number.value : number.value);
    return RRSMB_OK;
}

static rrsmb_status read_octets(struct input *in, struct output *out)
{
    (void)input_accept(in, '#'); /* Windows takes digits without it too */
    size_t start = out->total;
    output_32(out, 0);
    for (; hex_value(input_peek(in, 0)) >= 0; in->at += 2) {
        if (hex_value(input_peek(in, 1)) < 0) {
            in->at++;
            return input_expected(in, "a second hexadecimal digit of a byte");
        }
        output_byte(out, (uint8_t)(hex_value(in->at[0]) << 4 | hex_value(in->at[1])));
    }
    output_patch_32(out, start, (uint32_t)(out->total - start - 4));
    return RRSMB_OK;
}

static rrsmb_status read_sid(struct input *in, struct output *out)
{
    struct input ahead = *in;
    bool has_word = input_accept_word(&ahead, "SID") && input_accept(&ahead, '(');
    if (has_word)
        *in = ahead;
    uint8_t sid[SID_SIZE_MAX];
    TRY(sid_read(in, sid));
    output_32(out, (uint32_t)sid_size(sid));
    output_put(out, sid, sid_size(sid));
    return has_word ? input_require(in, ')', "after a SID") : RRSMB_OK;
}

static rrsmb_status read_value(struct input *in, struct output *out, uint16_t type)
{
    size_t start = out->total;
    input_skip_space(in);
    switch (type) {
    case CLAIM_STRING:
        TRY(utf16_read_quoted(in, out));
        output_16(out, 0);
        break;
    case CLAIM_SID:
        TRY(read_sid(in, out));
        break;
    case CLAIM_OCTETS:
        TRY(read_octets(in, out));
        break;
    default:
        TRY(read_number(in, out, type));
    }
    size_t length = out->total - start;
    output_zeros(out, align4(length) - length);
    return RRSMB_OK;
}

static rrsmb_status read_name(struct input *in, struct output *out)
{
    TRY(input_require(in, '"', "before the name of an attribute"));
    size_t start = out->total;
    TRY(utf16_read_name(in, out, (struct name_rules){.prefixed = true, .no_nul = true}));
    output_16(out, 0);
    size_t length = out->total - start;
    output_zeros(out, align4(length) - length);
    return input_require(in, '"', "after the name of an attribute");
}

/* Values from the comma before the first one on. Their offsets are put at the position, if any. */
static rrsmb_status read_values(struct input *in, struct output *out, uint16_t type, size_t start,
                                size_t offsets, uint32_t *count)
{
    for (*count = 0; input_accept(in, ','); (*count)++) {
        if (out->total - start > UINT16_MAX)
            return FAIL_AT(RRSMB_TOO_LARGE, input_offset(in),
                           "SDDL, byte %zu: attribute is larger than 64 KB", input_offset(in));
        if (offsets != 0)
            output_patch_32(out, offsets + 4 * (size_t)*count, (uint32_t)(out->total - start));
        TRY(read_value(in, out, type));
    }
    return RRSMB_OK;
}

rrsmb_status attribute_read(struct input *in, struct output *out)
{
    size_t start = out->total;
    uint16_t type = 0;
    uint32_t count;
    struct number flags;
    TRY(input_require(in, '(', "at the start of an attribute"));
    input_skip_space(in);
    /* The name and the values stand after their offsets, so their number is learnt first. */
    struct input name = *in;
    struct output counted = output_to(NULL, 0);
    TRY(read_name(in, &counted));
    TRY(input_require(in, ',', "after the name of an attribute"));
    TRY(read_type(in, &type));
    TRY(input_require(in, ',', "after the value type"));
    input_skip_space(in);
    TRY(input_number(in, "the flags of an attribute", UINT32_MAX, &flags));
    struct input values = *in;
    TRY(read_values(in, &counted, type, 0, 0, &count));
    output_32(out, (uint32_t)(CLAIM_HEADER_SIZE + 4 * (size_t)count));
    output_16(out, type);
    output_16(out, 0);
    output_32(out, (uint32_t)flags.value);
    output_32(out, count);
    size_t offsets = out->total;
    for (uint32_t i = 0; i < count; i++)
        output_32(out, 0);
    TRY(read_name(&name, out));
    TRY(read_values(&values, out, type, start, offsets, &count));
    return input_require(in, ')', "or ',' in an attribute");
}
