/* SPDX-License-Identifier: Apache-2.0 */
/* What a token may do: order, owner, privileges, generic rights. */
#include "tests/sd/support.h"

#define ALICE DOMAIN "-1001"
#define STAFF DOMAIN "-1101"
#define FILE_ALL 0x1f01ffu
#define READ_CONTROL 0x20000u
#define WRITE_DAC 0x40000u
#define WRITE_OWNER 0x80000u

struct who {
    const char *sids[6]; /* the user first */
    int deny_only;       /* index of the SID that is for deny only; 0: none */
    uint32_t privileges;
};

static rrsmb_token *token_of(const struct who *who)
{
    uint8_t bytes[6][RRSMB_SID_SIZE_MAX];
    rrsmb_token_sid sids[6];
    size_t count = 0;
    for (; count < 6 && who->sids[count]; count++) {
        const char *text = who->sids[count];
        cr_assert_eq(rrsmb_sid_from_text(text, strlen(text), &support_domain, bytes[count],
                                         RRSMB_SID_SIZE_MAX, &sids[count].length),
                     RRSMB_OK, "%s", rrsmb_error_last()->message);
        sids[count].sid = bytes[count];
        sids[count].deny_only = who->deny_only != 0 && (size_t)who->deny_only == count;
    }
    rrsmb_token_options options = {
        .size = sizeof options, .sids = sids, .sid_count = count, .privileges = who->privileges};
    rrsmb_token *token;
    cr_assert_eq(rrsmb_token_new(&options, &token), RRSMB_OK, "%s", rrsmb_error_last()->message);
    return token;
}

static uint32_t check(const char *sddl, const struct who *who, uint32_t desired)
{
    struct blob *blob = encode(sddl);
    rrsmb_token *token = token_of(who);
    rrsmb_sd_view view;
    uint32_t granted = 0xdead;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_access_check(&view, token, desired, &granted), RRSMB_OK);
    rrsmb_token_free(token);
    free(blob);
    return granted;
}

#define EXPECT(sddl, who, desired, expected)                                        \
    do {                                                                            \
        uint32_t granted_ = check(sddl, who, desired);                              \
        cr_expect_eq(granted_, expected, "%s asked for 0x%x: 0x%x, not 0x%x", sddl, \
                     (unsigned)(desired), granted_, (unsigned)(expected));          \
    } while (0)

static const struct who alice = {.sids = {ALICE, STAFF, "WD", "AU"}};

Test(access, is_granted_whole_or_not_at_all)
{
    EXPECT("O:SYD:(A;;0x3;;;" ALICE ")", &alice, 0x1, 0x1);
    EXPECT("O:SYD:(A;;0x3;;;" ALICE ")", &alice, 0x3, 0x3);
    EXPECT("O:SYD:(A;;0x3;;;" ALICE ")", &alice, 0x7, 0);
    EXPECT("O:SYD:(A;;0x3;;;BA)", &alice, 0x1, 0);
}

Test(access, adds_up_over_groups)
{
    EXPECT("O:SYD:(A;;1;;;" ALICE ")(A;;2;;;" STAFF ")(A;;4;;;WD)", &alice, 0x7, 0x7);
}

Test(access, is_decided_by_the_first_ace_that_names_a_right)
{
    EXPECT("O:SYD:(D;;1;;;" STAFF ")(A;;3;;;WD)", &alice, 0x1, 0);
    EXPECT("O:SYD:(D;;1;;;" STAFF ")(A;;3;;;WD)", &alice, 0x2, 0x2);
    EXPECT("O:SYD:(A;;3;;;WD)(D;;1;;;" STAFF ")", &alice, 0x1, 0x1);
}

Test(access, of_a_missing_or_null_dacl_is_everything_and_of_an_empty_one_nothing)
{
    EXPECT("O:SY", &alice, FILE_ALL, FILE_ALL);
    EXPECT("O:SYD:NO_ACCESS_CONTROL", &alice, FILE_ALL, FILE_ALL);
    EXPECT("O:SYD:", &alice, 0x1, 0);
    EXPECT("O:SYD:NO_ACCESS_CONTROL", &alice, RRSMB_MAXIMUM_ALLOWED, FILE_ALL);
    EXPECT("O:SYD:", &alice, RRSMB_MAXIMUM_ALLOWED, 0);
}

Test(access, with_maximum_allowed_is_all_there_is)
{
    EXPECT("O:SYD:(D;;4;;;WD)(A;;0x7;;;" STAFF ")(A;;8;;;BA)", &alice, RRSMB_MAXIMUM_ALLOWED, 0x3);
    EXPECT("O:SYD:(A;;0x7;;;" STAFF ")", &alice, RRSMB_MAXIMUM_ALLOWED | 0x1, 0x7);
    EXPECT("O:SYD:(A;;0x7;;;" STAFF ")", &alice, RRSMB_MAXIMUM_ALLOWED | 0x8, 0);
}

Test(access, ignores_aces_for_inheritance_alone_and_for_audit)
{
    EXPECT("O:SYD:(A;CIIO;FA;;;WD)", &alice, 0x1, 0);
    EXPECT("O:SYD:(D;CIIO;FA;;;WD)(A;;FA;;;WD)", &alice, 0x1, 0x1);
    EXPECT("O:SYD:(AU;SA;FA;;;WD)(ML;;FA;;;WD)", &alice, 0x1, 0);
}

Test(access, of_the_owner_includes_reading_and_writing_the_dacl)
{
    EXPECT("O:" ALICE "D:", &alice, READ_CONTROL | WRITE_DAC, READ_CONTROL | WRITE_DAC);
    EXPECT("O:" STAFF "D:", &alice, READ_CONTROL | WRITE_DAC, READ_CONTROL | WRITE_DAC);
    EXPECT("O:" ALICE "D:(D;;FA;;;WD)", &alice, RRSMB_MAXIMUM_ALLOWED, READ_CONTROL | WRITE_DAC);
    EXPECT("O:SYD:", &alice, READ_CONTROL, 0);
    EXPECT("O:" ALICE "D:", &alice, WRITE_OWNER, 0);
}

Test(access, of_the_owner_is_limited_by_owner_rights)
{
    EXPECT("O:" ALICE "D:(A;;RC;;;OW)", &alice, WRITE_DAC, 0);
    EXPECT("O:" ALICE "D:(A;;RC;;;OW)", &alice, READ_CONTROL, READ_CONTROL);
    EXPECT("O:" ALICE "D:(A;;0x1;;;OW)", &alice, 0x1, 0x1);
    EXPECT("O:SYD:(A;;0x1;;;OW)", &alice, 0x1, 0);
    EXPECT("O:" ALICE "D:(A;IO;RC;;;OW)", &alice, WRITE_DAC, WRITE_DAC);
    EXPECT("O:" ALICE "D:(D;;WD;;;OW)(A;;FA;;;WD)", &alice, WRITE_DAC, 0);
}

Test(access, heeds_deny_only_sids_for_deny_alone)
{
    static const struct who limited = {.sids = {ALICE, STAFF}, .deny_only = 1};
    EXPECT("O:SYD:(A;;1;;;" STAFF ")", &limited, 0x1, 0);
    EXPECT("O:SYD:(D;;1;;;" STAFF ")(A;;1;;;" ALICE ")", &limited, 0x1, 0);
    EXPECT("O:" STAFF "D:", &limited, READ_CONTROL, 0);
}

Test(access, gives_privileges_what_they_stand_for)
{
    static const struct who security = {{ALICE}, 0, RRSMB_PRIVILEGE_SECURITY};
    static const struct who taker = {{ALICE}, 0, RRSMB_PRIVILEGE_TAKE_OWNERSHIP};
    static const struct who backup = {{ALICE}, 0, RRSMB_PRIVILEGE_BACKUP};
    static const struct who restore = {{ALICE}, 0, RRSMB_PRIVILEGE_RESTORE};
    EXPECT("O:SYD:(A;;0x11f01ff;;;WD)", &alice, RRSMB_ACCESS_SYSTEM_SECURITY, 0);
    EXPECT("O:SYD:NO_ACCESS_CONTROL", &alice, RRSMB_ACCESS_SYSTEM_SECURITY, 0);
    EXPECT("O:SYD:", &security, RRSMB_ACCESS_SYSTEM_SECURITY, RRSMB_ACCESS_SYSTEM_SECURITY);
    EXPECT("O:SYD:", &security, RRSMB_MAXIMUM_ALLOWED, 0);
    EXPECT("O:SYD:", &taker, WRITE_OWNER, WRITE_OWNER);
    EXPECT("O:SYD:", &taker, WRITE_DAC, 0);
    EXPECT("O:SYD:(D;;FA;;;WD)", &backup, 0x120089, 0x120089);
    EXPECT("O:SYD:", &backup, 0x2, 0);
    EXPECT("O:SYD:(D;;FA;;;WD)", &restore, 0x120116 | 0x10000 | WRITE_DAC | WRITE_OWNER,
           0x120116 | 0x10000 | WRITE_DAC | WRITE_OWNER);
    EXPECT("O:SYD:", &restore, 0x1, 0);
}

Test(access, takes_generic_rights_as_those_of_files)
{
    EXPECT("O:SYD:(A;;GA;;;WD)", &alice, FILE_ALL, FILE_ALL);
    EXPECT("O:SYD:(A;;FR;;;WD)", &alice, 0x80000000u, 0x120089);
    EXPECT("O:SYD:(D;;GW;;;WD)(A;;FA;;;WD)", &alice, 0x2, 0);
    EXPECT("O:SYD:(A;;FRFX;;;WD)", &alice, 0x40000000u, 0);
}

Test(access, by_object_aces_for_one_property_is_never_granted_but_denied)
{
    EXPECT("O:SYD:(OA;;1;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)", &alice, 0x1, 0);
    EXPECT("O:SYD:(OA;;1;;;WD)", &alice, 0x1, 0x1);
    EXPECT("O:SYD:(OD;;1;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)(A;;1;;;WD)", &alice, 0x1, 0);
}

Test(access, refuses_null_and_fails_closed)
{
    struct blob *blob = encode("D:NO_ACCESS_CONTROL");
    rrsmb_token *token = token_of(&alice);
    rrsmb_sd_view view;
    uint32_t granted = 0xdead;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_expect_eq(rrsmb_sd_access_check(&view, NULL, 1, &granted), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(granted, 0);
    granted = 0xdead;
    cr_expect_eq(rrsmb_sd_access_check(NULL, token, 1, &granted), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(granted, 0);
    cr_expect_eq(rrsmb_sd_access_check(&view, token, 1, NULL), RRSMB_INVALID_ARGUMENT);
    rrsmb_token_free(token);
    rrsmb_token_free(NULL);
    free(blob);
}

Test(access, refuses_tokens_that_are_none)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    rrsmb_token_sid bad = {everyone, sizeof everyone - 1, 0};
    const char *claim = "(\"a\",TI,0,x)";
    rrsmb_token *token;
    rrsmb_token_options options = {.size = sizeof options};
    cr_expect_eq(rrsmb_token_new(&options, &token), RRSMB_INVALID_ARGUMENT, "no SID");
    cr_expect_null(token);
    options.sids = &bad;
    options.sid_count = 1;
    cr_expect_eq(rrsmb_token_new(&options, &token), RRSMB_INVALID_ARGUMENT, "a bad SID");
    options.sids = &sid;
    options.user_claims = &claim;
    options.user_claim_count = 1;
    cr_expect_eq(rrsmb_token_new(&options, &token), RRSMB_BAD_SDDL, "a bad claim");
    cr_expect_not_null(strstr(rrsmb_error_last()->message, "user claims 0"));
    options.size = 0;
    cr_expect_eq(rrsmb_token_new(&options, &token), RRSMB_INVALID_ARGUMENT, "no size");
    cr_expect_eq(rrsmb_token_new(NULL, &token), RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_token_new(&options, NULL), RRSMB_INVALID_ARGUMENT);
}

Test(access, reads_options_shorter_than_its_own_as_if_zeros_followed)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    rrsmb_token *token;
    rrsmb_token_options options = {.size = offsetof(rrsmb_token_options, local_claims),
                                   .sids = &sid,
                                   .sid_count = 1,
                                   .local_claim_count = 99};
    cr_expect_eq(rrsmb_token_new(&options, &token), RRSMB_OK, "%s", rrsmb_error_last()->message);
    rrsmb_token_free(token);
}

Test(access, takes_options_longer_than_its_own_only_while_the_rest_is_zero)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    rrsmb_token *token;
    struct {
        rrsmb_token_options known;
        uint64_t restricted;
    } newer = {.known = {.size = sizeof newer, .sids = &sid, .sid_count = 1}};
    cr_expect_eq(rrsmb_token_new(&newer.known, &token), RRSMB_OK);
    rrsmb_token_free(token);
    newer.restricted = 1;
    cr_expect_eq(rrsmb_token_new(&newer.known, &token), RRSMB_INVALID_ARGUMENT);
    cr_expect_null(token);
}
