/* What the tests of tip_adapter, comc and sparc share: the tiny CLIP of methods_fixture.h and tests/golden/methods_baselines2.safetensors. */
#pragma once

#include "tests/methods_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct Baselines {
    Tiny tiny;
    Safetensors *st;
    ImageFeatures train, test;
    int8_t *labels; /* [train.count, classes] 1, -1, 0 unknown */
} Baselines;

static inline ImageFeatures golden_images(const Safetensors *st, const char *name)
{
    const TensorView *view = golden_view(st, name);
    return (ImageFeatures){.count = view->dim[0], .width = view->dim[1], .global = golden_floats(st, name)};
}

static inline void baselines_open(Baselines *b)
{
    *b = (Baselines){.st = golden_open("tests/golden/methods_baselines2.safetensors")};
    tiny_open(&b->tiny);
    b->train = golden_images(b->st, "train");
    b->test = golden_images(b->st, "test");
    const size_t count = b->train.count * b->tiny.classes.count;
    int64_t *labels = golden_integers(b->st, "labels");
    b->labels = xmalloc(count);
    for (size_t i = 0; i < count; i++) b->labels[i] = (int8_t)labels[i];
    free(labels);
}

static inline void baselines_close(Baselines *b)
{
    tiny_close(&b->tiny);
    safetensors_close(b->st);
    free(b->train.global);
    free(b->test.global);
    free(b->labels);
}

/* Float32 sums in another order differ by about 1e-6; fifty steps of training carry that to some 1e-5. */
static inline void assert_golden(const Baselines *b, const char *name, const float *values, size_t count)
{
    const double error = golden_error(b->st, name, values, count);
    if (!(error < 1e-4)) fail_msg("%s: relative error %.3g", name, error);
}

/* A method trained and scored; free with trial_free. */
typedef struct Trial {
    Options options;
    Run run;
    Scores scores;
} Trial;

/* `trained` and `captions` as the method has them in its Run; features NULL for none. */
static inline bool trial_run(Trial *t, const Baselines *b, const char *method, const char *options, uint64_t seed,
                             LabelledImages images, LabelledCaptions captions, const ImageFeatures *test, Error *err)
{
    *t = (Trial){0};
    tiny_options(method, options, &t->options);
    t->run = tiny_run(&b->tiny, method, &t->options, seed);
    t->run.images = images;
    t->run.captions = captions;
    if (t->run.method->train && !t->run.method->train(&t->run, err)) return false;
    if (t->run.method->train) { /* as the bench does: maybe another process, without the training data */
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
