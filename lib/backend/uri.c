/* SPDX-License-Identifier: Apache-2.0 */
/* From a store's URI to its backend. libcurl takes the URI apart. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/backend.h"
#include "lib/backend/kv.h"
#include "lib/base/error.h"

/* LMDB reserves this much address space, not memory and not disk: room for some 800 million
 * rows. */
#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)
/* Below this LMDB has no room to copy a page before it changes it. */
#define LEAST_MAX_SIZE (UINT64_C(1) << 20)

static void cleanup_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void cleanup_curl_text(char **text)
{
    curl_free(*text);
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
        CLEANUP(cleanup_curl_text) char *value = curl_easy_unescape(NULL, equals + 1, 0, NULL);
        ENSURE(value != NULL, RRSMB_NO_MEMORY, "reading a store URI: out of memory");
        TRY(lmdb_parameter(uri, pair, value, lmdb));
    }
    return RRSMB_OK;
}

static rrsmb_status open_lmdb(const char *uri, CURLU *url, const struct backend_options *options,
                              struct kv **kv)
{
    CLEANUP(cleanup_curl_text) char *host = NULL;
    CLEANUP(cleanup_curl_text) char *path = NULL;
    CLEANUP(cleanup_curl_text) char *query = NULL;
    (void)curl_url_get(url, CURLUPART_HOST, &host, 0);
    ENSURE(host == NULL || host[0] == '\0', RRSMB_BAD_URI,
           "%s: an LMDB store is on this machine: lmdb:///FOLDER, with three slashes", uri);
    CURLUcode error = curl_url_get(url, CURLUPART_PATH, &path, CURLU_URLDECODE);
    ENSURE(error == CURLUE_OK, RRSMB_BAD_URI, "%s: the path cannot be read: %s", uri,
           curl_url_strerror(error));
    ENSURE(strlen(path) > 1, RRSMB_BAD_URI, "%s: there is no folder in it: lmdb:///FOLDER", uri);

    struct kv_lmdb_options lmdb = {.path = path,
                                   .max_size = DEFAULT_MAX_SIZE,
                                   .sync = true,
                                   .create = options->create,
                                   .read_only = options->read_only,
                                   .logger = options->logger};
    error = curl_url_get(url, CURLUPART_QUERY, &query, 0);
    ENSURE(error == CURLUE_OK || error == CURLUE_NO_QUERY, RRSMB_BAD_URI, "%s: %s", uri,
           curl_url_strerror(error));
    if (query != NULL)
        TRY(lmdb_parameters(uri, query, &lmdb));
    return kv_lmdb_open(&lmdb, kv);
}

static rrsmb_status open_kv(const char *uri, const struct backend_options *options, struct kv **kv)
{
    if (strcmp(uri, "memory:") == 0)
        return kv_memory_open(kv);

    CLEANUP(cleanup_url) CURLU *url = curl_url();
    ENSURE(url != NULL, RRSMB_NO_MEMORY, "reading a store URI: out of memory");
    CURLUcode error = curl_url_set(url, CURLUPART_URL, uri,
                                   CURLU_NON_SUPPORT_SCHEME | CURLU_NO_AUTHORITY |
                                       CURLU_PATH_AS_IS | CURLU_ALLOW_SPACE);
    ENSURE(error == CURLUE_OK, RRSMB_BAD_URI, "'%s' is not the URI of a store: %s", uri,
           curl_url_strerror(error));
    CLEANUP(cleanup_curl_text) char *scheme = NULL;
    error = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    ENSURE(error == CURLUE_OK && strcmp(scheme, "lmdb") == 0, RRSMB_BAD_URI,
           "%s: a store is lmdb:///FOLDER or memory:", uri);
    return open_lmdb(uri, url, options, kv);
}

rrsmb_status backend_open(const char *uri, const struct backend_options *options,
                          struct backend **backend)
{
    struct kv *kv;
    TRY(open_kv(uri, options, &kv));
    return kv_backend_open(kv, backend);
}
