/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb acl: the descriptor of a file. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

/* Rows asked of the store at once. */
#define BATCH 1024

/* A file as the command line names it, found. */
struct target {
    rrsmb_store *store;
    rrsmb_share *share;
    rrsmb_acl *acl;
    int fd; /* -1 with --inode */
    rrsmb_file_id id;
};

static void cleanup_target(struct target *target)
{
    cleanup_close(&target->fd);
    rrsmb_acl_close(target->acl);
    rrsmb_share_close(target->share);
    rrsmb_store_close(target->store);
}

/* The folder that a new share is recorded at for FILE: FILE itself if it is one, else the one that
 * it lies in. A file that is mounted on its own is on another file system than that folder, so that
 * the share could not hold it. @param folder Receives the resolved path; to be freed. */
static int find_folder(const struct arguments *arguments, int file, char **folder)
{
    const char *path = arguments->operands[1];
    struct stat found;
    struct stat above;
    *folder = realpath(path, NULL);
    if (*folder == NULL || fstat(file, &found) != 0)
        return complain(errno == ENOENT ? REFUSED : UNREACHABLE, arguments, "%s: %s", path,
                        strerror(errno));
    if (S_ISDIR(found.st_mode))
        return DONE;
    (void)dirname(*folder);
    int fd CLEANUP(cleanup_close) = open(*folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &above) != 0)
        return complain(errno == ENOENT ? REFUSED : UNREACHABLE, arguments, "%s: %s", *folder,
                        strerror(errno));
    if (above.st_dev != found.st_dev)
        return complain(REFUSED, arguments,
                        "%s is on another file system than its folder, %s: no share can be "
                        "created for it",
                        path, *folder);
    return DONE;
}

/* Open the share anew as what lies at its recorded place, where that is on this node: only so does
 * the library know which file system a FILE must be on. On another one the number of its inode may
 * be that of a file of the share. */
static rrsmb_status place_share(struct target *target, rrsmb_share_options *options)
{
    rrsmb_share *unplaced CLEANUP(cleanup_share) = target->share;
    const rrsmb_share_info *info = rrsmb_share_get_info(unplaced);
    struct stat found;
    if (info->path[0] == '\0' ||
        (stat(info->path, &found) != 0 && (errno == ENOENT || errno == ENOTDIR))) {
        unplaced = NULL;
        return RRSMB_OK;
    }
    target->share = NULL;
    options->path = info->path;
    return rrsmb_share_open(target->store, info->name, options, &target->share);
}

/* Open the share, creating it when the access is CREATE: where FILE is, or by its numbers. */
static int find_share(const struct arguments *arguments, enum access access, struct target *target)
{
    const char *name = arguments->operands[0];
    rrsmb_share_options options = {.size = sizeof options, .flags = RRSMB_SHARE_NO_CREATE};
    rrsmb_status status = rrsmb_share_open(target->store, name, &options, &target->share);
    if (status == RRSMB_OK && !arguments->has_inode)
        status = place_share(target, &options);
    if (status == RRSMB_OK)
        return DONE;
    if (status != RRSMB_NOT_FOUND || access != CREATE)
        return complain_last(arguments);

    char *folder CLEANUP(cleanup_free) = NULL;
    options.flags = 0;
    if (arguments->has_inode) {
        options.kind =
            arguments->has_generation ? RRSMB_GENERATION_EXPLICIT : RRSMB_GENERATION_NONE;
    } else {
        int code = find_folder(arguments, target->fd, &folder);
        if (code != DONE)
            return code;
        options.path = folder;
    }
    status = rrsmb_share_open(target->store, name, &options, &target->share);
    return status == RRSMB_OK ? DONE : complain_last(arguments);
}

static int find_id(const struct arguments *arguments, struct target *target)
{
    rrsmb_status status = arguments->has_inode
                              ? rrsmb_file_id_from_inode(target->share, arguments->inode,
                                                         arguments->generation, &target->id)
                              : rrsmb_file_id_from_fd(target->share, target->fd, &target->id);
    return status == RRSMB_OK ? DONE : complain_last(arguments);
}

/* Find all that the command line names. The file is opened first: no share is created for one
 * that is not there. */
static int find_target(const struct arguments *arguments, enum access access, struct target *target)
{
    if (!arguments->has_inode) {
        target->fd = open(arguments->operands[1], O_PATH | O_CLOEXEC);
        if (target->fd < 0)
            return complain(errno == ENOENT || errno == ENOTDIR ? REFUSED : UNREACHABLE, arguments,
                            "%s: %s", arguments->operands[1], strerror(errno));
    }
    int code = open_store(arguments, access, &target->store);
    if (code == DONE)
        code = find_share(arguments, access, target);
    if (code == DONE)
        code = find_id(arguments, target);
    if (code == DONE && rrsmb_acl_open(target->store, NULL, &target->acl) != RRSMB_OK)
        code = complain_last(arguments);
    return code;
}

int run_acl_set(const struct arguments *arguments)
{
    /* The last operand; what is wrong with it is said before anything is opened or created. */
    const char *text = arguments->operands[arguments->count - 1];
    rrsmb_sddl_options how = {.size = sizeof how, .domain_sid = arguments->domain};
    unsigned char *sd CLEANUP(cleanup_free) = malloc(RRSMB_SD_SIZE_MAX);
    size_t sd_length = 0;
    if (sd == NULL)
        return complain(UNREACHABLE, arguments, "out of memory");
    if (rrsmb_sd_from_sddl(text, strlen(text), &how, sd, RRSMB_SD_SIZE_MAX, &sd_length) != RRSMB_OK)
        return complain_sddl(arguments, text);

    struct target target CLEANUP(cleanup_target) = {.fd = -1};
    int code = find_target(arguments, CREATE, &target);
    if (code != DONE)
        return code;
    rrsmb_put_options options = {.size = sizeof options};
    if (target.fd >= 0) {
        options.flags = RRSMB_PUT_HAS_FD;
        options.fd = target.fd;
    }
    if (rrsmb_acl_set(target.acl, target.share, &target.id, RRSMB_SD_ALL, sd, sd_length, &options,
                      NULL) != RRSMB_OK)
        return complain_last(arguments);
    return DONE;
}

/* The SDDL of a descriptor, allocated; NULL with the library's error, or out of memory. */
static char *sddl_of(const void *sd, size_t sd_length)
{
    size_t length = 0;
    if (rrsmb_sd_to_sddl(sd, sd_length, NULL, 0, &length) != RRSMB_BUFFER_TOO_SMALL)
        return NULL;
    char *text = malloc(length + 1);
    if (text != NULL && rrsmb_sd_to_sddl(sd, sd_length, text, length + 1, &length) != RRSMB_OK) {
        free(text);
        return NULL;
    }
    return text;
}

static cJSON *json_of_row(const rrsmb_file_id *id, const uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "inode", json_u64(id->inode));
    cJSON_AddItemToObject(json, "generation", json_u64(id->generation));
    cJSON_AddItemToObject(json, "hash", json_hex(hash, RRSMB_SD_DIGEST_SIZE));
    return json;
}

int run_acl_get(const struct arguments *arguments)
{
    struct target target CLEANUP(cleanup_target) = {.fd = -1};
    int code = find_target(arguments, READ, &target);
    if (code != DONE)
        return code;
    unsigned char *sd CLEANUP(cleanup_free) = malloc(RRSMB_SD_SIZE_MAX);
    size_t sd_length = 0;
    rrsmb_row_info info = {.size = sizeof info};
    if (sd == NULL)
        return complain(UNREACHABLE, arguments, "out of memory");
    if (rrsmb_acl_get(target.acl, target.share, &target.id, sd, RRSMB_SD_SIZE_MAX, &sd_length,
                      &info) != RRSMB_OK)
        return complain_last(arguments);
    char *text CLEANUP(cleanup_free) = sddl_of(sd, sd_length);
    if (text == NULL)
        return complain(UNREACHABLE, arguments, "out of memory");
    if (!arguments->json) {
        (void)puts(text);
        return DONE;
    }
    target.id.generation = info.generation;
    cJSON *json = json_of_row(&target.id, info.hash);
    cJSON_AddStringToObject(json, "sddl", text);
    return print_json_line(arguments, json);
}

int run_acl_rm(const struct arguments *arguments)
{
    struct target target CLEANUP(cleanup_target) = {.fd = -1};
    int code = find_target(arguments, CHANGE, &target);
    if (code != DONE)
        return code;
    if (rrsmb_acl_remove(target.acl, target.share, &target.id, NULL) != RRSMB_OK)
        return complain_last(arguments);
    return DONE;
}

/* A listing in progress. Shares have few descriptors, so the last one is likely the next one. */
struct listing {
    const struct arguments *arguments;
    rrsmb_store *store;
    unsigned char *sd;
    uint8_t hash[RRSMB_SD_DIGEST_SIZE]; /* of `text` */
    char *text;
    uint64_t rows;
    int damaged;
};

static void cleanup_listing(struct listing *listing)
{
    free(listing->sd);
    free(listing->text);
}

/* Find the SDDL of a row in listing->text. @p why receives NULL, or why it cannot be trusted. */
static int find_text(struct listing *listing, const rrsmb_row *row, const char **why)
{
    *why = NULL;
    if (listing->text != NULL && memcmp(listing->hash, row->hash, sizeof listing->hash) == 0)
        return DONE;
    free(listing->text);
    listing->text = NULL;
    size_t sd_length = 0;
    rrsmb_status status =
        rrsmb_store_get_sd(listing->store, row->hash, listing->sd, RRSMB_SD_SIZE_MAX, &sd_length);
    if (status == RRSMB_NOT_FOUND || status == RRSMB_DAMAGED) {
        *why = rrsmb_error_last()->message;
        listing->damaged = 1;
        return DONE;
    }
    if (status != RRSMB_OK)
        return complain_last(listing->arguments);
    listing->text = sddl_of(listing->sd, sd_length);
    if (listing->text == NULL)
        return complain(UNREACHABLE, listing->arguments, "out of memory");
    memcpy(listing->hash, row->hash, sizeof listing->hash);
    return DONE;
}

static int print_row_as_json(const struct listing *listing, const rrsmb_row *row, const char *why)
{
    cJSON *json = json_of_row(&row->id, row->hash);
    if (why == NULL)
        cJSON_AddStringToObject(json, "sddl", listing->text);
    else
        cJSON_AddStringToObject(json, "error", why);
    (void)fputs(listing->rows == 0 ? "[" : ",\n", stdout);
    return print_json(json) ? DONE : complain(UNREACHABLE, listing->arguments, "out of memory");
}

/* Of such a row no hash is known and no generation: it has no place among the others. */
static int print_unreadable(struct listing *listing, const rrsmb_row *row)
{
    listing->damaged = 1;
    (void)complain(DAMAGE, listing->arguments,
                   "inode %" PRIu64 ": the row cannot be read: left out", row->id.inode);
    return DONE;
}

static int print_row(struct listing *listing, const rrsmb_row *row)
{
    const char *why = NULL;
    int code = find_text(listing, row, &why);
    if (code == DONE && listing->arguments->json)
        code = print_row_as_json(listing, row, why);
    if (code != DONE || listing->arguments->json)
        return code;
    char hash[2 * RRSMB_SD_DIGEST_SIZE + 1];
    to_hex(row->hash, sizeof row->hash, hash);
    printf("%" PRIu64 "\t%" PRIu64 "\t%s\t", row->id.inode, row->id.generation, hash);
    if (why != NULL)
        printf("error: ");
    print_safe(stdout, why != NULL ? why : listing->text);
    (void)putchar('\n');
    return DONE;
}

static void cleanup_cursor(rrsmb_cursor **cursor)
{
    rrsmb_cursor_close(*cursor);
}

static int print_rows(struct listing *listing, rrsmb_share *share)
{
    rrsmb_cursor *cursor CLEANUP(cleanup_cursor) = NULL;
    static rrsmb_row rows[BATCH];
    if (rrsmb_cursor_open(share, NULL, &cursor) != RRSMB_OK)
        return complain_last(listing->arguments);
    while (!ferror(stdout)) {
        size_t count = 0;
        if (rrsmb_cursor_next(cursor, rows, BATCH, &count) != RRSMB_OK)
            return complain_last(listing->arguments);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            int readable = rows[i].status == RRSMB_OK;
            int code =
                readable ? print_row(listing, &rows[i]) : print_unreadable(listing, &rows[i]);
            if (code != DONE)
                return code;
            listing->rows += (uint64_t)readable;
        }
    }
    return listing->damaged ? DAMAGE : DONE;
}

int run_acl_list(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    rrsmb_share *share CLEANUP(cleanup_share) = NULL;
    int code = open_share_to_read(arguments, &store, &share);
    if (code != DONE)
        return code;
    struct listing listing CLEANUP(cleanup_listing) = {
        .arguments = arguments, .store = store, .sd = malloc(RRSMB_SD_SIZE_MAX)};
    if (listing.sd == NULL)
        return complain(UNREACHABLE, arguments, "out of memory");
    code = print_rows(&listing, share);
    if (arguments->json)
        (void)puts(listing.rows == 0 ? "[]" : "]");
    return code;
}
