/* SPDX-License-Identifier: Apache-2.0 */
/* SDDL text as it is read: a position that never passes the end, and errors that say where. */
#ifndef RRSMB_SD_INPUT_H
#define RRSMB_SD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rrsmb/sd.h>

#include "lib/base/hex.h"

struct input {
    const char *begin;
    const char *at;
    const char *end;
    const rrsmb_sddl_options *options; /* may be NULL */
};

static inline size_t input_offset(const struct input *in)
{
    return (size_t)(in->at - in->begin);
}

static inline size_t input_left(const struct input *in)
{
    return (size_t)(in->end - in->at);
}

/** The character ahead by so many; '\0' past the end. */
static inline char input_peek(const struct input *in, size_t ahead)
{
    if (ahead >= input_left(in))
        return '\0';
    return in->at[ahead];
}

/** The lower-case form of an ASCII letter, in any locale; anything else as it is. */
static inline char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/** Skip white space (%x09-0D / %x20 in MS-DTYP 2.5.1.1). */
void input_skip_space(struct input *in);
/** Pass a character (of any case) if it is next, after white space. */
bool input_accept(struct input *in, char c);
/** Pass a word (of any case) if it is next; does not skip white space. */
bool input_accept_word(struct input *in, const char *word);
/** Pass a character after white space, or fail with what was expected. */
rrsmb_status input_require(struct input *in, char c, const char *where);

/** An unsigned number: decimal, hexadecimal after 0x, octal after 0. */
struct number {
    uint64_t value;
    unsigned int base;
};
rrsmb_status input_number(struct input *in, const char *what, uint64_t max, struct number *number);

/** Fail with RRSMB_BAD_SDDL: what was expected at the position, and what is there. */
rrsmb_status input_expected(const struct input *in, const char *what);

/**
 * The next character of UTF-8, as one or two UTF-16 code units.
 * @return Number of code units, or 0 when the bytes are not valid UTF-8; passes the character.
 */
unsigned int input_utf16(struct input *in, uint16_t units[2]);

#endif
