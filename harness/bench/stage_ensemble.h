/* What the stage "score" does for an ensemble. */
#pragma once

#include "harness/bench/stage.h"

/* Mixes the scores of the stage's two inputs, results of the same test pictures (methods/ensemble.h). */
bool ensemble_score(Bench *b, const Stage *s, Error *err);
