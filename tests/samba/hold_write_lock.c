/* SPDX-License-Identifier: Apache-2.0 */
/* hold_write_lock FOLDER: take the write lock of an LMDB store, say so, and keep it until the
 * standard input ends. Stands for a process that is stuck in the middle of a write. */
#include <stdio.h>

#include "lib/backend/lmdb/write_lock.h"
#include "lib/base/clock.h"

#define PATIENCE_MS 20000

int main(int argc, char **argv)
{
    struct write_lock lock;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: hold_write_lock FOLDER\n");
        return 2;
    }
    if (write_lock_open(argv[1], &lock) != RRSMB_OK ||
        write_lock_take(&lock, deadline_after(PATIENCE_MS, 0)) != RRSMB_OK) {
        (void)fprintf(stderr, "hold_write_lock: %s\n", rrsmb_error_last()->message);
        return 1;
    }
    (void)printf("held\n");
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    write_lock_release(&lock);
    write_lock_close(&lock);
    return 0;
}
