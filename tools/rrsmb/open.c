/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

static void log_line(void *context, rrsmb_log_level level, const char *message)
{
    (void)context;
    if (level > RRSMB_LOG_WARNING)
        return;
    progress_end();
    (void)fprintf(stderr, "rrsmb: %s: ", level == RRSMB_LOG_ERROR ? "error" : "warning");
    print_safe(stderr, message);
    (void)fputc('\n', stderr);
}

int open_store(const struct arguments *arguments, enum access access, rrsmb_store **store)
{
    rrsmb_store_options options = {.size = sizeof options, .log = log_line};
    if (access == READ)
        options.flags = RRSMB_STORE_READ_ONLY | RRSMB_STORE_NO_CREATE;
    if (access == CHANGE)
        options.flags = RRSMB_STORE_NO_CREATE;
    if (rrsmb_store_open(arguments->store, &options, store) != RRSMB_OK)
        return complain_last(arguments);
    return DONE;
}

int open_share_to_read(const struct arguments *arguments, rrsmb_store **store, rrsmb_share **share)
{
    rrsmb_share_options options = {.size = sizeof options, .flags = RRSMB_SHARE_NO_CREATE};
    int code = open_store(arguments, READ, store);
    if (code != DONE)
        return code;
    if (rrsmb_share_open(*store, arguments->operands[0], &options, share) != RRSMB_OK)
        return complain_last(arguments);
    return DONE;
}
