/* Training the judge (judge.h) on renders of pretraining scenes with the renderer's own labels: logistic loss a class, AdamW 3e-3
 * falling to 0, batch 64. */
#pragma once

#include "harness/pretrain/pretrain_loop.h"
#include "harness/stages/judge.h"

/* Trains or goes on; when *done, *judge is the finished, folded judge (caller frees). */
bool pretrain_judge(const PretrainRun *run, size_t images, Judge **judge, bool *done, Error *err);
