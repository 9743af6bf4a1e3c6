/* Expected times and sizes of a plan's stages, corrected by what stages like them took on this machine. */
#pragma once

#include "harness/plan/plan.h"

/* Fills `expected` of every stage of the plan from the artifacts of the store. What a stage took is in its provenance, beside what
 * operation counts had foretold (estimate.h); the correction is the median of taken / foretold over stored stages like it, each
 * counted by the work foretold, so that one odd measurement does not count and neither do many tiny ones:
 *
 *     of the same kind and, in train and score, the same method; or, when there is none, of the same kind; or none: factor 1
 *
 * The last two hundred artifacts of a kind are looked at. */
void plan_calibrate(Plan *plan, const char *store);
