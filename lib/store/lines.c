/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/lines.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

#define FIRST_CAPACITY ((size_t)256 << 10)

void lines_init(struct lines *lines, rrsmb_read_fn read, void *context)
{
    *lines = (struct lines){.read = read, .context = context};
}

void lines_free(struct lines *lines)
{
    free(lines->bytes);
    lines->bytes = NULL;
}

/* Make room behind what is there: by moving it to the front, else by growing. */
static rrsmb_status make_room(struct lines *lines)
{
    size_t held = lines->end - lines->begin;
    if (lines->begin > 0)
        memmove(lines->bytes, lines->bytes + lines->begin, held);
    lines->begin = 0;
    lines->end = held;
    if (held < lines->capacity)
        return RRSMB_OK;
    ENSURE(held <= RRSMB_TRANSFER_LINE_MAX, RRSMB_BAD_RECORD,
           "expected a line of at most %zu bytes", RRSMB_TRANSFER_LINE_MAX);
    size_t capacity = lines->capacity == 0 ? FIRST_CAPACITY : lines->capacity * 2;
    char *larger = realloc(lines->bytes, capacity);
    ENSURE(larger != NULL, RRSMB_NO_MEMORY, "a line of over %zu bytes: no memory", held);
    lines->bytes = larger;
    lines->capacity = capacity;
    return RRSMB_OK;
}

static rrsmb_status read_more(struct lines *lines)
{
    TRY(make_room(lines));
    size_t length = 0;
    size_t room = lines->capacity - lines->end;
    ENSURE(lines->read(lines->context, lines->bytes + lines->end, room, &length) == 0,
           RRSMB_CANCELLED, "the caller's read callback gave up");
    ENSURE(length <= room, RRSMB_INVALID_ARGUMENT,
           "the read callback gave %zu bytes into a buffer of %zu", length, room);
    lines->end += length;
    lines->at_end = length == 0;
    return RRSMB_OK;
}

rrsmb_status lines_next(struct lines *lines, const char **line, size_t *length)
{
    size_t searched = 0;
    char *newline = NULL;
    for (;;) {
        size_t held = lines->end - lines->begin;
        if (held > searched)
            newline = memchr(lines->bytes + lines->begin + searched, '\n', held - searched);
        if (newline != NULL || lines->at_end)
            break;
        searched = held;
        TRY(read_more(lines));
    }
    char *start = lines->bytes + lines->begin;
    *line = NULL;
    *length = 0;
    if (newline == NULL && lines->begin == lines->end)
        return RRSMB_OK;
    *length = newline != NULL ? (size_t)(newline - start) : lines->end - lines->begin;
    ENSURE(*length <= RRSMB_TRANSFER_LINE_MAX, RRSMB_BAD_RECORD,
           "expected a line of at most %zu bytes", RRSMB_TRANSFER_LINE_MAX);
    *line = start;
    lines->begin += *length + (newline != NULL);
    lines->number++;
    return RRSMB_OK;
}
