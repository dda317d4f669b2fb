/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/base/process.h"
#include "lib/base/utf8.h"

Test(error, a_failure_is_told_in_words_with_its_class)
{
    cr_assert_eq(FAIL_AT(RRSMB_BAD_SDDL, 17, "reading %s", "it"), RRSMB_BAD_SDDL);
    const rrsmb_error *last = rrsmb_error_last();
    cr_assert_eq(last->status, RRSMB_BAD_SDDL);
    cr_assert_eq(last->class_, RRSMB_CLASS_INPUT);
    cr_assert_eq(last->offset, 17u);
    cr_assert_str_eq(last->message, "reading it");
    cr_assert_not_null(strstr(last->source, "test_base.c:"));
}

Test(error, before_any_failure_there_is_an_empty_one)
{
    cr_assert_eq(rrsmb_error_last()->status, RRSMB_OK);
    cr_assert_str_eq(rrsmb_error_last()->message, "");
    cr_assert_eq(rrsmb_error_last()->offset, RRSMB_NO_OFFSET);
}

static void *fail_elsewhere(void *unused)
{
    (void)FAIL(RRSMB_DAMAGED, "another thread's");
    return unused;
}

Test(error, each_thread_has_its_own)
{
    pthread_t thread;
    (void)FAIL(RRSMB_NOT_FOUND, "mine");
    cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_str_eq(rrsmb_error_last()->message, "mine");
}

Test(error, a_prefix_goes_in_front_and_keeps_the_status)
{
    (void)FAIL(RRSMB_DAMAGED, "the cause");
    cr_assert_eq(error_prefix("share '%s'", "x"), RRSMB_DAMAGED);
    cr_assert_str_eq(rrsmb_error_last()->message, "share 'x': the cause");
}

Test(error, a_long_message_is_cut_not_overrun)
{
    char text[5000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)FAIL(RRSMB_DAMAGED, "%s", text);
    (void)error_prefix("%s", text);
    size_t length = strlen(rrsmb_error_last()->message);
    cr_assert(length > 500 && length < 2000);
}

Test(error, the_class_is_in_the_number)
{
    cr_assert_eq(rrsmb_status_class(RRSMB_OK), RRSMB_CLASS_OK);
    cr_assert_eq(rrsmb_status_class(RRSMB_INVALID_ARGUMENT), RRSMB_CLASS_USAGE);
    cr_assert_eq(rrsmb_status_class(RRSMB_UNKNOWN), RRSMB_CLASS_UNKNOWN);
    cr_assert_eq(rrsmb_status_class(-1), RRSMB_CLASS_UNKNOWN);
    cr_assert_eq(rrsmb_status_class(99999), RRSMB_CLASS_UNKNOWN);
    cr_assert_str_eq(rrsmb_status_name(RRSMB_NEWER_FORMAT), "NEWER_FORMAT");
    cr_assert_str_eq(rrsmb_status_name(12345), "?");
}

Test(version, the_library_agrees_with_its_headers)
{
    cr_assert_eq(rrsmb_version_number(), RRSMB_VERSION_NUMBER);
    cr_assert_str_eq(rrsmb_version(), "0.1.0");
}

struct sample {
    size_t size;
    uint32_t one;
    uint32_t two;
};
struct grown_sample {
    struct sample known;
    uint64_t three;
};

Test(options, null_means_all_defaults)
{
    struct sample ours;
    cr_assert_ok(OPTIONS_LOAD(ours, NULL));
    cr_assert(ours.one == 0 && ours.two == 0 && ours.size == sizeof ours);
}

Test(options, a_shorter_struct_is_filled_up_with_zeros)
{
    struct sample theirs = {.size = offsetof(struct sample, two), .one = 1, .two = 99};
    struct sample ours;
    cr_assert_ok(OPTIONS_LOAD(ours, &theirs));
    cr_assert(ours.one == 1 && ours.two == 0);
}

Test(options, a_longer_struct_is_taken_while_the_rest_is_zero)
{
    struct grown_sample theirs = {.known = {.size = sizeof theirs, .one = 1}};
    struct sample ours;
    cr_assert_ok(OPTIONS_LOAD(ours, &theirs));
    cr_assert_eq(ours.one, 1u);
    theirs.three = 1;
    cr_assert_status(OPTIONS_LOAD(ours, &theirs), RRSMB_INVALID_ARGUMENT);
}

Test(options, a_struct_without_a_size_is_refused)
{
    struct sample theirs = {.size = 0, .one = 1};
    struct sample ours;
    cr_assert_status(OPTIONS_LOAD(ours, &theirs), RRSMB_INVALID_ARGUMENT);
}

Test(options, a_result_is_written_no_further_than_the_caller_knows)
{
    struct sample ours = {.one = 1, .two = 2};
    struct sample theirs = {.size = offsetof(struct sample, two), .one = 8, .two = 9};
    RESULT_STORE(&theirs, ours);
    cr_assert(theirs.one == 1 && theirs.two == 9);
    RESULT_STORE(NULL, ours);
}

Test(options, a_result_without_a_size_is_refused_and_none_at_all_is_not)
{
    struct sample forgotten = {.size = 0};
    struct sample bare = {.size = sizeof(size_t)};
    struct sample theirs = {.size = offsetof(struct sample, two)};
    cr_assert_status(RESULT_CHECK(&forgotten), RRSMB_INVALID_ARGUMENT);
    cr_assert_status(RESULT_CHECK(&bare), RRSMB_INVALID_ARGUMENT);
    cr_assert_ok(RESULT_CHECK(&theirs));
    cr_assert_ok(RESULT_CHECK(NULL));
}

Test(deadline, no_wait_is_in_the_past_and_zero_is_the_default)
{
    cr_assert_eq(deadline_after(RRSMB_NO_WAIT, 5), DEADLINE_NOW);
    int64_t before = clock_monotonic();
    int64_t deadline = deadline_after(0, 60000);
    cr_assert(deadline >= before + 60000 * NANOSECONDS_PER_MS);
    cr_assert(deadline_after(1, 60000) < deadline);
}

Test(bytes, big_endian_keys_sort_as_numbers_do)
{
    uint8_t low[8];
    uint8_t high[8];
    put_be64(low, 0x00000000000000ff);
    put_be64(high, 0x0000000000000100);
    cr_assert_lt(memcmp(low, high, 8), 0);
    cr_assert_eq(get_be64(high), 0x100u);
    put_le64(low, 0x0102030405060708);
    cr_assert_eq(low[0], 8);
    cr_assert_eq(get_le64(low), 0x0102030405060708u);
}

Test(bytes, little_endian_values_stand_at_any_address)
{
    uint8_t bytes[7] = {0};
    put_le16(bytes + 1, 0x0102);
    put_le32(bytes + 3, 0x03040506);
    cr_assert_arr_eq(bytes, ((uint8_t[]){0, 2, 1, 6, 5, 4, 3}), sizeof bytes);
    cr_assert_eq(get_le16(bytes + 1), 0x0102u);
    cr_assert_eq(get_le32(bytes + 3), 0x03040506u);
}

Test(process, a_child_has_another_epoch)
{
    unsigned mine = process_epoch();
    pid_t child = fork();
    if (child == 0)
        _exit(process_epoch() == mine ? 1 : 0);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_eq(process_epoch(), mine);
}

static size_t valid(const char *text)
{
    return utf8_valid_prefix(text, strlen(text));
}

Test(utf8, well_formed_text_is_valid_to_its_end)
{
    cr_assert_eq(valid(""), 0u);
    cr_assert_eq(valid("plain"), 5u);
    cr_assert_eq(valid("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"), 13u);
}

Test(utf8, the_first_bad_byte_ends_it)
{
    cr_assert_eq(valid("a\xff"), 1u);
    cr_assert_eq(valid("ab\xc3"), 2u);             /* cut off */
    cr_assert_eq(valid("ab\xc0\x80"), 2u);         /* overlong zero */
    cr_assert_eq(valid("ab\xe0\x9f\xbf"), 2u);     /* overlong */
    cr_assert_eq(valid("ab\xed\xa0\x80"), 2u);     /* surrogate */
    cr_assert_eq(valid("ab\xf4\x90\x80\x80"), 2u); /* past U+10FFFF */
    cr_assert_eq(valid("ab\xf0\x8f\xbf\xbf"), 2u);
    cr_assert_eq(valid("ab\xe2\x82z"), 2u);
    cr_assert_eq(valid("\x80"), 0u);
}
