/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of descriptors share. */
#ifndef RRSMB_TESTS_SD_SUPPORT_H
#define RRSMB_TESTS_SD_SUPPORT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rrsmb/rrsmb.h>

#define DOMAIN "S-1-5-21-1-2-3"

static const rrsmb_sddl_options support_domain = {sizeof(rrsmb_sddl_options), DOMAIN};

struct blob {
    uint8_t bytes[RRSMB_SD_SIZE_MAX];
    size_t length;
};

/** Read SDDL that must be good. */
__attribute__((unused)) static struct blob *encode(const char *sddl)
{
    struct blob *blob = malloc(sizeof *blob);
    cr_assert_not_null(blob);
    rrsmb_status status = rrsmb_sd_from_sddl(sddl, strlen(sddl), &support_domain, blob->bytes,
                                             sizeof blob->bytes, &blob->length);
    cr_assert_eq(status, RRSMB_OK, "%s: %s", sddl, rrsmb_error_last()->message);
    return blob;
}

/** The canonical SDDL of a binary that must be good. */
__attribute__((unused)) static char *decode(const void *sd, size_t length)
{
    size_t size;
    rrsmb_status status = rrsmb_sd_to_sddl(sd, length, NULL, 0, &size);
    cr_assert_eq(status, RRSMB_BUFFER_TOO_SMALL, "%s", rrsmb_error_last()->message);
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    cr_assert_eq(rrsmb_sd_to_sddl(sd, length, text, size + 1, &size), RRSMB_OK);
    cr_assert_eq(strlen(text), size);
    return text;
}

/** The canonical form of SDDL that must be good. */
__attribute__((unused)) static char *canon(const char *sddl)
{
    struct blob *blob = encode(sddl);
    char *text = decode(blob->bytes, blob->length);
    free(blob);
    return text;
}

/** SDDL has this canonical form, which is its own. */
__attribute__((unused)) static void expect_canon(const char *sddl, const char *expected)
{
    char *text = canon(sddl);
    cr_expect_str_eq(text, expected, "%s gives %s, not %s", sddl, text, expected);
    char *again = canon(text);
    cr_expect_str_eq(again, text, "the canonical form of %s is not canonical", sddl);
    free(again);
    free(text);
}

/** SDDL is refused with this status at this byte, and the message holds these words. */
__attribute__((unused)) static void expect_refused(const char *sddl, rrsmb_status expected,
                                                   size_t offset, const char *words)
{
    struct blob *blob = malloc(sizeof *blob);
    cr_assert_not_null(blob);
    rrsmb_status status = rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, blob->bytes,
                                             sizeof blob->bytes, &blob->length);
    free(blob);
    const rrsmb_error *error = rrsmb_error_last();
    cr_expect_eq(status, expected, "%s: %s, not %s", sddl, rrsmb_status_name(status),
                 rrsmb_status_name(expected));
    cr_expect_eq(error->offset, offset, "%s: refused at %zu, not %zu: %s", sddl, error->offset,
                 offset, error->message);
    cr_expect_not_null(strstr(error->message, words), "%s: \"%s\" lacks \"%s\"", sddl,
                       error->message, words);
}

#endif
