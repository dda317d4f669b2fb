/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional expressions from SDDL to postfix order (MS-DTYP 2.5.1.1): recursive descent with a
 * bounded depth; an operator is written after its operands. Binding, strongest first: relations,
 * !, &&, || (MS-DTYP 2.4.4.17.2). */
#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/sd/condition.h"
#include "lib/sd/condition_token.h"
#include "lib/sd/sid.h"
#include "lib/sd/utf16.h"

struct reader {
    struct input *in;
    struct output *out;
    unsigned int depth;  /* of parentheses, and of ! before anything else */
    unsigned int tokens; /* operands and operators so far */
};

static rrsmb_status read_or(struct reader *reader, struct operand *result);

static rrsmb_status count_token(struct reader *reader)
{
    if (++reader->tokens <= CONDITION_TOKENS_MAX)
        return RRSMB_OK;
    size_t offset = input_offset(reader->in);
    return FAIL_AT(RRSMB_TOO_LARGE, offset,
                   "SDDL, byte %zu: condition has more than %d operands and operators", offset,
                   CONDITION_TOKENS_MAX);
}

static rrsmb_status too_deep(const struct reader *reader)
{
    size_t offset = input_offset(reader->in);
    return FAIL_AT(RRSMB_TOO_LARGE, offset, "SDDL, byte %zu: condition is nested deeper than %d",
                   offset, CONDITION_DEPTH_MAX);
}

/* Write an operator after its operands. */
static rrsmb_status emit_operator(struct reader *reader, uint8_t code, struct operand left,
                                  struct operand right, size_t position, struct operand *result)
{
    const char *expected = condition_combine(code, left, right, result);
    if (expected)
        return FAIL_AT(RRSMB_BAD_SDDL, position, "SDDL, byte %zu: %s needs %s", position,
                       condition_operator_get(code)->word, expected);
    if (result->depth >= CONDITION_DEPTH_MAX)
        return too_deep(reader);
    TRY(count_token(reader));
    output_byte(reader->out, code);
    return RRSMB_OK;
}

/* ---- Literals and attributes ---- */

static rrsmb_status read_integer(struct input *in, struct output *out)
{
    uint8_t sign = SIGN_NONE;
    if (input_accept(in, '+'))
        sign = SIGN_PLUS;
    else if (input_accept(in, '-'))
        sign = SIGN_MINUS;
    struct number number;
    uint64_t max = (uint64_t)INT64_MAX + (sign == SIGN_MINUS);
    TRY(input_number(in, "an integer", max, &number));
    output_byte(out, TOKEN_INT64);
    output_64(out, sign == SIGN_MINUS ? -number.value : number.value);
    output_byte(out, sign);
    output_byte(out, number.base == 8    ? BASE_OCTAL
                     : number.base == 10 ? BASE_DECIMAL
                                         : BASE_HEXADECIMAL);
    return RRSMB_OK;
}

/* The code of a token with contents and room for their length, which end_contents() fills in. */
static size_t begin_contents(struct output *out, uint8_t code)
{
    output_byte(out, code);
    output_32(out, 0);
    return out->total;
}

static void end_contents(const struct output *out, size_t start)
{
    output_patch_32(out, start - 4, (uint32_t)(out->total - start));
}

static rrsmb_status read_octets(struct input *in, struct output *out)
{
    in->at++;
    size_t start = begin_contents(out, TOKEN_OCTETS);
    while (hex_value(input_peek(in, 0)) >= 0) {
        int high = hex_value(input_peek(in, 0));
        int low = hex_value(input_peek(in, 1));
        if (low < 0) {
            in->at++;
            return input_expected(in, "a second hexadecimal digit of a byte");
        }
        output_byte(out, (uint8_t)(16 * high + low));
        in->at += 2;
    }
    end_contents(out, start);
    return RRSMB_OK;
}

static rrsmb_status read_string(struct input *in, struct output *out)
{
    size_t start = begin_contents(out, TOKEN_STRING);
    TRY(utf16_read_quoted(in, out));
    end_contents(out, start);
    return RRSMB_OK;
}

static bool at_sid(const struct input *in)
{
    struct input ahead = *in;
    return input_accept_word(&ahead, "SID") && input_accept(&ahead, '(');
}

static rrsmb_status read_sid(struct input *in, struct output *out)
{
    in->at += 3;
    TRY(input_require(in, '(', "after SID"));
    uint8_t sid[SID_SIZE_MAX];
    TRY(sid_read(in, sid));
    size_t start = begin_contents(out, TOKEN_SID);
    output_put(out, sid, sid_size(sid));
    end_contents(out, start);
    return input_require(in, ')', "after a SID");
}

/* A literal other than a composite; *found says whether there is one. */
static rrsmb_status read_literal(struct input *in, struct output *out, bool *found,
                                 struct operand *operand)
{
    *operand = (struct operand){OPERAND_LITERAL, LEVEL_OPERAND, 0};
    *found = true;
    input_skip_space(in);
    char c = input_peek(in, 0);
    if (is_digit(c) || c == '+' || c == '-')
        return read_integer(in, out);
    if (c == '#')
        return read_octets(in, out);
    if (c == '"')
        return read_string(in, out);
    if (at_sid(in)) {
        operand->kind = OPERAND_SIDS;
        return read_sid(in, out);
    }
    *found = false;
    return RRSMB_OK;
}

static rrsmb_status read_composite(struct input *in, struct output *out, struct operand *operand)
{
    in->at++;
    size_t start = begin_contents(out, TOKEN_COMPOSITE);
    bool sids_only = true;
    bool empty = input_accept(in, '}');
    for (bool more = !empty; more;) {
        bool found;
        TRY(read_literal(in, out, &found, operand));
        if (!found)
            return input_expected(in, "an integer, string, octet string or SID in a list");
        sids_only = sids_only && operand->kind == OPERAND_SIDS;
        more = input_accept(in, ',');
        if (!more)
            TRY(input_require(in, '}', "or ',' in a list"));
    }
    end_contents(out, start);
    operand->kind = sids_only && !empty ? OPERAND_SIDS : OPERAND_LITERAL;
    return RRSMB_OK;
}

static rrsmb_status read_attribute(struct input *in, struct output *out, struct operand *operand)
{
    static const struct {
        const char *prefix;
        uint8_t code;
    } prefixes[] = {
        {"@User.", TOKEN_USER}, {"@Resource.", TOKEN_RESOURCE}, {"@Device.", TOKEN_DEVICE}};
    uint8_t code = TOKEN_LOCAL;
    input_skip_space(in);
    for (size_t i = 0; i < 3; i++) {
        if (input_accept_word(in, prefixes[i].prefix)) {
            code = prefixes[i].code;
            break;
        }
    }
    if (code == TOKEN_LOCAL && input_peek(in, 0) == '@')
        return input_expected(in, "@User., @Device. or @Resource.");
    *operand = (struct operand){OPERAND_ATTRIBUTE, LEVEL_OPERAND, 0};
    size_t start = begin_contents(out, code);
    TRY(utf16_read_name(in, out, (struct name_rules){.prefixed = code != TOKEN_LOCAL}));
    end_contents(out, start);
    return RRSMB_OK;
}

/* What may stand on the right of a relation, or after Member_of. */
static rrsmb_status read_value(struct reader *reader, struct operand *operand)
{
    struct input *in = reader->in;
    TRY(count_token(reader));
    bool found;
    TRY(read_literal(in, reader->out, &found, operand));
    if (found)
        return RRSMB_OK;
    if (input_peek(in, 0) == '{') {
        *operand = (struct operand){OPERAND_LITERAL, LEVEL_OPERAND, 0};
        return read_composite(in, reader->out, operand);
    }
    return read_attribute(in, reader->out, operand);
}

/* ---- Operators ---- */

/* A word as operators are made of, which ends where a local name would end. */
static uint8_t word_operator(const struct input *in, size_t *length)
{
    for (*length = 0;; (*length)++) {
        char c = input_peek(in, *length);
        bool goes_on = is_name_character(c, false) || c == '%' || (unsigned char)c >= 0x80 ||
                       (c == '@' && *length > 0);
        if (!goes_on)
            break;
    }
    return condition_operator_find(in->at, *length);
}

/* The relation that is next, or 0; passed if there is one. */
static uint8_t accept_relation(struct input *in)
{
    input_skip_space(in);
    size_t length;
    uint8_t code = word_operator(in, &length);
    for (size_t symbol = 2; code == 0 && symbol > 0; symbol--) {
        length = symbol;
        if (input_left(in) >= symbol)
            code = condition_operator_find(in->at, symbol);
    }
    if (condition_operator_get(code)->kind != OPERATOR_RELATION)
        return 0;
    in->at += length;
    return code;
}

/* Member_of and Exists with their operand, or an attribute with or without a relation. */
static rrsmb_status read_term(struct reader *reader, struct operand *result)
{
    struct input *in = reader->in;
    size_t position = input_offset(in);
    size_t length;
    uint8_t code = word_operator(in, &length);
    enum operator_kind kind = condition_operator_get(code)->kind;
    struct operand left;
    struct operand right;
    if (kind == OPERATOR_MEMBER || kind == OPERATOR_EXISTS) {
        in->at += length;
        TRY(read_value(reader, &right));
        return emit_operator(reader, code, right, right, position, result);
    }
    TRY(count_token(reader));
    TRY(read_attribute(in, reader->out, &left));
    position = input_offset(in);
    code = accept_relation(in);
    if (code == 0) {
        *result = left;
        return RRSMB_OK;
    }
    TRY(read_value(reader, &right));
    return emit_operator(reader, code, left, right, position, result);
}

static rrsmb_status enter(struct reader *reader)
{
    return ++reader->depth > CONDITION_DEPTH_MAX ? too_deep(reader) : RRSMB_OK;
}

static rrsmb_status read_parenthesis(struct reader *reader, struct operand *result)
{
    TRY(enter(reader));
    TRY(read_or(reader, result));
    reader->depth--;
    return input_require(reader->in, ')', "or an operator in a condition");
}

static rrsmb_status read_not(struct reader *reader, struct operand *result)
{
    struct input *in = reader->in;
    if (input_accept(in, '(')) /* white space is passed either way */
        return read_parenthesis(reader, result);
    size_t position = input_offset(in);
    if (!input_accept(in, '!'))
        return read_term(reader, result);
    /* The parentheses that the canonical form has after ! count, whether or not they stand here. */
    input_skip_space(in);
    bool adds_depth = input_peek(in, 0) != '(';
    if (adds_depth)
        TRY(enter(reader));
    struct operand operand;
    TRY(read_not(reader, &operand));
    if (adds_depth)
        reader->depth--;
    return emit_operator(reader, TOKEN_NOT, operand, operand, position, result);
}

static bool accept_pair(struct input *in, char c)
{
    input_skip_space(in);
    if (input_peek(in, 0) != c || input_peek(in, 1) != c)
        return false;
    in->at += 2;
    return true;
}

static rrsmb_status read_and(struct reader *reader, struct operand *result)
{
    TRY(read_not(reader, result));
    while (accept_pair(reader->in, '&')) {
        size_t position = input_offset(reader->in) - 2;
        struct operand right;
        TRY(read_not(reader, &right));
        TRY(emit_operator(reader, TOKEN_AND, *result, right, position, result));
    }
    return RRSMB_OK;
}

static rrsmb_status read_or(struct reader *reader, struct operand *result)
{
    TRY(read_and(reader, result));
    while (accept_pair(reader->in, '|')) {
        size_t position = input_offset(reader->in) - 2;
        struct operand right;
        TRY(read_and(reader, &right));
        TRY(emit_operator(reader, TOKEN_OR, *result, right, position, result));
    }
    return RRSMB_OK;
}

rrsmb_status condition_read(struct input *in, struct output *out)
{
    struct reader reader = {.in = in, .out = out};
    size_t start = out->total;
    output_put(out, CONDITION_SIGNATURE, CONDITION_SIGNATURE_SIZE);
    TRY(input_require(in, '(', "at the start of a condition"));
    struct operand result;
    TRY(read_parenthesis(&reader, &result));
    size_t length = out->total - start;
    output_zeros(out, align4(length) - length);
    return RRSMB_OK;
}
