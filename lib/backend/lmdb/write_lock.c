/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/lmdb/write_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"

/* "RRSMBWL2": a mutex of another layout (another C library, another word size) is refused, not
 * taken for one of ours. */
#define MAGIC UINT64_C(0x52525342574c3032)

struct write_lock_page {
    uint64_t magic;
    uint64_t mutex_size;
    uint64_t reserved[6];
    pthread_mutex_t next;  /* held by the one whose turn comes next */
    pthread_mutex_t mutex; /* held by the writer */
};

static rrsmb_status initialise(struct write_lock_page *page)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error == 0)
        error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (error == 0)
        error = pthread_mutex_init(&page->mutex, &attributes);
    if (error == 0)
        error = pthread_mutex_init(&page->next, &attributes);
    errno = error;
    if (error != 0)
        return FAIL_ERRNO("making the write lock of a store");
    (void)pthread_mutexattr_destroy(&attributes);
    page->mutex_size = sizeof page->mutex;
    page->magic = MAGIC;
    return RRSMB_OK;
}

/* The first user makes the mutex anew: a power failure may have left it locked by a thread that no
 * longer exists, which a robust mutex cannot know. Who is first is told by a lock on the file that
 * each user holds, exclusive while making, then shared. Turning one into the other is atomic. */
static rrsmb_status attach(struct write_lock *lock, const char *folder)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lock->fd, F_OFD_SETLK, &whole) == 0) {
        /* Not a hole: writing to one on a full disk through the map would be a SIGBUS. */
        errno = posix_fallocate(lock->fd, 0, sizeof(struct write_lock_page));
        if (errno != 0)
            return FAIL_ERRNO("making %s/write.lock", folder);
        TRY(initialise(lock->page));
        whole.l_type = F_RDLCK;
        if (fcntl(lock->fd, F_OFD_SETLK, &whole) != 0)
            return FAIL_ERRNO("locking %s/write.lock", folder);
        return RRSMB_OK;
    }
    whole.l_type = F_RDLCK;
    while (fcntl(lock->fd, F_OFD_SETLKW, &whole) != 0)
        if (errno != EINTR)
            return FAIL_ERRNO("locking %s/write.lock", folder);

    struct stat file;
    if (fstat(lock->fd, &file) != 0)
        return FAIL_ERRNO("examining %s/write.lock", folder);
    ENSURE(file.st_size >= (off_t)sizeof(struct write_lock_page) && lock->page->magic == MAGIC &&
               lock->page->mutex_size == sizeof lock->page->mutex,
           RRSMB_NEWER_FORMAT,
           "%s/write.lock is in use by a program with another kind of lock (%" PRIu64
           " bytes, here %zu)",
           folder, file.st_size >= 16 ? lock->page->mutex_size : 0, sizeof lock->page->mutex);
    return RRSMB_OK;
}

rrsmb_status write_lock_open(const char *folder, struct write_lock *lock)
{
    *lock = (struct write_lock){.fd = -1};
    char path[PATH_MAX];
    ENSURE(snprintf(path, sizeof path, "%s/write.lock", folder) < (int)sizeof path,
           RRSMB_INVALID_ARGUMENT, "the path of the store is too long");
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0)
        return FAIL_ERRNO("opening %s", path);

    void *page =
        mmap(NULL, sizeof(struct write_lock_page), PROT_READ | PROT_WRITE, MAP_SHARED, lock->fd, 0);
    if (page == MAP_FAILED) {
        rrsmb_status status = FAIL_ERRNO("mapping %s", path);
        write_lock_close(lock);
        return status;
    }
    lock->page = page;
    rrsmb_status status = attach(lock, folder);
    if (status != RRSMB_OK)
        write_lock_close(lock);
    return status;
}

void write_lock_close(struct write_lock *lock)
{
    if (lock->page != NULL)
        (void)munmap(lock->page, sizeof *lock->page);
    if (lock->fd >= 0)
        (void)close(lock->fd);
    *lock = (struct write_lock){.fd = -1};
}

static int lock_until(pthread_mutex_t *mutex, int64_t deadline)
{
    if (deadline == DEADLINE_NOW)
        return pthread_mutex_trylock(mutex);
    if (deadline == DEADLINE_NEVER)
        return pthread_mutex_lock(mutex);
    struct timespec until = deadline_timespec(deadline);
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
}

/* A holder that was killed passes it on. What it had begun in LMDB is no part of the database. */
static int take(pthread_mutex_t *mutex, int64_t deadline)
{
    int error = lock_until(mutex, deadline);
    return error == EOWNERDEAD ? pthread_mutex_consistent(mutex) : error;
}

/* A program that writes without a pause would take the mutex again before one that waits has woken
 * up. It has to queue for `next` behind that one, though. */
rrsmb_status write_lock_take(struct write_lock *lock, int64_t deadline)
{
    int error = take(&lock->page->next, deadline);
    if (error == 0) {
        error = take(&lock->page->mutex, deadline);
        (void)pthread_mutex_unlock(&lock->page->next);
    }
    ENSURE(error != EBUSY && error != ETIMEDOUT, RRSMB_TIMED_OUT,
           "waiting for the turn to write: another program is writing");
    errno = error;
    if (error != 0)
        return FAIL_ERRNO("waiting for the turn to write");
    return RRSMB_OK;
}

void write_lock_release(struct write_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->page->mutex);
}
