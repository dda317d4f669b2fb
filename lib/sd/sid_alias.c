/* SPDX-License-Identifier: Apache-2.0 */
/* Well-known SIDs: the aliases of SDDL (MS-DTYP 2.5.1.1, and sddl.h of the Windows SDK for those
 * that are newer than its grammar) and the names of MS-DTYP 2.4.2.4. */
#include "lib/base/error.h"
#include "lib/sd/sid.h"

struct well_known {
    char code[3];      /* empty: a name without an alias */
    uint8_t authority; /* 0 with one sub-authority under DOMAIN */
    uint8_t count;
    uint32_t sub[6];
    const char *name;
};

/* In place of an authority: the sub-authority is a RID of the domain. */
#define DOMAIN 0xff

static const struct well_known well_known[] = {
    {"AA", 5, 2, {32, 579}, "BUILTIN\\Access Control Assistance Operators"},
    {"AC", 15, 2, {2, 1}, "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES"},
    {"AN", 5, 1, {7}, "NT AUTHORITY\\ANONYMOUS LOGON"},
    {"AO", 5, 2, {32, 548}, "BUILTIN\\Account Operators"},
    {"AP", DOMAIN, 1, {525}, "Protected Users"},
    {"AS", 18, 1, {1}, "Authentication authority asserted identity"},
    {"AU", 5, 1, {11}, "NT AUTHORITY\\Authenticated Users"},
    {"BA", 5, 2, {32, 544}, "BUILTIN\\Administrators"},
    {"BG", 5, 2, {32, 546}, "BUILTIN\\Guests"},
    {"BO", 5, 2, {32, 551}, "BUILTIN\\Backup Operators"},
    {"BU", 5, 2, {32, 545}, "BUILTIN\\Users"},
    {"CA", DOMAIN, 1, {517}, "Cert Publishers"},
    {"CD", 5, 2, {32, 574}, "BUILTIN\\Certificate Service DCOM Access"},
    {"CG", 3, 1, {1}, "CREATOR GROUP"},
    {"CN", DOMAIN, 1, {522}, "Cloneable Domain Controllers"},
    {"CO", 3, 1, {0}, "CREATOR OWNER"},
    {"CY", 5, 2, {32, 569}, "BUILTIN\\Cryptographic Operators"},
    {"DA", DOMAIN, 1, {512}, "Domain Admins"},
    {"DC", DOMAIN, 1, {515}, "Domain Computers"},
    {"DD", DOMAIN, 1, {516}, "Domain Controllers"},
    {"DG", DOMAIN, 1, {514}, "Domain Guests"},
    {"DU", DOMAIN, 1, {513}, "Domain Users"},
    {"EA", DOMAIN, 1, {519}, "Enterprise Admins"},
    {"ED", 5, 1, {9}, "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS"},
    {"EK", DOMAIN, 1, {527}, "Enterprise Key Admins"},
    {"ER", 5, 2, {32, 573}, "BUILTIN\\Event Log Readers"},
    {"ES", 5, 2, {32, 576}, "BUILTIN\\RDS Endpoint Servers"},
    {"HA", 5, 2, {32, 578}, "BUILTIN\\Hyper-V Administrators"},
    {"HI", 16, 1, {12288}, "Mandatory Label\\High Mandatory Level"},
    {"HO", 5, 2, {32, 584}, "BUILTIN\\User Mode Hardware Operators"},
    {"IS", 5, 2, {32, 568}, "BUILTIN\\IIS_IUSRS"},
    {"IU", 5, 1, {4}, "NT AUTHORITY\\INTERACTIVE"},
    {"KA", DOMAIN, 1, {526}, "Key Admins"},
    {"LA", DOMAIN, 1, {500}, "Administrator"},
    {"LG", DOMAIN, 1, {501}, "Guest"},
    {"LS", 5, 1, {19}, "NT AUTHORITY\\LOCAL SERVICE"},
    {"LU", 5, 2, {32, 559}, "BUILTIN\\Performance Log Users"},
    {"LW", 16, 1, {4096}, "Mandatory Label\\Low Mandatory Level"},
    {"ME", 16, 1, {8192}, "Mandatory Label\\Medium Mandatory Level"},
    {"MP", 16, 1, {8448}, "Mandatory Label\\Medium Plus Mandatory Level"},
    {"MS", 5, 2, {32, 577}, "BUILTIN\\RDS Management Servers"},
    {"MU", 5, 2, {32, 558}, "BUILTIN\\Performance Monitor Users"},
    {"NO", 5, 2, {32, 556}, "BUILTIN\\Network Configuration Operators"},
    {"NS", 5, 1, {20}, "NT AUTHORITY\\NETWORK SERVICE"},
    {"NU", 5, 1, {2}, "NT AUTHORITY\\NETWORK"},
    {"OW", 3, 1, {4}, "OWNER RIGHTS"},
    {"PA", DOMAIN, 1, {520}, "Group Policy Creator Owners"},
    {"PO", 5, 2, {32, 550}, "BUILTIN\\Print Operators"},
    {"PS", 5, 1, {10}, "NT AUTHORITY\\SELF"},
    {"PU", 5, 2, {32, 547}, "BUILTIN\\Power Users"},
    {"RA", 5, 2, {32, 575}, "BUILTIN\\RDS Remote Access Servers"},
    {"RC", 5, 1, {12}, "NT AUTHORITY\\RESTRICTED"},
    {"RD", 5, 2, {32, 555}, "BUILTIN\\Remote Desktop Users"},
    {"RE", 5, 2, {32, 552}, "BUILTIN\\Replicator"},
    {"RM", 5, 2, {32, 580}, "BUILTIN\\Remote Management Users"},
    {"RO", DOMAIN, 1, {498}, "Enterprise Read-only Domain Controllers"},
    {"RS", DOMAIN, 1, {553}, "RAS and IAS Servers"},
    {"RU", 5, 2, {32, 554}, "BUILTIN\\Pre-Windows 2000 Compatible Access"},
    {"SA", DOMAIN, 1, {518}, "Schema Admins"},
    {"SI", 16, 1, {16384}, "Mandatory Label\\System Mandatory Level"},
    {"SO", 5, 2, {32, 549}, "BUILTIN\\Server Operators"},
    {"SS", 18, 1, {2}, "Service asserted identity"},
    {"SU", 5, 1, {6}, "NT AUTHORITY\\SERVICE"},
    {"SY", 5, 1, {18}, "NT AUTHORITY\\SYSTEM"},
    {"UD", 5, 6, {84, 0, 0, 0, 0, 0}, "NT AUTHORITY\\USER MODE DRIVERS"},
    {"WD", 1, 1, {0}, "Everyone"},
    {"WR", 5, 1, {33}, "NT AUTHORITY\\WRITE RESTRICTED"},
    {"", 0, 1, {0}, "NULL SID"},
    {"", 2, 1, {0}, "LOCAL"},
    {"", 2, 1, {1}, "CONSOLE LOGON"},
    {"", 3, 1, {2}, "CREATOR OWNER SERVER"},
    {"", 3, 1, {3}, "CREATOR GROUP SERVER"},
    {"", 5, 1, {1}, "NT AUTHORITY\\DIALUP"},
    {"", 5, 1, {3}, "NT AUTHORITY\\BATCH"},
    {"", 5, 1, {8}, "NT AUTHORITY\\PROXY"},
    {"", 5, 1, {13}, "NT AUTHORITY\\TERMINAL SERVER USER"},
    {"", 5, 1, {14}, "NT AUTHORITY\\REMOTE INTERACTIVE LOGON"},
    {"", 5, 1, {15}, "NT AUTHORITY\\This Organization"},
    {"", 5, 1, {17}, "NT AUTHORITY\\IUSR"},
    {"", 5, 1, {1000}, "NT AUTHORITY\\OTHER ORGANIZATION"},
    {"", 5, 2, {64, 10}, "NT AUTHORITY\\NTLM Authentication"},
    {"", 5, 2, {64, 14}, "NT AUTHORITY\\SChannel Authentication"},
    {"", 5, 2, {64, 21}, "NT AUTHORITY\\Digest Authentication"},
    {"", 5, 2, {80, 0}, "NT SERVICE\\ALL SERVICES"},
    {"", 15, 2, {2, 2}, "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES"},
    {"", 16, 1, {0}, "Mandatory Label\\Untrusted Mandatory Level"},
    {"", 16, 1, {20480}, "Mandatory Label\\Protected Process Mandatory Level"},
    {"", DOMAIN, 1, {502}, "krbtgt"},
    {"", DOMAIN, 1, {521}, "Read-only Domain Controllers"},
    {"", DOMAIN, 1, {571}, "Allowed RODC Password Replication Group"},
    {"", DOMAIN, 1, {572}, "Denied RODC Password Replication Group"},
};

#define WELL_KNOWN_COUNT (sizeof well_known / sizeof well_known[0])

static rrsmb_status domain_sid(const struct input *in, const char *code, uint8_t sid[SID_SIZE_MAX])
{
    const char *domain = in->options ? in->options->domain_sid : NULL;
    if (!domain)
        return FAIL_AT(RRSMB_NEEDS_DOMAIN, input_offset(in),
                       "SDDL, byte %zu: alias %s depends on a domain, and no domain SID was given",
                       input_offset(in), code);
    struct input text = {.begin = domain, .at = domain, .end = domain + strlen(domain)};
    if (sid_read_numeric(&text, sid) != RRSMB_OK || text.at != text.end ||
        sid[1] == SID_SUB_AUTHORITIES_MAX)
        return FAIL(RRSMB_INVALID_ARGUMENT, "domain SID \"%.200s\" is no SID of a domain", domain);
    return RRSMB_OK;
}

static void fixed_sid(const struct well_known *entry, uint8_t sid[SID_SIZE_MAX])
{
    memset(sid, 0, 8);
    sid[0] = 1;
    sid[1] = entry->count;
    sid[7] = entry->authority;
    for (unsigned int i = 0; i < entry->count; i++)
        put_le32(sid + 8 + 4 * (size_t)i, entry->sub[i]);
}

rrsmb_status sid_alias_read(struct input *in, uint8_t sid[SID_SIZE_MAX])
{
    char first = lower(input_peek(in, 0));
    char second = lower(input_peek(in, 1));
    for (size_t i = 0; i < WELL_KNOWN_COUNT && well_known[i].code[0]; i++) {
        const struct well_known *entry = &well_known[i];
        if (lower(entry->code[0]) != first || lower(entry->code[1]) != second)
            continue;
        if (entry->authority != DOMAIN) {
            fixed_sid(entry, sid);
        } else {
            TRY(domain_sid(in, entry->code, sid));
            put_le32(sid + sid_size(sid), entry->sub[0]);
            sid[1]++;
        }
        in->at += 2;
        return RRSMB_OK;
    }
    if (is_letter(first) && is_letter(second))
        return FAIL_AT(RRSMB_BAD_SDDL, input_offset(in), "SDDL, byte %zu: \"%.2s\" is no SID alias",
                       input_offset(in), in->at);
    return input_expected(in, "a SID");
}

/* S-1-5-21-x-y-z-rid: an account or group of a domain. */
static bool is_domain_account(const uint8_t *sid)
{
    static const uint8_t nt_authority[] = {0, 0, 0, 0, 0, 5};
    return sid[1] == 5 && memcmp(sid + 2, nt_authority, 6) == 0 && get_le32(sid + 8) == 21;
}

static bool matches(const struct well_known *entry, const uint8_t *sid)
{
    if (entry->authority == DOMAIN)
        return is_domain_account(sid) && get_le32(sid + 24) == entry->sub[0];
    uint8_t fixed[SID_SIZE_MAX];
    fixed_sid(entry, fixed);
    return sid[1] == entry->count && memcmp(sid, fixed, sid_size(sid)) == 0;
}

static const struct well_known *find(const void *sid, size_t length)
{
    if (!sid || sid_check(sid, length) == 0)
        return NULL;
    for (size_t i = 0; i < WELL_KNOWN_COUNT; i++) {
        if (matches(&well_known[i], sid))
            return &well_known[i];
    }
    return NULL;
}

const char *rrsmb_sid_name(const void *sid, size_t length)
{
    const struct well_known *entry = find(sid, length);
    return entry ? entry->name : NULL;
}

const char *rrsmb_sid_alias(const void *sid, size_t length)
{
    const struct well_known *entry = find(sid, length);
    return entry && entry->code[0] ? entry->code : NULL;
}
