/* A model's text-to-image pipeline with everything that decides what it draws: the model's "generate" object, an experiment's
 * before it, the diffusers folder's own values where neither says anything.
 *
 *     Generator g;
 *     generator_of(b, experiment, &g, err);                // opens the folder once to learn about it
 *     Pipeline *p = generator_open(&g, (Arithmetic){0}, err);        // ready to draw */
#pragma once

#include "harness/diffusion/pipeline.h"
#include "harness/stages/session.h"

typedef struct Generator {
    const Model *model;
    char fingerprint[65];                          /* of the pipeline, its scheduler's configuration included */
    const char *scheduler, *negative, *prediction; /* prediction: asked for, or NULL; part of the fingerprint */
    const char *const *embeddings; /* files of learned words, NULL-terminated; NULL: none; part of the fingerprint */
    const char *const *loras;      /* FILE=WEIGHT, NULL-terminated; NULL: none; part of the fingerprint */
    size_t steps, width, height, batch;
    double guidance;
    uint64_t seed;
    double flop; /* of one picture, roughly */
} Generator;

/* Fails on: a model without "diffusion", a folder that is not there (the sentence says how to come by it) or no pipeline,
 * steps that its sampler cannot do. */
bool generator_of(Session *session, const Experiment *e, Generator *g, Error *err);
/* Whether the experiment draws with its model's own settings. */
bool generator_is_models_own(Session *session, const Experiment *e);
/* Opened and prepared; pipeline_free it. NULL on failure. */
Pipeline *generator_open(const Generator *g, Arithmetic arithmetic, Error *err);
/* Adds what decides the pictures to a stage's configuration, the seed of the first one apart. */
void generator_describe(const Generator *g, cJSON *config);

/* Pictures of a shard. A picture's bits depend in the last place on the batch, so that both depend on the size alone and not on
 * how many pictures there are. */
enum { GENERATOR_SHARD = 125 };
