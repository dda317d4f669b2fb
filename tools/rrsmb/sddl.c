/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb sddl: descriptors alone, without a store. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* One conversion's buffers: a descriptor, and text that grows as needed. */
struct buffers {
    const char *domain;
    int json;
    unsigned char sd[RRSMB_SD_SIZE_MAX];
    char *text;
    size_t capacity;
};

/* Convert a line to buffers->text. */
typedef rrsmb_status (*convert_fn)(struct buffers *buffers, const char *line, size_t length);

static void cleanup_buffers(struct buffers **buffers)
{
    if (*buffers != NULL)
        free((*buffers)->text);
    free(*buffers);
}

static int reserve(struct buffers *buffers, size_t capacity)
{
    if (capacity <= buffers->capacity)
        return 1;
    char *larger = realloc(buffers->text, capacity);
    if (larger == NULL)
        return 0;
    buffers->text = larger;
    buffers->capacity = capacity;
    return 1;
}

static rrsmb_status read_sddl(struct buffers *buffers, const char *line, size_t length,
                              size_t *sd_length)
{
    rrsmb_sddl_options options = {.size = sizeof options, .domain_sid = buffers->domain};
    return rrsmb_sd_from_sddl(line, length, &options, buffers->sd, sizeof buffers->sd, sd_length);
}

static rrsmb_status write_sddl(struct buffers *buffers, const void *sd, size_t sd_length)
{
    size_t length = 0;
    rrsmb_status status =
        rrsmb_sd_to_sddl(sd, sd_length, buffers->text, buffers->capacity, &length);
    if (status != RRSMB_BUFFER_TOO_SMALL)
        return status;
    if (!reserve(buffers, length + 1))
        return RRSMB_NO_MEMORY;
    return rrsmb_sd_to_sddl(sd, sd_length, buffers->text, buffers->capacity, &length);
}

static rrsmb_status canon(struct buffers *buffers, const char *line, size_t length)
{
    size_t sd_length = 0;
    rrsmb_status status = read_sddl(buffers, line, length, &sd_length);
    return status == RRSMB_OK ? write_sddl(buffers, buffers->sd, sd_length) : status;
}

static rrsmb_status hash(struct buffers *buffers, const char *line, size_t length)
{
    size_t sd_length = 0;
    uint8_t digest[RRSMB_SD_DIGEST_SIZE];
    rrsmb_status status = read_sddl(buffers, line, length, &sd_length);
    if (status == RRSMB_OK)
        status = rrsmb_sd_digest(buffers->sd, sd_length, digest);
    if (status != RRSMB_OK)
        return status;
    if (!reserve(buffers, 2 * sizeof digest + 1))
        return RRSMB_NO_MEMORY;
    to_hex(digest, sizeof digest, buffers->text);
    return RRSMB_OK;
}

static rrsmb_status encode(struct buffers *buffers, const char *line, size_t length)
{
    size_t sd_length = 0;
    rrsmb_status status = read_sddl(buffers, line, length, &sd_length);
    if (status != RRSMB_OK)
        return status;
    if (!reserve(buffers, 2 * sd_length + 1))
        return RRSMB_NO_MEMORY;
    to_hex(buffers->sd, sd_length, buffers->text);
    return RRSMB_OK;
}

/* Hand allocated text over to the buffers. */
static rrsmb_status take_text(struct buffers *buffers, rrsmb_status status, char *text)
{
    if (status != RRSMB_OK) {
        free(text);
        return status;
    }
    free(buffers->text);
    buffers->text = text;
    buffers->capacity = strlen(text) + 1;
    return RRSMB_OK;
}

static rrsmb_status explain(struct buffers *buffers, const char *line, size_t length)
{
    size_t sd_length = 0;
    char *text = NULL;
    rrsmb_status status = read_sddl(buffers, line, length, &sd_length);
    if (status != RRSMB_OK)
        return status;
    status = buffers->json ? explain_as_json(buffers->sd, sd_length, &text)
                           : explain_as_table(buffers->sd, sd_length, &text);
    return take_text(buffers, status, text);
}

/* The offset of the first character that is no hex digit, or the length. */
static size_t hex_span(const char *line, size_t length)
{
    size_t at = 0;
    while (at < length && line[at] != '\0' && strchr("0123456789abcdefABCDEF", line[at]) != NULL)
        at++;
    return at;
}

static unsigned hex_value(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* Hex is understood here, not by the library, so its errors are said in the library's manner. */
static const char *bad_hex(const char *line, size_t length, size_t *offset)
{
    *offset = hex_span(line, length);
    if (*offset < length)
        return "expected hex digits";
    if (length % 2 != 0)
        return "expected two hex digits for each byte";
    return NULL;
}

static rrsmb_status decode(struct buffers *buffers, const char *line, size_t length)
{
    unsigned char *sd CLEANUP(cleanup_free) = malloc(length / 2 + 1);
    if (sd == NULL)
        return RRSMB_NO_MEMORY;
    for (size_t i = 0; i < length / 2; i++)
        sd[i] = (unsigned char)(hex_value(line[2 * i]) << 4 | hex_value(line[2 * i + 1]));
    return write_sddl(buffers, sd, length / 2);
}

/* What failed, for people. NULL when memory ran out here, outside the library. */
static const char *last_message(rrsmb_status status)
{
    return rrsmb_error_last()->status == status ? rrsmb_error_last()->message : "out of memory";
}

static int convert_operand(const struct arguments *arguments, struct buffers *buffers,
                           convert_fn convert)
{
    const char *text = arguments->operands[0];
    size_t length = strlen(text);
    size_t offset = 0;
    const char *why = convert == decode ? bad_hex(text, length, &offset) : NULL;
    if (why != NULL)
        return complain(BAD_INPUT, arguments, "character %zu: %s", offset + 1, why);
    rrsmb_status status = convert(buffers, text, length);
    if (status == RRSMB_NO_MEMORY)
        return complain(UNREACHABLE, arguments, "%s", last_message(status));
    if (status != RRSMB_OK)
        return convert == decode ? complain_last(arguments) : complain_sddl(arguments, text);
    (void)puts(buffers->text);
    return DONE;
}

/* Print an error in the place of a result, in its form. */
static void print_error_line(const struct buffers *buffers, const char *why)
{
    if (!buffers->json) {
        printf("error: ");
        print_safe(stdout, why);
        (void)putchar('\n');
        return;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "error", why);
    (void)print_json(json);
    (void)putchar('\n');
}

/* Convert a line and print the result, or the error in its place. */
static rrsmb_status convert_line(struct buffers *buffers, convert_fn convert, const char *line,
                                 size_t length)
{
    size_t offset = 0;
    const char *why = convert == decode ? bad_hex(line, length, &offset) : NULL;
    if (why != NULL) {
        printf("error: character %zu: %s\n", offset + 1, why);
        return RRSMB_BAD_SD;
    }
    rrsmb_status status = convert(buffers, line, length);
    if (status != RRSMB_OK) {
        print_error_line(buffers, last_message(status));
        return status;
    }
    (void)puts(buffers->text);
    if (convert == explain && !buffers->json)
        (void)putchar('\n'); /* tables are apart by an empty line */
    return RRSMB_OK;
}

static int convert_input(const struct arguments *arguments, struct buffers *buffers,
                         convert_fn convert)
{
    char *line CLEANUP(cleanup_free) = NULL;
    size_t capacity = 0;
    ssize_t length = 0;
    int code = DONE;
    errno = 0;
    while (!ferror(stdout) && (length = getline(&line, &capacity, stdin)) >= 0) {
        if (length > 0 && line[length - 1] == '\n')
            length--;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        rrsmb_status status = convert_line(buffers, convert, line, (size_t)length);
        if (exit_code(status) > code)
            code = exit_code(status);
    }
    if (length < 0 && !feof(stdin))
        return complain(UNREACHABLE, arguments, "standard input: %s", strerror(errno));
    return code;
}

static int run(const struct arguments *arguments, convert_fn convert)
{
    struct buffers *buffers CLEANUP(cleanup_buffers) = calloc(1, sizeof *buffers);
    if (buffers == NULL)
        return complain(UNREACHABLE, arguments, "out of memory");
    buffers->domain = arguments->domain;
    buffers->json = arguments->json;
    if (arguments->count > 0)
        return convert_operand(arguments, buffers, convert);
    return convert_input(arguments, buffers, convert);
}

int run_sddl_canon(const struct arguments *arguments)
{
    return run(arguments, canon);
}

int run_sddl_hash(const struct arguments *arguments)
{
    return run(arguments, hash);
}

int run_sddl_encode(const struct arguments *arguments)
{
    return run(arguments, encode);
}

int run_sddl_explain(const struct arguments *arguments)
{
    return run(arguments, explain);
}

int run_sddl_decode(const struct arguments *arguments)
{
    return run(arguments, decode);
}
