/* SPDX-License-Identifier: Apache-2.0 */
/* Resource attribute ACEs. */
#include "tests/sd/support.h"

static void expect_attribute(const char *attribute, const char *expected)
{
    char sddl[1024];
    char canonical[1024];
    snprintf(sddl, sizeof sddl, "S:(RA;;;;;WD;%s)", attribute);
    snprintf(canonical, sizeof canonical, "S:(RA;;0x0;;;S-1-1-0;%s)", expected);
    expect_canon(sddl, canonical);
}

static void expect_bad(const char *attribute, size_t offset, const char *words)
{
    char sddl[1024];
    int prefix = snprintf(sddl, sizeof sddl, "S:(RA;;;;;WD;");
    snprintf(sddl + prefix, sizeof sddl - (size_t)prefix, "%s)", attribute);
    expect_refused(sddl, RRSMB_BAD_SDDL, (size_t)prefix + offset, words);
}

Test(resource_attribute, carries_every_value_type)
{
    expect_attribute("(\"Secrecy\",TI,0,-1,+2,0x10,010)", "(\"Secrecy\",TI,0x0,-1,2,16,8)");
    expect_attribute("(\"a\",TI,0x10000,-9223372036854775808,9223372036854775807)",
                     "(\"a\",TI,0x10000,-9223372036854775808,9223372036854775807)");
    expect_attribute("(\"a\",TU,0,18446744073709551615,0)",
                     "(\"a\",TU,0x0,18446744073709551615,0)");
    expect_attribute("(\"Project\", TS , 0 , \"Windows\" , \"SQL\",\"\")",
                     "(\"Project\",TS,0x0,\"Windows\",\"SQL\",\"\")");
    expect_attribute("(\"a\",TD,0,SID(BA),WD,S-1-5-11)",
                     "(\"a\",TD,0x0,SID(S-1-5-32-544),SID(S-1-1-0),SID(S-1-5-11))");
    expect_attribute("(\"a\",TX,0,#0A0b,0c,#)", "(\"a\",TX,0x0,#0a0b,#0c,#)");
    expect_attribute("(\"a\",TB,1,0,1)", "(\"a\",TB,0x1,0,1)");
}

Test(resource_attribute, may_have_no_value)
{
    expect_attribute("(\"a\",TS,0)", "(\"a\",TS,0x0)");
}

Test(resource_attribute, escapes_its_name)
{
    expect_attribute("(\"a%0020b#c\xc3\xa4\",TI,0,1)", "(\"a%0020b%0023c%00e4\",TI,0x0,1)");
}

Test(resource_attribute, says_where_it_is_wrong)
{
    expect_bad("", 0, "'('");
    expect_bad("(a,TI,0,1)", 1, "'\"'");
    expect_bad("(\"\",TI,0,1)", 2, "name");
    expect_bad("(\"a%0000\",TI,0,1)", 8, "NUL");
    expect_bad("(\"a\",TQ,0,1)", 5, "TI");
    expect_bad("(\"a\",TI,x,1)", 8, "flags");
    expect_bad("(\"a\",TI,0,\"x\")", 10, "value");
    expect_bad("(\"a\",TI,0,9223372036854775808)", 10, "larger");
    expect_bad("(\"a\",TU,0,-1)", 10, "value");
    expect_bad("(\"a\",TB,0,2)", 10, "larger");
    expect_bad("(\"a\",TX,0,#0)", 12, "second");
    expect_bad("(\"a\",TS,0,x)", 10, "'\"'");
    expect_bad("(\"a\",TD,0,ZZ)", 10, "ZZ");
    expect_bad("(\"a\",TI,0,1", 12, "')'");
}
