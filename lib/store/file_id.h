/* SPDX-License-Identifier: Apache-2.0 */
/* From an open file to its id. */
#ifndef RRSMB_STORE_FILE_ID_H
#define RRSMB_STORE_FILE_ID_H

#include "lib/store/store.h"

/** Look at an open file as one of the share's; RRSMB_WRONG_KIND where it cannot be one. */
rrsmb_status file_id_look(const rrsmb_share *share, int fd, bool fresh, struct file_look *look);

#endif
