/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as SDDL: refused with a position, or read into a canonical binary that says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rrsmb/rrsmb.h>

#define MUST(condition)   \
    do {                  \
        if (!(condition)) \
            abort();      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const rrsmb_sddl_options domain = {sizeof domain, "S-1-5-21-1-2-3"};
    static uint8_t sd[RRSMB_SD_SIZE_MAX];
    static uint8_t again[RRSMB_SD_SIZE_MAX];
    size_t sd_length;
    rrsmb_status status =
        rrsmb_sd_from_sddl((const char *)data, size, &domain, sd, sizeof sd, &sd_length);
    if (status != RRSMB_OK) {
        const rrsmb_error *error = rrsmb_error_last();
        MUST(rrsmb_status_class(status) == RRSMB_CLASS_INPUT);
        MUST(error->offset <= size && error->message[0] != '\0');
        return 0;
    }
    size_t length;
    MUST(rrsmb_sd_canonicalize(sd, sd_length, again, sizeof again, &length) == RRSMB_OK);
    MUST(length == sd_length && memcmp(again, sd, length) == 0);
    size_t text_length;
    MUST(rrsmb_sd_to_sddl(sd, sd_length, NULL, 0, &text_length) == RRSMB_BUFFER_TOO_SMALL);
    char *text = malloc(text_length + 1);
    MUST(text && rrsmb_sd_to_sddl(sd, sd_length, text, text_length + 1, &text_length) == RRSMB_OK);
    MUST(rrsmb_sd_from_sddl(text, text_length, NULL, again, sizeof again, &length) == RRSMB_OK);
    MUST(length == sd_length && memcmp(again, sd, length) == 0);
    free(text);
    return 0;
}
