/* SPDX-License-Identifier: Apache-2.0 */
#include <rrsmb/version.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *rrsmb_version(void)
{
    return TEXT(RRSMB_VERSION_MAJOR) "." TEXT(RRSMB_VERSION_MINOR) "." TEXT(RRSMB_VERSION_PATCH);
}

uint32_t rrsmb_version_number(void)
{
    return RRSMB_VERSION_NUMBER;
}
