/* The training loop that methods share: a permutation an epoch, batches that are consecutive pieces of it, a learning rate an
 * epoch, one optimiser step a batch, the loss curve, progress. The last, smaller batch of an epoch is dropped unless it is the
 * only one, so every batch has the same size and one graph serves them all. */
#pragma once

#include "harness/graph/optimiser.h"
#include "harness/graph/random.h"
#include "methods/shared/method.h"

extern const char *const optimiser_choices[]; /* "sgd", "adam", "adamw" */

/* The shared options; methods differ in these seven defaults. */
#define FIT_OPTIONS_ALL(epochs_, batch_, optimiser_, lr_, weight_decay_, warmup_epochs_, warmup_lr_)                   \
    OPTION_INT("epochs", epochs_, 1, 100000, "passes over the training data"),                                         \
        OPTION_INT("batch", batch_, 1, 1 << 20, "training examples a step"),                                           \
        OPTION_CHOICE("optimiser", optimiser_, optimiser_choices, "rule of a step"),                                   \
        OPTION_REAL("lr", lr_, 0, 1e3, "learning rate at the head of the cosine"),                                     \
        OPTION_REAL("momentum", 0.9, 0, 1, "of SGD; Adam and AdamW keep their 0.9 and 0.999"),                         \
        OPTION_REAL("weight_decay", weight_decay_, 0, 1, "added to the gradient (AdamW: taken off the value)"),        \
        OPTION_INT("warmup_epochs", warmup_epochs_, 0, 100000, "epochs at warmup_lr before the cosine"),               \
        OPTION_REAL("warmup_lr", warmup_lr_, 0, 1e3, "constant learning rate of these epochs"),                        \
        OPTION_REAL("grad_clip", 0, 0, 1e9, "largest norm of all gradients together; 0: not clipped")
/* The same with warm-up at 1e-5. */
#define FIT_OPTIONS_OF(epochs_, batch_, optimiser_, lr_, weight_decay_, warmup_epochs_)                                \
    FIT_OPTIONS_ALL(epochs_, batch_, optimiser_, lr_, weight_decay_, warmup_epochs_, 1e-5)
/* The same with TaI's published defaults (methods/DEFINITIONS.md, "tai"), and with other epochs, batch and
 * lr. */
#define FIT_OPTIONS                            FIT_OPTIONS_WITH(20, 512, 1e-4)
#define FIT_OPTIONS_WITH(epochs_, batch_, lr_) FIT_OPTIONS_OF(epochs_, batch_, "sgd", lr_, 5e-4, 1)

/* Parameters that share a learning rate: in place of the schedule's own, on the same course. */
typedef struct FitGroup {
    Parameter *const *parameters;
    size_t count;
    double lr;
} FitGroup;

enum { FIT_GROUPS_MAX = 4 };

typedef struct FitPlan {
    size_t items, batch, epochs; /* training examples; batch at most items */
    OptimiserOptions optimiser;
    Schedule schedule;      /* in epochs, from 0 */
    bool schedule_in_steps; /* the learning rate changes every step, at parts of an epoch; else once an epoch */
    double gradient_limit;
    const FitGroup *groups; /* [group_count]; none: all of the run's parameters at the schedule's rate */
    size_t group_count;
    const char *part;                /* "stage 1", for people; or NULL */
    void (*backward)(void *context); /* after the graph's: takes gradients on to what lies before it; or NULL */
} FitPlan;

FitPlan fit_plan(const Options *options, size_t items);

/* Puts the examples items[0 .. plan->batch-1] into the graph's inputs. */
typedef void FitLoad(void *context, const int64_t *items);

/* Trains the run's learned parameters (or plan->groups) to lower `loss`; the graph must be compiled. Draws from `random` one
 * permutation an epoch. Appends every step's loss to the run's curve. Fails on: no examples, a loss that is not a number any more. */
bool fit(Run *run, Graph *g, Node *loss, const FitPlan *plan, Random *random, FitLoad *load, void *context, Error *err);

/* The largest sum of sizes[item] over a batch that fit() is going to draw from this state of `random`; what ragged inputs
 * must have room for. Found by drawing ahead on a copy. */
size_t fit_largest_batch(const FitPlan *plan, const Random *random, const size_t *sizes);
