/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/token.h"

#include <stdlib.h>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/sd/resource_attribute.h"

/* More would be no token of Windows (MaxTokenSize, 64 KB). */
#define SIDS_MAX 4096

static rrsmb_status copy_sids(const rrsmb_token_sid *sids, size_t count, const char *what,
                              struct sid_set *set)
{
    if (count == 0)
        return RRSMB_OK;
    ENSURE(sids && count <= SIDS_MAX, RRSMB_INVALID_ARGUMENT,
           "token: %zu %s are not given or over %d", count, what, SIDS_MAX);
    set->sids = calloc(count, sizeof *set->sids);
    if (!set->sids)
        return FAIL(RRSMB_NO_MEMORY, "token: out of memory for %zu %s", count, what);
    for (size_t i = 0; i < count; i++) {
        size_t length = sids[i].length;
        if (!sids[i].sid || length == 0 || sid_check(sids[i].sid, length) != length)
            return FAIL(RRSMB_INVALID_ARGUMENT, "token: %s %zu: no valid SID of %zu bytes", what, i,
                        length);
        struct token_sid *copy = &set->sids[i];
        memcpy(copy->sid, sids[i].sid, length);
        copy->key = sid_key(copy->sid);
        copy->deny_only = sids[i].deny_only != 0;
        uint32_t bit = copy->key >> 23;
        set->filter[bit / 64] |= (uint64_t)1 << (bit % 64);
        set->count = i + 1;
    }
    return RRSMB_OK;
}

/* The text of a claim to its binary form: once to learn the size, once to write. */
static rrsmb_status copy_claim(const char *text, struct token_claim *claim)
{
    const struct input start = {.begin = text, .at = text, .end = text + strlen(text)};
    struct input in = start;
    struct output counted = output_to(NULL, 0);
    TRY(attribute_read(&in, &counted));
    input_skip_space(&in);
    if (in.at < in.end)
        return input_expected(&in, "the end of a claim");
    /* The 64 KB of a resource attribute hold here too. */
    if (counted.total > UINT16_MAX)
        return FAIL_AT(RRSMB_TOO_LARGE, 0, "token: a claim is larger than 64 KB");
    claim->data = malloc(counted.total);
    if (!claim->data)
        return FAIL(RRSMB_NO_MEMORY, "token: out of memory for a claim of %zu bytes",
                    counted.total);
    claim->length = counted.total;
    in = start;
    struct output out = output_to(claim->data, claim->length);
    return attribute_read(&in, &out);
}

static rrsmb_status copy_claims(const char *const *texts, size_t count, const char *what,
                                struct claim_set *set)
{
    if (count == 0)
        return RRSMB_OK;
    ENSURE(texts, RRSMB_INVALID_ARGUMENT, "token: %s are not given", what);
    set->claims = calloc(count, sizeof *set->claims);
    if (!set->claims)
        return FAIL(RRSMB_NO_MEMORY, "token: out of memory for %zu %s", count, what);
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        ENSURE(texts[i], RRSMB_INVALID_ARGUMENT, "token: %s %zu is NULL", what, i);
        if (copy_claim(texts[i], &set->claims[i]) != RRSMB_OK)
            return error_prefix("token: %s %zu", what, i);
    }
    return RRSMB_OK;
}

static rrsmb_status fill(const rrsmb_token_options *options, rrsmb_token *token)
{
    token->privileges = options->privileges;
    TRY(copy_sids(options->sids, options->sid_count, "SIDs", &token->sids));
    TRY(copy_sids(options->device_sids, options->device_sid_count, "device SIDs",
                  &token->device_sids));
    TRY(copy_claims(options->user_claims, options->user_claim_count, "user claims", &token->user));
    TRY(copy_claims(options->device_claims, options->device_claim_count, "device claims",
                    &token->device));
    return copy_claims(options->local_claims, options->local_claim_count, "local claims",
                       &token->local);
}

rrsmb_status rrsmb_token_new(const rrsmb_token_options *options, rrsmb_token **token)
{
    ENSURE(token, RRSMB_INVALID_ARGUMENT, "token: NULL was given for the result");
    *token = NULL;
    rrsmb_token_options token_options;
    TRY(OPTIONS_LOAD(token_options, options));
    ENSURE(token_options.sid_count > 0, RRSMB_INVALID_ARGUMENT, "token: no SID of a user is given");
    rrsmb_token *made = calloc(1, sizeof *made);
    if (!made)
        return FAIL(RRSMB_NO_MEMORY, "token: out of memory");
    rrsmb_status status = fill(&token_options, made);
    if (status != RRSMB_OK) {
        rrsmb_token_free(made);
        return status;
    }
    *token = made;
    return RRSMB_OK;
}

static void free_claims(struct claim_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->claims[i].data);
    free(set->claims);
}

void rrsmb_token_free(rrsmb_token *token)
{
    if (!token)
        return;
    free(token->sids.sids);
    free(token->device_sids.sids);
    free_claims(&token->user);
    free_claims(&token->device);
    free_claims(&token->local);
    free(token);
}
