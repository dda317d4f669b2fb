/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "lib/base/error.h"
#include "lib/store/file_id.h"

rrsmb_status file_id_look(const rrsmb_share *share, int fd, bool fresh, struct file_look *look)
{
    ENSURE(share->info.kind != RRSMB_GENERATION_EXPLICIT, RRSMB_WRONG_KIND,
           "share '%s' takes generations from its caller, not from the file system",
           share->info.name);
    if (file_look(fd, share->info.kind, fresh, look) != RRSMB_OK)
        return error_prefix("share '%s'", share->info.name);
    /* Two file systems below one share would use the same inode numbers. The form of the handle is
     * no help here: over NFS the root of an export may have a shorter one than its files. */
    ENSURE(!share->has_device || look->device == share->device, RRSMB_WRONG_KIND,
           "inode %" PRIu64 " is on another file system than the root of share '%s'; give what is "
           "mounted there a share of its own",
           look->inode, share->info.name);
    return RRSMB_OK;
}

rrsmb_status rrsmb_file_id_from_fd(const rrsmb_share *share, int fd, rrsmb_file_id *id)
{
    ENSURE(share != NULL && id != NULL, RRSMB_INVALID_ARGUMENT,
           "naming a file: neither the share nor the result may be NULL");
    struct file_look look;
    TRY(file_id_look(share, fd, false, &look));
    *id = (rrsmb_file_id){
        .share = share->info.id, .inode = look.inode, .generation = look.generation};
    return RRSMB_OK;
}

rrsmb_status rrsmb_file_id_from_inode(const rrsmb_share *share, uint64_t inode, uint64_t generation,
                                      rrsmb_file_id *id)
{
    ENSURE(share != NULL && id != NULL, RRSMB_INVALID_ARGUMENT,
           "naming a file: neither the share nor the result may be NULL");
    ENSURE(generation == 0 || share->info.kind != RRSMB_GENERATION_NONE, RRSMB_WRONG_KIND,
           "share '%s' was first used without generations; none can be given", share->info.name);
    *id = (rrsmb_file_id){.share = share->info.id, .inode = inode, .generation = generation};
    return RRSMB_OK;
}

rrsmb_status store_check_id(const rrsmb_share *share, const rrsmb_file_id *id)
{
    ENSURE(share != NULL && id != NULL, RRSMB_INVALID_ARGUMENT,
           "neither the share nor the id of the file may be NULL");
    ENSURE(id->share == share->info.id, RRSMB_INVALID_ARGUMENT,
           "the id of inode %" PRIu64 " is of another share than '%s'", id->inode,
           share->info.name);
    ENSURE(id->generation == 0 || share->info.kind != RRSMB_GENERATION_NONE, RRSMB_INVALID_ARGUMENT,
           "files of share '%s' have no generation", share->info.name);
    return RRSMB_OK;
}

bool store_other_generation(const rrsmb_share *share, const rrsmb_file_id *id,
                            const struct row *row)
{
    return share->info.kind != RRSMB_GENERATION_NONE && id->generation != 0 &&
           row->generation != id->generation;
}
