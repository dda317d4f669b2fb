/* SPDX-License-Identifier: Apache-2.0 */
/* From a store's URI to its backend. Taken apart by hand: libcurl's parser takes any number of
 * slashes for two, and the first folder for a host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/backend.h"
#include "lib/backend/kv.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"

/* LMDB reserves this much address space, not memory and not disk: room for some 400 million
 * rows. Valgrind cannot map twice as much. */
#define DEFAULT_MAX_SIZE (UINT64_C(32) << 30)
/* Below this LMDB has no room to copy a page before it changes it. */
#define LEAST_MAX_SIZE (UINT64_C(1) << 20)

/* Turns %XX into bytes, in place (RFC 3986 section 2.1). */
static rrsmb_status unescape(const char *uri, char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++, to++) {
        *to = *from;
        if (*from != '%')
            continue;
        int high = hex_value(from[1]);
        int low = high >= 0 ? hex_value(from[2]) : -1;
        ENSURE(low >= 0 && high + low > 0, RRSMB_BAD_URI,
               "%s: '%.3s' is not a percent sign and the two hex digits of a byte", uri, from);
        *to = (char)(16 * high + low);
        from += 2;
    }
    *to = '\0';
    return RRSMB_OK;
}

static rrsmb_status parse_size(const char *uri, const char *text, uint64_t *size)
{
    static const char suffixes[] = "KMGT";
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *suffix = *end != '\0' ? strchr(suffixes, *end) : NULL;
    unsigned shift = suffix != NULL ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (suffix != NULL)
        end++;
    ENSURE(errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
               number <= (UINT64_MAX >> 1) >> shift && number << shift >= LEAST_MAX_SIZE,
           RRSMB_BAD_URI,
           "%s: max_size=%s: a number of bytes is wanted, at least 1M, with or without a suffix "
           "K, M, G or T",
           uri, text);
    *size = (uint64_t)number << shift;
    return RRSMB_OK;
}

/* One `name=value` of the query. */
static rrsmb_status lmdb_parameter(const char *uri, const char *name, const char *value,
                                   struct kv_lmdb_options *lmdb)
{
    if (strcmp(name, "max_size") == 0)
        return parse_size(uri, value, &lmdb->max_size);
    if (strcmp(name, "sync") == 0) {
        lmdb->sync = strcmp(value, "none") != 0;
        ENSURE(!lmdb->sync || strcmp(value, "commit") == 0, RRSMB_BAD_URI,
               "%s: sync=%s: 'commit' or 'none' is wanted", uri, value);
        return RRSMB_OK;
    }
    if (strcmp(name, "create") == 0) {
        bool create = strcmp(value, "0") != 0;
        ENSURE(!create || strcmp(value, "1") == 0, RRSMB_BAD_URI,
               "%s: create=%s: '0' or '1' is wanted", uri, value);
        lmdb->create = lmdb->create && create;
        return RRSMB_OK;
    }
    return FAIL(RRSMB_BAD_URI, "%s: there is no parameter '%s' (sync, create, max_size)", uri,
                name);
}

static rrsmb_status lmdb_parameters(const char *uri, char *query, struct kv_lmdb_options *lmdb)
{
    char *rest = query;
    char *pair;
    while ((pair = strsep(&rest, "&")) != NULL) {
        char *equals = strchr(pair, '=');
        ENSURE(equals != NULL, RRSMB_BAD_URI, "%s: '%s' is not name=value", uri, pair);
        *equals = '\0';
        TRY(unescape(uri, equals + 1));
        TRY(lmdb_parameter(uri, pair, equals + 1, lmdb));
    }
    return RRSMB_OK;
}

static rrsmb_status open_lmdb(const char *uri, char *path, const struct backend_options *options,
                              struct kv **kv)
{
    struct kv_lmdb_options lmdb = {.max_size = DEFAULT_MAX_SIZE,
                                   .sync = true,
                                   .create = options->create,
                                   .read_only = options->read_only,
                                   .logger = options->logger};
    ENSURE(path[0] == '/', RRSMB_BAD_URI,
           "%s: an LMDB store is a folder of this machine: lmdb:///FOLDER, with three slashes",
           uri);
    char *query = path;
    lmdb.path = strsep(&query, "?");
    ENSURE(strlen(path) > 1, RRSMB_BAD_URI, "%s: there is no folder in it: lmdb:///FOLDER", uri);
    TRY(unescape(uri, path));
    if (query != NULL)
        TRY(lmdb_parameters(uri, query, &lmdb));
    return kv_lmdb_open(&lmdb, kv);
}

static rrsmb_status open_kv(const char *uri, const struct backend_options *options, struct kv **kv)
{
    static const char lmdb[] = "lmdb://";
    if (strcmp(uri, "memory:") == 0)
        return kv_memory_open(kv);
    ENSURE(strncmp(uri, lmdb, strlen(lmdb)) == 0, RRSMB_BAD_URI,
           "'%s' is not the URI of a store: lmdb:///FOLDER or memory:", uri);
    CLEANUP(cleanup_free) char *copy = strdup(uri);
    ENSURE(copy != NULL, RRSMB_NO_MEMORY, "reading a store URI: out of memory");
    return open_lmdb(uri, copy + strlen(lmdb), options, kv);
}

rrsmb_status backend_open(const char *uri, const struct backend_options *options,
                          struct backend **backend)
{
    struct kv *kv;
    TRY(open_kv(uri, options, &kv));
    return kv_backend_open(kv, backend);
}
