/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sd.h
 * Security descriptors: SDDL, binary, canonical form, hash, access check.
 *
 * Everything here is a pure function of its arguments: no I/O, no locale, no global state but the
 * error of rrsmb_error_last(). Any thread may call anything, also after fork. Buffers of input and
 * output must not overlap; what a failed call leaves in an output buffer has no meaning. Nothing
 * allocates memory but rrsmb_token_new().
 *
 * **Text and binary.** Text is SDDL (MS-DTYP 2.5.1), binary is the self-relative form (2.4.6):
 *
 *     uint8_t sd[1024];
 *     size_t length;
 *     const char *sddl = "O:BAG:SYD:(A;OICI;FA;;;WD)";
 *     rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, sizeof sd, &length);
 *
 * A call that fills a buffer stores the size that it needs also when it returns
 * RRSMB_BUFFER_TOO_SMALL; NULL with a capacity of 0 asks for it.
 *
 * **Canonical form.** Two descriptors that mean the same have one canonical text, one canonical
 * binary and one hash: numeric SIDs, masks as lower-case hexadecimal, flags in a fixed order, the
 * order of ACEs kept. docs/descriptors.md says what is kept and what is not.
 *
 * **What is refused.** Malformed input (RRSMB_BAD_SDDL, RRSMB_BAD_SD), an ACE that SDDL cannot say
 * (RRSMB_UNSUPPORTED_ACE; nothing is ever dropped), what is over a limit (RRSMB_TOO_LARGE). The
 * error has the byte offset and says what was expected.
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

/** No binary SID is larger: 15 sub-authorities (MS-DTYP 2.4.2.2). */
#define RRSMB_SID_SIZE_MAX 68
/** A buffer of this size holds the text of any SID with its terminator. */
#define RRSMB_SID_TEXT_SIZE 192

/** Parts of a descriptor, as SECURITY_INFORMATION in MS-DTYP 2.4.7. */
/* clang-format off */
#define RRSMB_SD_OWNER 0x00000001u
#define RRSMB_SD_GROUP 0x00000002u
#define RRSMB_SD_DACL  0x00000004u
#define RRSMB_SD_SACL  0x00000008u
#define RRSMB_SD_ALL   (RRSMB_SD_OWNER | RRSMB_SD_GROUP | RRSMB_SD_DACL | RRSMB_SD_SACL)
/* clang-format on */

/* ---- From one form to another --------------------------------------------------------------- */

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
 * @return RRSMB_OK, RRSMB_BAD_SDDL, RRSMB_NEEDS_DOMAIN (the message names the alias),
 *         RRSMB_UNSUPPORTED_ACE (the types TL and FL of newer Windows), RRSMB_TOO_LARGE,
 *         RRSMB_BUFFER_TOO_SMALL, RRSMB_INVALID_ARGUMENT.
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
 *         RRSMB_BUFFER_TOO_SMALL, RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_sd_to_sddl(const void *sd, size_t length, char *text, size_t capacity,
                                        size_t *text_length);

/**
 * Bring a self-relative binary descriptor into the canonical binary form. Allocates nothing.
 * @return As rrsmb_sd_to_sddl().
 */
RRSMB_API rrsmb_status rrsmb_sd_canonicalize(const void *sd, size_t length, void *canonical,
                                             size_t capacity, size_t *canonical_length);

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

/**
 * Whether two binary descriptors have the same canonical form. Allocates nothing.
 * @param equal  Receives 1 or 0.
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE,
 *         RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_sd_equal(const void *a, size_t a_length, const void *b,
                                      size_t b_length, int *equal);

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

/** Flags of an ACE (MS-DTYP 2.4.4.1). */
#define RRSMB_ACE_OBJECT_INHERIT     0x01u
#define RRSMB_ACE_CONTAINER_INHERIT  0x02u
#define RRSMB_ACE_NO_PROPAGATE       0x04u
#define RRSMB_ACE_INHERIT_ONLY       0x08u
#define RRSMB_ACE_INHERITED          0x10u
#define RRSMB_ACE_CRITICAL           0x20u
#define RRSMB_ACE_AUDIT_SUCCESS      0x40u
#define RRSMB_ACE_AUDIT_FAILURE      0x80u
/* clang-format on */

/** What stands in place of an ACL: three things that must never be mixed up. */
typedef enum rrsmb_acl_state {
    RRSMB_ACL_ABSENT = 0, /**< the descriptor says nothing */
    RRSMB_ACL_NULL = 1,   /**< `NO_ACCESS_CONTROL`: a NULL DACL allows everybody everything */
    RRSMB_ACL_PRESENT = 2 /**< a list; an empty DACL allows nobody anything */
} rrsmb_acl_state;

/** An access control entry. After parsing, the pointers lead into the parsed bytes. */
typedef struct rrsmb_ace {
    uint8_t type;       /**< MS-DTYP 2.4.4.1; 0 is allow, 1 is deny */
    uint8_t flags;      /**< RRSMB_ACE_OBJECT_INHERIT and so on */
    uint16_t index;     /**< in its ACL, from 0 */
    uint32_t mask;      /**< MS-DTYP 2.4.3 */
    const uint8_t *sid; /**< the trustee, binary */
    size_t sid_length;
    const uint8_t *object_type;           /**< GUID of 16 bytes, or NULL */
    const uint8_t *inherited_object_type; /**< GUID of 16 bytes, or NULL */
    const uint8_t *data; /**< conditional expression or resource attribute, or NULL */
    size_t data_length;
    size_t offset; /**< of the ACE in the parsed bytes */
    size_t size;   /**< of the ACE there */
} rrsmb_ace;

/** An access control list: in the parsed bytes, or as an array of the caller's. */
typedef struct rrsmb_acl_view {
    rrsmb_acl_state state;
    uint16_t count;        /**< number of ACEs */
    const uint8_t *aces;   /**< the first of them in the parsed bytes */
    size_t aces_length;    /**< their bytes in all */
    size_t offset;         /**< of the first ACE in the parsed bytes */
    const rrsmb_ace *list; /**< for rrsmb_sd_build(): the ACEs instead of bytes; else NULL */
} rrsmb_acl_view;

/** A descriptor in the caller's bytes, which must outlive it. Holds nothing to free. */
typedef struct rrsmb_sd_view {
    const uint8_t *owner; /**< binary SID, or NULL */
    size_t owner_length;
    const uint8_t *group; /**< binary SID, or NULL */
    size_t group_length;
    uint16_t control; /**< RRSMB_SD_DACL_PRESENT and so on */
    rrsmb_acl_view sacl;
    rrsmb_acl_view dacl;
} rrsmb_sd_view;

/**
 * Validate a binary descriptor, wholly, and give a view of it. Allocates nothing.
 *
 *     rrsmb_sd_view view;
 *     rrsmb_ace ace;
 *     if (rrsmb_sd_parse(sd, length, &view) == RRSMB_OK)
 *         for (int more = rrsmb_acl_first(&view.dacl, &ace); more;
 *              more = rrsmb_acl_next(&view.dacl, &ace))
 *             use(&ace);
 *
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE,
 *         RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_sd_parse(const void *sd, size_t length, rrsmb_sd_view *view);

/** The first ACE of an ACL; 0 when it has none. */
RRSMB_API int rrsmb_acl_first(const rrsmb_acl_view *acl, rrsmb_ace *ace);

/** From an ACE to the one after it; 0 when there is none, and then @p ace is unchanged. */
RRSMB_API int rrsmb_acl_next(const rrsmb_acl_view *acl, rrsmb_ace *ace);

/**
 * Build the canonical binary of a view: of a parsed one that was changed, or of one made by hand.
 * An ACL is the array `list` where that is not NULL, else the parsed bytes. Everything is
 * validated again. `control` needs no PRESENT and SELF_RELATIVE bits: they follow from the ACLs.
 *
 *     rrsmb_ace ace = {.type = 0, .mask = 0x1f01ff, .sid = sid, .sid_length = sid_length};
 *     rrsmb_sd_view view = {.owner = sid, .owner_length = sid_length,
 *                           .dacl = {.state = RRSMB_ACL_PRESENT, .count = 1, .list = &ace}};
 *     rrsmb_sd_build(&view, sd, sizeof sd, &length);
 *
 * @return As rrsmb_sd_canonicalize(). Allocates nothing.
 */
RRSMB_API rrsmb_status rrsmb_sd_build(const rrsmb_sd_view *view, void *sd, size_t capacity,
                                      size_t *sd_length);

/* ---- The hash ------------------------------------------------------------------------------- */

/**
 * The hash that identifies a descriptor: SHA-256 of its canonical SDDL without a terminator.
 * Allocates nothing and keeps no state: a call costs the text and its hash.
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE,
 *         RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_sd_digest(const void *sd, size_t length,
                                       uint8_t digest[RRSMB_SD_DIGEST_SIZE]);

/** The same of a descriptor that has been parsed. @return RRSMB_OK, RRSMB_INVALID_ARGUMENT. */
RRSMB_API rrsmb_status rrsmb_sd_digest_view(const rrsmb_sd_view *view,
                                            uint8_t digest[RRSMB_SD_DIGEST_SIZE]);

/* ---- Access check --------------------------------------------------------------------------- */

/** Rights that are asked of an access check, beside those of MS-DTYP 2.4.3. */
/* clang-format off */
#define RRSMB_ACCESS_SYSTEM_SECURITY 0x01000000u
#define RRSMB_MAXIMUM_ALLOWED        0x02000000u

/** Privileges that an access check knows (MS-LSAD 3.1.1.2.1). */
#define RRSMB_PRIVILEGE_SECURITY       0x1u /**< ACCESS_SYSTEM_SECURITY */
#define RRSMB_PRIVILEGE_TAKE_OWNERSHIP 0x2u /**< WRITE_OWNER */
#define RRSMB_PRIVILEGE_BACKUP         0x4u /**< reading; give it only for backup intent */
#define RRSMB_PRIVILEGE_RESTORE        0x8u /**< writing; give it only for backup intent */
/* clang-format on */

/** A SID of a token. */
typedef struct rrsmb_token_sid {
    const void *sid; /**< binary */
    size_t length;
    int deny_only; /**< non-zero: matches deny ACEs only */
} rrsmb_token_sid;

/**
 * Who asks. Claims are texts in the syntax of a resource attribute, for example
 * `("Title",TS,0,"Engineer")`; flag 0x2 makes the comparison of strings heed case.
 */
typedef struct rrsmb_token_options {
    size_t size;                        /**< sizeof(rrsmb_token_options) */
    const rrsmb_token_sid *sids;        /**< the user first, then groups; at least one */
    size_t sid_count;                   /**< of sids */
    const rrsmb_token_sid *device_sids; /**< for Device_Member_of; may be NULL */
    size_t device_sid_count;            /**< of device_sids */
    uint32_t privileges;                /**< RRSMB_PRIVILEGE_SECURITY and so on */
    const char *const *user_claims;     /**< what @User finds; may be NULL */
    size_t user_claim_count;
    const char *const *device_claims; /**< what @Device finds; may be NULL */
    size_t device_claim_count;
    const char *const *local_claims; /**< what names without a prefix find; may be NULL */
    size_t local_claim_count;
} rrsmb_token_options;

/** Who asks, prepared for many access checks. Never changes: any thread may use it. */
typedef struct rrsmb_token rrsmb_token;

/**
 * Make a token. Everything is copied.
 * @param token  Receives it; free with rrsmb_token_free(). NULL on failure.
 * @return RRSMB_OK, RRSMB_INVALID_ARGUMENT, RRSMB_BAD_SDDL (a claim), RRSMB_NO_MEMORY.
 */
RRSMB_API rrsmb_status rrsmb_token_new(const rrsmb_token_options *options, rrsmb_token **token);

/** Free a token; NULL is allowed. */
RRSMB_API void rrsmb_token_free(rrsmb_token *token);

/**
 * What a token may do, as Windows decides it (MS-DTYP 2.5.3.2): ACEs in order; the owner has
 * READ_CONTROL and WRITE_DAC unless an OWNER RIGHTS ACE says otherwise; an absent or NULL DACL
 * allows everything; a conditional allow ACE counts when its condition is true, a conditional
 * deny ACE unless it is false. Generic rights mean those of files. An object ACE for one property
 * never allows, but denies. Mandatory labels and central policies are not evaluated.
 *
 * @param sd       A parsed descriptor.
 * @param token    Who asks.
 * @param desired  What is asked for; with RRSMB_MAXIMUM_ALLOWED as much as there is.
 * @param granted  Receives the rights: at least all that were asked for, or 0: denied.
 * @return RRSMB_OK when it was decided, also if denied; RRSMB_INVALID_ARGUMENT.
 *         Allocates nothing.
 */
RRSMB_API rrsmb_status rrsmb_sd_access_check(const rrsmb_sd_view *sd, const rrsmb_token *token,
                                             uint32_t desired, uint32_t *granted);

/* ---- Words for people ----------------------------------------------------------------------- */

/**
 * Read a SID: `S-1-...` or an alias, nothing before or after it but white space.
 * @param sid        Receives the binary SID (RRSMB_SID_SIZE_MAX bytes always suffice).
 * @param sid_length Receives its size, also with RRSMB_BUFFER_TOO_SMALL.
 * @return As rrsmb_sd_from_sddl().
 */
RRSMB_API rrsmb_status rrsmb_sid_from_text(const char *text, size_t length,
                                           const rrsmb_sddl_options *options, void *sid,
                                           size_t capacity, size_t *sid_length);

/**
 * Write a SID as `S-1-...` with a terminator (RRSMB_SID_TEXT_SIZE bytes always suffice).
 * @return RRSMB_OK, RRSMB_BAD_SD, RRSMB_BUFFER_TOO_SMALL, RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_sid_to_text(const void *sid, size_t length, char *text,
                                         size_t capacity, size_t *text_length);

/**
 * The name of a well-known SID (MS-DTYP 2.4.2.4), such as `"BUILTIN\\Administrators"`.
 * @return A constant string, or NULL: not well known, or no valid SID.
 */
RRSMB_API const char *rrsmb_sid_name(const void *sid, size_t length);

/** The SDDL alias of a SID, such as `"BA"`; NULL where there is none. */
RRSMB_API const char *rrsmb_sid_alias(const void *sid, size_t length);

/** Words for an ACE type, such as `"allow"` or `"conditional deny"`; never NULL. */
RRSMB_API const char *rrsmb_ace_type_name(uint8_t type);

/** The SDDL code of an ACE type, such as `"A"`; `""` where there is none. */
RRSMB_API const char *rrsmb_ace_type_code(uint8_t type);

/**
 * Where an ACE holds, by its inheritance flags, such as `"this folder, subfolders and files"`.
 * @return A constant string.
 */
RRSMB_API const char *rrsmb_ace_applies_to(uint8_t flags);

/** Words for one flag bit of an ACE, such as `"inherited"`; NULL unless exactly one bit is set. */
RRSMB_API const char *rrsmb_ace_flag_name(uint8_t flag);

/**
 * The flags of an ACE as in SDDL, such as `"OICI"`, with a terminator (17 bytes always suffice).
 * @return RRSMB_OK, RRSMB_BUFFER_TOO_SMALL, RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_ace_flags_text(uint8_t flags, char *text, size_t capacity,
                                            size_t *text_length);

/**
 * Words for the rights of an ACE, as of a file or folder: `"full control"`, `"modify"`,
 * `"read and execute"`, or single rights with commas; of a mandatory label `"no write up"`.
 * @param type  The type of the ACE, which decides what its mask means.
 * @param mask  Its mask.
 * @return RRSMB_OK, RRSMB_BUFFER_TOO_SMALL (1,024 bytes always suffice), RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_rights_text(uint8_t type, uint32_t mask, char *text, size_t capacity,
                                         size_t *text_length);

/** Words for one bit of a mask, such as `"delete"`; NULL where there are none. */
RRSMB_API const char *rrsmb_right_name(uint8_t type, uint32_t bit);

/**
 * The condition or resource attribute of an ACE from a parsed view, as canonical SDDL in
 * parentheses; empty for other ACEs.
 * @return RRSMB_OK, RRSMB_BUFFER_TOO_SMALL, RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_ace_data_text(const rrsmb_ace *ace, char *text, size_t capacity,
                                           size_t *text_length);

/** A GUID of 16 bytes (MS-DTYP 2.3.4) as 36 lower-case characters and a terminator. */
RRSMB_API void rrsmb_guid_text(const uint8_t guid[16], char text[37]);

#ifdef __cplusplus
}
#endif
#endif
