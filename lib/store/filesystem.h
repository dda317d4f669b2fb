/* SPDX-License-Identifier: Apache-2.0 */
/* What a file system tells of a file's identity (R4). */
#ifndef RRSMB_STORE_FILESYSTEM_H
#define RRSMB_STORE_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <rrsmb/store.h>

/** How files are told apart: the kind and, for handles, their form, for another form (another
 *  file system, another mount option) hashes to other generations. */
struct file_identity {
    rrsmb_generation_kind kind;
    uint64_t handle_type;
    uint64_t handle_size; /* bytes */
};

/** One look at an open file. */
struct file_look {
    dev_t device;
    uint64_t inode;
    uint64_t generation;
    uint64_t links;
    struct file_identity identity; /* what the generation was made from */
};

#define FILESYSTEM_NAME_SIZE 512

/** Look at an open file (O_PATH is enough), the generation taken in the way of `kind`; UNSET:
 *  the best that the file system offers. `fresh`: ask the server again, not its cached answer.
 *  RRSMB_WRONG_KIND: the file system cannot give that kind. */
rrsmb_status file_look(int fd, rrsmb_generation_kind kind, bool fresh, struct file_look *look);

/** What the file system below an open folder calls itself: type and source, as in mountinfo. */
rrsmb_status filesystem_name(int fd, char name[FILESYSTEM_NAME_SIZE]);

#endif
