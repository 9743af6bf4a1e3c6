/* How much memory a stage takes, for what a cluster is asked: from above and rough, from the sizes of checkpoints,
 * features and pictures. */
#pragma once

#include "harness/stages/stage_kinds.h"

/* Bytes, of a stage whose expected sizes are there (calibrate.h); `shards`: only some shards of it, or NULL for the
 * report, which reads results only. */
double estimate_memory(const Stage *s, bool shards);
