/* SPDX-License-Identifier: Apache-2.0 */
/* Which process is this? A number that changes in each forked child and costs one load to read,
 * where getpid() costs a system call. Handles remember it and so notice that they were inherited. */
#ifndef RRSMB_BASE_PROCESS_H
#define RRSMB_BASE_PROCESS_H

#include <pthread.h>

#include <rrsmb/status.h>

/** The number of forks between the first process that loaded the library and this one. */
unsigned process_epoch(void);

/** Register a lock that fork() must not catch in the middle: taken before, free on both sides
 *  after. At most a handful, each once, from a constructor. */
void process_protect(pthread_mutex_t *lock);

#endif
