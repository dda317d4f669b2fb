/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that turn one form of a descriptor into another. */
#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/sd/ace_type.h"
#include "lib/sd/condition.h"
#include "lib/sd/descriptor.h"
#include "lib/sd/resource_attribute.h"
#include "lib/sd/sid.h"

rrsmb_status output_finish(const struct output *out, size_t needed, const char *what)
{
    if (needed > out->capacity || out->used < needed)
        return FAIL(RRSMB_BUFFER_TOO_SMALL, "%s needs %zu bytes, more than were given", what,
                    needed);
    return RRSMB_OK;
}

rrsmb_status ace_check_data(const rrsmb_ace *ace, const char *acl)
{
    if (ace_type_get(ace->type)->shape & ACE_CALLBACK)
        return condition_check(ace, acl);
    return attribute_check(ace, acl);
}

rrsmb_status rrsmb_sd_from_sddl(const char *text, size_t length, const rrsmb_sddl_options *options,
                                void *sd, size_t capacity, size_t *sd_length)
{
    ENSURE((text || length == 0) && sd_length && (sd || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "SDDL: NULL was given for the text or the result");
    rrsmb_sddl_options sddl_options;
    TRY(OPTIONS_LOAD(sddl_options, options));
    const char *begin = text ? text : "";
    struct input in = {
        .begin = begin, .at = begin, .end = begin + length, .options = &sddl_options};
    struct output out = output_to(sd, capacity);
    TRY(sddl_read(&in, &out));
    *sd_length = out.total;
    return output_finish(&out, out.total, "binary descriptor");
}

rrsmb_status rrsmb_sd_to_sddl(const void *sd, size_t length, char *text, size_t capacity,
                              size_t *text_length)
{
    ENSURE(text_length && (text || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "SDDL: NULL was given for the result");
    rrsmb_sd_view view;
    TRY(sd_parse(sd, length, &view));
    struct output out = output_to(text, capacity);
    sd_put_text(&out, &view);
    *text_length = out.total;
    output_byte(&out, '\0');
    return output_finish(&out, out.total, "SDDL");
}

rrsmb_status rrsmb_sd_canonicalize(const void *sd, size_t length, void *canonical, size_t capacity,
                                   size_t *canonical_length)
{
    ENSURE(canonical_length && (canonical || capacity == 0), RRSMB_INVALID_ARGUMENT,
           "canonical descriptor: NULL was given for the result");
    rrsmb_sd_view view;
    TRY(sd_parse(sd, length, &view));
    struct output out = output_to(canonical, capacity);
    sd_put(&out, &view);
    *canonical_length = out.total;
    return output_finish(&out, out.total, "canonical descriptor");
}
