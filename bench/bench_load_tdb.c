/* SPDX-License-Identifier: Apache-2.0 */
/* The peer of `rrsmb import`: tdb_store() of a whole descriptor for each file, as an ACL database
 * without deduplication does. No sync, no transactions, a hash table sized for the load.
 *
 *   bench_load_tdb FILE ROWS SD_FILE...      reads keys (decimal inodes) from stdin */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <tdb.h>
#include <time.h>

#define DESCRIPTOR_SIZE 372

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_load_tdb FILE ROWS <INODES\n");
        return 2;
    }
    unsigned long rows = strtoul(argv[2], NULL, 10);
    uint64_t *inodes = calloc(rows, sizeof *inodes);
    for (unsigned long i = 0; i < rows; i++)
        if (scanf("%lu", &inodes[i]) != 1)
            return 1;

    double began = now();
    struct tdb_context *tdb = tdb_open(argv[1], 1000003, TDB_NOSYNC | TDB_INCOMPATIBLE_HASH,
                                       O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (tdb == NULL)
        return 1;
    for (unsigned long i = 0; i < rows; i++) {
        uint64_t key[2] = {1, inodes[i]};
        unsigned char sd[DESCRIPTOR_SIZE] = {(unsigned char)(i % 100)};
        TDB_DATA k = {.dptr = (unsigned char *)key, .dsize = sizeof key};
        TDB_DATA v = {.dptr = sd, .dsize = sizeof sd};
        if (tdb_store(tdb, k, v, TDB_REPLACE) != 0)
            return 1;
    }
    tdb_close(tdb);
    printf("%.3f\n", now() - began);
    return 0;
}
