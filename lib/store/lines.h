/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts what a read callback gives into lines, in a buffer that grows up to the longest allowed. */
#ifndef RRSMB_STORE_LINES_H
#define RRSMB_STORE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>
#include <rrsmb/transfer.h>

struct lines {
    rrsmb_read_fn read;
    void *context;
    char *bytes;
    size_t capacity;
    size_t begin; /* of what was not given out yet */
    size_t end;
    int at_end;
    uint64_t number; /* of the line last given, from 1 */
};

void lines_init(struct lines *lines, rrsmb_read_fn read, void *context);
void lines_free(struct lines *lines);

/** The next line, without its newline; valid until the next call.
 *  @param line Receives NULL at the end. A last line without a newline counts.
 *  @return RRSMB_BAD_RECORD: over RRSMB_TRANSFER_LINE_MAX; RRSMB_CANCELLED; RRSMB_NO_MEMORY. */
rrsmb_status lines_next(struct lines *lines, const char **line, size_t *length);

#endif
