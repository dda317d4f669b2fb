/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/output.h"

#include <string.h>

#include "lib/base/bytes.h"

/* What does not fit: handed on in pieces, or only counted from here on. */
static void put_beyond(struct output *out, const uint8_t *bytes, size_t length)
{
    if (!out->hand_on) {
        /* Nothing may follow a gap: the buffer's contents would be no prefix of the whole. */
        out->capacity = out->used;
        return;
    }
    out->hand_on(out->context, out->bytes, out->used);
    out->used = 0;
    if (length > out->capacity) {
        out->hand_on(out->context, bytes, length);
        return;
    }
    memcpy(out->bytes, bytes, length);
    out->used = length;
}

void output_put(struct output *out, const void *bytes, size_t length)
{
    out->total += length;
    if (length > out->capacity - out->used) {
        put_beyond(out, bytes, length);
        return;
    }
    if (length > 0)
        memcpy(out->bytes + out->used, bytes, length);
    out->used += length;
}

void output_byte(struct output *out, uint8_t byte)
{
    output_put(out, &byte, 1);
}

void output_text(struct output *out, const char *text)
{
    output_put(out, text, strlen(text));
}

void output_zeros(struct output *out, size_t count)
{
    static const uint8_t zeros[16];
    while (count > 0) {
        size_t now = count < sizeof zeros ? count : sizeof zeros;
        output_put(out, zeros, now);
        count -= now;
    }
}

void output_16(struct output *out, uint16_t value)
{
    uint8_t bytes[2];
    put_le16(bytes, value);
    output_put(out, bytes, sizeof bytes);
}

void output_32(struct output *out, uint32_t value)
{
    uint8_t bytes[4];
    put_le32(bytes, value);
    output_put(out, bytes, sizeof bytes);
}

void output_64(struct output *out, uint64_t value)
{
    uint8_t bytes[8];
    put_le64(bytes, value);
    output_put(out, bytes, sizeof bytes);
}

void output_patch_16(const struct output *out, size_t position, uint16_t value)
{
    if (position + sizeof value <= out->used)
        put_le16(out->bytes + position, value);
}

void output_patch_32(const struct output *out, size_t position, uint32_t value)
{
    if (position + sizeof value <= out->used)
        put_le32(out->bytes + position, value);
}

/* Two digits at a time: nearly every number is a RID of up to ten, and the divisions are most of
 * what making the canonical text costs. */
static size_t digits_of(char *end, uint32_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char *at = end;
    while (value >= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (size_t)(value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, pairs + 2 * (size_t)value, 2);
    } else {
        *--at = (char)('0' + value);
    }
    return (size_t)(end - at);
}

size_t text_decimal(char *text, uint64_t value)
{
    char digits[DECIMAL_SIZE];
    char *end = digits + DECIMAL_SIZE;
    size_t length = 0;
    while (value > UINT32_MAX) {
        *(end - ++length) = (char)('0' + value % 10);
        value /= 10;
    }
    length += digits_of(end - length, (uint32_t)value);
    memcpy(text, end - length, length);
    return length;
}

size_t text_hex(char *text, uint64_t value, unsigned int digits)
{
    unsigned int needed = value == 0 ? 1 : (unsigned int)(67 - __builtin_clzll(value)) / 4;
    if (needed < digits)
        needed = digits;
    for (unsigned int i = needed; i > 0; i--) {
        text[i - 1] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return needed;
}

size_t text_octal(char *text, uint64_t value)
{
    size_t length = value == 0 ? 1 : (size_t)(66 - __builtin_clzll(value)) / 3;
    for (size_t i = length; i > 0; i--) {
        text[i - 1] = (char)('0' + (value & 7));
        value >>= 3;
    }
    return length;
}
