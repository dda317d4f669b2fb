/* SPDX-License-Identifier: Apache-2.0 */
/* Views, the builder, words for people, text of SIDs. */
#include "tests/sd/support.h"

Test(view, walks_the_aces_of_both_lists)
{
    struct blob *blob = encode("O:BAG:SYD:PAI(A;OI;0x1;;;WD)"
                               "(OA;;0x2;ab721a53-1e2f-11d0-9819-00aa0040529b;;SY)"
                               "(XA;;0x4;;;BA;(@User.a == 1))S:(ML;;NW;;;LW)");
    rrsmb_sd_view view;
    rrsmb_ace ace;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_expect_str_eq(rrsmb_sid_alias(view.owner, view.owner_length), "BA");
    cr_expect_str_eq(rrsmb_sid_alias(view.group, view.group_length), "SY");
    cr_expect_eq(view.control, RRSMB_SD_SELF_RELATIVE | RRSMB_SD_DACL_PRESENT |
                                   RRSMB_SD_DACL_PROTECTED | RRSMB_SD_DACL_AUTO_INHERITED |
                                   RRSMB_SD_SACL_PRESENT);
    cr_expect_eq(view.dacl.count, 3);
    cr_assert(rrsmb_acl_first(&view.dacl, &ace));
    cr_expect(ace.type == 0 && ace.flags == RRSMB_ACE_OBJECT_INHERIT && ace.mask == 1);
    cr_expect(ace.index == 0 && ace.size == 20 && !ace.data && !ace.object_type);
    cr_expect_arr_eq(blob->bytes + ace.offset, ((const uint8_t[]){0, 1, 20, 0}), 4);
    cr_assert(rrsmb_acl_next(&view.dacl, &ace));
    cr_expect(ace.type == 5 && ace.index == 1 && ace.mask == 2);
    char guid[37];
    rrsmb_guid_text(ace.object_type, guid);
    cr_expect_str_eq(guid, "ab721a53-1e2f-11d0-9819-00aa0040529b");
    cr_expect_null(ace.inherited_object_type);
    cr_assert(rrsmb_acl_next(&view.dacl, &ace));
    char text[64];
    size_t length;
    cr_assert_eq(rrsmb_ace_data_text(&ace, text, sizeof text, &length), RRSMB_OK);
    cr_expect_str_eq(text, "(@User.a == 1)");
    cr_expect_not(rrsmb_acl_next(&view.dacl, &ace));
    cr_assert(rrsmb_acl_first(&view.sacl, &ace));
    cr_expect_str_eq(rrsmb_ace_type_name(ace.type), "mandatory label");
    free(blob);
}

Test(view, of_no_list_has_no_aces)
{
    struct blob *blob = encode("D:NO_ACCESS_CONTROL");
    rrsmb_sd_view view;
    rrsmb_ace ace;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    cr_expect_eq(view.dacl.state, RRSMB_ACL_NULL);
    cr_expect_eq(view.sacl.state, RRSMB_ACL_ABSENT);
    cr_expect_not(rrsmb_acl_first(&view.dacl, &ace));
    cr_expect_not(rrsmb_acl_first(&view.sacl, &ace));
    cr_expect_null(view.owner);
    free(blob);
}

static void expect_built(const rrsmb_sd_view *view, const char *sddl)
{
    uint8_t sd[4096];
    size_t length;
    cr_assert_eq(rrsmb_sd_build(view, sd, sizeof sd, &length), RRSMB_OK, "%s",
                 rrsmb_error_last()->message);
    char *text = decode(sd, length);
    cr_expect_str_eq(text, sddl, "%s, not %s", text, sddl);
    free(text);
}

static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

Test(build, makes_a_descriptor_from_parts)
{
    static const uint8_t guid[16] = {1};
    static const uint8_t condition[] = "artx\xf8\x02\0\0\0a\0";
    const rrsmb_ace aces[] = {
        {.type = 1, .flags = 3, .mask = 2, .sid = everyone, .sid_length = sizeof everyone},
        {.type = 5, .mask = 1, .sid = everyone, .sid_length = sizeof everyone, .object_type = guid},
        {.type = 9,
         .mask = 1,
         .sid = everyone,
         .sid_length = sizeof everyone,
         .data = condition,
         .data_length = sizeof condition - 1},
    };
    rrsmb_sd_view view = {.owner = everyone,
                          .owner_length = sizeof everyone,
                          .control = RRSMB_SD_DACL_PROTECTED | RRSMB_SD_SACL_PROTECTED | 1,
                          .dacl = {.state = RRSMB_ACL_PRESENT, .count = 3, .list = aces}};
    expect_built(&view, "O:S-1-1-0D:P(D;OICI;0x2;;;S-1-1-0)"
                        "(OA;;0x1;00000001-0000-0000-0000-000000000000;;S-1-1-0)"
                        "(XA;;0x1;;;S-1-1-0;(a))");
    view = (rrsmb_sd_view){.dacl = {.state = RRSMB_ACL_NULL}, .sacl = {.state = RRSMB_ACL_PRESENT}};
    expect_built(&view, "D:NO_ACCESS_CONTROLS:");
}

Test(build, changes_a_parsed_descriptor)
{
    struct blob *blob = encode("O:BAD:(A;;1;;;BA)S:(AU;SA;1;;;WD)");
    rrsmb_sd_view view;
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    view.owner = everyone;
    view.owner_length = sizeof everyone;
    view.sacl = (rrsmb_acl_view){.state = RRSMB_ACL_ABSENT};
    expect_built(&view, "O:S-1-1-0D:(A;;0x1;;;S-1-5-32-544)");
    free(blob);
}

static void expect_not_built(rrsmb_ace ace, rrsmb_status expected)
{
    rrsmb_sd_view view = {.dacl = {.state = RRSMB_ACL_PRESENT, .count = 1, .list = &ace}};
    size_t length;
    rrsmb_status status = rrsmb_sd_build(&view, NULL, 0, &length);
    cr_expect_eq(status, expected, "%s, not %s", rrsmb_status_name(status),
                 rrsmb_status_name(expected));
}

Test(build, refuses_what_would_be_no_descriptor)
{
    const rrsmb_ace good = {.sid = everyone, .sid_length = sizeof everyone};
    rrsmb_ace ace = good;
    ace.type = 4;
    expect_not_built(ace, RRSMB_UNSUPPORTED_ACE);
    ace = good;
    ace.sid = NULL;
    expect_not_built(ace, RRSMB_BAD_SD);
    ace = good;
    ace.sid_length = 11;
    expect_not_built(ace, RRSMB_BAD_SD);
    ace = good;
    ace.object_type = everyone;
    expect_not_built(ace, RRSMB_BAD_SD);
    ace = good;
    ace.data = everyone;
    expect_not_built(ace, RRSMB_BAD_SD);
    ace = good;
    ace.type = 9;
    expect_not_built(ace, RRSMB_BAD_SD);
    ace.data = everyone;
    ace.data_length = sizeof everyone;
    expect_not_built(ace, RRSMB_UNSUPPORTED_ACE);
    size_t length;
    rrsmb_sd_view view = {.dacl = {.state = RRSMB_ACL_NULL, .count = 1}};
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_BAD_SD);
    view = (rrsmb_sd_view){.dacl = {.state = RRSMB_ACL_PRESENT, .count = 1}};
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
    view = (rrsmb_sd_view){.dacl = {.state = (rrsmb_acl_state)7}};
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
    view = (rrsmb_sd_view){.owner = everyone, .owner_length = 3};
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_BAD_SD);
    cr_expect_eq(rrsmb_sd_build(NULL, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
}

Test(build, refuses_an_acl_over_64_kb)
{
    enum { COUNT = 3277 };
    rrsmb_ace *aces = calloc(COUNT, sizeof *aces);
    cr_assert_not_null(aces);
    for (size_t i = 0; i < COUNT; i++)
        aces[i] = (rrsmb_ace){.sid = everyone, .sid_length = sizeof everyone};
    rrsmb_sd_view view = {.dacl = {.state = RRSMB_ACL_PRESENT, .count = COUNT, .list = aces}};
    size_t length;
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_TOO_LARGE);
    view.dacl.count--;
    cr_expect_eq(rrsmb_sd_build(&view, NULL, 0, &length), RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(length, 20 + 65528);
    free(aces);
}

Test(sid_text, goes_both_ways)
{
    uint8_t sid[RRSMB_SID_SIZE_MAX];
    char text[RRSMB_SID_TEXT_SIZE];
    size_t length;
    size_t text_length;
    cr_assert_eq(rrsmb_sid_from_text(" BA ", 4, NULL, sid, sizeof sid, &length), RRSMB_OK);
    cr_expect_eq(length, 16);
    cr_assert_eq(rrsmb_sid_to_text(sid, length, text, sizeof text, &text_length), RRSMB_OK);
    cr_expect_str_eq(text, "S-1-5-32-544");
    cr_expect_eq(text_length, 12);
    cr_expect_eq(rrsmb_sid_to_text(sid, length, text, 12, &text_length), RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(rrsmb_sid_to_text(sid, length - 1, text, sizeof text, &text_length), RRSMB_BAD_SD);
    cr_expect_eq(rrsmb_sid_to_text(NULL, 0, text, sizeof text, &text_length),
                 RRSMB_INVALID_ARGUMENT);
    cr_expect_eq(rrsmb_sid_from_text("BAx", 3, NULL, sid, sizeof sid, &length), RRSMB_BAD_SDDL);
    cr_expect_eq(rrsmb_sid_from_text("", 0, NULL, sid, sizeof sid, &length), RRSMB_BAD_SDDL);
    cr_expect_eq(rrsmb_sid_from_text("DA", 2, NULL, sid, sizeof sid, &length), RRSMB_NEEDS_DOMAIN);
    cr_expect_eq(rrsmb_sid_from_text("BA", 2, NULL, NULL, 0, &length), RRSMB_BUFFER_TOO_SMALL);
    cr_expect_eq(rrsmb_sid_from_text(NULL, 2, NULL, NULL, 0, &length), RRSMB_INVALID_ARGUMENT);
}

Test(sid_text, of_the_longest_sid_fits)
{
    uint8_t sid[RRSMB_SID_SIZE_MAX];
    char text[RRSMB_SID_TEXT_SIZE];
    size_t length;
    memset(sid, 0xff, sizeof sid);
    sid[0] = 1;
    sid[1] = 15;
    cr_assert_eq(rrsmb_sid_to_text(sid, sizeof sid, text, sizeof text, &length), RRSMB_OK);
    cr_expect_str_eq(text, "S-1-0xffffffffffff-4294967295-4294967295-4294967295-4294967295-"
                           "4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
                           "4294967295-4294967295-4294967295-4294967295-4294967295");
}

static const char *name_of(const char *text)
{
    uint8_t sid[RRSMB_SID_SIZE_MAX];
    size_t length;
    cr_assert_eq(rrsmb_sid_from_text(text, strlen(text), NULL, sid, sizeof sid, &length), RRSMB_OK);
    return rrsmb_sid_name(sid, length);
}

Test(words, name_well_known_sids)
{
    cr_expect_str_eq(name_of("S-1-5-32-544"), "BUILTIN\\Administrators");
    cr_expect_str_eq(name_of("S-1-1-0"), "Everyone");
    cr_expect_str_eq(name_of("S-1-5-21-9-8-7-512"), "Domain Admins");
    cr_expect_str_eq(name_of("S-1-5-3"), "NT AUTHORITY\\BATCH");
    cr_expect_null(name_of("S-1-5-21-9-8-7-1000"));
    cr_expect_null(rrsmb_sid_name("x", 1));
    cr_expect_null(rrsmb_sid_name(NULL, 0));
    cr_expect_null(rrsmb_sid_alias(everyone, 3));
}

static void expect_rights(uint8_t type, uint32_t mask, const char *expected)
{
    char text[1024];
    size_t length;
    cr_assert_eq(rrsmb_rights_text(type, mask, text, sizeof text, &length), RRSMB_OK);
    cr_expect_str_eq(text, expected, "0x%x: %s, not %s", mask, text, expected);
    cr_expect_eq(strlen(text), length);
}

Test(words, name_rights)
{
    expect_rights(0, 0x1f01ff, "full control");
    expect_rights(0, 0x1301bf, "modify");
    expect_rights(0, 0x1200a9, "read and execute");
    expect_rights(0, 0x120089, "read");
    expect_rights(0, 0x120116, "write");
    expect_rights(0, 0, "nothing");
    expect_rights(0, 0x10001, "read data or list folder, delete");
    expect_rights(0, 0x200, "0x200");
    expect_rights(0x11, 1, "no write up");
    expect_rights(0x11, 7, "no write up, no read up, no execute up");
    expect_rights(0x11, 0x11, "no write up, 0x10");
    char text[1024];
    size_t length;
    cr_expect_eq(rrsmb_rights_text(0, 0xffffffff, text, sizeof text, &length), RRSMB_OK);
    cr_expect_eq(rrsmb_rights_text(0, 1, text, 4, &length), RRSMB_BUFFER_TOO_SMALL);
    cr_expect_str_eq(rrsmb_right_name(0, 0x10000), "delete");
    cr_expect_null(rrsmb_right_name(0, 0x30000));
    cr_expect_null(rrsmb_right_name(0, 0));
}

Test(words, name_types_and_flags)
{
    cr_expect_str_eq(rrsmb_ace_type_name(0), "allow");
    cr_expect_str_eq(rrsmb_ace_type_code(0x0a), "XD");
    cr_expect_str_eq(rrsmb_ace_type_name(0xee), "unknown");
    cr_expect_str_eq(rrsmb_ace_type_code(0xee), "");
    cr_expect_str_eq(rrsmb_ace_applies_to(0), "this object only");
    cr_expect_str_eq(rrsmb_ace_applies_to(RRSMB_ACE_INHERITED | 3),
                     "this folder, subfolders and files");
    cr_expect_str_eq(rrsmb_ace_applies_to(RRSMB_ACE_INHERIT_ONLY | 1), "files only");
    cr_expect_str_eq(rrsmb_ace_flag_name(RRSMB_ACE_INHERITED), "inherited");
    cr_expect_null(rrsmb_ace_flag_name(0));
    cr_expect_null(rrsmb_ace_flag_name(3));
    char text[17];
    size_t length;
    cr_assert_eq(rrsmb_ace_flags_text(0xff, text, sizeof text, &length), RRSMB_OK);
    cr_expect_str_eq(text, "OICINPIOIDCRSAFA");
    cr_expect_eq(rrsmb_ace_flags_text(0xff, text, 16, &length), RRSMB_BUFFER_TOO_SMALL);
}
