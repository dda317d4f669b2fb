/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's log callback. */
#ifndef RRSMB_BASE_LOG_H
#define RRSMB_BASE_LOG_H

#include <rrsmb/status.h>

/** Where log lines go; `function` may be NULL. */
struct logger {
    rrsmb_log_fn function;
    void *context;
};

/** Hand one line to the callback. Never called with a lock held. */
__attribute__((format(printf, 3, 4))) void log_line(const struct logger *logger,
                                                    rrsmb_log_level level, const char *format, ...);

#endif
