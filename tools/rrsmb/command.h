/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the `rrsmb` command share: the table of commands, their arguments, the exit
 * codes, and how results and errors are said. The command uses the library's public headers only. */
#ifndef RRSMB_TOOL_COMMAND_H
#define RRSMB_TOOL_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rrsmb/rrsmb.h>

/** Exit codes, as the manual page has them. */
enum {
    DONE = 0,        /* also: nothing was wrong */
    REFUSED = 1,     /* not found, or refused by the data's state; fsck: repaired */
    USAGE = 2,       /* the command line is wrong */
    BAD_INPUT = 3,   /* SDDL, hex or an import that means nothing valid */
    DAMAGE = 4,      /* stored data contradicts itself */
    UNREACHABLE = 5, /* the store, a file or standard output cannot be read or written */
};

/* Options that a command may take, as bits. --store and --help go with all. */
#define TAKES_JSON 0x01u
#define TAKES_INODE 0x02u /* --inode and --generation */
#define TAKES_DOMAIN 0x04u
#define TAKES_ROOT 0x08u
#define TAKES_REPAIR 0x10u

struct command;

/** A command line, taken apart. */
struct arguments {
    const struct command *command;
    const char *store; /* URI */
    int json;
    int repair;
    int has_inode;
    int has_generation;
    uint64_t inode;
    uint64_t generation;
    const char *domain; /* or NULL */
    const char *root;   /* or NULL */
    char **operands;
    int count;
};

struct command {
    const char *name; /* one or two words */
    const char *operands;
    const char *summary;
    const char *details; /* or NULL */
    unsigned takes;
    int least; /* number of operands */
    int most;
    int (*run)(const struct arguments *arguments);
};

/* The commands, by group. Each gives an exit code. */
int run_init(const struct arguments *arguments);
int run_stat(const struct arguments *arguments);
int run_fsck(const struct arguments *arguments);
int run_sddl_canon(const struct arguments *arguments);
int run_sddl_hash(const struct arguments *arguments);
int run_sddl_encode(const struct arguments *arguments);
int run_sddl_decode(const struct arguments *arguments);
int run_sddl_explain(const struct arguments *arguments);
int run_acl_set(const struct arguments *arguments);
int run_acl_get(const struct arguments *arguments);
int run_acl_rm(const struct arguments *arguments);
int run_acl_list(const struct arguments *arguments);
int run_share_list(const struct arguments *arguments);
int run_share_show(const struct arguments *arguments);
int run_share_rename(const struct arguments *arguments);
int run_share_remove(const struct arguments *arguments);
int run_export(const struct arguments *arguments);
int run_import(const struct arguments *arguments);

/* parse.c */

/** Understand a command line and run it. */
int run_command_line(int argc, char **argv);

/* report.c */

/** Clean-up at the end of a scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))
void cleanup_free(void *pointer_variable);
void cleanup_close(const int *fd);
void cleanup_store(rrsmb_store **store);
void cleanup_share(rrsmb_share **share);
void cleanup_acl(rrsmb_acl **acl);

/** Say `rrsmb: what: why` on standard error, in one line. Gives @p code back. */
__attribute__((format(printf, 3, 4))) int complain(int code, const struct arguments *arguments,
                                                   const char *format, ...);

/** Say the library's last error. @return The exit code of its class. */
int complain_last(const struct arguments *arguments);

/** The same for SDDL from the command line, with a caret under the place. */
int complain_sddl(const struct arguments *arguments, const char *text);

/** Exit code for a status. */
int exit_code(rrsmb_status status);

/** Print text from outside so that it stays on its line and drives no terminal. */
void print_safe(FILE *stream, const char *text);

/** Print a JSON value (a cJSON *), which is deleted, in one line without a newline.
 *  @return 0 when memory ran out, also when @p json is NULL. */
struct cJSON;
int print_json(struct cJSON *json);

/** The same with a newline, as all that a command has to say. @return An exit code. */
int print_json_line(const struct arguments *arguments, struct cJSON *json);

/** A 64-bit number as a JSON string: a JSON number would be rounded by many readers. */
struct cJSON *json_u64(uint64_t number);
struct cJSON *json_hex(const void *bytes, size_t length);

/** Write lower-case hex and a terminator: 2 * length + 1 characters. */
void to_hex(const void *bytes, size_t length, char *text);

/** What shows progress on standard error, whatever context it is given; NULL when that is no
 *  terminal. */
rrsmb_progress_fn progress_to_terminal(const struct arguments *arguments);
/** Wipe the progress away, before anything else is said. */
void progress_end(void);

/* explain.c */

/** A binary descriptor in words. @param text Receives them without a last newline; to be
 *  freed also on failure. */
rrsmb_status explain_as_table(const void *sd, size_t sd_length, char **text);
rrsmb_status explain_as_json(const void *sd, size_t sd_length, char **text);

/* open.c */

enum access { READ, CHANGE, CREATE };

/** Open the store of the command line, or say why not. @return An exit code. */
int open_store(const struct arguments *arguments, enum access access, rrsmb_store **store);

/** Open the share that the first operand names, and its store, to read. */
int open_share_to_read(const struct arguments *arguments, rrsmb_store **store, rrsmb_share **share);

#endif
