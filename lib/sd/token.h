/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for access: the SIDs, privileges and claims of a logon session. */
#ifndef RRSMB_SD_TOKEN_H
#define RRSMB_SD_TOKEN_H

#include <stdbool.h>

#include <rrsmb/sd.h>

#include "lib/base/bytes.h"
#include "lib/sd/sid.h"

struct token_sid {
    uint32_t key; /* of the SID: see sid_key() */
    bool deny_only;
    uint8_t sid[SID_SIZE_MAX];
};

/* A filter of so many bits answers for most SIDs of a DACL that they are not in the token. */
#define FILTER_BITS 512

struct sid_set {
    size_t count;
    struct token_sid *sids;
    uint64_t filter[FILTER_BITS / 64];
};

/* A claim in the binary form of a resource attribute. */
struct token_claim {
    uint8_t *data;
    size_t length;
};

struct claim_set {
    size_t count;
    struct token_claim *claims;
};

struct rrsmb_token {
    uint32_t privileges;
    struct sid_set sids;
    struct sid_set device_sids;
    struct claim_set user;
    struct claim_set device;
    struct claim_set local;
};

/** A number that differs for nearly all SIDs of one domain: the last sub-authority, stirred. */
static inline uint32_t sid_key(const uint8_t *sid)
{
    uint32_t last = sid[1] > 0 ? get_le32(sid + 4 + 4 * (size_t)sid[1]) : sid[7];
    return (last + sid[1]) * 0x9e3779b1u;
}

static inline bool filter_has(const struct sid_set *set, uint32_t key)
{
    uint32_t bit = key >> 23;
    return set->filter[bit / 64] >> (bit % 64) & 1;
}

/** Whether a set holds a valid SID. @param is_deny  SIDs for deny ACEs alone count too. */
static inline bool sid_set_has(const struct sid_set *set, const uint8_t *sid, bool is_deny)
{
    uint32_t key = sid_key(sid);
    if (!filter_has(set, key))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        const struct token_sid *candidate = &set->sids[i];
        if (candidate->key == key && candidate->sid[1] == sid[1] &&
            memcmp(candidate->sid, sid, sid_size(sid)) == 0 && (is_deny || !candidate->deny_only))
            return true;
    }
    return false;
}

#endif
