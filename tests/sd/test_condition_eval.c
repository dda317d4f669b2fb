/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions against the claims of a token: true, false and unknown. */
#include "tests/sd/support.h"

#define RESOURCE                                                              \
    "S:(RA;;;;;WD;(\"Dept\",TS,0,\"Finance\"))(RA;;;;;WD;(\"Level\",TU,0,3))" \
    "(RA;;;;;WD;(\"Tags\",TS,0,\"x\",\"y\"))(RA;;;;;WD;(\"Off\",TI,0x10,1))"  \
    "(RA;CIIO;;;;WD;(\"Child\",TI,0,1))"

static rrsmb_token *token_new(void)
{
    static const char *const user[] = {
        "(\"Title\",TS,0,\"PM\")",
        "(\"Level\",TI,0,5)",
        "(\"Neg\",TI,0,-2)",
        "(\"Big\",TU,0,18446744073709551615)",
        "(\"Tags\",TS,0,\"x\",\"y\",\"z\")",
        "(\"Yes\",TB,0,1)",
        "(\"No\",TB,0,0)",
        "(\"Empty\",TS,0,\"\")",
        "(\"Zero\",TI,0,0)",
        "(\"Sid\",TD,0,SID(BA))",
        "(\"Octets\",TX,0,#0102)",
        "(\"Case\",TS,2,\"PM\")",
        "(\"None\",TI,0)",
        "(\"Deny\",TI,4,1)",
    };
    static const char *const device[] = {"(\"Managed\",TB,0,1)"};
    static const char *const local[] = {"(\"APPID://PATH\",TS,0,\"c:\")"};
    static const uint8_t alice[] = {1, 1, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0};
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    static const uint8_t staff[] = {1, 1, 0, 0, 0, 0, 0, 9, 2, 0, 0, 0};
    static const uint8_t machine[] = {1, 1, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0};
    static const rrsmb_token_sid sids[] = {
        {alice, sizeof alice, 0}, {everyone, sizeof everyone, 0}, {staff, sizeof staff, 1}};
    static const rrsmb_token_sid devices[] = {{machine, sizeof machine, 0}};
    const rrsmb_token_options options = {
        .size = sizeof options,
        .sids = sids,
        .sid_count = 3,
        .device_sids = devices,
        .device_sid_count = 1,
        .user_claims = user,
        .user_claim_count = sizeof user / sizeof user[0],
        .device_claims = device,
        .device_claim_count = 1,
        .local_claims = local,
        .local_claim_count = 1,
    };
    rrsmb_token *token;
    cr_assert_eq(rrsmb_token_new(&options, &token), RRSMB_OK, "%s", rrsmb_error_last()->message);
    return token;
}

static uint32_t check(const char *aces, const rrsmb_token *token)
{
    char sddl[4096];
    snprintf(sddl, sizeof sddl, "O:SYD:%s" RESOURCE, aces);
    struct blob *blob = encode(sddl);
    rrsmb_sd_view view;
    uint32_t granted;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_access_check(&view, token, 1, &granted), RRSMB_OK);
    free(blob);
    return granted;
}

/* 'T', 'F' or '?': told apart by an allow ACE with the condition, and one with its negation. */
static char truth_of(const char *condition, const rrsmb_token *token)
{
    char aces[2048];
    snprintf(aces, sizeof aces, "(XA;;1;;;WD;(%s))", condition);
    uint32_t when_true = check(aces, token);
    snprintf(aces, sizeof aces, "(XA;;1;;;WD;(!(%s)))", condition);
    uint32_t when_false = check(aces, token);
    cr_expect_not(when_true && when_false, "%s is both", condition);
    return when_true ? 'T' : when_false ? 'F' : '?';
}

struct expectation {
    const char *condition;
    char truth;
};

static void expect_all(const struct expectation *expectations, size_t count)
{
    rrsmb_token *token = token_new();
    for (size_t i = 0; i < count; i++) {
        char truth = truth_of(expectations[i].condition, token);
        cr_expect_eq(truth, expectations[i].truth, "%s is %c, not %c", expectations[i].condition,
                     truth, expectations[i].truth);
    }
    rrsmb_token_free(token);
}

#define EXPECT_ALL(...)                                                            \
    do {                                                                           \
        static const struct expectation expectations_[] = {__VA_ARGS__};           \
        expect_all(expectations_, sizeof expectations_ / sizeof expectations_[0]); \
    } while (0)

Test(condition_eval, compares_integers)
{
    EXPECT_ALL({"@User.Level == 5", 'T'}, {"@User.Level != 5", 'F'}, {"@User.Level < 6", 'T'},
               {"@User.Level <= 4", 'F'}, {"@User.Level > 0x4", 'T'}, {"@User.Level >= 06", 'F'},
               {"@User.Neg < 0", 'T'}, {"@User.Neg == -2", 'T'}, {"@User.Big > 1", 'T'},
               {"@User.Big > @User.Neg", 'T'}, {"@User.Level > @Resource.Level", 'T'});
}

Test(condition_eval, compares_strings_without_case_unless_the_claim_says_so)
{
    EXPECT_ALL({"@User.Title == \"pm\"", 'T'}, {"@User.Case == \"pm\"", 'F'},
               {"@User.Case == \"PM\"", 'T'}, {"@User.Title < \"q\"", 'T'},
               {"@User.Title < \"PMs\"", 'T'}, {"@User.Empty == \"\"", 'T'});
}

Test(condition_eval, compares_sids_octets_and_booleans)
{
    EXPECT_ALL({"@User.Sid == SID(BA)", 'T'}, {"@User.Sid == SID(SY)", 'F'},
               {"@User.Sid < SID(SY)", '?'}, {"@User.Octets == #0102", 'T'},
               {"@User.Octets < #0103", 'T'}, {"@User.Yes == 1", 'T'}, {"@User.Yes == 2", '?'},
               {"@User.Yes < 2", '?'}, {"@User.No != 1", 'T'},
               {"@User.Yes == @Device.Managed", 'T'});
}

Test(condition_eval, is_unknown_when_types_differ_or_a_value_is_missing)
{
    EXPECT_ALL({"@User.Title == 1", '?'}, {"@User.Level == \"5\"", '?'},
               {"@User.Missing == 1", '?'}, {"@User.Missing != 1", '?'},
               {"@User.Level == @User.Missing", '?'}, {"@User.None == 1", '?'},
               {"@User.Missing", '?'}, {"@Resource.Off == 1", '?'}, {"@Resource.Child == 1", '?'},
               {"@User.Deny == 1", '?'}, {"@Device.Level == 5", '?'});
}

Test(condition_eval, treats_lists_as_sets)
{
    EXPECT_ALL(
        {"@User.Tags == {\"z\",\"y\",\"x\",\"x\"}", 'T'}, {"@User.Tags == {\"x\"}", 'F'},
        {"@User.Tags != @Resource.Tags", 'T'}, {"@User.Tags Contains \"x\"", 'T'},
        {"@User.Tags Contains {\"x\",\"Z\"}", 'T'}, {"@User.Tags Contains {\"x\",\"q\"}", 'F'},
        {"@User.Tags Contains @Resource.Tags", 'T'}, {"@Resource.Tags Contains @User.Tags", 'F'},
        {"@User.Tags Any_of {\"q\",\"x\"}", 'T'}, {"@User.Tags Any_of {\"q\"}", 'F'},
        {"@User.Tags Not_Any_of {\"q\"}", 'T'}, {"@User.Tags Not_Contains {\"q\"}", 'T'},
        {"@User.Tags Contains {}", '?'}, {"@User.Tags Any_of {1}", '?'},
        {"@User.Tags < \"x\"", '?'}, {"@User.Title Any_of {\"PM\",\"Lead\"}", 'T'});
}

Test(condition_eval, looks_up_membership)
{
    EXPECT_ALL({"Member_of SID(WD)", 'T'}, {"Member_of {SID(WD),SID(S-1-9-1)}", 'T'},
               {"Member_of {SID(WD),SID(BA)}", 'F'}, {"Member_of_Any {SID(WD),SID(BA)}", 'T'},
               {"Member_of_Any {SID(BA)}", 'F'}, {"Not_Member_of {SID(BA)}", 'T'},
               {"Not_Member_of_Any {SID(WD),SID(BA)}", 'F'}, {"Member_of SID(S-1-9-3)", 'F'},
               {"Device_Member_of SID(S-1-9-3)", 'T'}, {"Device_Member_of_Any {SID(WD)}", 'F'},
               {"Not_Device_Member_of SID(WD)", 'T'},
               {"Not_Device_Member_of_Any SID(S-1-9-3)", 'F'}, {"Member_of SID(S-1-9-2)", 'F'});
}

Test(condition_eval, knows_what_exists)
{
    EXPECT_ALL({"Exists @User.Title", 'T'}, {"Exists @USER.tITLE", 'T'},
               {"Exists @User.Missing", 'F'}, {"Not_Exists @User.Missing", 'T'},
               {"Exists @Resource.Dept", 'T'}, {"Exists @Device.Managed", 'T'},
               {"Exists APPID://PATH", 'T'}, {"Exists Title", 'F'},
               {"Not_Exists @Resource.Child", 'T'});
}

Test(condition_eval, takes_attributes_as_truth)
{
    EXPECT_ALL({"@User.Yes", 'T'}, {"@User.No", 'F'}, {"@User.Level", 'T'}, {"@User.Zero", 'F'},
               {"@User.Title", 'T'}, {"@User.Empty", 'F'}, {"@User.Tags", '?'}, {"@User.Sid", '?'});
}

Test(condition_eval, combines_three_truth_values)
{
#define T "@User.Yes"
#define F "@User.No"
#define U "@User.Missing"
    EXPECT_ALL({T " && " T, 'T'}, {T " && " F, 'F'}, {F " && " U, 'F'}, {U " && " F, 'F'},
               {T " && " U, '?'}, {U " && " U, '?'}, {F " || " F, 'F'}, {T " || " U, 'T'},
               {U " || " T, 'T'}, {F " || " U, '?'}, {U " || " U, '?'}, {"!" U, '?'}, {"!" T, 'F'},
               {T " || " F " && " F, 'T'}, {"(" T " || " F ") && " F, 'F'},
               {F " || " T " && (" F " || !(" F "))", 'T'});
}

Test(condition_eval, of_unknown_denies_in_a_deny_ace)
{
    rrsmb_token *token = token_new();
    cr_expect_eq(check("(XD;;1;;;WD;(@User.Missing == 1))(A;;1;;;WD)", token), 0);
    cr_expect_eq(check("(XD;;1;;;WD;(@User.Level == 5))(A;;1;;;WD)", token), 0);
    cr_expect_eq(check("(XD;;1;;;WD;(@User.Level == 6))(A;;1;;;WD)", token), 1);
    rrsmb_token_free(token);
}

Test(condition_eval, lets_deny_only_sids_and_claims_count_in_a_deny_ace)
{
    rrsmb_token *token = token_new();
    cr_expect_eq(check("(XD;;1;;;WD;(Member_of SID(S-1-9-2)))(A;;1;;;WD)", token), 0);
    cr_expect_eq(check("(XD;;1;;;WD;(@User.Deny == 2))(A;;1;;;WD)", token), 1);
    rrsmb_token_free(token);
}

Test(condition_eval, gives_up_on_endless_work_and_allows_nothing)
{
    /* Two lists of 1,500 members that have nothing in common, compared over and over. */
    enum { MEMBERS = 1500, TERMS = 400 };
    char *sddl = malloc(2 * MEMBERS * 8 + TERMS * 40 + 200);
    cr_assert_not_null(sddl);
    char *at = sddl + sprintf(sddl, "O:SYS:");
    for (int list = 0; list < 2; list++) {
        at += sprintf(at, "(RA;;;;;WD;(\"%c\",TI,0", 'a' + list);
        for (int i = 0; i < MEMBERS; i++)
            at += sprintf(at, ",%d", i + list * MEMBERS);
        at += sprintf(at, "))");
    }
    at += sprintf(at, "D:(XA;;1;;;WD;(");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, "%s@Resource.a Not_Any_of @Resource.b", i ? " && " : "");
    sprintf(at, "))");
    struct blob *blob = encode(sddl);
    rrsmb_token *token = token_new();
    rrsmb_sd_view view;
    uint32_t granted = 1;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_expect_eq(rrsmb_sd_access_check(&view, token, 1, &granted), RRSMB_OK);
    cr_expect_eq(granted, 0);
    rrsmb_token_free(token);
    free(blob);
    free(sddl);
}

Test(condition_eval, takes_nothing_for_missing_that_it_did_not_look_for)
{
    /* 400 attributes in the SACL, of which none is asked for, and 1,000 questions. */
    enum { ATTRIBUTES = 400, TERMS = 1000 };
    char *sddl = malloc(ATTRIBUTES * 40 + TERMS * 40 + 200);
    cr_assert_not_null(sddl);
    char *at = sddl + sprintf(sddl, "O:SYS:");
    for (int i = 0; i < ATTRIBUTES; i++)
        at += sprintf(at, "(RA;;;;;WD;(\"a%d\",TI,0,1))", i);
    at += sprintf(at, "D:(XA;;1;;;WD;(");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, "%sNot_Exists @Resource.x", i ? " && " : "");
    sprintf(at, "))");
    struct blob *blob = encode(sddl);
    rrsmb_token *token = token_new();
    rrsmb_sd_view view;
    uint32_t granted = 1;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_expect_eq(rrsmb_sd_access_check(&view, token, 1, &granted), RRSMB_OK);
    cr_expect_eq(granted, 0);
    rrsmb_token_free(token);
    free(blob);
    free(sddl);
}
