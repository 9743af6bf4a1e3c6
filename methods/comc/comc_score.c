/* CoMC at test time: the text bank (class features, or every sentence of every class by itself), features moved
 * towards it, the learned classifier on what came out, a branch's image score being the highest of its positions. In
 * pieces of a few thousand rows, so that memory does not grow with the test set. */
#include "harness/graph/onednn.h"
#include "methods/comc/comc_internal.h"
#include "methods/shared/branches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 4096 };

static void softmax_row(float *s, size_t size, float tau)
{
    float highest = -INFINITY, sum = 0;
    for (size_t m = 0; m < size; m++) highest = s[m] > highest ? s[m] : highest;
    for (size_t m = 0; m < size; m++) sum += s[m] = expf(tau * (s[m] - highest));
    for (size_t m = 0; m < size; m++) s[m] /= sum;
}

/* out = (1 - mix) x + mix n(out) */
static void mix_row(const float *x, size_t width, float mix, float *out)
{
    double square = 0;
    for (size_t i = 0; i < width; i++) square += (double)out[i] * (double)out[i];
    const float factor = square > 0 ? (float)((double)mix / sqrt(square)) : 0;
    for (size_t i = 0; i < width; i++) out[i] = (1 - mix) * x[i] + factor * out[i];
}

bool comc_move(const float *features, size_t count, size_t width, const float *bank, size_t size, float tau, float mix,
               float *out, Error *err)
{
    float *s;
    if (!big_alloc(&s, count * size, sizeof *s, "similarities with the text bank", err)) return false;
    onednn_sgemm(false, true, count, size, width, 1, features, width, bank, width, 0, s, size);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++) softmax_row(s + i * size, size, tau);
    onednn_sgemm(false, false, count, width, size, 1, s, size, bank, width, 0, out, width);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++) mix_row(features + i * width, width, mix, out + i * width);
    free(s);
    return true;
}

typedef struct Bank {
    float *features; /* [size, D] */
    size_t size;
} Bank;

/* Every class's sentences one after the other. */
static bool sentence_bank(const Run *run, Bank *bank, Error *err)
{
    const TemplateSet *set = template_set(option_text(run->options, "templates"));
    if (set->count == 1) return class_text_features(run, bank->features, err);
    TextList sentences = {0};
    for (size_t i = 0; i < bank->size; i++) {
        char *sentence = template_fill(set->frames[i % set->count], run->class_names[i / set->count]);
        text_list_add(&sentences, sentence);
        free(sentence);
    }
    const bool good = encode_sentences(run, &sentences, bank->features, err);
    text_list_free(&sentences);
    return good;
}

static bool make_bank(const Run *run, Bank *bank, Error *err)
{
    const bool sentences = !strcmp(option_text(run->options, "bank"), "sentences");
    const size_t frames = sentences ? template_set(option_text(run->options, "templates"))->count : 1;
    bank->size = run->classes * frames;
    if (!big_alloc(&bank->features, bank->size * run->width, sizeof(float), "the text bank", err)) return false;
    return sentences ? sentence_bank(run, bank, err) : class_text_features(run, bank->features, err);
}

/* z [images, N]: of every image, W x' of its global feature or the highest among its positions; in pieces, so that memory stays
 * bounded. */
static bool classify(const Run *run, const Bank *bank, const ImageFeatures *test, bool local, float *z, Error *err)
{
    const size_t images = test->count, rows = local ? test->positions : 1;
    const float tau = (float)option_real(run->options, "tau_bank"), mix = (float)option_real(run->options, "mix");
    const size_t width = run->width, classes = run->classes;
    const size_t step = rows < ROWS_AT_ONCE ? ROWS_AT_ONCE / rows : 1;
    const float *weight = run_learned(run, "weight")->value;
    float *moved = NULL, *each = NULL, *room = NULL;
    bool good = big_alloc(&moved, step * rows * width, sizeof *moved, "moved features", err) &&
                big_alloc(&each, step * rows * classes, sizeof *each, "scores of positions", err) &&
                (!local || image_local_room(test, step, &room, err));
    for (size_t first = 0; first < images && good; first += step) {
        const size_t n = images - first < step ? images - first : step;
        const float *x = local ? image_local(test, first, n, room) : test->global + first * width;
        good = comc_move(x, n * rows, width, bank->features, bank->size, tau, mix, moved, err);
        if (!good) break;
        onednn_sgemm(false, true, n * rows, classes, width, 1, moved, width, weight, width, 0, each, classes);
        for (size_t i = 0; i < n; i++) {
            float *out = z + (first + i) * classes;
            for (size_t c = 0; c < classes; c++) out[c] = -INFINITY;
            for (size_t j = 0; j < rows; j++)
                for (size_t c = 0; c < classes; c++) out[c] = fmaxf(out[c], each[(i * rows + j) * classes + c]);
        }
    }
    free(moved);
    free(each);
    free(room);
    return good;
}

static bool score_branches(const Run *run, const Bank *bank, const ImageFeatures *test, bool with_local, Scores *scores,
                           Error *err)
{
    if (!with_local) return classify(run, bank, test, false, scores->combined, err);
    if (!classify(run, bank, test, false, scores->global, err) || !classify(run, bank, test, true, scores->local, err))
        return false;
    scores_combine(scores, test->count, run->classes, (float)option_real(run->options, "local_weight"));
    return true;
}

bool comc_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    const bool with_local = option_bool(run->options, "local");
    if (!run_check_test(run, test, with_local, err) || !scores_init(scores, test->count, run->classes, with_local, err))
        return false;
    Bank bank = {0};
    const bool good = make_bank(run, &bank, err) && score_branches(run, &bank, test, with_local, scores, err);
    free(bank.features);
    if (!good) scores_free(scores);
    return good;
}
