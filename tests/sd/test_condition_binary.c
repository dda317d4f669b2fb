/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and resource attributes as hostile or foreign bytes. */
#include "tests/sd/support.h"

/* A descriptor whose DACL or SACL holds one ACE for Everyone with this application data. */
static struct blob *with_data(uint8_t type, const void *data, size_t length)
{
    struct blob *blob = calloc(1, sizeof *blob);
    cr_assert_not_null(blob);
    uint8_t header[] = {1,  0, 0x04, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,
                        20, 0, 0,    0,    2, 0, 0, 0, 1, 0, 0, 0, type, 0, 0, 0,
                        1,  0, 0,    0,    1, 1, 0, 0, 0, 0, 0, 1, 0,    0, 0, 0};
    size_t padded = (length + 3) / 4 * 4; /* with zeros */
    size_t size = 20 + padded;
    header[30] = (uint8_t)size;
    header[31] = (uint8_t)(size >> 8);
    header[22] = (uint8_t)(size + 8);
    header[23] = (uint8_t)((size + 8) >> 8);
    memcpy(blob->bytes, header, sizeof header);
    memcpy(blob->bytes + sizeof header, data, length);
    blob->length = sizeof header + padded;
    return blob;
}

enum { DATA_AT = 48 };

static void expect_text(uint8_t type, const void *data, size_t length, const char *expected)
{
    struct blob *blob = with_data(type, data, length);
    char *text = decode(blob->bytes, blob->length);
    cr_expect_str_eq(text, expected, "%s, not %s", text, expected);
    free(text);
    free(blob);
}

static void expect_bad(uint8_t type, const void *data, size_t length, rrsmb_status expected,
                       size_t offset, const char *words)
{
    struct blob *blob = with_data(type, data, length);
    size_t size;
    rrsmb_status status = rrsmb_sd_to_sddl(blob->bytes, blob->length, NULL, 0, &size);
    const rrsmb_error *error = rrsmb_error_last();
    cr_expect_eq(status, expected, "%s, not %s: %s", rrsmb_status_name(status),
                 rrsmb_status_name(expected), error->message);
    cr_expect_eq(error->offset, DATA_AT + offset, "at %zu, not %zu: %s", error->offset,
                 DATA_AT + offset, error->message);
    cr_expect_not_null(strstr(error->message, words), "\"%s\" lacks \"%s\"", error->message, words);
    free(blob);
}

#define XA 0x09
#define RA 0x12
#define USER_A "\xf9\x02\0\0\0a\0"
#define BAD_XA(data, status, offset, words) \
    expect_bad(XA, "artx" data, 4 + sizeof(data) - 1, status, offset, words)
#define TEXT_XA(data, expected) \
    expect_text(XA, "artx" data, 4 + sizeof(data) - 1, "D:(XA;;0x1;;;S-1-1-0;" expected ")")

Test(condition_binary, brings_integers_of_every_size_into_one)
{
    TEXT_XA(USER_A "\x01\x07\0\0\0\0\0\0\0\x03\x02\x80", "(@User.a == 7)");
    TEXT_XA(USER_A "\x02\xff\xff\xff\xff\xff\xff\xff\xff\x02\x02\x80", "(@User.a == -1)");
    TEXT_XA(USER_A "\x03\xff\xff\xff\xff\xff\xff\xff\xff\x03\x03\x80", "(@User.a == -0x1)");
    TEXT_XA(USER_A "\x04\x08\0\0\0\0\0\0\0\x01\x01\x80", "(@User.a == +010)");
}

Test(condition_binary, drops_padding_of_any_length)
{
    TEXT_XA(USER_A "\0", "(@User.a)");
    TEXT_XA(USER_A "\0\0\0\0\0\0\0\0\0", "(@User.a)");
    BAD_XA(USER_A "\0\0\0\0\1", RRSMB_BAD_SD, 15, "after the end");
}

Test(condition_binary, refuses_tokens_that_do_not_fit)
{
    BAD_XA("\0\0\0\0", RRSMB_BAD_SD, 4, "0 values");
    BAD_XA("\x04\1\2\3", RRSMB_BAD_SD, 4, "does not fit");
    BAD_XA("\xf9\x04\0\0\0a\0\0", RRSMB_BAD_SD, 4, "does not fit");
    BAD_XA("\xf9\xff\xff\xff\xff"
           "a\0\0",
           RRSMB_BAD_SD, 4, "does not fit");
    BAD_XA("\xf9\x03\0\0\0a\0\0", RRSMB_BAD_SD, 4, "3 bytes");
    BAD_XA("\xf9\0\0\0\0\0\0\0", RRSMB_BAD_SD, 4, "0 bytes");
    BAD_XA("\x7f\0\0\0", RRSMB_BAD_SD, 4, "0x7f");
    BAD_XA("\x94\0\0\0", RRSMB_BAD_SD, 4, "0x94");
}

Test(condition_binary, refuses_integers_that_contradict_themselves)
{
    BAD_XA(USER_A "\x01\x80\0\0\0\0\0\0\0\x03\x02\x80", RRSMB_BAD_SD, 11, "contradicts");
    BAD_XA(USER_A "\x04\x01\0\0\0\0\0\0\0\x02\x02\x80", RRSMB_BAD_SD, 11, "contradicts");
    BAD_XA(USER_A "\x04\x01\0\0\0\0\0\0\0\x04\x02\x80", RRSMB_BAD_SD, 11, "sign code 4");
    BAD_XA(USER_A "\x04\x01\0\0\0\0\0\0\0\x03\x00\x80", RRSMB_BAD_SD, 11, "base code 0");
}

Test(condition_binary, refuses_operands_that_do_not_suit)
{
    BAD_XA("\xa2\0\0\0", RRSMB_BAD_SD, 4, "too few");
    BAD_XA(USER_A "\xa0", RRSMB_BAD_SD, 11, "too few");
    BAD_XA(USER_A "\x89", RRSMB_BAD_SD, 11, "SID");
    BAD_XA(USER_A USER_A "\0\0", RRSMB_BAD_SD, 18, "2 values");
    BAD_XA("\x10\x02\0\0\0a\0\0", RRSMB_BAD_SD, 11, "1 values");
    BAD_XA("\x18\x02\0\0\0ab\xa2", RRSMB_BAD_SD, 11, "condition");
    BAD_XA("\x18\0\0\0\0\x87\0\0", RRSMB_BAD_SD, 9, "attribute");
}

Test(condition_binary, refuses_lists_of_anything_but_literals)
{
    BAD_XA(USER_A "\x50\x05\0\0\0\x50\0\0\0\0\x80", RRSMB_BAD_SD, 16, "0x50");
    BAD_XA(USER_A "\x50\x07\0\0\0" USER_A "\x80\0\0", RRSMB_BAD_SD, 16, "0xf9");
    BAD_XA(USER_A "\x50\x01\0\0\0\x80\x80\0\0", RRSMB_BAD_SD, 16, "0x80");
}

Test(condition_binary, refuses_strings_that_sddl_cannot_say)
{
    BAD_XA(USER_A "\x10\x02\0\0\0\"\0\x80", RRSMB_UNSUPPORTED_ACE, 11, "quote");
    BAD_XA(USER_A "\x10\x02\0\0\0\0\0\x80", RRSMB_UNSUPPORTED_ACE, 11, "NUL");
    BAD_XA(USER_A "\x10\x02\0\0\0\0\xd8\x80", RRSMB_UNSUPPORTED_ACE, 11, "surrogate");
    BAD_XA(USER_A "\x10\x02\0\0\0\0\xdc\x80", RRSMB_UNSUPPORTED_ACE, 11, "surrogate");
}

Test(condition_binary, refuses_deeper_nesting_than_its_text_may_have)
{
    char data[4 + 7 + 64 + 1] = "artx" USER_A;
    memset(data + 11, 0xa2, 64);
    expect_bad(XA, data, 4 + 7 + 65, RRSMB_TOO_LARGE, 11 + 63, "64");
    data[11 + 63] = 0;
    data[11 + 64] = 0;
    struct blob *blob = with_data(XA, data, 4 + 7 + 65);
    char *text = decode(blob->bytes, blob->length);
    free(canon(text));
    free(text);
    free(blob);
}

Test(condition_binary, refuses_more_waiting_operands_than_it_can_hold)
{
    enum { OPERANDS = 300 };
    char data[4 + 7 * OPERANDS] = "artx";
    for (size_t i = 0; i < OPERANDS; i++)
        memcpy(data + 4 + 7 * i, USER_A, 7);
    expect_bad(XA, data, sizeof data, RRSMB_TOO_LARGE, 4 + 7 * 196, "64");
}

/* ---- Resource attributes ---- */

#define TEXT_RA(data, expected) \
    expect_text(RA, data, sizeof(data) - 1, "D:(RA;;0x1;;;S-1-1-0;" expected ")")
#define BAD_RA(data, status, offset, words) \
    expect_bad(RA, data, sizeof(data) - 1, status, offset, words)

/* Name at 20, one value at 24. */
#define HEADER(type) "\x14\0\0\0" type "\0\0\0\0\0\0\0\x01\0\0\0\x18\0\0\0a\0\0\0"

Test(resource_attribute_binary, reads_every_type)
{
    TEXT_RA(HEADER("\1") "\xff\xff\xff\xff\xff\xff\xff\xff", "(\"a\",TI,0x0,-1)");
    TEXT_RA(HEADER("\2") "\xff\xff\xff\xff\xff\xff\xff\xff", "(\"a\",TU,0x0,18446744073709551615)");
    TEXT_RA(HEADER("\3") "x\0\0\0", "(\"a\",TS,0x0,\"x\")");
    TEXT_RA(HEADER("\5") "\x0c\0\0\0\1\1\0\0\0\0\0\1\0\0\0\0", "(\"a\",TD,0x0,SID(S-1-1-0))");
    TEXT_RA(HEADER("\6") "\1\0\0\0\0\0\0\0", "(\"a\",TB,0x0,1)");
    TEXT_RA(HEADER("\x10") "\1\0\0\0\xab\0\0\0", "(\"a\",TX,0x0,#ab)");
}

Test(resource_attribute_binary, refuses_what_does_not_fit)
{
    BAD_RA("\x10\0\0\0\1\0\0\0\0\0\0\0", RRSMB_BAD_SD, 0, "no whole");
    BAD_RA("\x40\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", RRSMB_BAD_SD, 0, "no whole");
    BAD_RA("\x10\0\0\0\1\0\0\0\0\0\0\0\xff\xff\xff\xff"
           "a\0\0\0",
           RRSMB_BAD_SD, 0, "no whole");
    BAD_RA("\x10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0a\0b\0", RRSMB_BAD_SD, 0, "no whole");
    BAD_RA("\x10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", RRSMB_BAD_SD, 0, "empty");
    BAD_RA(HEADER("\1") "\0\0\0\0", RRSMB_BAD_SD, 16, "value 0");
    BAD_RA(HEADER("\3") "x\0y\0", RRSMB_BAD_SD, 16, "value 0");
    BAD_RA(HEADER("\x10") "\xff\xff\xff\xff", RRSMB_BAD_SD, 16, "value 0");
    BAD_RA(HEADER("\5") "\4\0\0\0\1\1\0\0", RRSMB_BAD_SD, 24, "SID");
    BAD_RA(HEADER("\6") "\2\0\0\0\0\0\0\0", RRSMB_BAD_SD, 24, "boolean");
    BAD_RA(HEADER("\4") "\0\0\0\0\0\0\0\0", RRSMB_UNSUPPORTED_ACE, 4, "0x0004");
    BAD_RA(HEADER("\3") "\"\0\0\0", RRSMB_UNSUPPORTED_ACE, 24, "quote");
}

Test(resource_attribute_binary, refuses_shared_values_that_would_grow_beyond_64_kb)
{
    /* 4,000 values that are all one string of 40 characters. */
    enum { COUNT = 4000, SIZE = 16 + 4 * COUNT + 4 + 82 + 2 };
    uint8_t *data = calloc(1, SIZE);
    cr_assert_not_null(data);
    uint16_t name = 16 + 4 * COUNT;
    uint16_t count = COUNT;
    uint16_t value = (uint16_t)(name + 4);
    memcpy(data, &name, 2);
    data[4] = 3;
    memcpy(data + 12, &count, 2);
    data[name] = 'a';
    for (size_t i = 0; i < COUNT; i++)
        memcpy(data + 16 + 4 * i, &value, 2);
    for (size_t i = 0; i < 40; i++)
        data[value + 2 * i] = 'x';
    expect_bad(RA, data, SIZE, RRSMB_TOO_LARGE, 0, "64 KB");
    free(data);
}
