/* SPDX-License-Identifier: Apache-2.0 */
/* Flat JSON objects, one a line: read in place, and written through a small buffer.
 *
 * A reader of its own, rather than a JSON library, because a line of an import must not lose
 * anything on the way: integers stay exact, a `\u0000` cannot cut a path short, a repeated member
 * is seen as such, and every error has its byte. It allocates nothing and does not recurse. */
#ifndef RRSMB_STORE_JSON_H
#define RRSMB_STORE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>
#include <rrsmb/transfer.h>

/** Reads one object. The text is changed: strings are decoded where they stand. */
struct json_reader {
    char *text;     /* the line, not terminated */
    size_t length;  /* its length in bytes */
    size_t at;      /* where reading stands */
    int any_member; /* a comma must stand before the next one */
};

/** A string, or an integer of up to 2^53: beyond that many writers of JSON round. */
struct json_value {
    int is_string;
    const char *string; /* decoded, valid UTF-8 without zero bytes, not terminated */
    size_t length;
    uint64_t integer;
    size_t offset; /* where in the line the value begins */
};

/** Read the opening brace. */
rrsmb_status json_begin(struct json_reader *reader, char *text, size_t length);

/** Read the next member.
 *  @param found Receives 0 when the object ended instead, and nothing but blanks followed it.
 *  @return RRSMB_BAD_RECORD with the byte and what was expected there. */
rrsmb_status json_next(struct json_reader *reader, struct json_value *name,
                       struct json_value *value, int *found);

/** The length of the UTF-8 sequence (RFC 3629) at @p bytes, or 0 when it is none. */
size_t json_utf8_sequence(const unsigned char *bytes, size_t length);

/** The value of a hex digit of either case, or -1. */
int json_hex_digit(char character);

/** Collects output and hands it on in pieces. */
struct json_writer {
    rrsmb_write_fn write;
    void *context;
    size_t used;
    char bytes[64 * 1024];
};

rrsmb_status json_write(struct json_writer *writer, const void *bytes, size_t length);
/** Write text that holds no character to be escaped. */
rrsmb_status json_write_plain(struct json_writer *writer, const char *text);
/** Write a string with its quotes. The bytes must be valid UTF-8. */
rrsmb_status json_write_string(struct json_writer *writer, const char *bytes, size_t length);
/** Write a number, without quotes. */
rrsmb_status json_write_number(struct json_writer *writer, uint64_t number);
/** Hand on what is collected. */
rrsmb_status json_flush(struct json_writer *writer);

#endif
