/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers: binary (MS-DTYP 2.4.2.2), text (2.4.2.1) and aliases (2.5.1.1). */
#ifndef RRSMB_SD_SID_H
#define RRSMB_SD_SID_H

#include "lib/base/bytes.h"
#include "lib/sd/input.h"

#define SID_SUB_AUTHORITIES_MAX 15
#define SID_SIZE_MAX (8 + 4 * SID_SUB_AUTHORITIES_MAX)
/* "S-1-" and 0x with 12 digits, 15 times a dash and 10 digits. */
#define SID_TEXT_MAX (4 + 14 + 15 * 11)

/** The size of a valid SID. */
static inline size_t sid_size(const uint8_t *sid)
{
    return 8 + 4 * (size_t)sid[1];
}

/** The size of the SID at the start of some bytes, or 0 where there is none. */
static inline size_t sid_check(const uint8_t *bytes, size_t available)
{
    if (available < 8 || bytes[0] != 1 || bytes[1] > SID_SUB_AUTHORITIES_MAX ||
        sid_size(bytes) > available)
        return 0;
    return sid_size(bytes);
}

/** Write the numeric text (at most SID_TEXT_MAX characters); gives their number. */
size_t sid_write(const uint8_t *sid, char *text);

/** Read an alias or numeric SID. */
rrsmb_status sid_read(struct input *in, uint8_t sid[SID_SIZE_MAX]);

/** Read a numeric SID, the "S-" of which is next. */
rrsmb_status sid_read_numeric(struct input *in, uint8_t sid[SID_SIZE_MAX]);

/** Read an alias of two letters. */
rrsmb_status sid_alias_read(struct input *in, uint8_t sid[SID_SIZE_MAX]);

#endif
