/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional expressions: the application data of callback ACEs (MS-DTYP 2.4.4.17). */
#ifndef RRSMB_SD_CONDITION_H
#define RRSMB_SD_CONDITION_H

#include "lib/sd/input.h"
#include "lib/sd/output.h"

/** Validate. @param ace  For messages and positions. */
rrsmb_status condition_check(const rrsmb_ace *ace, const char *acl);
/** The size of a validated condition in canonical form, padding included. */
size_t condition_size(const uint8_t *data, size_t length);
/** Write a validated condition in canonical form. */
void condition_put(struct output *out, const uint8_t *data, size_t length);
/** Whether two validated conditions have the same canonical form. */
bool condition_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);
/** Write a validated condition as canonical SDDL, parentheses included. */
void condition_put_text(struct output *out, const uint8_t *data, size_t length);
/** Read SDDL and write the canonical binary, padding included. */
rrsmb_status condition_read(struct input *in, struct output *out);

#endif
