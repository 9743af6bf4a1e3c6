/* Everything random is drawn once, then one step is measured in both forms from the same start values; the first
 * form's gradients are kept and the second's held against them. */
#include "harness/speed/prompt_bench.h"

#include "methods/shared/tai_common.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Everything both forms share. */
typedef struct Stage {
    PromptBenchOptions options;
    Clip *clip;
    Prompts prompts;
    TextFeatures texts;
    LabelledCaptions captions;
    uint8_t *labels;
    int64_t *rows;            /* 0 .. batch-1 */
    Parameter contexts[2];    /* global, local */
    float *start, *reference; /* both contexts' values; the shared form's gradients */
    size_t values;            /* of one context */
} Stage;

static PromptBenchOptions with_defaults(PromptBenchOptions o)
{
    if (!o.arch) o.arch = "RN50";
    if (!o.classes) o.classes = 80;
    if (!o.context) o.context = 16;
    if (!o.batch) o.batch = 512;
    if (!o.tokens) o.tokens = 16;
    if (!o.repeats) o.repeats = 3;
    return o;
}

/* Names of one and two tokens in turn, and the full stop, as those of COCO's classes are. */
static bool make_prompts(Stage *s, Random *random, Error *err)
{
    const size_t words = s->clip->config.vocabulary - 2;
    Prompts parts = {.classes = s->options.classes, .start = (int32_t)words, .end = (int32_t)words + 1};
    parts.names.count = s->options.classes;
    parts.names.offsets = xcalloc(s->options.classes + 1, sizeof *parts.names.offsets);
    parts.names.tokens = xcalloc(3 * s->options.classes, sizeof *parts.names.tokens);
    parts.name_lengths = xcalloc(s->options.classes, sizeof *parts.name_lengths);
    for (size_t c = 0, n = 0; c < s->options.classes; c++) {
        parts.name_lengths[c] = 1 + c % 2;
        for (size_t k = 0; k <= parts.name_lengths[c]; k++)
            parts.names.tokens[n++] = (int32_t)random_below(random, words);
        parts.names.offsets[c + 1] = n;
    }
    const PromptOptions options = {.context = s->options.context, .context_init = "normal", .shared = true};
    return prompts_from_tokens(&s->prompts, s->clip, options, parts, NULL, err);
}

static void unit_rows(float *rows, size_t count, size_t width)
{
    for (size_t r = 0; r < count; r++) {
        float *row = rows + r * width;
        double square = 0;
        for (size_t i = 0; i < width; i++) square += (double)row[i] * (double)row[i];
        for (size_t i = 0; i < width; i++) row[i] = (float)((double)row[i] / sqrt(square));
    }
}

/* Captions of tokens/2 to 3 tokens/2 random unit features, one to three labels each. */
static bool make_captions(Stage *s, Random *random, Error *err)
{
    const size_t batch = s->options.batch, classes = s->options.classes, width = s->clip->config.embed;
    TextFeatures *t = &s->texts;
    *t = (TextFeatures){.count = batch, .width = width, .offsets = xcalloc(batch + 1, sizeof *t->offsets)};
    s->labels = xcalloc(batch * classes, sizeof *s->labels);
    s->rows = xcalloc(batch, sizeof *s->rows);
    for (size_t b = 0; b < batch; b++) {
        s->rows[b] = (int64_t)b;
        t->offsets[b + 1] = t->offsets[b] + s->options.tokens / 2 + random_below(random, s->options.tokens + 1);
        for (size_t k = 0; k <= b % 3; k++) s->labels[b * classes + random_below(random, classes)] = 1;
    }
    const size_t tokens = t->offsets[batch];
    if (!big_alloc(&t->global, batch * width, sizeof(float), "captions", err) ||
        !big_alloc(&t->local, tokens * width, sizeof(float), "caption tokens", err))
        return false;
    random_normal(random, t->global, batch * width);
    random_normal(random, t->local, tokens * width);
    unit_rows(t->global, batch, width);
    unit_rows(t->local, tokens, width);
    s->captions = (LabelledCaptions){t, s->labels};
    return true;
}

static bool make_stage(Stage *s, PromptBenchOptions options, Error *err)
{
    ClipConfig config;
    *s = (Stage){.options = with_defaults(options)};
    if (!clip_config_of(s->options.arch, &config, err)) return false;
    config.has_image = false; /* the step never looks at an image */
    s->clip = clip_new(config, 1, err);
    if (!s->clip) return false;
    clip_freeze(s->clip);
    Random random;
    random_seed(&random, 1);
    if (!make_prompts(s, &random, err) || !make_captions(s, &random, err)) return false;
    const Shape context = prompts_shape(&s->prompts);
    s->values = shape_size(context);
    s->start = xcalloc(2 * s->values, sizeof *s->start);
    s->reference = xcalloc(2 * s->values, sizeof *s->reference);
    for (size_t k = 0; k < 2; k++) {
        if (!parameter_init(&s->contexts[k], k ? "context_local" : "context_global", context, err)) return false;
        prompts_start_values(&s->prompts, &random, s->start + k * s->values);
    }
    return true;
}

static void free_stage(Stage *s)
{
    prompts_free(&s->prompts);
    text_features_free(&s->texts);
    free(s->labels);
    free(s->rows);
    free(s->start);
    free(s->reference);
    for (size_t k = 0; k < 2; k++) parameter_free(&s->contexts[k]);
    if (s->clip) clip_free(s->clip);
}

/* The first form's gradients become the reference. */
static double compare_gradients(Stage *s, bool is_reference)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < 2 * s->values; i++) {
        const float g = s->contexts[i / s->values].gradient[i % s->values];
        if (is_reference) s->reference[i] = g;
        const double r = (double)s->reference[i];
        difference += ((double)g - r) * ((double)g - r);
        size += r * r;
    }
    return size > 0 ? sqrt(difference / size) : 0;
}

static bool measure(Stage *s, PromptForm form, PromptBenchEntry *entry, Progress *progress, Error *err)
{
    const TaiStepOptions options = {.batch = s->options.batch,
                                    .rows = s->texts.offsets[s->options.batch],
                                    .margin = 1,
                                    .scale = 1,
                                    .tau = 50,
                                    .form = form};
    TaiStep step;
    for (size_t k = 0; k < 2; k++) memcpy(s->contexts[k].value, s->start + k * s->values, s->values * sizeof *s->start);
    if (!tai_step_init(&step, &s->prompts, &s->contexts[0], &s->contexts[1], options, err)) return false;
    graph_time_operators(step.g, s->options.print_operators);
    Parameter *const trained[] = {&s->contexts[0], &s->contexts[1]};
    Optimiser *optimiser =
        optimiser_new((OptimiserOptions){.kind = OPTIMISER_SGD, .momentum = 0.9, .weight_decay = 5e-4}, trained, 2);
    *entry = (PromptBenchEntry){
        .name = form == PROMPT_SHARED ? "shared" : "plain", .batch = s->options.batch, .seconds = INFINITY};
    progress_begin(progress, entry->name, s->options.repeats + 1, "steps");
    for (size_t i = 0; i <= s->options.repeats; i++) { /* the first step warms up */
        const double begin = omp_get_wtime();
        tai_step_load(&step, &s->captions, s->rows);
        graph_forward(step.g);
        graph_backward(step.g);
        if (i == 0) entry->gradient_error = compare_gradients(s, form == PROMPT_SHARED);
        optimiser_step(optimiser, 1e-4);
        if (i) entry->seconds = fmin(entry->seconds, omp_get_wtime() - begin);
        progress_step(progress, i + 1);
    }
    progress_end(progress);
    const GraphCost cost = graph_cost(step.g);
    entry->flop = cost.forward_flop + cost.backward_flop;
    entry->peak_bytes = cost.buffer_bytes + cost.packed_bytes;
    if (s->options.print_operators) graph_print_times(step.g);
    optimiser_free(optimiser);
    tai_step_free(&step);
    return true;
}

bool prompt_bench(PromptBenchOptions options, PromptBenchEntry entries[PROMPT_BENCH_ENTRIES], Progress *progress,
                  Error *err)
{
    Stage stage;
    const bool good = make_stage(&stage, options, err) && measure(&stage, PROMPT_SHARED, &entries[0], progress, err) &&
                      measure(&stage, PROMPT_PLAIN, &entries[1], progress, err);
    free_stage(&stage);
    return good;
}
