#include "methods/class_text.h"

#include "methods/templates.h"

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

bool class_text_of(const Run *run, const char *const *frames, size_t count, float *features, Error *err)
{
    TokenList tokens = {0};
    TextFeatures texts = {0};
    for (size_t i = 0; i < run->classes * count; i++) {
        char *sentence = template_fill(frames[i % count], run->class_names[i / count]);
        tokenizer_encode(run->tokenizer, sentence, run->clip->config.context, &tokens);
        free(sentence);
    }
    const bool good = clip_encode_texts(run->clip, &tokens, false, &texts, NULL, err);
    token_list_free(&tokens);
    if (!good) return false;
    double *sum = xcalloc(texts.width, sizeof *sum);
    for (size_t c = 0; c < run->classes; c++) {
        memset(sum, 0, texts.width * sizeof *sum);
        for (size_t k = 0; k < count; k++)
            for (size_t i = 0; i < texts.width; i++) sum[i] += (double)texts.global[(c * count + k) * texts.width + i];
        unit_length(sum, texts.width, features + c * texts.width);
    }
    free(sum);
    text_features_free(&texts);
    return true;
}
