/* A prompt is first written as codes, a token or a row of the context, whatever the place of the name; from codes come
 * embeddings, constant where no context is, so that no gradient is computed for them. The shared form runs what all
 * prompts begin with through the tower once, the plain one every prompt at full length; both must agree. */
#include "methods/shared/prompt.h"

#include "harness/graph/ops.h"

#include <stdlib.h>
#include <string.h>

const char *const name_position_choices[] = {"end", "middle", "front", NULL};

PromptOptions prompt_options(const Options *options)
{
    const char *position = option_text(options, "name_position");
    return (PromptOptions){
        .context = option_int(options, "context"),
        .context_init = option_text(options, "context_init"),
        .shared = option_bool(options, "shared_context"),
        .position = !strcmp(position, "end")      ? NAME_END
                    : !strcmp(position, "middle") ? NAME_MIDDLE
                                                  : NAME_FRONT,
    };
}

static size_t text_length(const TokenList *list, size_t i)
{
    return list->offsets[i + 1] - list->offsets[i];
}

/* How many of the tokens of "NAME." are the name: those of the name alone. A name that itself ends in a full stop may share
 * a token with ours ("..") and then keeps all but none of it. */
static size_t *count_name_tokens(const Run *run, const TokenList *names)
{
    size_t *lengths = xcalloc(run->classes, sizeof *lengths);
    TokenList alone = {0};
    for (size_t c = 0; c < run->classes; c++) {
        tokenizer_encode_bare(run->tokenizer, run->class_names[c], &alone);
        const size_t own = text_length(&alone, c), all = text_length(names, c);
        lengths[c] = own < all ? own : all;
    }
    token_list_free(&alone);
    return lengths;
}

bool prompts_init(Prompts *p, const Run *run, Error *err)
{
    return prompts_init_as(p, run, prompt_options(run->options), err);
}

bool prompts_init_as(Prompts *p, const Run *run, PromptOptions options, Error *err)
{
    *p = (Prompts){0};
    Prompts parts = {.start = tokenizer_start(run->tokenizer), .end = tokenizer_end(run->tokenizer)};
    parts.classes = run->classes;
    for (size_t c = 0; c < run->classes; c++) {
        char *sentence = xformat("%s.", run->class_names[c]);
        tokenizer_encode_bare(run->tokenizer, sentence, &parts.names);
        free(sentence);
    }
    parts.name_lengths = count_name_tokens(run, &parts.names);
    if (strcmp(options.context_init, "normal"))
        tokenizer_encode_bare(run->tokenizer, options.context_init, &parts.words);
    return prompts_from_tokens(p, run->clip, options, parts, run->class_names, err);
}

static bool check_tokens(const TokenList *list, size_t vocabulary, Error *err)
{
    const size_t count = list->count ? list->offsets[list->count] : 0;
    for (size_t i = 0; i < count; i++)
        if (list->tokens[i] < 0 || (size_t)list->tokens[i] >= vocabulary)
            return fail_usage(err,
                              "the tokenizer gives token %d, the model has only %zu; use the model's own tokenizer",
                              list->tokens[i], vocabulary);
    return true;
}

static bool check_lengths(const Prompts *p, const char *const *labels, Error *err)
{
    for (size_t c = 0; c < p->classes; c++) {
        const size_t needed = 2 + p->context + text_length(&p->names, c);
        if (needed > p->clip->config.context)
            return fail_usage(
                err,
                "the prompt of class \"%s\" needs %zu positions (start, %zu context vectors, the name, end), "
                "the model has %zu; use a shorter context",
                labels ? labels[c] : "?", needed, p->context, p->clip->config.context);
    }
    return true;
}

bool prompts_from_tokens(Prompts *p, const Clip *clip, PromptOptions options, Prompts parts, const char *const *labels,
                         Error *err)
{
    *p = parts;
    p->clip = clip;
    p->options = options;
    const bool from_words = strcmp(options.context_init, "normal") != 0;
    p->context = from_words ? text_length(&p->words, 0) : options.context;
    const size_t vocabulary = clip->config.vocabulary;
    bool good = check_tokens(&p->names, vocabulary, err) && check_tokens(&p->words, vocabulary, err);
    if (good && ((size_t)p->start >= vocabulary || (size_t)p->end >= vocabulary))
        good = fail_usage(err,
                          "the model does not have the tokenizer's start and end token; use the model's own tokenizer");
    if (good && p->context == 0)
        good =
            fail_usage(err, "context_init \"%s\" has no tokens; write \"normal\" or some words", options.context_init);
    good = good && check_lengths(p, labels, err);
    if (!good) prompts_free(p);
    return good;
}

void prompts_free(Prompts *p)
{
    token_list_free(&p->names);
    token_list_free(&p->words);
    free(p->name_lengths);
    *p = (Prompts){0};
}

Shape prompts_shape(const Prompts *p)
{
    const size_t width = p->clip->config.text_width;
    return p->options.shared ? shape(p->context, width) : shape(p->classes, p->context, width);
}

static const float *token_row(const Prompts *p, int32_t token)
{
    return clip_weight(p->clip, "token_embedding.weight")->value + (size_t)token * p->clip->config.text_width;
}

void prompts_start_values(const Prompts *p, Random *random, float *values)
{
    const size_t width = p->clip->config.text_width, rows = shape_size(prompts_shape(p)) / width;
    if (p->words.count == 0) {
        random_normal(random, values, rows * width);
        for (size_t i = 0; i < rows * width; i++) values[i] *= 0.02f;
        return;
    }
    for (size_t r = 0; r < rows; r++)
        memcpy(values + r * width, token_row(p, p->words.tokens[r % p->context]), width * sizeof *values);
}

/* ---- sequences ---- */

/* A sequence is written as codes: a token id, or -1 - r for row r of the context (seen as [rows, W]). */
typedef struct Sequence {
    int32_t *codes;
    size_t length;
} Sequence;

static void put(Sequence *s, int32_t code)
{
    s->codes[s->length++] = code;
}

static void put_context(Sequence *s, const Prompts *p, size_t class, size_t from, size_t to)
{
    const size_t base = p->options.shared ? 0 : class * p->context;
    for (size_t k = from; k < to; k++) put(s, -1 - (int32_t)(base + k));
}

static void put_name(Sequence *s, const Prompts *p, size_t class, size_t from, size_t to)
{
    for (size_t k = from; k < to; k++) put(s, p->names.tokens[p->names.offsets[class] + k]);
}

/* How many context vectors stand in front of the name. */
static size_t context_in_front(const Prompts *p)
{
    return p->options.position == NAME_END ? p->context : p->options.position == NAME_MIDDLE ? p->context / 2 : 0;
}

static void put_prompt(Sequence *s, const Prompts *p, size_t class)
{
    const size_t front = context_in_front(p), all = text_length(&p->names, class);
    const size_t name = p->options.position == NAME_END ? all : p->name_lengths[class];
    put(s, p->start);
    put_context(s, p, class, 0, front);
    put_name(s, p, class, 0, name);
    put_context(s, p, class, front, p->context);
    put_name(s, p, class, name, all);
    put(s, p->end);
}

/* Rows [length, W] of a sequence of codes: frozen embeddings, mixed with rows of the context where it occurs. Without context
 * they are a constant, so that no gradient is computed for them. */
static Node *sequence_rows(Graph *g, const Prompts *p, Node *context, const Sequence *s)
{
    const size_t width = p->clip->config.text_width;
    float *fixed = xmalloc(s->length * width * sizeof *fixed);
    int32_t *index = xmalloc(s->length * sizeof *index);
    size_t tokens = 0;
    for (size_t i = 0; i < s->length; i++)
        if (s->codes[i] >= 0) memcpy(fixed + tokens++ * width, token_row(p, s->codes[i]), width * sizeof *fixed);
    Node *rows = NULL;
    if (tokens == s->length) {
        rows = constant_copy(g, shape(tokens, width), fixed);
    } else {
        int32_t next = 0;
        for (size_t i = 0; i < s->length; i++)
            index[i] = s->codes[i] >= 0 ? next++ : (int32_t)tokens + (-1 - s->codes[i]);
        Node *parts[] = {tokens ? constant_copy(g, shape(tokens, width), fixed) : context, context};
        Node *table = tokens ? concat(g, parts, 2, 0) : context;
        rows = gather_rows(g, table, constant_indices(g, shape(s->length), index));
    }
    free(fixed);
    free(index);
    return rows;
}

static Node *features_shared(Graph *g, const Prompts *p, Node *context)
{
    const size_t limit = p->clip->config.context;
    const size_t prefix_length = p->options.shared ? 1 + context_in_front(p) : 1;
    Sequence prompt = {.codes = xmalloc(limit * sizeof(int32_t))};
    Sequence own = {.codes = xmalloc(p->classes * limit * sizeof(int32_t))}, prefix = {.codes = prompt.codes};
    int32_t *offsets = xcalloc(p->classes + 1, sizeof *offsets);
    for (size_t c = 0; c < p->classes; c++) {
        prompt.length = 0;
        put_prompt(&prompt, p, c);
        for (size_t i = prefix_length; i < prompt.length; i++) put(&own, prompt.codes[i]);
        offsets[c + 1] = (int32_t)own.length;
    }
    prefix.length = prefix_length; /* the last class's, as good as any */
    Node *rows = sequence_rows(g, p, context, &own);
    Node *result = clip_text_prompts(g, p->clip, sequence_rows(g, p, context, &prefix), rows, offsets, p->classes);
    free(prompt.codes);
    free(own.codes);
    free(offsets);
    return result;
}

static Node *features_plain(Graph *g, const Prompts *p, Node *context)
{
    const size_t limit = p->clip->config.context, width = p->clip->config.text_width;
    Sequence all = {.codes = xmalloc(p->classes * limit * sizeof(int32_t))};
    int32_t *ends = xcalloc(p->classes, sizeof *ends);
    for (size_t c = 0; c < p->classes; c++) {
        put_prompt(&all, p, c);
        ends[c] = (int32_t)(all.length - c * limit) - 1;
        while (all.length < (c + 1) * limit) put(&all, 0); /* padding: causal attention never looks at it */
    }
    Node *embedded = reshape(g, sequence_rows(g, p, context, &all), shape(p->classes, limit, width));
    Node *hidden = clip_text_hidden(g, p->clip, embedded);
    Node *last = gather_positions(g, hidden, constant_indices(g, shape(p->classes), ends));
    free(all.codes);
    free(ends);
    return clip_text_project(g, p->clip, last);
}

Node *prompts_projections(Graph *g, const Prompts *p, Parameter *context, PromptForm form)
{
    const size_t width = p->clip->config.text_width;
    char a[96], b[96];
    if (!shape_equal(context->shape, prompts_shape(p)))
        die("a context of shape %s is given where the prompts need %s", shape_text(context->shape, a),
            shape_text(prompts_shape(p), b));
    Node *rows = reshape(g, parameter(g, context), shape(shape_size(context->shape) / width, width));
    return form == PROMPT_SHARED ? features_shared(g, p, rows) : features_plain(g, p, rows);
}

Node *prompts_features(Graph *g, const Prompts *p, Parameter *context, PromptForm form)
{
    return l2_normalise(g, prompts_projections(g, p, context, form), 1e-12f);
}

typedef Node *Build(Graph *g, const Prompts *p, Parameter *context, PromptForm form);

static bool compute(Build *build, const Prompts *p, Parameter *context, Arithmetic arithmetic, float *values,
                    Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = arithmetic});
    Node *result = build(g, p, context, PROMPT_SHARED);
    const bool good = graph_compile(g, (Node *[]){result}, 1, NULL, err);
    if (good) {
        graph_forward(g);
        memcpy(values, node_data(result), p->classes * p->clip->config.embed * sizeof *values);
    }
    graph_free(g);
    return good;
}

bool prompts_compute(const Prompts *p, Parameter *context, Arithmetic arithmetic, float *features, Error *err)
{
    return compute(prompts_features, p, context, arithmetic, features, err);
}

bool prompts_compute_projections(const Prompts *p, Parameter *context, Arithmetic arithmetic, float *values, Error *err)
{
    return compute(prompts_projections, p, context, arithmetic, values, err);
}
