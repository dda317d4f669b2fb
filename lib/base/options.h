/* SPDX-License-Identifier: Apache-2.0 */
/* Structs that grow: each begins with `size_t size`, which tells how much of it the caller knows.
 * Options shorter than ours are read as if zeros followed; longer ones are accepted only while
 * what we do not know is zero. Results are filled as far as the caller's struct reaches. */
#ifndef RRSMB_BASE_OPTIONS_H
#define RRSMB_BASE_OPTIONS_H

#include <stddef.h>

#include <rrsmb/status.h>

/** Copy a caller's options (NULL: all defaults) into our own struct of `size` bytes. */
rrsmb_status options_load(void *ours, size_t size, const void *callers, const char *type);

/** Refuse a caller's result struct (NULL: not wanted) whose size field was forgotten: left unfilled
 * it would read as zeros, "no problems". To be called before the work starts. */
rrsmb_status result_check(const void *callers, const char *name);

/** Fill a caller's result struct (NULL: not wanted) from ours, keeping its size field. */
void result_store(void *callers, const void *ours, size_t size);

#define OPTIONS_LOAD(ours, callers) options_load(&(ours), sizeof(ours), (callers), #ours)
#define RESULT_CHECK(callers) result_check((callers), #callers)
#define RESULT_STORE(callers, ours) result_store((callers), &(ours), sizeof(ours))

#endif
