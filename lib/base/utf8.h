/* SPDX-License-Identifier: Apache-2.0 */
/* Is text well-formed UTF-8? (RFC 3629) */
#ifndef RRSMB_BASE_UTF8_H
#define RRSMB_BASE_UTF8_H

#include <stddef.h>

/** The length of the well-formed sequence that a text begins with; 0 where there is none. */
size_t utf8_sequence(const char *text, size_t length);

/** The length of the well-formed beginning of a text: its whole length if all is well. */
size_t utf8_valid_prefix(const char *text, size_t length);

#endif
