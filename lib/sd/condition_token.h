/* SPDX-License-Identifier: Apache-2.0 */
/* The words of conditional expressions: tokens in postfix order (MS-DTYP 2.4.4.17.4 to .8), and
 * the rules of what may be combined with what, which text and binary share. */
#ifndef RRSMB_SD_CONDITION_TOKEN_H
#define RRSMB_SD_CONDITION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The application data begins with "artx". */
#define CONDITION_SIGNATURE "artx"
#define CONDITION_SIGNATURE_SIZE 4

/* Parentheses within each other in canonical SDDL, the outermost included. */
#define CONDITION_DEPTH_MAX 64
/* Operands and operators of one condition; members of a composite are not counted. */
#define CONDITION_TOKENS_MAX 4096
/* Operands that can wait for their operators: each level of parentheses lets one each wait for
 * ||, && and a relation. */
#define CONDITION_STACK_MAX (3 * CONDITION_DEPTH_MAX + 4)

enum {
    TOKEN_PADDING = 0x00,
    TOKEN_INT8 = 0x01,
    TOKEN_INT16 = 0x02,
    TOKEN_INT32 = 0x03,
    TOKEN_INT64 = 0x04,
    TOKEN_STRING = 0x10,
    TOKEN_OCTETS = 0x18,
    TOKEN_COMPOSITE = 0x50,
    TOKEN_SID = 0x51,
    TOKEN_EQUAL = 0x80,
    TOKEN_NOT_EQUAL = 0x81,
    TOKEN_LESS = 0x82,
    TOKEN_LESS_OR_EQUAL = 0x83,
    TOKEN_GREATER = 0x84,
    TOKEN_GREATER_OR_EQUAL = 0x85,
    TOKEN_CONTAINS = 0x86,
    TOKEN_EXISTS = 0x87,
    TOKEN_ANY_OF = 0x88,
    TOKEN_MEMBER_OF = 0x89,
    TOKEN_DEVICE_MEMBER_OF = 0x8a,
    TOKEN_MEMBER_OF_ANY = 0x8b,
    TOKEN_DEVICE_MEMBER_OF_ANY = 0x8c,
    TOKEN_NOT_EXISTS = 0x8d,
    TOKEN_NOT_CONTAINS = 0x8e,
    TOKEN_NOT_ANY_OF = 0x8f,
    TOKEN_NOT_MEMBER_OF = 0x90,
    TOKEN_NOT_DEVICE_MEMBER_OF = 0x91,
    TOKEN_NOT_MEMBER_OF_ANY = 0x92,
    TOKEN_NOT_DEVICE_MEMBER_OF_ANY = 0x93,
    TOKEN_AND = 0xa0,
    TOKEN_OR = 0xa1,
    TOKEN_NOT = 0xa2,
    TOKEN_LOCAL = 0xf8,
    TOKEN_USER = 0xf9,
    TOKEN_RESOURCE = 0xfa,
    TOKEN_DEVICE = 0xfb,
};

/* MS-DTYP 2.4.4.17.5 */
enum { SIGN_PLUS = 1, SIGN_MINUS = 2, SIGN_NONE = 3 };
enum { BASE_OCTAL = 1, BASE_DECIMAL = 2, BASE_HEXADECIMAL = 3 };
/* Value, sign and base. */
#define TOKEN_INTEGER_SIZE 10

struct token {
    uint8_t code;
    uint8_t sign;        /* of an integer */
    uint8_t base;        /* of an integer */
    int64_t value;       /* of an integer */
    const uint8_t *data; /* of anything else with contents, without their length */
    size_t length;       /* of the contents */
    size_t size;         /* of the whole token, with its code; 0: it does not fit or is unknown */
};

/** Read the token at the start of some bytes; size is 0 when there is none. */
struct token token_read(const uint8_t *bytes, size_t available);

/** How many bytes the tokens of a validated condition take: signature included, padding not. */
size_t condition_length(const uint8_t *data, size_t length);

static inline bool token_is_integer(uint8_t code)
{
    return code >= TOKEN_INT8 && code <= TOKEN_INT64;
}

static inline bool token_is_attribute(uint8_t code)
{
    return code >= TOKEN_LOCAL && code <= TOKEN_DEVICE;
}

static inline bool token_is_operator(uint8_t code)
{
    return code >= TOKEN_EQUAL && code <= TOKEN_NOT;
}

/* How operators bind, weakest first. */
enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_TERM, LEVEL_OPERAND };

enum operator_kind {
    OPERATOR_NONE = 0,
    OPERATOR_RELATION, /* attribute, attribute or literal */
    OPERATOR_EXISTS,   /* attribute */
    OPERATOR_MEMBER,   /* SID or list of SIDs */
    OPERATOR_LOGICAL,  /* two truth values */
    OPERATOR_NOT,      /* a truth value */
};

struct condition_operator {
    const char *word; /* in canonical SDDL */
    enum operator_kind kind;
    uint8_t level;
};

/** The operator of a token; kind OPERATOR_NONE where there is none. */
const struct condition_operator *condition_operator_get(uint8_t code);

/** The operator with this word (of any case), or 0. Symbols are words too. */
uint8_t condition_operator_find(const char *word, size_t length);

/* What an expression is to the operator that takes it. */
enum operand_kind { OPERAND_ATTRIBUTE, OPERAND_LITERAL, OPERAND_SIDS, OPERAND_TRUTH };

struct operand {
    enum operand_kind kind;
    uint8_t level;
    uint8_t depth; /* parentheses within it */
};

/** Whether an operand needs parentheses under an operator. */
bool condition_needs_parentheses(uint8_t code, struct operand operand, bool is_right);

/**
 * Combine operands into the one that an operator makes of them.
 * @param left  Ignored for an operator with one operand, which is right.
 * @return NULL, or what the operator would have needed.
 */
const char *condition_combine(uint8_t code, struct operand left, struct operand right,
                              struct operand *result);

/** Whether the operand is a whole condition. */
static inline bool condition_is_truth(struct operand operand)
{
    return operand.kind == OPERAND_TRUTH || operand.kind == OPERAND_ATTRIBUTE;
}

static inline bool operator_is_binary(enum operator_kind kind)
{
    return kind == OPERATOR_RELATION || kind == OPERATOR_LOGICAL;
}

#endif
