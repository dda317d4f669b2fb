/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rrsmb/sd.h>
#include <rrsmb/transfer.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/progress.h"
#include "lib/store/record.h"
#include "lib/store/tree.h"

/* Rows asked of the database at once. */
#define BATCH 1024

/* Texts of descriptors kept, one for each slot; shares have few distinct ones. */
#define TEXT_SLOTS 1024

/* Bytes that these texts may take together; beyond it all are forgotten. */
#define TEXT_BYTES_MAX ((size_t)32 << 20)

/* The SDDL of a descriptor with quotes and escapes, as it stands in each of its lines. */
struct text {
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    char *quoted; /* NULL: the slot is empty */
    size_t length;
};

struct exporter {
    rrsmb_share *share;
    const rrsmb_export_options *options;
    rrsmb_export_result *result;
    struct progress progress;
    struct json_writer *writer;
    struct text texts[TEXT_SLOTS];
    size_t text_bytes;     /* of all slots together */
    rrsmb_row rows[BATCH]; /* that the cursor gave */
    uint8_t sd[RRSMB_SD_SIZE_MAX];
    char *sddl;
    size_t sddl_capacity;
};

static void forget_text(struct exporter *export, struct text *text)
{
    export->text_bytes -= text->length;
    free(text->quoted);
    *text = (struct text){.quoted = NULL};
}

static void forget_texts(struct exporter *export)
{
    for (size_t i = 0; i < TEXT_SLOTS; i++)
        forget_text(export, &export->texts[i]);
}

static void cleanup_export(struct exporter **export)
{
    if (*export == NULL)
        return;
    forget_texts(*export);
    free((*export)->sddl);
    free((*export)->writer);
    free(*export);
}

static void cleanup_cursor(rrsmb_cursor **cursor)
{
    rrsmb_cursor_close(*cursor);
}

__attribute__((format(printf, 2, 3))) static void note(const struct exporter *export,
                                                       const char *format, ...)
{
    if (export->options->note == NULL)
        return;
    char text[1024 + TREE_PRINTABLE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    export->options->note(export->options->context, text);
}

static void note_damaged(struct exporter *export, const rrsmb_file_id *id)
{
    export->result->damaged++;
    note(export, "inode %" PRIu64 " generation %" PRIu64 ": %s", id->inode, id->generation,
         rrsmb_error_last()->message);
}

/* Give the SDDL of a descriptor in export->sddl, which grows as needed. */
static rrsmb_status to_sddl(struct exporter *export, const void *sd, size_t sd_length,
                            size_t *length)
{
    rrsmb_status status =
        rrsmb_sd_to_sddl(sd, sd_length, export->sddl, export->sddl_capacity, length);
    if (status != RRSMB_BUFFER_TOO_SMALL)
        return status;
    size_t capacity = *length + 1;
    char *larger = realloc(export->sddl, capacity);
    ENSURE(larger != NULL, RRSMB_NO_MEMORY, "SDDL of %zu bytes: no memory", capacity);
    export->sddl = larger;
    export->sddl_capacity = capacity;
    return rrsmb_sd_to_sddl(sd, sd_length, export->sddl, export->sddl_capacity, length);
}

static int append(void *context, const void *data, size_t length)
{
    struct text *text = context;
    char *larger = realloc(text->quoted, text->length + length);
    if (larger == NULL)
        return -1;
    memcpy(larger + text->length, data, length);
    text->quoted = larger;
    text->length += length;
    return 0;
}

/* Make the text of a descriptor and keep it in its slot. */
static rrsmb_status keep_text(struct exporter *export, struct text *text,
                              const uint8_t hash[RRSMB_SD_DIGEST_SIZE], const void *sd,
                              size_t sd_length)
{
    size_t length = 0;
    TRY(to_sddl(export, sd, sd_length, &length));
    if (export->text_bytes > TEXT_BYTES_MAX)
        forget_texts(export);
    forget_text(export, text);
    struct json_writer *quoting CLEANUP(cleanup_free) = malloc(sizeof *quoting);
    ENSURE(quoting != NULL, RRSMB_NO_MEMORY, "quote SDDL: no memory");
    quoting->write = append;
    quoting->context = text;
    quoting->used = 0;
    rrsmb_status status = json_write_string(quoting, export->sddl, length);
    if (status == RRSMB_OK)
        status = json_flush(quoting);
    export->text_bytes += text->length;
    if (status != RRSMB_OK) {
        forget_text(export, text);
        return FAIL(RRSMB_NO_MEMORY, "SDDL of %zu bytes: no memory", length);
    }
    memcpy(text->hash, hash, RRSMB_SD_DIGEST_SIZE);
    return RRSMB_OK;
}

/* The slot that a hash belongs to; it holds that hash's text or another's or none. */
static struct text *slot_of(struct exporter *export, const uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    return &export->texts[(hash[0] | (size_t)hash[1] << 8) % TEXT_SLOTS];
}

static int holds(const struct text *text, const uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    return text->quoted != NULL && memcmp(text->hash, hash, RRSMB_SD_DIGEST_SIZE) == 0;
}

static rrsmb_status write_row(struct exporter *export, const char *path, size_t path_length,
                              const rrsmb_file_id *id, const struct text *text)
{
    TRY(record_write_row(export->writer, path, path_length, id, text->quoted, text->length));
    export->result->rows++;
    return RRSMB_OK;
}

/* The row is damaged, or was removed or set to another descriptor since the cursor gave it: read
 * it as it is now. Only a row that stands and cannot be read is damaged. */
static rrsmb_status reread(struct exporter *export, const rrsmb_row *row, rrsmb_file_id *id,
                           const struct text **text)
{
    rrsmb_row_info info = {.size = sizeof info};
    size_t sd_length = 0;
    *text = NULL;
    rrsmb_status status =
        rrsmb_store_get(export->share, &row->id, export->sd, sizeof export->sd, &sd_length, &info);
    if (status == RRSMB_NOT_FOUND)
        return RRSMB_OK;
    if (status == RRSMB_DAMAGED) {
        note_damaged(export, &row->id);
        return RRSMB_OK;
    }
    TRY(status);
    id->generation = info.generation;
    struct text *slot = slot_of(export, info.hash);
    if (!holds(slot, info.hash))
        TRY(keep_text(export, slot, info.hash, export->sd, sd_length));
    *text = slot;
    return RRSMB_OK;
}

static rrsmb_status export_row(struct exporter *export, const rrsmb_row *row)
{
    rrsmb_file_id id = row->id;
    const struct text *text = NULL;
    struct text *slot = slot_of(export, row->hash);
    if (row->status == RRSMB_OK && holds(slot, row->hash))
        return write_row(export, NULL, 0, &id, slot);

    size_t sd_length = 0;
    rrsmb_status status = row->status;
    if (status == RRSMB_OK)
        status = rrsmb_store_get_sd(rrsmb_share_get_store(export->share), row->hash, export->sd,
                                    sizeof export->sd, &sd_length);
    if (status == RRSMB_OK) {
        TRY(keep_text(export, slot, row->hash, export->sd, sd_length));
        text = slot;
    } else if (status == RRSMB_NOT_FOUND || status == RRSMB_DAMAGED) {
        TRY(reread(export, row, &id, &text));
    } else {
        return status;
    }
    return text == NULL ? RRSMB_OK : write_row(export, NULL, 0, &id, text);
}

static rrsmb_status export_by_inode(struct exporter *export)
{
    rrsmb_cursor *cursor CLEANUP(cleanup_cursor) = NULL;
    TRY(rrsmb_cursor_open(export->share, NULL, &cursor));
    for (;;) {
        size_t count = 0;
        TRY(rrsmb_cursor_next(cursor, export->rows, BATCH, &count));
        if (count == 0)
            return RRSMB_OK;
        for (size_t i = 0; i < count; i++)
            TRY(export_row(export, &export->rows[i]));
        TRY(progress_report(&export->progress, export->result->rows));
    }
}

/* By path: files are met in the order of the walk, and their rows read in batches. */

struct seen_inodes {
    uint64_t *inodes; /* open addressing; 0 is free, and no file system uses it for a file */
    size_t capacity;  /* a power of two, or 0 */
    size_t count;
};

struct file {
    size_t path; /* where its path begins in `paths` */
    size_t path_length;
    int has_other_names;
};

struct by_path {
    struct exporter *export;
    uint64_t files;             /* looked at */
    uint64_t matched;           /* rows found, each file once whatever its number of names */
    struct seen_inodes several; /* files with several names whose row was counted */
    rrsmb_file_id ids[BATCH];
    struct file batch[BATCH];
    size_t count;
    char *paths; /* of the batch, one after the other */
    size_t paths_length;
    size_t paths_capacity;
    rrsmb_status failed; /* of a result, inside the callback of the database */
};

static void cleanup_by_path(struct by_path **by_path)
{
    if (*by_path == NULL)
        return;
    free((*by_path)->several.inodes);
    free((*by_path)->paths);
    free(*by_path);
}

static uint64_t *find_inode(const struct seen_inodes *seen, uint64_t inode)
{
    size_t at = (size_t)(inode * 0x9e3779b97f4a7c15u) & (seen->capacity - 1);
    while (seen->inodes[at] != 0 && seen->inodes[at] != inode)
        at = (at + 1) & (seen->capacity - 1);
    return &seen->inodes[at];
}

static rrsmb_status grow_seen(struct seen_inodes *seen)
{
    struct seen_inodes larger = {.capacity = seen->capacity == 0 ? 256 : seen->capacity * 2};
    larger.inodes = calloc(larger.capacity, sizeof *larger.inodes);
    ENSURE(larger.inodes != NULL, RRSMB_NO_MEMORY, "%zu files with several names: no memory",
           seen->count);
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->inodes[i] != 0)
            *find_inode(&larger, seen->inodes[i]) = seen->inodes[i];
    larger.count = seen->count;
    free(seen->inodes);
    *seen = larger;
    return RRSMB_OK;
}

/* Count a matched row, once for each file. */
static rrsmb_status count_match(struct by_path *by_path, const struct file *file, uint64_t inode)
{
    struct seen_inodes *seen = &by_path->several;
    if (file->has_other_names) {
        if (seen->count * 2 >= seen->capacity)
            TRY(grow_seen(seen));
        uint64_t *slot = find_inode(seen, inode);
        if (*slot != 0)
            return RRSMB_OK;
        *slot = inode;
        seen->count++;
    }
    by_path->matched++;
    return RRSMB_OK;
}

static rrsmb_status export_file(struct by_path *by_path, size_t index,
                                const rrsmb_get_result *result)
{
    struct exporter *export = by_path->export;
    const struct file *file = &by_path->batch[index];
    const char *path = by_path->paths + file->path;
    if (result->status == RRSMB_NOT_FOUND)
        return RRSMB_OK;
    TRY(count_match(by_path, file, by_path->ids[index].inode));
    if (result->status != RRSMB_OK) {
        char printable[TREE_PRINTABLE_SIZE];
        export->result->damaged++;
        note(export, "%s (inode %" PRIu64 "): the row or its descriptor cannot be trusted",
             tree_printable(path, file->path_length, printable), by_path->ids[index].inode);
        return RRSMB_OK;
    }
    struct text *slot = slot_of(export, result->info.hash);
    if (!holds(slot, result->info.hash))
        TRY(keep_text(export, slot, result->info.hash, result->sd, result->sd_length));
    rrsmb_file_id id = by_path->ids[index];
    id.generation = result->info.generation;
    return write_row(export, path, file->path_length, &id, slot);
}

static int take_result(void *context, size_t index, const rrsmb_get_result *result)
{
    struct by_path *by_path = context;
    by_path->failed = export_file(by_path, index, result);
    return by_path->failed != RRSMB_OK;
}

static rrsmb_status export_batch(struct by_path *by_path)
{
    size_t count = by_path->count;
    by_path->count = 0;
    by_path->paths_length = 0;
    by_path->failed = RRSMB_OK;
    if (count == 0)
        return RRSMB_OK;
    rrsmb_status status =
        rrsmb_store_get_many(by_path->export->share, by_path->ids, count, take_result, by_path);
    TRY(by_path->failed != RRSMB_OK ? by_path->failed : status);
    return progress_report(&by_path->export->progress, by_path->files);
}

static rrsmb_status keep_path(struct by_path *by_path, const struct tree_file *file)
{
    size_t needed = by_path->paths_length + file->path_length;
    if (needed > by_path->paths_capacity) {
        char *larger = realloc(by_path->paths, needed * 2);
        ENSURE(larger != NULL, RRSMB_NO_MEMORY, "paths of %zu bytes: no memory", needed);
        by_path->paths = larger;
        by_path->paths_capacity = needed * 2;
    }
    memcpy(by_path->paths + by_path->paths_length, file->path, file->path_length);
    by_path->batch[by_path->count] =
        (struct file){by_path->paths_length, file->path_length, file->has_other_names};
    by_path->paths_length = needed;
    return RRSMB_OK;
}

static rrsmb_status take_trouble(void *context, const char *path, size_t path_length,
                                 const char *why)
{
    struct exporter *export = ((struct by_path *)context)->export;
    char printable[TREE_PRINTABLE_SIZE];
    export->result->failed++;
    note(export, "%s: %s", tree_printable(path, path_length, printable), why);
    return RRSMB_OK;
}

static rrsmb_status take_file(void *context, const struct tree_file *file)
{
    struct by_path *by_path = context;
    rrsmb_file_id *id = &by_path->ids[by_path->count];
    by_path->files++;
    rrsmb_status status = rrsmb_file_id_from_fd(by_path->export->share, file->fd, id);
    if (status == RRSMB_IO_ERROR || status == RRSMB_NOT_FOUND)
        return take_trouble(by_path, file->path, file->path_length, rrsmb_error_last()->message);
    TRY(status);
    TRY(keep_path(by_path, file));
    by_path->count++;
    return by_path->count == BATCH ? export_batch(by_path) : RRSMB_OK;
}

/* Rows of the share that no file below the root has. */
static rrsmb_status count_unmatched(struct exporter *export, uint64_t matched)
{
    rrsmb_cursor *cursor CLEANUP(cleanup_cursor) = NULL;
    TRY(rrsmb_cursor_open(export->share, NULL, &cursor));
    uint64_t total = 0;
    size_t count = 0;
    do {
        TRY(rrsmb_cursor_next(cursor, export->rows, BATCH, &count));
        total += count;
    } while (count > 0);
    export->result->unmatched = total > matched ? total - matched : 0;
    return RRSMB_OK;
}

static rrsmb_status export_by_path(struct exporter *export)
{
    int root CLEANUP(cleanup_close) = -1;
    struct by_path *by_path CLEANUP(cleanup_by_path) = calloc(1, sizeof *by_path);
    ENSURE(by_path != NULL, RRSMB_NO_MEMORY, "export: no memory");
    by_path->export = export;
    TRY(tree_open_root(export->options->root, &root));
    struct tree_walk walk = {.file = take_file, .trouble = take_trouble, .context = by_path};
    TRY(tree_walk(root, &walk));
    TRY(export_batch(by_path));
    return count_unmatched(export, by_path->matched);
}

static rrsmb_status export_share(struct exporter *export)
{
    const rrsmb_share_info *info = rrsmb_share_get_info(export->share);
    export->progress.report = export->options->progress;
    export->progress.context = export->options->context;
    TRY(record_write_header(export->writer, info->name, info->kind));
    TRY(export->options->root != NULL ? export_by_path(export) : export_by_inode(export));
    return record_write_end(export->writer, export->result->rows);
}

rrsmb_status rrsmb_store_export(rrsmb_share *share, rrsmb_write_fn write, void *write_context,
                                const rrsmb_export_options *options, rrsmb_export_result *result)
{
    rrsmb_export_options known;
    rrsmb_export_result sums = {.size = sizeof sums};
    TRY(OPTIONS_LOAD(known, options));
    TRY(RESULT_CHECK(result));
    ENSURE(share != NULL && write != NULL, RRSMB_INVALID_ARGUMENT,
           "export: the share or the write callback is NULL");
    struct exporter *export CLEANUP(cleanup_export) = calloc(1, sizeof *export);
    ENSURE(export != NULL, RRSMB_NO_MEMORY, "export: no memory");
    export->writer = malloc(sizeof *export->writer);
    ENSURE(export->writer != NULL, RRSMB_NO_MEMORY, "export: no memory");
    export->writer->write = write;
    export->writer->context = write_context;
    export->writer->used = 0;
    export->share = share;
    export->options = &known;
    export->result = &sums;
    rrsmb_status status = export_share(export);
    RESULT_STORE(result, sums);
    return status;
}
