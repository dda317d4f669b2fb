/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over a share. Between two calls nothing is held but the place, which is also what a
 * token says:  1:SHARE:DONE:NEXT[,NEXT...]  all in hex, a NEXT (an inode) for each lane. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/process.h"
#include "lib/store/store.h"

#define BATCH 512

struct rrsmb_cursor {
    rrsmb_share *share;
    unsigned epoch; /* of the process that opened it */
    struct scan scan;
};

/* Reads hex digits up to `end`; moves behind it. */
static bool read_hex(const char **at, char end, uint64_t *number)
{
    char *behind;
    if (strchr("0123456789abcdef", **at) == NULL || **at == '\0')
        return false;
    *number = strtoull(*at, &behind, 16);
    if (behind - *at > 16 || *behind != end)
        return false;
    *at = behind + 1;
    return true;
}

static bool read_token(const char *token, unsigned lanes, struct scan *scan)
{
    uint64_t share;
    const char *at = token + 2;
    if (strncmp(token, "1:", 2) != 0 || !read_hex(&at, ':', &share) ||
        !read_hex(&at, ':', &scan->done) || share != scan->share)
        return false;
    for (unsigned i = 0; i < lanes; i++)
        if (!read_hex(&at, i + 1 < lanes ? ',' : '\0', &scan->next_inode[i]))
            return false;
    return true;
}

rrsmb_status rrsmb_cursor_open(rrsmb_share *share, const char *resume, rrsmb_cursor **cursor)
{
    ENSURE(share != NULL && cursor != NULL, RRSMB_INVALID_ARGUMENT,
           "opening a cursor: neither the share nor the result may be NULL");
    *cursor = NULL;
    struct scan scan = {.share = share->info.id};
    unsigned lanes = share->store->backend->scan_lanes;
    ENSURE(resume == NULL || read_token(resume, lanes, &scan), RRSMB_INVALID_ARGUMENT,
           "'%.40s' is not a token of a walk over share '%s'", resume, share->info.name);
    rrsmb_cursor *opened = malloc(sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening a cursor: out of memory");
    *opened = (struct rrsmb_cursor){.share = share, .epoch = process_epoch(), .scan = scan};
    *cursor = opened;
    return RRSMB_OK;
}

rrsmb_status rrsmb_cursor_next(rrsmb_cursor *cursor, rrsmb_row *rows, size_t capacity,
                               size_t *count)
{
    ENSURE(cursor != NULL && rows != NULL && capacity > 0 && count != NULL, RRSMB_INVALID_ARGUMENT,
           "walking over a share: a parameter that must not be is NULL, or the capacity is 0");
    *count = 0;
    ENSURE(cursor->epoch == process_epoch(), RRSMB_WRONG_PROCESS,
           "a cursor works only in the process that opened it");
    struct backend *backend = cursor->share->store->backend;
    struct keyed_row batch[BATCH];
    struct scan ahead = cursor->scan;
    size_t got = 0;
    TRY(backend->ops->row_scan(backend, NULL, &ahead, batch, capacity < BATCH ? capacity : BATCH,
                               &got));
    for (size_t i = 0; i < got; i++) {
        rows[i] = (rrsmb_row){.id = {.share = batch[i].key.share, .inode = batch[i].key.inode},
                              .status = batch[i].bad ? RRSMB_DAMAGED : RRSMB_OK};
        if (batch[i].bad) /* it is handed out all the same: the walk is to get past it */
            continue;
        rows[i].id.generation = batch[i].row.generation;
        rows[i].ver = batch[i].row.ver;
        memcpy(rows[i].hash, batch[i].row.hash, sizeof rows[i].hash);
    }
    cursor->scan = ahead;
    *count = got;
    return RRSMB_OK;
}

rrsmb_status rrsmb_cursor_token(const rrsmb_cursor *cursor, char token[RRSMB_CURSOR_TOKEN_SIZE])
{
    ENSURE(cursor != NULL && token != NULL, RRSMB_INVALID_ARGUMENT,
           "the token of a cursor: neither may be NULL");
    const struct scan *scan = &cursor->scan;
    int used =
        snprintf(token, RRSMB_CURSOR_TOKEN_SIZE, "1:%" PRIx64 ":%" PRIx64, scan->share, scan->done);
    for (unsigned i = 0; i < cursor->share->store->backend->scan_lanes; i++)
        used += snprintf(token + used, (size_t)(RRSMB_CURSOR_TOKEN_SIZE - used), "%c%" PRIx64,
                         i == 0 ? ':' : ',', scan->next_inode[i]);
    return RRSMB_OK;
}

void rrsmb_cursor_close(rrsmb_cursor *cursor)
{
    free(cursor);
}
