/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enough for a path (PATH_MAX is rarely reached) and the words around it; longer is cut. */
#define MESSAGE_SIZE 1024

static _Thread_local char last_message[MESSAGE_SIZE];
static _Thread_local rrsmb_error last_error = {
    .offset = RRSMB_NO_OFFSET, .aws_code = "", .request_id = "", .message = "", .source = ""};

const rrsmb_error *rrsmb_error_last(void)
{
    return &last_error;
}

rrsmb_error_class rrsmb_status_class(rrsmb_status status)
{
    if (status == RRSMB_OK)
        return RRSMB_CLASS_OK;
    if (status < 1000 || status > 7999)
        return RRSMB_CLASS_UNKNOWN;
    return (rrsmb_error_class)(status / 1000);
}

const char *rrsmb_status_name(rrsmb_status status)
{
    switch (status) {
#define NAME(name)     \
    case RRSMB_##name: \
        return #name
        NAME(OK);
        NAME(INVALID_ARGUMENT);
        NAME(BUFFER_TOO_SMALL);
        NAME(BAD_URI);
        NAME(WRONG_PROCESS);
        NAME(BAD_SD);
        NAME(BAD_SDDL);
        NAME(NEEDS_DOMAIN);
        NAME(UNSUPPORTED_ACE);
        NAME(TOO_LARGE);
        NAME(BAD_RECORD);
        NAME(NOT_FOUND);
        NAME(EXISTS);
        NAME(CONFLICT);
        NAME(STALE_FILE);
        NAME(WRONG_KIND);
        NAME(NEEDS_GENERATION);
        NAME(READ_ONLY);
        NAME(NEWER_FORMAT);
        NAME(CANCELLED);
        NAME(DAMAGED);
        NAME(UNAVAILABLE);
        NAME(TIMED_OUT);
        NAME(THROTTLED);
        NAME(ACCESS_DENIED);
        NAME(NO_MEMORY);
        NAME(NO_SPACE);
        NAME(LIMIT_REACHED);
        NAME(IO_ERROR);
        NAME(UNKNOWN);
#undef NAME
    default:
        return "?";
    }
}

static int is_retryable(rrsmb_status status)
{
    switch (status) {
    case RRSMB_CONFLICT:
    case RRSMB_UNAVAILABLE:
    case RRSMB_TIMED_OUT:
    case RRSMB_THROTTLED:
    case RRSMB_NO_MEMORY:
        return 1;
    default:
        return 0;
    }
}

static rrsmb_status record(rrsmb_status status, size_t offset, const char *source)
{
    last_error.status = status;
    last_error.class_ = rrsmb_status_class(status);
    last_error.offset = offset;
    last_error.retryable = is_retryable(status);
    last_error.aws_code = "";
    last_error.request_id = "";
    last_error.message = last_message;
    last_error.source = source;
    return status;
}

rrsmb_status error_record(rrsmb_status status, size_t offset, const char *source,
                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    return record(status, offset, source);
}

static rrsmb_status status_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return RRSMB_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return RRSMB_ACCESS_DENIED;
    case ENOMEM:
        return RRSMB_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
        return RRSMB_NO_SPACE;
    case EMFILE:
    case ENFILE:
        return RRSMB_LIMIT_REACHED;
    default:
        return RRSMB_IO_ERROR;
    }
}

rrsmb_status error_record_errno(int error, const char *source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof last_message)
        (void)snprintf(last_message + used, sizeof last_message - (size_t)used, ": %s",
                       strerrordesc_np(error));
    return record(status_of_errno(error), RRSMB_NO_OFFSET, source);
}

rrsmb_status error_prefix(const char *format, ...)
{
    char words[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof words &&
        snprintf(words + used, sizeof words - (size_t)used, ": %s", last_message) < 0)
        words[used] = '\0';
    memcpy(last_message, words, sizeof last_message);
    last_message[sizeof last_message - 1] = '\0';
    return last_error.status;
}

rrsmb_status error_reclassify(rrsmb_status status)
{
    return record(status, last_error.offset, last_error.source);
}

void error_set_offset(size_t offset)
{
    last_error.offset = offset;
}

void cleanup_free(void *pointer_variable)
{
    free(*(void **)pointer_variable);
}

void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
