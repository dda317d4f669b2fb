/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines. All of them are absolute nanoseconds of CLOCK_MONOTONIC, which no administrator and
 * no time daemon sets. */
#ifndef RRSMB_BASE_CLOCK_H
#define RRSMB_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** A deadline that has already passed: do not wait at all. */
#define DEADLINE_NOW INT64_MIN
/** A deadline that never passes. */
#define DEADLINE_NEVER INT64_MAX

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NANOSECONDS_PER_MS INT64_C(1000000)

/** Now, in ns. */
int64_t clock_monotonic(void);

/** The deadline that lies `ms` ahead; 0: `default_ms` ahead; RRSMB_NO_WAIT: DEADLINE_NOW. */
int64_t deadline_after(uint32_t ms, uint32_t default_ms);

/** For calls that take an absolute timespec. */
struct timespec deadline_timespec(int64_t deadline);

#endif
