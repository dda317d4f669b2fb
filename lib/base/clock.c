/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/clock.h"

#include <rrsmb/status.h>

int64_t clock_monotonic(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

int64_t deadline_after(uint32_t ms, uint32_t default_ms)
{
    if (ms == 0)
        ms = default_ms;
    if (ms == RRSMB_NO_WAIT)
        return DEADLINE_NOW;
    return clock_monotonic() + ms * NANOSECONDS_PER_MS;
}

struct timespec deadline_timespec(int64_t deadline)
{
    if (deadline < 0)
        deadline = 0;
    return (struct timespec){.tv_sec = (time_t)(deadline / NANOSECONDS_PER_SECOND),
                             .tv_nsec = (long)(deadline % NANOSECONDS_PER_SECOND)};
}
