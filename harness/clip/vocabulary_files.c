/* A reader for each form: vocab.json with merges.txt; tokenizer.json, which holds both; the original's gzip of merges,
 * from which the tokens follow. Ids that are distinct and below their number leave no gap, so tokens become a plain
 * array; those of added tokens (added_tokens_files.c) are placed among them. */
#include "harness/clip/vocabulary_files.h"

#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/clip/added_tokens_files.h"
#include "harness/clip/unicode.h"
#include "harness/io/gzip.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 28, TOKENS_MAX = 1 << 22 };

void vocabulary_free(Vocabulary *v)
{
    text_list_free(&v->tokens);
    text_list_free(&v->merges);
    added_tokens_free(&v->added);
}

uint32_t byte_character(uint8_t byte)
{
    if ((byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD)) return byte;
    if (byte <= ' ') return 0x100u + byte;
    return byte == 0xAD ? 0x100 + 67 : 0x100u + 33 + (byte - 0x7Fu); /* 0x7F to 0xA0 follow the 33 control characters */
}

/* ---- ids: those of the vocabulary, {"token": id, ...}, and of what was added to it ---- */

static bool place_token(const char **by_id, size_t count, const char *token, double id, Json where, Error *err)
{
    if (!(id >= 0 && id < (double)count) || id != (double)(size_t)id)
        return json_fail(where, err,
                         "the id of \"%.60s\" must be a whole number from 0 to %zu, as there are %zu tokens", token,
                         count - 1, count);
    const char **place = &by_id[(size_t)id];
    if (*place) return json_fail(where, err, "\"%.60s\" and \"%.60s\" have the same id %zu", *place, token, (size_t)id);
    *place = token;
    return true;
}

/* Gives the added tokens that the vocabulary has its ids, and drops those without any. *count: of all tokens. */
static bool number_added(const StringMap *ids, AddedTokens *added, Json vocab, size_t *count, Error *err)
{
    static const char *const always[] = {"<|startoftext|>", "<|endoftext|>"};
    for (size_t i = 0; i < 2; i++)
        if (string_map_get(ids, always[i], strlen(always[i])) >= 0)
            added_tokens_add(added, (AddedToken){.content = (char *)always[i], .id = -1});
    for (size_t i = 0; i < added->count; i++) {
        AddedToken *token = &added->items[i];
        const int32_t id = string_map_get(ids, token->content, strlen(token->content));
        if (id >= 0 && token->id >= 0 && token->id != id)
            return json_fail(vocab, err, "\"%.60s\" has the id %d here and %d as an added token", token->content, id,
                             token->id);
        *count += id < 0 && token->id >= 0;
        if (id >= 0) token->id = id;
    }
    added_tokens_sort(added);
    return true;
}

static bool place_all(Json vocab, const StringMap *ids, Vocabulary *v, size_t count, Error *err)
{
    const char **by_id = xcalloc(count, sizeof *by_id);
    bool good = true;
    for (const cJSON *entry = vocab.node->child; entry && good; entry = entry->next)
        good = place_token(by_id, count, entry->string, entry->valuedouble, vocab, err);
    for (size_t i = 0; i < v->added.count && good; i++) {
        const AddedToken *token = &v->added.items[i];
        if (string_map_get(ids, token->content, strlen(token->content)) < 0)
            good = place_token(by_id, count, token->content, token->id, vocab, err);
    }
    for (size_t i = 0; i < count && good; i++)
        text_list_add(&v->tokens, by_id[i]); /* count distinct ids below count: no gap */
    free(by_id);
    return good;
}

static bool collect_tokens(Json vocab, Vocabulary *v, Error *err)
{
    size_t count = json_count(vocab);
    if (!count || count + v->added.count > TOKENS_MAX)
        return json_fail(vocab, err, "%zu tokens; from 1 to %d are possible", count + v->added.count, TOKENS_MAX);
    StringMap ids = {0};
    bool good = true;
    for (const cJSON *entry = vocab.node->child; entry && good; entry = entry->next) {
        const double id = cJSON_IsNumber(entry) ? entry->valuedouble : -1;
        if (id >= 0 && id < TOKENS_MAX)
            string_map_put(&ids, entry->string, strlen(entry->string), (int32_t)id);
        else
            good = json_fail(vocab, err, "the id of \"%.60s\" must be a whole number from 0 to %zu", entry->string,
                             count - 1);
    }
    good = good && number_added(&ids, &v->added, vocab, &count, err) && place_all(vocab, &ids, v, count, err);
    string_map_free(&ids);
    return good;
}

static bool object_itself(Json j, Error *err)
{
    return json_is_object(j) || json_fail(j, err, "an object {\"token\": id, ...} is needed");
}

static bool read_added(const char *path, Vocabulary *v, Error *err)
{
    char *folder = path_folder(path);
    const bool good = added_tokens_read(folder, &v->added, err);
    free(folder);
    return good;
}

static bool read_vocab_and_merges(const char *vocab_path, const char *merges_path, Vocabulary *v, Error *err)
{
    JsonFile *file = read_added(vocab_path, v, err) ? json_read(vocab_path, err) : NULL;
    if (!file) return false;
    const Json root = json_root(file);
    const bool good = object_itself(root, err) && collect_tokens(root, v, err);
    json_free(file);
    TextList lines = {0};
    if (!good || !read_lines(merges_path, FILE_LIMIT, &lines, err)) return false;
    for (size_t i = 0; i < lines.count; i++)
        if (lines.items[i][0] && strncmp(lines.items[i], "#version", 8) != 0) text_list_add(&v->merges, lines.items[i]);
    text_list_free(&lines);
    return true;
}

/* ---- tokenizer.json ---- */

/* A merge is "left right", or ["left", "right"] in newer files. */
static bool collect_merges(Json merges, TextList *list, Error *err)
{
    for (const cJSON *item = merges.node->child; item; item = item->next) {
        const cJSON *left = cJSON_IsArray(item) ? item->child : NULL, *right = left ? left->next : NULL;
        if (cJSON_IsString(item)) {
            text_list_add(list, item->valuestring);
        } else if (cJSON_IsString(left) && cJSON_IsString(right) && !right->next) {
            char *pair = xformat("%s %s", left->valuestring, right->valuestring);
            text_list_add(list, pair);
            free(pair);
        } else {
            return json_fail(merges, err, "every merge must be \"left right\" or [\"left\", \"right\"]");
        }
    }
    return true;
}

static bool parse_tokenizer_json(Json root, Vocabulary *v, Error *err)
{
    Json model, vocab, merges;
    const char *type, *suffix;
    if (!json_object(root, "model", &model, err) || !json_string_or(model, "type", "BPE", &type, err) ||
        !json_string_or(model, "end_of_word_suffix", "", &suffix, err) || !json_object(model, "vocab", &vocab, err) ||
        !json_array(model, "merges", &merges, err))
        return false;
    if (strcmp(type, "BPE") != 0 || strcmp(suffix, "</w>") != 0)
        return json_fail(model, err, "this is no CLIP tokenizer (BPE with the end-of-word suffix </w>)");
    return collect_tokens(vocab, v, err) && collect_merges(merges, &v->merges, err);
}

static bool read_tokenizer_json(const char *path, Vocabulary *v, Error *err)
{
    JsonFile *file = read_added(path, v, err) ? json_read(path, err) : NULL;
    if (!file) return false;
    const bool good = parse_tokenizer_json(json_root(file), v, err);
    json_free(file);
    return good;
}

/* ---- bpe_simple_vocab_16e6.txt.gz: merges only; the vocabulary follows from them (simple_tokenizer.py) ---- */

static void add_byte_tokens(TextList *tokens, const char *suffix)
{
    /* in the order of bytes_to_unicode: bytes that stand for themselves, then the others */
    for (int itself = 1; itself >= 0; itself--)
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint32_t c = byte_character((uint8_t)byte);
            if ((c == byte) != itself) continue;
            char utf8[4];
            char *token = xformat("%.*s%s", (int)unicode_put(c, utf8), utf8, suffix);
            text_list_add(tokens, token);
            free(token);
        }
}

static bool add_simple_merge(void *context, const Line *line, Error *err)
{
    enum { MERGES = 49152 - 256 - 2 }; /* the file has more; CLIP uses so many */
    Vocabulary *v = context;
    if (line->number == 1 || line_is_blank(line) || v->merges.count == MERGES) return true; /* the first is a heading */
    const char *blank = strchr(line->text, ' ');
    if (!blank)
        return fail(err, "%s: merge %zu is \"%.60s\", two symbols are needed", line->path, v->merges.count + 1,
                    line->text);
    text_list_add(&v->merges, line->text);
    char *token = xformat("%.*s%s", (int)(blank - line->text), line->text, blank + 1);
    text_list_add(&v->tokens, token);
    free(token);
    return true;
}

static bool read_simple_vocab(const char *path, Vocabulary *v, Error *err)
{
    char *data;
    size_t length;
    if (!gzip_read(path, FILE_LIMIT, &data, &length, err)) return false;
    v->cleaning = CLEANED_BY_OPENAI;
    add_byte_tokens(&v->tokens, "");
    add_byte_tokens(&v->tokens, "</w>");
    const bool good = lines_read_bytes(path, data, length, add_simple_merge, v, err);
    free(data);
    text_list_add(&v->tokens, "<|startoftext|>");
    text_list_add(&v->tokens, "<|endoftext|>");
    return good;
}

/* ---- finding the files ---- */

static bool read_one_file(const char *path, Vocabulary *v, Error *err)
{
    if (!path_exists(path)) return fail(err, "%s: no such file or folder", path);
    if (text_ends(path, ".gz")) return read_simple_vocab(path, v, err);
    if (text_ends(path, "tokenizer.json")) return read_tokenizer_json(path, v, err);
    char *folder = path_folder(path), *vocab = path_join(folder, "vocab.json"),
         *merges = path_join(folder, "merges.txt");
    const bool is_merges = text_ends(path, ".txt");
    const bool good = read_vocab_and_merges(is_merges ? vocab : path, is_merges ? path : merges, v, err);
    free(folder);
    free(vocab);
    free(merges);
    return good;
}

/* 1: read, 0: nothing of the kind there, -1: failed */
static int read_folder(const char *folder, Vocabulary *v, Error *err)
{
    char *vocab = path_join(folder, "vocab.json"), *merges = path_join(folder, "merges.txt");
    char *json = path_join(folder, "tokenizer.json"), *simple = path_join(folder, "bpe_simple_vocab_16e6.txt.gz");
    int result = 0;
    if (path_exists(vocab) && path_exists(merges))
        result = read_vocab_and_merges(vocab, merges, v, err) ? 1 : -1;
    else if (path_exists(json))
        result = read_tokenizer_json(json, v, err) ? 1 : -1;
    else if (path_exists(simple))
        result = read_simple_vocab(simple, v, err) ? 1 : -1;
    free(vocab);
    free(merges);
    free(json);
    free(simple);
    return result;
}

/* A folder, or one with a folder "tokenizer" in it as a pipeline's. */
static bool search_folder(const char *folder, Vocabulary *vocabulary, Error *err)
{
    int found = read_folder(folder, vocabulary, err);
    char *inner = path_join(folder, "tokenizer");
    if (found == 0 && path_is_folder(inner)) found = read_folder(inner, vocabulary, err);
    free(inner);
    if (found == 0)
        fail(err,
             "%s: no tokenizer there; vocab.json with merges.txt, tokenizer.json or bpe_simple_vocab_16e6.txt.gz is "
             "needed, and --tokenizer names the folder that has them",
             folder);
    return found > 0;
}

/* Weights in one file: the vocabulary lies beside them. */
static bool is_vocabulary(const char *path)
{
    return !path_is_file(path) || text_ends(path, ".gz") || text_ends(path, ".json") || text_ends(path, ".txt");
}

bool vocabulary_read(const char *path, Vocabulary *vocabulary, Error *err)
{
    *vocabulary = (Vocabulary){0};
    char *beside = path_folder(path);
    const bool good = path_is_folder(path)  ? search_folder(path, vocabulary, err)
                      : is_vocabulary(path) ? read_one_file(path, vocabulary, err)
                                            : search_folder(beside, vocabulary, err);
    free(beside);
    if (!good) vocabulary_free(vocabulary);
    return good;
}
