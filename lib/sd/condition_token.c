/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sd/condition_token.h"

#include "lib/base/bytes.h"
#include "lib/sd/input.h"

struct token token_read(const uint8_t *bytes, size_t available)
{
    struct token token = {0};
    if (available == 0)
        return token;
    token.code = bytes[0];
    if (token_is_operator(token.code)) {
        token.size = condition_operator_get(token.code)->kind != OPERATOR_NONE;
        return token;
    }
    if (token_is_integer(token.code)) {
        if (available < 1 + TOKEN_INTEGER_SIZE)
            return token;
        token.value = (int64_t)get_le64(bytes + 1);
        token.sign = bytes[9];
        token.base = bytes[10];
        token.size = 1 + TOKEN_INTEGER_SIZE;
        return token;
    }
    bool has_contents = token_is_attribute(token.code) || token.code == TOKEN_STRING ||
                        token.code == TOKEN_OCTETS || token.code == TOKEN_COMPOSITE ||
                        token.code == TOKEN_SID;
    if (!has_contents || available < 5 || get_le32(bytes + 1) > available - 5)
        return token;
    token.length = get_le32(bytes + 1);
    token.data = bytes + 5;
    token.size = 5 + token.length;
    return token;
}

size_t condition_length(const uint8_t *data, size_t length)
{
    size_t at = CONDITION_SIGNATURE_SIZE;
    while (at < length && data[at] != TOKEN_PADDING)
        at += token_read(data + at, length - at).size;
    return at;
}

#define OPERATOR(token, ...) [token - TOKEN_EQUAL] = {__VA_ARGS__}

static const struct condition_operator operators[TOKEN_NOT - TOKEN_EQUAL + 1] = {
    OPERATOR(TOKEN_EQUAL, "==", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_EQUAL, "!=", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_LESS, "<", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_LESS_OR_EQUAL, "<=", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_GREATER, ">", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_GREATER_OR_EQUAL, ">=", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_CONTAINS, "Contains", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_EXISTS, "Exists", OPERATOR_EXISTS, LEVEL_TERM),
    OPERATOR(TOKEN_ANY_OF, "Any_of", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_MEMBER_OF, "Member_of", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_DEVICE_MEMBER_OF, "Device_Member_of", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_MEMBER_OF_ANY, "Member_of_Any", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_DEVICE_MEMBER_OF_ANY, "Device_Member_of_Any", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_EXISTS, "Not_Exists", OPERATOR_EXISTS, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_CONTAINS, "Not_Contains", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_ANY_OF, "Not_Any_of", OPERATOR_RELATION, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_MEMBER_OF, "Not_Member_of", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_DEVICE_MEMBER_OF, "Not_Device_Member_of", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_MEMBER_OF_ANY, "Not_Member_of_Any", OPERATOR_MEMBER, LEVEL_TERM),
    OPERATOR(TOKEN_NOT_DEVICE_MEMBER_OF_ANY, "Not_Device_Member_of_Any", OPERATOR_MEMBER,
             LEVEL_TERM),
    OPERATOR(TOKEN_AND, "&&", OPERATOR_LOGICAL, LEVEL_AND),
    OPERATOR(TOKEN_OR, "||", OPERATOR_LOGICAL, LEVEL_OR),
    OPERATOR(TOKEN_NOT, "!", OPERATOR_NOT, LEVEL_NOT),
};

const struct condition_operator *condition_operator_get(uint8_t code)
{
    static const struct condition_operator none = {"", OPERATOR_NONE, 0};
    return token_is_operator(code) ? &operators[code - TOKEN_EQUAL] : &none;
}

static bool same_word(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

uint8_t condition_operator_find(const char *word, size_t length)
{
    for (unsigned int code = TOKEN_EQUAL; code <= TOKEN_NOT; code++) {
        const struct condition_operator *candidate = condition_operator_get((uint8_t)code);
        if (candidate->kind != OPERATOR_NONE && strlen(candidate->word) == length &&
            same_word(candidate->word, word, length))
            return (uint8_t)code;
    }
    return 0;
}

bool condition_needs_parentheses(uint8_t code, struct operand operand, bool is_right)
{
    const struct condition_operator *operation = condition_operator_get(code);
    if (operation->kind == OPERATOR_NOT)
        return true;
    if (operation->kind != OPERATOR_LOGICAL)
        return false;
    /* Chains lean to the left, so that only a right operand of the same level stands out. */
    return is_right ? operand.level <= operation->level : operand.level < operation->level;
}

static uint8_t depth_within(uint8_t code, struct operand operand, bool is_right)
{
    return (uint8_t)(operand.depth + condition_needs_parentheses(code, operand, is_right));
}

const char *condition_combine(uint8_t code, struct operand left, struct operand right,
                              struct operand *result)
{
    const struct condition_operator *operation = condition_operator_get(code);
    uint8_t depth = depth_within(code, right, true);
    switch (operation->kind) {
    case OPERATOR_RELATION:
        if (left.kind != OPERAND_ATTRIBUTE)
            return "an attribute on its left";
        if (right.kind == OPERAND_TRUTH)
            return "an attribute or literal on its right";
        break;
    case OPERATOR_EXISTS:
        if (right.kind != OPERAND_ATTRIBUTE)
            return "an attribute";
        break;
    case OPERATOR_MEMBER:
        if (right.kind != OPERAND_SIDS)
            return "a SID or a list of SIDs";
        break;
    case OPERATOR_LOGICAL:
        if (!condition_is_truth(left) || !condition_is_truth(right))
            return "a condition on either side";
        if (depth_within(code, left, false) > depth)
            depth = depth_within(code, left, false);
        break;
    default:
        if (!condition_is_truth(right))
            return "a condition";
        break;
    }
    *result = (struct operand){OPERAND_TRUTH, operation->level, depth};
    return NULL;
}
