/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a binary descriptor: refused, or carried whole into SDDL and back. */
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

static char *text_of(const void *sd, size_t size, size_t *length)
{
    MUST(rrsmb_sd_to_sddl(sd, size, NULL, 0, length) == RRSMB_BUFFER_TOO_SMALL);
    char *text = malloc(*length + 1);
    MUST(text && rrsmb_sd_to_sddl(sd, size, text, *length + 1, length) == RRSMB_OK);
    return text;
}

static void check_refused(const uint8_t *data, size_t size, rrsmb_status status)
{
    size_t length;
    const rrsmb_error *error = rrsmb_error_last();
    MUST(rrsmb_status_class(status) == RRSMB_CLASS_INPUT);
    MUST(error->offset <= size && error->message[0] != '\0');
    MUST(rrsmb_sd_to_sddl(data, size, NULL, 0, &length) == status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t canonical[RRSMB_SD_SIZE_MAX];
    static uint8_t again[RRSMB_SD_SIZE_MAX];
    size_t canonical_length;
    rrsmb_status status =
        rrsmb_sd_canonicalize(data, size, canonical, sizeof canonical, &canonical_length);
    if (status != RRSMB_OK) {
        check_refused(data, size, status);
        return 0;
    }
    size_t length;
    MUST(rrsmb_sd_canonicalize(canonical, canonical_length, again, sizeof again, &length) ==
         RRSMB_OK);
    MUST(length == canonical_length && memcmp(again, canonical, length) == 0);
    size_t text_length;
    size_t second_length;
    char *text = text_of(data, size, &text_length);
    char *second = text_of(canonical, canonical_length, &second_length);
    MUST(text_length == second_length && memcmp(text, second, text_length) == 0);
    MUST(rrsmb_sd_from_sddl(text, text_length, NULL, again, sizeof again, &length) == RRSMB_OK);
    MUST(length == canonical_length && memcmp(again, canonical, length) == 0);
    free(text);
    free(second);
    return 0;
}
