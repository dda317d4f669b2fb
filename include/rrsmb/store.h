/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file store.h
 * The deduplicated store of security descriptors: two tables in a database.
 *
 * A *store* is opened by URI, a *share* of it by name, and a file of the share is named by an
 * rrsmb_file_id. Each file has at most one row, which names its descriptor by hash; equal
 * descriptors are stored once.
 *
 *     rrsmb_store *store;
 *     rrsmb_share *share;
 *     rrsmb_file_id id;
 *     rrsmb_share_options where = {.size = sizeof where, .path = "/srv/projects"};
 *     rrsmb_store_open("lmdb:///var/lib/rrsmb", NULL, &store);
 *     rrsmb_share_open(store, "projects", &where, &share);
 *     rrsmb_file_id_from_fd(share, fd, &id);
 *     rrsmb_store_put(share, &id, sd, sd_length, NULL, NULL);
 *
 * **Durability.** A write is acknowledged only when the database says that it is on disk.
 * **Versions.** Each write gives its row a random 64-bit version `ver`, which never repeats; a
 * write can be made conditional on the version that was read.
 * **Threads.** Every handle may be used from many threads at once.
 * **Fork.** Store and share handles opened before a fork work in the child too: the same store is
 * opened again there at the first call, or RRSMB_UNAVAILABLE says that it is not there any more. The parent's handles are not disturbed. A cursor works
 * only in the process that opened it (RRSMB_WRONG_PROCESS). A `memory:` store is copied by the
 * fork: parent and child no longer see each other's writes.
 *
 * **Damage.** RRSMB_DAMAGED wherever it is noticed here. Where LMDB itself meets a contradiction in
 * its pages it gives no way back: the process writes a line to stderr and aborts.
 * **Sized structs.** Structs that may grow begin with `size`, which the caller sets. A result
 * whose size was left unset is refused with RRSMB_INVALID_ARGUMENT before anything is done.
 *
 * URIs:
 *
 *     lmdb:///FOLDER[?sync=commit|none][&create=0][&max_size=SIZE]   embedded, one machine (LMDB)
 *     memory:                                                        this process alone, for tests
 *
 * `sync=commit` (default) flushes to disk before each acknowledgement; `sync=none` leaves that to
 * the system (for laboratories). `create=0` refuses to create a store. `max_size` bounds the
 * database file, which grows as needed up to it: bytes, or with a suffix K, M, G, T (powers of
 * 1024); default 32G.
 */
#ifndef RRSMB_STORE_H
#define RRSMB_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <rrsmb/sd.h>
#include <rrsmb/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A store, open. */
typedef struct rrsmb_store rrsmb_store;
/** A share of a store, open. */
typedef struct rrsmb_share rrsmb_share;
/** A walk over the rows of a share. */
typedef struct rrsmb_cursor rrsmb_cursor;

/** Options flag: refuse every write with RRSMB_READ_ONLY. */
#define RRSMB_STORE_READ_ONLY 0x1u
/** Options flag: refuse to create a store that is not there (RRSMB_NOT_FOUND). */
#define RRSMB_STORE_NO_CREATE 0x2u

/** How a store is opened. Zero means default everywhere. */
typedef struct rrsmb_store_options {
    size_t size;          /**< sizeof(rrsmb_store_options) */
    uint32_t flags;       /**< RRSMB_STORE_... */
    uint32_t deadline_ms; /**< for calls that give none; ms, 0 = RRSMB_DEFAULT_DEADLINE_MS */
    rrsmb_log_fn log;     /**< may be NULL: no log */
    void *log_context;    /**< handed to @ref log */
} rrsmb_store_options;

/**
 * Open a store. An LMDB folder that is not there is created (0700, its files 0600).
 * @param uri     See above.
 * @param options May be NULL.
 * @param store   Receives the handle; close it with rrsmb_store_close().
 * @return RRSMB_OK, RRSMB_BAD_URI, RRSMB_NOT_FOUND (and not to be created),
 *         RRSMB_NEWER_FORMAT (both versions are in the message), RRSMB_DAMAGED,
 *         RRSMB_ACCESS_DENIED, RRSMB_NO_MEMORY, RRSMB_IO_ERROR, RRSMB_LIMIT_REACHED.
 *
 * One process may open the same folder several times: the database is opened once.
 */
RRSMB_API rrsmb_status rrsmb_store_open(const char *uri, const rrsmb_store_options *options,
                                        rrsmb_store **store);

/** Close a store; its shares must be closed first. NULL is allowed. */
RRSMB_API void rrsmb_store_close(rrsmb_store *store);

/** Where the generation of a file of a share comes from. Recorded at the share's first use. */
typedef enum rrsmb_generation_kind {
    RRSMB_GENERATION_UNSET = 0,    /**< in options: as recorded, or found out from the path */
    RRSMB_GENERATION_NONE = 1,     /**< files have an inode number only */
    RRSMB_GENERATION_EXPLICIT = 2, /**< the caller gives the numbers */
    RRSMB_GENERATION_BTIME = 3,    /**< from the birth time (statx) */
    RRSMB_GENERATION_HANDLE = 4    /**< from the file handle (name_to_handle_at) */
} rrsmb_generation_kind;

/** The name of a kind: "none", "explicit", "btime", "handle"; "?" for any other number. */
RRSMB_API const char *rrsmb_generation_kind_name(rrsmb_generation_kind kind);

/** Options flag: refuse to create a share that is not there (RRSMB_NOT_FOUND). */
#define RRSMB_SHARE_NO_CREATE 0x1u
/** Options flag: the share was moved to this path and file system on purpose: record them. */
#define RRSMB_SHARE_MOVED 0x2u

/** How a share is opened. */
typedef struct rrsmb_share_options {
    size_t size;                /**< sizeof(rrsmb_share_options) */
    uint32_t flags;             /**< RRSMB_SHARE_... */
    rrsmb_generation_kind kind; /**< what the caller will use; UNSET: as recorded, see below */
    const char *path;           /**< root folder of the share on this node, or NULL */
} rrsmb_share_options;

/**
 * Open a share by name; a share that is not there is created under a random 64-bit id.
 *
 * The generation kind is recorded when the share is created: the one asked for, else the best
 * that the file system of @ref rrsmb_share_options::path offers (handle, then birth time, then
 * none), else `none`: give the path where files are to be told apart by more than their inode
 * number. A node that asks for, or finds at its path, another kind than the recorded
 * one is refused (RRSMB_WRONG_KIND): two nodes that disagree would each take the other's ACLs for
 * missing. A share whose path turns out to lie on another file system than before is opened,
 * and reported to the log.
 *
 * @param name UTF-8, 1 to 255 bytes, no zero byte; otherwise free (also `#` and `/`).
 * @return RRSMB_OK, RRSMB_INVALID_ARGUMENT, RRSMB_NOT_FOUND, RRSMB_WRONG_KIND, RRSMB_IO_ERROR
 *         (the path cannot be examined), or what the database says.
 */
RRSMB_API rrsmb_status rrsmb_share_open(rrsmb_store *store, const char *name,
                                        const rrsmb_share_options *options, rrsmb_share **share);

/** Close a share. NULL is allowed. Its cursors must be closed first. */
RRSMB_API void rrsmb_share_close(rrsmb_share *share);

/** What the store knows of a share. Strings live as long as the handle or the callback. */
typedef struct rrsmb_share_info {
    size_t size;                /**< set by the library */
    const char *name;           /**< the name */
    uint64_t id;                /**< the random id that rows are keyed by */
    rrsmb_generation_kind kind; /**< where generations come from */
    const char *path;           /**< where the share lay when last opened by path, or "" */
    const char *filesystem;     /**< what the file system called itself, or "" */
} rrsmb_share_info;

/** What the store knows of an open share; owned by the handle. */
RRSMB_API const rrsmb_share_info *rrsmb_share_get_info(const rrsmb_share *share);

/** The store that a share was opened from; owned by the caller of rrsmb_store_open(). */
RRSMB_API rrsmb_store *rrsmb_share_get_store(const rrsmb_share *share);

/** Receives one share of rrsmb_share_list(). Non-zero ends the listing with RRSMB_CANCELLED. */
typedef int (*rrsmb_share_fn)(void *context, const rrsmb_share_info *info);

/** Call @p fn for each share, ordered by name (as bytes). No lock is held during the calls. */
RRSMB_API rrsmb_status rrsmb_share_list(rrsmb_store *store, rrsmb_share_fn fn, void *context);

/**
 * Give a share another name; its rows stay. Handles open elsewhere go on working.
 * @return RRSMB_OK, RRSMB_NOT_FOUND, RRSMB_EXISTS (the new name), RRSMB_INVALID_ARGUMENT.
 */
RRSMB_API rrsmb_status rrsmb_share_rename(rrsmb_store *store, const char *old_name,
                                          const char *new_name);

/**
 * Remove a share with all its rows. Interrupted, it can be called again.
 * @param removed Receives the number of rows that went; may be NULL.
 * @return RRSMB_OK, RRSMB_NOT_FOUND, RRSMB_CANCELLED.
 */
RRSMB_API rrsmb_status rrsmb_share_remove(rrsmb_store *store, const char *name,
                                          rrsmb_progress_fn progress, void *context,
                                          uint64_t *removed);

/**
 * Names a file: 24 bytes, also the key of a cache as it stands. Inode numbers are used again,
 * the pair of inode and generation is not.
 */
typedef struct rrsmb_file_id {
    uint64_t share;      /**< share id */
    uint64_t inode;      /**< inode number */
    uint64_t generation; /**< 0: none given. In a share of kind `none` always 0 */
} rrsmb_file_id;

/**
 * The id of an open file (O_PATH is enough), by the share's generation kind.
 * @return RRSMB_OK; RRSMB_WRONG_KIND: the file system gives no such generation, or the share is
 *         of kind `explicit`, or the file lies on another file system than the share's root, so
 *         that its inode number may be another file's too; RRSMB_IO_ERROR.
 */
RRSMB_API rrsmb_status rrsmb_file_id_from_fd(const rrsmb_share *share, int fd, rrsmb_file_id *id);

/**
 * The id of a file by its numbers.
 * @param generation 0: none given. Then, where the share's kind is not `none`, a read does not
 *                   compare generations, and a write keeps the row's and refuses where there is
 *                   no row (RRSMB_NEEDS_GENERATION).
 * @return RRSMB_OK, RRSMB_WRONG_KIND (a generation for a share of kind `none`).
 */
RRSMB_API rrsmb_status rrsmb_file_id_from_inode(const rrsmb_share *share, uint64_t inode,
                                                uint64_t generation, rrsmb_file_id *id);

/** rrsmb_row_info flag: before this write the file had a row (get: always set on success). */
#define RRSMB_ROW_EXISTED 0x1u
/** rrsmb_row_info flag: a row of another generation was met: absent (get), replaced (put). */
#define RRSMB_ROW_OTHER_GENERATION 0x2u

/** What is known of a row beside its descriptor. */
typedef struct rrsmb_row_info {
    size_t size;                        /**< sizeof(rrsmb_row_info), set by the caller */
    uint64_t ver;                       /**< version of the row after the call; 0: no row */
    uint64_t generation;                /**< generation of the row */
    uint8_t hash[RRSMB_SD_DIGEST_SIZE]; /**< hash of the descriptor */
    uint32_t flags;                     /**< RRSMB_ROW_... */
} rrsmb_row_info;

/**
 * Read the descriptor of a file from the store (a strong read).
 * @param sd        Receives the canonical self-relative binary. May be NULL with capacity 0.
 * @param capacity  Size of @p sd in bytes; RRSMB_SD_SIZE_MAX always suffices.
 * @param sd_length Receives the size, also with RRSMB_BUFFER_TOO_SMALL.
 * @param info      May be NULL; filled also with RRSMB_NOT_FOUND and RRSMB_BUFFER_TOO_SMALL.
 * @return RRSMB_OK; RRSMB_NOT_FOUND: this file has no row (a row of another generation counts as
 *         none); RRSMB_DAMAGED: a row or its descriptor cannot be trusted: deny access;
 *         RRSMB_BUFFER_TOO_SMALL; RRSMB_UNAVAILABLE and the like: not known: deny access.
 */
RRSMB_API rrsmb_status rrsmb_store_get(rrsmb_share *share, const rrsmb_file_id *id, void *sd,
                                       size_t capacity, size_t *sd_length, rrsmb_row_info *info);

/** One result of rrsmb_store_get_many(), in the order of the ids. */
typedef struct rrsmb_get_result {
    rrsmb_status status; /**< RRSMB_OK, RRSMB_NOT_FOUND, RRSMB_DAMAGED */
    rrsmb_row_info info; /**< as by rrsmb_store_get() */
    const void *sd;      /**< the descriptor, valid during the call; NULL when status is not OK */
    size_t sd_length;    /**< its size in bytes */
} rrsmb_get_result;

/** Receives result number @p index. Non-zero ends the call with RRSMB_CANCELLED. */
typedef int (*rrsmb_get_many_fn)(void *context, size_t index, const rrsmb_get_result *result);

/**
 * Read the descriptors of many files in as few requests as the database allows.
 * @param ids   @p count ids of files of this share.
 * @param fn    Called once for each id, in order, when its descriptor is there.
 * @return RRSMB_OK when each id was answered; the error of the whole call otherwise.
 */
RRSMB_API rrsmb_status rrsmb_store_get_many(rrsmb_share *share, const rrsmb_file_id *ids,
                                            size_t count, rrsmb_get_many_fn fn, void *context);

/** Put flag: only where the file has no row (one of another generation counts as none). */
#define RRSMB_PUT_IF_ABSENT 0x1u
/** Put flag: only where the row has the version rrsmb_put_options::if_ver. */
#define RRSMB_PUT_IF_VER 0x2u
/**
 * Put flag: rrsmb_put_options::fd is open on the file. A row of another generation is then
 * replaced, after a fresh look at that descriptor showed that it still is this file and has a
 * name. Without the flag such a row is refused with RRSMB_STALE_FILE, except in a share of kind
 * `explicit`, where the caller's number is the truth.
 */
#define RRSMB_PUT_HAS_FD 0x4u

/** How a row is written. */
typedef struct rrsmb_put_options {
    size_t size;          /**< sizeof(rrsmb_put_options) */
    uint32_t flags;       /**< RRSMB_PUT_... */
    int fd;               /**< with RRSMB_PUT_HAS_FD */
    uint64_t if_ver;      /**< with RRSMB_PUT_IF_VER */
    uint32_t deadline_ms; /**< ms; 0: the store's default; RRSMB_NO_WAIT: not at all */
} rrsmb_put_options;

/**
 * Write the descriptor of a file. On return it is on disk.
 * @param sd        Self-relative binary, canonical or not; what is stored is the canonical form.
 * @param sd_length Its size in bytes.
 * @param options   May be NULL: replace whatever is there.
 * @param info      May be NULL; receives the new version and hash.
 * @return RRSMB_OK; RRSMB_BAD_SD, RRSMB_UNSUPPORTED_ACE, RRSMB_TOO_LARGE (nothing stored);
 *         RRSMB_CONFLICT or RRSMB_EXISTS (the condition failed); RRSMB_STALE_FILE;
 *         RRSMB_NEEDS_GENERATION; RRSMB_TIMED_OUT, RRSMB_NO_SPACE, RRSMB_LIMIT_REACHED (nothing
 *         stored); RRSMB_UNKNOWN (may still be stored).
 */
RRSMB_API rrsmb_status rrsmb_store_put(rrsmb_share *share, const rrsmb_file_id *id, const void *sd,
                                       size_t sd_length, const rrsmb_put_options *options,
                                       rrsmb_row_info *info);

/** One row of rrsmb_store_put_many(). */
typedef struct rrsmb_put_item {
    rrsmb_file_id id; /**< the file */
    const void *sd;   /**< self-relative binary */
    size_t sd_length; /**< its size in bytes */
} rrsmb_put_item;

/**
 * Write many rows: all of them, or on LMDB and in memory none. Fastest with ascending inodes
 * and, for equal descriptors, the same @ref rrsmb_put_item::sd pointer.
 * @param options As for rrsmb_store_put(); the flags RRSMB_PUT_IF_VER and RRSMB_PUT_HAS_FD are
 *                refused. Rows of another generation are replaced.
 * @param changed Receives the number of rows that were not already as asked; may be NULL. A row
 *                that is already as asked is left alone, so that repeating a load costs nothing.
 * @return As rrsmb_store_put(); `offset` of an error is the index of the item.
 */
RRSMB_API rrsmb_status rrsmb_store_put_many(rrsmb_share *share, const rrsmb_put_item *items,
                                            size_t count, const rrsmb_put_options *options,
                                            uint64_t *changed);

/**
 * Remove the row of a file. The last row of a descriptor takes it along.
 * @param options May be NULL. RRSMB_PUT_IF_VER and `deadline_ms` are honoured; other flags are
 *                refused. A row of another generation is left alone (RRSMB_NOT_FOUND).
 * @return RRSMB_OK, RRSMB_NOT_FOUND, RRSMB_CONFLICT, RRSMB_TIMED_OUT, RRSMB_UNKNOWN.
 */
RRSMB_API rrsmb_status rrsmb_store_remove(rrsmb_share *share, const rrsmb_file_id *id,
                                          const rrsmb_put_options *options);

/** Size of a buffer that holds any cursor token, terminator included. */
#define RRSMB_CURSOR_TOKEN_SIZE 2048

/**
 * Begin a walk over the rows of a share.
 * @param resume A token of rrsmb_cursor_token() of an earlier walk, or NULL for the start.
 * @return RRSMB_OK, RRSMB_INVALID_ARGUMENT (the token), RRSMB_NO_MEMORY.
 *
 * Rows present during the whole walk are seen exactly once; rows that come or go meanwhile may
 * or may not be seen. On LMDB in the order of inodes. Nothing is held between two calls.
 */
RRSMB_API rrsmb_status rrsmb_cursor_open(rrsmb_share *share, const char *resume,
                                         rrsmb_cursor **cursor);

/** One row of a walk. */
typedef struct rrsmb_row {
    rrsmb_file_id id; /**< the file, with the generation of the row */
    uint64_t ver;     /**< version of the row */
    uint8_t
        hash[RRSMB_SD_DIGEST_SIZE]; /**< hash of the descriptor; read it by rrsmb_store_get_sd() */
    rrsmb_status status; /**< RRSMB_OK; RRSMB_DAMAGED: the row cannot be read, and of the rest only
                              the share and inode of @ref id are known, all else is 0 */
} rrsmb_row;

/**
 * The next rows of a walk.
 * @param rows     Receives up to @p capacity rows.
 * @param count    Receives how many; 0 at the end.
 * @return RRSMB_OK, also where rows among them cannot be read: see rrsmb_row::status;
 *         RRSMB_INVALID_ARGUMENT, RRSMB_WRONG_PROCESS, or what the database says.
 */
RRSMB_API rrsmb_status rrsmb_cursor_next(rrsmb_cursor *cursor, rrsmb_row *rows, size_t capacity,
                                         size_t *count);

/** Where the walk stands, as text to go on from later, in any process. */
RRSMB_API rrsmb_status rrsmb_cursor_token(const rrsmb_cursor *cursor,
                                          char token[RRSMB_CURSOR_TOKEN_SIZE]);

/** End a walk. NULL is allowed. */
RRSMB_API void rrsmb_cursor_close(rrsmb_cursor *cursor);

/**
 * Read a descriptor by its hash.
 * @return RRSMB_OK, RRSMB_NOT_FOUND, RRSMB_DAMAGED, RRSMB_BUFFER_TOO_SMALL.
 */
RRSMB_API rrsmb_status rrsmb_store_get_sd(rrsmb_store *store,
                                          const uint8_t hash[RRSMB_SD_DIGEST_SIZE], void *sd,
                                          size_t capacity, size_t *sd_length);

/** Sums over a store. */
typedef struct rrsmb_stat {
    size_t size;               /**< sizeof(rrsmb_stat), set by the caller */
    uint64_t shares;           /**< shares */
    uint64_t rows;             /**< files that have a descriptor */
    uint64_t descriptors;      /**< distinct descriptors */
    uint64_t descriptor_bytes; /**< bytes of the distinct descriptors */
    uint64_t logical_bytes;    /**< bytes of descriptors without deduplication */
    uint64_t stored_bytes;     /**< bytes that the database uses for all of it, keys included */
    uint64_t file_bytes;       /**< size of the database file; 0 where there is none */
    uint64_t max_bytes;        /**< what the file may grow to; 0: no such limit */
} rrsmb_stat;

/** Sum up a store. Takes time in proportion to the distinct descriptors, not to the rows. */
RRSMB_API rrsmb_status rrsmb_store_stat(rrsmb_store *store, rrsmb_stat *stat);

/** What rrsmb_store_check() found. */
typedef enum rrsmb_problem_kind {
    RRSMB_PROBLEM_DANGLING_ROW = 1, /**< a row names a descriptor that is not there: stays denied */
    RRSMB_PROBLEM_BAD_DESCRIPTOR = 2, /**< a descriptor does not match its hash: stays denied */
    RRSMB_PROBLEM_WRONG_COUNT = 3,    /**< a reference count is off; can be repaired */
    RRSMB_PROBLEM_UNUSED = 4,         /**< a descriptor without a row; can be repaired */
    RRSMB_PROBLEM_ORPHAN_ROW = 5,     /**< a row of a share that is not there */
    RRSMB_PROBLEM_BAD_SHARE = 6,      /**< a share item that cannot be read, or an id used twice */
    RRSMB_PROBLEM_BAD_ROW = 7         /**< a row that cannot be read: stays denied */
} rrsmb_problem_kind;

/** One problem. Strings are valid during the callback. */
typedef struct rrsmb_problem {
    size_t size;             /**< set by the library */
    rrsmb_problem_kind kind; /**< what it is */
    int repaired;            /**< non-zero: it was, and is not any more */
    const char *text;        /**< one line for people */
} rrsmb_problem;

/** Receives one problem. Non-zero ends the check with RRSMB_CANCELLED. */
typedef int (*rrsmb_problem_fn)(void *context, const rrsmb_problem *problem);

/** Check flag: repair what can be repaired without losing or widening anything. */
#define RRSMB_CHECK_REPAIR 0x1u

/** How a store is checked. */
typedef struct rrsmb_check_options {
    size_t size;                /**< sizeof(rrsmb_check_options) */
    uint32_t flags;             /**< RRSMB_CHECK_... */
    rrsmb_problem_fn problem;   /**< may be NULL */
    rrsmb_progress_fn progress; /**< may be NULL; in rows */
    void *context;              /**< handed to both */
} rrsmb_check_options;

/** What a check came to. */
typedef struct rrsmb_check_result {
    size_t size;          /**< sizeof(rrsmb_check_result), set by the caller */
    uint64_t rows;        /**< rows looked at */
    uint64_t descriptors; /**< descriptors looked at */
    uint64_t problems;    /**< found */
    uint64_t repaired;    /**< of these, repaired */
} rrsmb_check_result;

/**
 * Check every rule that can be checked on the stored data.
 * @return RRSMB_OK when the check ran to its end, whatever it found.
 *
 * A dangling row is never removed: without it the file would get the default ACL.
 *
 * Both callbacks run inside the transaction of the check, which with RRSMB_CHECK_REPAIR is the
 * turn to write: they must not call the same store, and must not take long or wait for anybody,
 * for every other writer waits for them. What they were told of as repaired is so when the call
 * returns RRSMB_OK; when it fails, nothing is.
 */
RRSMB_API rrsmb_status rrsmb_store_check(rrsmb_store *store, const rrsmb_check_options *options,
                                         rrsmb_check_result *result);

#ifdef __cplusplus
}
#endif
#endif
