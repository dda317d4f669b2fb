/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value database in this process's memory: for tests and trials.
 *
 * One lock for all memory databases of the process, held for the length of a transaction, so that
 * a fork never catches one half changed; the child has a copy from then on. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/backend/kv.h"
#include "lib/backend/ordered_map.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/process.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void protect_lock(void)
{
    process_protect(&lock);
}

struct memory_kv {
    struct kv base;
    struct ordered_map tables[KV_TABLES];
};

/* One change: what went out of the map and what came in, either may be NULL. */
struct change {
    struct change *earlier;
    enum kv_table table;
    struct map_node *out;
    struct map_node *in;
};

struct memory_txn {
    struct kv_txn base;
    struct memory_kv *kv;
    enum kv_mode mode;
    struct change *changes; /* the latest first */
    struct map_node *at[KV_TABLES];
};

static struct memory_txn *txn_of(struct kv_txn *txn)
{
    return (struct memory_txn *)txn;
}

static rrsmb_status take_lock(int64_t deadline)
{
    int error = 0;
    if (deadline == DEADLINE_NOW) {
        error = pthread_mutex_trylock(&lock);
    } else if (deadline == DEADLINE_NEVER) {
        error = pthread_mutex_lock(&lock);
    } else {
        struct timespec until = deadline_timespec(deadline);
        error = pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until);
    }
    ENSURE(error == 0, RRSMB_TIMED_OUT, "waiting for the memory store: somebody else is writing");
    return RRSMB_OK;
}

static rrsmb_status memory_begin(struct kv *kv, enum kv_mode mode, int64_t deadline,
                                 struct kv_txn **txn)
{
    struct memory_txn *begun = malloc(sizeof *begun);
    ENSURE(begun != NULL, RRSMB_NO_MEMORY, "beginning a transaction: out of memory");
    *begun =
        (struct memory_txn){.base = {.ops = kv->ops}, .kv = (struct memory_kv *)kv, .mode = mode};
    rrsmb_status status = take_lock(mode == KV_READ ? DEADLINE_NEVER : deadline);
    if (status != RRSMB_OK) {
        free(begun);
        return status;
    }
    *txn = &begun->base;
    return RRSMB_OK;
}

static void end(struct memory_txn *txn)
{
    (void)pthread_mutex_unlock(&lock);
    free(txn);
}

static rrsmb_status memory_commit(struct kv_txn *base)
{
    struct memory_txn *txn = txn_of(base);
    for (struct change *change = txn->changes; change != NULL;) {
        struct change *earlier = change->earlier;
        map_node_free(change->out);
        free(change);
        change = earlier;
    }
    end(txn);
    return RRSMB_OK;
}

static void memory_abort(struct kv_txn *base)
{
    struct memory_txn *txn = txn_of(base);
    for (struct change *change = txn->changes; change != NULL;) {
        struct change *earlier = change->earlier;
        struct ordered_map *map = &txn->kv->tables[change->table];
        if (change->in != NULL)
            map_unlink(map, change->in);
        if (change->out != NULL)
            map_link(map, change->out);
        map_node_free(change->in);
        free(change);
        change = earlier;
    }
    end(txn);
}

static rrsmb_status memory_get(struct kv_txn *base, enum kv_table table, struct bytes key,
                               struct bytes *value, bool *found)
{
    struct map_node *node = map_find(&txn_of(base)->kv->tables[table], key);
    *found = node != NULL;
    if (node != NULL)
        *value = node->value;
    return RRSMB_OK;
}

/* Puts `in` (or nothing) in the place of the node of that key (or of nothing). */
static rrsmb_status replace(struct memory_txn *txn, enum kv_table table, struct bytes key,
                            struct map_node *in)
{
    struct change *change = malloc(sizeof *change);
    ENSURE(change != NULL, RRSMB_NO_MEMORY, "changing the memory store: out of memory");
    struct ordered_map *map = &txn->kv->tables[table];
    *change = (struct change){
        .earlier = txn->changes, .table = table, .out = map_find(map, key), .in = in};
    if (change->out != NULL)
        map_unlink(map, change->out);
    if (in != NULL)
        map_link(map, in);
    txn->changes = change;
    return RRSMB_OK;
}

static rrsmb_status memory_put(struct kv_txn *base, enum kv_table table, struct bytes key,
                               struct bytes value)
{
    struct memory_txn *txn = txn_of(base);
    struct map_node *node = map_node_new(&txn->kv->tables[table], key, value);
    ENSURE(node != NULL, RRSMB_NO_MEMORY, "writing to the memory store: out of memory");
    rrsmb_status status = replace(txn, table, key, node);
    if (status != RRSMB_OK)
        map_node_free(node);
    return status;
}

static rrsmb_status memory_remove(struct kv_txn *base, enum kv_table table, struct bytes key)
{
    struct memory_txn *txn = txn_of(base);
    if (map_find(&txn->kv->tables[table], key) == NULL)
        return RRSMB_OK;
    return replace(txn, table, key, NULL);
}

static void show(struct map_node *node, struct bytes *key, struct bytes *value, bool *found)
{
    *found = node != NULL;
    if (node == NULL)
        return;
    *key = node->key;
    *value = node->value;
}

static rrsmb_status memory_seek(struct kv_txn *base, enum kv_table table, struct bytes from,
                                struct bytes *key, struct bytes *value, bool *found)
{
    struct memory_txn *txn = txn_of(base);
    txn->at[table] = map_seek(&txn->kv->tables[table], from);
    show(txn->at[table], key, value, found);
    return RRSMB_OK;
}

static rrsmb_status memory_next(struct kv_txn *base, enum kv_table table, struct bytes *key,
                                struct bytes *value, bool *found)
{
    struct memory_txn *txn = txn_of(base);
    if (txn->at[table] != NULL)
        txn->at[table] = txn->at[table]->next[0];
    show(txn->at[table], key, value, found);
    return RRSMB_OK;
}

static rrsmb_status memory_usage(struct kv_txn *base, struct kv_usage *usage)
{
    const struct memory_kv *kv = txn_of(base)->kv;
    *usage = (struct kv_usage){0};
    for (size_t i = 0; i < KV_TABLES; i++) {
        usage->entries[i] = kv->tables[i].entries;
        usage->stored_bytes += kv->tables[i].bytes;
    }
    return RRSMB_OK;
}

static void memory_close(struct kv *base)
{
    struct memory_kv *kv = (struct memory_kv *)base;
    for (size_t i = 0; i < KV_TABLES; i++)
        map_clear(&kv->tables[i]);
    free(kv);
}

static const struct kv_ops operations = {
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .put = memory_put,
    .remove = memory_remove,
    .seek = memory_seek,
    .next = memory_next,
    .usage = memory_usage,
};

rrsmb_status kv_memory_open(struct kv **kv)
{
    struct memory_kv *opened = calloc(1, sizeof *opened);
    ENSURE(opened != NULL, RRSMB_NO_MEMORY, "opening a memory store: out of memory");
    opened->base.ops = &operations;
    *kv = &opened->base;
    return RRSMB_OK;
}
