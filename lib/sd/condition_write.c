/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional expressions from postfix order to SDDL, without recursion: one pass finds for every
 * operand which operators begin with it, a second one writes. */
#include "lib/sd/condition.h"
#include "lib/sd/condition_token.h"
#include "lib/sd/sid.h"
#include "lib/sd/utf16.h"

/* Indexes of tokens; those that may be missing are one higher, so that 0 means none. */
struct layout {
    uint16_t offsets[CONDITION_TOKENS_MAX];
    uint16_t begins[CONDITION_TOKENS_MAX]; /* of an operand: the outermost operator that begins */
    uint16_t next[CONDITION_TOKENS_MAX];   /* of an operator: the next inner one, same operand */
    uint16_t infix[CONDITION_TOKENS_MAX];  /* of an operand: the operator to write before it */
    bool parentheses[CONDITION_TOKENS_MAX];
    size_t count;
};

struct part {
    struct operand operand;
    uint16_t first; /* operand that it begins with */
    uint16_t root;  /* token that it ends with */
};

static struct operand leaf(const struct token *token)
{
    struct operand operand = {OPERAND_LITERAL, LEVEL_OPERAND, 0};
    if (token_is_attribute(token->code))
        operand.kind = OPERAND_ATTRIBUTE;
    else if (token->code == TOKEN_SID || token->code == TOKEN_COMPOSITE)
        operand.kind = OPERAND_SIDS; /* validated before: what an operator needs is there */
    return operand;
}

static void lay_operator(struct layout *layout, uint8_t code, uint16_t index, struct part *parts,
                         size_t *count)
{
    bool is_binary = operator_is_binary(condition_operator_get(code)->kind);
    struct part right = parts[--*count];
    struct part left = is_binary ? parts[--*count] : right;
    layout->parentheses[right.root] = condition_needs_parentheses(code, right.operand, true);
    if (is_binary) {
        layout->parentheses[left.root] = condition_needs_parentheses(code, left.operand, false);
        layout->infix[right.first] = (uint16_t)(index + 1);
    }
    layout->next[index] = layout->begins[left.first];
    layout->begins[left.first] = (uint16_t)(index + 1);
    struct part *result = &parts[(*count)++];
    *result = (struct part){right.operand, left.first, index};
    result->operand.level = condition_operator_get(code)->level;
}

static void lay_out(struct layout *layout, const uint8_t *data, size_t length)
{
    struct part parts[CONDITION_STACK_MAX];
    size_t waiting = 0;
    layout->count = 0;
    for (size_t at = CONDITION_SIGNATURE_SIZE; at < length;) {
        struct token token = token_read(data + at, length - at);
        uint16_t index = (uint16_t)layout->count++;
        layout->offsets[index] = (uint16_t)at;
        layout->begins[index] = 0;
        layout->next[index] = 0;
        layout->infix[index] = 0;
        layout->parentheses[index] = false;
        at += token.size;
        if (token_is_operator(token.code))
            lay_operator(layout, token.code, index, parts, &waiting);
        else
            parts[waiting++] = (struct part){leaf(&token), index, index};
    }
}

static void put_integer(struct output *out, const struct token *token)
{
    char text[2 + DECIMAL_SIZE + 4];
    char *at = text;
    uint64_t magnitude = (uint64_t)token->value;
    if (token->value < 0) {
        magnitude = -magnitude;
        *at++ = '-';
    } else if (token->sign != SIGN_NONE) {
        *at++ = token->sign == SIGN_PLUS ? '+' : '-';
    }
    if (token->base == BASE_DECIMAL) {
        at += text_decimal(at, magnitude);
    } else {
        *at++ = '0';
        if (token->base == BASE_HEXADECIMAL)
            *at++ = 'x';
        at += token->base == BASE_OCTAL ? text_octal(at, magnitude) : text_hex(at, magnitude, 1);
    }
    output_put(out, text, (size_t)(at - text));
}

static void put_octets(struct output *out, const struct token *token)
{
    output_byte(out, '#');
    for (size_t i = 0; i < token->length; i++) {
        char digits[2];
        output_put(out, digits, text_hex(digits, token->data[i], 2));
    }
}

static void put_sid(struct output *out, const uint8_t *sid)
{
    char text[SID_TEXT_MAX];
    output_text(out, "SID(");
    output_put(out, text, sid_write(sid, text));
    output_byte(out, ')');
}

/* A local name must not be taken for an operator, a literal or a prefixed name. */
static bool must_escape_first(const struct token *token)
{
    if (token->code != TOKEN_LOCAL)
        return false;
    char word[32];
    size_t length = token->length / 2;
    if (is_digit((char)token->data[0]))
        return true;
    if (length > sizeof word)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (token->data[2 * i + 1] != 0)
            return false;
        word[i] = (char)token->data[2 * i];
    }
    bool is_sid =
        length == 3 && lower(word[0]) == 's' && lower(word[1]) == 'i' && lower(word[2]) == 'd';
    return is_sid || condition_operator_find(word, length) != 0;
}

static void put_attribute(struct output *out, const struct token *token)
{
    static const char *const prefixes[] = {"", "@User.", "@Resource.", "@Device."};
    output_text(out, prefixes[token->code - TOKEN_LOCAL]);
    utf16_put_name(out, token->data, token->length, must_escape_first(token));
}

static void put_simple(struct output *out, const struct token *token)
{
    if (token_is_integer(token->code))
        put_integer(out, token);
    else if (token_is_attribute(token->code))
        put_attribute(out, token);
    else if (token->code == TOKEN_SID)
        put_sid(out, token->data);
    else if (token->code == TOKEN_OCTETS)
        put_octets(out, token);
    else
        utf16_put_quoted(out, token->data, token->length);
}

static void put_operand(struct output *out, const struct token *token)
{
    if (token->code != TOKEN_COMPOSITE) {
        put_simple(out, token);
        return;
    }
    output_byte(out, '{');
    for (size_t at = 0; at < token->length;) {
        struct token member = token_read(token->data + at, token->length - at);
        if (at > 0)
            output_text(out, ", ");
        put_simple(out, &member);
        at += member.size;
    }
    output_byte(out, '}');
}

/* The operators that begin with an operand, outermost first. */
static void put_begins(struct output *out, const struct layout *layout, const uint8_t *data,
                       size_t operand)
{
    for (uint16_t i = layout->begins[operand]; i != 0; i = layout->next[i - 1]) {
        const struct condition_operator *operation =
            condition_operator_get(data[layout->offsets[i - 1]]);
        if (layout->parentheses[i - 1])
            output_byte(out, '(');
        if (operator_is_binary(operation->kind))
            continue;
        output_text(out, operation->word);
        if (operation->kind != OPERATOR_NOT)
            output_byte(out, ' ');
    }
}

void condition_put_text(struct output *out, const uint8_t *data, size_t length)
{
    struct layout layout;
    lay_out(&layout, data, condition_length(data, length));
    output_byte(out, '(');
    for (size_t i = 0; i < layout.count; i++) {
        struct token token = token_read(data + layout.offsets[i], length - layout.offsets[i]);
        if (token_is_operator(token.code)) {
            if (layout.parentheses[i])
                output_byte(out, ')');
            continue;
        }
        if (layout.infix[i] != 0) {
            output_byte(out, ' ');
            output_text(out,
                        condition_operator_get(data[layout.offsets[layout.infix[i] - 1]])->word);
            output_byte(out, ' ');
        }
        put_begins(out, &layout, data, i);
        if (layout.parentheses[i])
            output_byte(out, '(');
        put_operand(out, &token);
        if (layout.parentheses[i])
            output_byte(out, ')');
    }
    output_byte(out, ')');
}
