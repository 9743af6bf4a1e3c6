/* What the stage "score" does for an ensemble. */
#pragma once

#include "harness/stages/stage.h"

/* Mixes the scores of the stage's two inputs, results of the same test pictures (methods/ensemble/ensemble.h). */
bool ensemble_score(Session *session, const Stage *s, Error *err);
