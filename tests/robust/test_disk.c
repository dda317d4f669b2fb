/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that are full, and disks that fail. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "support.h"

/* -- a full disk ----------------------------------------------------------------------------- */

static void mount_small_disk(const char *path)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        cr_skip_test("a mount namespace needs root");
    MUST(mkdir(path, 0700) == 0, "mkdir: %s", strerror(errno));
    MUST(mount("none", path, "tmpfs", 0, "size=2M") == 0, "mount: %s", strerror(errno));
}

Test(disk, a_full_disk_is_told_and_loses_nothing_and_room_is_used_again)
{
    mount_small_disk(scratch_path("disk"));
    struct opened opened = open_share(store_uri("disk/store", ""));
    OK(put_number(opened.share, 1, 1));
    const char *ballast = scratch_path("disk/ballast");
    int fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static char page[4096];
    for (size_t i = 0; i < 256; i++)
        MUST(write(fd, page, sizeof page) == sizeof page, "the ballast: %s", strerror(errno));

    uint64_t rows = 0;
    rrsmb_status status;
    while ((status = put_number(opened.share, 100 + rows, rows)) == RRSMB_OK)
        rows++;
    MUST(status == RRSMB_NO_SPACE, "%s: %s", rrsmb_status_name(status),
         rrsmb_error_last()->message);
    MUST(rows > 10, "full after %ju rows", (uintmax_t)rows);
    MUST(get_number(opened.share, 100 + rows) == -1, "a refused row is there");
    for (uint64_t i = 0; i < rows; i++)
        expect_number(opened.share, 100 + i, i);
    expect_clean(opened.store);

    MUST(ftruncate(fd, 0) == 0 && close(fd) == 0, "freeing the ballast");
    OK(put_number(opened.share, 100 + rows, rows));
    expect_number(opened.share, 100 + rows, rows);
    expect_clean(opened.store);
    close_share(&opened);
    (void)umount2(scratch_path("disk"), MNT_DETACH);
}

/* -- a disk that fails ----------------------------------------------------------------------- */

/* These stand in for the C library's, for LMDB as well: what no real disk does on demand. */
static bool fail_flush;
static bool fail_last_page;

int fdatasync(int fd)
{
    if (fail_flush) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* The last page of a commit is written through a descriptor of its own, open with O_DSYNC. */
ssize_t stand_in_pwrite(int fd, const void *data, size_t size, off_t offset) __asm__("pwrite");
ssize_t stand_in_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (fail_last_page && (fcntl(fd, F_GETFL) & O_DSYNC) != 0) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

Test(disk, a_failed_flush_is_an_error_and_nothing_is_stored)
{
    const char *uri = store_uri("store", "");
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 1, 1));
    fail_flush = true;
    FAILS(put_number(opened.share, 1, 2), RRSMB_IO_ERROR, "disk reports an error");
    fail_flush = false;
    expect_number(opened.share, 1, 1);
    OK(put_number(opened.share, 1, 3));
    expect_number(opened.share, 1, 3);
    expect_clean(opened.store);
    close_share(&opened);
}

Test(disk, a_failure_at_the_deciding_page_leaves_the_outcome_unknown)
{
    const char *uri = store_uri("store", "");
    struct opened opened = open_share(uri);
    OK(put_number(opened.share, 1, 1));
    fail_last_page = true;
    FAILS(put_number(opened.share, 1, 2), RRSMB_UNKNOWN, "may or may not stand");
    fail_last_page = false;
    FAILS(put_number(opened.share, 1, 3), RRSMB_UNAVAILABLE, "restart");
    close_share(&opened);
    opened = open_share(uri);
    int64_t number = get_number(opened.share, 1);
    MUST(number == 1 || number == 2, "neither the old nor the new row: %jd", (intmax_t)number);
    OK(put_number(opened.share, 1, 4));
    expect_clean(opened.store);
    close_share(&opened);
}
