/* SPDX-License-Identifier: Apache-2.0 */
/* One line of an export (transfer.h describes the format). */
#ifndef RRSMB_STORE_RECORD_H
#define RRSMB_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>
#include <rrsmb/store.h>

#include "lib/store/json.h"

enum record_type { RECORD_HEADER, RECORD_ROW, RECORD_END };

/** What a line says. */
struct record {
    enum record_type type;
    rrsmb_generation_kind kind; /* header */
    uint64_t rows;              /* closing line */
    int has_inode;              /* row: inode and generation are valid */
    uint64_t inode;
    uint64_t generation;
    const char *sddl; /* row: not terminated, not yet parsed */
    size_t sddl_length;
    const char *path; /* row: NULL when there is none; bytes, checked to stay below a root */
    size_t path_length;
    struct cJSON *texts; /* what the pointers go into */
};

/** Understand a line (without its newline).
 *  @param record On success to be cleared by the caller.
 *  @return RRSMB_BAD_RECORD with the byte; RRSMB_NEWER_FORMAT for a header of a later format;
 *          RRSMB_NO_MEMORY. */
rrsmb_status record_parse(const char *line, size_t length, struct record *record);
void record_clear(struct record *record);

rrsmb_status record_write_header(struct json_writer *writer, const char *share,
                                 rrsmb_generation_kind kind);
/** @param path NULL: none.
 *  @param sddl Already with its quotes and escapes: it is the same for many rows. */
rrsmb_status record_write_row(struct json_writer *writer, const char *path, size_t path_length,
                              const rrsmb_file_id *id, const char *sddl, size_t sddl_length);
rrsmb_status record_write_end(struct json_writer *writer, uint64_t rows);

#endif
