/* SPDX-License-Identifier: Apache-2.0 */
/* fsck: every rule that can be checked on the stored data.
 *
 * One transaction over all of it, so that what is compared belongs to one moment; when repairing,
 * it is the turn to write, and other writers wait. Nothing is ever repaired by removing a row:
 * absent would mean the default ACL. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/store/share_item.h"
#include "lib/store/store.h"
#include "lib/store/tally.h"

#define BATCH 512
/* Rows between two reports of progress. */
#define PROGRESS_STEP 65536

struct check {
    rrsmb_store *store;
    struct backend_txn *txn;
    const rrsmb_check_options *options;
    rrsmb_check_result result;
    struct tally rows_of_blob; /* number: rows; flag: the descriptor is there */
    struct tally shares;       /* known share ids, in the first 8 bytes of a key */
    struct tally repairs;      /* number: what to add to the count; flag: remove it */
};

__attribute__((format(printf, 4, 5))) static rrsmb_status report(struct check *check,
                                                                 rrsmb_problem_kind kind,
                                                                 bool repaired, const char *format,
                                                                 ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check->result.problems++;
    check->result.repaired += repaired;
    rrsmb_problem problem = {
        .size = sizeof problem, .kind = kind, .repaired = repaired, .text = text};
    ENSURE(check->options->problem == NULL ||
               check->options->problem(check->options->context, &problem) == 0,
           RRSMB_CANCELLED, "checking a store: stopped by the caller");
    return RRSMB_OK;
}

static bool repairing(const struct check *check)
{
    return (check->options->flags & RRSMB_CHECK_REPAIR) != 0;
}

/* A hash as people see it: enough of it to find it. */
struct short_hash {
    char text[17];
};

static struct short_hash shorten(const uint8_t *hash)
{
    struct short_hash shortened;
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(shortened.text + 2 * i, 3, "%02x", hash[i]);
    return shortened;
}

/* -- shares ---------------------------------------------------------------------------------- */

static void share_key(uint64_t share, uint8_t key[RRSMB_SD_DIGEST_SIZE])
{
    memset(key, 0, RRSMB_SD_DIGEST_SIZE);
    put_le64(key, share);
}

static rrsmb_status check_generations(struct check *check, const struct share_record *record)
{
    struct backend *backend = check->store->backend;
    struct generations generations;
    rrsmb_status status =
        backend->ops->generations_get(backend, check->txn, &record->id, 1, &generations);
    if (status != RRSMB_DAMAGED)
        return status;
    return report(check, RRSMB_PROBLEM_BAD_SHARE, false,
                  "share '%s': its generation counters are damaged; the next change of a row "
                  "begins them anew",
                  record->name);
}

static rrsmb_status check_share(void *context, struct bytes sk, const struct item *item)
{
    struct check *check = context;
    struct share_record record;
    rrsmb_status status = item != NULL ? share_record_decode(sk, item, &record) : RRSMB_DAMAGED;
    if (status == RRSMB_DAMAGED)
        return report(check, RRSMB_PROBLEM_BAD_SHARE, false, "share '%.*s': its item is damaged",
                      (int)sk.size, (const char *)sk.data);
    TRY(status);
    uint8_t key[RRSMB_SD_DIGEST_SIZE];
    struct tally_entry *entry;
    share_key(record.id, key);
    status = tally_entry(&check->shares, key, &entry);
    if (status == RRSMB_OK && ++entry->number > 1)
        status =
            report(check, RRSMB_PROBLEM_BAD_SHARE, false,
                   "share '%s' has the id %016" PRIx64 " of another share", record.name, record.id);
    if (status == RRSMB_OK)
        status = check_generations(check, &record);
    share_record_clear(&record);
    return status;
}

static rrsmb_status check_owner(struct check *check, const struct row_key *row)
{
    uint8_t key[RRSMB_SD_DIGEST_SIZE];
    struct tally_entry *entry;
    share_key(row->share, key);
    TRY(tally_entry(&check->shares, key, &entry));
    if (entry->number > 0 || entry->flag)
        return RRSMB_OK;
    entry->flag = true; /* once a share is enough */
    return report(check, RRSMB_PROBLEM_ORPHAN_ROW, false,
                  "inode %" PRIu64 " and maybe more belong to share %016" PRIx64
                  ", which is not there",
                  row->inode, row->share);
}

/* -- rows ------------------------------------------------------------------------------------ */

static rrsmb_status check_row(struct check *check, const struct keyed_row *row)
{
    check->result.rows++;
    if (row->bad)
        return report(check, RRSMB_PROBLEM_BAD_ROW, false,
                      "inode %" PRIu64 " of share %016" PRIx64
                      ": the row does not match its checksum; access stays denied",
                      row->key.inode, row->key.share);
    TRY(check_owner(check, &row->key));
    struct tally_entry *entry;
    TRY(tally_entry(&check->rows_of_blob, row->row.hash, &entry));
    if (entry->number++ == 0) {
        struct backend *backend = check->store->backend;
        struct blob blob = {0};
        rrsmb_status status = backend->ops->blob_get(backend, check->txn, row->row.hash, NULL, 0,
                                                     &blob, &entry->flag);
        /* It is there, though broken, which the look at the descriptors tells. */
        if (status == RRSMB_DAMAGED)
            entry->flag = true;
        else
            TRY(status);
    }
    if (entry->flag)
        return RRSMB_OK;
    return report(check, RRSMB_PROBLEM_DANGLING_ROW, false,
                  "inode %" PRIu64 " of share %016" PRIx64
                  ": its descriptor %s is missing; access stays denied",
                  row->key.inode, row->key.share, shorten(row->row.hash).text);
}

static rrsmb_status check_rows(struct check *check)
{
    struct backend *backend = check->store->backend;
    struct keyed_row rows[BATCH];
    struct scan scan = {.all_shares = true};
    uint64_t told = 0;
    for (size_t count = BATCH; count > 0;) {
        TRY(backend->ops->row_scan(backend, check->txn, &scan, rows, BATCH, &count));
        for (size_t i = 0; i < count; i++)
            TRY(check_row(check, &rows[i]));
        if (check->options->progress == NULL || check->result.rows - told < PROGRESS_STEP)
            continue;
        told = check->result.rows;
        ENSURE(check->options->progress(check->options->context, told, 0) == 0, RRSMB_CANCELLED,
               "checking a store: stopped by the caller");
    }
    if (scan.odd_keys == 0)
        return RRSMB_OK;
    return report(check, RRSMB_PROBLEM_BAD_ROW, false,
                  "%" PRIu64 " entries of the index have a key of a wrong length: no file has them",
                  scan.odd_keys);
}

/* -- descriptors ----------------------------------------------------------------------------- */

/* Repairs wait until the listing is over, which must not be changed under its feet. */
static rrsmb_status check_count(struct check *check, const uint8_t *hash, const struct blob *blob)
{
    struct tally_entry *rows;
    struct tally_entry *repair;
    TRY(tally_entry(&check->rows_of_blob, hash, &rows));
    if ((uint64_t)rows->number == blob->count && blob->count > 0)
        return RRSMB_OK;
    if (repairing(check)) {
        TRY(tally_entry(&check->repairs, hash, &repair));
        repair->number = (int64_t)((uint64_t)rows->number - blob->count);
        repair->flag = rows->number == 0;
    }
    if (rows->number == 0)
        return report(check, RRSMB_PROBLEM_UNUSED, repairing(check),
                      "descriptor %s has no row (its count says %" PRIu64 ")", shorten(hash).text,
                      blob->count);
    return report(check, RRSMB_PROBLEM_WRONG_COUNT, repairing(check),
                  "descriptor %s has %" PRId64 " rows; its count says %" PRIu64, shorten(hash).text,
                  rows->number, blob->count);
}

static rrsmb_status check_blob(void *context, const uint8_t hash[RRSMB_SD_DIGEST_SIZE],
                               const struct blob *blob)
{
    struct check *check = context;
    check->result.descriptors++;
    if (hash == NULL)
        return report(check, RRSMB_PROBLEM_BAD_DESCRIPTOR, false,
                      "an entry of the table of descriptors has a key of a wrong length: no row "
                      "can name it");
    rrsmb_status status = store_check_blob(hash, (struct bytes){blob->data, blob->size});
    /* Kept, count and all: a put of the right descriptor mends it. */
    if (status == RRSMB_DAMAGED)
        return report(check, RRSMB_PROBLEM_BAD_DESCRIPTOR, false,
                      "descriptor %s does not match its hash; access stays denied",
                      shorten(hash).text);
    TRY(status);
    return check_count(check, hash, blob);
}

static rrsmb_status repair_counts(struct check *check)
{
    struct backend *backend = check->store->backend;
    for (size_t i = 0; i < check->repairs.room; i++) {
        const struct tally_entry *repair = &check->repairs.entries[i];
        if (!repair->used)
            continue;
        uint64_t after;
        if (repair->flag)
            TRY(backend->ops->blob_remove(backend, check->txn, repair->hash));
        else
            TRY(backend->ops->blob_add(backend, check->txn, repair->hash, repair->number, &after));
    }
    return RRSMB_OK;
}

static rrsmb_status check_all(struct check *check)
{
    struct backend *backend = check->store->backend;
    TRY(backend->ops->item_list(backend, check->txn, SHARE_PK, check_share, check));
    TRY(check_rows(check));
    TRY(backend->ops->blob_list(backend, check->txn, check_blob, check));
    return repair_counts(check);
}

rrsmb_status rrsmb_store_check(rrsmb_store *store, const rrsmb_check_options *options,
                               rrsmb_check_result *result)
{
    ENSURE(store != NULL && result != NULL, RRSMB_INVALID_ARGUMENT,
           "checking a store: neither the store nor the result may be NULL");
    TRY(RESULT_CHECK(result));
    rrsmb_check_options given;
    TRY(OPTIONS_LOAD(given, options));
    ENSURE((given.flags & ~RRSMB_CHECK_REPAIR) == 0, RRSMB_INVALID_ARGUMENT,
           "checking a store: unknown flags 0x%x", given.flags);
    struct check check = {.store = store, .options = &given};
    if (repairing(&check))
        TRY(store_begin_write(store, 0, &check.txn));
    else
        TRY(store_begin_read(store, &check.txn));
    rrsmb_status status = check_all(&check);
    tally_clear(&check.rows_of_blob);
    tally_clear(&check.shares);
    tally_clear(&check.repairs);
    TRY(store_end(store, check.txn, status));
    RESULT_STORE(result, check.result);
    return RRSMB_OK;
}
