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
