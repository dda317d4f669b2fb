/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files below a root: walked, and opened by path, never leaving it.
 *
 * Every file is opened relative to an open folder, one name at a time, with O_NOFOLLOW: whoever
 * may write into the tree can rename and replace while it is read, but cannot lead the way out.
 * What is mounted inside the tree is another file system, whose inode numbers mean other files:
 * it is not entered. Symbolic links are files of their own. */
#ifndef RRSMB_STORE_TREE_H
#define RRSMB_STORE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>

/** Size of a buffer for tree_printable(). */
#define TREE_PRINTABLE_SIZE 512

/** A path in a form that is safe on a terminal and in a log, shortened to fit. Gives @p text. */
const char *tree_printable(const char *path, size_t length, char text[TREE_PRINTABLE_SIZE]);

/** Open a folder as a root: readable, not just O_PATH. */
rrsmb_status tree_open_root(const char *path, int *fd);

/** Opens files by path; remembers the last folder, since neighbours follow each other. */
struct tree_opener {
    int root;          /* borrowed */
    int folder;        /* the last folder, or -1 */
    char *folder_path; /* its path, without a trailing slash */
    size_t folder_length;
};

void tree_opener_init(struct tree_opener *opener, int root);
void tree_opener_free(struct tree_opener *opener);

/** Open a file below the root with O_PATH.
 *  @param path Relative, checked (record.c): no empty parts, no `.` or `..`; or `.` alone.
 *  @param why  Receives NULL, or why the file cannot be reached: then @p fd is -1 and the status
 *              is RRSMB_OK, as others may well be reachable.
 *  @return Other failures (descriptors, memory, I/O): nothing else is worth trying. */
rrsmb_status tree_open(struct tree_opener *opener, const char *path, size_t length, int *fd,
                       const char **why);

/** One file of a walk. */
struct tree_file {
    int fd; /* O_PATH; valid during the call */
    const char *path;
    size_t path_length;
    uint64_t inode;
    int has_other_names; /* more than one hard link */
};

struct tree_walk {
    rrsmb_status (*file)(void *context, const struct tree_file *file);
    /* A file or folder that cannot be examined. */
    rrsmb_status (*trouble)(void *context, const char *path, size_t path_length, const char *why);
    void *context;
};

/** Call back for the root and each file below it, folders before what is in them.
 *  @return What a callback returned unless it was RRSMB_OK; RRSMB_NO_MEMORY. */
rrsmb_status tree_walk(int root, const struct tree_walk *walk);

#endif
