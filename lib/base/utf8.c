/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/utf8.h"

#include <stdint.h>

/* RFC 3629 section 4: the length of the sequence at `at`, or 0 where there is none. */
static size_t sequence(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > left)
        return 0;
    /* Overlong forms, surrogates and numbers past U+10FFFF show in the second byte. */
    uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

size_t utf8_valid_prefix(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t step = sequence((const uint8_t *)text + at, length - at);
        if (step == 0)
            return at;
        at += step;
    }
    return length;
}
