/* SPDX-License-Identifier: Apache-2.0 */
/* Access masks in SDDL: names and numbers. */
#ifndef RRSMB_SD_RIGHTS_H
#define RRSMB_SD_RIGHTS_H

#include "lib/sd/input.h"

/** Read names and numbers in any mix, up to the ';' that ends the field. */
rrsmb_status rights_read(struct input *in, uint32_t *mask);

#endif
