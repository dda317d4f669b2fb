/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical binary form: header, owner, group, SACL, DACL, without gaps. */
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"

size_t ace_canonical_size(const rrsmb_ace *ace)
{
    size_t size = ACE_HEADER_SIZE + ace->sid_length;
    uint8_t shape = ace_type_get(ace->type)->shape;
    if (shape & ACE_OBJECT)
        size += 4 + (ace->object_type ? 16u : 0u) + (ace->inherited_object_type ? 16u : 0u);
    if (shape & ACE_CALLBACK)
        size += condition_size(ace->data, ace->data_length);
    if (shape & ACE_ATTRIBUTE)
        size += attribute_size(ace->data, ace->data_length);
    return size;
}

void ace_put(struct output *out, const rrsmb_ace *ace)
{
    uint8_t shape = ace_type_get(ace->type)->shape;
    uint8_t header[ACE_HEADER_SIZE + 4] = {ace->type, ace->flags};
    put_le16(header + 2, (uint16_t)ace_canonical_size(ace));
    put_le32(header + 4, ace->mask);
    put_le32(header + 8, (ace->object_type ? 1 : 0) | (ace->inherited_object_type ? 2 : 0));
    output_put(out, header, shape & ACE_OBJECT ? ACE_HEADER_SIZE + 4 : ACE_HEADER_SIZE);
    if (ace->object_type)
        output_put(out, ace->object_type, 16);
    if (ace->inherited_object_type)
        output_put(out, ace->inherited_object_type, 16);
    output_put(out, ace->sid, ace->sid_length);
    if (shape & ACE_CALLBACK)
        condition_put(out, ace->data, ace->data_length);
    if (shape & ACE_ATTRIBUTE)
        attribute_put(out, ace->data, ace->data_length);
}

static size_t acl_size(const rrsmb_acl_view *acl)
{
    if (acl->state != RRSMB_ACL_PRESENT)
        return 0;
    size_t size = ACL_HEADER_SIZE;
    rrsmb_ace ace;
    for (bool more = acl_first(acl, &ace); more; more = acl_next(acl, &ace))
        size += ace_canonical_size(&ace);
    return size;
}

static uint8_t acl_revision(const rrsmb_acl_view *acl)
{
    rrsmb_ace ace;
    for (bool more = acl_first(acl, &ace); more; more = acl_next(acl, &ace)) {
        if (ace_type_get(ace.type)->shape & ACE_OBJECT)
            return ACL_REVISION_DS;
    }
    return ACL_REVISION;
}

static void acl_put(struct output *out, const rrsmb_acl_view *acl, size_t size)
{
    if (acl->state != RRSMB_ACL_PRESENT)
        return;
    uint8_t header[ACL_HEADER_SIZE] = {acl_revision(acl)};
    put_le16(header + 2, (uint16_t)size);
    put_le16(header + 4, acl->count);
    output_put(out, header, sizeof header);
    rrsmb_ace ace;
    for (bool more = acl_first(acl, &ace); more; more = acl_next(acl, &ace))
        ace_put(out, &ace);
}

void sd_put(struct output *out, const rrsmb_sd_view *view)
{
    const size_t sizes[] = {view->owner_length, view->group_length, acl_size(&view->sacl),
                            acl_size(&view->dacl)};
    uint8_t header[SD_HEADER_SIZE] = {SD_REVISION};
    put_le16(header + 2, view->control);
    size_t offset = SD_HEADER_SIZE;
    for (size_t i = 0; i < 4; i++) {
        put_le32(header + 4 + 4 * i, sizes[i] > 0 ? (uint32_t)offset : 0);
        offset += sizes[i];
    }
    output_put(out, header, sizeof header);
    output_put(out, view->owner, view->owner_length);
    output_put(out, view->group, view->group_length);
    acl_put(out, &view->sacl, sizes[2]);
    acl_put(out, &view->dacl, sizes[3]);
}
