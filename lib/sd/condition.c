/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/condition.h"

#include "lib/base/error.h"

rrsmb_status condition_check(const rrsmb_ace *ace, const char *acl)
{
    return FAIL_AT(RRSMB_UNSUPPORTED_ACE, ace->offset,
                   "%s entry %u (type 0x%02x) at byte %zu: conditions are not read yet", acl,
                   ace->index, ace->type, ace->offset);
}

size_t condition_size(const uint8_t *data, size_t length)
{
    (void)data;
    return length;
}

void condition_put(struct output *out, const uint8_t *data, size_t length)
{
    output_put(out, data, length);
}

void condition_put_text(struct output *out, const uint8_t *data, size_t length)
{
    output_put(out, data, length);
}

rrsmb_status condition_read(struct input *in, struct output *out)
{
    (void)out;
    return FAIL_AT(RRSMB_UNSUPPORTED_ACE, input_offset(in),
                   "SDDL, byte %zu: conditions are not read yet", input_offset(in));
}
