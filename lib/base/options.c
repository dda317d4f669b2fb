/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/options.h"

#include <string.h>

#include "lib/base/error.h"

rrsmb_status options_load(void *ours, size_t size, const void *callers, const char *type)
{
    memset(ours, 0, size);
    *(size_t *)ours = size;
    if (callers == NULL)
        return RRSMB_OK;

    size_t given = *(const size_t *)callers;
    ENSURE(given >= sizeof(size_t), RRSMB_INVALID_ARGUMENT,
           "%s: the size field is %zu; set it to the size of the struct", type, given);
    const unsigned char *bytes = callers;
    for (size_t i = size; i < given; i++)
        ENSURE(bytes[i] == 0, RRSMB_INVALID_ARGUMENT,
               "%s: byte %zu is set, but this library (%s) knows the first %zu only", type, i,
               rrsmb_version(), size);
    memcpy((unsigned char *)ours + sizeof(size_t), bytes + sizeof(size_t),
           (given < size ? given : size) - sizeof(size_t));
    return RRSMB_OK;
}

rrsmb_status result_check(const void *callers, const char *name)
{
    if (callers == NULL)
        return RRSMB_OK;
    size_t room = *(const size_t *)callers;
    ENSURE(room > sizeof(size_t), RRSMB_INVALID_ARGUMENT,
           "%s: the size field of the result is %zu; set it to the size of the struct", name, room);
    return RRSMB_OK;
}

void result_store(void *callers, const void *ours, size_t size)
{
    if (callers == NULL)
        return;
    size_t room = *(size_t *)callers;
    if (room <= sizeof(size_t))
        return;
    memcpy((unsigned char *)callers + sizeof(size_t), (const unsigned char *)ours + sizeof(size_t),
           (room < size ? room : size) - sizeof(size_t));
}
