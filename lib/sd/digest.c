/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of the canonical SDDL. The text is hashed as it is made, through a buffer on the
 * stack: nothing is allocated, however large the descriptor is.
 *
 * OpenSSL's EVP interface allocates a state at every start of a hash (3.0: sha256_newctx in its
 * default provider) and looks the algorithm up; the older interface below it keeps the state here.
 * It is deprecated in favour of EVP, but part of every OpenSSL that is built with its defaults. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "lib/base/error.h"
#include "lib/sd/descriptor.h"

/* Most descriptors fit, and then the hash is updated once. */
#define CHUNK 4096

static void hash_chunk(void *context, const uint8_t *bytes, size_t length)
{
    (void)SHA256_Update(context, bytes, length); /* never fails */
}

rrsmb_status rrsmb_sd_digest_view(const rrsmb_sd_view *view, uint8_t digest[RRSMB_SD_DIGEST_SIZE])
{
    ENSURE(view && digest, RRSMB_INVALID_ARGUMENT, "digest: NULL was given");
    SHA256_CTX hash;
    uint8_t chunk[CHUNK];
    struct output out = output_to(chunk, sizeof chunk);
    out.hand_on = hash_chunk;
    out.context = &hash;
    (void)SHA256_Init(&hash);
    sd_put_text(&out, view);
    hash_chunk(&hash, chunk, out.used);
    (void)SHA256_Final(digest, &hash);
    return RRSMB_OK;
}

rrsmb_status rrsmb_sd_digest(const void *sd, size_t length, uint8_t digest[RRSMB_SD_DIGEST_SIZE])
{
    rrsmb_sd_view view;
    TRY(sd_parse(sd, length, &view));
    return rrsmb_sd_digest_view(&view, digest);
}
