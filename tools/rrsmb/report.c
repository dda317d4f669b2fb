/* SPDX-License-Identifier: Apache-2.0 */
/* How results and errors are said. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "command.h"

void cleanup_free(void *pointer_variable)
{
    free(*(void **)pointer_variable);
}

void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

void cleanup_store(rrsmb_store **store)
{
    rrsmb_store_close(*store);
}

void cleanup_share(rrsmb_share **share)
{
    rrsmb_share_close(*share);
}

void cleanup_acl(rrsmb_acl **acl)
{
    rrsmb_acl_close(*acl);
}

/* Bytes that cannot steer a terminal: printable ASCII, and UTF-8 beyond the C1 controls. Strict
 * (RFC 3629 section 4): a lax terminal takes an overlong form for the control that it hides. */
static size_t plain_bytes(const unsigned char *text)
{
    if (text[0] >= 0x20 && text[0] < 0x7f)
        return 1;
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    size_t needed = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    /* C1 controls, overlong forms, surrogates and numbers past U+10FFFF show in the second byte. */
    unsigned char least = text[0] == 0xc2 || text[0] == 0xe0 ? 0xa0 : text[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = text[0] == 0xed ? 0x9f : text[0] == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < least || text[1] > most)
        return 0;
    for (size_t i = 2; i < needed; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return needed;
}

void print_safe(FILE *stream, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t plain = plain_bytes(at);
        if (plain == 0)
            (void)fprintf(stream, "\\x%02x", *at++);
        else
            at += fwrite(at, 1, plain, stream) == plain ? plain : strlen((const char *)at);
    }
}

int exit_code(rrsmb_status status)
{
    switch (rrsmb_status_class(status)) {
    case RRSMB_CLASS_OK:
        return DONE;
    case RRSMB_CLASS_USAGE:
        return USAGE;
    case RRSMB_CLASS_INPUT:
        return BAD_INPUT;
    case RRSMB_CLASS_STATE:
        return REFUSED;
    case RRSMB_CLASS_DAMAGE:
        return DAMAGE;
    case RRSMB_CLASS_UNAVAILABLE:
    case RRSMB_CLASS_RESOURCE:
    case RRSMB_CLASS_UNKNOWN:
        break;
    }
    return UNREACHABLE;
}

int complain(int code, const struct arguments *arguments, const char *format, ...)
{
    char text[2048];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    progress_end();
    (void)fprintf(stderr, "rrsmb: %s: ", arguments->command->name);
    print_safe(stderr, text);
    (void)fputc('\n', stderr);
    return code;
}

int complain_last(const struct arguments *arguments)
{
    const rrsmb_error *error = rrsmb_error_last();
    return complain(exit_code(error->status), arguments, "%s", error->message);
}

/* How much of a long text is shown around an error, in characters. */
#define SHOWN 72

int complain_sddl(const struct arguments *arguments, const char *text)
{
    size_t offset = rrsmb_error_last()->offset;
    int code = complain_last(arguments);
    size_t length = strlen(text);
    if (offset == RRSMB_NO_OFFSET || offset > length)
        return code;
    size_t start = offset > SHOWN / 2 ? offset - SHOWN / 2 : 0;
    while (start > 0 && (text[start] & 0xc0) == 0x80)
        start--;
    size_t end = length - start > SHOWN ? start + SHOWN : length;
    while (end < length && (text[end] & 0xc0) == 0x80)
        end++;
    const char *before = start > 0 ? "..." : "";
    (void)fprintf(stderr, "  %s", before);
    int column = (int)strlen(before);
    for (size_t i = start; i < end; i++) {
        unsigned char byte = (unsigned char)text[i];
        (void)fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, stderr);
        column += i < offset && (byte & 0xc0) != 0x80;
    }
    (void)fprintf(stderr, "%s\n  %*s^\n", end < length ? "..." : "", column, "");
    return code;
}

int print_json(cJSON *json)
{
    char *text CLEANUP(cleanup_free) = json == NULL ? NULL : cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (text == NULL)
        return 0;
    (void)fputs(text, stdout);
    return 1;
}

int print_json_line(const struct arguments *arguments, cJSON *json)
{
    if (!print_json(json))
        return complain(UNREACHABLE, arguments, "out of memory");
    (void)putchar('\n');
    return DONE;
}

cJSON *json_u64(uint64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, number);
    return cJSON_CreateString(digits);
}

void to_hex(const void *bytes, size_t length, char *text)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = "0123456789abcdef"[from[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[from[i] & 0xf];
    }
    text[2 * length] = '\0';
}

cJSON *json_hex(const void *bytes, size_t length)
{
    char *text CLEANUP(cleanup_free) = malloc(2 * length + 1);
    if (text == NULL)
        return NULL;
    to_hex(bytes, length, text);
    return cJSON_CreateString(text);
}

static const char *progress_name;
static int progress_shown;

static int show_progress(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    if (total > 0)
        (void)fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 "\033[K", progress_name, done, total);
    else
        (void)fprintf(stderr, "\r%s: %" PRIu64 "\033[K", progress_name, done);
    (void)fflush(stderr);
    progress_shown = 1;
    return 0;
}

rrsmb_progress_fn progress_to_terminal(const struct arguments *arguments)
{
    progress_name = arguments->command->name;
    return isatty(STDERR_FILENO) ? show_progress : NULL;
}

void progress_end(void)
{
    if (progress_shown)
        (void)fputs("\r\033[K", stderr);
    progress_shown = 0;
}
