/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of earlier versions: their canonical form and hash must never change. */
#include "tests/sd/support.h"

struct entry {
    char *hash;
    char *sddl;
    char *canonical;
};

/* Spaces within a field are written as tabs, an empty field as "-". */
static char *field_of(char **rest)
{
    char *field = strsep(rest, " \n");
    cr_assert_not_null(field);
    for (char *c = field; *c; c++) {
        if (*c == '\t')
            *c = ' ';
    }
    return strcmp(field, "-") == 0 ? field + 1 : field;
}

static int next_entry(FILE *file, char **line, size_t *size, struct entry *entry)
{
    do {
        if (getline(line, size, file) < 0)
            return 0;
    } while (**line == '#');
    char *rest = *line;
    entry->hash = field_of(&rest);
    entry->sddl = field_of(&rest);
    entry->canonical = field_of(&rest);
    return 1;
}

static void expect_hash(const struct blob *blob, const struct entry *entry)
{
    uint8_t digest[RRSMB_SD_DIGEST_SIZE];
    char hash[2 * RRSMB_SD_DIGEST_SIZE + 1];
    cr_assert_eq(rrsmb_sd_digest(blob->bytes, blob->length, digest), RRSMB_OK);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
    cr_expect_str_eq(hash, entry->hash, "%s", entry->sddl);
}

Test(golden, canonical_forms_and_hashes_stay)
{
    FILE *file = fopen(GOLDEN, "r");
    cr_assert_not_null(file);
    char *line = NULL;
    size_t size = 0;
    size_t count = 0;
    for (struct entry entry; next_entry(file, &line, &size, &entry); count++) {
        struct blob *blob = encode(entry.sddl);
        expect_hash(blob, &entry);
        free(blob);
        expect_canon(entry.sddl, entry.canonical);
    }
    cr_expect_geq(count, 500);
    free(line);
    fclose(file);
}
