/* SPDX-License-Identifier: Apache-2.0 */
/* CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1 (MS-DTYP 2.4.10.1), read in place. */
#ifndef RRSMB_SD_CLAIM_H
#define RRSMB_SD_CLAIM_H

#include <stdbool.h>

#include "lib/base/bytes.h"

/* Name offset, type, reserved, flags, count. */
#define CLAIM_HEADER_SIZE 16

enum {
    CLAIM_INT64 = 0x01,
    CLAIM_UINT64 = 0x02,
    CLAIM_STRING = 0x03,
    CLAIM_SID = 0x05,
    CLAIM_BOOLEAN = 0x06,
    CLAIM_OCTETS = 0x10,
};

struct claim {
    const uint8_t *data;
    size_t length;
    const uint8_t *name; /* UTF-16LE */
    size_t name_length;  /* in bytes, without the terminator */
    uint32_t flags;
    uint32_t count; /* of values; their offsets lie within the data */
    uint16_t type;
};

struct claim_value {
    size_t at;            /* offset in the data */
    uint64_t number;      /* of an integer or boolean */
    const uint8_t *bytes; /* of a string (UTF-16LE), SID or octet string */
    size_t length;        /* of the bytes */
};

/** Read the header and name; false when they do not fit. */
bool claim_read(const uint8_t *data, size_t length, struct claim *claim);
/** Read a value by its index below count; false when it does not fit. */
bool claim_value_read(const struct claim *claim, uint32_t index, struct claim_value *value);
/** The code of a type in SDDL, or NULL. */
const char *claim_type_code(uint16_t type);

#endif
