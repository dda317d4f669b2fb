/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers in text. */
#include "tests/sd/support.h"

Test(sid, resolves_every_alias)
{
    static const struct {
        const char *alias;
        const char *sid;
    } aliases[] = {
        {"AA", "S-1-5-32-579"},
        {"AC", "S-1-15-2-1"},
        {"AN", "S-1-5-7"},
        {"AO", "S-1-5-32-548"},
        {"AP", DOMAIN "-525"},
        {"AS", "S-1-18-1"},
        {"AU", "S-1-5-11"},
        {"BA", "S-1-5-32-544"},
        {"BG", "S-1-5-32-546"},
        {"BO", "S-1-5-32-551"},
        {"BU", "S-1-5-32-545"},
        {"CA", DOMAIN "-517"},
        {"CD", "S-1-5-32-574"},
        {"CG", "S-1-3-1"},
        {"CN", DOMAIN "-522"},
        {"CO", "S-1-3-0"},
        {"CY", "S-1-5-32-569"},
        {"DA", DOMAIN "-512"},
        {"DC", DOMAIN "-515"},
        {"DD", DOMAIN "-516"},
        {"DG", DOMAIN "-514"},
        {"DU", DOMAIN "-513"},
        {"EA", DOMAIN "-519"},
        {"ED", "S-1-5-9"},
        {"EK", DOMAIN "-527"},
        {"ER", "S-1-5-32-573"},
        {"ES", "S-1-5-32-576"},
        {"HA", "S-1-5-32-578"},
        {"HI", "S-1-16-12288"},
        {"HO", "S-1-5-32-584"},
        {"IS", "S-1-5-32-568"},
        {"IU", "S-1-5-4"},
        {"KA", DOMAIN "-526"},
        {"LA", DOMAIN "-500"},
        {"LG", DOMAIN "-501"},
        {"LS", "S-1-5-19"},
        {"LU", "S-1-5-32-559"},
        {"LW", "S-1-16-4096"},
        {"ME", "S-1-16-8192"},
        {"MP", "S-1-16-8448"},
        {"MS", "S-1-5-32-577"},
        {"MU", "S-1-5-32-558"},
        {"NO", "S-1-5-32-556"},
        {"NS", "S-1-5-20"},
        {"NU", "S-1-5-2"},
        {"OW", "S-1-3-4"},
        {"PA", DOMAIN "-520"},
        {"PO", "S-1-5-32-550"},
        {"PS", "S-1-5-10"},
        {"PU", "S-1-5-32-547"},
        {"RA", "S-1-5-32-575"},
        {"RC", "S-1-5-12"},
        {"RD", "S-1-5-32-555"},
        {"RE", "S-1-5-32-552"},
        {"RM", "S-1-5-32-580"},
        {"RO", DOMAIN "-498"},
        {"RS", DOMAIN "-553"},
        {"RU", "S-1-5-32-554"},
        {"SA", DOMAIN "-518"},
        {"SI", "S-1-16-16384"},
        {"SO", "S-1-5-32-549"},
        {"SS", "S-1-18-2"},
        {"SU", "S-1-5-6"},
        {"SY", "S-1-5-18"},
        {"UD", "S-1-5-84-0-0-0-0-0"},
        {"WD", "S-1-1-0"},
        {"WR", "S-1-5-33"},
    };
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        char sddl[64];
        char expected[64];
        snprintf(sddl, sizeof sddl, "O:%sG:%s", aliases[i].alias, aliases[i].sid);
        snprintf(expected, sizeof expected, "O:%sG:%s", aliases[i].sid, aliases[i].sid);
        expect_canon(sddl, expected);
    }
}

Test(sid, reads_numbers_up_to_their_limits)
{
    expect_canon("O:S-1-5-4294967295", "O:S-1-5-4294967295");
    expect_canon("O:S-1-4294967295-0", "O:S-1-4294967295-0");
    expect_canon("O:S-1-0x100000000-1", "O:S-1-0x000100000000-1");
    expect_canon("O:S-1-4294967296-1", "O:S-1-0x000100000000-1");
    expect_canon("O:S-1-0xFFFFFFFFFFFF-1", "O:S-1-0xffffffffffff-1");
    expect_canon("O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
                 "O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15");
}

Test(sid, reads_hexadecimal_and_leading_zeros_as_decimal)
{
    expect_canon("O:s-1-0x5-0x20-0x220", "O:S-1-5-32-544");
    expect_canon("O:S-1-5-032-0544", "O:S-1-5-32-544");
    expect_canon("O:S-1-5-0x20D:", "O:S-1-5-32D:");
}

Test(sid, reads_a_sid_without_sub_authorities)
{
    expect_canon("O:S-1-5", "O:S-1-5");
    expect_canon("O:S-1-0xd00000000000D:", "O:S-1-0xd00000000000D:");
}

Test(sid, refuses_what_does_not_fit)
{
    expect_refused("O:S-2-5-1", RRSMB_BAD_SDDL, 5, "revision");
    expect_refused("O:S-1-5-4294967296", RRSMB_BAD_SDDL, 17, "too large");
    expect_refused("O:S-1-281474976710656-1", RRSMB_BAD_SDDL, 20, "too large");
    expect_refused("O:S-1-5-", RRSMB_BAD_SDDL, 8, "number");
    expect_refused("O:S-1-5-x", RRSMB_BAD_SDDL, 8, "number");
    expect_refused("O:S-1-5-0x", RRSMB_BAD_SDDL, 10, "hexadecimal");
    expect_refused("O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", RRSMB_TOO_LARGE, 43, "15");
}

/* Options of a library to come, which knows more than this one. */
struct newer_options {
    rrsmb_sddl_options known;
    uint64_t strictness;
};

Test(sid, takes_options_longer_than_its_own_only_while_the_rest_is_zero)
{
    uint8_t binary[256];
    size_t length;
    struct newer_options newer = {.known = {.size = sizeof newer, .domain_sid = DOMAIN}};
    cr_expect_eq(rrsmb_sid_from_text("DA", 2, &newer.known, binary, sizeof binary, &length),
                 RRSMB_OK);
    cr_expect_eq(rrsmb_sd_from_sddl("O:DA", 4, &newer.known, binary, sizeof binary, &length),
                 RRSMB_OK);
    newer.strictness = 1;
    cr_expect_eq(rrsmb_sid_from_text("DA", 2, &newer.known, binary, sizeof binary, &length),
                 RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_from_sddl("O:DA", 4, &newer.known, binary, sizeof binary, &length),
                 RRSMB_INVALID_ARGUMENT);
}

Test(sid, reads_options_shorter_than_its_own_as_if_zeros_followed)
{
    uint8_t binary[256];
    size_t length;
    rrsmb_sddl_options options = {.size = offsetof(rrsmb_sddl_options, domain_sid),
                                  .domain_sid = DOMAIN};
    cr_expect_eq(rrsmb_sid_from_text("SY", 2, &options, binary, sizeof binary, &length), RRSMB_OK);
    cr_expect_eq(rrsmb_sd_from_sddl("O:SY", 4, &options, binary, sizeof binary, &length), RRSMB_OK);
    cr_expect_eq(rrsmb_sid_from_text("DA", 2, &options, binary, sizeof binary, &length),
                 RRSMB_NEEDS_DOMAIN, "the domain lies beyond the size");
}

Test(sid, refuses_options_without_a_size)
{
    uint8_t binary[256];
    size_t length;
    const rrsmb_sddl_options options = {.domain_sid = DOMAIN};
    cr_expect_eq(rrsmb_sid_from_text("DA", 2, &options, binary, sizeof binary, &length),
                 RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sd_from_sddl("O:DA", 4, &options, binary, sizeof binary, &length),
                 RRSMB_INVALID_ARGUMENT);
}
