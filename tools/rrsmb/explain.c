/* SPDX-License-Identifier: Apache-2.0 */
/* rrsmb sddl explain: a descriptor in words, as a table or as JSON. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* rrsmb_rights_text() says that this always suffices. */
#define RIGHTS_SIZE 1024
/* rrsmb_ace_flags_text() says so too. */
#define FLAGS_SIZE 17

/* What the control bits of a descriptor say of one of its ACLs. */
struct acl_bits {
    const char *name;
    const char *json_name;
    uint16_t is_protected;
    uint16_t auto_inherited;
    uint16_t inherit_required;
};

static const struct acl_bits dacl_bits = {"DACL", "dacl", RRSMB_SD_DACL_PROTECTED,
                                          RRSMB_SD_DACL_AUTO_INHERITED, RRSMB_SD_DACL_INHERIT_REQ};
static const struct acl_bits sacl_bits = {"SACL", "sacl", RRSMB_SD_SACL_PROTECTED,
                                          RRSMB_SD_SACL_AUTO_INHERITED, RRSMB_SD_SACL_INHERIT_REQ};

/* An ACE in words. */
struct words {
    char sid[RRSMB_SID_TEXT_SIZE];
    const char *name; /* of the SID, or NULL */
    char flags[FLAGS_SIZE];
    char rights[RIGHTS_SIZE];
    char *data; /* condition or resource attribute, allocated; NULL: none */
};

static void cleanup_words(struct words *words)
{
    free(words->data);
}

static rrsmb_status sid_in_words(const void *sid, size_t sid_length, char text[RRSMB_SID_TEXT_SIZE],
                                 const char **name)
{
    size_t length = 0;
    *name = rrsmb_sid_name(sid, sid_length);
    return rrsmb_sid_to_text(sid, sid_length, text, RRSMB_SID_TEXT_SIZE, &length);
}

static rrsmb_status data_in_words(const rrsmb_ace *ace, char **text)
{
    size_t length = 0;
    *text = NULL;
    if (ace->data == NULL)
        return RRSMB_OK;
    rrsmb_status status = rrsmb_ace_data_text(ace, NULL, 0, &length);
    if (status != RRSMB_BUFFER_TOO_SMALL)
        return status;
    *text = malloc(length + 1);
    if (*text == NULL)
        return RRSMB_NO_MEMORY;
    return rrsmb_ace_data_text(ace, *text, length + 1, &length);
}

static rrsmb_status ace_in_words(const rrsmb_ace *ace, struct words *words)
{
    size_t length = 0;
    words->data = NULL;
    rrsmb_status status = sid_in_words(ace->sid, ace->sid_length, words->sid, &words->name);
    if (status == RRSMB_OK)
        status = rrsmb_ace_flags_text(ace->flags, words->flags, sizeof words->flags, &length);
    if (status == RRSMB_OK)
        status =
            rrsmb_rights_text(ace->type, ace->mask, words->rights, sizeof words->rights, &length);
    if (status == RRSMB_OK)
        status = data_in_words(ace, &words->data);
    return status;
}

/* ---- The table ------------------------------------------------------------------------------ */

static rrsmb_status print_trustee(FILE *out, const char *what, const uint8_t *sid,
                                  size_t sid_length)
{
    char text[RRSMB_SID_TEXT_SIZE];
    const char *name = NULL;
    if (sid == NULL) {
        (void)fprintf(out, "%s: none\n", what);
        return RRSMB_OK;
    }
    rrsmb_status status = sid_in_words(sid, sid_length, text, &name);
    if (status == RRSMB_OK && name != NULL)
        (void)fprintf(out, "%s: %s (%s)\n", what, name, text);
    else if (status == RRSMB_OK)
        (void)fprintf(out, "%s: %s\n", what, text);
    return status;
}

/* What an ACL that holds no list means. Each of the three means something else. */
static const char *meaning_of_none(const rrsmb_acl_view *acl, int is_dacl)
{
    if (acl->state == RRSMB_ACL_ABSENT)
        return "absent";
    if (acl->state == RRSMB_ACL_NULL)
        return is_dacl ? "NULL: everybody may do everything" : "NULL";
    return is_dacl ? "empty: nobody may do anything" : "empty";
}

static void print_flags(FILE *out, const rrsmb_ace *ace)
{
    for (unsigned flag = RRSMB_ACE_NO_PROPAGATE; flag <= RRSMB_ACE_AUDIT_FAILURE; flag <<= 1)
        if ((ace->flags & flag) != 0 && flag != RRSMB_ACE_INHERIT_ONLY)
            (void)fprintf(out, "; %s", rrsmb_ace_flag_name((uint8_t)flag));
}

static void print_guid(FILE *out, const char *what, const uint8_t *guid)
{
    char text[37];
    if (guid == NULL)
        return;
    rrsmb_guid_text(guid, text);
    (void)fprintf(out, "      %s %s\n", what, text);
}

static rrsmb_status print_ace(FILE *out, const rrsmb_ace *ace)
{
    struct words words CLEANUP(cleanup_words) = {.data = NULL};
    rrsmb_status status = ace_in_words(ace, &words);
    if (status != RRSMB_OK)
        return status;
    (void)fprintf(out, "  %-3d %-17s %-32s %s\n", ace->index + 1, rrsmb_ace_type_name(ace->type),
                  words.name != NULL ? words.name : words.sid, words.rights);
    (void)fprintf(out, "      %s", rrsmb_ace_applies_to(ace->flags));
    print_flags(out, ace);
    (void)fprintf(out, "\n");
    print_guid(out, "for", ace->object_type);
    print_guid(out, "inherited by", ace->inherited_object_type);
    if (words.data != NULL) {
        (void)fprintf(out, "      ");
        print_safe(out, words.data);
        (void)fprintf(out, "\n");
    }
    return RRSMB_OK;
}

static rrsmb_status print_acl(FILE *out, const struct acl_bits *bits, const rrsmb_acl_view *acl,
                              uint16_t control)
{
    rrsmb_ace ace;
    (void)fprintf(out, "%s:  ", bits->name);
    if (acl->state != RRSMB_ACL_PRESENT || acl->count == 0)
        (void)fprintf(out, "%s", meaning_of_none(acl, bits == &dacl_bits));
    else
        (void)fprintf(out, "%u %s", acl->count, acl->count == 1 ? "entry" : "entries");
    if ((control & bits->is_protected) != 0)
        (void)fprintf(out, "; protected from inheritance");
    if ((control & bits->auto_inherited) != 0)
        (void)fprintf(out, "; auto-inherited");
    if ((control & bits->inherit_required) != 0)
        (void)fprintf(out, "; inheritance asked for");
    (void)fprintf(out, "\n");
    for (int more = rrsmb_acl_first(acl, &ace); more; more = rrsmb_acl_next(acl, &ace)) {
        rrsmb_status status = print_ace(out, &ace);
        if (status != RRSMB_OK)
            return status;
    }
    return RRSMB_OK;
}

static rrsmb_status print_table(FILE *out, const rrsmb_sd_view *view)
{
    rrsmb_status status = print_trustee(out, "owner", view->owner, view->owner_length);
    if (status == RRSMB_OK)
        status = print_trustee(out, "group", view->group, view->group_length);
    if (status == RRSMB_OK)
        status = print_acl(out, &dacl_bits, &view->dacl, view->control);
    if (status == RRSMB_OK)
        status = print_acl(out, &sacl_bits, &view->sacl, view->control);
    return status;
}

rrsmb_status explain_as_table(const void *sd, size_t sd_length, char **text)
{
    rrsmb_sd_view view;
    size_t length = 0;
    *text = NULL;
    rrsmb_status status = rrsmb_sd_parse(sd, sd_length, &view);
    if (status != RRSMB_OK)
        return status;
    FILE *out = open_memstream(text, &length);
    if (out == NULL)
        return RRSMB_NO_MEMORY;
    status = print_table(out, &view);
    if (fclose(out) != 0)
        return RRSMB_NO_MEMORY;
    if (status == RRSMB_OK && length > 0)
        (*text)[length - 1] = '\0'; /* the last newline: the caller prints one */
    return status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void add_sid(cJSON *json, const char *sid, const char *name)
{
    cJSON_AddStringToObject(json, "sid", sid);
    if (name != NULL)
        cJSON_AddStringToObject(json, "name", name);
}

static rrsmb_status add_trustee(cJSON *json, const char *what, const uint8_t *sid,
                                size_t sid_length)
{
    char text[RRSMB_SID_TEXT_SIZE];
    const char *name = NULL;
    if (sid == NULL) {
        cJSON_AddNullToObject(json, what);
        return RRSMB_OK;
    }
    rrsmb_status status = sid_in_words(sid, sid_length, text, &name);
    if (status == RRSMB_OK)
        add_sid(cJSON_AddObjectToObject(json, what), text, name);
    return status;
}

static void add_guid(cJSON *json, const char *what, const uint8_t *guid)
{
    char text[37];
    if (guid == NULL)
        return;
    rrsmb_guid_text(guid, text);
    cJSON_AddStringToObject(json, what, text);
}

static rrsmb_status add_ace(cJSON *list, const rrsmb_ace *ace)
{
    struct words words CLEANUP(cleanup_words) = {.data = NULL};
    rrsmb_status status = ace_in_words(ace, &words);
    if (status != RRSMB_OK)
        return status;
    char mask[16];
    (void)snprintf(mask, sizeof mask, "0x%" PRIx32, ace->mask);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToArray(list, json);
    cJSON_AddStringToObject(json, "type", rrsmb_ace_type_name(ace->type));
    cJSON_AddStringToObject(json, "code", rrsmb_ace_type_code(ace->type));
    add_sid(json, words.sid, words.name);
    cJSON_AddStringToObject(json, "mask", mask);
    cJSON_AddStringToObject(json, "rights", words.rights);
    cJSON_AddStringToObject(json, "flags", words.flags);
    cJSON_AddStringToObject(json, "applies_to", rrsmb_ace_applies_to(ace->flags));
    cJSON_AddBoolToObject(json, "inherited", (ace->flags & RRSMB_ACE_INHERITED) != 0);
    add_guid(json, "object_type", ace->object_type);
    add_guid(json, "inherited_object_type", ace->inherited_object_type);
    if (words.data != NULL)
        cJSON_AddStringToObject(json, "data", words.data);
    return RRSMB_OK;
}

static rrsmb_status add_acl(cJSON *json, const struct acl_bits *bits, const rrsmb_acl_view *acl,
                            uint16_t control)
{
    static const char *const states[] = {"absent", "null", "present"};
    rrsmb_ace ace;
    cJSON *object = cJSON_AddObjectToObject(json, bits->json_name);
    cJSON_AddStringToObject(object, "state", states[acl->state]);
    cJSON_AddBoolToObject(object, "protected", (control & bits->is_protected) != 0);
    cJSON_AddBoolToObject(object, "auto_inherited", (control & bits->auto_inherited) != 0);
    cJSON_AddBoolToObject(object, "inherit_required", (control & bits->inherit_required) != 0);
    cJSON *list = cJSON_AddArrayToObject(object, "aces");
    for (int more = rrsmb_acl_first(acl, &ace); more; more = rrsmb_acl_next(acl, &ace)) {
        rrsmb_status status = add_ace(list, &ace);
        if (status != RRSMB_OK)
            return status;
    }
    return RRSMB_OK;
}

rrsmb_status explain_as_json(const void *sd, size_t sd_length, char **text)
{
    rrsmb_sd_view view;
    *text = NULL;
    rrsmb_status status = rrsmb_sd_parse(sd, sd_length, &view);
    if (status != RRSMB_OK)
        return status;
    cJSON *json = cJSON_CreateObject();
    status = add_trustee(json, "owner", view.owner, view.owner_length);
    if (status == RRSMB_OK)
        status = add_trustee(json, "group", view.group, view.group_length);
    if (status == RRSMB_OK)
        status = add_acl(json, &dacl_bits, &view.dacl, view.control);
    if (status == RRSMB_OK)
        status = add_acl(json, &sacl_bits, &view.sacl, view.control);
    if (status == RRSMB_OK)
        *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return status == RRSMB_OK && *text == NULL ? RRSMB_NO_MEMORY : status;
}
