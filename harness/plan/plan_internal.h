/* What the planner's files share. Inside harness/plan/ only. */
#pragma once

#include "harness/plan/plan.h"

typedef struct Planner {
    Plan *plan;
    Session *session;
    const Experiment *e;
    const OpenModel *model;
    Dataset *dataset;
} Planner;

/* What an experiment's stages are fed with, whatever the seed; NULL where the method does not ask for it. */
typedef struct PlanInputs {
    const Stage *captions, *texts, *class_text, *train_images, *generated, *test_images;
    Workload work; /* how much of each */
} PlanInputs;

/* Opens the experiment's model and data set into the planner and adds the stages of its inputs. */
bool plan_prepare(Planner *p, PlanInputs *in, Error *err);
/* Adds the stages from the inputs to the result of one seed, which is returned; NULL on failure. */
Stage *plan_result(const Planner *p, const PlanInputs *in, int64_t seed, Error *err);
/* Adds what the setting draws from the training split (plan_select.c); *select is NULL when it shows all of it or
 * nothing. Fails on a mask file that does not fit. */
bool plan_select(const Planner *p, int64_t seed, const Stage **select, Error *err);
/* All stages of an experiment on the scores of others (plan_members.c). */
bool plan_members(Planner *p, Error *err);

/* A stage of the planner's experiment, its parameters to be filled. */
Stage *plan_new_stage(const Planner *p, const StageKind *kind);
/* Seals the stage and puts it at the end of the plan, or frees it and returns the equal one that stands there. */
Stage *plan_add(const Planner *p, Stage *s);
/* The same for a stage whose hash and path are known. */
Stage *plan_keep(const Planner *p, Stage *s);

/* What the method trains on: the data set's captions, or its sentences. NULL on failure. */
const Captions *plan_texts_of(const Planner *p, Error *err);
/* The data set's captions with their labels; with the method's template sentences behind them if it asks for them.
 * NULL on failure. */
Stage *plan_captions(const Planner *p, bool with_templates, Error *err);
/* A stage that encodes pictures as the experiment's protocol and method say, but for which pictures and the words; not
 * added. */
Stage *plan_encoding(const Planner *p, bool with_local, Error *err);

/* plan_features.c, of a data set that brings features: stages that take them over, added; NULL on failure. What the experiment
 * cannot ask of such a data set fails in plan_check_own. */
bool plan_check_own(const Planner *p, unsigned needs, Error *err);
Stage *plan_own_images(const Planner *p, SplitName name, size_t *count, Error *err);
Stage *plan_own_texts(const Planner *p, const Stage *captions, Error *err);
Stage *plan_own_class_text(const Planner *p, Error *err);

/* Features of the pictures that the method trains on (plan_generated.c): drawn, or those that the data set brings.
 * Adds the stages on the way to them; *count: how many pictures. NULL on failure. */
const Stage *plan_generated(const Planner *p, size_t *count, Error *err);
