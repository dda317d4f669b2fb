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

/* Made once: who asks, with claims of the names that the seeds use. */
static const rrsmb_token *token(void)
{
    static rrsmb_token *made;
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    static const rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    static const char *const claims[] = {"(\"a\",TI,0,1,2)", "(\"Title\",TS,0,\"PM\")",
                                         "(\"b\",TU,0,1)",   "(\"c\",TB,0,1)",
                                         "(\"d\",TX,0,#01)", "(\"e\",TD,0,SID(BA))"};
    const rrsmb_token_options options = {.size = sizeof options,
                                         .sids = &sid,
                                         .sid_count = 1,
                                         .device_sids = &sid,
                                         .device_sid_count = 1,
                                         .user_claims = claims,
                                         .user_claim_count = 6,
                                         .device_claims = claims,
                                         .device_claim_count = 6,
                                         .local_claims = claims,
                                         .local_claim_count = 6};
    if (!made)
        MUST(rrsmb_token_new(&options, &made) == RRSMB_OK);
    return made;
}

/* A view can be walked, built again and asked; what it allows at most, it allows. */
static void check_view(const uint8_t *data, size_t size, const uint8_t *canonical,
                       size_t canonical_length)
{
    static uint8_t built[RRSMB_SD_SIZE_MAX];
    rrsmb_sd_view view;
    size_t length;
    uint32_t most;
    uint32_t granted;
    int equal;
    MUST(rrsmb_sd_parse(data, size, &view) == RRSMB_OK);
    MUST(rrsmb_sd_build(&view, built, sizeof built, &length) == RRSMB_OK);
    MUST(length == canonical_length && memcmp(built, canonical, length) == 0);
    MUST(rrsmb_sd_equal(data, size, canonical, canonical_length, &equal) == RRSMB_OK && equal);
    MUST(rrsmb_sd_access_check(&view, token(), RRSMB_MAXIMUM_ALLOWED, &most) == RRSMB_OK);
    MUST(rrsmb_sd_access_check(&view, token(), most, &granted) == RRSMB_OK && granted == most);
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
    check_view(data, size, canonical, canonical_length);
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
