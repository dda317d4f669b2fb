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

/* ---- Reading a descriptor in place ---------------------------------------------------------- */

/** Control bits that a canonical descriptor keeps (MS-DTYP 2.4.6). */
/* clang-format off */
#define RRSMB_SD_DACL_PRESENT        0x0004u
#define RRSMB_SD_SACL_PRESENT        0x0010u
#define RRSMB_SD_DACL_INHERIT_REQ    0x0100u /**< AR in the DACL */
#define RRSMB_SD_SACL_INHERIT_REQ    0x0200u /**< AR in the SACL */
#define RRSMB_SD_DACL_AUTO_INHERITED 0x0400u /**< AI in the DACL */
#define RRSMB_SD_SACL_AUTO_INHERITED 0x0800u /**< AI in the SACL */
#define RRSMB_SD_DACL_PROTECTED      0x1000u /**< P in the DACL */
#define RRSMB_SD_SACL_PROTECTED      0x2000u /**< P in the SACL */
#define RRSMB_SD_SELF_RELATIVE       0x8000u /**< always set in the binary form */
/* clang-format on */

/** What stands in place of an ACL: three things that must never be mixed up. */
typedef enum rrsmb_acl_state {
    RRSMB_ACL_ABSENT = 0, /**< the descriptor says nothing */
    RRSMB_ACL_NULL = 1,   /**< `NO_ACCESS_CONTROL`: a NULL DACL allows everybody everything */
    RRSMB_ACL_PRESENT = 2 /**< a list; an empty DACL allows nobody anything */
} rrsmb_acl_state;

/** An access control list inside the caller's bytes. */
typedef struct rrsmb_acl_view {
    rrsmb_acl_state state;
    uint16_t count;      /**< number of ACEs */
    const uint8_t *aces; /**< the first of them */
    size_t aces_length;  /**< their bytes in all */
    size_t offset;       /**< of the first ACE in the parsed bytes */
} rrsmb_acl_view;

/** A descriptor inside the caller's bytes, which must outlive it. Holds nothing to free. */
typedef struct rrsmb_sd_view {
    const uint8_t *owner; /**< SID, or NULL */
    size_t owner_length;
    const uint8_t *group; /**< SID, or NULL */
    size_t group_length;
    uint16_t control; /**< the bits above */
    rrsmb_acl_view sacl;
    rrsmb_acl_view dacl;
} rrsmb_sd_view;

/** An access control entry; the pointers lead into the parsed bytes. */
typedef struct rrsmb_ace {
    uint8_t type;       /**< MS-DTYP 2.4.4.1 */
    uint8_t flags;      /**< MS-DTYP 2.4.4.1 */
    uint16_t index;     /**< in its ACL, from 0 */
    uint32_t mask;      /**< MS-DTYP 2.4.3 */
    const uint8_t *sid; /**< the trustee */
    size_t sid_length;
    const uint8_t *object_type;           /**< GUID of 16 bytes, or NULL */
    const uint8_t *inherited_object_type; /**< GUID of 16 bytes, or NULL */
    const uint8_t *data; /**< conditional expression or resource attribute, or NULL */
    size_t data_length;
    size_t offset; /**< of the ACE in the parsed bytes */
    size_t size;   /**< of the ACE */
} rrsmb_ace;

/** Computes hashes again and again without allocating. For one thread at a time. */
typedef struct rrsmb_digest rrsmb_digest;

/**
 * Make a digest handle; it is what makes hashing cheap.
 * @return RRSMB_OK, RRSMB_NO_MEMORY. Free with rrsmb_digest_free().
 */
RRSMB_API rrsmb_status rrsmb_digest_new(rrsmb_digest **digest);

/** Free a digest handle; NULL is allowed. */
RRSMB_API void rrsmb_digest_free(rrsmb_digest *digest);

/** As rrsmb_sd_digest(), with a handle; allocates nothing. */
RRSMB_API rrsmb_status rrsmb_digest_sd(rrsmb_digest *digest, const void *sd, size_t length,
                                       uint8_t hash[RRSMB_SD_DIGEST_SIZE]);

/** The same of a descriptor that has been parsed already. */
RRSMB_API rrsmb_status rrsmb_digest_view(rrsmb_digest *digest, const rrsmb_sd_view *view,
                                         uint8_t hash[RRSMB_SD_DIGEST_SIZE]);

/**
 * The name of a well-known SID (MS-DTYP 2.4.2.4), such as `"BUILTIN\\Administrators"`.
 * @return A constant string, or NULL: not well known, or no valid SID.
 */
RRSMB_API const char *rrsmb_sid_name(const void *sid, size_t length);

/** The SDDL alias of a SID, such as `"BA"`; NULL where there is none. */
RRSMB_API const char *rrsmb_sid_alias(const void *sid, size_t length);

#ifdef __cplusplus
}
#endif
#endif
