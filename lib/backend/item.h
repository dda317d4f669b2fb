/* SPDX-License-Identifier: Apache-2.0 */
/* The stored form of a cluster item in the embedded databases. */
#ifndef RRSMB_BACKEND_ITEM_H
#define RRSMB_BACKEND_ITEM_H

#include "lib/backend/backend.h"

/** No stored item is larger, in bytes. */
#define ITEM_SIZE_MAX 16384

/** Write an item into a buffer of ITEM_SIZE_MAX bytes. */
rrsmb_status item_encode(const struct item *item, uint8_t *buffer, size_t *size);

/** Read an item; free it with item_clear(). RRSMB_DAMAGED, whatever the bytes are. */
rrsmb_status item_decode(struct bytes stored, struct item *item);

#endif
