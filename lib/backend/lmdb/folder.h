/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of an LMDB store. */
#ifndef RRSMB_BACKEND_LMDB_FOLDER_H
#define RRSMB_BACKEND_LMDB_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include <rrsmb/status.h>

/** Make the folder (0700, with those above it) or, if not `create`, see that a store is there. */
rrsmb_status folder_prepare(const char *path, bool create, struct stat *folder);

/** Flush the names in a folder to disk. */
rrsmb_status folder_sync(const char *path);

#endif
