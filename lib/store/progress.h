/* SPDX-License-Identifier: Apache-2.0 */
/* Reports progress at most a few times a second, whatever the pace of the work. */
#ifndef RRSMB_STORE_PROGRESS_H
#define RRSMB_STORE_PROGRESS_H

#include <stdint.h>

#include <rrsmb/status.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"

#define PROGRESS_INTERVAL (250 * NANOSECONDS_PER_MS)

struct progress {
    rrsmb_progress_fn report; /* may be NULL */
    void *context;
    int64_t last; /* ns */
};

/** Report when it is time to. @return RRSMB_CANCELLED when the callback says so. */
static inline rrsmb_status progress_report(struct progress *progress, uint64_t done)
{
    if (progress->report == NULL)
        return RRSMB_OK;
    int64_t now = clock_monotonic();
    if (now - progress->last < PROGRESS_INTERVAL)
        return RRSMB_OK;
    progress->last = now;
    ENSURE(progress->report(progress->context, done, 0) == 0, RRSMB_CANCELLED,
           "stopped by the caller");
    return RRSMB_OK;
}

#endif
