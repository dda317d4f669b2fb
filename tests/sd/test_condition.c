/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional ACEs: the expression language in text and binary. */
#include "tests/sd/support.h"

/* A condition in an ACE for Everyone has this canonical form. */
static void expect_condition(const char *condition, const char *expected)
{
    char sddl[8192];
    char canonical[8192];
    snprintf(sddl, sizeof sddl, "D:(XA;;0x1;;;S-1-1-0;%s)", condition);
    snprintf(canonical, sizeof canonical, "D:(XA;;0x1;;;S-1-1-0;%s)", expected);
    expect_canon(sddl, canonical);
}

static void expect_same(const char *condition)
{
    expect_condition(condition, condition);
}

static void expect_bad(const char *condition, rrsmb_status status, size_t offset, const char *words)
{
    char sddl[8192];
    int prefix = snprintf(sddl, sizeof sddl, "D:(XA;;0x1;;;S-1-1-0;");
    snprintf(sddl + prefix, sizeof sddl - (size_t)prefix, "%s)", condition);
    expect_refused(sddl, status, (size_t)prefix + offset, words);
}

Test(condition, is_carried_by_each_callback_type)
{
    expect_canon("D:(XA;;FA;;;WD;(@User.a==1))", "D:(XA;;0x1f01ff;;;S-1-1-0;(@User.a == 1))");
    expect_canon("D:(XD;OI;FA;;;WD;(@User.a==1))", "D:(XD;OI;0x1f01ff;;;S-1-1-0;(@User.a == 1))");
    expect_canon("S:(XU;SA;FA;;;WD;(@User.a==1))", "S:(XU;SA;0x1f01ff;;;S-1-1-0;(@User.a == 1))");
    expect_canon("D:(ZA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD;(@User.a==1))",
                 "D:(ZA;;0x100;ab721a53-1e2f-11d0-9819-00aa0040529b;;S-1-1-0;(@User.a == 1))");
}

Test(condition, keeps_base_and_sign_of_integers)
{
    static const char *const integers[] = {
        "0",
        "00",
        "0x0",
        "+0",
        "-0",
        "17",
        "+17",
        "-17",
        "017",
        "-017",
        "0x1f",
        "+0x1f",
        "-0x1f",
        "9223372036854775807",
        "-9223372036854775808",
        "0x7fffffffffffffff",
        "-0x8000000000000000",
        "0777777777777777777777",
    };
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        char condition[80];
        snprintf(condition, sizeof condition, "(@User.a == %s)", integers[i]);
        expect_same(condition);
    }
    expect_condition("(@User.a==0XAB)", "(@User.a == 0xab)");
}

Test(condition, keeps_strings_octets_sids_and_lists)
{
    expect_same("(@User.a == \"\")");
    expect_same("(@User.a == \"a b) ; ( \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 %0041\")");
    expect_same("(@User.a == #)");
    expect_condition("(@User.a == #00AbfF)", "(@User.a == #00abff)");
    expect_condition("(@User.a == Sid( BA ))", "(@User.a == SID(S-1-5-32-544))");
    expect_same("(@User.a == {})");
    expect_condition("(@User.a=={1,\"x\",#01,SID(WD)})",
                     "(@User.a == {1, \"x\", #01, SID(S-1-1-0)})");
}

Test(condition, keeps_attributes_of_each_origin)
{
    expect_condition("(@uSER.a==@RESOURCE.b)", "(@User.a == @Resource.b)");
    expect_same("(@Device.a == @User.b)");
    expect_same("(WIN://SYSAPPID == local_name)");
    expect_condition("(@User.a#b+c[d]==1)", "(@User.a%0023b%002bc%005bd%005d == 1)");
    expect_condition("(@User.%0041%00e4%D800==1)", "(@User.A%00e4%d800 == 1)");
    expect_condition("(@User.\xc3\xa4==1)", "(@User.%00e4 == 1)");
    expect_condition("(a@b == 1)", "(a%0040b == 1)");
}

Test(condition, escapes_local_names_that_would_be_words)
{
    expect_same("(%0045xists == %0053ID)");
    expect_same("(Existsx == %0031)");
    expect_condition("(%0061bc)", "(abc)");
    expect_condition("(Member_of@ > 3)", "(Member_of%0040 > 3)");
    expect_condition("(Exists\xc3\xa4 > 3)", "(Exists%00e4 > 3)");
}

Test(condition, keeps_every_operator)
{
    static const char *const relations[] = {
        "==", "!=", "<", "<=", ">", ">=", "Contains", "Not_Contains", "Any_of", "Not_Any_of"};
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        char condition[80];
        snprintf(condition, sizeof condition, "(@User.a %s 1)", relations[i]);
        expect_same(condition);
    }
    static const char *const members[] = {
        "Member_of",     "Not_Member_of",     "Device_Member_of",     "Not_Device_Member_of",
        "Member_of_Any", "Not_Member_of_Any", "Device_Member_of_Any", "Not_Device_Member_of_Any",
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char condition[80];
        snprintf(condition, sizeof condition, "(%s {SID(S-1-1-0), SID(S-1-5-11)})", members[i]);
        expect_same(condition);
        snprintf(condition, sizeof condition, "(%s SID(S-1-1-0))", members[i]);
        expect_same(condition);
    }
    expect_same("(Exists @Resource.a)");
    expect_same("(Not_Exists local)");
    expect_condition("(MEMBER_OF{SID(WD)})", "(Member_of {SID(S-1-1-0)})");
}

Test(condition, binds_relations_then_not_then_and_then_or)
{
    expect_condition("(!@User.a==1)", "(!(@User.a == 1))");
    expect_condition("(!@User.a&&@User.b)", "(!(@User.a) && @User.b)");
    expect_condition("(a||b&&c||d)", "(a || b && c || d)");
    expect_condition("((a||b)&&c)", "((a || b) && c)");
    expect_condition("(a&&(b||c))", "(a && (b || c))");
    expect_condition("(((a)&&((b))))", "(a && b)");
    expect_condition("(! ! a)", "(!(!(a)))");
    expect_condition("(!(a&&b)||!Exists c)", "(!(a && b) || !(Exists c))");
}

Test(condition, keeps_the_grouping_of_chains)
{
    expect_condition("((a&&b)&&c)", "(a && b && c)");
    expect_condition("(a&&(b&&c))", "(a && (b && c))");
    expect_condition("((a||b)||(c||d))", "(a || b || (c || d))");
}

Test(condition, says_where_it_is_wrong)
{
    expect_bad("", RRSMB_BAD_SDDL, 0, "'('");
    expect_bad("()", RRSMB_BAD_SDDL, 1, "name");
    expect_bad("(@User.a == )", RRSMB_BAD_SDDL, 12, "name");
    expect_bad("(@User.a == 1", RRSMB_BAD_SDDL, 14, "')'");
    expect_bad("(@User. == 1)", RRSMB_BAD_SDDL, 7, "name");
    expect_bad("(@Foo.a == 1)", RRSMB_BAD_SDDL, 1, "@User.");
    expect_bad("(@User.a = 1)", RRSMB_BAD_SDDL, 9, "operator");
    expect_bad("(@User.a == 1 & b)", RRSMB_BAD_SDDL, 14, "operator");
    expect_bad("(@User.a == \"x)", RRSMB_BAD_SDDL, 16, "string");
    expect_bad("(@User.a == #0)", RRSMB_BAD_SDDL, 14, "second");
    expect_bad("(@User.a == 9223372036854775808)", RRSMB_BAD_SDDL, 12, "larger");
    expect_bad("(@User.a == {1,})", RRSMB_BAD_SDDL, 15, "list");
    expect_bad("(@User.a == {1 2})", RRSMB_BAD_SDDL, 15, "','");
    expect_bad("(@User.a == {{1}})", RRSMB_BAD_SDDL, 13, "list");
    expect_bad("(@User.a == SID(ZZ))", RRSMB_BAD_SDDL, 16, "ZZ");
    expect_bad("(@User.a%00 == 1)", RRSMB_BAD_SDDL, 11, "four");
    expect_bad("(Member_of {1})", RRSMB_BAD_SDDL, 1, "SID");
    expect_bad("(Exists 1)", RRSMB_BAD_SDDL, 1, "attribute");
    expect_bad("(@User.a == \"\xff\")", RRSMB_BAD_SDDL, 13, "UTF-8");
}

Test(condition, is_required_by_callback_types_alone)
{
    expect_refused("D:(XA;;FA;;;WD)", RRSMB_BAD_SDDL, 14, "condition");
    expect_refused("D:(A;;FA;;;WD;(a))", RRSMB_BAD_SDDL, 13, "')'");
}

static void nested(char *text, size_t depth, const char *open, const char *inner, const char *close)
{
    *text = '\0';
    for (size_t i = 0; i < depth; i++)
        strcat(text, open);
    strcat(text, inner);
    for (size_t i = 0; i < depth; i++)
        strcat(text, close);
}

Test(condition, nests_to_its_bound_and_no_deeper)
{
    char text[8192];
    nested(text, 64, "(", "a", ")");
    expect_condition(text, "(a)");
    nested(text, 65, "(", "a", ")");
    expect_bad(text, RRSMB_TOO_LARGE, 65, "64");
    char inner[4096];
    nested(inner, 63, "!(", "a", ")");
    snprintf(text, sizeof text, "(%s)", inner);
    expect_same(text);
    nested(inner, 64, "!(", "a", ")");
    snprintf(text, sizeof text, "(%s)", inner);
    expect_bad(text, RRSMB_TOO_LARGE, 129, "64");
    nested(inner, 63, "a && (", "a || b", ")");
    snprintf(text, sizeof text, "(%s)", inner);
    expect_same(text);
}

Test(condition, carries_long_chains)
{
    enum { TERMS = 500 };
    char *text = malloc(TERMS * 20);
    char *at = text;
    at += sprintf(at, "D:(XA;;0x1;;;S-1-1-0;(");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, "%s@User.a == %d", i ? " || " : "", i);
    strcpy(at, "))");
    expect_canon(text, text);
    free(text);
}

Test(condition, refuses_more_tokens_than_its_bound)
{
    enum { TERMS = 2049 };
    char *text = malloc(TERMS * 3 + 100);
    char *at = text;
    at += sprintf(at, "D:(XA;;0x1;;;S-1-1-0;(");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, "%sa", i ? "&&" : "");
    strcpy(at, "))");
    expect_refused(text, RRSMB_TOO_LARGE, (size_t)(at - text), "4096");
    free(text);
}
