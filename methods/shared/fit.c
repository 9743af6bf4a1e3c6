/* An epoch is a permutation cut into batches. Groups of parameters with rates of their own have an optimiser each and
 * share the schedule's shape; the gradient's limit is over all of them together, as it is in PyTorch. */
#include "methods/shared/fit.h"

#include "harness/base/step_log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const optimiser_choices[] = {"sgd", "adam", "adamw", NULL};

FitPlan fit_plan(const Options *options, size_t items)
{
    const char *kind = option_text(options, "optimiser");
    const size_t batch = option_int(options, "batch"), epochs = option_int(options, "epochs");
    return (FitPlan){
        .items = items,
        .batch = batch < items ? batch : items,
        .epochs = epochs,
        .optimiser = {.kind = !strcmp(kind, "sgd")    ? OPTIMISER_SGD
                              : !strcmp(kind, "adam") ? OPTIMISER_ADAM
                                                      : OPTIMISER_ADAMW,
                      .momentum = option_real(options, "momentum"),
                      .weight_decay = option_real(options, "weight_decay")},
        .schedule = {.kind = SCHEDULE_WARMUP_COSINE,
                     .lr = option_real(options, "lr"),
                     .warmup = (double)option_int(options, "warmup_epochs"),
                     .warmup_lr = option_real(options, "warmup_lr"),
                     .total = (double)epochs},
        .gradient_limit = option_real(options, "grad_clip"),
    };
}

static size_t steps_an_epoch(const FitPlan *plan)
{
    return plan->batch ? plan->items / plan->batch : 0;
}

size_t fit_largest_batch(const FitPlan *plan, const Random *random, const size_t *sizes)
{
    Random ahead = *random;
    int64_t *order = xcalloc(plan->items, sizeof *order);
    size_t largest = 0;
    for (size_t epoch = 0; epoch < plan->epochs; epoch++) {
        random_permutation(&ahead, order, plan->items);
        for (size_t step = 0; step < steps_an_epoch(plan); step++) {
            size_t sum = 0;
            for (size_t i = 0; i < plan->batch; i++) sum += sizes[order[step * plan->batch + i]];
            largest = sum > largest ? sum : largest;
        }
    }
    free(order);
    return largest;
}

typedef struct Fitting {
    Run *run;
    Graph *g;
    Node *loss;
    const FitPlan *plan;
    void *context;
    Optimiser *optimisers[FIT_GROUPS_MAX];
    double lr[FIT_GROUPS_MAX];
    size_t groups;
} Fitting;

static void start_optimisers(Fitting *f)
{
    const FitPlan *plan = f->plan;
    const FitGroup all = {f->run->learned, f->run->learned_count, plan->schedule.lr};
    const FitGroup *groups = plan->group_count ? plan->groups : &all;
    f->groups = plan->group_count ? plan->group_count : 1;
    if (f->groups > FIT_GROUPS_MAX) die("a training has more than %d groups of parameters", FIT_GROUPS_MAX);
    for (size_t i = 0; i < f->groups; i++) {
        f->optimisers[i] = optimiser_new(plan->optimiser, groups[i].parameters, groups[i].count);
        f->lr[i] = groups[i].lr;
    }
}

/* `when` is in epochs. */
static bool take_step(Fitting *f, double when, Error *err)
{
    Run *run = f->run;
    const FitPlan *plan = f->plan;
    graph_forward(f->g);
    const double value = (double)node_data(f->loss)[0];
    if (!isfinite(value))
        return fail(err, "the loss is not a number any more in epoch %zu, step %zu of the training; use a lower lr",
                    (size_t)when + 1, run->loss_count + 1);
    graph_backward(f->g);
    if (plan->backward) plan->backward(f->context);
    if (plan->gradient_limit > 0) clip_gradient_norm(run->learned, run->learned_count, plan->gradient_limit);
    for (size_t i = 0; i < f->groups; i++) {
        Schedule schedule = plan->schedule;
        schedule.lr = f->lr[i];
        optimiser_step(f->optimisers[i], schedule_lr(&schedule, when));
    }
    run_log_loss(run, value);
    step_log_step(run->log, run->loss_count, when, value, schedule_lr(&plan->schedule, when));
    return true;
}

static void begin_progress(const Run *run, const FitPlan *plan, size_t steps)
{
    char *title = xformat("training %s%s%s, seed %llu", run->method ? run->method->name : "a method",
                          plan->part ? ", " : "", plan->part ? plan->part : "", (unsigned long long)run->seed);
    progress_begin(run->progress, title, plan->epochs * steps, "steps");
    free(title);
}

bool fit(Run *run, Graph *g, Node *loss, const FitPlan *plan, Random *random, FitLoad *load, void *context, Error *err)
{
    if (plan->items == 0)
        return fail(err,
                    "there is nothing to train on: no caption names a class; look at the captions and class names");
    const size_t steps = steps_an_epoch(plan);
    int64_t *order = xcalloc(plan->items, sizeof *order);
    Fitting f = {.run = run, .g = g, .loss = loss, .plan = plan, .context = context};
    start_optimisers(&f);
    begin_progress(run, plan, steps);
    bool good = true;
    for (size_t epoch = 0; epoch < plan->epochs && good; epoch++) {
        random_permutation(random, order, plan->items);
        for (size_t step = 0; step < steps && good; step++) {
            load(context, order + step * plan->batch);
            const double part = plan->schedule_in_steps ? (double)step / (double)steps : 0;
            good = take_step(&f, (double)epoch + part, err);
            progress_step(run->progress, epoch * steps + step + 1);
        }
    }
    progress_end(run->progress);
    for (size_t i = 0; i < f.groups; i++) optimiser_free(f.optimisers[i]);
    free(order);
    return good;
}
