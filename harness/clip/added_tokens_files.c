/* Each file is read into the one list in the order in which they count; of the special tokens, to which others refer, there is first a list
 * of its own. */
#include "harness/clip/added_tokens_files.h"

#include "harness/base/memory.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MOST = 1 << 22 };

/* {"content": ..., "normalized": ..., "lstrip": ..., "rstrip": ..., "single_word": ..., "special": ...} */
static bool read_token(Json object, bool special, AddedToken *token, Error *err)
{
    const char *content;
    if (!json_string(object, "content", &content, err)) return false;
    special = special || strcmp(content, "<|startoftext|>") == 0 || strcmp(content, "<|endoftext|>") == 0;
    if (!json_bool_or(object, "special", special, &special, err) ||
        !json_bool_or(object, "normalized", !special, &token->normalised, err) ||
        !json_bool_or(object, "lstrip", false, &token->left, err) ||
        !json_bool_or(object, "rstrip", false, &token->right, err) ||
        !json_bool_or(object, "single_word", false, &token->word, err))
        return false;
    token->content = (char *)content;
    return true;
}

static bool set_id(AddedToken *token, double id, Json where, Error *err)
{
    if (!(id >= 0 && id < ID_MOST) || id != (double)(int32_t)id)
        return json_fail(where, err, "the id of \"%.60s\" must be a whole number from 0 to %d", token->content,
                         ID_MOST - 1);
    token->id = (int32_t)id;
    return true;
}

/* FOLDER/NAME, or no file (*file NULL) where there is none. */
static bool open_file(const char *folder, const char *name, JsonFile **file, Error *err)
{
    char *path = path_join(folder, name);
    const bool there = path_exists(path);
    *file = there ? json_read(path, err) : NULL;
    free(path);
    if (*file && !json_is_object(json_root(*file)))
        return json_fail(json_root(*file), err, "an object {...} is needed");
    return !there || *file;
}

static Json member(JsonFile *file, const char *key)
{
    return file ? json_get(json_root(file), key) : (Json){0};
}

typedef struct SideFiles { /* NULL: not there */
    JsonFile *config, *tokenizer, *map, *added;
} SideFiles;

static bool take_decoder(Json decoder, AddedTokens *list, Error *err)
{
    if (!json_is_object(decoder)) return json_fail(decoder, err, "an object {\"id\": {\"content\": ...}} is needed");
    for (size_t i = 0; i < json_count(decoder); i++) {
        const Json item = json_at(decoder, i);
        AddedToken token = {.id = -1};
        char *end;
        const double id = strtod(json_key(item), &end);
        if (!read_token(item, false, &token, err) || !set_id(&token, *end ? -1 : id, item, err)) return false;
        added_tokens_add(list, token);
    }
    return true;
}

static bool take_tokenizer_json(Json added, AddedTokens *list, Error *err)
{
    if (!json_is_array(added)) return json_fail(added, err, "a list is needed");
    for (size_t i = 0; i < json_count(added); i++) {
        const Json item = json_at(added, i);
        AddedToken token = {.id = -1};
        double id;
        if (!read_token(item, false, &token, err) || !json_number(item, "id", &id, err) ||
            !set_id(&token, id, item, err))
            return false;
        added_tokens_add(list, token);
    }
    return true;
}

static bool take_added_tokens_json(Json root, const AddedTokens *special, AddedTokens *list, Error *err)
{
    for (size_t i = 0; i < json_count(root); i++) {
        const Json item = json_at(root, i);
        AddedToken token = {.id = -1, .content = (char *)json_key(item)};
        double id;
        token.normalised = !added_tokens_find(special, token.content);
        if (!json_as_number(item, &id, err) || !set_id(&token, id, item, err)) return false;
        added_tokens_add(list, token);
    }
    return true;
}

/* Of a token that is named twice, once in each form, the later counts. */
static bool take_special(Json item, AddedTokens *special, Error *err)
{
    AddedToken token = {.id = -1};
    if (json_is_string(item))
        token.content = item.node->valuestring;
    else if (!read_token(item, true, &token, err))
        return false;
    AddedToken *known = added_tokens_find(special, token.content);
    if (known)
        known->normalised = token.normalised, known->left = token.left, known->right = token.right,
        known->word = token.word;
    else
        added_tokens_add(special, token);
    return true;
}

/* What the map says of a name comes before what the configuration says. */
static bool take_specials(const SideFiles *files, JsonFile *map, AddedTokens *special, Error *err)
{
    static const char *const names[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                        "pad_token", "cls_token", "mask_token"};
    static const char *const lists[] = {"extra_special_tokens", "additional_special_tokens"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Json item = member(map, names[i]);
        if (!item.node) item = member(files->config, names[i]);
        if (item.node && !cJSON_IsNull(item.node) && !take_special(item, special, err)) return false;
    }
    for (size_t k = 0; k < 4; k++) {
        const Json list = member(k / 2 ? files->config : map, lists[k % 2]);
        for (size_t i = 0; i < json_count(list); i++)
            if (!take_special(json_at(list, i), special, err)) return false;
    }
    return true;
}

static bool take_all(const SideFiles *files, AddedTokens *list, AddedTokens *special, Error *err)
{
    const Json decoder = member(files->config, "added_tokens_decoder"),
               added = member(files->tokenizer, "added_tokens");
    const bool decoded = decoder.node && !cJSON_IsNull(decoder.node);
    if ((decoded && !take_decoder(decoder, list, err)) || (added.node && !take_tokenizer_json(added, list, err)) ||
        !take_specials(files, decoded ? NULL : files->map, special, err))
        return false;
    if (!decoded && files->added && !take_added_tokens_json(json_root(files->added), special, list, err)) return false;
    for (size_t i = 0; i < special->count; i++) added_tokens_add(list, special->items[i]);
    return true;
}

bool added_tokens_read(const char *folder, AddedTokens *list, Error *err)
{
    SideFiles files = {0};
    AddedTokens special = {0};
    const bool good = open_file(folder, "tokenizer_config.json", &files.config, err) &&
                      open_file(folder, "tokenizer.json", &files.tokenizer, err) &&
                      open_file(folder, "special_tokens_map.json", &files.map, err) &&
                      open_file(folder, "added_tokens.json", &files.added, err) &&
                      take_all(&files, list, &special, err);
    added_tokens_free(&special);
    JsonFile *const opened[] = {files.config, files.tokenizer, files.map, files.added};
    for (size_t i = 0; i < 4; i++) json_free(opened[i]);
    return good;
}
