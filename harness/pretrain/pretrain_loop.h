/* The loop that the parts of `palbench pretrain diffusion` share: AdamW with a short warm-up and a decay at the end, averaged
 * weights, a log, checkpoints. A step's inputs are a pure function of its number, so a resumed run needs no generator's state. */
#pragma once

#include "harness/base/progress.h"
#include "harness/base/text.h"
#include "harness/pretrain/pretrain_state.h"

typedef struct PretrainRun { /* of all parts of a run */
    const char *work;        /* folder of checkpoints and logs */
    bool resume;
    uint64_t seed;
    size_t checkpoint_seconds;
    size_t figure_images; /* pictures behind a figure of the log, at most; 0: as many as the recipe has */
    size_t stop_after;    /* stop with a checkpoint after so many steps of a part; 0: run to the end */
    Progress *progress;
} PretrainRun;

typedef struct PretrainLoop {
    const PretrainRun *run;
    const char *name;  /* of checkpoint and log: WORK/NAME.h5, WORK/NAME.tsv */
    const char *what;  /* for progress: "training the autoencoder" */
    char *config;      /* JSON: the recipe; a checkpoint of another recipe is refused; owned */
    const char *title; /* the log's first line, after "step images seconds images_per_second learning_rate" */
    PretrainState *state;
    Graph *graph;                        /* compiled with its loss */
    Node *loss, *losses[PRETRAIN_MEANS]; /* scalars; NULL where there are fewer; the log has their running means */
    uint64_t steps, batch, steps_a_log_line;
    double peak_lr, warmup_steps;
    double decay_share;                  /* the last share of the steps, in which the rate falls linearly to 0 */
    double gradient_limit;               /* 0: none */
    double average;                      /* decay of the averaged weights; state->average must be there, or 0 */
    void *context;                       /* of the two functions */
    void (*load)(void *, uint64_t step); /* fills the graph's inputs for this step */
    /* Figures of the model (its averaged weights stand in the parameters) as a part of a log line, tab before each. NULL: none. */
    bool (*figures)(void *, Text *line, Error *err);
    Text log;
} PretrainLoop;

/* Compiles, and trains to the last step, or to run->stop_after (*done tells which). At the end the averaged weights stand in the parameters.
 * Fails on: a loss that is no number, a checkpoint that cannot be written, one of another recipe. */
bool pretrain_loop(PretrainLoop *loop, bool *done, Error *err);
void pretrain_loop_free(PretrainLoop *loop); /* log and configuration */

/* `recipe` pictures, or fewer where the run says so. */
size_t pretrain_figure_images(const PretrainRun *run, size_t recipe);

/* 64 well mixed bits of a counter: splitmix64's finaliser (Steele et al. 2014). */
uint64_t mixed_bits(uint64_t value);
