/* Reference results: small copies of results, kept with the source, so that a new method can be compared with all the others before
 * any of them was run.
 *
 * A file an experiment and seed, DIR/EXPERIMENT-sSEED.h5: a result file of results/README.md with what a comparison
 * needs, everything compressed. In place of `scores` stand `ranks`: their ranks within each class, from 0 for the
 * lowest, tied scores with one rank (version 0.1.0 called them `scores` too; score_file.h reads both): average
 * precision and its bootstrap read nothing but the order, so both come out bit for bit as from the scores, in half of
 * the bytes (2000 images x 20 classes: 63 KB; float32 scores, shuffled and deflated: 130 KB; float16 scores tie what
 * was not tied). What the scores themselves are needed for (weighted sums, thresholds) takes the result itself. Left
 * out: the other score sets, heat maps, loss. */
#pragma once

#include "harness/results/results.h"

#include "harness/base/progress.h"

extern const char reference_folder[]; /* results/reference */

/* Writes a reference result of every result of the list into a folder (made when missing); others that lie there stay. Equal results
 * give equal files. A reference result gives itself: so old ones are written anew. */
bool reference_export(const ResultList *list, const char *folder, Progress *progress, Error *err);
