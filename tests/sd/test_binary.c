/* SPDX-License-Identifier: Apache-2.0 */
/* Binary descriptors: what is accepted, brought into canonical form, or refused. */
#include "tests/sd/support.h"

/* A DACL with one ACE for Everyone, as Samba lays it out, with an owner. */
static const uint8_t simple[] = {
    1, 0, 0x04, 0x80, 20,   0,    0,    0, 0,  0, 0, 0, 0,    0, 0, 0, 36, 0, 0, 0, /* header */
    1, 2, 0,    0,    0,    0,    0,    5, 32, 0, 0, 0, 0x20, 2, 0, 0,              /* owner */
    2, 0, 28,   0,    1,    0,    0,    0,                                          /* DACL */
    0, 3, 20,   0,    0xff, 0x01, 0x1f, 0, 1,  1, 0, 0, 0,    0, 0, 1, 0,  0, 0, 0, /* ACE */
};
enum { OWNER_AT = 20, DACL_AT = 36, ACE_AT = 44 };

static void expect_bad(const uint8_t *sd, size_t length, rrsmb_status expected, size_t offset,
                       const char *words)
{
    size_t size;
    rrsmb_status status = rrsmb_sd_to_sddl(sd, length, NULL, 0, &size);
    const rrsmb_error *error = rrsmb_error_last();
    cr_expect_eq(status, expected, "%s, not %s: %s", rrsmb_status_name(status),
                 rrsmb_status_name(expected), error->message);
    cr_expect_eq(error->offset, offset, "at %zu, not %zu: %s", error->offset, offset,
                 error->message);
    cr_expect_not_null(strstr(error->message, words), "\"%s\" lacks \"%s\"", error->message, words);
}

/* One byte of the simple descriptor changed makes it bad. */
static void expect_bad_byte(size_t at, uint8_t value, rrsmb_status expected, size_t offset,
                            const char *words)
{
    uint8_t sd[sizeof simple];
    memcpy(sd, simple, sizeof sd);
    sd[at] = value;
    expect_bad(sd, sizeof sd, expected, offset, words);
}

/* These bytes have this canonical form. */
static void expect_canonical(const uint8_t *sd, size_t length, const char *sddl)
{
    char *text = decode(sd, length);
    cr_expect_str_eq(text, sddl, "%s, not %s", text, sddl);
    struct blob *blob = encode(sddl);
    uint8_t canonical[4096];
    size_t size;
    cr_assert_eq(rrsmb_sd_canonicalize(sd, length, canonical, sizeof canonical, &size), RRSMB_OK);
    cr_expect_eq(size, blob->length);
    cr_expect_arr_eq(canonical, blob->bytes, size);
    free(text);
    free(blob);
}

#define SIMPLE_SDDL "O:S-1-5-32-544D:(A;OICI;0x1f01ff;;;S-1-1-0)"

Test(binary, reads_what_it_writes)
{
    expect_canonical(simple, sizeof simple, SIMPLE_SDDL);
    struct blob *blob = encode(SIMPLE_SDDL);
    cr_expect_eq(blob->length, sizeof simple);
    cr_expect_arr_eq(blob->bytes, simple, sizeof simple);
    free(blob);
}

Test(binary, drops_control_bits_that_are_no_part_of_the_meaning)
{
    uint8_t sd[sizeof simple];
    memcpy(sd, simple, sizeof sd);
    sd[1] = 0xaa; /* resource manager control bits */
    sd[2] |= 0x01 | 0x02 | 0x08 | 0x20 | 0x40 | 0x80;
    sd[3] |= 0x40;
    expect_canonical(sd, sizeof sd, SIMPLE_SDDL);
}

Test(binary, drops_inheritance_bits_of_an_absent_acl)
{
    uint8_t sd[sizeof simple];
    memcpy(sd, simple, sizeof sd);
    sd[3] |= 0x02 | 0x08 | 0x20;
    expect_canonical(sd, sizeof sd, SIMPLE_SDDL);
}

Test(binary, drops_gaps_order_and_free_space)
{
    uint8_t sd[120] = {0};
    memset(sd + 20, 0xee, 100);
    memcpy(sd, simple, 20);
    sd[4] = 100; /* the owner last */
    memcpy(sd + 100, simple + OWNER_AT, 16);
    sd[16] = 23; /* the DACL unaligned, with free space after its ACE */
    memcpy(sd + 23, simple + DACL_AT, 28);
    sd[23 + 2] = 60;
    expect_canonical(sd, sizeof sd, SIMPLE_SDDL);
}

Test(binary, lets_owner_and_group_share_their_bytes)
{
    uint8_t sd[sizeof simple];
    memcpy(sd, simple, sizeof sd);
    sd[8] = OWNER_AT;
    expect_canonical(sd, sizeof sd, "O:S-1-5-32-544G:S-1-5-32-544D:(A;OICI;0x1f01ff;;;S-1-1-0)");
}

Test(binary, sets_the_revision_by_the_aces)
{
    uint8_t sd[sizeof simple];
    memcpy(sd, simple, sizeof sd);
    for (uint8_t revision = 2; revision <= 4; revision++) {
        sd[DACL_AT] = revision;
        expect_canonical(sd, sizeof sd, SIMPLE_SDDL);
    }
    struct blob *blob = encode("D:(A;;1;;;WD)(OA;;1;;;WD)S:(AU;SA;1;;;WD)");
    cr_expect_eq(blob->bytes[20], 2, "the SACL has no object ACE");
    cr_expect_eq(blob->bytes[20 + 28], 4, "the DACL has one");
    free(blob);
}

Test(binary, drops_zero_padding_of_an_ace)
{
    uint8_t sd[sizeof simple + 8] = {0};
    memcpy(sd, simple, sizeof simple);
    sd[DACL_AT + 2] += 8;
    sd[ACE_AT + 2] += 8;
    expect_canonical(sd, sizeof sd, SIMPLE_SDDL);
    sd[sizeof simple + 3] = 1;
    expect_bad(sd, sizeof sd, RRSMB_UNSUPPORTED_ACE, sizeof simple + 3, "follow the SID");
}

Test(binary, tells_null_dacl_from_absent_dacl)
{
    uint8_t sd[20] = {1, 0, 0x04, 0x80};
    expect_canonical(sd, sizeof sd, "D:NO_ACCESS_CONTROL");
    sd[2] = 0x14;
    expect_canonical(sd, sizeof sd, "D:NO_ACCESS_CONTROLS:NO_ACCESS_CONTROL");
    sd[2] = 0;
    expect_canonical(sd, sizeof sd, "");
}

Test(binary, refuses_a_truncation_at_every_byte)
{
    for (size_t length = 0; length < sizeof simple; length++) {
        uint8_t *exact = malloc(length + 1);
        cr_assert_not_null(exact);
        memcpy(exact, simple, length);
        size_t size;
        rrsmb_status status = rrsmb_sd_to_sddl(exact, length, NULL, 0, &size);
        cr_expect_eq(status, RRSMB_BAD_SD, "%zu bytes: %s", length, rrsmb_status_name(status));
        cr_expect_leq(rrsmb_error_last()->offset, length);
        free(exact);
    }
}

Test(binary, says_where_a_descriptor_is_wrong)
{
    expect_bad_byte(0, 2, RRSMB_BAD_SD, 0, "revision 2");
    expect_bad_byte(3, 0, RRSMB_BAD_SD, 2, "self-relative");
    expect_bad_byte(4, 19, RRSMB_BAD_SD, 4, "owner offset 19");
    expect_bad_byte(4, 200, RRSMB_BAD_SD, 4, "owner offset 200");
    expect_bad_byte(OWNER_AT, 2, RRSMB_BAD_SD, OWNER_AT, "owner SID");
    expect_bad_byte(OWNER_AT + 1, 16, RRSMB_BAD_SD, OWNER_AT, "owner SID");
    expect_bad_byte(8, 60, RRSMB_BAD_SD, 60, "group SID");
    expect_bad_byte(12, 36, RRSMB_BAD_SD, 12, "absent");
    expect_bad_byte(2, 0, RRSMB_BAD_SD, 16, "absent");
    expect_bad_byte(16, 200, RRSMB_BAD_SD, 16, "DACL offset 200");
    expect_bad_byte(DACL_AT, 1, RRSMB_BAD_SD, DACL_AT, "revision 1");
    expect_bad_byte(DACL_AT, 5, RRSMB_BAD_SD, DACL_AT, "revision 5");
    expect_bad_byte(DACL_AT + 2, 7, RRSMB_BAD_SD, DACL_AT + 2, "size 7");
    expect_bad_byte(DACL_AT + 2, 29, RRSMB_BAD_SD, DACL_AT + 2, "size 29");
    expect_bad_byte(DACL_AT + 4, 2, RRSMB_BAD_SD, sizeof simple, "entry 1");
    expect_bad_byte(ACE_AT + 2, 18, RRSMB_BAD_SD, ACE_AT + 2, "size 18");
    expect_bad_byte(ACE_AT + 2, 24, RRSMB_BAD_SD, ACE_AT + 2, "size 24");
    expect_bad_byte(ACE_AT + 2, 4, RRSMB_BAD_SD, ACE_AT + 2, "size 4");
    expect_bad_byte(ACE_AT + 9, 2, RRSMB_BAD_SD, ACE_AT + 8, "no valid SID");
}

Test(binary, refuses_types_without_a_string_form_with_type_and_position)
{
    static const uint8_t types[] = {0x04, 0x0c, 0x0e, 0x0f, 0x10, 0x14, 0x15, 0x16, 0xff};
    for (size_t i = 0; i < sizeof types; i++) {
        char words[32];
        snprintf(words, sizeof words, "entry 0 at byte 44: type 0x%02x", types[i]);
        expect_bad_byte(ACE_AT, types[i], RRSMB_UNSUPPORTED_ACE, ACE_AT, words);
    }
}

Test(binary, refuses_unknown_object_flags)
{
    struct blob *blob = encode("D:(OA;;1;;;WD)");
    blob->bytes[20 + 8 + 8] = 4;
    expect_bad(blob->bytes, blob->length, RRSMB_UNSUPPORTED_ACE, 36, "object flags 0x4");
    free(blob);
}

Test(binary, refuses_callback_data_that_is_no_condition)
{
    struct blob *blob = encode("D:(XA;;1;;;WD;(a))");
    blob->bytes[48] = 'b'; /* of "artx" */
    expect_bad(blob->bytes, blob->length, RRSMB_UNSUPPORTED_ACE, 48, "no conditional expression");
    free(blob);
    struct blob *plain = encode("D:(A;;1;;;WD)");
    plain->bytes[28] = 0x09;
    expect_bad(plain->bytes, plain->length, RRSMB_UNSUPPORTED_ACE, 48, "no conditional expression");
    free(plain);
}

Test(binary, refuses_null_arguments)
{
    size_t size;
    int equal;
    uint8_t digest[RRSMB_SD_DIGEST_SIZE];
    rrsmb_sd_view view;
    cr_expect_eq(rrsmb_sd_to_sddl(NULL, 20, NULL, 0, &size), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_to_sddl(simple, sizeof simple, NULL, 0, NULL), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_canonicalize(simple, sizeof simple, NULL, 1, &size),
                 RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_digest(NULL, 0, digest), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_digest(simple, sizeof simple, NULL), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_parse(NULL, 0, &view), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_equal(simple, sizeof simple, simple, sizeof simple, NULL),
                 RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_equal(simple, sizeof simple, NULL, 0, &equal), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_merge(simple, sizeof simple, simple, sizeof simple, 0x10, NULL, 0, &size),
                 RRSMB_INVALID_ARGUMENT);
}

Test(binary, needs_room_for_the_terminator_of_the_text)
{
    char text[sizeof SIMPLE_SDDL];
    size_t length = 0;
    cr_expect_eq(rrsmb_sd_to_sddl(simple, sizeof simple, text, sizeof text - 1, &length),
                 RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(length, sizeof SIMPLE_SDDL - 1);
    cr_expect_eq(rrsmb_sd_to_sddl(simple, sizeof simple, text, sizeof text, &length), RRSMB_OK);
    cr_expect_str_eq(text, SIMPLE_SDDL);
}

Test(binary, merges_the_parts_that_are_named)
{
    struct blob *base = encode("O:BAG:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)");
    struct blob *change = encode("O:SYG:SYD:AI(A;;2;;;SY)S:P(AU;FA;2;;;SY)");
    struct blob *nothing = encode("");
    static const struct {
        uint32_t parts;
        const char *expected;
        const char *expected_of_nothing;
    } cases[] = {
        {0, "O:BAG:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)", "O:BAG:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)"},
        {RRSMB_SD_OWNER, "O:SYG:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)",
         "G:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)"},
        {RRSMB_SD_GROUP, "O:BAG:SYD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)",
         "O:BAD:P(A;;1;;;BA)S:AI(AU;SA;1;;;BA)"},
        {RRSMB_SD_DACL, "O:BAG:BAD:AI(A;;2;;;SY)S:AI(AU;SA;1;;;BA)", "O:BAG:BAS:AI(AU;SA;1;;;BA)"},
        {RRSMB_SD_SACL, "O:BAG:BAD:P(A;;1;;;BA)S:P(AU;FA;2;;;SY)", "O:BAG:BAD:P(A;;1;;;BA)"},
        {RRSMB_SD_ALL, "O:SYG:SYD:AI(A;;2;;;SY)S:P(AU;FA;2;;;SY)", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t merged[512];
        size_t length;
        cr_assert_eq(rrsmb_sd_merge(base->bytes, base->length, change->bytes, change->length,
                                    cases[i].parts, merged, sizeof merged, &length),
                     RRSMB_OK);
        char *expected = canon(cases[i].expected);
        expect_canonical(merged, length, expected);
        free(expected);
        cr_assert_eq(rrsmb_sd_merge(base->bytes, base->length, nothing->bytes, nothing->length,
                                    cases[i].parts, merged, sizeof merged, &length),
                     RRSMB_OK);
        expected = canon(cases[i].expected_of_nothing);
        expect_canonical(merged, length, expected);
        free(expected);
    }
    free(base);
    free(change);
    free(nothing);
}

Test(binary, says_which_side_of_a_merge_is_bad)
{
    size_t length;
    cr_expect_eq(rrsmb_sd_merge("x", 1, simple, sizeof simple, 0, NULL, 0, &length), RRSMB_BAD_SD);
    cr_expect_not_null(strstr(rrsmb_error_last()->message, "base"));
    cr_expect_eq(rrsmb_sd_merge(simple, sizeof simple, "x", 1, 0, NULL, 0, &length), RRSMB_BAD_SD);
    cr_expect_not_null(strstr(rrsmb_error_last()->message, "change"));
}
