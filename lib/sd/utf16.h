/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16LE as descriptors hold it, and what of it SDDL can say. */
#ifndef RRSMB_SD_UTF16_H
#define RRSMB_SD_UTF16_H

#include "lib/sd/input.h"
#include "lib/sd/output.h"

/** Whether a quoted string can say it: whole code points other than NUL and the quote. */
bool utf16_is_sayable(const uint8_t *bytes, size_t length);
/** Write it as UTF-8 between quotes. */
void utf16_put_quoted(struct output *out, const uint8_t *bytes, size_t length);
/** Read a quoted string; writes UTF-16LE without a terminator. */
rrsmb_status utf16_read_quoted(struct input *in, struct output *out);

/**
 * Write a name: letters, digits and `:./_` as they are, anything else as %XXXX (MS-DTYP 2.5.1.1),
 * so that any sequence of code units can be said.
 * @param escape_first  Escape the first character even so.
 */
void utf16_put_name(struct output *out, const uint8_t *bytes, size_t length, bool escape_first);
/** Whether a character can stand in a name; the second set is the larger one of prefixed names. */
bool is_name_character(char c, bool prefixed);

struct name_rules {
    bool prefixed; /* after @User. and the like, where more characters stand for themselves */
    bool no_nul;   /* the binary ends the name with a NUL, so that it cannot hold one */
};

/** Read a name up to the first character that is not of it; fails if there is none. */
rrsmb_status utf16_read_name(struct input *in, struct output *out, struct name_rules rules);

/** The lower-case form of a letter of the Latin, Greek or Cyrillic script; else the same. */
uint16_t utf16_fold(uint16_t unit);
/** Compare as names of attributes are compared: letters of any case are equal. */
bool utf16_names_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);

#endif
