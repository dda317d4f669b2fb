/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests share: a store of each kind, each in a folder of its own. */
#ifndef RRSMB_TESTS_FIXTURE_H
#define RRSMB_TESTS_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <rrsmb/rrsmb.h>

enum store_kind { STORE_MEMORY, STORE_LMDB, STORE_KINDS };

/** The parameters of a test that runs over every kind of store. */
#define OVER_EVERY_STORE(suite, name)                                           \
    ParameterizedTestParameters(suite, name)                                    \
    {                                                                           \
        static enum store_kind kinds[STORE_KINDS] = {STORE_MEMORY, STORE_LMDB}; \
        return cr_make_param_array(enum store_kind, kinds, STORE_KINDS);        \
    }                                                                           \
    ParameterizedTest(enum store_kind *kind, suite, name)

#define cr_assert_ok(call)                                                               \
    do {                                                                                 \
        rrsmb_status status_ = (call);                                                   \
        cr_assert_eq(status_, RRSMB_OK, "%s: %s: %s", #call, rrsmb_status_name(status_), \
                     rrsmb_error_last()->message);                                       \
    } while (0)

#define cr_assert_status(call, expected)                                                           \
    do {                                                                                           \
        rrsmb_status status_ = (call);                                                             \
        cr_assert_eq(status_, (expected), "%s: %s, not %s: %s", #call, rrsmb_status_name(status_), \
                     rrsmb_status_name(expected), rrsmb_error_last()->message);                    \
    } while (0)

/** A folder for this test alone, removed by fixture_clear(). */
const char *fixture_folder(void);
/** The URI of a store in that folder, or in memory. */
const char *fixture_uri(enum store_kind kind);
/** Remove the folder. For .fini of a test. */
void fixture_clear(void);

/** A small canonical descriptor that differs for each number. */
struct test_sd {
    uint8_t bytes[256];
    size_t size;
};
struct test_sd test_sd_number(unsigned number);

/** A store and a share of it. */
struct opened {
    rrsmb_store *store;
    rrsmb_share *share;
};
/** Open the store of that kind and its share `share`. */
struct opened open_with(enum store_kind kind, const rrsmb_share_options *options);
struct opened open_kind(enum store_kind kind, rrsmb_generation_kind generation);
struct opened open_plain(enum store_kind kind);
void close_all(struct opened *o);

rrsmb_file_id id_of(const struct opened *o, uint64_t inode, uint64_t generation);
/** Give a file the descriptor of that number; the version of its row. */
uint64_t put(struct opened *o, rrsmb_file_id id, unsigned number);
/** The number of the descriptor that a file has; -1: none. */
int number_of(struct opened *o, rrsmb_file_id id);
rrsmb_stat stat_of(struct opened *o);
/** A check of the store finds nothing. */
void assert_clean(struct opened *o);

#endif
