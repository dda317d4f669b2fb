/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fixture.h"

struct front {
    rrsmb_store *store;
    rrsmb_share *share;
    rrsmb_acl *acl;
};

static struct front open_front(enum store_kind kind)
{
    struct front front;
    cr_assert_ok(rrsmb_store_open(fixture_uri(kind), NULL, &front.store));
    cr_assert_ok(rrsmb_share_open(front.store, "share", NULL, &front.share));
    cr_assert_ok(rrsmb_acl_open(front.store, NULL, &front.acl));
    return front;
}

static void close_front(struct front *front)
{
    rrsmb_acl_close(front->acl);
    rrsmb_share_close(front->share);
    rrsmb_store_close(front->store);
}

static void set(struct front *front, uint64_t inode, uint32_t parts, const char *sddl)
{
    uint8_t sd[1024];
    size_t size;
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front->share)->id, .inode = inode};
    cr_assert_ok(rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, sizeof sd, &size));
    cr_assert_ok(rrsmb_acl_set(front->acl, front->share, &id, parts, sd, size, NULL, NULL));
}

static void expect(struct front *front, uint64_t inode, const char *sddl)
{
    uint8_t sd[1024];
    char text[1024];
    size_t size;
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front->share)->id, .inode = inode};
    cr_assert_ok(rrsmb_acl_get(front->acl, front->share, &id, sd, sizeof sd, &size, NULL));
    cr_assert_ok(rrsmb_sd_to_sddl(sd, size, text, sizeof text, &size));
    cr_assert_str_eq(text, sddl);
}

TestSuite(acl, .fini = fixture_clear);

OVER_EVERY_STORE(acl, a_whole_descriptor_is_set_and_read_back)
{
    struct front front = open_front(*kind);
    set(&front, 1, RRSMB_SD_ALL, "O:BAG:BAD:(A;;FA;;;WD)");
    expect(&front, 1, "O:S-1-5-32-544G:S-1-5-32-544D:(A;;0x1f01ff;;;S-1-1-0)");
    close_front(&front);
}

OVER_EVERY_STORE(acl, the_dacl_alone_is_merged_into_what_stands)
{
    struct front front = open_front(*kind);
    set(&front, 1, RRSMB_SD_ALL, "O:BAG:BUD:(A;;FA;;;WD)");
    set(&front, 1, RRSMB_SD_DACL, "O:SYD:P(D;;FR;;;AN)");
    expect(&front, 1, "O:S-1-5-32-544G:S-1-5-32-545D:P(D;;0x120089;;;S-1-5-7)");
    close_front(&front);
}

OVER_EVERY_STORE(acl, the_owner_alone_is_merged_into_what_stands)
{
    struct front front = open_front(*kind);
    set(&front, 1, RRSMB_SD_ALL, "O:BAG:BUD:(A;;FA;;;WD)");
    set(&front, 1, RRSMB_SD_OWNER, "O:SY");
    expect(&front, 1, "O:S-1-5-18G:S-1-5-32-545D:(A;;0x1f01ff;;;S-1-1-0)");
    close_front(&front);
}

OVER_EVERY_STORE(acl, parts_of_nothing_are_not_found)
{
    struct front front = open_front(*kind);
    uint8_t sd[256];
    size_t size;
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front.share)->id, .inode = 1};
    cr_assert_ok(rrsmb_sd_from_sddl("O:SY", 4, NULL, sd, sizeof sd, &size));
    cr_assert_status(
        rrsmb_acl_set(front.acl, front.share, &id, RRSMB_SD_OWNER, sd, size, NULL, NULL),
        RRSMB_NOT_FOUND);
    close_front(&front);
}

OVER_EVERY_STORE(acl, a_merge_on_a_version_that_is_gone_is_a_conflict)
{
    struct front front = open_front(*kind);
    uint8_t sd[256];
    size_t size;
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front.share)->id, .inode = 1};
    set(&front, 1, RRSMB_SD_ALL, "O:BAG:BUD:(A;;FA;;;WD)");
    cr_assert_ok(rrsmb_sd_from_sddl("O:SY", 4, NULL, sd, sizeof sd, &size));
    rrsmb_put_options options = {
        .size = sizeof options, .flags = RRSMB_PUT_IF_VER, .if_ver = 12345};
    cr_assert_status(
        rrsmb_acl_set(front.acl, front.share, &id, RRSMB_SD_OWNER, sd, size, &options, NULL),
        RRSMB_CONFLICT);
    close_front(&front);
}

OVER_EVERY_STORE(acl, a_removed_descriptor_is_not_found)
{
    struct front front = open_front(*kind);
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front.share)->id, .inode = 1};
    size_t size;
    set(&front, 1, RRSMB_SD_ALL, "O:BAG:BUD:(A;;FA;;;WD)");
    cr_assert_ok(rrsmb_acl_remove(front.acl, front.share, &id, NULL));
    cr_assert_status(rrsmb_acl_get(front.acl, front.share, &id, NULL, 0, &size, NULL),
                     RRSMB_NOT_FOUND);
    close_front(&front);
}

OVER_EVERY_STORE(acl, no_part_or_an_unknown_part_is_refused)
{
    struct front front = open_front(*kind);
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front.share)->id, .inode = 1};
    cr_assert_status(rrsmb_acl_set(front.acl, front.share, &id, 0, "", 0, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_acl_set(front.acl, front.share, &id, 0x10, "", 0, NULL, NULL),
                     RRSMB_INVALID_ARGUMENT);
    close_front(&front);
}

OVER_EVERY_STORE(acl, a_result_whose_size_is_not_set_is_refused)
{
    struct front front = open_front(*kind);
    rrsmb_file_id id = {.share = rrsmb_share_get_info(front.share)->id, .inode = 1};
    uint8_t sd[256];
    size_t size;
    rrsmb_row_info info = {0};
    cr_assert_ok(rrsmb_sd_from_sddl("O:SY", 4, NULL, sd, sizeof sd, &size));
    cr_assert_status(
        rrsmb_acl_set(front.acl, front.share, &id, RRSMB_SD_OWNER, sd, size, NULL, &info),
        RRSMB_INVALID_ARGUMENT);
    cr_assert_status(
        rrsmb_acl_set(front.acl, front.share, &id, RRSMB_SD_ALL, sd, size, NULL, &info),
        RRSMB_INVALID_ARGUMENT);
    cr_assert_status(rrsmb_acl_get(front.acl, front.share, &id, sd, sizeof sd, &size, &info),
                     RRSMB_INVALID_ARGUMENT);
    close_front(&front);
}

OVER_EVERY_STORE(acl, a_share_of_another_store_is_refused)
{
    struct front front = open_front(*kind);
    rrsmb_store *other;
    rrsmb_share *foreign;
    size_t size;
    cr_assert_ok(rrsmb_store_open("memory:", NULL, &other));
    cr_assert_ok(rrsmb_share_open(other, "share", NULL, &foreign));
    rrsmb_file_id id = {.share = rrsmb_share_get_info(foreign)->id, .inode = 1};
    cr_assert_status(rrsmb_acl_get(front.acl, foreign, &id, NULL, 0, &size, NULL),
                     RRSMB_INVALID_ARGUMENT);
    rrsmb_share_close(foreign);
    rrsmb_store_close(other);
    close_front(&front);
}
