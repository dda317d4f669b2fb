/* SPDX-License-Identifier: Apache-2.0 */
/* How a function of the library fails: it records the detail for rrsmb_error_last() and returns
 * the status, in one expression. Callers pass a status up unchanged with TRY(). */
#ifndef RRSMB_BASE_ERROR_H
#define RRSMB_BASE_ERROR_H

#include <errno.h>

#include <rrsmb/status.h>

#define ERROR_TEXT_(x) #x
#define ERROR_TEXT(x) ERROR_TEXT_(x)
#define ERROR_HERE __FILE__ ":" ERROR_TEXT(__LINE__)

/** Record a failure and give back its status. The message says what was done, to what, and why
 *  it failed, without a trailing full stop. */
#define FAIL(status, ...) FAIL_AT((status), RRSMB_NO_OFFSET, __VA_ARGS__)

/** The same with a position in the input. */
#ifdef __clang_analyzer__ /* which cannot see that what is recorded is what is returned */
#define FAIL_AT(status, offset, ...) \
    (error_record((status), (offset), ERROR_HERE, __VA_ARGS__), (status))
#else
#define FAIL_AT(status, offset, ...) error_record((status), (offset), ERROR_HERE, __VA_ARGS__)
#endif

/** The same for a failed system call: the status follows from errno, whose text is appended. */
#define FAIL_ERRNO(...) error_record_errno(errno, ERROR_HERE, __VA_ARGS__)

/** Return with a failure unless a condition holds. */
#define ENSURE(condition, status, ...)          \
    do {                                        \
        if (!(condition))                       \
            return FAIL((status), __VA_ARGS__); \
    } while (0)

/** Return the status of a call unless it succeeded. */
#define TRY(call)                          \
    do {                                   \
        rrsmb_status try_status_ = (call); \
        if (try_status_ != RRSMB_OK)       \
            return try_status_;            \
    } while (0)

/** A variable's clean-up at the end of its scope: s2n's replacement for goto ladders. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/** For CLEANUP: free() what a pointer variable points to. */
void cleanup_free(void *pointer_variable);
/** For CLEANUP: close() a descriptor variable unless it is negative. */
void cleanup_close(const int *fd);

__attribute__((format(printf, 4, 5))) rrsmb_status error_record(rrsmb_status status, size_t offset,
                                                                const char *source,
                                                                const char *format, ...);

__attribute__((format(printf, 3, 4))) rrsmb_status error_record_errno(int error, const char *source,
                                                                      const char *format, ...);

/** Put words in front of the recorded message (`context: message`), and give its status back. */
__attribute__((format(printf, 1, 2))) rrsmb_status error_prefix(const char *format, ...);

/** Give the recorded failure another status, and return that one. */
rrsmb_status error_reclassify(rrsmb_status status);

/** Move the recorded position, for a caller that knows what the input was part of. */
void error_set_offset(size_t offset);

#endif
