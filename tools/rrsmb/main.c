/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

/* What was printed counts only when it arrived: a full disk must not look like success. */
static int finish_output(int code)
{
    int failed = ferror(stdout);
    if (fclose(stdout) == 0 && !failed)
        return code;
    (void)fprintf(stderr, "rrsmb: standard output: %s\n",
                  errno != 0 ? strerror(errno) : "cannot be written");
    return code == DONE ? UNREACHABLE : code;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "");
    return finish_output(run_command_line(argc, argv));
}
