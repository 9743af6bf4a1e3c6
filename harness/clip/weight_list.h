/* Every weight of a CLIP of given sizes: OpenAI's name, shape, and how a new model draws it. The one place that knows which
 * tensors a model has; making, loading and saving all walk this list. */
#pragma once

#include "harness/clip/clip.h"

typedef enum WeightInit {
    INIT_ZERO,
    INIT_ONE,
    INIT_NORMAL,  /* N(0, scale^2) */
    INIT_UNIFORM, /* U(-scale, scale) */
    INIT_LOGIT_SCALE
} WeightInit;

typedef struct WeightSpec {
    char name[80];
    Shape shape;
    WeightInit init;
    float scale;
    bool is_running; /* batch norm's running mean or variance: data, never trained */
    bool is_matrix;  /* a projection that other layouts store transposed: visual.proj, text_projection */
} WeightSpec;

typedef struct WeightList {
    WeightSpec *items;
    size_t count, capacity;
} WeightList;

/* Fills `list` with the weights of `config`, batch norms apart: image tower first, in the order of the computation, then
 * the text tower, then logit_scale. This is also the order of clip_new's random draws. Free with weight_list_free. */
void weight_list(const ClipConfig *config, WeightList *list);
void weight_list_free(WeightList *list);

/* A convolution and the batch norm behind it, by their names' beginnings: "visual.layer1.0.conv1", "visual.layer1.0.bn1".
 * Fills `norm` for the weight `name` ("visual.layer1.0.conv1.weight"); false when it is no convolution with a batch norm. */
bool weight_norm_of(const char *name, char norm[80]);

/* Heads of a ResNet's attention pool and so on are divided without remainder, nothing is zero or absurdly large; `where`
 * names the file in the sentence. */
bool config_check(const ClipConfig *config, const char *where, Error *err);

/* What every CLIP of OpenAI has: QuickGELU, eps 1e-5, mean and standard deviation, the start of the logit scale. */
void config_defaults(ClipConfig *config);

/* The published architecture that has these sizes ("RN50"); NULL: none. */
const char *config_published(const ClipConfig *config);

/* (Re)builds clip->index after clip->weights changed. */
void clip_index_build(Clip *clip);
/* A Clip with room for `count` weights (zeroed) and no index yet. */
Clip *clip_alloc(const ClipConfig *config, size_t count, const char *path);

/* Allocates a weight. Trainable ones have a gradient; others are frozen and have none (`gradient` NULL). */
bool weight_alloc(Parameter *weight, const WeightSpec *spec, bool trainable, Error *err);
