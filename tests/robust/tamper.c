/* SPDX-License-Identifier: Apache-2.0 */
#include "tamper.h"

#include "lib/base/clock.h"
#include "support.h"

static struct kv *open_kv(const char *folder)
{
    struct kv_lmdb_options options = {.path = folder, .max_size = 64 << 20};
    struct kv *kv;
    OK(kv_lmdb_open(&options, &kv));
    return kv;
}

struct entry entry_read(const char *folder, enum kv_table table, struct bytes from)
{
    struct kv *kv = open_kv(folder);
    struct kv_txn *txn;
    struct bytes key;
    struct bytes value;
    bool found;
    OK(kv->ops->begin(kv, KV_READ, DEADLINE_NEVER, &txn));
    OK(txn->ops->seek(txn, table, from, &key, &value, &found));
    MUST(found && key.size <= 512, "no such entry");
    struct entry entry = {
        .key_size = key.size, .value = malloc(value.size), .value_size = value.size};
    MUST(entry.value != NULL, "out of memory");
    memcpy(entry.key, key.data, key.size);
    memcpy(entry.value, value.data, value.size);
    txn->ops->abort(txn);
    kv->ops->close(kv);
    return entry;
}

void entry_write(const char *folder, enum kv_table table, const struct entry *entry)
{
    struct kv *kv = open_kv(folder);
    struct kv_txn *txn;
    OK(kv->ops->begin(kv, KV_WRITE, DEADLINE_NEVER, &txn));
    OK(txn->ops->put(txn, table, (struct bytes){entry->key, entry->key_size},
                     (struct bytes){entry->value, entry->value_size}));
    OK(txn->ops->commit(txn));
    kv->ops->close(kv);
}
