/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file status.h
 * Status codes, the detail of the last error, and the log callback.
 *
 * Every function that can fail returns an ::rrsmb_status. Zero is success; any other value
 * belongs to one *class*, which is what a program switches on. The code says which case of the
 * class it was, and rrsmb_error_last() says in words what was being done, to what, and why it
 * failed:
 *
 *     if (rrsmb_store_open(uri, NULL, &store) != RRSMB_OK)
 *         fprintf(stderr, "%s\n", rrsmb_error_last()->message);
 *
 * Numbers never change their meaning; new ones are added within their class.
 */
#ifndef RRSMB_STATUS_H
#define RRSMB_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The result of a call: RRSMB_OK, or a code whose thousands are its class. */
typedef int32_t rrsmb_status;

/** What a caller switches on. The class of a status is rrsmb_status_class(). */
typedef enum rrsmb_error_class {
    RRSMB_CLASS_OK = 0,          /**< success */
    RRSMB_CLASS_USAGE = 1,       /**< the call itself is wrong; repeating it cannot help */
    RRSMB_CLASS_INPUT = 2,       /**< bytes or text from outside do not mean anything valid */
    RRSMB_CLASS_STATE = 3,       /**< refused by what the store holds: absent, exists, changed */
    RRSMB_CLASS_DAMAGE = 4,      /**< stored data contradicts itself; access must be denied */
    RRSMB_CLASS_UNAVAILABLE = 5, /**< the store does not answer or does not let us in */
    RRSMB_CLASS_RESOURCE = 6,    /**< memory, disk, map or descriptors ran out; I/O failed */
    RRSMB_CLASS_UNKNOWN = 7      /**< the outcome of a write is not known: it may still commit */
} rrsmb_error_class;

/* clang-format off */
#define RRSMB_OK                 0

#define RRSMB_INVALID_ARGUMENT   1001 /**< a parameter is out of its documented range */
#define RRSMB_BUFFER_TOO_SMALL   1002 /**< the needed size was stored in the length result */
#define RRSMB_BAD_URI            1003 /**< a store URI, or one of its parameters, is not understood */
#define RRSMB_WRONG_PROCESS      1004 /**< the handle belongs to the parent process and cannot be used here */

#define RRSMB_BAD_SD             2001 /**< binary security descriptor malformed; `offset` in bytes */
#define RRSMB_BAD_SDDL           2002 /**< SDDL text malformed; `offset` in bytes */
#define RRSMB_NEEDS_DOMAIN       2003 /**< an SDDL alias depends on a domain SID that was not given */
#define RRSMB_UNSUPPORTED_ACE    2004 /**< an ACE that SDDL cannot say; never dropped, always refused */
#define RRSMB_TOO_LARGE          2005 /**< over a limit: ACL 64 KB, SID 15 sub-authorities, nesting */
#define RRSMB_BAD_RECORD         2006 /**< a line of an import is malformed */

#define RRSMB_NOT_FOUND          3001 /**< no such row, share or item */
#define RRSMB_EXISTS             3002 /**< it must not exist, but does */
#define RRSMB_CONFLICT           3003 /**< somebody else changed it since it was read */
#define RRSMB_STALE_FILE         3004 /**< the row belongs to another generation of the inode */
#define RRSMB_WRONG_KIND         3005 /**< the share's generation kind differs from this node's */
#define RRSMB_NEEDS_GENERATION   3006 /**< the share's kind needs a generation and none was given */
#define RRSMB_READ_ONLY          3007 /**< the store was opened read-only */
#define RRSMB_NEWER_FORMAT       3008 /**< the store was written by a newer version */
#define RRSMB_CANCELLED          3009 /**< the caller's own callback asked to stop */

#define RRSMB_DAMAGED            4001 /**< stored data contradicts itself or its hash */

#define RRSMB_UNAVAILABLE        5001 /**< the store does not answer */
#define RRSMB_TIMED_OUT          5002 /**< the deadline passed before anything was changed */
#define RRSMB_THROTTLED          5003 /**< the store refuses for load */
#define RRSMB_ACCESS_DENIED      5004 /**< the store does not let this process in */

#define RRSMB_NO_MEMORY          6001 /**< an allocation failed */
#define RRSMB_NO_SPACE           6002 /**< the disk is full */
#define RRSMB_LIMIT_REACHED      6003 /**< a configured limit: map size, number of readers */
#define RRSMB_IO_ERROR           6004 /**< the operating system reported an error */

#define RRSMB_UNKNOWN            7001 /**< outcome unknown at the deadline: it may still commit */
/* clang-format on */

/** `offset` of an error that has no position. */
#define RRSMB_NO_OFFSET ((size_t)-1)

/** The detail of a failure. Fields may be added at the end. */
typedef struct rrsmb_error {
    rrsmb_status status;      /**< what the failing call returned */
    rrsmb_error_class class_; /**< its class */
    size_t offset;            /**< byte offset in the input, or RRSMB_NO_OFFSET */
    int retryable;            /**< non-zero: the same call may succeed later */
    const char *aws_code;     /**< the AWS error code, or "" */
    const char *request_id;   /**< the AWS request id, or "" */
    const char *message;      /**< one line: what was done, to what, why it failed; no secrets */
    const char *source;       /**< `file:line` inside the library, for reports of defects */
} rrsmb_error;

/**
 * The detail of this thread's last failure.
 * @return Never NULL. Owned by the library, valid until this thread's next failing call; a
 *         successful call leaves it alone. In a thread that never failed: status RRSMB_OK and
 *         an empty message. Fork: the child's thread keeps its parent's.
 */
RRSMB_API const rrsmb_error *rrsmb_error_last(void);

/** The class of a status; RRSMB_CLASS_UNKNOWN for a number that this library does not know. */
RRSMB_API rrsmb_error_class rrsmb_status_class(rrsmb_status status);

/**
 * The name of a status as in this header without the prefix, for example `"NOT_FOUND"`.
 * @return A constant string; `"?"` for a number that this library does not know.
 */
RRSMB_API const char *rrsmb_status_name(rrsmb_status status);

/** Deadline for a call that changes the store, when none is given: 30 s, in ms. */
#define RRSMB_DEFAULT_DEADLINE_MS 30000u
/** For `deadline_ms`: do not wait at all. */
#define RRSMB_NO_WAIT UINT32_MAX

/** How important a log line is. */
typedef enum rrsmb_log_level {
    RRSMB_LOG_ERROR = 0,   /**< somebody has to do something */
    RRSMB_LOG_WARNING = 1, /**< worth a look: served all the same */
    RRSMB_LOG_INFO = 2,    /**< seldom and useful: opened, recovered, grown */
    RRSMB_LOG_DEBUG = 3    /**< for a developer of the library */
} rrsmb_log_level;

/**
 * Receives log lines; the library itself prints nothing.
 * @param context  As given beside the callback.
 * @param level    How important the line is.
 * @param message  One line without a newline, valid during the call. Holds no secrets.
 *
 * Called from the thread that made the library call, possibly from several at once, never with
 * a lock of the library held. Must not call back into the same handle.
 */
typedef void (*rrsmb_log_fn)(void *context, rrsmb_log_level level, const char *message);

/**
 * Receives the progress of long work, at most a few times a second.
 * @param context  As given beside the callback.
 * @param done     Items dealt with so far.
 * @param total    Items in all, or 0 when not known.
 * @return 0 to go on; anything else stops the work with RRSMB_CANCELLED.
 */
typedef int (*rrsmb_progress_fn)(void *context, uint64_t done, uint64_t total);

#ifdef __cplusplus
}
#endif
#endif
