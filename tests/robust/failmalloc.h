/* SPDX-License-Identifier: Apache-2.0 */
/* One allocation that fails, by number.
 *
 * Linked into a program as it stands, failmalloc.c takes the place of malloc() and its relatives
 * for the whole process: the library, liblmdb, OpenSSL and libc itself. Sanitizers bring an
 * allocator of their own; with them (-DFAIL_BY_WRAP and the linker's --wrap) only the calls in the
 * program's own objects are watched, which are those of the library. */
#ifndef RRSMB_TESTS_ROBUST_FAILMALLOC_H
#define RRSMB_TESTS_ROBUST_FAILMALLOC_H

#include <stdbool.h>

/** Let the allocation of this number from now on fail, counted from 1; all others succeed. */
void failmalloc_arm(unsigned long number);
/** From now on nothing fails. True: that allocation was asked for, and failed. */
bool failmalloc_disarm(void);
/** Blocks that are allocated now; always 0 where only calls of the library are watched. */
long failmalloc_live(void);

#endif
