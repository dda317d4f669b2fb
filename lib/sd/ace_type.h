/* SPDX-License-Identifier: Apache-2.0 */
/* The types of ACE that have a string form, and their flags. */
#ifndef RRSMB_SD_ACE_TYPE_H
#define RRSMB_SD_ACE_TYPE_H

#include <stdint.h>

#include "lib/sd/input.h"
#include "lib/sd/output.h"

/* What follows the mask. */
enum {
    ACE_KNOWN = 1,     /* has a string form */
    ACE_OBJECT = 2,    /* object flags and up to two GUIDs before the SID */
    ACE_CALLBACK = 4,  /* a conditional expression after the SID */
    ACE_ATTRIBUTE = 8, /* a resource attribute after the SID */
};

struct ace_type {
    char code[3];      /* in SDDL; empty: no string form */
    uint8_t shape;     /* ACE_KNOWN and so on; 0: no string form */
    const char *words; /* for people */
};

/* Types 0 to this less one, and then one for all that are not known. */
#define ACE_TYPE_COUNT 0x16
extern const struct ace_type ace_types[ACE_TYPE_COUNT + 1];

/** Never NULL; an unknown type has shape 0. */
static inline const struct ace_type *ace_type_get(uint8_t type)
{
    return &ace_types[type < ACE_TYPE_COUNT ? type : ACE_TYPE_COUNT];
}

/** Read a type code; fails where there is none. */
rrsmb_status ace_type_read(struct input *in, uint8_t *type);

/** Read flag codes up to what is no letter. */
rrsmb_status ace_flags_read(struct input *in, uint8_t *flags);

/* Eight flags of two letters. */
#define ACE_FLAGS_TEXT_MAX 16
/** Write flag codes in the canonical order (ascending bits); gives the number of characters. */
size_t ace_flags_write(uint8_t flags, char *text);

#endif
