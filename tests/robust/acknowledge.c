/* SPDX-License-Identifier: Apache-2.0 */
/* Changes a store, and says so on stdout as soon as each change is acknowledged: test_sync.py
 * watches its system calls. `acknowledge URI`. */
#include "support.h"

/* One write(2) a line: what is watched is its place among the other calls. */
static void acknowledged(const char *what)
{
    char line[64];
    int length = snprintf(line, sizeof line, "acknowledged %s\n", what);
    MUST(write(STDOUT_FILENO, line, (size_t)length) == length, "writing to stdout");
}

static void change_rows(struct opened *opened)
{
    OK(put_number(opened->share, 1, 1));
    acknowledged("put-first");
    OK(put_number(opened->share, 2, 1));
    acknowledged("put-known-descriptor");
    OK(put_number(opened->share, 1, 2));
    acknowledged("put-again");

    struct sd sd = sd_number(3);
    rrsmb_put_item items[] = {{file_id(opened->share, 3), sd.bytes, sd.length},
                              {file_id(opened->share, 4), sd.bytes, sd.length}};
    OK(rrsmb_store_put_many(opened->share, items, 2, NULL, NULL));
    acknowledged("put-many");

    rrsmb_acl *acl;
    rrsmb_file_id id = file_id(opened->share, 3);
    OK(rrsmb_acl_open(opened->store, NULL, &acl));
    sd = sd_number(4);
    OK(rrsmb_acl_set(acl, opened->share, &id, RRSMB_SD_OWNER, sd.bytes, sd.length, NULL, NULL));
    acknowledged("merge");
    OK(rrsmb_acl_remove(acl, opened->share, &id, NULL));
    acknowledged("remove");
    rrsmb_acl_close(acl);
}

static int discard(void *context, const void *data, size_t length)
{
    (void)data;
    *(size_t *)context += length;
    return 0;
}

static void read_rows(struct opened *opened)
{
    size_t exported = 0;
    expect_number(opened->share, 1, 2);
    expect_number(opened->share, 2, 1);
    OK(rrsmb_store_export(opened->share, discard, &exported, NULL, NULL));
    MUST(exported > 100, "only %zu bytes", exported);
    expect_clean(opened->store);
    acknowledged("read");
}

int main(int count, char **arguments)
{
    MUST(count == 2, "usage: acknowledge URI");
    struct opened opened;
    OK(rrsmb_store_open(arguments[1], NULL, &opened.store));
    acknowledged("open");
    OK(rrsmb_share_open(opened.store, "share", NULL, &opened.share));
    acknowledged("share-create");
    change_rows(&opened);
    read_rows(&opened);
    OK(rrsmb_share_rename(opened.store, "share", "other"));
    acknowledged("share-rename");
    rrsmb_share_close(opened.share);
    OK(rrsmb_share_remove(opened.store, "other", NULL, NULL, NULL));
    acknowledged("share-remove");
    rrsmb_store_close(opened.store);
    return 0;
}
