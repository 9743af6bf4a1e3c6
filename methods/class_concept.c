/* Class concepts with context-guided visual features (NeurIPS 2024 submission, openreview up0qqbdeQu; no code, so this is written from the
 * paper's text): class features are means of sentences, image features are rebuilt from sentences. Training-free; no text tower. */
#include "harness/graph/fast_math.h"
#include "harness/graph/onednn.h"
#include "harness/graph/random.h"
#include "methods/shared/branches.h"
#include "methods/shared/class_text.h"
#include "methods/shared/tai_common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In formulas, over M captions with features t_m of unit length, M = M_1 ... M_G (`layout`):
 *
 *     concept       t_c = n(mean of t_m over the captions that name c)                                         [paper]
 *     context       T = the t_m as an array M_1 x ... x M_G x D; v^(0) = T;
 *                   v^(k) = sum over index k of softmax_{index k}(scale <f, v^(k-1)>) v^(k-1), k = 1 ... G      [paper]
 *                   v(f) = n(v^(G)), of f = x with scale 1/alpha_f, of f = x_j with 1/alpha_F
 *     score_c = <v(x), t_c> + sum_j softmax_j(tau s_jc) s_jc,  s_jc = <v(x_j), t_c>                             [paper; tau 1]
 *
 * Every step is linear in T, so that v^(G) = sum_m w_m t_m with w_m the product of G softmaxes, and <f, v^(k)> follows from the <f, t_m>:
 * two matrix products an image, whatever G is.
 *
 * Not confirmed: the factors M_i (balanced ones here: 40 x 40 x 25 is the paper's 40,000), which captions they are and in what order (a
 * permutation by the seed, taken from its start again where there are fewer than M), whether sentences are normalised before the mean (here they
 * are) and v between the steps (here not), the temperature over positions, weights beside other methods. The paper chose the scales "on
 * validation", on labelled images. Where a class is named by no caption its scores are 0.
 * Draws: one permutation of the captions. */

enum { GRID_MAX = 8, ROWS_AT_ONCE = 64 };

static const Option options[] = {
    OPTION_TEXT("layout", "40x40x25", "how the captions are laid out for the context: their number is the product"),
    OPTION_REAL("scale", 80, 0, 1e6, "1/alpha_f: sharpness of the softmax over captions, of the image's feature"),
    OPTION_REAL("scale_local", 40, 0, 1e6, "1/alpha_F: the same of positions' features"),
    OPTION_BOOL("context", true, "image features rebuilt from captions; without, as they are"),
    OPTION_BOOL("concept", true, "class features from captions; without, those of class names"),
    OPTION_BOOL("local", true, "the score of positions too"),
    OPTION_REAL("tau", 1, 0, 1e6, "softmax over an image's positions: sharpness"),
    CLASS_TEXT_OPTIONS,
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter of the captions: the authors' lemmatiser, or irregular plurals too"),
    NORMALISE_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    return NEED_CAPTIONS | (option_bool(o, "concept") ? 0u : NEED_CLASS_TEXT) |
           (option_bool(o, "local") ? NEED_TEST_LOCAL : 0u);
}

/* The captions as an array [grid[0], ..., grid[axes - 1], D]. */
typedef struct Context {
    size_t axes, grid[GRID_MAX], count, width;
    float *texts; /* [count, D] */
} Context;

/* "40x40x25" */
static bool read_grid(const char *text, Context *c, Error *err)
{
    const char *at = text;
    c->axes = 0, c->count = 1;
    for (bool more = true; more;) {
        char *end;
        const unsigned long n = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : 0;
        if (n == 0 || n > 1000000 || c->axes == GRID_MAX || (*end && *end != 'x') || (c->count *= n) > 10000000)
            return fail_usage(
                err,
                "the layout \"%s\" must be up to %d numbers with x between them, as 40x40x25, whose product "
                "is at most ten million",
                text, GRID_MAX);
        c->grid[c->axes++] = n;
        more = *end == 'x';
        at = end + 1;
    }
    return true;
}

/* order [captions]: by the seed. */
static bool lay_out(Context *c, const Run *run, const int64_t *order, Error *err)
{
    const TextFeatures *texts = run->captions.features;
    c->width = run->width;
    if (!big_alloc(&c->texts, c->count * c->width, sizeof *c->texts, "captions", err)) return false;
    for (size_t m = 0; m < c->count; m++)
        memcpy(c->texts + m * c->width, texts->global + (size_t)order[m % texts->count] * c->width,
               c->width * sizeof *c->texts);
    return true;
}

static void make_unit(float *v, size_t width)
{
    double square = 0;
    for (size_t d = 0; d < width; d++) square += (double)v[d] * (double)v[d];
    const double inverse = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t d = 0; d < width; d++) v[d] = (float)((double)v[d] * inverse);
}

/* t_c of the first captions of the order, each once -> [N, D]; tells which classes none of them names. */
static void make_concepts(const Run *run, const int64_t *order, size_t captions, float *concepts)
{
    const size_t classes = run->classes, width = run->width;
    double *sum = xcalloc(width, sizeof *sum);
    TextList unnamed = {0};
    for (size_t c = 0; c < classes; c++) {
        size_t count = 0;
        memset(sum, 0, width * sizeof *sum);
        for (size_t i = 0; i < captions; i++) {
            const size_t row = (size_t)order[i];
            if (!run->captions.labels[row * classes + c]) continue;
            const float *text = run->captions.features->global + row * width;
            for (size_t d = 0; d < width; d++) sum[d] += (double)text[d];
            count++;
        }
        for (size_t d = 0; d < width; d++) concepts[c * width + d] = (float)(count ? sum[d] / (double)count : 0);
        make_unit(concepts + c * width, width);
        if (!count) text_list_add(&unnamed, run->class_names[c]);
    }
    if (unnamed.count) {
        char *some = text_list_some(&unnamed, 5);
        progress_note(run->progress, "no caption names %s: scores of such a class are 0", some);
        free(some);
    }
    text_list_free(&unnamed);
    free(sum);
}

enum { COLUMNS_AT_ONCE = 32 }; /* of softmaxes side by side, so that loops go along memory */

/* s <- softmax(scale s) over the first axis of columns [n, columns] in rows of `stride`; mean [columns] <- its mean of s. */
static void soften_columns(float *s, size_t n, size_t columns, size_t stride, float scale, float *mean)
{
    float highest[COLUMNS_AT_ONCE], sum[COLUMNS_AT_ONCE] = {0}, weighted[COLUMNS_AT_ONCE] = {0};
    memcpy(highest, s, columns * sizeof *s);
    for (size_t i = 1; i < n; i++)
        for (size_t r = 0; r < columns; r++)
            highest[r] = s[i * stride + r] > highest[r] ? s[i * stride + r] : highest[r];
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < columns; r++) {
            const float value = s[i * stride + r], p = fast_exp(scale * (value - highest[r]));
            s[i * stride + r] = p;
            sum[r] += p;
            weighted[r] += p * value;
        }
    for (size_t r = 0; r < columns; r++) mean[r] = weighted[r] / sum[r];
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < columns; r++) s[i * stride + r] /= sum[r];
}

static void soften(float *s, size_t n, size_t rest, float scale, float *mean)
{
    for (size_t r = 0; r < rest; r += COLUMNS_AT_ONCE)
        soften_columns(s + r, n, rest - r < COLUMNS_AT_ONCE ? rest - r : COLUMNS_AT_ONCE, rest, scale, mean + r);
}

/* How much weigh() needs: what every step leaves for the next. */
static size_t weigh_room(const Context *c)
{
    size_t room = 0, size = c->count;
    for (size_t k = 0; k < c->axes; k++) room += size /= c->grid[k];
    return room;
}

/* w [M]: the cosines of one feature with all captions <- their weights. */
static void weigh(const Context *c, float scale, float *w, float *room)
{
    float *values[GRID_MAX + 1] = {
        w, room}; /* of step k: [M_k, ..., M_G], a softmax over the first axis once it is done */
    size_t size = c->count;
    for (size_t k = 0; k < c->axes; k++) {
        const size_t rest = size / c->grid[k];
        soften(values[k], c->grid[k], rest, scale, values[k + 1]);
        if (k + 1 < c->axes) values[k + 2] = values[k + 1] + rest;
        for (size_t first = 0; k > 0 && first < c->count; first += size)
            for (size_t r = 0; r < size; r++) w[first + r] *= values[k][r];
        size = rest;
    }
}

/* What rebuilding features takes, a few rows at a time. */
typedef struct Rebuilding {
    const Context *context;
    float *weights, *room; /* [ROWS_AT_ONCE, M], [ROWS_AT_ONCE, weigh_room] */
} Rebuilding;

/* v(f) of features [rows, D] -> v [rows, D] of unit length. */
static void rebuild(const Rebuilding *b, const float *features, size_t rows, float scale, float *v)
{
    const Context *c = b->context;
    const size_t width = c->width, room = weigh_room(c);
    for (size_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        const size_t n = rows - first < ROWS_AT_ONCE ? rows - first : ROWS_AT_ONCE;
        onednn_sgemm(false, true, n, c->count, width, 1, features + first * width, width, c->texts, width, 0,
                     b->weights, c->count);
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < n; i++) weigh(c, scale, b->weights + i * c->count, b->room + i * room);
        onednn_sgemm(false, false, n, width, c->count, 1, b->weights, c->count, c->texts, width, 0, v + first * width,
                     width);
        for (size_t i = 0; i < n; i++) make_unit(v + (first + i) * width, width);
    }
}

/* z [images, N]: the first row of the formula; local [images, N]: the second, or NULL. */
static bool score_rebuilt(const Run *run, const Rebuilding *b, const ImageFeatures *test, const float *classes,
                          float *global, float *local, Error *err)
{
    const Options *o = run->options;
    const bool context = option_bool(o, "context");
    const float scale = (float)option_real(o, "scale"), scale_local = (float)option_real(o, "scale_local"),
                tau = (float)option_real(o, "tau");
    const size_t width = test->width, positions = local ? test->positions : 0;
    const size_t step = positions && positions < 8 * ROWS_AT_ONCE ? 8 * ROWS_AT_ONCE / positions
                        : local                                   ? 1
                                                                  : ROWS_AT_ONCE;
    float *v = NULL, *v_local = NULL, *room = NULL;
    bool good = big_alloc(&v, step * width, sizeof *v, "rebuilt features", err) &&
                big_alloc(&v_local, step * positions * width + 1, sizeof *v_local, "rebuilt local features", err) &&
                (!local || image_local_room(test, step, &room, err));
    for (size_t first = 0; good && first < test->count; first += step) {
        ImageFeatures piece = *test;
        piece.count = test->count - first < step ? test->count - first : step;
        piece.global = test->global + first * width;
        piece.local = local ? (float *)image_local(test, first, piece.count, room) : NULL;
        piece.local_rows = NULL;
        if (context) rebuild(b, piece.global, piece.count, scale, v), piece.global = v;
        if (context && local)
            rebuild(b, piece.local, piece.count * positions, scale_local, v_local), piece.local = v_local;
        score_global(&piece, classes, run->classes, 1, global + first * run->classes);
        good = !local || score_local(&piece, classes, run->classes, tau, 1, local + first * run->classes, err);
    }
    free(v), free(v_local), free(room);
    return good;
}

static bool score_all(const Run *run, const Context *c, const ImageFeatures *test, const float *classes, Scores *scores,
                      Error *err)
{
    const size_t count = test->count * run->classes;
    Rebuilding b = {.context = c};
    float *global = scores->global ? scores->global : scores->combined;
    const bool good = big_alloc(&b.weights, ROWS_AT_ONCE * c->count, sizeof *b.weights, "weights of captions", err) &&
                      big_alloc(&b.room, ROWS_AT_ONCE * weigh_room(c), sizeof *b.room, "weights of captions", err) &&
                      score_rebuilt(run, &b, test, classes, global, scores->local, err);
    free(b.weights), free(b.room);
    if (!good) return false;
    normalise_scores(run, test->count, 1, global);
    if (!scores->local) return true;
    normalise_scores(run, test->count, 1, scores->local);
    for (size_t i = 0; i < count; i++) scores->combined[i] = scores->global[i] + scores->local[i];
    return true;
}

static bool score_with(Run *run, const ImageFeatures *test, const int64_t *order, Context *c, Scores *scores,
                       Error *err)
{
    const size_t captions = run->captions.features->count;
    float *classes = xcalloc(run->classes * run->width, sizeof *classes);
    bool good = lay_out(c, run, order, err);
    if (good && option_bool(run->options, "concept"))
        make_concepts(run, order, captions < c->count ? captions : c->count, classes);
    else
        good = good && class_text_features(run, classes, err);
    good = good && scores_init(scores, test->count, run->classes, option_bool(run->options, "local"), err);
    if (good && !score_all(run, c, test, classes, scores, err)) {
        scores_free(scores);
        good = false;
    }
    free(classes);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    const size_t captions = run->captions.features->count;
    Context context = {0};
    int64_t *order;
    if (!run_check_test(run, test, option_bool(run->options, "local"), err) ||
        !run_check_width(run, "the captions' features", run->captions.features->width, err) ||
        !read_grid(option_text(run->options, "layout"), &context, err) ||
        !big_alloc(&order, captions, sizeof *order, "the captions' order", err))
        return false;
    Random random;
    random_seed(&random, run->seed);
    random_permutation(&random, order, captions);
    const bool good = score_with(run, test, order, &context, scores, err);
    free(order);
    free(context.texts);
    return good;
}

/* Two products of a feature with all captions; how many positions there are is not known here. */
static void cost(const Workload *work, Cost *cost)
{
    Context c;
    Error ignored;
    if (read_grid(option_text(work->options, "layout"), &c, &ignored) && option_bool(work->options, "context"))
        cost->score_flop = 4 * work->test * (double)c.count * (double)work->clip->config.embed *
                           (option_bool(work->options, "local") ? 50 : 1);
}

extern const Method method_class_concept;
const Method method_class_concept = {
    .name = "class_concept",
    .summary = "class features and image features rebuilt from captions, nothing trained (context-guided features)",
    .note = "re-implementation from the paper's text, which has no code; layout and order of the captions are ours",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF, /* as TaI-DPT's, whose local features the paper takes */
    .needs = needs,
    .score = score,
    .cost = cost,
};
