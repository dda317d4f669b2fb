/* SPDX-License-Identifier: Apache-2.0 */
/* The turn to write, with a time limit.
 *
 * LMDB's own writer lock waits for ever, and smbd serves its client in one thread. All programs
 * that write take this lock first, so that they never wait inside LMDB. It is a robust mutex in
 * a shared file: a killed holder passes it on at once. */
#ifndef RRSMB_BACKEND_LMDB_WRITE_LOCK_H
#define RRSMB_BACKEND_LMDB_WRITE_LOCK_H

#include <rrsmb/status.h>

struct write_lock {
    int fd;
    struct write_lock_page *page;
};

/** Map the lock file `write.lock` of a store's folder, 0600, making or renewing it if nobody
 *  uses it. */
rrsmb_status write_lock_open(const char *folder, struct write_lock *lock);
void write_lock_close(struct write_lock *lock);

/** Wait for the turn until the deadline (RRSMB_TIMED_OUT). */
rrsmb_status write_lock_take(struct write_lock *lock, int64_t deadline);
void write_lock_release(struct write_lock *lock);

#endif
