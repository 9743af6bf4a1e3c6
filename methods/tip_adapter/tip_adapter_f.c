/* Tip-Adapter-F: the keys of the cache learn. The published scores are CLIP's scale times a cosine already, so a loss
 * on cosines gets them divided by it, and softmax takes them as they are. */
#include "harness/graph/ops.h"
#include "methods/shared/labelled.h"
#include "methods/tip_adapter/tip_adapter_internal.h"

#include <string.h>

static Node *loss_of(LabelledStep *step, const Run *run, Node *z, Parameter *threshold)
{
    const Options *o = run->options;
    const char *loss = option_text(o, "loss");
    if (!strcmp(loss, "ranking"))
        return ranking_loss(step->g, z, step->labels, (float)option_real(o, "margin"), (float)option_real(o, "scale"));
    if (!strcmp(loss, "softmax")) return softmax_loss(step->g, z, step->labels, 1);
    return labelled_loss(step, run, scale(step->g, z, 1 / tip_formula(o).clip_scale), threshold);
}

static bool step_init(LabelledStep *step, Run *run, const float *text, Parameter *threshold, size_t batch, Error *err)
{
    labelled_step_init(step, run, batch);
    Graph *g = step->g;
    Node *keys = parameter(g, run_learned(run, "cache_keys")), *values = parameter(g, run_learned(run, "cache_values"));
    Node *classes = constant(g, shape(run->classes, run->width), text);
    Node *z = tip_scores(g, labelled_globals(step), classes, keys, values, tip_formula(run->options));
    step->loss = loss_of(step, run, z, threshold);
    return graph_compile(g, NULL, 0, step->loss, err);
}

bool tip_fine_tune(Run *run, const float *text, Error *err)
{
    Parameter *threshold;
    if (!labelled_threshold(run, text, &threshold, err)) return false;
    FitPlan plan = fit_plan(run->options, run->images.features->count);
    plan.optimiser.eps = option_real(run->options, "eps");
    plan.schedule_in_steps = true;
    Random random;
    random_seed(&random, run->seed);
    LabelledStep step;
    const bool good = step_init(&step, run, text, threshold, plan.batch, err) &&
                      fit(run, step.g, step.loss, &plan, &random, labelled_load, &step, err);
    labelled_step_free(&step);
    return good;
}
