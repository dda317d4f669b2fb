/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/sid.h"

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/sd/output.h"

static uint64_t authority(const uint8_t *sid)
{
    uint64_t value = 0;
    for (unsigned int i = 2; i < 8; i++)
        value = value << 8 | sid[i];
    return value;
}

size_t sid_write(const uint8_t *sid, char *text)
{
    char *at = text;
    for (const char *c = "S-1-"; *c; c++)
        *at++ = *c;
    uint64_t value = authority(sid);
    if (value < 10) {
        *at++ = (char)('0' + value);
    } else if (value <= UINT32_MAX) {
        at += text_decimal(at, value);
    } else { /* MS-DTYP 2.4.2.1: from 2^32 on, twelve hexadecimal digits */
        *at++ = '0';
        *at++ = 'x';
        at += text_hex(at, value, 12);
    }
    for (unsigned int i = 0; i < sid[1]; i++) {
        *at++ = '-';
        at += text_decimal(at, get_le32(sid + 8 + 4 * (size_t)i));
    }
    return (size_t)(at - text);
}

static rrsmb_status too_large(const struct input *in, const char *what)
{
    return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in), "SDDL, byte %zu: SID %s is too large",
                   input_offset(in), what);
}

/* Hexadecimal as Windows takes it. The D of a following "D:" is a digit too: it is given back. */
static rrsmb_status read_hex(struct input *in, const char *what, unsigned int digits_max,
                             uint64_t *value)
{
    in->at += 2;
    unsigned int digits = 0;
    for (*value = 0; digits < digits_max && hex_value(input_peek(in, 0)) >= 0; digits++) {
        if (lower(input_peek(in, 0)) == 'd' && input_peek(in, 1) == ':')
            break;
        *value = *value << 4 | (uint64_t)hex_value(*in->at++);
    }
    if (digits == 0)
        return input_expected(in, "a hexadecimal digit after 0x");
    bool more = hex_value(input_peek(in, 0)) >= 0 && input_peek(in, 1) != ':';
    return more ? too_large(in, what) : RRSMB_OK;
}

/* Decimal whatever it begins with: MS-DTYP 2.4.2.1 knows no octal here. */
static rrsmb_status read_part(struct input *in, const char *what, unsigned int hex_digits,
                              uint64_t max, uint64_t *value)
{
    if (input_peek(in, 0) == '0' && lower(input_peek(in, 1)) == 'x')
        return read_hex(in, what, hex_digits, value);
    if (!is_digit(input_peek(in, 0)))
        return input_expected(in, "a number in a SID");
    for (*value = 0; is_digit(input_peek(in, 0)); in->at++) {
        *value = *value * 10 + (uint64_t)(*in->at - '0');
        if (*value > max)
            return too_large(in, what);
    }
    return RRSMB_OK;
}

rrsmb_status sid_read_numeric(struct input *in, uint8_t sid[SID_SIZE_MAX])
{
    if (!input_accept_word(in, "S-"))
        return input_expected(in, "a SID (S-1-...)");
    uint64_t value = 0;
    TRY(read_part(in, "revision", 8, UINT32_MAX, &value));
    if (value != 1)
        return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in),
                       "SDDL, byte %zu: SID revision is %llu, only 1 is known", input_offset(in),
                       (unsigned long long)value);
    TRY(input_require(in, '-', "in a SID"));
    TRY(read_part(in, "authority", 12, 0xffffffffffff, &value));
    sid[0] = 1;
    sid[1] = 0;
    for (unsigned int i = 0; i < 6; i++)
        sid[7 - i] = (uint8_t)(value >> (8 * i));
    while (input_peek(in, 0) == '-') {
        if (sid[1] == SID_SUB_AUTHORITIES_MAX)
            return FAIL_AT(RRSMB_TOO_LARGE, input_offset(in),
                           "SDDL, byte %zu: SID has more than 15 sub-authorities",
                           input_offset(in));
        in->at++;
        TRY(read_part(in, "sub-authority", 8, UINT32_MAX, &value));
        put_le32(sid + sid_size(sid), (uint32_t)value);
        sid[1]++;
    }
    return RRSMB_OK;
}

rrsmb_status sid_read(struct input *in, uint8_t sid[SID_SIZE_MAX])
{
    input_skip_space(in);
    if (lower(input_peek(in, 0)) == 's' && input_peek(in, 1) == '-')
        return sid_read_numeric(in, sid);
    return sid_alias_read(in, sid);
}

rrsmb_status rrsmb_sid_from_text(const char *text, size_t length, const rrsmb_sddl_options *options,
                                 void *sid, size_t capacity, size_t *sid_length)
{
    ENSURE(text && sid_length && (sid || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "SID: NULL was given for the text or the result");
    rrsmb_sddl_options sddl_options;
    TRY(OPTIONS_LOAD(sddl_options, options));
    struct input in = {.begin = text, .at = text, .end = text + length, .options = &sddl_options};
    uint8_t bytes[SID_SIZE_MAX] = {0};
    TRY(sid_read(&in, bytes));
    input_skip_space(&in);
    if (in.at < in.end)
        return input_expected(&in, "the end of a SID");
    *sid_length = sid_size(bytes);
    if (*sid_length > capacity)
        return FAIL(RRSMB_BUFFER_TOO_SMALL, "SID needs %zu bytes, %zu were given", *sid_length,
                    capacity);
    memcpy(sid, bytes, *sid_length);
    return RRSMB_OK;
}

rrsmb_status rrsmb_sid_to_text(const void *sid, size_t length, char *text, size_t capacity,
                               size_t *text_length)
{
    ENSURE(sid && text_length && (text || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "SID: NULL was given for the SID or the result");
    if (length == 0 || sid_check(sid, length) != length)
        return FAIL_AT(RRSMB_BAD_SD, 0, "SID: no valid SID of %zu bytes", length);
    char buffer[SID_TEXT_MAX];
    *text_length = sid_write(sid, buffer);
    if (*text_length >= capacity)
        return FAIL(RRSMB_BUFFER_TOO_SMALL, "SID needs %zu characters, %zu were given",
                    *text_length + 1, capacity);
    memcpy(text, buffer, *text_length);
    text[*text_length] = '\0';
    return RRSMB_OK;
}
