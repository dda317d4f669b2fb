/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: hash, conversion and access check of eight ACEs, taking turns with OpenSSL's SHA-256
 * of the same text (EVP, one context for all calls). Prints JSON with the medians.
 *
 * bench_sd SDDL SID...: the same descriptor and token as the caller gives to Samba. */
#include <openssl/evp.h>
#include <rrsmb/rrsmb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 31
#define CALLS 5000
#define SIDS_MAX 64

#define MUST(condition)                                                                     \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "bench_sd: %s: %s\n", #condition, rrsmb_error_last()->message); \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

static uint8_t sd[4096];
static size_t sd_length;
static char text[8192];
static size_t text_length;
static rrsmb_sd_view view;
static rrsmb_token *token;
static EVP_MD *algorithm;
static EVP_MD_CTX *context;
static volatile uint32_t sink;

/* CPU time: other work on the machine must not count. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void hash_here(void)
{
    uint8_t hash[RRSMB_SD_DIGEST_SIZE];
    MUST(rrsmb_sd_digest(sd, sd_length, hash) == RRSMB_OK);
    sink = hash[0];
}

static void hash_openssl(void)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    MUST(EVP_DigestInit_ex2(context, algorithm, NULL) &&
         EVP_DigestUpdate(context, text, text_length) && EVP_DigestFinal_ex(context, hash, NULL));
    sink = hash[0];
}

static void to_sddl(void)
{
    char out[sizeof text];
    size_t length;
    MUST(rrsmb_sd_to_sddl(sd, sd_length, out, sizeof out, &length) == RRSMB_OK);
    sink = (uint32_t)length;
}

static void from_sddl(void)
{
    uint8_t out[sizeof sd];
    size_t length;
    MUST(rrsmb_sd_from_sddl(text, text_length, NULL, out, sizeof out, &length) == RRSMB_OK);
    sink = (uint32_t)length;
}

static void canonicalize(void)
{
    uint8_t out[sizeof sd];
    size_t length;
    MUST(rrsmb_sd_canonicalize(sd, sd_length, out, sizeof out, &length) == RRSMB_OK);
    sink = (uint32_t)length;
}

static void access_check(void)
{
    uint32_t granted;
    MUST(rrsmb_sd_access_check(&view, token, 0x120089, &granted) == RRSMB_OK);
    sink = granted;
}

static const struct {
    const char *name;
    void (*run)(void);
} subjects[] = {
    {"hash_ns", hash_here},
    {"openssl_ns", hash_openssl},
    {"to_sddl_ns", to_sddl},
    {"from_sddl_ns", from_sddl},
    {"canonicalize_ns", canonicalize},
    {"access_check_ns", access_check},
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void make_token(char **texts, int count)
{
    static uint8_t bytes[SIDS_MAX][RRSMB_SID_SIZE_MAX];
    static rrsmb_token_sid sids[SIDS_MAX];
    MUST(count > 0 && count <= SIDS_MAX);
    for (int i = 0; i < count; i++) {
        MUST(rrsmb_sid_from_text(texts[i], strlen(texts[i]), NULL, bytes[i], RRSMB_SID_SIZE_MAX,
                                 &sids[i].length) == RRSMB_OK);
        sids[i].sid = bytes[i];
    }
    rrsmb_token_options options = {
        .size = sizeof options, .sids = sids, .sid_count = (size_t)count};
    MUST(rrsmb_token_new(&options, &token) == RRSMB_OK);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_sd SDDL SID...\n");
        return 2;
    }
    MUST(rrsmb_sd_from_sddl(argv[1], strlen(argv[1]), NULL, sd, sizeof sd, &sd_length) == RRSMB_OK);
    MUST(rrsmb_sd_to_sddl(sd, sd_length, text, sizeof text, &text_length) == RRSMB_OK);
    MUST(rrsmb_sd_parse(sd, sd_length, &view) == RRSMB_OK);
    make_token(argv + 2, argc - 2);
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    context = EVP_MD_CTX_new();
    MUST(algorithm && context);

    static double times[SUBJECTS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SUBJECTS; i++) {
            double began = now();
            for (int call = 0; call < CALLS; call++)
                subjects[i].run();
            times[i][round] = (now() - began) / CALLS;
        }
    }
    printf("{\"bench\":\"sd\",\"aces\":%u,\"sd_bytes\":%zu,\"sddl_bytes\":%zu,\"sids\":%d",
           view.dacl.count, sd_length, text_length, argc - 2);
    for (int i = 0; i < SUBJECTS; i++) {
        qsort(times[i], ROUNDS, sizeof times[i][0], by_value);
        printf(",\"%s\":%.0f", subjects[i].name, times[i][ROUNDS / 2]);
    }
    printf(",\"hash_ratio\":%.2f}\n", times[0][ROUNDS / 2] / times[1][ROUNDS / 2]);
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
    rrsmb_token_free(token);
    return 0;
}
