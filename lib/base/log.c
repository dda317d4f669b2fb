/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 1024

void log_line(const struct logger *logger, rrsmb_log_level level, const char *format, ...)
{
    if (logger->function == NULL)
        return;
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    logger->function(logger->context, level, line);
}
