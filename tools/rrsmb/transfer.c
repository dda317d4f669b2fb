/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb export, import. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

/* An end of a transfer: a file or a standard stream. */
struct stream {
    const struct arguments *arguments;
    const char *name; /* for people */
    int fd;
    char *target;    /* the file that is replaced, links resolved, or NULL */
    char *temporary; /* what is written before it takes that file's place, or NULL */
    int error;       /* errno of what failed, or 0 */
};

static void cleanup_stream(struct stream *stream)
{
    if (stream->temporary != NULL)
        (void)unlink(stream->temporary);
    free(stream->temporary);
    free(stream->target);
    if (stream->fd > STDERR_FILENO)
        (void)close(stream->fd);
}

static int complain_stream(const struct stream *stream)
{
    int code = stream->error == ENOENT || stream->error == ENOTDIR ? REFUSED : UNREACHABLE;
    return complain(code, stream->arguments, "%s: %s", stream->name, strerror(stream->error));
}

/* The file that the command line names, or NULL for the standard stream. */
static const char *file_operand(const struct arguments *arguments)
{
    if (arguments->count < 2 || strcmp(arguments->operands[1], "-") == 0)
        return NULL;
    return arguments->operands[1];
}

static int write_all(void *context, const void *data, size_t length)
{
    struct stream *stream = context;
    const char *from = data;
    while (length > 0) {
        ssize_t written = write(stream->fd, from, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            stream->error = written == 0 ? EIO : errno;
            return -1;
        }
        from += written;
        length -= (size_t)written;
    }
    return 0;
}

static int read_some(void *context, void *data, size_t capacity, size_t *length)
{
    struct stream *stream = context;
    ssize_t got = 0;
    do
        got = read(stream->fd, data, capacity);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        stream->error = errno;
        return -1;
    }
    *length = (size_t)got;
    return 0;
}

static void print_note(void *context, const char *text)
{
    const struct stream *stream = context;
    (void)complain(REFUSED, stream->arguments, "left out: %s", text);
}

/* Where a file is to stand: a link is followed to what it names, which must be there. Allocated;
 * NULL with errno. */
static char *place_of(const char *path)
{
    struct stat found;
    if (lstat(path, &found) == 0 && S_ISLNK(found.st_mode))
        return realpath(path, NULL);
    return strdup(path);
}

/* Open a file that stands beside the target until it is whole. */
static int open_beside(struct stream *stream)
{
    stream->target = place_of(stream->name);
    if (stream->target == NULL)
        return -1;
    if (asprintf(&stream->temporary, "%s.XXXXXX", stream->target) < 0) {
        stream->temporary = NULL;
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(stream->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(stream->temporary); /* there is no such file to take away */
        stream->temporary = NULL;
    }
    return fd;
}

/* A regular file is written beside and renamed when it is whole and on disk, so that a failed
 * export does not cost the one before. Devices and pipes are written as they are. */
static int open_output(struct stream *stream)
{
    const char *path = file_operand(stream->arguments);
    struct stat found;
    stream->fd = STDOUT_FILENO;
    stream->name = "standard output";
    if (path == NULL)
        return DONE;
    stream->name = path;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        stream->fd = open(path, O_WRONLY | O_CLOEXEC);
    else
        stream->fd = open_beside(stream);
    if (stream->fd >= 0)
        return DONE;
    stream->error = errno;
    return complain_stream(stream);
}

/* The new name is on disk only when its folder is. */
static int sync_folder_of(char *path)
{
    int fd CLEANUP(cleanup_close) = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* EINVAL: a file system that has nothing to flush there. */
    return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

static int finish_output(struct stream *stream)
{
    if (stream->temporary == NULL)
        return DONE;
    if (fsync(stream->fd) != 0 || rename(stream->temporary, stream->target) != 0) {
        stream->error = errno;
        return complain_stream(stream);
    }
    free(stream->temporary);
    stream->temporary = NULL;
    if (sync_folder_of(stream->target) != 0) {
        stream->error = errno;
        return complain_stream(stream);
    }
    return DONE;
}

static int export_share(rrsmb_share *share, struct stream *stream, rrsmb_export_result *result)
{
    rrsmb_export_options options = {
        .size = sizeof options,
        .root = stream->arguments->root,
        .progress = progress_to_terminal(stream->arguments),
        .note = print_note,
        .context = stream,
    };
    rrsmb_status status = rrsmb_store_export(share, write_all, stream, &options, result);
    progress_end();
    if (status == RRSMB_CANCELLED && stream->error != 0)
        return complain_stream(stream);
    if (status != RRSMB_OK)
        return complain_last(stream->arguments);
    return finish_output(stream);
}

int run_export(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    rrsmb_share *share CLEANUP(cleanup_share) = NULL;
    struct stream stream CLEANUP(cleanup_stream) = {.arguments = arguments, .fd = -1};
    rrsmb_export_result result = {.size = sizeof result};
    int code = open_share_to_read(arguments, &store, &share);
    if (code == DONE)
        code = open_output(&stream);
    if (code == DONE)
        code = export_share(share, &stream, &result);
    if (code != DONE)
        return code;
    if (result.unmatched > 0)
        (void)complain(DONE, arguments, "%" PRIu64 " rows belong to no file below %s: left out",
                       result.unmatched, arguments->root);
    if (result.damaged > 0)
        return complain(DAMAGE, arguments, "%" PRIu64 " damaged rows were left out",
                        result.damaged);
    if (result.failed > 0)
        return complain(REFUSED, arguments, "%" PRIu64 " files or folders could not be examined",
                        result.failed);
    return DONE;
}

static int open_input(struct stream *stream)
{
    const char *path = file_operand(stream->arguments);
    stream->fd = STDIN_FILENO;
    stream->name = "standard input";
    if (path == NULL)
        return DONE;
    stream->name = path;
    stream->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (stream->fd >= 0)
        return DONE;
    stream->error = errno;
    return complain_stream(stream);
}

int run_import(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    struct stream stream CLEANUP(cleanup_stream) = {.arguments = arguments, .fd = -1};
    int code = open_input(&stream);
    if (code == DONE)
        code = open_store(arguments, CREATE, &store);
    if (code != DONE)
        return code;
    rrsmb_import_options options = {
        .size = sizeof options,
        .root = arguments->root,
        .progress = progress_to_terminal(arguments),
        .note = print_note,
        .context = &stream,
    };
    rrsmb_import_result result = {.size = sizeof result};
    rrsmb_status status =
        rrsmb_store_import(store, arguments->operands[0], read_some, &stream, &options, &result);
    progress_end();
    if (status == RRSMB_CANCELLED && stream.error != 0)
        return complain_stream(&stream);
    if (status != RRSMB_OK)
        return complain(exit_code(status), arguments, "%s: %s", stream.name,
                        rrsmb_error_last()->message);
    printf("%" PRIu64 " rows, %" PRIu64 " of them changed\n", result.rows, result.changed);
    if (result.missing > 0)
        return complain(REFUSED, arguments, "%" PRIu64 " rows were left out: no such file below %s",
                        result.missing, arguments->root);
    return DONE;
}
