/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors inside the library: everything that is written is written from a validated view. */
#ifndef RRSMB_SD_DESCRIPTOR_H
#define RRSMB_SD_DESCRIPTOR_H

#include <stdbool.h>

#include "lib/sd/input.h"
#include "lib/sd/output.h"

/* The header of a self-relative descriptor (MS-DTYP 2.4.6). */
#define SD_HEADER_SIZE 20
#define SD_REVISION 1
/* Of an ACL (MS-DTYP 2.4.5). */
#define ACL_HEADER_SIZE 8
/* AclSize has 16 bits and is a multiple of four. */
#define ACL_SIZE_MAX 65532
#define ACL_REVISION 2
#define ACL_REVISION_DS 4
/* Of an ACE: header and mask (MS-DTYP 2.4.4.1). */
#define ACE_HEADER_SIZE 8

#define SACL_CONTROL                                                                    \
    (RRSMB_SD_SACL_PRESENT | RRSMB_SD_SACL_INHERIT_REQ | RRSMB_SD_SACL_AUTO_INHERITED | \
     RRSMB_SD_SACL_PROTECTED)
#define DACL_CONTROL                                                                    \
    (RRSMB_SD_DACL_PRESENT | RRSMB_SD_DACL_INHERIT_REQ | RRSMB_SD_DACL_AUTO_INHERITED | \
     RRSMB_SD_DACL_PROTECTED)

/** Validate a binary descriptor, wholly: what reads the view afterwards need not check. */
rrsmb_status sd_parse(const void *sd, size_t length, rrsmb_sd_view *view);

/** Validate as many ACEs as the count says and set where they are. */
rrsmb_status acl_parse_aces(const uint8_t *bytes, size_t available, const char *name,
                            rrsmb_acl_view *acl);

/** The first ACE, or the one after; false when there is none. For a validated ACL. */
bool acl_first(const rrsmb_acl_view *acl, rrsmb_ace *ace);
bool acl_next(const rrsmb_acl_view *acl, rrsmb_ace *ace);

/** Validate what follows the header and mask of an ACE. */
rrsmb_status ace_check_data(const rrsmb_ace *ace, const char *acl);

/** The size of an ACE in canonical form. */
size_t ace_canonical_size(const rrsmb_ace *ace);
/** Write an ACE in canonical form. */
void ace_put(struct output *out, const rrsmb_ace *ace);
/** Write the canonical binary. */
void sd_put(struct output *out, const rrsmb_sd_view *view);
/** Write the canonical SDDL. */
void sd_put_text(struct output *out, const rrsmb_sd_view *view);

/** Write a GUID (MS-DTYP 2.3.4.3) as 36 characters; gives their number. */
size_t guid_write(const uint8_t *guid, char *text);

/** Read SDDL and write the canonical binary. */
rrsmb_status sddl_read(struct input *in, struct output *out);

/** The end of every call that fills a buffer of the caller's. */
rrsmb_status output_finish(const struct output *out, size_t needed, const char *what);

#endif
