/* What the tests of tip_adapter, comc and sparc share: the tiny CLIP of methods_fixture.h and tests/golden/methods_baselines2.safetensors. */
#pragma once

#include "tests/methods_fixture.h"

typedef struct Baselines {
    TensorFile *st;
    ImageFeatures train, test;
    int8_t *labels; /* [train.count, classes] 1, -1, 0 unknown */
} Baselines;

static Baselines base;

static inline ImageFeatures global_images(const TensorFile *st, const char *name)
{
    const TensorView *view = golden_view(st, name);
    return (ImageFeatures){.count = view->dim[0], .width = view->dim[1], .global = golden_floats(st, name)};
}

/* Group set-up and tear-down. */
static inline int baselines_open(void **state)
{
    tiny_open(state);
    base = (Baselines){.st = golden_open("tests/golden/methods_baselines2.safetensors")};
    base.train = global_images(base.st, "train");
    base.test = global_images(base.st, "test");
    base.labels = golden_labels(base.st, "labels");
    return 0;
}

static inline int baselines_close(void **state)
{
    tensor_file_close(base.st);
    free(base.train.global);
    free(base.test.global);
    free(base.labels);
    return tiny_close(state);
}

/* A method trained and scored; free with trial_free. */
typedef struct Trial {
    Options options;
    Run run;
    Scores scores;
} Trial;

/* `trained` and `captions` as the method has them in its Run; features NULL for none. */
static inline bool trial_run(Trial *t, const char *method, const char *options, uint64_t seed, LabelledImages images,
                             LabelledCaptions captions, const ImageFeatures *test, Error *err)
{
    *t = (Trial){0};
    tiny_options(method, options, &t->options);
    t->run = tiny_run(method, &t->options, seed);
    t->run.images = images;
    t->run.captions = captions;
    if (t->run.method->train && !t->run.method->train(&t->run, err)) return false;
    if (t->run.method->train) { /* as the stages do: maybe another process, without the training data */
        t->run.images = (LabelledImages){0};
        t->run.captions = (LabelledCaptions){0};
    }
    return t->run.method->score(&t->run, test, &t->scores, err);
}

static inline void trial_free(Trial *t)
{
    scores_free(&t->scores);
    run_free(&t->run);
    options_free(&t->options);
}
