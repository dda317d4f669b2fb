/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and how a command line is taken apart. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define DEFAULT_STORE "lmdb:///var/lib/rrsmb"

static const char file_details[] =
    "FILE is a path on this node (symbolic links are followed), or left away with --inode.\n";

static const char set_details[] =
    "FILE is a path on this node (symbolic links are followed), or left away with --inode.\n"
    "A share that is not there is created: with the best generation kind that the file system\n"
    "of FILE offers; with --inode alone of kind none; with --generation of kind explicit.\n";

static const char sddl_details[] =
    "Without TEXT, lines are read from standard input: one result a line, and `error: ...` in\n"
    "the place of a line that is no good; the exit code is then 3.\n";

static const char root_details[] =
    "FILE is - or left away for the standard stream. With --root rows carry paths below DIR, so\n"
    "that a copied or restored tree with new inode numbers gets its ACLs back.\n";

static const struct command commands[] = {
    {"init", "", "create the store; say so if it exists", NULL, 0, 0, 0, run_init},
    {"sddl canon", "[TEXT]", "the canonical SDDL of a descriptor", sddl_details, TAKES_DOMAIN, 0, 1,
     run_sddl_canon},
    {"sddl hash", "[TEXT]", "the hash that identifies a descriptor", sddl_details, TAKES_DOMAIN, 0,
     1, run_sddl_hash},
    {"sddl encode", "[TEXT]", "the binary form of a descriptor, in hex", sddl_details, TAKES_DOMAIN,
     0, 1, run_sddl_encode},
    {"sddl decode", "[HEX]", "the canonical SDDL of a binary descriptor", sddl_details, 0, 0, 1,
     run_sddl_decode},
    {"sddl explain", "[TEXT]", "a descriptor in words: who may do what", sddl_details,
     TAKES_DOMAIN | TAKES_JSON, 0, 1, run_sddl_explain},
    {"acl set", "SHARE FILE SDDL", "give a file a descriptor", set_details,
     TAKES_INODE | TAKES_DOMAIN, 2, 3, run_acl_set},
    {"acl get", "SHARE FILE", "print the descriptor of a file", file_details,
     TAKES_INODE | TAKES_JSON, 1, 2, run_acl_get},
    {"acl rm", "SHARE FILE", "remove the descriptor of a file", file_details, TAKES_INODE, 1, 2,
     run_acl_rm},
    {"acl list", "SHARE", "inode, generation, hash and SDDL of each row", NULL, TAKES_JSON, 1, 1,
     run_acl_list},
    {"share list", "", "id, generation kind and name of each share", NULL, TAKES_JSON, 0, 0,
     run_share_list},
    {"share show", "NAME", "all that is known of a share", NULL, TAKES_JSON, 1, 1, run_share_show},
    {"share rename", "OLD NEW", "give a share another name; its rows stay", NULL, 0, 2, 2,
     run_share_rename},
    {"share remove", "NAME", "remove a share with all its rows", NULL, 0, 1, 1, run_share_remove},
    {"stat", "", "sums over the store, and what deduplication saves", NULL, TAKES_JSON, 0, 0,
     run_stat},
    {"fsck", "", "check every rule that the stored data must keep",
     "Exit code 0: clean; 1: repaired; 4: problems left.\n", TAKES_REPAIR | TAKES_JSON, 0, 0,
     run_fsck},
    {"export", "SHARE [FILE]", "write the rows of a share as JSON Lines", root_details, TAKES_ROOT,
     1, 2, run_export},
    {"import", "SHARE [FILE]", "read rows of JSON Lines into a share", root_details, TAKES_ROOT, 1,
     2, run_import},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

enum {
    OPTION_STORE = 256,
    OPTION_JSON,
    OPTION_INODE,
    OPTION_GENERATION,
    OPTION_DOMAIN,
    OPTION_ROOT,
    OPTION_REPAIR,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct {
    const char *name;
    const char *value; /* NULL: none */
    const char *summary;
    unsigned with; /* the TAKES_ bit; 0: every command */
    int id;
} options[] = {
    {"store", "URI", "the store, else $RRSMB_STORE, else " DEFAULT_STORE, 0, OPTION_STORE},
    {"json", NULL, "print JSON", TAKES_JSON, OPTION_JSON},
    {"inode", "N", "the file with this inode number, instead of a path", TAKES_INODE, OPTION_INODE},
    {"generation", "N", "its generation", TAKES_INODE, OPTION_GENERATION},
    {"domain", "SID", "the domain of aliases such as DA", TAKES_DOMAIN, OPTION_DOMAIN},
    {"root", "DIR", "by path below this folder", TAKES_ROOT, OPTION_ROOT},
    {"repair", NULL, "repair what can be without losing or widening anything", TAKES_REPAIR,
     OPTION_REPAIR},
    {"help", NULL, "this help", 0, OPTION_HELP},
};
#define OPTIONS (sizeof options / sizeof options[0])

static void print_command(const struct command *command)
{
    char line[64];
    (void)snprintf(line, sizeof line, "%s %s", command->name, command->operands);
    printf("  %-30s %s\n", line, command->summary);
}

static void print_options(unsigned takes)
{
    printf("\nOptions:\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].with != 0 && (options[i].with & takes) == 0)
            continue;
        char line[64];
        (void)snprintf(line, sizeof line, "--%s%s%s", options[i].name,
                       options[i].value == NULL ? "" : " ",
                       options[i].value == NULL ? "" : options[i].value);
        printf("  %-18s %s\n", line, options[i].summary);
    }
}

static int print_overall_help(void)
{
    printf("Usage: rrsmb [--store URI] COMMAND [OPTIONS] [OPERANDS]\n"
           "Keeps Windows ACLs of Samba shares outside the file system.\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        print_command(&commands[i]);
    print_options(0);
    printf("  %-18s %s\n", "--version", "the version");
    printf(
        "\n`rrsmb COMMAND --help` tells more. Exit codes: 0 done, 1 not found or refused by the\n"
        "data's state, 2 usage, 3 bad input, 4 damaged data, 5 store unreachable.\n");
    return DONE;
}

static int print_command_help(const struct command *command)
{
    printf("Usage: rrsmb %s%s%s%s\n%c%s.\n", command->name, command->takes != 0 ? " [OPTIONS]" : "",
           command->operands[0] != '\0' ? " " : "", command->operands,
           command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->details != NULL)
        printf("\n%s", command->details);
    print_options(command->takes);
    return DONE;
}

/* Whether a command's name begins with a word, as "acl set" does with "acl". */
static int is_in_group(const struct command *command, const char *word)
{
    size_t length = strlen(word);
    return strncmp(command->name, word, length) == 0 && command->name[length] == ' ';
}

/* @return How many commands belong to a group; prints them when asked to. */
static int group_size(const char *word, int print)
{
    int size = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!is_in_group(&commands[i], word))
            continue;
        size++;
        if (print)
            print_command(&commands[i]);
    }
    return size;
}

__attribute__((format(printf, 1, 2))) static int wrong_usage(const char *format, ...)
{
    char text[1024];
    va_list words;
    va_start(words, format);
    (void)vsnprintf(text, sizeof text, format, words);
    va_end(words);
    (void)fputs("rrsmb: ", stderr);
    print_safe(stderr, text);
    (void)fputs("; see rrsmb --help\n", stderr);
    return USAGE;
}

/* What getopt_long() stopped at, by what it returned. */
static int wrong_option(int id, char **argv)
{
    if (id == ':')
        return wrong_usage("%s: a value is missing", argv[optind - 1]);
    if (optopt > 0 && optopt < OPTION_STORE)
        return wrong_usage("unknown option -%c", optopt);
    if (optopt >= OPTION_STORE)
        return wrong_usage("%s: this option takes no value", argv[optind - 1]);
    return wrong_usage("unknown option %s", argv[optind - 1]);
}

/* Find the command that the first words name. @p words receives how many. */
static const struct command *find_command(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *command = &commands[i];
        const char *space = strchr(command->name, ' ');
        *words = space == NULL ? 1 : 2;
        if (space == NULL
                ? strcmp(command->name, argv[0]) == 0
                : argc > 1 && is_in_group(command, argv[0]) && strcmp(space + 1, argv[1]) == 0)
            return command;
    }
    return NULL;
}

/* The first words name no command. */
static int unknown_command(int argc, char **argv)
{
    if (group_size(argv[0], 0) == 0)
        return wrong_usage("unknown command %s", argv[0]);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("Commands:\n");
        (void)group_size(argv[0], 1);
        return DONE;
    }
    if (argc > 1)
        return wrong_usage("unknown command %s", argv[1]);
    return wrong_usage("%s: a second word is missing", argv[0]);
}

static int take_number(const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* @return DONE, or USAGE when the value is wrong. */
static int take_option(struct arguments *arguments, int id, const char *value)
{
    switch (id) {
    case OPTION_STORE:
        arguments->store = value;
        return DONE;
    case OPTION_JSON:
        arguments->json = 1;
        return DONE;
    case OPTION_REPAIR:
        arguments->repair = 1;
        return DONE;
    case OPTION_DOMAIN:
        arguments->domain = value;
        return DONE;
    case OPTION_ROOT:
        arguments->root = value;
        return DONE;
    case OPTION_INODE:
        arguments->has_inode = 1;
        return take_number(value, &arguments->inode)
                   ? DONE
                   : wrong_usage("--inode %s: not a number of up to 64 bits", value);
    case OPTION_GENERATION:
        arguments->has_generation = 1;
        return take_number(value, &arguments->generation)
                   ? DONE
                   : wrong_usage("--generation %s: not a number of up to 64 bits", value);
    default:
        return USAGE;
    }
}

/* The options of a command for getopt_long(); the last entry is zero. */
static void list_options(unsigned takes, struct option list[OPTIONS + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].with != 0 && (options[i].with & takes) == 0)
            continue;
        list[count++] = (struct option){options[i].name,
                                        options[i].value != NULL ? required_argument : no_argument,
                                        NULL, options[i].id};
    }
    list[count] = (struct option){NULL, 0, NULL, 0};
}

static int check_operands(const struct arguments *arguments)
{
    const struct command *command = arguments->command;
    int least = command->least;
    int most = command->most;
    /* FILE is an operand or an option, not both. */
    if ((command->takes & TAKES_INODE) != 0) {
        if (arguments->has_inode)
            most = least;
        else
            least = most;
    }
    if (arguments->has_generation && !arguments->has_inode)
        return wrong_usage("%s: --generation goes with --inode", command->name);
    if (arguments->count < least)
        return wrong_usage("%s: an operand is missing", command->name);
    if (arguments->count > most)
        return wrong_usage("%s: too many operands", command->name);
    return DONE;
}

/* argv[0] is the last word of the command's name. */
static int run_command(struct arguments *arguments, int argc, char **argv)
{
    struct option list[OPTIONS + 1];
    list_options(arguments->command->takes, list);
    optind = 0; /* begin anew, as the glibc manual has it */
    opterr = 0;
    int id = 0;
    while ((id = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (id == OPTION_HELP)
            return print_command_help(arguments->command);
        if (id == ':' || id == '?')
            return wrong_option(id, argv);
        if (take_option(arguments, id, optarg) != DONE)
            return USAGE;
    }
    arguments->operands = argv + optind;
    arguments->count = argc - optind;
    int code = check_operands(arguments);
    return code == DONE ? arguments->command->run(arguments) : code;
}

int run_command_line(int argc, char **argv)
{
    static const struct option first[] = {{"store", required_argument, NULL, OPTION_STORE},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {"version", no_argument, NULL, OPTION_VERSION},
                                          {NULL, 0, NULL, 0}};
    const char *from_environment = getenv("RRSMB_STORE");
    struct arguments arguments = {.store = from_environment != NULL && *from_environment != '\0'
                                               ? from_environment
                                               : DEFAULT_STORE};
    opterr = 0;
    int id = 0;
    while ((id = getopt_long(argc, argv, "+:", first, NULL)) != -1) {
        if (id == OPTION_HELP)
            return print_overall_help();
        if (id == OPTION_VERSION) {
            printf("rrsmb %s\n", rrsmb_version());
            return DONE;
        }
        if (id == ':' || id == '?')
            return wrong_option(id, argv);
        arguments.store = optarg;
    }
    if (optind == argc)
        return wrong_usage("the command is missing");
    argc -= optind;
    argv += optind;
    int words = 0;
    arguments.command = find_command(argc, argv, &words);
    if (arguments.command == NULL)
        return unknown_command(argc, argv);
    return run_command(&arguments, argc - words + 1, argv + words - 1);
}
