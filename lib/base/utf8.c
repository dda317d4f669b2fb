/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* RFC 3629 section 4. */
size_t utf8_sequence(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    const uint8_t *at = (const uint8_t *)text;
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    size_t needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || needed > length)
        return 0;
    /* Overlong forms, surrogates and numbers past U+10FFFF show in the second byte. */
    uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < needed; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return needed;
}

size_t utf8_valid_prefix(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        /* Most text is ASCII: eight bytes of it at a time. */
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t step = utf8_sequence(text + at, length - at);
        if (step == 0)
            return at;
        at += step;
    }
    return length;
}
