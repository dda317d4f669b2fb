/* SPDX-License-Identifier: Apache-2.0 */
/* Where canonical bytes and text go: a buffer of the caller's, or, for a hash, a small buffer that
 * is handed on whenever it is full. A buffer that is too small is never overrun; what would have
 * been written is counted, so that the caller learns the size that it needs. */
#ifndef RRSMB_SD_OUTPUT_H
#define RRSMB_SD_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output {
    uint8_t *bytes;  /* NULL only with a capacity of 0 */
    size_t capacity; /* of bytes */
    size_t used;     /* bytes held; less than total once something did not fit or was handed on */
    size_t total;    /* bytes ever put */
    /* Takes what the buffer holds; NULL: the buffer is the caller's and keeps what fits. */
    void (*hand_on)(void *context, const uint8_t *bytes, size_t length);
    void *context;
};

static inline struct output output_to(void *bytes, size_t capacity)
{
    return (struct output){.bytes = bytes, .capacity = capacity};
}

/** Add bytes. */
void output_put(struct output *out, const void *bytes, size_t length);
/** Add one byte. */
void output_byte(struct output *out, uint8_t byte);
/** Add a C string without its terminator. */
void output_text(struct output *out, const char *text);
/** The next multiple of four: ACEs and ACLs are aligned so (MS-DTYP 2.4.4.1). */
static inline size_t align4(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/** Add zero bytes. */
void output_zeros(struct output *out, size_t count);
/** Add integers, little-endian. */
void output_16(struct output *out, uint16_t value);
void output_32(struct output *out, uint32_t value);
void output_64(struct output *out, uint64_t value);
/** Overwrite an integer that was put before; for a buffer of the caller's. */
void output_patch_16(const struct output *out, size_t position, uint16_t value);
void output_patch_32(const struct output *out, size_t position, uint32_t value);

/* Text of numbers, without a terminator; each gives the number of characters. */
#define DECIMAL_SIZE 20
size_t text_decimal(char *text, uint64_t value);
/** Lower-case digits without `0x`; digits: the least number of them. */
size_t text_hex(char *text, uint64_t value, unsigned int digits);
size_t text_octal(char *text, uint64_t value);

#endif
