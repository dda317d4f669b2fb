/* SPDX-License-Identifier: Apache-2.0 */
/* Flat JSON objects, one a line: read by cJSON, and written through a small buffer.
 *
 * A line of an import must not lose anything on the way, so that what cJSON is generous with is
 * refused around it: `\u0000` and control characters, which would cut a path short, and numbers
 * beyond what a double holds. Each error has its byte. Any thread: what cJSON writes to besides
 * its results is the position of its last error, which is not used here. */
#ifndef RRSMB_STORE_JSON_H
#define RRSMB_STORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>
#include <rrsmb/transfer.h>

/** No line may have more members; no type of line has as many. */
#define JSON_MEMBERS_MAX 16

struct json_member {
    const char *name;
    char *string;       /* the value, where it is a string; may be changed in place */
    const char *number; /* the value as the line has it, where it is a number */
    size_t name_offset; /* where in the line the name begins */
    size_t offset;      /* where in the line the value begins */
};

/** One object. Texts are valid UTF-8; those of strings live until json_clear(). */
struct json_object {
    struct cJSON *tree;
    bool begun;
    size_t count;
    struct json_member members[JSON_MEMBERS_MAX]; /* as they stand; a name may stand twice */
};

/** Read a line that is one flat object.
 *  @param object To be cleared also on failure.
 *  @return RRSMB_BAD_RECORD with the byte; RRSMB_NO_MEMORY. */
rrsmb_status json_parse(const char *line, size_t length, struct json_object *object);
void json_clear(struct json_object *object);

/** Collects output and hands it on in pieces. */
struct json_writer {
    rrsmb_write_fn write;
    void *context;
    size_t used;
    char bytes[64 * 1024];
};

rrsmb_status json_write(struct json_writer *writer, const void *bytes, size_t length);
/** Write text that holds no character to be escaped. */
rrsmb_status json_write_plain(struct json_writer *writer, const char *text);
/** Write a string with its quotes. The bytes must be valid UTF-8. */
rrsmb_status json_write_string(struct json_writer *writer, const char *bytes, size_t length);
/** Write a number, without quotes. */
rrsmb_status json_write_number(struct json_writer *writer, uint64_t number);
/** Hand on what is collected. */
rrsmb_status json_flush(struct json_writer *writer);

#endif
