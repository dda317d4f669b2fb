/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"

/* The largest integer up to which a double holds every one (RFC 8259, section 6). */
#define INTEGER_MAX ((uint64_t)1 << 53)

static rrsmb_status expected(const struct json_reader *reader, const char *what)
{
    if (reader->at >= reader->length)
        return FAIL_AT(RRSMB_BAD_RECORD, reader->at, "expected %s, but the line ends", what);
    return FAIL_AT(RRSMB_BAD_RECORD, reader->at, "expected %s", what);
}

static void skip_blanks(struct json_reader *reader)
{
    while (reader->at < reader->length &&
           (reader->text[reader->at] == ' ' || reader->text[reader->at] == '\t' ||
            reader->text[reader->at] == '\r'))
        reader->at++;
}

/* The next character; zero at the end of the line. */
static char peek(const struct json_reader *reader)
{
    if (reader->at >= reader->length)
        return '\0';
    return reader->text[reader->at];
}

static int is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static int accept(struct json_reader *reader, char character)
{
    if (reader->at >= reader->length || reader->text[reader->at] != character)
        return 0;
    reader->at++;
    return 1;
}

size_t json_utf8_sequence(const unsigned char *bytes, size_t length)
{
    if (length == 0)
        return 0;
    unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    /* RFC 3629, section 4: the second byte's range depends on the first. */
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    size_t needed = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (needed == 0 || needed > length || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < needed; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    return needed;
}

int json_hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

static rrsmb_status read_hex4(struct json_reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = json_hex_digit(peek(reader));
        if (digit < 0)
            return expected(reader, "four hex digits after \\u");
        *unit = *unit << 4 | (uint32_t)digit;
        reader->at++;
    }
    return RRSMB_OK;
}

static size_t put_utf8(char *to, uint32_t point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* After `\u`. The result is never longer than the escape, so that it fits where that stood. */
static rrsmb_status read_unicode_escape(struct json_reader *reader, char **to)
{
    size_t start = reader->at - 2;
    uint32_t point = 0;
    TRY(read_hex4(reader, &point));
    if (point == 0)
        return FAIL_AT(RRSMB_BAD_RECORD, start, "\\u0000 cannot stand in a name or a descriptor");
    if (point >= 0xd800 && point < 0xdc00) {
        uint32_t low = 0;
        if (!accept(reader, '\\') || !accept(reader, 'u'))
            return expected(reader, "the second half of a surrogate pair");
        TRY(read_hex4(reader, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return FAIL_AT(RRSMB_BAD_RECORD, start, "half a surrogate pair");
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
        return FAIL_AT(RRSMB_BAD_RECORD, start, "half a surrogate pair");
    }
    *to += put_utf8(*to, point);
    return RRSMB_OK;
}

/* After the backslash. */
static rrsmb_status read_escape(struct json_reader *reader, char **to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (accept(reader, 'u'))
        return read_unicode_escape(reader, to);
    char letter = peek(reader);
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL)
        return expected(reader, "one of \" \\ / b f n r t u after a backslash");
    reader->at++;
    *(*to)++ = meanings[found - letters];
    return RRSMB_OK;
}

/* Marks the bytes of a word that are zero; above the lowest such byte it may mark too many. */
static uint64_t zero_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (word - ones) & ~word & (ones << 7);
}

/* How many bytes in a row stand for themselves in a string: printable ASCII but " and \. Nearly
 * all of an import is such bytes, so eight of them are looked at together. */
static size_t plain_run(const char *text, size_t length)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t run = 0;
    for (; length - run >= 8; run += 8) {
        uint64_t word;
        memcpy(&word, text + run, sizeof word);
        uint64_t control = (word - ones * 0x20) & ~word & (ones << 7);
        uint64_t others = zero_bytes(word ^ ones * '"') | zero_bytes(word ^ ones * '\\');
        if ((control | others | (word & (ones << 7))) != 0)
            break;
    }
    while (run < length) {
        unsigned char byte = (unsigned char)text[run];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\')
            break;
        run++;
    }
    return run;
}

static void take_bytes(struct json_reader *reader, char **to, size_t length)
{
    if (*to != reader->text + reader->at) /* after an escape, which is longer than its meaning */
        memmove(*to, reader->text + reader->at, length);
    *to += length;
    reader->at += length;
}

/* After the opening quote. */
static rrsmb_status read_string(struct json_reader *reader, struct json_value *value)
{
    char *start = reader->text + reader->at;
    char *to = start;
    for (;;) {
        take_bytes(reader, &to, plain_run(reader->text + reader->at, reader->length - reader->at));
        if (reader->at >= reader->length)
            return expected(reader, "the closing quote of a string");
        unsigned char byte = (unsigned char)reader->text[reader->at];
        if (byte == '"')
            break;
        if (byte < 0x20)
            return expected(reader, "an escape instead of a control character");
        if (byte == '\\') {
            reader->at++;
            TRY(read_escape(reader, &to));
            continue;
        }
        size_t sequence = json_utf8_sequence((unsigned char *)reader->text + reader->at,
                                             reader->length - reader->at);
        if (sequence == 0)
            return expected(reader, "valid UTF-8");
        take_bytes(reader, &to, sequence);
    }
    reader->at++;
    value->is_string = 1;
    value->string = start;
    value->length = (size_t)(to - start);
    return RRSMB_OK;
}

static rrsmb_status read_integer(struct json_reader *reader, struct json_value *value)
{
    size_t start = reader->at;
    uint64_t number = 0;
    while (is_digit(peek(reader))) {
        number = number * 10 + (uint64_t)(peek(reader) - '0');
        if (number > INTEGER_MAX)
            return FAIL_AT(RRSMB_BAD_RECORD, start,
                           "a number over 2^53 may have been rounded: give it as a string");
        reader->at++;
    }
    if (reader->at > start + 1 && reader->text[start] == '0')
        return FAIL_AT(RRSMB_BAD_RECORD, start, "a number does not begin with 0");
    char next = peek(reader);
    if (next == '.' || next == 'e' || next == 'E')
        return expected(reader, "a whole number");
    value->is_string = 0;
    value->integer = number;
    return RRSMB_OK;
}

static rrsmb_status read_value(struct json_reader *reader, struct json_value *value)
{
    value->offset = reader->at;
    if (accept(reader, '"'))
        return read_string(reader, value);
    if (is_digit(peek(reader)))
        return read_integer(reader, value);
    return expected(reader, "a string or a whole number");
}

rrsmb_status json_begin(struct json_reader *reader, char *text, size_t length)
{
    *reader = (struct json_reader){.text = text, .length = length};
    skip_blanks(reader);
    if (!accept(reader, '{'))
        return expected(reader, "an object: {");
    return RRSMB_OK;
}

static rrsmb_status read_end(struct json_reader *reader)
{
    skip_blanks(reader);
    if (reader->at < reader->length)
        return expected(reader, "nothing after the object");
    return RRSMB_OK;
}

rrsmb_status json_next(struct json_reader *reader, struct json_value *name,
                       struct json_value *value, int *found)
{
    skip_blanks(reader);
    *found = 0;
    if (accept(reader, '}'))
        return read_end(reader);
    if (reader->any_member) {
        if (!accept(reader, ','))
            return expected(reader, "a comma or }");
        skip_blanks(reader);
    }
    name->offset = reader->at;
    if (!accept(reader, '"'))
        return expected(reader, reader->any_member ? "the name of a member in quotes"
                                                   : "the name of a member in quotes, or }");
    TRY(read_string(reader, name));
    skip_blanks(reader);
    if (!accept(reader, ':'))
        return expected(reader, "a colon");
    skip_blanks(reader);
    TRY(read_value(reader, value));
    reader->any_member = 1;
    *found = 1;
    return RRSMB_OK;
}

rrsmb_status json_flush(struct json_writer *writer)
{
    size_t used = writer->used;
    writer->used = 0;
    if (used > 0 && writer->write(writer->context, writer->bytes, used) != 0)
        return FAIL(RRSMB_CANCELLED, "export: the caller does not take any more of it");
    return RRSMB_OK;
}

rrsmb_status json_write(struct json_writer *writer, const void *bytes, size_t length)
{
    const char *from = bytes;
    while (length > 0) {
        size_t room = sizeof writer->bytes - writer->used;
        size_t piece = length < room ? length : room;
        memcpy(writer->bytes + writer->used, from, piece);
        writer->used += piece;
        from += piece;
        length -= piece;
        if (writer->used == sizeof writer->bytes)
            TRY(json_flush(writer));
    }
    return RRSMB_OK;
}

rrsmb_status json_write_plain(struct json_writer *writer, const char *text)
{
    return json_write(writer, text, strlen(text));
}

rrsmb_status json_write_string(struct json_writer *writer, const char *bytes, size_t length)
{
    TRY(json_write(writer, "\"", 1));
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        /* DEL and up go as they are; only these must be escaped (RFC 8259, section 7). */
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        char escape[8];
        int size = byte == '"' || byte == '\\'
                       ? snprintf(escape, sizeof escape, "\\%c", byte)
                       : snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
        TRY(json_write(writer, bytes + start, i - start));
        TRY(json_write(writer, escape, (size_t)size));
        start = i + 1;
    }
    TRY(json_write(writer, bytes + start, length - start));
    return json_write(writer, "\"", 1);
}

rrsmb_status json_write_number(struct json_writer *writer, uint64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    return json_write(writer, digits, (size_t)size);
}
