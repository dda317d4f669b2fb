/* SPDX-License-Identifier: Apache-2.0 */
/* Store the ACL of a file and read it back:  cc first.c $(pkg-config --cflags --libs rrsmb) */
#include <rrsmb/rrsmb.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const char *sddl = "O:BAG:BAD:(A;;FA;;;BA)(A;;FR;;;WD)";
    rrsmb_store *store = NULL;
    rrsmb_share *share = NULL;
    rrsmb_file_id id;
    char sd[1024], text[1024];
    size_t size, length;

    if (rrsmb_store_open("memory:", NULL, &store) != RRSMB_OK ||
        rrsmb_share_open(store, "projects", NULL, &share) != RRSMB_OK ||
        rrsmb_file_id_from_inode(share, 4711, 0, &id) != RRSMB_OK ||
        rrsmb_sd_from_sddl(sddl, strlen(sddl), NULL, sd, sizeof sd, &size) != RRSMB_OK ||
        rrsmb_store_put(share, &id, sd, size, NULL, NULL) != RRSMB_OK ||
        rrsmb_store_get(share, &id, sd, sizeof sd, &size, NULL) != RRSMB_OK ||
        rrsmb_sd_to_sddl(sd, size, text, sizeof text, &length) != RRSMB_OK) {
        fprintf(stderr, "%s\n", rrsmb_error_last()->message);
        return 1;
    }
    puts(text);
    rrsmb_share_close(share);
    rrsmb_store_close(store);
    return 0;
}
