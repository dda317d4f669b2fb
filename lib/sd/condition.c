/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional expressions in binary: what is valid, and their canonical form. */
#include "lib/sd/condition.h"

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/sd/condition_token.h"
#include "lib/sd/sid.h"
#include "lib/sd/utf16.h"

/* Where in which ACE, for messages. */
struct place {
    const rrsmb_ace *ace;
    const char *acl;
};

#define FAIL_HERE(status, place, at, format, ...)                                      \
    FAIL_AT(status, condition_offset(place, at),                                       \
            "%s entry %u (type 0x%02x), condition at byte %zu: " format, (place)->acl, \
            (place)->ace->index, (place)->ace->type, condition_offset(place, at), ##__VA_ARGS__)

static size_t condition_offset(const struct place *place, const uint8_t *at)
{
    const rrsmb_ace *ace = place->ace;
    return ace->offset + (ace->size - ace->data_length) + (size_t)(at - ace->data);
}

/* MS-DTYP 2.4.4.17.5: the size code says the range, the value has always eight bytes. */
static bool is_in_range(const struct token *token)
{
    if (token->code == TOKEN_INT64)
        return true;
    int64_t limit = (int64_t)1 << (token->code == TOKEN_INT8    ? 7
                                   : token->code == TOKEN_INT16 ? 15
                                                                : 31);
    return token->value >= -limit && token->value < limit;
}

static rrsmb_status check_integer(const struct place *place, const struct token *token,
                                  const uint8_t *at)
{
    if (token->sign < SIGN_PLUS || token->sign > SIGN_NONE)
        return FAIL_HERE(RRSMB_BAD_SD, place, at, "sign code %u of an integer", token->sign);
    if (token->base < BASE_OCTAL || token->base > BASE_HEXADECIMAL)
        return FAIL_HERE(RRSMB_BAD_SD, place, at, "base code %u of an integer", token->base);
    if (!is_in_range(token) || (token->sign == SIGN_MINUS && token->value > 0))
        return FAIL_HERE(RRSMB_BAD_SD, place, at,
                         "integer %lld contradicts its size or sign (codes %u and %u)",
                         (long long)token->value, token->code, token->sign);
    return RRSMB_OK;
}

/* A literal or attribute, other than a composite. */
static rrsmb_status check_simple(const struct place *place, const struct token *token,
                                 const uint8_t *at, struct operand *operand)
{
    *operand = (struct operand){OPERAND_LITERAL, LEVEL_OPERAND, 0};
    if (token_is_integer(token->code))
        return check_integer(place, token, at);
    if (token_is_attribute(token->code)) {
        operand->kind = OPERAND_ATTRIBUTE;
        if (token->length == 0 || token->length % 2 != 0)
            return FAIL_HERE(RRSMB_BAD_SD, place, at, "attribute name of %zu bytes", token->length);
        return RRSMB_OK;
    }
    if (token->code == TOKEN_SID) {
        operand->kind = OPERAND_SIDS;
        if (sid_check(token->data, token->length) != token->length || token->length == 0)
            return FAIL_HERE(RRSMB_BAD_SD, place, at, "no valid SID");
        return RRSMB_OK;
    }
    if (token->code != TOKEN_STRING)
        return RRSMB_OK;
    if (token->length % 2 != 0)
        return FAIL_HERE(RRSMB_BAD_SD, place, at, "UTF-16 string of %zu bytes", token->length);
    if (!utf16_is_sayable(token->data, token->length))
        return FAIL_HERE(RRSMB_UNSUPPORTED_ACE, place, at,
                         "string with a quote, a NUL or half a surrogate pair, which SDDL "
                         "cannot say");
    return RRSMB_OK;
}

static rrsmb_status check_composite(const struct place *place, const struct token *composite,
                                    struct operand *operand)
{
    bool sids_only = composite->length > 0;
    const uint8_t *at = composite->data;
    const uint8_t *end = at + composite->length;
    while (at < end) {
        struct token token = token_read(at, (size_t)(end - at));
        if (token.size == 0 || token.code == TOKEN_COMPOSITE || token_is_attribute(token.code) ||
            token_is_operator(token.code))
            return FAIL_HERE(RRSMB_BAD_SD, place, at, "token 0x%02x is no whole literal of a list",
                             *at);
        TRY(check_simple(place, &token, at, operand));
        sids_only = sids_only && token.code == TOKEN_SID;
        at += token.size;
    }
    *operand = (struct operand){sids_only ? OPERAND_SIDS : OPERAND_LITERAL, LEVEL_OPERAND, 0};
    return RRSMB_OK;
}

struct stack {
    struct operand operands[CONDITION_STACK_MAX];
    size_t count;
};

static rrsmb_status apply_operator(const struct place *place, const uint8_t *at,
                                   struct stack *stack)
{
    const struct condition_operator *operation = condition_operator_get(*at);
    size_t needed = operator_is_binary(operation->kind) ? 2 : 1;
    if (stack->count < needed)
        return FAIL_HERE(RRSMB_BAD_SD, place, at, "%s has too few operands", operation->word);
    struct operand *right = &stack->operands[stack->count - 1];
    struct operand *result = &stack->operands[stack->count - needed];
    const char *expected = condition_combine(*at, *result, *right, result);
    if (expected)
        return FAIL_HERE(RRSMB_BAD_SD, place, at, "%s needs %s", operation->word, expected);
    if (result->depth >= CONDITION_DEPTH_MAX)
        return FAIL_HERE(RRSMB_TOO_LARGE, place, at, "nested deeper than %d", CONDITION_DEPTH_MAX);
    stack->count -= needed - 1;
    return RRSMB_OK;
}

static rrsmb_status check_token(const struct place *place, const uint8_t *at, size_t available,
                                struct stack *stack, size_t *size)
{
    struct token token = token_read(at, available);
    *size = token.size;
    if (token.size == 0)
        return FAIL_HERE(RRSMB_BAD_SD, place, at,
                         "token 0x%02x is not known or does not fit the %zu bytes left", *at,
                         available);
    if (token_is_operator(token.code))
        return apply_operator(place, at, stack);
    if (stack->count == CONDITION_STACK_MAX)
        return FAIL_HERE(RRSMB_TOO_LARGE, place, at, "nested deeper than %d", CONDITION_DEPTH_MAX);
    struct operand *operand = &stack->operands[stack->count++];
    if (token.code == TOKEN_COMPOSITE)
        return check_composite(place, &token, operand);
    return check_simple(place, &token, at, operand);
}

static rrsmb_status check_padding(const struct place *place, const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at++) {
        if (*at != 0)
            return FAIL_HERE(RRSMB_BAD_SD, place, at, "byte 0x%02x after the end", *at);
    }
    return RRSMB_OK;
}

rrsmb_status condition_check(const rrsmb_ace *ace, const char *acl)
{
    const struct place place = {ace, acl};
    const uint8_t *at = ace->data;
    const uint8_t *end = at + ace->data_length;
    if (ace->data_length < CONDITION_SIGNATURE_SIZE ||
        memcmp(at, CONDITION_SIGNATURE, CONDITION_SIGNATURE_SIZE) != 0)
        return FAIL_HERE(RRSMB_UNSUPPORTED_ACE, &place, at,
                         "the application data is no conditional expression");
    at += CONDITION_SIGNATURE_SIZE;
    struct stack stack = {.count = 0};
    size_t size = 0;
    for (unsigned int count = 0; at < end && *at != TOKEN_PADDING; at += size, count++) {
        if (count == CONDITION_TOKENS_MAX)
            return FAIL_HERE(RRSMB_TOO_LARGE, &place, at, "more than %d operands and operators",
                             CONDITION_TOKENS_MAX);
        TRY(check_token(&place, at, (size_t)(end - at), &stack, &size));
    }
    TRY(check_padding(&place, at, end));
    if (stack.count != 1 || !condition_is_truth(stack.operands[0]))
        return FAIL_HERE(RRSMB_BAD_SD, &place, at,
                         "%zu values are left where one truth value is due", stack.count);
    return RRSMB_OK;
}

size_t condition_size(const uint8_t *data, size_t length)
{
    return align4(condition_length(data, length));
}

static uint8_t canonical_sign(const struct token *token)
{
    return token->value < 0 ? SIGN_MINUS : token->sign;
}

/* Integers in one size, with the sign that their value has; anything else as it is. */
static void put_tokens(struct output *out, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        struct token token = token_read(at, (size_t)(end - at));
        if (token_is_integer(token.code)) {
            output_byte(out, TOKEN_INT64);
            output_64(out, (uint64_t)token.value);
            output_byte(out, canonical_sign(&token));
            output_byte(out, token.base);
        } else if (token.code == TOKEN_COMPOSITE) {
            output_put(out, at, 5);
            put_tokens(out, token.data, token.data + token.length);
        } else {
            output_put(out, at, token.size);
        }
        at += token.size;
    }
}

void condition_put(struct output *out, const uint8_t *data, size_t length)
{
    size_t used = condition_length(data, length);
    output_put(out, data, CONDITION_SIGNATURE_SIZE);
    put_tokens(out, data + CONDITION_SIGNATURE_SIZE, data + used);
    output_zeros(out, align4(used) - used);
}

static bool tokens_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    /* Every integer takes the same space, so that equal tokens stand at equal places. */
    if (a_length != b_length)
        return false;
    for (size_t at = 0; at < a_length;) {
        struct token left = token_read(a + at, a_length - at);
        struct token right = token_read(b + at, b_length - at);
        if (left.size != right.size)
            return false;
        bool same = token_is_integer(left.code)
                        ? token_is_integer(right.code) && left.value == right.value &&
                              left.base == right.base &&
                              canonical_sign(&left) == canonical_sign(&right)
                    : left.code == TOKEN_COMPOSITE && right.code == TOKEN_COMPOSITE
                        ? tokens_equal(left.data, left.length, right.data, right.length)
                        : memcmp(a + at, b + at, left.size) == 0;
        if (!same)
            return false;
        at += left.size;
    }
    return true;
}

bool condition_equal(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    return tokens_equal(
        a + CONDITION_SIGNATURE_SIZE, condition_length(a, a_length) - CONDITION_SIGNATURE_SIZE,
        b + CONDITION_SIGNATURE_SIZE, condition_length(b, b_length) - CONDITION_SIGNATURE_SIZE);
}
