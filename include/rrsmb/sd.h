/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sd.h
 * Security descriptors: binary and SDDL, canonical form and hash.
 */
#ifndef RRSMB_SD_H
#define RRSMB_SD_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Size of the hash of a canonical descriptor: SHA-256. */
#define RRSMB_SD_DIGEST_SIZE 32

/**
 * No canonical binary descriptor is larger, in bytes: the header (20), two SIDs of 15
 * sub-authorities (68 each), two ACLs of at most 65,532 bytes (AclSize is 16 bits and a multiple
 * of 4: MS-DTYP 2.4.5).
 */
#define RRSMB_SD_SIZE_MAX (20 + 2 * 68 + 2 * 65532)

/** Parts of a descriptor, as SECURITY_INFORMATION in MS-DTYP 2.4.7. */
/* clang-format off */
#define RRSMB_SD_OWNER 0x00000001u
#define RRSMB_SD_GROUP 0x00000002u
#define RRSMB_SD_DACL  0x00000004u
#define RRSMB_SD_SACL  0x00000008u
#define RRSMB_SD_ALL   (RRSMB_SD_OWNER | RRSMB_SD_GROUP | RRSMB_SD_DACL | RRSMB_SD_SACL)
/* clang-format on */

/** How SDDL text is read. */
typedef struct rrsmb_sddl_options {
    size_t size;            /**< sizeof(rrsmb_sddl_options) */
    const char *domain_sid; /**< for aliases such as DA: `"S-1-5-21-..."`; NULL: refuse them */
} rrsmb_sddl_options;

/**
 * Read SDDL (MS-DTYP 2.5.1) and give the canonical self-relative binary.
 * @param text     SDDL, UTF-8, not necessarily terminated.
 * @param length   Its length in bytes.
 * @param options  May be NULL.
 * @param sd       Receives the binary; may be NULL with a capacity of 0 to ask for the size.
 * @param capacity Size of @p sd in bytes.
 * @param sd_length Receives the size of the binary, also with RRSMB_BUFFER_TOO_SMALL.
 * @return RRSMB_OK, RRSMB_BAD_SDDL, RRSMB_NEEDS_DOMAIN, RRSMB_TOO_LARGE,
 *         RRSMB_BUFFER_TOO_SMALL. Pure: any thread, any process.
 */
RRSMB_API rrsmb_status rrsmb_sd_from_sddl(const char *text, size_t length,
                                          const rrsmb_sddl_options *options, void *sd,
                                          size_t capacity, size_t *sd_length);

/**
 * Give the canonical SDDL of a binary descriptor.
 * @param text        Receives the text with a terminating zero byte.
 * @param capacity    Size of @p text in bytes.
 * @param text_length Receives the length without the terminator, also with
 *                    RRSMB_BUFFER_TOO_SMALL (which means: capacity <= text_length).
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE,
 *         RRSMB_BUFFER_TOO_SMALL.
 */
RRSMB_API rrsmb_status rrsmb_sd_to_sddl(const void *sd, size_t length, char *text, size_t capacity,
                                        size_t *text_length);

/**
 * Bring a self-relative binary descriptor into the canonical binary form.
 * @return As rrsmb_sd_to_sddl().
 */
RRSMB_API rrsmb_status rrsmb_sd_canonicalize(const void *sd, size_t length, void *canonical,
                                             size_t capacity, size_t *canonical_length);

/**
 * The hash that identifies a descriptor: SHA-256 of its canonical SDDL.
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE, RRSMB_NO_MEMORY.
 */
RRSMB_API rrsmb_status rrsmb_sd_digest(const void *sd, size_t length,
                                       uint8_t digest[RRSMB_SD_DIGEST_SIZE]);

/**
 * Replace parts of a descriptor by those of another; the result is canonical.
 * @param base   The descriptor that stands.
 * @param change The descriptor that the parts are taken from.
 * @param parts  RRSMB_SD_OWNER and so on: what is taken from @p change. With the DACL and the
 *               SACL go their control bits (present, protected, auto-inherited).
 * @return As rrsmb_sd_canonicalize().
 */
RRSMB_API rrsmb_status rrsmb_sd_merge(const void *base, size_t base_length, const void *change,
                                      size_t change_length, uint32_t parts, void *merged,
                                      size_t capacity, size_t *merged_length);

#ifdef __cplusplus
}
#endif
#endif
