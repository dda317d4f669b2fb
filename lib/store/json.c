/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

static size_t skip_blanks(const char *line, size_t length, size_t at)
{
    while (at < length && is_blank(line[at]))
        at++;
    return at;
}

/* cJSON ends a string at `\u0000`, and takes wrong hex digits for zeros. Escapes that do not exist
 * it refuses. */
static rrsmb_status check_escape(const char *line, size_t length, size_t at)
{
    if (at + 1 >= length || line[at + 1] != 'u')
        return RRSMB_OK;
    int all = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = i < length ? hex_value(line[i]) : -1;
        if (digit < 0)
            return FAIL_AT(RRSMB_BAD_RECORD, at, "expected four hex digits after \\u");
        all |= digit;
    }
    if (all == 0)
        return FAIL_AT(RRSMB_BAD_RECORD, at, "\\u0000 cannot stand in a name or a descriptor");
    return RRSMB_OK;
}

/* Is none of eight bytes a control character, a quote or a backslash? Nearly all of an import is
 * such bytes, and looking at each would cost as much as reading the line. */
static bool are_plain(const char *eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, eight, sizeof word);
    /* A byte of x below n borrows in x - n; a borrow from below marks at worst too many. */
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t marked = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                      ((backslash - ones) & ~backslash);
    return (marked & ones << 7) == 0;
}

/* A character outside of strings. */
static rrsmb_status check_structure(const char *line, size_t length, size_t at, size_t string,
                                    struct json_object *object)
{
    switch (line[at]) {
    case '[':
        return FAIL_AT(RRSMB_BAD_RECORD, at, "expected one object of strings and numbers");
    case '{':
        if (object->begun)
            return FAIL_AT(RRSMB_BAD_RECORD, at, "expected one object, and none inside it");
        object->begun = true;
        return RRSMB_OK;
    case ':':
        if (object->count == JSON_MEMBERS_MAX)
            return FAIL_AT(RRSMB_BAD_RECORD, at, "expected at most %d members", JSON_MEMBERS_MAX);
        object->members[object->count++] = (struct json_member){
            .name_offset = string, .offset = skip_blanks(line, length, at + 1)};
        return RRSMB_OK;
    default:
        return RRSMB_OK;
    }
}

/* Refuse what cJSON would let through, and find where members stand, which it does not tell. It
 * never gets to see an array or a second object, so that no line makes it take much memory. */
static rrsmb_status examine(const char *line, size_t length, struct json_object *object)
{
    bool in_string = false;
    size_t string = 0; /* where the last one begins */
    for (size_t at = 0; at < length; at++) {
        while (in_string && length - at > 8 && are_plain(line + at))
            at += 8;
        unsigned char byte = (unsigned char)line[at];
        if (byte < 0x20 && (in_string || !is_blank(line[at])))
            return FAIL_AT(RRSMB_BAD_RECORD, at, "expected an escape, not a control character");
        if (byte == '"') {
            in_string = !in_string;
            if (in_string)
                string = at;
        } else if (!in_string) {
            TRY(check_structure(line, length, at, string, object));
        } else if (byte == '\\') {
            TRY(check_escape(line, length, at));
            at++;
        }
    }
    return RRSMB_OK;
}

static rrsmb_status parse(const char *line, size_t length, struct json_object *object)
{
    const char *end = line;
    errno = 0;
    object->tree = cJSON_ParseWithLengthOpts(line, length, &end, 0);
    ENSURE(object->tree != NULL || errno != ENOMEM, RRSMB_NO_MEMORY,
           "a line of %zu bytes: no memory", length);
    size_t at = (size_t)(end - line);
    if (object->tree == NULL)
        return FAIL_AT(RRSMB_BAD_RECORD, at, "malformed JSON");
    if (!cJSON_IsObject(object->tree))
        return FAIL_AT(RRSMB_BAD_RECORD, 0, "expected an object: {");
    at = skip_blanks(line, length, at);
    if (at < length)
        return FAIL_AT(RRSMB_BAD_RECORD, at, "expected nothing after the object");
    return RRSMB_OK;
}

rrsmb_status json_parse(const char *line, size_t length, struct json_object *object)
{
    *object = (struct json_object){.tree = NULL};
    size_t valid = utf8_valid_prefix(line, length);
    if (valid < length)
        return FAIL_AT(RRSMB_BAD_RECORD, valid, "expected valid UTF-8");
    TRY(examine(line, length, object));
    TRY(parse(line, length, object));
    /* What is left is flat: each member has one colon outside of strings. */
    size_t index = 0;
    cJSON *item = NULL;
    cJSON_ArrayForEach(item, object->tree)
    {
        struct json_member *member = &object->members[index++];
        member->name = item->string;
        member->string = cJSON_IsString(item) ? item->valuestring : NULL;
        member->number = cJSON_IsNumber(item) ? line + member->offset : NULL;
    }
    return RRSMB_OK;
}

void json_clear(struct json_object *object)
{
    cJSON_Delete(object->tree);
    object->tree = NULL;
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
