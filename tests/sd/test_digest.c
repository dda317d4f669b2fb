/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a descriptor, equality, and that every bit that matters changes both. */
#include <openssl/sha.h>

#include "tests/sd/support.h"

static void digest_of(const void *sd, size_t length, uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    cr_assert_eq(rrsmb_sd_digest(sd, length, hash), RRSMB_OK, "%s", rrsmb_error_last()->message);
}

/* Two spellings have one hash and are equal. */
static void expect_same(const char *a, const char *b)
{
    struct blob *left = encode(a);
    struct blob *right = encode(b);
    uint8_t left_hash[RRSMB_SD_DIGEST_SIZE];
    uint8_t right_hash[RRSMB_SD_DIGEST_SIZE];
    int equal = 0;
    digest_of(left->bytes, left->length, left_hash);
    digest_of(right->bytes, right->length, right_hash);
    cr_expect_arr_eq(left_hash, right_hash, sizeof left_hash, "%s and %s", a, b);
    cr_assert_eq(rrsmb_sd_equal(left->bytes, left->length, right->bytes, right->length, &equal),
                 RRSMB_OK);
    cr_expect_eq(equal, 1, "%s and %s", a, b);
    free(left);
    free(right);
}

Test(digest, is_sha_256_of_the_canonical_text)
{
    static const char *const texts[] = {
        "", "O:BAG:SYD:(A;;FA;;;WD)S:(AU;SA;FA;;;WD)",
        "D:(XA;;FA;;;WD;(@User.a == {1,\"x\"}))S:(RA;;;;;WD;(\"a\",TS,0,\"b\"))"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct blob *blob = encode(texts[i]);
        char *text = decode(blob->bytes, blob->length);
        uint8_t expected[RRSMB_SD_DIGEST_SIZE];
        uint8_t hash[RRSMB_SD_DIGEST_SIZE];
        SHA256((const uint8_t *)text, strlen(text), expected);
        digest_of(blob->bytes, blob->length, hash);
        cr_expect_arr_eq(hash, expected, sizeof hash, "%s", text);
        free(text);
        free(blob);
    }
}

Test(digest, of_a_text_longer_than_its_buffer_is_right)
{
    char *sddl = malloc(2000 * 13 + 3);
    strcpy(sddl, "D:");
    for (size_t i = 0; i < 2000; i++)
        memcpy(sddl + 2 + i * 12, "(A;;GA;;;WD)", 13);
    struct blob *blob = encode(sddl);
    char *text = decode(blob->bytes, blob->length);
    uint8_t expected[RRSMB_SD_DIGEST_SIZE];
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    SHA256((const uint8_t *)text, strlen(text), expected);
    digest_of(blob->bytes, blob->length, hash);
    cr_expect_arr_eq(hash, expected, sizeof hash);
    free(text);
    free(blob);
    free(sddl);
}

Test(digest, of_a_view_is_the_same)
{
    struct blob *blob = encode("O:BAD:(A;;FA;;;WD)");
    uint8_t expected[RRSMB_SD_DIGEST_SIZE];
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    rrsmb_sd_view view;
    digest_of(blob->bytes, blob->length, expected);
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_digest_view(&view, hash), RRSMB_OK);
    cr_expect_arr_eq(hash, expected, sizeof hash);
    cr_expect_eq(rrsmb_sd_digest_view(NULL, hash), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_digest_view(&view, NULL), RRSMB_INVALID_ARGUMENT);
    free(blob);
}

Test(digest, is_one_for_all_spellings)
{
    expect_same("O:BAG:SY", "G:s-1-5-18 O:S-1-5-32-544");
    expect_same("D:PAI(A;OICI;FA;;;WD)", "D:AIP(a;ciOI;0x1f01ff;;;S-1-1-0)");
    expect_same("D:(A;;FRFW;;;WD)", "D:(A;;1180063;;;WD)");
    expect_same("D:(A;;KR;;;WD)", "D:(A;;0400031;;;WD)");
    expect_same("D:(OA;;1;AB721A53-1E2F-11D0-9819-00AA0040529B;;WD)",
                "D:(OA;;1;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)");
    expect_same("D:(XA;;1;;;WD;(@User.a==1&&b))", "D:(XA;;1;;;WD;((@USER.a == 1) && (%0062)))");
    expect_same("S:(RA;;;;;WD;(\"a\",TI,0,0x10))", "S:(RA;;0;;;S-1-1-0;(\"%0061\",TI,0x0,16))");
    expect_same("O:DA", "O:" DOMAIN "-512");
}

Test(digest, differs_where_the_meaning_differs)
{
    static const char *const texts[] = {
        "",
        "D:",
        "D:P",
        "D:AI",
        "D:AR",
        "D:NO_ACCESS_CONTROL",
        "S:",
        "S:NO_ACCESS_CONTROL",
        "O:BA",
        "G:BA",
        "D:(A;;1;;;WD)",
        "D:(D;;1;;;WD)",
        "D:(A;OI;1;;;WD)",
        "D:(A;;2;;;WD)",
        "D:(A;;1;;;BA)",
        "D:(OA;;1;;;WD)",
        "S:(A;;1;;;WD)",
        "D:(A;;1;;;WD)(D;;1;;;WD)",
        "D:(D;;1;;;WD)(A;;1;;;WD)",
        "D:(XA;;1;;;WD;(a == 1))",
        "D:(XA;;1;;;WD;(a == +1))",
        "D:(XA;;1;;;WD;(a == 0x1))",
        "D:(XA;;1;;;WD;(a == {1}))",
        "D:(XA;;1;;;WD;(A == 1))",
        "S:(RA;;;;;WD;(\"a\",TI,0,1))",
        "S:(RA;;;;;WD;(\"a\",TU,0,1))",
        "S:(RA;;;;;WD;(\"a\",TI,1,1))",
        "S:(RA;;;;;WD;(\"a\",TI,0,1,1))",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    uint8_t hashes[COUNT][RRSMB_SD_DIGEST_SIZE];
    struct blob *blobs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blobs[i] = encode(texts[i]);
        digest_of(blobs[i]->bytes, blobs[i]->length, hashes[i]);
        for (size_t j = 0; j < i; j++) {
            int equal = 1;
            cr_expect_neq(memcmp(hashes[i], hashes[j], sizeof hashes[i]), 0, "%s and %s", texts[i],
                          texts[j]);
            cr_assert_eq(rrsmb_sd_equal(blobs[i]->bytes, blobs[i]->length, blobs[j]->bytes,
                                        blobs[j]->length, &equal),
                         RRSMB_OK);
            cr_expect_eq(equal, 0, "%s and %s", texts[i], texts[j]);
        }
    }
    for (size_t i = 0; i < COUNT; i++)
        free(blobs[i]);
}

/* Bits of a descriptor in canonical form that may change without changing its meaning. */
static int is_dropped(const uint8_t *sd, size_t byte, unsigned int bit)
{
    size_t dacl = sd[16];
    if (byte == 1) /* resource manager control */
        return 1;
    if (byte == 2) /* OD, GD, DD, SD, trusted, server security */
        return (0xeb >> bit & 1) != 0;
    if (byte == 3) /* of the SACL, which is absent, and RM */
        return (0x6a >> bit & 1) != 0;
    /* revision (4 becomes 2), and what is reserved */
    return (byte == dacl && bit <= 2) || byte == dacl + 1 || byte == dacl + 6 || byte == dacl + 7;
}

Test(digest, changes_or_is_refused_with_each_bit_that_matters)
{
    struct blob *blob = encode("O:BAG:SYD:PAI(A;OICI;FA;;;WD)(D;;FW;;;S-1-5-21-1-2-3-500)"
                               "(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;BA)");
    uint8_t original[RRSMB_SD_DIGEST_SIZE];
    digest_of(blob->bytes, blob->length, original);
    size_t changed = 0;
    for (size_t byte = 0; byte < blob->length; byte++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            uint8_t hash[RRSMB_SD_DIGEST_SIZE];
            int equal = 0;
            struct blob mutant = *blob;
            mutant.bytes[byte] ^= (uint8_t)(1u << bit);
            if (rrsmb_sd_digest(mutant.bytes, mutant.length, hash) != RRSMB_OK)
                continue;
            cr_assert_eq(
                rrsmb_sd_equal(blob->bytes, blob->length, mutant.bytes, mutant.length, &equal),
                RRSMB_OK);
            int same = memcmp(hash, original, sizeof hash) == 0;
            cr_expect_eq(same, equal, "byte %zu bit %u: equality and hash disagree", byte, bit);
            if (!is_dropped(blob->bytes, byte, bit)) {
                cr_expect_not(same, "byte %zu bit %u does not change the hash", byte, bit);
                changed++;
            }
        }
    }
    cr_expect_gt(changed, 500, "the test must have had something to look at");
    free(blob);
}
