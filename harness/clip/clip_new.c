/* New models with random weights, and the step from a model that trains to one that is used. */
#include "harness/clip/weight_list.h"
#include "harness/graph/ops.h"
#include "harness/graph/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool weight_alloc(Parameter *weight, const WeightSpec *spec, bool trainable, Error *err)
{
    if (trainable) return parameter_init(weight, spec->name, spec->shape, err);
    *weight = (Parameter){.name = xstrdup(spec->name), .shape = spec->shape, .frozen = true};
    return big_alloc(&weight->value, shape_size(spec->shape), sizeof(float), spec->name, err);
}

static void draw(Random *random, const WeightSpec *spec, float start_logit_scale, float *values)
{
    const size_t count = shape_size(spec->shape);
    switch (spec->init) {
    case INIT_ZERO: /* as allocated */
        break;
    case INIT_ONE:
        for (size_t i = 0; i < count; i++) values[i] = 1;
        break;
    case INIT_NORMAL:
        random_normal(random, values, count);
        for (size_t i = 0; i < count; i++) values[i] *= spec->scale;
        break;
    case INIT_UNIFORM:
        random_uniform(random, values, count);
        for (size_t i = 0; i < count; i++) values[i] = (2 * values[i] - 1) * spec->scale;
        break;
    case INIT_LOGIT_SCALE:
        values[0] = start_logit_scale;
        break;
    }
}

Clip *clip_new(ClipConfig config, uint64_t seed, Error *err)
{
    if (!config_check(&config, "sizes of a new model", err)) return NULL;
    WeightList list;
    weight_list(&config, &list);
    Clip *clip = clip_alloc(&config, list.count, "a new model");
    Random random;
    random_seed(&random, seed);
    bool good = true;
    for (size_t i = 0; i < list.count && good; i++) {
        const WeightSpec *spec = &list.items[i];
        good = weight_alloc(&clip->weights[i], spec, !spec->is_running, err);
        if (good) draw(&random, spec, config.logit_scale, clip->weights[i].value);
    }
    weight_list_free(&list);
    if (!good) {
        clip_free(clip);
        return NULL;
    }
    clip_index_build(clip);
    return clip;
}

static Parameter *norm_part(const Clip *clip, const char *norm, const char *part)
{
    char name[112];
    snprintf(name, sizeof name, "%s.%s", norm, part);
    return clip_weight(clip, name);
}

/* A convolution and the arrays of the batch norm behind it. */
typedef struct Fold {
    Parameter *conv, *gain, *shift, *mean, *var;
} Fold;

/* Folds one batch norm; its shift becomes the convolution's bias, its other arrays are emptied (name NULL). */
static void fold_one(const Fold *f)
{
    const size_t out = f->conv->shape.dim[0], rest = shape_size(f->conv->shape) / out;
    float *bias = xcalloc(out, sizeof *bias);
    batch_norm_fold(f->conv->value, bias, out, rest, f->gain->value, f->shift->value, f->mean->value, f->var->value,
                    1e-5f);
    memcpy(f->shift->value, bias, out * sizeof *bias);
    free(bias);
    const int stem = (int)(strlen(f->conv->name) - strlen(".weight"));
    char *name = xformat("%.*s.bias", stem, f->conv->name);
    free(f->shift->name);
    f->shift->name = name;
    Parameter *const spent[] = {f->gain, f->mean, f->var};
    for (size_t i = 0; i < 3; i++) {
        parameter_free(spent[i]);
        *spent[i] = (Parameter){0};
    }
}

static void fold_all(Clip *clip)
{
    /* All arrays are looked up before the first fold, as folding changes the names that the index is sorted by. */
    Fold *folds = xcalloc(clip->count, sizeof *folds);
    size_t count = 0;
    for (size_t i = 0; i < clip->count; i++) {
        char norm[80];
        if (!weight_norm_of(clip->weights[i].name, norm)) continue;
        folds[count++] = (Fold){&clip->weights[i], norm_part(clip, norm, "weight"), norm_part(clip, norm, "bias"),
                                norm_part(clip, norm, "running_mean"), norm_part(clip, norm, "running_var")};
    }
    for (size_t i = 0; i < count; i++) fold_one(&folds[i]);
    free(folds);
    size_t kept = 0; /* only now may weights move */
    for (size_t i = 0; i < clip->count; i++)
        if (clip->weights[i].name) clip->weights[kept++] = clip->weights[i];
    clip->count = kept;
}

void clip_freeze(Clip *clip)
{
    if (!clip->batch_norm_folded && clip->config.has_image && clip->config.is_resnet) fold_all(clip);
    clip->batch_norm_folded = true;
    for (size_t i = 0; i < clip->count; i++) {
        Parameter *weight = &clip->weights[i];
        weight->frozen = true;
        free(weight->gradient); /* as large as the model, and nobody writes it any more */
        weight->gradient = NULL;
    }
    clip_index_build(clip);
    const Parameter *scale = clip_find_weight(clip, "logit_scale");
    if (scale) clip->config.logit_scale = scale->value[0];
}
