/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

const char *fixture_folder(void)
{
    if (folder[0] == '\0') {
        (void)strcpy(folder, "/tmp/rrsmb-test-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
    }
    return folder;
}

const char *fixture_uri(enum store_kind kind)
{
    static char uri[128];
    if (kind == STORE_MEMORY)
        return "memory:";
    (void)snprintf(uri, sizeof uri, "lmdb://%s/store?max_size=256M", fixture_folder());
    return uri;
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *where)
{
    (void)file;
    (void)type;
    (void)where;
    return remove(path);
}

void fixture_clear(void)
{
    if (folder[0] != '\0')
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

struct test_sd test_sd_number(unsigned number)
{
    char text[128];
    struct test_sd sd;
    int length = snprintf(text, sizeof text, "O:BAG:BAD:P(A;;FA;;;S-1-5-21-1-2-3-%u)", number);
    cr_assert_ok(
        rrsmb_sd_from_sddl(text, (size_t)length, NULL, sd.bytes, sizeof sd.bytes, &sd.size));
    return sd;
}

struct opened open_with(enum store_kind kind, const rrsmb_share_options *options)
{
    struct opened o;
    cr_assert_ok(rrsmb_store_open(fixture_uri(kind), NULL, &o.store));
    cr_assert_ok(rrsmb_share_open(o.store, "share", options, &o.share));
    return o;
}

struct opened open_kind(enum store_kind kind, rrsmb_generation_kind generation)
{
    rrsmb_share_options options = {.size = sizeof options, .kind = generation};
    return open_with(kind, &options);
}

struct opened open_plain(enum store_kind kind)
{
    return open_with(kind, NULL);
}

void close_all(struct opened *o)
{
    rrsmb_share_close(o->share);
    rrsmb_store_close(o->store);
}

rrsmb_file_id id_of(const struct opened *o, uint64_t inode, uint64_t generation)
{
    rrsmb_file_id id;
    cr_assert_ok(rrsmb_file_id_from_inode(o->share, inode, generation, &id));
    return id;
}

uint64_t put(struct opened *o, rrsmb_file_id id, unsigned number)
{
    struct test_sd sd = test_sd_number(number);
    rrsmb_row_info info = {.size = sizeof info};
    cr_assert_ok(rrsmb_store_put(o->share, &id, sd.bytes, sd.size, NULL, &info));
    return info.ver;
}

int number_of(struct opened *o, rrsmb_file_id id)
{
    uint8_t sd[RRSMB_SD_SIZE_MAX];
    size_t size;
    rrsmb_status status = rrsmb_store_get(o->share, &id, sd, sizeof sd, &size, NULL);
    if (status == RRSMB_NOT_FOUND)
        return -1;
    cr_assert_eq(status, RRSMB_OK, "%s", rrsmb_error_last()->message);
    for (unsigned i = 0; i < 100; i++) {
        struct test_sd known = test_sd_number(i);
        if (known.size == size && memcmp(known.bytes, sd, size) == 0)
            return (int)i;
    }
    cr_assert_fail("an unknown descriptor");
    return -1;
}

rrsmb_stat stat_of(struct opened *o)
{
    rrsmb_stat stat = {.size = sizeof stat};
    cr_assert_ok(rrsmb_store_stat(o->store, &stat));
    return stat;
}

void assert_clean(struct opened *o)
{
    rrsmb_check_result result = {.size = sizeof result};
    cr_assert_ok(rrsmb_store_check(o->store, NULL, &result));
    cr_assert_eq(result.problems, 0u);
}
