/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb init, stat, fsck: the store as a whole. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "command.h"

int run_init(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    rrsmb_store_options existing = {.size = sizeof existing, .flags = RRSMB_STORE_NO_CREATE};
    rrsmb_status status = rrsmb_store_open(arguments->store, &existing, &store);
    const char *what = "exists";
    if (status == RRSMB_NOT_FOUND) {
        int code = open_store(arguments, CREATE, &store);
        if (code != DONE)
            return code;
        what = "created";
    } else if (status != RRSMB_OK) {
        return complain_last(arguments);
    }
    print_safe(stdout, arguments->store);
    printf(": %s\n", what);
    return DONE;
}

/* Bytes of descriptors without deduplication for each byte with it. */
static double ratio_of(const rrsmb_stat *stat)
{
    if (stat->descriptor_bytes == 0)
        return 1;
    return (double)stat->logical_bytes / (double)stat->descriptor_bytes;
}

static int print_stat_as_json(const struct arguments *arguments, const rrsmb_stat *stat)
{
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"shares", stat->shares},
        {"rows", stat->rows},
        {"descriptors", stat->descriptors},
        {"descriptor_bytes", stat->descriptor_bytes},
        {"logical_bytes", stat->logical_bytes},
        {"stored_bytes", stat->stored_bytes},
        {"file_bytes", stat->file_bytes},
        {"max_bytes", stat->max_bytes},
    };
    cJSON *json = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cJSON_AddNumberToObject(json, fields[i].name, (double)fields[i].value);
    cJSON_AddNumberToObject(json, "ratio", ratio_of(stat));
    return print_json_line(arguments, json);
}

int run_stat(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    int code = open_store(arguments, READ, &store);
    if (code != DONE)
        return code;
    rrsmb_stat stat = {.size = sizeof stat};
    if (rrsmb_store_stat(store, &stat) != RRSMB_OK)
        return complain_last(arguments);
    if (arguments->json)
        return print_stat_as_json(arguments, &stat);
    printf("%-30s%" PRIu64 "\n", "shares:", stat.shares);
    printf("%-30s%" PRIu64 "\n", "rows:", stat.rows);
    printf("%-30s%" PRIu64 "\n", "descriptors:", stat.descriptors);
    printf("%-30s%" PRIu64 "\n", "descriptor bytes:", stat.descriptor_bytes);
    printf("%-30s%" PRIu64 "\n", "without deduplication:", stat.logical_bytes);
    printf("%-30s%.1f\n", "ratio:", ratio_of(&stat));
    printf("%-30s%" PRIu64 "\n", "stored bytes, keys included:", stat.stored_bytes);
    if (stat.file_bytes != 0)
        printf("%-30s%" PRIu64 "\n", "database file:", stat.file_bytes);
    if (stat.max_bytes != 0)
        printf("%-30s%" PRIu64 "\n", "which may grow to:", stat.max_bytes);
    return DONE;
}

static const char *name_of_problem(rrsmb_problem_kind kind)
{
    switch (kind) {
    case RRSMB_PROBLEM_DANGLING_ROW:
        return "dangling_row";
    case RRSMB_PROBLEM_BAD_DESCRIPTOR:
        return "bad_descriptor";
    case RRSMB_PROBLEM_WRONG_COUNT:
        return "wrong_count";
    case RRSMB_PROBLEM_UNUSED:
        return "unused";
    case RRSMB_PROBLEM_ORPHAN_ROW:
        return "orphan_row";
    case RRSMB_PROBLEM_BAD_SHARE:
        return "bad_share";
    case RRSMB_PROBLEM_BAD_ROW:
        return "bad_row";
    }
    return "unknown";
}

/* Problems wait in a file of no name until the check is over: they may be more than memory holds,
 * and who reads them slowly must not hold up the check, which keeps other writers waiting. */
struct check {
    FILE *spool; /* NULL: no problem was met */
    int error;   /* errno of what failed with it, or 0 */
};

struct spooled {
    rrsmb_problem_kind kind;
    int repaired;
    size_t length; /* of the text that follows, with its terminator */
};

static void cleanup_check(struct check *check)
{
    if (check->spool != NULL)
        (void)fclose(check->spool);
}

static int keep_problem(void *context, const rrsmb_problem *problem)
{
    struct check *check = context;
    struct spooled head = {problem->kind, problem->repaired, strlen(problem->text) + 1};
    if (check->spool == NULL)
        check->spool = tmpfile();
    if (check->spool != NULL && fwrite(&head, sizeof head, 1, check->spool) == 1 &&
        fwrite(problem->text, head.length, 1, check->spool) == 1)
        return 0;
    check->error = errno;
    return -1;
}

static int print_problem(const struct arguments *arguments, const struct spooled *problem,
                         const char *text, int first)
{
    if (!arguments->json) {
        printf("%s%s: ", problem->repaired ? "repaired: " : "", name_of_problem(problem->kind));
        print_safe(stdout, text);
        (void)putchar('\n');
        return DONE;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kind", name_of_problem(problem->kind));
    cJSON_AddBoolToObject(json, "repaired", problem->repaired);
    cJSON_AddStringToObject(json, "text", text);
    (void)fputs(first ? "" : ",\n", stdout);
    return print_json(json) ? DONE : complain(UNREACHABLE, arguments, "out of memory");
}

/* A check that failed has repaired nothing, whatever it was about to. */
static int print_problems(const struct arguments *arguments, struct check *check, int failed)
{
    if (check->spool == NULL)
        return DONE;
    if (fflush(check->spool) != 0)
        check->error = errno;
    rewind(check->spool);
    struct spooled problem;
    int code = DONE;
    for (int first = 1; code == DONE && !ferror(stdout); first = 0) {
        char text[1024];
        if (fread(&problem, sizeof problem, 1, check->spool) != 1)
            break;
        if (problem.length > sizeof text || fread(text, problem.length, 1, check->spool) != 1)
            break;
        problem.repaired = problem.repaired && !failed;
        code = print_problem(arguments, &problem, text, first);
    }
    if (ferror(check->spool))
        check->error = errno;
    return code;
}

static void print_sums(const struct arguments *arguments, const rrsmb_check_result *result)
{
    if (arguments->json) {
        printf(",\"rows\":%" PRIu64 ",\"descriptors\":%" PRIu64 ",\"found\":%" PRIu64
               ",\"repaired\":%" PRIu64 "}\n",
               result->rows, result->descriptors, result->problems, result->repaired);
        return;
    }
    printf("%" PRIu64 " rows, %" PRIu64 " descriptors: ", result->rows, result->descriptors);
    if (result->problems == 0)
        printf("clean\n");
    else
        printf("%" PRIu64 " problems, %" PRIu64 " repaired\n", result->problems, result->repaired);
}

int run_fsck(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    int code = open_store(arguments, arguments->repair ? CHANGE : READ, &store);
    if (code != DONE)
        return code;
    struct check check CLEANUP(cleanup_check) = {.spool = NULL};
    rrsmb_check_options options = {
        .size = sizeof options,
        .flags = arguments->repair ? RRSMB_CHECK_REPAIR : 0,
        .problem = keep_problem,
        .progress = progress_to_terminal(arguments),
        .context = &check,
    };
    rrsmb_check_result result = {.size = sizeof result};
    rrsmb_status status = rrsmb_store_check(store, &options, &result);
    progress_end();
    if (status != RRSMB_OK && check.error == 0)
        code = complain_last(arguments);
    (void)fputs(arguments->json ? "{\"problems\":[" : "", stdout);
    int printed = print_problems(arguments, &check, status != RRSMB_OK);
    (void)fputs(arguments->json ? "]" : "", stdout);
    if (check.error != 0)
        printed = complain(UNREACHABLE, arguments, "a temporary file for the problems: %s",
                           strerror(check.error));
    if (code == DONE)
        code = printed;
    if (status == RRSMB_OK)
        print_sums(arguments, &result);
    else
        (void)fputs(arguments->json ? "}\n" : "", stdout);
    if (code != DONE || result.problems == 0)
        return code;
    return result.problems == result.repaired ? REFUSED : DAMAGE;
}
