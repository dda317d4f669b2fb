/* SPDX-License-Identifier: Apache-2.0 */
/* A test that leaks on purpose, and one that does not: see test_leak.py. */
#include <criterion/criterion.h>

static void *volatile sink;

static void leak_on_purpose(void)
{
    sink = malloc(4321);
    sink = NULL;
}

/* Nothing of the leaked pointer may be left in a register or on the stack. */
static void overwrite_stack(void)
{
    volatile char zeros[4096];
    for (size_t i = 0; i < sizeof zeros; i++)
        zeros[i] = 0;
}

Test(leak, is_made)
{
    leak_on_purpose();
    overwrite_stack();
}

Test(leak, is_not_made)
{
    sink = malloc(4321);
    free(sink);
}
