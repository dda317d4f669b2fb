/* SPDX-License-Identifier: Apache-2.0 */
/* A line of an import: any bytes. What is understood must come out again as it was, and a path
 * must not be able to name anything outside its root. */
#include <stdlib.h>
#include <string.h>

#include "lib/store/record.h"

struct text {
    char *bytes;
    size_t length;
};

static int append(void *context, const void *data, size_t length)
{
    struct text *text = context;
    char *larger = realloc(text->bytes, text->length + length);
    if (larger == NULL)
        abort();
    memcpy(larger + text->length, data, length);
    text->bytes = larger;
    text->length += length;
    return 0;
}

static void expect(int condition)
{
    if (!condition)
        abort();
}

/* No part is empty, `.` or `..`, except that the whole may be `.`. */
static void expect_inside(const char *path, size_t length)
{
    expect(length > 0 && memchr(path, '\0', length) == NULL);
    if (length == 1 && path[0] == '.')
        return;
    char *copy = strndup(path, length);
    char *rest = copy;
    char *part = NULL;
    while ((part = strsep(&rest, "/")) != NULL)
        expect(part[0] != '\0' && strcmp(part, ".") != 0 && strcmp(part, "..") != 0);
    free(copy);
}

static void expect_equal(const char *one, size_t one_length, const char *other, size_t other_length)
{
    expect((one == NULL) == (other == NULL) && one_length == other_length);
    expect(one == NULL || memcmp(one, other, one_length) == 0);
}

/* Write what was understood and understand that. */
static void expect_round_trip(const struct record *record)
{
    static struct json_writer writer;
    struct text sddl = {NULL, 0};
    struct text line = {NULL, 0};
    rrsmb_file_id id = {.inode = record->inode, .generation = record->generation};

    writer.write = append;
    writer.context = &sddl;
    writer.used = 0;
    expect(json_write_string(&writer, record->sddl, record->sddl_length) == RRSMB_OK);
    expect(json_flush(&writer) == RRSMB_OK);
    writer.context = &line;
    expect(record_write_row(&writer, record->path, record->path_length, &id, sddl.bytes,
                            sddl.length) == RRSMB_OK);
    expect(json_flush(&writer) == RRSMB_OK);

    struct record again;
    expect(line.bytes[line.length - 1] == '\n');
    expect(record_parse(line.bytes, line.length - 1, &again) == RRSMB_OK);
    expect(again.type == RECORD_ROW && again.has_inode);
    expect(again.inode == record->inode && again.generation == record->generation);
    expect_equal(again.sddl, again.sddl_length, record->sddl, record->sddl_length);
    expect_equal(again.path, again.path_length, record->path, record->path_length);
    record_clear(&again);
    free(sddl.bytes);
    free(line.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size); /* exactly, so that the sanitizer sees a byte too many */
    if (line == NULL && size > 0)
        abort();
    if (size > 0)
        memcpy(line, data, size);
    struct record record;
    rrsmb_status status = record_parse(line, size, &record);
    expect(status == RRSMB_OK || status == RRSMB_BAD_RECORD || status == RRSMB_NEWER_FORMAT);
    if (status == RRSMB_OK && record.type == RECORD_ROW) {
        if (record.path != NULL)
            expect_inside(record.path, record.path_length);
        expect_round_trip(&record);
    }
    if (status == RRSMB_OK)
        record_clear(&record);
    free(line);
    return 0;
}
