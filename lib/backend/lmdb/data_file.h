/* SPDX-License-Identifier: Apache-2.0 */
/* The file data.mdb of a store's folder: how it comes to be, and whether it is whole. */
#ifndef RRSMB_BACKEND_LMDB_DATA_FILE_H
#define RRSMB_BACKEND_LMDB_DATA_FILE_H

#include "lib/backend/lmdb/environment.h"

/** Make the file if there is none and `create` says so. It appears with its tables or not at all,
 *  so that an empty one was not half made but cut off, which is RRSMB_DAMAGED. */
rrsmb_status data_file_prepare(struct environment *environment, uint64_t max_size, bool create);

/** Is every page there that is in use? A missing one would end in SIGBUS when it is read. */
rrsmb_status data_file_check_length(struct environment *environment);

/** The tables of a database. A `txn_flags` of 0 is for making them. */
int data_file_open_tables(MDB_env *env, unsigned txn_flags, MDB_dbi tables[KV_TABLES]);

#endif
