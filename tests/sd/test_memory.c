/* SPDX-License-Identifier: Apache-2.0 */
/* What allocates, and what happens when it cannot. The linker routes calls here (--wrap). */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tests/sd/support.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long allocations;  /* seen since they were last set to 0 */
static long fail_at = -1; /* the allocation that fails, counted from 0; -1: none */

static int fails(void)
{
    return allocations++ == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* OpenSSL takes such functions only before it allocates for the first time. */
static int openssl_is_watched;

__attribute__((constructor)) static void watch_openssl(void)
{
    openssl_is_watched = CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

static const char everything[] =
    "O:BAG:SYD:PAI(A;OICI;FA;;;WD)(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;BA)"
    "(XA;;FX;;;WD;(@User.a == {1,\"x\",SID(BA)} && !(Exists @Resource.b)))"
    "S:(RA;;;;;WD;(\"b\",TS,0,\"x\",\"y\"))(ML;;NW;;;LW)";

Test(memory, is_not_allocated_to_convert_compare_or_walk)
{
    struct blob *blob = encode(everything);
    uint8_t *sd = malloc(RRSMB_SD_SIZE_MAX);
    char text[2048];
    size_t length;
    int equal;
    rrsmb_sd_view view;
    rrsmb_ace ace;
    allocations = 0;
    cr_assert_eq(
        rrsmb_sd_from_sddl(everything, strlen(everything), NULL, sd, RRSMB_SD_SIZE_MAX, &length),
        RRSMB_OK);
    cr_assert_eq(rrsmb_sd_to_sddl(sd, length, text, sizeof text, &length), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_canonicalize(blob->bytes, blob->length, sd, RRSMB_SD_SIZE_MAX, &length),
                 RRSMB_OK);
    cr_assert_eq(rrsmb_sd_merge(blob->bytes, blob->length, blob->bytes, blob->length, RRSMB_SD_DACL,
                                sd, RRSMB_SD_SIZE_MAX, &length),
                 RRSMB_OK);
    cr_assert_eq(rrsmb_sd_equal(sd, length, blob->bytes, blob->length, &equal), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_parse(sd, length, &view), RRSMB_OK);
    for (int more = rrsmb_acl_first(&view.dacl, &ace); more;
         more = rrsmb_acl_next(&view.dacl, &ace))
        cr_assert_eq(rrsmb_rights_text(ace.type, ace.mask, text, sizeof text, &length), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_build(&view, sd, RRSMB_SD_SIZE_MAX, &length), RRSMB_OK);
    cr_expect_eq(rrsmb_sd_to_sddl("x", 1, text, sizeof text, &length), RRSMB_BAD_SD);
    long seen = allocations;
    cr_expect_eq(seen, 0);
    free(sd);
    free(blob);
}

Test(memory, that_fails_makes_no_token_and_no_leak)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    const rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    const char *const claims[] = {"(\"a\",TI,0,1)", "(\"b\",TS,0,\"x\")"};
    const rrsmb_token_options options = {.size = sizeof options,
                                         .sids = &sid,
                                         .sid_count = 1,
                                         .device_sids = &sid,
                                         .device_sid_count = 1,
                                         .user_claims = claims,
                                         .user_claim_count = 2,
                                         .device_claims = claims,
                                         .device_claim_count = 1,
                                         .local_claims = claims,
                                         .local_claim_count = 2};
    long failures = 0;
    for (fail_at = 0;; fail_at++) {
        rrsmb_token *token = NULL;
        allocations = 0;
        rrsmb_status status = rrsmb_token_new(&options, &token);
        if (status == RRSMB_OK) {
            fail_at = -1;
            rrsmb_token_free(token);
            break;
        }
        cr_assert_eq(status, RRSMB_NO_MEMORY);
        cr_assert_null(token);
        failures++;
    }
    cr_expect_eq(failures, 11, "token, two sets of SIDs, three of claims, five claims: %ld",
                 failures);
}

Test(memory, is_not_allocated_by_a_digest)
{
    struct blob *blob = encode(everything);
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    cr_assert(openssl_is_watched);
    allocations = 0;
    EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
    cr_assert_gt(allocations, 2, "what OpenSSL allocates is counted");
    allocations = 0;
    cr_assert_eq(rrsmb_sd_digest(blob->bytes, blob->length, hash), RRSMB_OK);
    long seen = allocations;
    cr_expect_eq(seen, 0);
    free(blob);
}

Test(memory, is_not_allocated_by_an_access_check)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    const rrsmb_token_sid sid = {everyone, sizeof everyone, 0};
    const rrsmb_token_options options = {.size = sizeof options, .sids = &sid, .sid_count = 1};
    struct blob *blob = encode(everything);
    rrsmb_token *token;
    rrsmb_sd_view view;
    uint32_t granted;
    cr_assert_eq(rrsmb_token_new(&options, &token), RRSMB_OK);
    cr_assert_eq(rrsmb_sd_parse(blob->bytes, blob->length, &view), RRSMB_OK);
    allocations = 0;
    cr_assert_eq(rrsmb_sd_access_check(&view, token, RRSMB_MAXIMUM_ALLOWED, &granted), RRSMB_OK);
    long seen = allocations;
    cr_expect_eq(seen, 0);
    rrsmb_token_free(token);
    free(blob);
}
