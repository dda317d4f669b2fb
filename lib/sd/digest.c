/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of the canonical SDDL. The text is hashed as it is made, through a buffer on the
 * stack, so that nothing is allocated however large the descriptor is. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/error.h"
#include "lib/sd/descriptor.h"

/* Most descriptors fit, and then SHA-256 is called once. */
#define CHUNK 4096

struct rrsmb_digest {
    EVP_MD_CTX *context;
    EVP_MD *algorithm;
};

struct hashing {
    EVP_MD_CTX *context;
    int ok;
};

static void hash_chunk(void *context, const uint8_t *bytes, size_t length)
{
    struct hashing *hashing = context;
    hashing->ok = hashing->ok && EVP_DigestUpdate(hashing->context, bytes, length);
}

rrsmb_status rrsmb_digest_new(rrsmb_digest **digest)
{
    ENSURE(digest, RRSMB_INVALID_ARGUMENT, "new digest: NULL was given for the result");
    *digest = NULL;
    rrsmb_digest *made = calloc(1, sizeof *made);
    if (!made)
        return FAIL(RRSMB_NO_MEMORY, "new digest: out of memory");
    made->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    made->context = EVP_MD_CTX_new();
    if (!made->algorithm || !made->context ||
        !EVP_DigestInit_ex2(made->context, made->algorithm, NULL)) {
        rrsmb_digest_free(made);
        return FAIL(RRSMB_NO_MEMORY, "new digest: OpenSSL gives no SHA-256");
    }
    *digest = made;
    return RRSMB_OK;
}

void rrsmb_digest_free(rrsmb_digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->algorithm);
    free(digest);
}

rrsmb_status rrsmb_digest_view(rrsmb_digest *digest, const rrsmb_sd_view *view,
                               uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    ENSURE(digest && view && hash, RRSMB_INVALID_ARGUMENT, "digest: NULL was given");
    /* Without an algorithm the context keeps the one it has, and its memory. */
    struct hashing hashing = {digest->context, EVP_DigestInit_ex2(digest->context, NULL, NULL)};
    uint8_t chunk[CHUNK];
    struct output out = output_to(chunk, sizeof chunk);
    out.hand_on = hash_chunk;
    out.context = &hashing;
    sd_put_text(&out, view);
    hash_chunk(&hashing, chunk, out.used);
    if (!hashing.ok || !EVP_DigestFinal_ex(digest->context, hash, NULL))
        return FAIL(RRSMB_NO_MEMORY, "digest: OpenSSL failed to hash");
    return RRSMB_OK;
}

rrsmb_status rrsmb_digest_sd(rrsmb_digest *digest, const void *sd, size_t length,
                             uint8_t hash[RRSMB_SD_DIGEST_SIZE])
{
    rrsmb_sd_view view;
    TRY(sd_parse(sd, length, &view));
    return rrsmb_digest_view(digest, &view, hash);
}

static void cleanup_digest(rrsmb_digest **digest)
{
    rrsmb_digest_free(*digest);
}

rrsmb_status rrsmb_sd_digest(const void *sd, size_t length, uint8_t digest[RRSMB_SD_DIGEST_SIZE])
{
    rrsmb_sd_view view;
    TRY(sd_parse(sd, length, &view));
    CLEANUP(cleanup_digest) rrsmb_digest *handle = NULL;
    TRY(rrsmb_digest_new(&handle));
    return rrsmb_digest_view(handle, &view, digest);
}
