/* Weights of CLIP's towers as tests/golden/make_clip_towers.py draws them: one stream over the names in order. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/graph/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline bool drawn_ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static inline int drawn_by_name(const void *a, const void *b)
{
    return strcmp((*(Parameter *const *)a)->name, (*(Parameter *const *)b)->name);
}

static inline void draw_weight(Random *random, Parameter *p)
{
    const size_t n = shape_size(p->shape);
    const bool is_embedding = strstr(p->name, "embedding") != NULL;
    random_normal(random, p->value, n);
    for (size_t i = 0; i < n; i++) {
        const float w = p->value[i];
        if (drawn_ends_with(p->name, "running_var"))
            p->value[i] = 0.5f + w * w;
        else if (p->shape.rank >= 2 && !is_embedding)
            p->value[i] = w * sqrtf((float)p->shape.dim[0] / (float)n);
        else
            p->value[i] = drawn_ends_with(p->name, ".weight") && !is_embedding ? 1 + 0.1f * w : 0.1f * w;
    }
}

/* Draws the weights whose names begin with `prefix` ("" for all). */
static inline void draw_weights(Clip *clip, const char *prefix, uint64_t seed)
{
    Parameter **sorted = xmalloc(clip->count * sizeof(Parameter *));
    for (size_t i = 0; i < clip->count; i++) sorted[i] = &clip->weights[i];
    qsort(sorted, clip->count, sizeof(Parameter *), drawn_by_name);
    Random random;
    random_seed(&random, seed);
    for (size_t i = 0; i < clip->count; i++)
        if (strncmp(sorted[i]->name, prefix, strlen(prefix)) == 0) draw_weight(&random, sorted[i]);
    free(sorted);
}
