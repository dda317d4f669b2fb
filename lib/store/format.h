/* SPDX-License-Identifier: Apache-2.0 */
/* The format of the stored data, told by feature flags, so that two versions of the library can
 * use one store side by side during a rolling update:
 *   compatible            older versions may ignore it
 *   read-only-compatible  older versions may read, not write
 *   incompatible          older versions must not touch the store */
#ifndef RRSMB_STORE_FORMAT_H
#define RRSMB_STORE_FORMAT_H

#include "lib/store/store.h"

#define FORMAT_VERSION 1

/** Check the format of a store just opened; a new store is given ours. */
rrsmb_status format_check(rrsmb_store *store, const char *uri);

#endif
