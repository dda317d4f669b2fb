/* SPDX-License-Identifier: Apache-2.0 */
/* Resource attributes: the application data of SYSTEM_RESOURCE_ATTRIBUTE_ACE (MS-DTYP 2.4.4.15),
 * a CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1 (MS-DTYP 2.4.10.1). */
#ifndef RRSMB_SD_RESOURCE_ATTRIBUTE_H
#define RRSMB_SD_RESOURCE_ATTRIBUTE_H

#include "lib/sd/input.h"
#include "lib/sd/output.h"

/** Validate. @param ace  For messages and positions. */
rrsmb_status attribute_check(const rrsmb_ace *ace, const char *acl);
/** The size of a validated attribute in canonical form, padding included. */
size_t attribute_size(const uint8_t *data, size_t length);
/** Write a validated attribute in canonical form. */
void attribute_put(struct output *out, const uint8_t *data, size_t length);
/** Whether two validated attributes have the same canonical form. */
bool attribute_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);
/** Write a validated attribute as canonical SDDL, parentheses included. */
void attribute_put_text(struct output *out, const uint8_t *data, size_t length);
/** Read SDDL and write the canonical binary, padding included. */
rrsmb_status attribute_read(struct input *in, struct output *out);

#endif
