/* Checkpoints of pretraining: weights, moments of the optimiser, the step, in one HDF5 artifact. Loading one and going on
 * gives the bits of a run that was never interrupted. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/graph/optimiser.h"

typedef struct PretrainState {
    Clip *clip;
    Parameter **trained; /* [count] the weights that are not frozen, in the model's order; borrowed */
    size_t count;
    Optimiser *optimiser;
    uint64_t step;           /* steps done */
    double loss, local_loss; /* running means for the log */
    double seconds;          /* of training so far, over all its parts */
} PretrainState;

bool pretrain_state_save(const PretrainState *state, const char *path, const char *config, Error *err);
/* Fails when the checkpoint was made with another configuration: going on would mix two recipes. */
bool pretrain_state_load(PretrainState *state, const char *path, const char *config, Error *err);
