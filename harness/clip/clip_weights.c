/* A model's weights by name. */
#include "harness/clip/weight_list.h"

#include <stdlib.h>
#include <string.h>

/* Pointers to the weights, sorted by name: a model has a few hundred, so a binary search is enough. */
struct ClipIndex {
    Parameter **sorted;
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp((*(Parameter *const *)a)->name, (*(Parameter *const *)b)->name);
}

static void index_free(struct ClipIndex *index)
{
    if (!index) return;
    free(index->sorted);
    free(index);
}

void clip_index_build(Clip *clip)
{
    index_free(clip->index);
    struct ClipIndex *index = xcalloc(1, sizeof *index);
    index->count = clip->count;
    index->sorted = xcalloc(clip->count, sizeof(Parameter *));
    for (size_t i = 0; i < clip->count; i++) index->sorted[i] = &clip->weights[i];
    if (clip->count) qsort(index->sorted, index->count, sizeof(Parameter *), by_name);
    clip->index = index;
}

Parameter *clip_find_weight(const Clip *clip, const char *name)
{
    size_t low = 0, high = clip->index->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(name, clip->index->sorted[middle]->name);
        if (order == 0) return clip->index->sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

Parameter *clip_weight(const Clip *clip, const char *name)
{
    Parameter *weight = clip_find_weight(clip, name);
    if (!weight) die("%s: no weight \"%s\" in this model", clip->path, name);
    return weight;
}

bool clip_grow_vocabulary(Clip *clip, size_t vocabulary, Error *err)
{
    Parameter *table = clip_weight(clip, "token_embedding.weight");
    const size_t rows = clip->config.vocabulary, width = clip->config.text_width;
    float *larger;
    if (vocabulary <= rows) return true;
    if (!big_alloc(&larger, vocabulary, width * sizeof *larger, "the vectors of the tokens", err)) return false;
    memcpy(larger, table->value, rows * width * sizeof *larger);
    free(table->value);
    table->value = larger;
    table->shape.dim[0] = vocabulary;
    clip->config.vocabulary = vocabulary;
    return true;
}

float *clip_token_row(Clip *clip, int32_t token)
{
    return clip_weight(clip, "token_embedding.weight")->value + (size_t)token * clip->config.text_width;
}

Clip *clip_alloc(const ClipConfig *config, size_t count, const char *path)
{
    Clip *clip = xcalloc(1, sizeof *clip);
    clip->config = *config;
    clip->weights = xcalloc(count, sizeof *clip->weights);
    clip->count = count;
    clip->path = xstrdup(path);
    return clip;
}

void clip_free(Clip *clip)
{
    if (!clip) return;
    for (size_t i = 0; i < clip->count; i++) parameter_free(&clip->weights[i]);
    index_free(clip->index);
    free(clip->weights);
    free(clip->path);
    free(clip);
}
