/* How long stages take and how large their artifacts are: rough, from operation counts and a rate of 40 GFLOP/s a thread, for
 * `palbench plan`. Nothing else depends on them. Who changes a rule raises FORETOLD_RULE (stage.h). */
#pragma once

#include "harness/stages/stage_kinds.h"

/* By the kind's parameters, which must be filled in, and how many of what there are. */
void estimate_captions(Stage *s, size_t captions, size_t classes);
void estimate_choose(Stage *s, size_t captions, size_t classes); /* of so many */
/* `images` that are to be drawn; those that another stage of the plan draws are not counted again. */
void estimate_generate(Stage *s, const Generator *g, size_t images);
void estimate_texts(Stage *s, const Clip *clip, size_t texts);
void estimate_images(Stage *s, size_t images);
void estimate_features(Stage *s);
/* By what the method says of its cost. */
void estimate_train(Stage *s, const Workload *work);
void estimate_score(Stage *s, const Workload *work, const Stage *images);
