/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file transfer.h
 * Export and import of a share's rows as JSON Lines: back-up, restore, migration.
 *
 * One line a row, streamed in bounded memory. The format, version 1:
 *
 *     {"rrsmb":"export","format":1,"share":"projects","kind":"handle"}
 *     {"inode":"12","generation":"9223372036854775809","sddl":"O:S-1-5-18G:S-1-5-18D:..."}
 *     {"path":"a/b","inode":"13","generation":"7","sddl":"..."}
 *     {"rrsmb":"end","rows":2}
 *
 * - **Header** first, **closing line** last: its count tells a whole export from one cut off.
 * - **inode** and **generation** are decimal numbers in strings, since many JSON readers keep
 *   53 bits only. An import also takes plain numbers up to 2^53, and no `generation` means 0.
 * - **sddl** is canonical on export; an import takes every form that needs no domain SID.
 * - **path** stands in exports made with a root: relative to it, parts separated by `/`, the root
 *   itself is `.`. File names are bytes: a path that is not valid UTF-8 is given as **path_hex**
 *   instead, two hex digits a byte. A file with several names has a row for each of them.
 * - A line is one flat object. Unknown and repeated members, `\u0000`, invalid UTF-8 and lines
 *   over RRSMB_TRANSFER_LINE_MAX bytes are refused.
 */
#ifndef RRSMB_TRANSFER_H
#define RRSMB_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>
#include <rrsmb/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The format that is written, and the newest that is read. */
#define RRSMB_TRANSFER_FORMAT 1

/** No line of an import may be longer, in bytes: the largest descriptor fits well. */
#define RRSMB_TRANSFER_LINE_MAX ((size_t)4 << 20)

/** No path of a row may be longer, in bytes. */
#define RRSMB_TRANSFER_PATH_MAX ((size_t)32 << 10)

/** Takes @p length bytes of an export. Non-zero ends it with RRSMB_CANCELLED. */
typedef int (*rrsmb_write_fn)(void *context, const void *data, size_t length);

/**
 * Gives the next bytes of an import.
 * @param length Receives how many, 1 to @p capacity; 0 at the end.
 * @return 0; anything else ends the import with RRSMB_CANCELLED.
 */
typedef int (*rrsmb_read_fn)(void *context, void *data, size_t capacity, size_t *length);

/**
 * Receives one line for people about a row or file that was left out. Bytes of file names that
 * are not printable ASCII or UTF-8 stand as `\xHH`.
 */
typedef void (*rrsmb_note_fn)(void *context, const char *text);

/** How a share is exported. Zero means default everywhere. */
typedef struct rrsmb_export_options {
    size_t size;      /**< sizeof(rrsmb_export_options) */
    const char *root; /**< NULL: every row, by number; else: what lies below this folder */
    rrsmb_progress_fn progress; /**< may be NULL; in rows, with @ref root in files */
    rrsmb_note_fn note;         /**< may be NULL: what was left out is only counted */
    void *context;              /**< handed to both */
} rrsmb_export_options;

/** What an export came to. Filled also when it failed; refused when its size is not set. */
typedef struct rrsmb_export_result {
    size_t size;        /**< sizeof(rrsmb_export_result), set by the caller */
    uint64_t rows;      /**< lines of rows written */
    uint64_t damaged;   /**< rows that cannot be trusted; each was noted and left out */
    uint64_t unmatched; /**< with a root: rows of the share that belong to no file below it */
    uint64_t failed;    /**< with a root: files and folders that could not be examined; noted */
} rrsmb_export_result;

/**
 * Export the rows of a share.
 * @param share   An open share.
 * @param write   Receives the export in pieces; a piece need not end where a line does.
 * @param write_context Handed to @p write.
 * @param options May be NULL.
 * @param result  May be NULL.
 * @return RRSMB_OK when the closing line was written, whatever was left out; RRSMB_CANCELLED;
 *         RRSMB_NOT_FOUND, RRSMB_ACCESS_DENIED, RRSMB_IO_ERROR (the root cannot be opened);
 *         RRSMB_WRONG_KIND (files of this share have no id that can be found out);
 *         RRSMB_NO_MEMORY; or what the database says.
 *
 * With a root the tree is walked without following symbolic links and without entering what is
 * mounted inside it; rows of files elsewhere are counted, not written. Rows that come or go
 * meanwhile may or may not be in the export. Any thread; the share may be used meanwhile; not
 * across a fork.
 */
RRSMB_API rrsmb_status rrsmb_store_export(rrsmb_share *share, rrsmb_write_fn write,
                                          void *write_context, const rrsmb_export_options *options,
                                          rrsmb_export_result *result);

/** How rows are imported. Zero means default everywhere. */
typedef struct rrsmb_import_options {
    size_t size;                /**< sizeof(rrsmb_import_options) */
    const char *root;           /**< NULL: rows by number; else: by path below this folder */
    rrsmb_progress_fn progress; /**< may be NULL; in rows */
    rrsmb_note_fn note;         /**< may be NULL: what was left out is only counted */
    void *context;              /**< handed to both */
} rrsmb_import_options;

/** What an import came to. Filled also when it failed; refused when its size is not set. */
typedef struct rrsmb_import_result {
    size_t size;      /**< sizeof(rrsmb_import_result), set by the caller */
    uint64_t rows;    /**< rows of the export that are in the store now */
    uint64_t changed; /**< of these, the ones that were not there already as asked */
    uint64_t missing; /**< with a root: rows whose file cannot be reached below it; noted */
} rrsmb_import_result;

/**
 * Import rows into a share. Importing the same again changes nothing, so an import that was
 * interrupted is simply done again.
 * @param store   An open store.
 * @param name    The share. One that is not there is created: without a root with the generation
 *                kind that the header names, with a root with the best that its file system offers.
 * @param read    Gives the export in pieces.
 * @param read_context Handed to @p read.
 * @param options May be NULL.
 * @param result  May be NULL.
 * @return RRSMB_OK when the closing line was reached and its count is right, whatever was missing;
 *         RRSMB_BAD_RECORD: a line is malformed, its descriptor is, or the export was cut off
 *         (the message says which line, what was expected, and how many rows were taken);
 *         RRSMB_NEWER_FORMAT; RRSMB_WRONG_KIND (the header names another kind than the share has);
 *         RRSMB_CANCELLED; RRSMB_NOT_FOUND, RRSMB_ACCESS_DENIED, RRSMB_IO_ERROR (the root, or a
 *         file below it); RRSMB_NO_MEMORY; or what rrsmb_store_put_many() says.
 *
 * With a root, a path is opened part by part without following symbolic links and without entering
 * what is mounted inside, so that nothing outside the root can be reached; the row gets the id of
 * the file found there, and the numbers in the export are not used. A row of another generation is
 * replaced only after a fresh look at the open file. Rows are written in batches; a batch is on
 * disk when it is counted in @p result. Any thread; not across a fork.
 */
RRSMB_API rrsmb_status rrsmb_store_import(rrsmb_store *store, const char *name, rrsmb_read_fn read,
                                          void *read_context, const rrsmb_import_options *options,
                                          rrsmb_import_result *result);

#ifdef __cplusplus
}
#endif
#endif
