/* Two halves. A prompt's tokens: words by CLIP's tokenizer, length and padding by what the folder's own settings say.
 * Hidden states: the tower compiled for one prompt, and run a prompt at a time. */
#include "harness/diffusion/text_encoder.h"

#include "harness/base/text.h"
#include "harness/clip/encode.h"
#include "harness/clip/unicode.h"
#include "harness/graph/ops.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- tokens ---- */

struct PromptTokenizer {
    Tokenizer *base;
    int32_t padding;
    size_t length;
};

static bool set_padding(PromptTokenizer *t, Json pad, Error *err)
{
    const char *text;
    const bool nested = json_is_object(pad); /* {"content": "!", "lstrip": false, ...} */
    if (nested ? !json_string(pad, "content", &text, err) : !json_as_string(pad, &text, err)) return false;
    t->padding = tokenizer_id(t->base, text);
    return t->padding >= 0 || json_fail(pad, err, "the vocabulary has no token \"%.40s\"", text);
}

static bool read_settings(PromptTokenizer *t, Json root, bool *padded, Error *err)
{
    double length; /* tokenizers without a limit write 1e30 */
    if (!json_number_or(root, "model_max_length", (double)t->length, &length, err)) return false;
    if (length < 2) return json_fail(json_get(root, "model_max_length"), err, "start and end token alone are 2");
    if (length < (double)t->length) t->length = (size_t)length;
    const Json pad = json_get(root, "pad_token");
    if (*padded || !pad.node || cJSON_IsNull(pad.node)) return true;
    *padded = true;
    return set_padding(t, pad, err);
}

static bool read_setting_files(PromptTokenizer *t, const char *folder, Error *err)
{
    /* In this order: the folders of Stable Diffusion 2 name "!" in the first file and the end token in the second, and
     * the first one counts. */
    static const char *const names[] = {"special_tokens_map.json", "tokenizer_config.json"};
    bool good = true, padded = false;
    for (size_t i = 0; i < 2 && good; i++) {
        char *path = path_join(folder, names[i]);
        if (path_exists(path)) {
            JsonFile *file = json_read(path, err);
            good = file && read_settings(t, json_root(file), &padded, err);
            json_free(file);
        }
        free(path);
    }
    return good;
}

PromptTokenizer *prompt_tokenizer_open(const char *folder, size_t context, Error *err)
{
    Tokenizer *base = tokenizer_open(folder, err);
    if (!base) return NULL;
    PromptTokenizer *t = xcalloc(1, sizeof *t);
    *t = (PromptTokenizer){.base = base, .padding = tokenizer_end(base), .length = context};
    if (read_setting_files(t, folder, err)) return t;
    prompt_tokenizer_free(t);
    return NULL;
}

void prompt_tokenizer_pad_with(PromptTokenizer *t, bool first)
{
    tokenizer_make_special(t->base, "!", first);
    t->padding = first ? 0 : tokenizer_end(t->base);
}

void prompt_tokenizer_free(PromptTokenizer *t)
{
    if (!t) return;
    tokenizer_free(t->base);
    free(t);
}

size_t prompt_tokenizer_length(const PromptTokenizer *t)
{
    return t->length;
}

const Tokenizer *prompt_tokenizer_base(const PromptTokenizer *t)
{
    return t->base;
}

Tokenizer *prompt_tokenizer_vocabulary(PromptTokenizer *t)
{
    return t->base;
}

int32_t prompt_tokenizer_padding(const PromptTokenizer *t)
{
    return t->padding;
}

/* Of a token that was trained as several (a textual inversion of more than one vector) the text names the first, "<cat-toy>", and the
 * others, "<cat-toy>_1", ..., follow it: as diffusers puts them into the prompt. Caller frees. */
static char *with_all_vectors(const Tokenizer *t, const char *prompt, const char *token)
{
    Text out = {0}, all = {0};
    const size_t length = strlen(token);
    text_add(&all, token);
    for (size_t i = 1;; i++) {
        char *next = xformat("%s_%zu", token, i);
        const bool there = added_tokens_find(tokenizer_added(t), next) != NULL;
        if (there) text_addf(&all, " %s", next);
        free(next);
        if (!there) break;
    }
    text_add(&out, "");
    for (const char *at; (at = strstr(prompt, token)); prompt = at + length) {
        text_add_bytes(&out, prompt, (size_t)(at - prompt));
        text_add(&out, all.data);
    }
    text_add(&out, prompt);
    text_free(&all);
    return out.data;
}

bool prompt_word_expands(const AddedToken *token)
{
    Points as_is = {0}, cleaned = {0};
    points_add_utf8(&as_is, token->content, strlen(token->content));
    points_add_many(&cleaned, as_is.at, as_is.count);
    cleaned.at = unicode_clean(cleaned.at, &cleaned.count);
    const bool same = !token->normalised || points_equal(&as_is, &cleaned);
    points_free(&as_is);
    points_free(&cleaned);
    return same;
}

char *prompt_convert(const Tokenizer *t, const char *prompt)
{
    TokenList list = {0};
    tokenizer_encode_bare(t, prompt, &list);
    char *converted = xstrdup(prompt);
    for (size_t i = 0; i < list.offsets[1]; i++) {
        const AddedToken *token = added_tokens_with_id(tokenizer_added(t), list.tokens[i]);
        size_t before = 0;
        while (before < i && list.tokens[before] != list.tokens[i]) before++;
        if (!token || before < i || !prompt_word_expands(token)) continue;
        char *longer = with_all_vectors(t, converted, token->content);
        free(converted);
        converted = longer;
    }
    token_list_free(&list);
    return converted;
}

void prompt_tokens_list(const PromptTokenizer *t, const char *prompt, TokenList *list)
{
    char *converted = prompt_convert(t->base, prompt);
    tokenizer_encode(t->base, converted, t->length, list);
    free(converted);
}

void prompt_tokens(const PromptTokenizer *t, const char *prompt, int32_t *tokens)
{
    TokenList list = {0};
    prompt_tokens_list(t, prompt, &list);
    const size_t count = list.offsets[1];
    memcpy(tokens, list.tokens, count * sizeof *tokens);
    for (size_t i = count; i < t->length; i++) tokens[i] = t->padding;
    token_list_free(&list);
}

/* ---- the tower ---- */

struct TextTower {
    const Clip *clip;
    size_t length;
    Graph *graph;
    Node *tokens, *hidden; /* [1, length], [1, length, text_width] */
};

TextTower *text_tower_new(const Clip *clip, size_t length, Error *err)
{
    const ClipConfig *k = &clip->config;
    if (!k->has_text) {
        fail(err, "%s: this model has no text tower", clip->path);
        return NULL;
    }
    if (!length || length > k->context) {
        fail(err, "%s: texts have %zu tokens, from 1 to %zu are possible", clip->path, length, k->context);
        return NULL;
    }
    TextTower *tower = xcalloc(1, sizeof *tower);
    Graph *g = graph_new((GraphOptions){0});
    Node *tokens = input_indices(g, "tokens", shape(1, length));
    Node *table = parameter(g, clip_weight(clip, "token_embedding.weight"));
    *tower = (TextTower){.clip = clip, .length = length, .graph = g, .tokens = tokens};
    tower->hidden = clip_text_hidden(g, clip, embedding(g, table, tokens));
    if (graph_compile(g, &tower->hidden, 1, NULL, err)) return tower;
    text_tower_free(tower);
    return NULL;
}

void text_tower_free(TextTower *tower)
{
    if (!tower) return;
    graph_free(tower->graph);
    free(tower);
}

bool text_tower_hidden(TextTower *tower, const int32_t *tokens, float *hidden, Error *err)
{
    const ClipConfig *k = &tower->clip->config;
    const size_t values = tower->length * k->text_width;
    for (size_t i = 0; i < tower->length; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= k->vocabulary)
            return fail(err, "%s: there is no token %d, the model knows 0 to %zu; is it another model's tokenizer?",
                        tower->clip->path, tokens[i], k->vocabulary - 1);
    memcpy(node_indices(tower->tokens), tokens, tower->length * sizeof *tokens);
    graph_forward(tower->graph);
    memcpy(hidden, node_data(tower->hidden), values * sizeof *hidden);
    return all_finite(hidden, values) ||
           fail(err, "%s: hidden states are not finite; the weights are damaged", tower->clip->path);
}
