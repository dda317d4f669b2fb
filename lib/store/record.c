/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/record.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"

/* The largest integer up to which a double holds every one (RFC 8259, section 6). */
#define PLAIN_INTEGER_MAX (UINT64_C(1) << 53)

enum member {
    MEMBER_RRSMB,
    MEMBER_FORMAT,
    MEMBER_SHARE,
    MEMBER_KIND,
    MEMBER_ROWS,
    MEMBER_INODE,
    MEMBER_GENERATION,
    MEMBER_SDDL,
    MEMBER_PATH,
    MEMBER_PATH_HEX,
    MEMBER_COUNT
};

static const char *const member_names[MEMBER_COUNT] = {
    [MEMBER_RRSMB] = "rrsmb", [MEMBER_FORMAT] = "format",
    [MEMBER_SHARE] = "share", [MEMBER_KIND] = "kind",
    [MEMBER_ROWS] = "rows",   [MEMBER_INODE] = "inode",
    [MEMBER_SDDL] = "sddl",   [MEMBER_GENERATION] = "generation",
    [MEMBER_PATH] = "path",   [MEMBER_PATH_HEX] = "path_hex",
};

#define BIT(member) (1u << (member))

/* Which members a line of each type must and may have. */
static const struct {
    unsigned must;
    unsigned may;
} shapes[] = {
    [RECORD_HEADER] = {.must = BIT(MEMBER_RRSMB) | BIT(MEMBER_FORMAT) | BIT(MEMBER_SHARE) |
                               BIT(MEMBER_KIND)},
    [RECORD_ROW] = {.must = BIT(MEMBER_SDDL),
                    .may = BIT(MEMBER_INODE) | BIT(MEMBER_GENERATION) | BIT(MEMBER_PATH) |
                           BIT(MEMBER_PATH_HEX)},
    [RECORD_END] = {.must = BIT(MEMBER_RRSMB) | BIT(MEMBER_ROWS)},
};

static rrsmb_status find_member(const struct json_member *value, enum member *member)
{
    for (int i = 0; i < MEMBER_COUNT; i++) {
        if (strcmp(value->name, member_names[i]) == 0) {
            *member = (enum member)i;
            return RRSMB_OK;
        }
    }
    return FAIL_AT(RRSMB_BAD_RECORD, value->name_offset,
                   "unknown member; a row has inode, generation, sddl, path or path_hex");
}

static rrsmb_status want_string(const struct json_member *value, enum member member)
{
    if (value->string == NULL)
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset, "%s: expected a string",
                       member_names[member]);
    return RRSMB_OK;
}

/* A number, or one in a string. A plain one is read from the line: cJSON has made a double of it,
 * which may be another number. */
static rrsmb_status want_number(const struct json_member *value, enum member member,
                                uint64_t *number)
{
    const char *digits = value->string != NULL ? value->string : value->number;
    const char *at = digits;
    uint64_t sum = 0;
    bool good = at != NULL;
    for (; good && *at >= '0' && *at <= '9'; at++)
        good = !__builtin_mul_overflow(sum, 10, &sum) &&
               !__builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum);
    /* Behind a plain number stands what may follow a value; the line ends with a brace. */
    good = good && at > digits && (at == digits + 1 || *digits != '0') &&
           (value->string != NULL ? *at == '\0' : strchr(",} \t\r", *at) != NULL);
    if (!good)
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset,
                       "%s: expected a decimal number of up to 64 bits", member_names[member]);
    if (value->string == NULL && sum > PLAIN_INTEGER_MAX)
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset,
                       "%s: a number over 2^53 may have been rounded: give it as a string",
                       member_names[member]);
    *number = sum;
    return RRSMB_OK;
}

static rrsmb_status take_type(const struct json_member *value, struct record *record)
{
    if (strcmp(value->string, "export") == 0)
        record->type = RECORD_HEADER;
    else if (strcmp(value->string, "end") == 0)
        record->type = RECORD_END;
    else
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset, "rrsmb: expected \"export\" or \"end\"");
    return RRSMB_OK;
}

static rrsmb_status take_format(const struct json_member *value)
{
    uint64_t format = 0;
    TRY(want_number(value, MEMBER_FORMAT, &format));
    if (format == 0)
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset, "format: there is no format 0");
    if (format > RRSMB_TRANSFER_FORMAT)
        return FAIL_AT(RRSMB_NEWER_FORMAT, value->offset,
                       "the export has format %" PRIu64 ", this library reads up to %d", format,
                       RRSMB_TRANSFER_FORMAT);
    return RRSMB_OK;
}

static rrsmb_status take_kind(const struct json_member *value, struct record *record)
{
    static const rrsmb_generation_kind kinds[] = {RRSMB_GENERATION_NONE, RRSMB_GENERATION_EXPLICIT,
                                                  RRSMB_GENERATION_BTIME, RRSMB_GENERATION_HANDLE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(value->string, rrsmb_generation_kind_name(kinds[i])) == 0) {
            record->kind = kinds[i];
            return RRSMB_OK;
        }
    }
    return FAIL_AT(RRSMB_BAD_RECORD, value->offset,
                   "kind: expected \"none\", \"explicit\", \"btime\" or \"handle\"");
}

/* A path is opened part by part below the root: it must not be able to name anything else. */
static rrsmb_status check_path(const char *path, size_t length, size_t offset)
{
    if (length == 0 || length > RRSMB_TRANSFER_PATH_MAX)
        return FAIL_AT(RRSMB_BAD_RECORD, offset, "path: expected 1 to %zu bytes",
                       RRSMB_TRANSFER_PATH_MAX);
    if (memchr(path, '\0', length) != NULL)
        return FAIL_AT(RRSMB_BAD_RECORD, offset, "path: a zero byte cannot stand in a name");
    if (length == 1 && path[0] == '.')
        return RRSMB_OK;
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && path[i] != '/')
            continue;
        size_t part = i - start;
        if (part == 0 || (part == 1 && path[start] == '.') ||
            (part == 2 && path[start] == '.' && path[start + 1] == '.'))
            return FAIL_AT(RRSMB_BAD_RECORD, offset,
                           "path: expected names separated by single slashes, relative to the "
                           "root, none of them . or ..");
        start = i + 1;
    }
    return RRSMB_OK;
}

/* Decode two hex digits a byte, where they stand. */
static rrsmb_status take_path_hex(const struct json_member *value, struct record *record)
{
    const char *from = value->string;
    char *to = value->string;
    for (; hex_value(from[0]) >= 0 && hex_value(from[1]) >= 0; from += 2)
        *to++ = (char)(hex_value(from[0]) << 4 | hex_value(from[1]));
    if (*from != '\0')
        return FAIL_AT(RRSMB_BAD_RECORD, value->offset,
                       "path_hex: expected two hex digits for each byte");
    record->path = value->string;
    record->path_length = (size_t)(to - value->string);
    return check_path(record->path, record->path_length, value->offset);
}

static rrsmb_status take_member(enum member member, const struct json_member *value,
                                struct record *record)
{
    if (member != MEMBER_FORMAT && member != MEMBER_ROWS && member != MEMBER_INODE &&
        member != MEMBER_GENERATION)
        TRY(want_string(value, member));
    switch (member) {
    case MEMBER_RRSMB:
        return take_type(value, record);
    case MEMBER_FORMAT:
        return take_format(value);
    case MEMBER_KIND:
        return take_kind(value, record);
    case MEMBER_ROWS:
        return want_number(value, member, &record->rows);
    case MEMBER_INODE:
        record->has_inode = 1;
        return want_number(value, member, &record->inode);
    case MEMBER_GENERATION:
        return want_number(value, member, &record->generation);
    case MEMBER_SDDL:
        record->sddl = value->string;
        record->sddl_length = strlen(value->string);
        return RRSMB_OK;
    case MEMBER_PATH:
        record->path = value->string;
        record->path_length = strlen(value->string);
        return check_path(record->path, record->path_length, value->offset);
    case MEMBER_PATH_HEX:
        return take_path_hex(value, record);
    case MEMBER_SHARE: /* for people: the caller says which share is meant */
    case MEMBER_COUNT:
        break;
    }
    return RRSMB_OK;
}

static rrsmb_status check_shape(const struct record *record, unsigned seen, size_t length)
{
    unsigned must = shapes[record->type].must;
    unsigned may = must | shapes[record->type].may;
    for (int i = 0; i < MEMBER_COUNT; i++) {
        if ((must & ~seen & BIT(i)) != 0)
            return FAIL_AT(RRSMB_BAD_RECORD, length, "the member %s is missing", member_names[i]);
        if ((seen & ~may & BIT(i)) != 0)
            return FAIL_AT(RRSMB_BAD_RECORD, 0, "the member %s does not belong in this line",
                           member_names[i]);
    }
    if ((seen & BIT(MEMBER_PATH)) != 0 && (seen & BIT(MEMBER_PATH_HEX)) != 0)
        return FAIL_AT(RRSMB_BAD_RECORD, 0, "expected path or path_hex, not both");
    if ((seen & BIT(MEMBER_GENERATION)) != 0 && (seen & BIT(MEMBER_INODE)) == 0)
        return FAIL_AT(RRSMB_BAD_RECORD, length, "the member inode is missing");
    return RRSMB_OK;
}

rrsmb_status record_parse(const char *line, size_t length, struct record *record)
{
    *record = (struct record){.type = RECORD_ROW};
    struct json_object object CLEANUP(json_clear) = {.tree = NULL};
    TRY(json_parse(line, length, &object));
    unsigned seen = 0;
    for (size_t i = 0; i < object.count; i++) {
        const struct json_member *value = &object.members[i];
        enum member member = MEMBER_COUNT;
        TRY(find_member(value, &member));
        if ((seen & BIT(member)) != 0)
            return FAIL_AT(RRSMB_BAD_RECORD, value->name_offset, "the member %s stands twice",
                           member_names[member]);
        seen |= BIT(member);
        TRY(take_member(member, value, record));
    }
    TRY(check_shape(record, seen, length));
    record->texts = object.tree;
    object.tree = NULL;
    return RRSMB_OK;
}

void record_clear(struct record *record)
{
    cJSON_Delete(record->texts);
    *record = (struct record){.texts = NULL};
}

rrsmb_status record_write_header(struct json_writer *writer, const char *share,
                                 rrsmb_generation_kind kind)
{
    TRY(json_write_plain(writer, "{\"rrsmb\":\"export\",\"format\":"));
    TRY(json_write_number(writer, RRSMB_TRANSFER_FORMAT));
    TRY(json_write_plain(writer, ",\"share\":"));
    TRY(json_write_string(writer, share, strlen(share)));
    TRY(json_write_plain(writer, ",\"kind\":\""));
    TRY(json_write_plain(writer, rrsmb_generation_kind_name(kind)));
    return json_write_plain(writer, "\"}\n");
}

static rrsmb_status write_path(struct json_writer *writer, const char *path, size_t length)
{
    if (utf8_valid_prefix(path, length) == length) {
        TRY(json_write_plain(writer, "\"path\":"));
        TRY(json_write_string(writer, path, length));
        return json_write_plain(writer, ",");
    }
    TRY(json_write_plain(writer, "\"path_hex\":\""));
    for (size_t i = 0; i < length; i++) {
        const char digits[] = "0123456789abcdef";
        const char pair[2] = {digits[(unsigned char)path[i] >> 4], digits[path[i] & 0xf]};
        TRY(json_write(writer, pair, sizeof pair));
    }
    return json_write_plain(writer, "\",");
}

rrsmb_status record_write_row(struct json_writer *writer, const char *path, size_t path_length,
                              const rrsmb_file_id *id, const char *sddl, size_t sddl_length)
{
    TRY(json_write_plain(writer, "{"));
    if (path != NULL)
        TRY(write_path(writer, path, path_length));
    TRY(json_write_plain(writer, "\"inode\":\""));
    TRY(json_write_number(writer, id->inode));
    TRY(json_write_plain(writer, "\",\"generation\":\""));
    TRY(json_write_number(writer, id->generation));
    TRY(json_write_plain(writer, "\",\"sddl\":"));
    TRY(json_write(writer, sddl, sddl_length));
    return json_write_plain(writer, "}\n");
}

rrsmb_status record_write_end(struct json_writer *writer, uint64_t rows)
{
    TRY(json_write_plain(writer, "{\"rrsmb\":\"end\",\"rows\":"));
    TRY(json_write_number(writer, rows));
    TRY(json_write_plain(writer, "}\n"));
    return json_flush(writer);
}
