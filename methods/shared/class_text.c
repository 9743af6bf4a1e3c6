/* All sentences of all classes are encoded in one go, then averaged class by class in doubles. Features that CLIP
 * gives have unit length already; their mean has not and gets it. */
#include "methods/shared/class_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void unit_length(double *sum, size_t width, float *out)
{
    double square = 0;
    for (size_t i = 0; i < width; i++) square += sum[i] * sum[i];
    const double inverse = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < width; i++) out[i] = (float)(sum[i] * inverse);
}

static bool encode(const Run *run, const TextList *sentences, TextFeatures *features, Error *err)
{
    if (!run->tokenizer)
        return fail_usage(
            err, "the method %s sends sentences through the text tower; name the \"model\" that made the features",
            run->method->name);
    TokenList tokens = {0};
    for (size_t i = 0; i < sentences->count; i++)
        tokenizer_encode(run->tokenizer, sentences->items[i], run->clip->config.context, &tokens);
    token_list_remarks(&tokens, (const char *const *)sentences->items, "sentences", run->clip->config.context,
                       run->progress);
    const bool good = clip_encode_texts(run->clip, &tokens, false, run->arithmetic, features, NULL, err);
    token_list_free(&tokens);
    return good;
}

bool encode_sentences(const Run *run, const TextList *sentences, float *features, Error *err)
{
    TextFeatures texts = {0};
    if (!encode(run, sentences, &texts, err)) return false;
    memcpy(features, texts.global, texts.count * texts.width * sizeof *features);
    text_features_free(&texts);
    return true;
}

bool class_text_of_sentences(const Run *run, const TextList *sentences, size_t each, float *features, Error *err)
{
    TextFeatures texts = {0};
    if (!encode(run, sentences, &texts, err)) return false;
    double *sum = xcalloc(texts.width, sizeof *sum);
    for (size_t c = 0; c < run->classes; c++) {
        memset(sum, 0, texts.width * sizeof *sum);
        for (size_t k = 0; k < each; k++)
            for (size_t i = 0; i < texts.width; i++) sum[i] += (double)texts.global[(c * each + k) * texts.width + i];
        unit_length(sum, texts.width, features + c * texts.width);
    }
    free(sum);
    text_features_free(&texts);
    return true;
}

bool class_text_of(const Run *run, const char *const *frames, size_t count, float *features, Error *err)
{
    TextList sentences = {0};
    for (size_t i = 0; i < run->classes * count; i++) {
        char *sentence = template_fill(frames[i % count], run->class_names[i / count]);
        text_list_add(&sentences, sentence);
        free(sentence);
    }
    const bool good = class_text_of_sentences(run, &sentences, count, features, err);
    text_list_free(&sentences);
    return good;
}

bool class_text_features(const Run *run, float *features, Error *err)
{
    const TemplateSet *set = template_set(option_text(run->options, "templates"));
    const char *frame = option_text(run->options, "frame");
    if (run->class_text) {
        memcpy(features, run->class_text, run->classes * run->width * sizeof *features);
        return true;
    }
    if (set->count > 1) return class_text_of(run, set->frames, set->count, features, err);
    if (!strstr(frame, "{}"))
        return fail_usage(err, "the frame \"%s\" has no {} for the class name; write one, as \"a photo of a {}.\"",
                          frame);
    return class_text_of(run, &frame, 1, features, err);
}
