/* A result file of results/README.md: scores of the test pictures and how good they are. */
#pragma once

#include "harness/score/metrics.h"
#include "harness/stages/stage.h"

typedef struct Result {
    const Scores *scores;
    const Split *split; /* of the test pictures; without names where imported scores had none */
    const char *const *class_names;
    size_t classes;
    const char *setting; /* what the method was shown, as setting_text writes it */
    const float *loss;   /* [loss_count] */
    size_t loss_count;
    void (*more)(ArtifactWriter *w, const void *context); /* further data sets and attributes; or NULL */
    const void *context;
} Result;

/* Judges the combined scores as the experiment's protocol says and writes the artifact of the stage. Fails on NaN scores. */
bool result_write(const Stage *s, const Result *result, double started, Error *err);
