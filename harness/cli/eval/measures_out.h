/* What is said of score sets, as JSON and as tables; nothing is computed here (harness/score/measures.h does). */
#pragma once

#include "harness/base/text.h"
#include "harness/score/measures.h"

#include <cjson/cJSON.h>

/* Adds to `set` everything but mAP and APs: rates, P, R, F1 at 3 and 5, subsets, harmonic, by_labels, calibration. What cannot be
 * measured is null. `subsets` as they were computed by. */
void measures_json(cJSON *set, const Measures *m, const SubsetList *subsets);
/* Tables behind the one of mAP, a row a set of `names`. */
void measures_print(const TextList *names, const Measures *m, const SubsetList *subsets);
