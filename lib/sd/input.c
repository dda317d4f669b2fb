/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/input.h"

#include <string.h>

#include "lib/base/error.h"

void input_skip_space(struct input *in)
{
    while (in->at < in->end && (*in->at == ' ' || (*in->at >= '\t' && *in->at <= '\r')))
        in->at++;
}

bool input_accept(struct input *in, char c)
{
    input_skip_space(in);
    if (in->at == in->end || lower(*in->at) != lower(c))
        return false;
    in->at++;
    return true;
}

bool input_accept_word(struct input *in, const char *word)
{
    size_t length = strlen(word);
    if (length > input_left(in))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (lower(in->at[i]) != lower(word[i]))
            return false;
    }
    in->at += length;
    return true;
}

rrsmb_status input_expected(const struct input *in, const char *what)
{
    size_t offset = input_offset(in);
    if (in->at == in->end)
        return FAIL_AT(RRSMB_BAD_SDDL, offset, "SDDL, byte %zu: expected %s, found the end", offset,
                       what);
    unsigned char found = (unsigned char)*in->at;
    if (found < 0x20 || found >= 0x7f)
        return FAIL_AT(RRSMB_BAD_SDDL, offset, "SDDL, byte %zu: expected %s, found byte 0x%02x",
                       offset, what, found);
    return FAIL_AT(RRSMB_BAD_SDDL, offset, "SDDL, byte %zu: expected %s, found '%c'", offset, what,
                   found);
}

rrsmb_status input_require(struct input *in, char c, const char *where)
{
    if (input_accept(in, c))
        return RRSMB_OK;
    char what[80] = {'\'', c, '\'', ' '};
    size_t length = strlen(where);
    memcpy(what + 4, where, length < sizeof what - 5 ? length : sizeof what - 5);
    return input_expected(in, what);
}

static unsigned int number_base(struct input *in)
{
    if (input_peek(in, 0) != '0')
        return 10;
    if (lower(input_peek(in, 1)) == 'x') {
        in->at += 2;
        return 16;
    }
    if (!is_digit(input_peek(in, 1)))
        return 10;
    in->at++;
    return 8;
}

rrsmb_status input_number(struct input *in, const char *what, uint64_t max, struct number *number)
{
    if (!is_digit(input_peek(in, 0)))
        return input_expected(in, what);
    const char *start = in->at;
    number->base = number_base(in);
    number->value = 0;
    unsigned int digits = 0;
    for (; in->at < in->end; in->at++, digits++) {
        int digit = hex_value(*in->at);
        if (digit < 0 || (number->base != 16 && digit > 9))
            break;
        if ((unsigned int)digit >= number->base)
            return input_expected(in, "an octal digit (a leading 0 makes a number octal)");
        uint64_t value;
        if (__builtin_mul_overflow(number->value, number->base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max) {
            in->at = start;
            return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in),
                           "SDDL, byte %zu: %s is larger than 0x%llx", input_offset(in), what,
                           (unsigned long long)max);
        }
        number->value = value;
    }
    if (digits == 0)
        return input_expected(in, "a hexadecimal digit after 0x");
    return RRSMB_OK;
}

unsigned int input_utf16(struct input *in, uint16_t units[2])
{
    const unsigned char *bytes = (const unsigned char *)in->at;
    size_t left = input_left(in);
    if (left == 0)
        return 0;
    if (bytes[0] < 0x80) {
        units[0] = bytes[0];
        in->at++;
        return 1;
    }
    unsigned int length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || left < length)
        return 0;
    uint32_t point = bytes[0] & (0xffu >> (length + 1));
    for (unsigned int i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    in->at += length;
    if (point < 0x10000) {
        units[0] = (uint16_t)point;
        return 1;
    }
    units[0] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
    units[1] = (uint16_t)(0xdc00 + ((point - 0x10000) & 0x3ff));
    return 2;
}
