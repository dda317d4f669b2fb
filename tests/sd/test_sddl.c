/* SPDX-License-Identifier: Apache-2.0 */
/* SDDL that is read, its canonical form, and SDDL that is refused. */
#include "tests/sd/support.h"

Test(sddl, gives_numeric_sids_and_hexadecimal_masks)
{
    expect_canon("O:BAG:SYD:(A;;FA;;;WD)", "O:S-1-5-32-544G:S-1-5-18D:(A;;0x1f01ff;;;S-1-1-0)");
}

Test(sddl, orders_sections_and_flags)
{
    expect_canon("S:(AU;FASA;GA;;;WD)D:AIARP(A;IDIONPCIOI;GR;;;BA)G:BUO:SY",
                 "O:S-1-5-18G:S-1-5-32-545D:PARAI(A;OICINPIOID;0x80000000;;;S-1-5-32-544)"
                 "S:(AU;SAFA;0x10000000;;;S-1-1-0)");
}

Test(sddl, keeps_the_order_of_aces)
{
    expect_canon("D:(A;;1;;;WD)(D;;2;;;WD)(A;;1;;;WD)",
                 "D:(A;;0x1;;;S-1-1-0)(D;;0x2;;;S-1-1-0)(A;;0x1;;;S-1-1-0)");
}

Test(sddl, tells_null_empty_and_absent_acls_apart)
{
    expect_canon("", "");
    expect_canon("D:", "D:");
    expect_canon("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL");
    expect_canon("D:PNO_ACCESS_CONTROL", "D:PNO_ACCESS_CONTROL");
    expect_canon("S:NO_ACCESS_CONTROLAI", "S:AINO_ACCESS_CONTROL");
    expect_canon("D:S:", "D:S:");
    expect_canon("D:PS:AI", "D:PS:AI");
}

Test(sddl, reads_masks_in_any_base_and_mix)
{
    static const char *const same[] = {"FA",      "0x1f01ff", "0X1F01FF",
                                       "2032127", "07600777", "0x1f0000 0777",

                                       "FA 0x1",  "fa"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char sddl[100];
        snprintf(sddl, sizeof sddl, "D:(A;;%s;;;WD)", same[i]);
        expect_canon(sddl, "D:(A;;0x1f01ff;;;S-1-1-0)");
    }
    expect_canon("D:(A;;;;;WD)", "D:(A;;0x0;;;S-1-1-0)");
    expect_canon("D:(A;;0xffffffff;;;WD)", "D:(A;;0xffffffff;;;S-1-1-0)");
}

Test(sddl, knows_every_name_of_a_right)
{
    static const struct {
        const char *name;
        uint32_t mask;
    } rights[] = {
        {"GA", 0x10000000}, {"GX", 0x20000000}, {"GW", 0x40000000}, {"GR", 0x80000000},
        {"SD", 0x10000},    {"RC", 0x20000},    {"WD", 0x40000},    {"WO", 0x80000},
        {"CC", 0x1},        {"DC", 0x2},        {"LC", 0x4},        {"SW", 0x8},
        {"RP", 0x10},       {"WP", 0x20},       {"DT", 0x40},       {"LO", 0x80},
        {"CR", 0x100},      {"FA", 0x1f01ff},   {"FR", 0x120089},   {"FW", 0x120116},
        {"FX", 0x1200a0},   {"KA", 0xf003f},    {"KR", 0x20019},    {"KW", 0x20006},
        {"KX", 0x20019},    {"NW", 0x1},        {"NR", 0x2},        {"NX", 0x4},
    };
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        char sddl[100];
        char expected[100];
        snprintf(sddl, sizeof sddl, "D:(A;;%s;;;WD)", rights[i].name);
        snprintf(expected, sizeof expected, "D:(A;;0x%x;;;S-1-1-0)", rights[i].mask);
        expect_canon(sddl, expected);
    }
}

Test(sddl, reads_object_aces_with_either_guid)
{
    expect_canon("D:(OA;;CR;AB721A53-1E2F-11D0-9819-00AA0040529B;;WD)",
                 "D:(OA;;0x100;ab721a53-1e2f-11d0-9819-00aa0040529b;;S-1-1-0)");
    expect_canon("D:(OD;;CR;;ab721a53-1e2f-11d0-9819-00aa0040529b;WD)",
                 "D:(OD;;0x100;;ab721a53-1e2f-11d0-9819-00aa0040529b;S-1-1-0)");
    expect_canon("S:(OU;SA;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;"
                 "00000000-0000-0000-0000-000000000001;WD)",
                 "S:(OU;SA;0x100;ab721a53-1e2f-11d0-9819-00aa0040529b;"
                 "00000000-0000-0000-0000-000000000001;S-1-1-0)");
    expect_canon("D:(OA;;CR;;;WD)", "D:(OA;;0x100;;;S-1-1-0)");
}

Test(sddl, reads_labels_policies_and_alarms)
{
    expect_canon("S:(ML;;NWNRNX;;;LW)", "S:(ML;;0x7;;;S-1-16-4096)");
    expect_canon("S:(SP;;;;;S-1-17-7)", "S:(SP;;0x0;;;S-1-17-7)");
    expect_canon("S:(AL;SA;GA;;;WD)(OL;FA;GA;;;WD)",
                 "S:(AL;SA;0x10000000;;;S-1-1-0)(OL;FA;0x10000000;;;S-1-1-0)");
}

Test(sddl, reads_spaces_and_any_case)
{
    expect_canon(" o: ba  g:\tsy d: p ( a ; oi ci ; fa ; ; ; wd ) ( D ;; gr ;;; s-1-1-0 ) ",
                 "O:S-1-5-32-544G:S-1-5-18D:P(A;OICI;0x1f01ff;;;S-1-1-0)"
                 "(D;;0x80000000;;;S-1-1-0)");
}

Test(sddl, resolves_domain_aliases_by_the_domain_given)
{
    expect_canon("O:DAG:DUD:(A;;GA;;;LA)(A;;GA;;;RO)",
                 "O:" DOMAIN "-512G:" DOMAIN "-513D:(A;;0x10000000;;;" DOMAIN
                 "-500)(A;;0x10000000;;;" DOMAIN "-498)");
}

Test(sddl, refuses_domain_aliases_without_a_domain_by_name)
{
    expect_refused("O:DA", RRSMB_NEEDS_DOMAIN, 2, "DA");
    expect_refused("D:(A;;GA;;;LG)", RRSMB_NEEDS_DOMAIN, 11, "LG");
}

Test(sddl, says_where_the_text_is_wrong)
{
    expect_refused("X:BA", RRSMB_BAD_SDDL, 0, "O:, G:, D: or S:");
    expect_refused("O:", RRSMB_BAD_SDDL, 2, "SID");
    expect_refused("O:ZZ", RRSMB_BAD_SDDL, 2, "ZZ");
    expect_refused("O:BAO:BA", RRSMB_BAD_SDDL, 4, "second O:");
    expect_refused("O:BAxG:BA", RRSMB_BAD_SDDL, 4, "found 'x'");
    expect_refused("D:(A;;GA;;;WD", RRSMB_BAD_SDDL, 13, "')'");
    expect_refused("D:(A;QQ;GA;;;WD)", RRSMB_BAD_SDDL, 5, "flag");
    expect_refused("D:(A;;QQ;;;WD)", RRSMB_BAD_SDDL, 6, "right");
    expect_refused("D:(A;;0x;;;WD)", RRSMB_BAD_SDDL, 8, "hexadecimal");
    expect_refused("D:(A;;08;;;WD)", RRSMB_BAD_SDDL, 7, "octal");
    expect_refused("D:(A;;0x100000000;;;WD)", RRSMB_BAD_SDDL, 6, "larger");
    expect_refused("D:(A;;GA;x;;WD)", RRSMB_BAD_SDDL, 9, "GUID");
    expect_refused("D:(A;;GA;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)", RRSMB_BAD_SDDL, 9,
                   "no object ACE");
    expect_refused("D:(A;;GA;;;WD;x)", RRSMB_BAD_SDDL, 13, "')'");
    expect_refused("D:Q(A;;GA;;;WD)", RRSMB_BAD_SDDL, 2, "ACL flag");
    expect_refused("D:NO_ACCESS_CONTROL(A;;GA;;;WD)", RRSMB_BAD_SDDL, 19, "NO_ACCESS_CONTROL");
    expect_refused("D:(A;;GA;;;WD)\x80", RRSMB_BAD_SDDL, 14, "0x80");
}

Test(sddl, refuses_types_that_it_does_not_know_by_name)
{
    expect_refused("S:(TL;;GA;;;WD)", RRSMB_UNSUPPORTED_ACE, 3, "TL");
    expect_refused("S:(fl;;GA;;;WD)", RRSMB_UNSUPPORTED_ACE, 3, "fl");
    expect_refused("S:(QQ;;GA;;;WD)", RRSMB_BAD_SDDL, 3, "QQ");
    expect_refused("S:(;;GA;;;WD)", RRSMB_BAD_SDDL, 3, "ACE type");
}

Test(sddl, reads_no_further_than_the_length_given)
{
    uint8_t sd[64];
    size_t length;
    cr_assert_eq(rrsmb_sd_from_sddl("O:BAG:SYgarbage", 8, NULL, sd, sizeof sd, &length), RRSMB_OK);
    char *text = decode(sd, length);
    cr_expect_str_eq(text, "O:S-1-5-32-544G:S-1-5-18");
    free(text);
}

Test(sddl, asks_for_the_size_with_no_buffer)
{
    const char *sddl = "O:BAD:(A;;FA;;;WD)";
    size_t length = 0;
    cr_assert_eq(rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, NULL, 0, &length),
                 RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(length, 20 + 16 + 8 + 20);
    uint8_t sd[64];
    cr_expect_eq(rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, length - 1, &length),
                 RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, length, &length), RRSMB_OK);
}

Test(sddl, refuses_null_and_unsized_options)
{
    size_t length;
    rrsmb_sddl_options unsized = {0, NULL};
    cr_expect_eq(rrsmb_sd_from_sddl(NULL, 1, NULL, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_from_sddl("", 0, NULL, NULL, 0, NULL), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_from_sddl("", 0, NULL, NULL, 1, &length), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_from_sddl("", 0, &unsized, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
    rrsmb_sddl_options bad = {sizeof bad, "S-1-x"};
    cr_expect_eq(rrsmb_sd_from_sddl("O:DA", 4, &bad, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
}

Test(sddl, refuses_an_acl_over_64_kb)
{
    /* An ACE for Everyone is 20 bytes: 3,276 of them and the header are 65,528. */
    static const char ace[] = "(A;;GA;;;WD)";
    enum { FIT = 3276 };
    char *sddl = malloc(2 + sizeof ace * (FIT + 1));
    cr_assert_not_null(sddl);
    strcpy(sddl, "D:");
    for (size_t i = 0; i < FIT; i++)
        memcpy(sddl + 2 + i * (sizeof ace - 1), ace, sizeof ace);
    struct blob *blob = encode(sddl);
    cr_expect_eq(blob->length, 20 + 65528);
    free(blob);
    strcat(sddl, ace);
    expect_refused(sddl, RRSMB_TOO_LARGE, 2, "65532");
    free(sddl);
}
