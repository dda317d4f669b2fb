/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rrsmb/transfer.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/lines.h"
#include "lib/store/progress.h"
#include "lib/store/record.h"
#include "lib/store/sd_cache.h"
#include "lib/store/tree.h"

/* Rows written at once: one flush to disk for all of them. */
#define BATCH 16384

/* The same with a root, where each row holds its file open: a quarter of the usual limit of 1024
 * descriptors. */
#define BATCH_OF_FILES 256

/* Where a row of the batch came from. */
struct source {
    uint64_t line;
    int fd; /* with a root; else -1 */
    char *path;
    size_t path_length;
};

struct importer {
    rrsmb_store *store;
    rrsmb_share *share;
    const char *name;
    const rrsmb_import_options *options;
    rrsmb_import_result sums;
    struct progress progress;
    struct lines lines;
    struct sd_cache *cache;
    int root;
    struct tree_opener opener;
    uint64_t records; /* rows read */
    size_t count;     /* rows in the batch */
    rrsmb_put_item items[BATCH];
    struct source sources[BATCH];
};

static void forget_batch(struct importer *import)
{
    for (size_t i = 0; i < import->count; i++) {
        cleanup_close(&import->sources[i].fd);
        free(import->sources[i].path);
    }
    import->count = 0;
}

static void cleanup_import(struct importer **import)
{
    if (*import == NULL)
        return;
    forget_batch(*import);
    if ((*import)->cache != NULL)
        sd_cache_clear((*import)->cache);
    free((*import)->cache);
    lines_free(&(*import)->lines);
    tree_opener_free(&(*import)->opener);
    cleanup_close(&(*import)->root);
    rrsmb_share_close((*import)->share);
    free(*import);
}

/* Fail with a message that begins with the line, keeping the words of the failure below. */
static rrsmb_status fail_in_line(rrsmb_status status, uint64_t line)
{
    const rrsmb_error *error = rrsmb_error_last();
    char words[1024];
    (void)snprintf(words, sizeof words, "%s", error->message);
    if (status == RRSMB_BAD_RECORD && error->offset != RRSMB_NO_OFFSET)
        return FAIL_AT(status, error->offset, "line %" PRIu64 ", byte %zu: %s", line,
                       error->offset + 1, words);
    return FAIL(status, "line %" PRIu64 ": %s", line, words);
}

/* A file that cannot be reached is no reason not to import the others. */
static void note_missing(struct importer *import, const struct source *source, const char *why)
{
    char printable[TREE_PRINTABLE_SIZE];
    char text[TREE_PRINTABLE_SIZE + 1200];
    import->sums.missing++;
    if (import->options->note == NULL)
        return;
    (void)snprintf(text, sizeof text, "line %" PRIu64 ": %s: %s", source->line,
                   tree_printable(source->path, source->path_length, printable), why);
    import->options->note(import->options->context, text);
}

/* Look once more, right before writing: an inode number may belong to another file by now, whose
 * row must not be replaced by this one. */
static int is_still(const struct importer *import, const struct source *source,
                    const rrsmb_file_id *id)
{
    struct stat found;
    rrsmb_file_id now;
    return fstat(source->fd, &found) == 0 && found.st_nlink > 0 &&
           rrsmb_file_id_from_fd(import->share, source->fd, &now) == RRSMB_OK &&
           now.inode == id->inode && now.generation == id->generation;
}

static void drop_changed_files(struct importer *import)
{
    size_t kept = 0;
    for (size_t i = 0; i < import->count; i++) {
        struct source *source = &import->sources[i];
        if (is_still(import, source, &import->items[i].id)) {
            struct source swap = import->sources[kept];
            import->sources[kept] = *source;
            *source = swap;
            import->items[kept++] = import->items[i];
            continue;
        }
        note_missing(import, source, "deleted or replaced while it was imported");
    }
    for (size_t i = kept; i < import->count; i++) {
        cleanup_close(&import->sources[i].fd);
        free(import->sources[i].path);
    }
    import->count = kept;
}

static rrsmb_status write_batch(struct importer *import)
{
    uint64_t changed = 0;
    if (import->options->root != NULL)
        drop_changed_files(import);
    if (import->count == 0)
        return RRSMB_OK;
    rrsmb_status status =
        rrsmb_store_put_many(import->share, import->items, import->count, NULL, &changed);
    if (status != RRSMB_OK) {
        size_t index = rrsmb_error_last()->offset;
        return index < import->count ? fail_in_line(status, import->sources[index].line) : status;
    }
    import->sums.rows += import->count;
    import->sums.changed += changed;
    forget_batch(import);
    return progress_report(&import->progress, import->records);
}

/* The file of a row, opened below the root. @p found receives 0 when it is not to be had. */
static rrsmb_status locate(struct importer *import, struct source *source, rrsmb_file_id *id,
                           int *found)
{
    const char *why = NULL;
    *found = 0;
    TRY(tree_open(&import->opener, source->path, source->path_length, &source->fd, &why));
    if (why == NULL) {
        rrsmb_status status = rrsmb_file_id_from_fd(import->share, source->fd, id);
        if (status != RRSMB_IO_ERROR && status != RRSMB_NOT_FOUND) {
            *found = status == RRSMB_OK;
            return status;
        }
        why = rrsmb_error_last()->message;
    }
    note_missing(import, source, why);
    return RRSMB_OK;
}

static rrsmb_status name_file_by_path(struct importer *import, const struct record *record,
                                      struct source *source, rrsmb_file_id *id, int *found)
{
    ENSURE(record->path != NULL, RRSMB_BAD_RECORD,
           "expected a member path or path_hex, as there is a root to import below");
    source->path = malloc(record->path_length);
    ENSURE(source->path != NULL, RRSMB_NO_MEMORY, "a path of %zu bytes: no memory",
           record->path_length);
    memcpy(source->path, record->path, record->path_length);
    source->path_length = record->path_length;
    return locate(import, source, id, found);
}

static rrsmb_status name_file_by_inode(const struct importer *import, const struct record *record,
                                       rrsmb_file_id *id)
{
    ENSURE(record->has_inode, RRSMB_BAD_RECORD,
           "expected a member inode: rows by path are imported below a root");
    return rrsmb_file_id_from_inode(import->share, record->inode, record->generation, id);
}

/* Put a row at the end of the batch, which has room. */
static rrsmb_status add_row(struct importer *import, const struct record *record)
{
    rrsmb_put_item *item = &import->items[import->count];
    struct source *source = &import->sources[import->count];
    *source = (struct source){.line = import->lines.number, .fd = -1};
    int found = 1;
    rrsmb_status status =
        sd_cache_get(import->cache, record->sddl, record->sddl_length, &item->sd, &item->sd_length);
    if (status != RRSMB_OK) {
        char words[1024];
        (void)snprintf(words, sizeof words, "%s", rrsmb_error_last()->message);
        return rrsmb_status_class(status) == RRSMB_CLASS_INPUT
                   ? FAIL(RRSMB_BAD_RECORD, "sddl: %s", words)
                   : status;
    }
    status = import->options->root != NULL
                 ? name_file_by_path(import, record, source, &item->id, &found)
                 : name_file_by_inode(import, record, &item->id);
    if (status == RRSMB_OK && found) {
        import->count++;
        return RRSMB_OK;
    }
    cleanup_close(&source->fd);
    free(source->path);
    return status;
}

static rrsmb_status take_row(struct importer *import, const struct record *record)
{
    size_t limit = import->options->root != NULL ? BATCH_OF_FILES : BATCH;
    if (import->count == limit || sd_cache_is_full(import->cache))
        TRY(write_batch(import));
    if (sd_cache_is_full(import->cache))
        sd_cache_clear(import->cache);
    rrsmb_status status = add_row(import, record);
    if (status != RRSMB_OK)
        return fail_in_line(status, import->lines.number);
    import->records++;
    return RRSMB_OK;
}

/* The next line, understood. @p found receives 0 at the end. */
static rrsmb_status next_record(struct importer *import, struct record *record, int *found)
{
    const char *line = NULL;
    size_t length = 0;
    uint64_t number = import->lines.number + 1;
    rrsmb_status status = lines_next(&import->lines, &line, &length);
    *found = line != NULL;
    if (status == RRSMB_OK && line != NULL)
        status = record_parse(line, length, record);
    if (status == RRSMB_BAD_RECORD || status == RRSMB_NEWER_FORMAT)
        return fail_in_line(status, number);
    return status;
}

static rrsmb_status take_header(struct importer *import)
{
    struct record record CLEANUP(record_clear) = {.type = RECORD_END};
    int found = 0;
    TRY(next_record(import, &record, &found));
    ENSURE(found && record.type == RECORD_HEADER, RRSMB_BAD_RECORD,
           "line 1: expected the header of an export, {\"rrsmb\":\"export\",...}");
    rrsmb_share_options existing = {.size = sizeof existing, .flags = RRSMB_SHARE_NO_CREATE};
    rrsmb_share_options new = {.size = sizeof new, .path = import->options->root};
    if (import->options->root == NULL)
        existing.kind = new.kind = record.kind;
    /* A share that is there keeps the path it has: the root may be a folder inside it. */
    rrsmb_status status = rrsmb_share_open(import->store, import->name, &existing, &import->share);
    if (status == RRSMB_NOT_FOUND)
        status = rrsmb_share_open(import->store, import->name, &new, &import->share);
    return status;
}

static rrsmb_status check_end(struct importer *import, const struct record *end)
{
    uint64_t line = import->lines.number;
    ENSURE(end->rows == import->records, RRSMB_BAD_RECORD,
           "line %" PRIu64 ": expected as many rows as the closing line says, %" PRIu64
           ", but there are %" PRIu64,
           line, end->rows, import->records);
    const char *more = NULL;
    size_t length = 0;
    TRY(lines_next(&import->lines, &more, &length));
    ENSURE(more == NULL, RRSMB_BAD_RECORD,
           "line %" PRIu64 ": expected nothing after the closing line", line + 1);
    return RRSMB_OK;
}

static rrsmb_status take_rows(struct importer *import)
{
    for (;;) {
        struct record record CLEANUP(record_clear) = {.type = RECORD_END};
        int found = 0;
        TRY(next_record(import, &record, &found));
        if (!found)
            return FAIL(RRSMB_BAD_RECORD,
                        "line %" PRIu64 ": expected another row or the closing line: the export "
                        "was cut off",
                        import->lines.number + 1);
        if (record.type == RECORD_END)
            return check_end(import, &record);
        ENSURE(record.type == RECORD_ROW, RRSMB_BAD_RECORD,
               "line %" PRIu64 ": expected a row or the closing line, not a second header",
               import->lines.number);
        TRY(take_row(import, &record));
    }
}

/* What stands before a bad line is good: it is written, and the message says so. */
static rrsmb_status finish_bad(struct importer *import, rrsmb_status status)
{
    char words[1024];
    size_t offset = rrsmb_error_last()->offset;
    (void)snprintf(words, sizeof words, "%s", rrsmb_error_last()->message);
    TRY(write_batch(import));
    return FAIL_AT(status, offset, "%s (the %" PRIu64 " rows before it were taken)", words,
                   import->sums.rows);
}

static rrsmb_status import_share(struct importer *import)
{
    TRY(take_header(import));
    rrsmb_status status = take_rows(import);
    if (status == RRSMB_BAD_RECORD)
        return finish_bad(import, status);
    TRY(status);
    return write_batch(import);
}

static rrsmb_status prepare(struct importer *import, rrsmb_read_fn read, void *read_context)
{
    import->root = -1;
    tree_opener_init(&import->opener, -1);
    import->progress.report = import->options->progress;
    import->progress.context = import->options->context;
    import->cache = calloc(1, sizeof *import->cache);
    ENSURE(import->cache != NULL, RRSMB_NO_MEMORY, "import: no memory");
    lines_init(&import->lines, read, read_context);
    if (import->options->root == NULL)
        return RRSMB_OK;
    TRY(tree_open_root(import->options->root, &import->root));
    tree_opener_init(&import->opener, import->root);
    return RRSMB_OK;
}

rrsmb_status rrsmb_store_import(rrsmb_store *store, const char *name, rrsmb_read_fn read,
                                void *read_context, const rrsmb_import_options *options,
                                rrsmb_import_result *result)
{
    rrsmb_import_options known;
    TRY(OPTIONS_LOAD(known, options));
    TRY(RESULT_CHECK(result));
    ENSURE(store != NULL && name != NULL && read != NULL, RRSMB_INVALID_ARGUMENT,
           "import: the store, the name or the read callback is NULL");
    struct importer *import CLEANUP(cleanup_import) = calloc(1, sizeof *import);
    ENSURE(import != NULL, RRSMB_NO_MEMORY, "import: no memory");
    import->store = store;
    import->name = name;
    import->options = &known;
    import->sums.size = sizeof import->sums;
    rrsmb_status status = prepare(import, read, read_context);
    if (status == RRSMB_OK)
        status = import_share(import);
    RESULT_STORE(result, import->sums);
    return status;
}
