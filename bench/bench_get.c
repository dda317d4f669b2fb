/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb_store_get() on LMDB against the two bare mdb_get() that it needs, in one renewed read
 * transaction. Same data, same keys, taking turns in one run; prints JSON with the medians.
 *
 * The peer reads a copy of the file: two environments on one folder in a process are not allowed. */
#include <endian.h>
#include <lmdb.h>
#include <rrsmb/rrsmb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ROWS 100000
#define DESCRIPTORS 100
#define READS 200000
#define ROUNDS 15

#define MUST(call)                                                                      \
    do {                                                                                \
        if ((call) != 0) {                                                              \
            fprintf(stderr, "bench_get: %s: %s\n", #call, rrsmb_error_last()->message); \
            exit(1);                                                                    \
        }                                                                               \
    } while (0)

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A folder's ACL as Windows writes it: eight entries, 372 bytes for most domains. */
static size_t descriptor(unsigned number, uint8_t *sd, size_t capacity)
{
    char text[1024];
    size_t size;
    int length = snprintf(text, sizeof text,
                          "O:S-1-5-21-1-2-3-500G:S-1-5-21-1-2-3-513D:PAI"
                          "(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-21-1-2-3-%u)"
                          "(A;OICI;0x1200a9;;;S-1-5-21-1-2-3-%u)(A;OICIIO;FA;;;CO)"
                          "(D;OICI;0x10000;;;S-1-5-21-1-2-3-1001)(A;;FR;;;AU)"
                          "(A;OICI;0x1200a9;;;S-1-5-21-1-2-3-1002)",
                          2000 + number, 3000 + number);
    MUST(rrsmb_sd_from_sddl(text, (size_t)length, NULL, sd, capacity, &size));
    return size;
}

static void fill(rrsmb_share *share)
{
    static uint8_t sds[DESCRIPTORS][512];
    static size_t sizes[DESCRIPTORS];
    static rrsmb_put_item items[ROWS];
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        sizes[i] = descriptor(i, sds[i], sizeof sds[i]);
    for (unsigned i = 0; i < ROWS; i++) {
        items[i] =
            (rrsmb_put_item){.sd = sds[i % DESCRIPTORS], .sd_length = sizes[i % DESCRIPTORS]};
        MUST(rrsmb_file_id_from_inode(share, i, 0, &items[i].id));
    }
    MUST(rrsmb_store_put_many(share, items, ROWS, NULL, NULL));
}

static double read_by_library(rrsmb_share *share, uint64_t seed)
{
    uint8_t sd[1024];
    size_t size;
    rrsmb_file_id id = {.share = rrsmb_share_get_info(share)->id};
    double began = now();
    for (int i = 0; i < READS; i++) {
        id.inode = next_random(&seed) % ROWS;
        MUST(rrsmb_store_get(share, &id, sd, sizeof sd, &size, NULL));
    }
    return (now() - began) / READS;
}

struct bare {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi rows;
    MDB_dbi blobs;
};

static void open_bare(struct bare *bare, const char *folder)
{
    MUST(mdb_env_create(&bare->env));
    MUST(mdb_env_set_maxdbs(bare->env, 4));
    MUST(mdb_env_set_mapsize(bare->env, (size_t)1 << 30));
    MUST(mdb_env_open(bare->env, folder, MDB_NOTLS, 0600));
    MUST(mdb_txn_begin(bare->env, NULL, MDB_RDONLY, &bare->txn));
    MUST(mdb_dbi_open(bare->txn, "acl-index", 0, &bare->rows));
    MUST(mdb_dbi_open(bare->txn, "acl-store", 0, &bare->blobs));
    MUST(mdb_txn_commit(bare->txn));
    MUST(mdb_txn_begin(bare->env, NULL, MDB_RDONLY, &bare->txn));
    mdb_txn_reset(bare->txn);
}

static double read_bare(const struct bare *bare, uint64_t share, uint64_t seed)
{
    uint8_t sd[1024];
    uint64_t key[2] = {htobe64(share), 0};
    double began = now();
    for (int i = 0; i < READS; i++) {
        key[1] = htobe64(next_random(&seed) % ROWS);
        MDB_val k = {.mv_size = sizeof key, .mv_data = key};
        MDB_val row;
        MDB_val blob;
        MUST(mdb_txn_renew(bare->txn));
        MUST(mdb_get(bare->txn, bare->rows, &k, &row));
        MDB_val hash = {.mv_size = 32, .mv_data = row.mv_data};
        MUST(mdb_get(bare->txn, bare->blobs, &hash, &blob));
        memcpy(sd, (uint8_t *)blob.mv_data + 16, blob.mv_size - 16);
        mdb_txn_reset(bare->txn);
    }
    return (now() - began) / READS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_get FOLDER (empty)\n");
        return 2;
    }
    char uri[512];
    char copy[512];
    char command[2048];
    rrsmb_store *store;
    rrsmb_share *share;
    struct bare bare;
    double ours[ROUNDS];
    double peer[ROUNDS];

    snprintf(uri, sizeof uri, "lmdb://%s/store?sync=none", argv[1]);
    snprintf(copy, sizeof copy, "%s/copy", argv[1]);
    MUST(rrsmb_store_open(uri, NULL, &store));
    MUST(rrsmb_share_open(store, "bench", NULL, &share));
    fill(share);
    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s/store/data.mdb' '%s'", copy, argv[1],
             copy);
    MUST(system(command));
    open_bare(&bare, copy);

    uint64_t id = rrsmb_share_get_info(share)->id;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        peer[round] = read_bare(&bare, id, 88172645463325252u + round);
        ours[round] = read_by_library(share, 88172645463325252u + round);
    }
    double a = median(ours, ROUNDS);
    double b = median(peer, ROUNDS);
    printf("{\"bench\": \"get\", \"rrsmb_store_get_ns\": %.0f, \"two_bare_mdb_get_ns\": %.0f, "
           "\"ratio\": %.2f, \"bar\": 2.5}\n",
           a, b, a / b);
    mdb_txn_abort(bare.txn);
    mdb_env_close(bare.env);
    rrsmb_share_close(share);
    rrsmb_store_close(store);
    return 0;
}
