/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb share: the shares of a store. */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "command.h"

static cJSON *json_of_share(const rrsmb_share_info *info)
{
    char id[20];
    (void)snprintf(id, sizeof id, "%016" PRIx64, info->id);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", info->name);
    cJSON_AddStringToObject(json, "id", id);
    cJSON_AddStringToObject(json, "kind", rrsmb_generation_kind_name(info->kind));
    cJSON_AddStringToObject(json, "path", info->path);
    cJSON_AddStringToObject(json, "filesystem", info->filesystem);
    return json;
}

static int print_share(void *context, const rrsmb_share_info *info)
{
    (void)context;
    printf("%016" PRIx64 "\t%s\t", info->id, rrsmb_generation_kind_name(info->kind));
    print_safe(stdout, info->name);
    (void)putchar('\n');
    return ferror(stdout);
}

static int collect_share(void *context, const rrsmb_share_info *info)
{
    return cJSON_AddItemToArray(context, json_of_share(info)) == 0;
}

int run_share_list(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    int code = open_store(arguments, READ, &store);
    if (code != DONE)
        return code;
    cJSON *list = arguments->json ? cJSON_CreateArray() : NULL;
    rrsmb_status status =
        rrsmb_share_list(store, arguments->json ? collect_share : print_share, list);
    if (status == RRSMB_CANCELLED && arguments->json) {
        cJSON_Delete(list);
        return complain(UNREACHABLE, arguments, "out of memory");
    }
    if (status != RRSMB_OK && status != RRSMB_CANCELLED) {
        cJSON_Delete(list);
        return complain_last(arguments);
    }
    return arguments->json ? print_json_line(arguments, list) : DONE;
}

static void print_field(const char *field, const char *value)
{
    printf("%-12s", field);
    print_safe(stdout, value);
    (void)putchar('\n');
}

int run_share_show(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    rrsmb_share *share CLEANUP(cleanup_share) = NULL;
    int code = open_share_to_read(arguments, &store, &share);
    if (code != DONE)
        return code;
    const rrsmb_share_info *info = rrsmb_share_get_info(share);
    if (arguments->json)
        return print_json_line(arguments, json_of_share(info));
    print_field("name:", info->name);
    printf("%-12s%016" PRIx64 "\n", "id:", info->id);
    print_field("kind:", rrsmb_generation_kind_name(info->kind));
    print_field("path:", info->path);
    print_field("filesystem:", info->filesystem);
    return DONE;
}

int run_share_rename(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    int code = open_store(arguments, CHANGE, &store);
    if (code != DONE)
        return code;
    if (rrsmb_share_rename(store, arguments->operands[0], arguments->operands[1]) != RRSMB_OK)
        return complain_last(arguments);
    return DONE;
}

int run_share_remove(const struct arguments *arguments)
{
    rrsmb_store *store CLEANUP(cleanup_store) = NULL;
    uint64_t removed = 0;
    int code = open_store(arguments, CHANGE, &store);
    if (code != DONE)
        return code;
    rrsmb_status status = rrsmb_share_remove(store, arguments->operands[0],
                                             progress_to_terminal(arguments), NULL, &removed);
    progress_end();
    if (status != RRSMB_OK)
        return complain_last(arguments);
    printf("%" PRIu64 " rows removed\n", removed);
    return DONE;
}
