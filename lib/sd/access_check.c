/* SPDX-License-Identifier: Apache-2.0 */
/* MS-DTYP 2.5.3.2. A right is decided by the first ACE that names it; what no ACE names is not
 * granted. */
#include "lib/base/error.h"
#include "lib/sd/condition_eval.h"
#include "lib/sd/descriptor.h"

/* MS-DTYP 2.4.3 */
#define GENERIC_ALL 0x10000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_READ 0x80000000u
#define GENERIC (GENERIC_ALL | GENERIC_EXECUTE | GENERIC_WRITE | GENERIC_READ)
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define DELETE_RIGHT 0x00010000u
/* MS-SMB2 2.2.13.1 */
#define FILE_ALL 0x001f01ffu
#define FILE_READ 0x00120089u
#define FILE_WRITE 0x00120116u
#define FILE_EXECUTE 0x001200a0u
#define FILE_ADD 0x00000006u
#define FILE_TRAVERSE 0x00000020u

/* What SeBackupPrivilege and SeRestorePrivilege stand for (MS-FSA 2.1.5.1). */
#define BACKUP_RIGHTS (READ_CONTROL | RRSMB_ACCESS_SYSTEM_SECURITY | FILE_READ | FILE_TRAVERSE)
#define RESTORE_RIGHTS \
    (WRITE_DAC | WRITE_OWNER | RRSMB_ACCESS_SYSTEM_SECURITY | FILE_WRITE | FILE_ADD | DELETE_RIGHT)

/* Types of ACE that decide about access (MS-DTYP 2.4.4.1). */
enum {
    ALLOW = 0x00,
    DENY = 0x01,
    ALLOW_OBJECT = 0x05,
    DENY_OBJECT = 0x06,
    ALLOW_CALLBACK = 0x09,
    DENY_CALLBACK = 0x0a,
    ALLOW_CALLBACK_OBJECT = 0x0b,
};

static const uint8_t owner_rights[] = {1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0};

static uint32_t map_generic(uint32_t mask)
{
    if (!(mask & GENERIC))
        return mask;
    if (mask & GENERIC_ALL)
        mask |= FILE_ALL;
    if (mask & GENERIC_READ)
        mask |= FILE_READ;
    if (mask & GENERIC_WRITE)
        mask |= FILE_WRITE;
    if (mask & GENERIC_EXECUTE)
        mask |= FILE_EXECUTE;
    return mask & ~GENERIC;
}

static bool is_owner_rights(const rrsmb_ace *ace)
{
    return ace->sid_length == sizeof owner_rights &&
           memcmp(ace->sid, owner_rights, sizeof owner_rights) == 0;
}

/* Whether an ACE allows (1), denies (-1) or does not matter (0), by its type alone. */
static int effect_of(const rrsmb_ace *ace)
{
    switch (ace->type) {
    case ALLOW:
    case ALLOW_CALLBACK:
        return 1;
    case ALLOW_OBJECT:
    case ALLOW_CALLBACK_OBJECT:
        return ace->object_type ? 0 : 1;
    case DENY:
    case DENY_OBJECT:
    case DENY_CALLBACK:
        return -1;
    default:
        return 0;
    }
}

struct check {
    const rrsmb_sd_view *sd;
    const rrsmb_token *token;
    bool is_owner;
    uint32_t steps; /* left for conditions */
};

/* Whether an ACE that allows or denies is about this token. */
static bool applies(struct check *check, const rrsmb_ace *ace, bool is_deny)
{
    if (!sid_set_has(&check->token->sids, ace->sid, is_deny) &&
        !(check->is_owner && is_owner_rights(ace)))
        return false;
    if (!ace->data)
        return true;
    enum truth truth = condition_evaluate(ace, check->sd, check->token, is_deny, &check->steps);
    return is_deny ? truth != TRUTH_FALSE : truth == TRUTH_TRUE;
}

/* Walk the DACL until each wanted right is decided. */
static uint32_t granted_by(struct check *check, uint32_t wanted)
{
    const rrsmb_acl_view *dacl = &check->sd->dacl;
    uint32_t undecided = wanted;
    uint32_t granted = 0;
    rrsmb_ace ace;
    for (bool more = acl_first(dacl, &ace); more && undecided != 0; more = acl_next(dacl, &ace)) {
        if (ace.flags & RRSMB_ACE_INHERIT_ONLY)
            continue;
        int effect = effect_of(&ace);
        uint32_t mask = map_generic(ace.mask) & undecided;
        if (effect == 0 || mask == 0 || !applies(check, &ace, effect < 0))
            continue;
        undecided &= ~mask;
        if (effect > 0)
            granted |= mask;
    }
    return granted;
}

/* Whether the DACL says what an owner may do, in place of the implicit rights. */
static bool has_owner_rights(const rrsmb_acl_view *dacl)
{
    rrsmb_ace ace;
    for (bool more = acl_first(dacl, &ace); more; more = acl_next(dacl, &ace)) {
        if (!(ace.flags & RRSMB_ACE_INHERIT_ONLY) && effect_of(&ace) != 0 && is_owner_rights(&ace))
            return true;
    }
    return false;
}

/* Rights that a privilege gives whatever the DACL says; only those that are asked for by name. */
static uint32_t granted_by_privilege(const rrsmb_token *token, uint32_t wanted)
{
    uint32_t granted = 0;
    if (token->privileges & RRSMB_PRIVILEGE_SECURITY)
        granted |= RRSMB_ACCESS_SYSTEM_SECURITY;
    if (token->privileges & RRSMB_PRIVILEGE_TAKE_OWNERSHIP)
        granted |= WRITE_OWNER;
    if (token->privileges & RRSMB_PRIVILEGE_BACKUP)
        granted |= BACKUP_RIGHTS;
    if (token->privileges & RRSMB_PRIVILEGE_RESTORE)
        granted |= RESTORE_RIGHTS;
    return granted & wanted;
}

rrsmb_status rrsmb_sd_access_check(const rrsmb_sd_view *sd, const rrsmb_token *token,
                                   uint32_t desired, uint32_t *granted)
{
    ENSURE(granted, RRSMB_INVALID_ARGUMENT, "access check: NULL was given for the result");
    *granted = 0;
    ENSURE(sd && token, RRSMB_INVALID_ARGUMENT, "access check: NULL was given");
    bool maximum = (desired & RRSMB_MAXIMUM_ALLOWED) != 0;
    desired = map_generic(desired) & ~RRSMB_MAXIMUM_ALLOWED;
    uint32_t given = granted_by_privilege(token, desired);
    /* The right to the SACL comes from a privilege and never from a DACL. */
    uint32_t wanted = (maximum ? FILE_ALL | desired : desired) & ~RRSMB_ACCESS_SYSTEM_SECURITY;
    wanted &= ~given;
    struct check check = {sd, token, sd->owner && sid_set_has(&token->sids, sd->owner, false),
                          CONDITION_STEPS_MAX};
    if (sd->dacl.state != RRSMB_ACL_PRESENT) {
        given |= wanted;
    } else {
        uint32_t implicit = wanted & (READ_CONTROL | WRITE_DAC);
        if (implicit != 0 && check.is_owner && !has_owner_rights(&sd->dacl)) {
            given |= implicit;
            wanted &= ~implicit;
        }
        given |= granted_by(&check, wanted);
    }
    if ((desired & ~given) == 0)
        *granted = given;
    return RRSMB_OK;
}
