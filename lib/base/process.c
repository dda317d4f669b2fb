/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/process.h"

#include <assert.h>
#include <stddef.h>

#define PROTECTED_MAX 4

static unsigned epoch;
static pthread_mutex_t *protected_locks[PROTECTED_MAX];
static size_t protected_count;

static void before_fork(void)
{
    for (size_t i = 0; i < protected_count; i++)
        (void)pthread_mutex_lock(protected_locks[i]);
}

static void after_fork_in_parent(void)
{
    for (size_t i = protected_count; i > 0; i--)
        (void)pthread_mutex_unlock(protected_locks[i - 1]);
}

static void after_fork_in_child(void)
{
    epoch++;
    after_fork_in_parent();
}

__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

unsigned process_epoch(void)
{
    return epoch;
}

void process_protect(pthread_mutex_t *lock)
{
    assert(protected_count < PROTECTED_MAX);
    protected_locks[protected_count++] = lock;
}
