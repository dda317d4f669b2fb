/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/utf16.h"

#include "lib/base/bytes.h"
#include "lib/base/error.h"

static bool is_high(uint16_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint16_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

bool utf16_is_sayable(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i + 2 <= length; i += 2) {
        uint16_t unit = get_le16(bytes + i);
        if (unit == 0 || unit == '"' || is_low(unit))
            return false;
        if (!is_high(unit))
            continue;
        i += 2;
        if (i + 2 > length || !is_low(get_le16(bytes + i)))
            return false;
    }
    return length % 2 == 0;
}

static void put_code_point(struct output *out, uint32_t point)
{
    if (point < 0x80) {
        output_byte(out, (uint8_t)point);
        return;
    }
    uint8_t bytes[4];
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (uint8_t)((0xf00u >> length) | point);
    output_put(out, bytes, length);
}

void utf16_put_quoted(struct output *out, const uint8_t *bytes, size_t length)
{
    output_byte(out, '"');
    for (size_t i = 0; i + 2 <= length; i += 2) {
        uint32_t point = get_le16(bytes + i);
        if (is_high((uint16_t)point)) {
            i += 2;
            point = 0x10000 + ((point - 0xd800) << 10) + (get_le16(bytes + i) - 0xdc00u);
        }
        put_code_point(out, point);
    }
    output_byte(out, '"');
}

rrsmb_status utf16_read_quoted(struct input *in, struct output *out)
{
    TRY(input_require(in, '"', "at the start of a string"));
    while (input_peek(in, 0) != '"') {
        uint16_t units[2];
        const char *start = in->at;
        unsigned int count = input_utf16(in, units);
        if (count == 0 || units[0] == 0) {
            in->at = start;
            return input_expected(in, "UTF-8 text or '\"' at the end of a string");
        }
        for (unsigned int i = 0; i < count; i++)
            output_16(out, units[i]);
    }
    in->at++;
    return RRSMB_OK;
}

static bool is_plain(uint16_t unit)
{
    return unit < 0x80 && is_name_character((char)unit, false);
}

void utf16_put_name(struct output *out, const uint8_t *bytes, size_t length, bool escape_first)
{
    for (size_t i = 0; i + 2 <= length; i += 2) {
        uint16_t unit = get_le16(bytes + i);
        if (is_plain(unit) && !(i == 0 && escape_first)) {
            output_byte(out, (uint8_t)unit);
            continue;
        }
        char escape[5] = "%";
        output_put(out, escape, 1 + text_hex(escape + 1, unit, 4));
    }
}

bool is_name_character(char c, bool prefixed)
{
    if (is_letter(c) || is_digit(c))
        return true;
    /* strchr() would find the terminator */
    return c != '\0' && strchr(prefixed ? ":./_#$'*+-;?@[\\]^`{}~" : ":./_", c) != NULL;
}

static rrsmb_status read_escape(struct input *in, uint16_t *unit)
{
    in->at++;
    *unit = 0;
    for (unsigned int i = 0; i < 4; i++, in->at++) {
        int digit = hex_value(input_peek(in, 0));
        if (digit < 0)
            return input_expected(in, "four hexadecimal digits after '%'");
        *unit = (uint16_t)(*unit << 4 | digit);
    }
    return RRSMB_OK;
}

rrsmb_status utf16_read_name(struct input *in, struct output *out, struct name_rules rules)
{
    size_t start = out->total;
    for (;;) {
        uint16_t units[2];
        unsigned int count = 1;
        char c = input_peek(in, 0);
        /* '@' may stand in a local name, though not begin it. */
        bool is_at = c == '@' && out->total > start;
        if (c == '%') {
            TRY(read_escape(in, units));
            if (units[0] == 0 && rules.no_nul)
                return input_expected(in, "a name without a NUL (%0000)");
        } else if (is_at || is_name_character(c, rules.prefixed)) {
            units[0] = (uint8_t)c;
            in->at++;
        } else if ((unsigned char)c >= 0x80) {
            count = input_utf16(in, units);
            if (count == 0)
                return input_expected(in, "UTF-8 text in a name");
        } else {
            break;
        }
        for (unsigned int i = 0; i < count; i++)
            output_16(out, units[i]);
    }
    if (out->total == start)
        return input_expected(in, "the name of an attribute");
    return RRSMB_OK;
}

uint16_t utf16_fold(uint16_t unit)
{
    if (unit < 0x80)
        return unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit + 32) : unit;
    if ((unit >= 0xc0 && unit <= 0xde && unit != 0xd7) || /* Latin-1 */
        (unit >= 0x391 && unit <= 0x3a9) ||               /* Greek */
        (unit >= 0x410 && unit <= 0x42f))                 /* Cyrillic */
        return (uint16_t)(unit + 32);
    if (unit >= 0x400 && unit <= 0x40f) /* Cyrillic */
        return (uint16_t)(unit + 80);
    if (unit >= 0x100 && unit <= 0x12f) /* Latin Extended-A, its regular part */
        return unit | 1;
    return unit;
}

bool utf16_names_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    if (a_length != b_length)
        return false;
    for (size_t i = 0; i + 2 <= a_length; i += 2) {
        if (utf16_fold(get_le16(a + i)) != utf16_fold(get_le16(b + i)))
            return false;
    }
    return true;
}
