/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of some parts leaves: SECURITY_INFORMATION, as SMB2 SET_INFO sends it. */
#include "lib/base/error.h"
#include "lib/sd/descriptor.h"

rrsmb_status rrsmb_sd_merge(const void *base, size_t base_length, const void *change,
                            size_t change_length, uint32_t parts, void *merged, size_t capacity,
                            size_t *merged_length)
{
    ENSURE(merged_length && (merged || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "merge: NULL was given for the result");
    ENSURE((parts & ~RRSMB_SD_ALL) == 0, RRSMB_INVALID_ARGUMENT,
           "merge: parts 0x%x are not owner, group, DACL and SACL", parts);
    rrsmb_sd_view view;
    rrsmb_sd_view from;
    if (sd_parse(base, base_length, &view) != RRSMB_OK)
        return error_prefix("base of the merge");
    if (sd_parse(change, change_length, &from) != RRSMB_OK)
        return error_prefix("change of the merge");
    if (parts & RRSMB_SD_OWNER) {
        view.owner = from.owner;
        view.owner_length = from.owner_length;
    }
    if (parts & RRSMB_SD_GROUP) {
        view.group = from.group;
        view.group_length = from.group_length;
    }
    if (parts & RRSMB_SD_DACL) {
        view.dacl = from.dacl;
        view.control = (uint16_t)((view.control & ~DACL_CONTROL) | (from.control & DACL_CONTROL));
    }
    if (parts & RRSMB_SD_SACL) {
        view.sacl = from.sacl;
        view.control = (uint16_t)((view.control & ~SACL_CONTROL) | (from.control & SACL_CONTROL));
    }
    struct output out = output_to(merged, capacity);
    sd_put(&out, &view);
    *merged_length = out.total;
    return output_finish(&out, out.total, "merged descriptor");
}
