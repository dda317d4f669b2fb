/* SPDX-License-Identifier: Apache-2.0 */
/* The postfix tokens are a program for a stack of values. An attribute that is not there, values
 * that cannot be compared and too much work all give "unknown", which allows nothing. */
#include "lib/sd/condition_eval.h"

#include "lib/sd/claim.h"
#include "lib/sd/condition_token.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/utf16.h"

/* MS-DTYP 2.4.10.1 */
#define CLAIM_FLAG_CASE_SENSITIVE 0x0002
#define CLAIM_FLAG_DENY_ONLY 0x0004
#define CLAIM_FLAG_DISABLED 0x0010

#define TYPE_RESOURCE_ATTRIBUTE 0x12

struct evaluation {
    const rrsmb_sd_view *sd;
    const rrsmb_token *token;
    bool is_deny;
    uint32_t *steps;
};

/* Pay for some work; false when the account does not cover it, which empties it. */
static bool pay(const struct evaluation *evaluation, size_t bytes)
{
    size_t price = 1 + bytes / 32;
    *evaluation->steps = price < *evaluation->steps ? (uint32_t)(*evaluation->steps - price) : 0;
    return *evaluation->steps > 0;
}

enum value_kind { VALUE_MISSING, VALUE_TRUTH, VALUE_TOKEN, VALUE_CLAIM };

struct value {
    enum value_kind kind;
    enum truth truth;   /* VALUE_TRUTH */
    struct token token; /* VALUE_TOKEN: a literal */
    struct claim claim; /* VALUE_CLAIM */
};

enum scalar_kind {
    SCALAR_SIGNED,
    SCALAR_UNSIGNED,
    SCALAR_BOOLEAN,
    SCALAR_STRING,
    SCALAR_SID,
    SCALAR_OCTETS
};

struct scalar {
    enum scalar_kind kind;
    uint64_t number;
    const uint8_t *bytes;
    size_t length;
    bool case_sensitive;
};

/* ---- The members of a value, which is a list or a single one ---- */

struct members {
    const struct value *value;
    size_t at; /* bytes of a literal, or index in a claim */
};

static struct scalar token_scalar(const struct token *token)
{
    struct scalar scalar = {.bytes = token->data, .length = token->length};
    if (token_is_integer(token->code)) {
        scalar.kind = SCALAR_SIGNED;
        scalar.number = (uint64_t)token->value;
    } else if (token->code == TOKEN_STRING) {
        scalar.kind = SCALAR_STRING;
    } else if (token->code == TOKEN_SID) {
        scalar.kind = SCALAR_SID;
    } else {
        scalar.kind = SCALAR_OCTETS;
    }
    return scalar;
}

static enum scalar_kind claim_kind(uint16_t type)
{
    switch (type) {
    case CLAIM_INT64:
        return SCALAR_SIGNED;
    case CLAIM_UINT64:
        return SCALAR_UNSIGNED;
    case CLAIM_BOOLEAN:
        return SCALAR_BOOLEAN;
    case CLAIM_STRING:
        return SCALAR_STRING;
    case CLAIM_SID:
        return SCALAR_SID;
    default:
        return SCALAR_OCTETS;
    }
}

static bool next_of_claim(struct members *members, struct scalar *scalar)
{
    const struct claim *claim = &members->value->claim;
    struct claim_value value;
    if (members->at >= claim->count || !claim_value_read(claim, (uint32_t)members->at, &value))
        return false;
    members->at++;
    *scalar = (struct scalar){.kind = claim_kind(claim->type),
                              .number = value.number,
                              .bytes = value.bytes,
                              .length = value.length,
                              .case_sensitive = (claim->flags & CLAIM_FLAG_CASE_SENSITIVE) != 0};
    return true;
}

static bool next_of_token(struct members *members, struct scalar *scalar)
{
    const struct token *literal = &members->value->token;
    if (literal->code != TOKEN_COMPOSITE) {
        *scalar = token_scalar(literal);
        return members->at++ == 0;
    }
    if (members->at >= literal->length)
        return false;
    struct token member = token_read(literal->data + members->at, literal->length - members->at);
    members->at += member.size;
    *scalar = token_scalar(&member);
    return true;
}

static bool members_next(struct members *members, struct scalar *scalar)
{
    if (members->value->kind == VALUE_CLAIM)
        return next_of_claim(members, scalar);
    return members->value->kind == VALUE_TOKEN && next_of_token(members, scalar);
}

/* The only member; false for a list of another length. */
static bool single(const struct value *value, struct scalar *scalar)
{
    struct members members = {value, 0};
    struct scalar second = {0};
    return members_next(&members, scalar) && !members_next(&members, &second);
}

/* ---- Comparing ---- */

enum order { ORDER_LESS, ORDER_EQUAL, ORDER_GREATER, ORDER_NONE };

static enum order order_of(int difference)
{
    return difference < 0 ? ORDER_LESS : difference > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

static bool is_number(const struct scalar *scalar)
{
    return scalar->kind == SCALAR_SIGNED || scalar->kind == SCALAR_UNSIGNED;
}

static bool is_negative(const struct scalar *scalar)
{
    return scalar->kind == SCALAR_SIGNED && (int64_t)scalar->number < 0;
}

static enum order compare_numbers(const struct scalar *a, const struct scalar *b)
{
    if (is_negative(a) != is_negative(b))
        return is_negative(a) ? ORDER_LESS : ORDER_GREATER;
    /* Of one sign, two's complement keeps the order. */
    return a->number < b->number ? ORDER_LESS : a->number > b->number ? ORDER_GREATER : ORDER_EQUAL;
}

static enum order compare_strings(const struct scalar *a, const struct scalar *b)
{
    bool case_sensitive = a->case_sensitive || b->case_sensitive;
    size_t shorter = a->length < b->length ? a->length : b->length;
    for (size_t i = 0; i + 2 <= shorter; i += 2) {
        int left = get_le16(a->bytes + i);
        int right = get_le16(b->bytes + i);
        if (!case_sensitive) {
            left = utf16_fold((uint16_t)left);
            right = utf16_fold((uint16_t)right);
        }
        if (left != right)
            return order_of(left - right);
    }
    return a->length < b->length ? ORDER_LESS : a->length > b->length ? ORDER_GREATER : ORDER_EQUAL;
}

static enum order compare_bytes(const struct scalar *a, const struct scalar *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int difference = shorter > 0 ? memcmp(a->bytes, b->bytes, shorter) : 0;
    if (difference != 0)
        return order_of(difference);
    return a->length < b->length ? ORDER_LESS : a->length > b->length ? ORDER_GREATER : ORDER_EQUAL;
}

/* A boolean is comparable to a boolean and to the integers 0 and 1. */
static enum order compare_booleans(const struct scalar *a, const struct scalar *b)
{
    bool comparable = (a->kind == SCALAR_BOOLEAN || is_number(a)) &&
                      (b->kind == SCALAR_BOOLEAN || is_number(b)) && a->number <= 1 &&
                      b->number <= 1;
    return comparable ? compare_numbers(a, b) : ORDER_NONE;
}

static enum order compare(const struct evaluation *evaluation, const struct scalar *a,
                          const struct scalar *b)
{
    if (!pay(evaluation, a->length < b->length ? a->length : b->length))
        return ORDER_NONE;
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b);
    if (a->kind == SCALAR_BOOLEAN || b->kind == SCALAR_BOOLEAN)
        return compare_booleans(a, b);
    if (a->kind != b->kind)
        return ORDER_NONE;
    return a->kind == SCALAR_STRING ? compare_strings(a, b) : compare_bytes(a, b);
}

/* ---- Operators ---- */

static enum truth truth_of(bool condition)
{
    return condition ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth truth_not(enum truth truth)
{
    return (enum truth)(TRUTH_TRUE - truth);
}

/* Whether one of the members is equal. */
static enum truth holds(const struct evaluation *evaluation, const struct value *set,
                        const struct scalar *wanted)
{
    struct members members = {set, 0};
    struct scalar member = {0};
    while (members_next(&members, &member)) {
        enum order order = compare(evaluation, &member, wanted);
        if (order == ORDER_NONE)
            return TRUTH_UNKNOWN;
        if (order == ORDER_EQUAL)
            return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

/* Whether a set holds all, or any, of the wanted members. */
static enum truth holds_members(const struct evaluation *evaluation, const struct value *set,
                                const struct value *wanted, bool any)
{
    struct members members = {wanted, 0};
    struct scalar member = {0};
    bool empty = true;
    while (members_next(&members, &member)) {
        empty = false;
        enum truth truth = holds(evaluation, set, &member);
        if (truth == TRUTH_UNKNOWN || truth == truth_of(any))
            return truth;
    }
    return empty ? TRUTH_UNKNOWN : truth_of(!any);
}

/* Lists are sets: the order and number of equal members do not matter. */
static enum truth equal_sets(const struct evaluation *evaluation, const struct value *left,
                             const struct value *right)
{
    enum truth truth = holds_members(evaluation, left, right, false);
    return truth == TRUTH_TRUE ? holds_members(evaluation, right, left, false) : truth;
}

static enum truth evaluate_order(const struct evaluation *evaluation, uint8_t code,
                                 const struct value *left, const struct value *right)
{
    struct scalar a = {0};
    struct scalar b = {0};
    if (!single(left, &a) || !single(right, &b))
        return TRUTH_UNKNOWN;
    if (a.kind == SCALAR_BOOLEAN || a.kind == SCALAR_SID || b.kind == SCALAR_BOOLEAN)
        return TRUTH_UNKNOWN;
    enum order order = compare(evaluation, &a, &b);
    if (order == ORDER_NONE)
        return TRUTH_UNKNOWN;
    switch (code) {
    case TOKEN_LESS:
        return truth_of(order == ORDER_LESS);
    case TOKEN_LESS_OR_EQUAL:
        return truth_of(order != ORDER_GREATER);
    case TOKEN_GREATER:
        return truth_of(order == ORDER_GREATER);
    default:
        return truth_of(order != ORDER_LESS);
    }
}

static enum truth evaluate_relation(const struct evaluation *evaluation, uint8_t code,
                                    const struct value *left, const struct value *right)
{
    if (left->kind == VALUE_MISSING || right->kind == VALUE_MISSING)
        return TRUTH_UNKNOWN;
    switch (code) {
    case TOKEN_EQUAL:
        return equal_sets(evaluation, left, right);
    case TOKEN_NOT_EQUAL:
        return truth_not(equal_sets(evaluation, left, right));
    case TOKEN_CONTAINS:
        return holds_members(evaluation, left, right, false);
    case TOKEN_NOT_CONTAINS:
        return truth_not(holds_members(evaluation, left, right, false));
    case TOKEN_ANY_OF:
        return holds_members(evaluation, left, right, true);
    case TOKEN_NOT_ANY_OF:
        return truth_not(holds_members(evaluation, left, right, true));
    default:
        return evaluate_order(evaluation, code, left, right);
    }
}

static enum truth evaluate_member(const struct evaluation *evaluation, uint8_t code,
                                  const struct value *wanted)
{
    bool is_not = code >= TOKEN_NOT_MEMBER_OF;
    uint8_t plain = (uint8_t)(is_not ? code - TOKEN_NOT_MEMBER_OF + TOKEN_MEMBER_OF : code);
    bool any = plain == TOKEN_MEMBER_OF_ANY || plain == TOKEN_DEVICE_MEMBER_OF_ANY;
    bool device = plain == TOKEN_DEVICE_MEMBER_OF || plain == TOKEN_DEVICE_MEMBER_OF_ANY;
    const struct sid_set *set = device ? &evaluation->token->device_sids : &evaluation->token->sids;
    struct members members = {wanted, 0};
    struct scalar member = {0};
    bool result = !any;
    while (result != any && members_next(&members, &member))
        result = sid_set_has(set, member.bytes, evaluation->is_deny);
    return truth_of(result != is_not);
}

/* What an attribute or the result of an operator is to && and the like. */
static enum truth value_truth(const struct value *value)
{
    struct scalar scalar = {0};
    if (value->kind == VALUE_TRUTH)
        return value->truth;
    if (value->kind == VALUE_MISSING || !single(value, &scalar))
        return TRUTH_UNKNOWN;
    if (is_number(&scalar) || scalar.kind == SCALAR_BOOLEAN)
        return truth_of(scalar.number != 0);
    return scalar.kind == SCALAR_STRING ? truth_of(scalar.length > 0) : TRUTH_UNKNOWN;
}

/* ---- Attributes ---- */

static bool is_visible(const struct evaluation *evaluation, const struct claim *claim,
                       const struct token *name)
{
    if (claim->flags & CLAIM_FLAG_DISABLED)
        return false;
    if ((claim->flags & CLAIM_FLAG_DENY_ONLY) && !evaluation->is_deny)
        return false;
    return claim->count > 0 &&
           utf16_names_equal(claim->name, claim->name_length, name->data, name->length);
}

static bool find_in_token(const struct evaluation *evaluation, const struct claim_set *set,
                          const struct token *name, struct claim *claim)
{
    for (size_t i = 0; i < set->count; i++) {
        if (claim_read(set->claims[i].data, set->claims[i].length, claim) &&
            is_visible(evaluation, claim, name))
            return true;
    }
    return false;
}

static bool find_in_resource(const struct evaluation *evaluation, const struct token *name,
                             struct claim *claim)
{
    rrsmb_ace ace;
    const rrsmb_acl_view *sacl = &evaluation->sd->sacl;
    for (bool more = acl_first(sacl, &ace); more; more = acl_next(sacl, &ace)) {
        if (!pay(evaluation, name->length))
            return false;
        if (ace.type == TYPE_RESOURCE_ATTRIBUTE && !(ace.flags & RRSMB_ACE_INHERIT_ONLY) &&
            claim_read(ace.data, ace.data_length, claim) && is_visible(evaluation, claim, name))
            return true;
    }
    return false;
}

static struct value find_attribute(const struct evaluation *evaluation, const struct token *name)
{
    struct value value = {.kind = VALUE_MISSING};
    const rrsmb_token *token = evaluation->token;
    bool found = name->code == TOKEN_RESOURCE
                     ? find_in_resource(evaluation, name, &value.claim)
                     : find_in_token(evaluation,
                                     name->code == TOKEN_USER     ? &token->user
                                     : name->code == TOKEN_DEVICE ? &token->device
                                                                  : &token->local,
                                     name, &value.claim);
    if (found)
        value.kind = VALUE_CLAIM;
    return value;
}

/* ---- The machine ---- */

static enum truth apply(const struct evaluation *evaluation, uint8_t code, const struct value *left,
                        const struct value *right)
{
    switch (condition_operator_get(code)->kind) {
    case OPERATOR_RELATION:
        return evaluate_relation(evaluation, code, left, right);
    case OPERATOR_EXISTS:
        return truth_of((right->kind != VALUE_MISSING) == (code == TOKEN_EXISTS));
    case OPERATOR_MEMBER:
        return evaluate_member(evaluation, code, right);
    case OPERATOR_NOT:
        return truth_not(value_truth(right));
    default:
        break;
    }
    enum truth a = value_truth(left);
    enum truth b = value_truth(right);
    if (code == TOKEN_AND)
        return a < b ? a : b;
    return a > b ? a : b;
}

enum truth condition_evaluate(const rrsmb_ace *ace, const rrsmb_sd_view *sd,
                              const rrsmb_token *token, bool is_deny, uint32_t *steps)
{
    struct evaluation evaluation = {sd, token, is_deny, steps};
    struct value stack[CONDITION_STACK_MAX];
    stack[0] = (struct value){.kind = VALUE_MISSING};
    size_t count = 0;
    size_t length = condition_length(ace->data, ace->data_length);
    for (size_t at = CONDITION_SIGNATURE_SIZE; at < length;) {
        struct token next = token_read(ace->data + at, length - at);
        at += next.size;
        if (token_is_attribute(next.code)) {
            stack[count++] = find_attribute(&evaluation, &next);
        } else if (!token_is_operator(next.code)) {
            stack[count++] = (struct value){.kind = VALUE_TOKEN, .token = next};
        } else {
            bool is_binary = operator_is_binary(condition_operator_get(next.code)->kind);
            const struct value *right = &stack[count - 1];
            count -= is_binary ? 2 : 1;
            enum truth truth = apply(&evaluation, next.code, &stack[count], right);
            stack[count++] = (struct value){.kind = VALUE_TRUTH, .truth = truth};
        }
    }
    /* An account that ran out may have made an attribute look missing. */
    return *steps > 0 ? value_truth(&stack[0]) : TRUTH_UNKNOWN;
}
