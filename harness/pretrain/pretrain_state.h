/* Checkpoints of pretraining: weights, moments of the optimiser, averaged weights, the step, in one HDF5 artifact. Loading one
 * and going on gives the bits of a run that was never interrupted. */
#pragma once

#include "harness/graph/optimiser.h"

enum { PRETRAIN_MEANS = 3 };

typedef struct PretrainState {
    Parameter **values; /* [value_count] everything that a checkpoint holds; borrowed */
    size_t value_count;
    Parameter **trained; /* [count] those that are not frozen, in the same order */
    size_t count;
    float **average; /* [count] exponential means of the trained values over the steps, or NULL: not kept */
    Optimiser *optimiser;
    uint64_t step;                /* steps done */
    double means[PRETRAIN_MEANS]; /* running means of the losses, for the log */
    double seconds;               /* of training so far, over all its parts */
} PretrainState;

/* Parameters weights[0 .. count-1] (borrowed) with an optimiser for those that are not frozen; vectors and scalars are not
 * decayed. Fails on no memory. */
bool pretrain_state_init(PretrainState *state, Parameter *weights, size_t count, OptimiserOptions options,
                         bool with_average, Error *err);
void pretrain_state_free(PretrainState *state);

bool pretrain_state_save(const PretrainState *state, const char *path, const char *config, Error *err);
/* Fails when the checkpoint was made with another configuration: going on would mix two recipes. */
bool pretrain_state_load(PretrainState *state, const char *path, const char *config, Error *err);

/* average += (value - average) (1 - min(decay, step / (step + 10))) after step `step`, counted from 1: early on the mean is of
 * few steps. */
void pretrain_state_average(PretrainState *state, double decay);
/* Exchanges values and averages: once before the averaged model is used, once after. Without averages nothing happens. */
void pretrain_state_swap(PretrainState *state);
/* means[i] = 0.98 means[i] + 0.02 value; the first step's value to begin with. Before `step` is counted up. */
void pretrain_state_mean(PretrainState *state, size_t i, double value);
