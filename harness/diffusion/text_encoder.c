/* Two halves. A prompt's tokens: words by CLIP's tokenizer, length and padding by what the folder's own settings say.
 * Hidden states: the tower compiled for one prompt, and run a prompt at a time. */
#include "harness/diffusion/text_encoder.h"

#include "harness/base/text.h"
#include "harness/clip/encode.h"
#include "harness/clip/vocabulary_files.h"
#include "harness/graph/ops.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- tokens ---- */

struct PromptTokenizer {
    Tokenizer *base;
    int32_t padding;
    char *special; /* the padding token's text where it is a word of its own; NULL: the end token */
    size_t length;
};

/* Id of a token by its text; false when the vocabulary has no such token. */
static bool find_token(const Vocabulary *v, const char *text, int32_t *id)
{
    for (size_t i = 0; i < v->tokens.count; i++)
        if (strcmp(v->tokens.items[i], text) == 0) {
            *id = (int32_t)i;
            return true;
        }
    return false;
}

static bool set_padding(PromptTokenizer *t, const char *folder, Json pad, Error *err)
{
    const char *text;
    const bool nested = json_is_object(pad); /* {"content": "!", "lstrip": false, ...} */
    if (nested ? !json_string(pad, "content", &text, err) : !json_as_string(pad, &text, err)) return false;
    Vocabulary vocabulary;
    if (!vocabulary_read(folder, &vocabulary, err)) return false;
    const bool good = (*text && find_token(&vocabulary, text, &t->padding)) ||
                      json_fail(pad, err, "the vocabulary has no token \"%.40s\"", text);
    if (good && t->padding != tokenizer_end(t->base)) t->special = xstrdup(text);
    vocabulary_free(&vocabulary);
    return good;
}

static bool read_settings(PromptTokenizer *t, const char *folder, Json root, bool *padded, Error *err)
{
    double length; /* tokenizers without a limit write 1e30 */
    if (!json_number_or(root, "model_max_length", (double)t->length, &length, err)) return false;
    if (length < 2) return json_fail(json_get(root, "model_max_length"), err, "start and end token alone are 2");
    if (length < (double)t->length) t->length = (size_t)length;
    const Json pad = json_get(root, "pad_token");
    if (*padded || !pad.node || cJSON_IsNull(pad.node)) return true;
    *padded = true;
    return set_padding(t, folder, pad, err);
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
            good = file && read_settings(t, folder, json_root(file), &padded, err);
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
    free(t->special);
    t->special = first ? xstrdup("!") : NULL;
    t->padding = first ? 0 : tokenizer_end(t->base);
}

void prompt_tokenizer_free(PromptTokenizer *t)
{
    if (!t) return;
    tokenizer_free(t->base);
    free(t->special);
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

int32_t prompt_tokenizer_padding(const PromptTokenizer *t)
{
    return t->padding;
}

static size_t put_bare(const PromptTokenizer *t, const char *text, size_t bytes, int32_t *tokens, size_t room)
{
    char *piece = xformat("%.*s", (int)bytes, text);
    TokenList list = {0};
    tokenizer_encode_bare(t->base, piece, &list);
    const size_t count = list.offsets[1] < room ? list.offsets[1] : room;
    if (count) memcpy(tokens, list.tokens, count * sizeof *tokens);
    token_list_free(&list);
    free(piece);
    return count;
}

/* A padding token is a special one: inside a prompt, too, its text stands for its id ("Stop!" ends with id 0 in Stable
 * Diffusion 2), and words do not reach across it. */
void prompt_tokens(const PromptTokenizer *t, const char *prompt, int32_t *tokens)
{
    const size_t last = t->length - 1;
    size_t used = 0;
    tokens[used++] = tokenizer_start(t->base);
    for (const char *at = prompt; used < last;) {
        const char *special = t->special ? strstr(at, t->special) : NULL;
        used += put_bare(t, at, special ? (size_t)(special - at) : strlen(at), tokens + used, last - used);
        if (!special) break;
        if (used < last) tokens[used++] = t->padding;
        at = special + strlen(t->special);
    }
    tokens[used++] = tokenizer_end(t->base);
    while (used < t->length) tokens[used++] = t->padding;
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
