#include "harness/graph/ops.h"
#include "methods/losses.h"
#include "methods/tip_adapter.h"

#include <string.h>

typedef struct Step {
    Graph *g;
    Node *x, *labels, *loss; /* [B, D], [B, N], scalar */
    const LabelledImages *images;
} Step;

static bool step_init(Step *step, Run *run, const float *text, size_t batch, Error *err)
{
    const Options *o = run->options;
    Graph *g = graph_new((GraphOptions){.exact = run->exact});
    *step = (Step){.g = g, .images = &run->images};
    step->x = input(g, "images", shape(batch, run->width));
    step->labels = input(g, "labels", shape(batch, run->classes));
    Node *z = tip_scores(g, step->x, constant(g, shape(run->classes, run->width), text),
                         parameter(g, run_learned(run, "cache_keys")), parameter(g, run_learned(run, "cache_values")),
                         tip_formula(o));
    step->loss = ranking_loss(g, z, step->labels, (float)option_real(o, "margin"), (float)option_real(o, "scale"));
    return graph_compile(g, NULL, 0, step->loss, err);
}

/* Labels as the loss has them: 1, 0, and -1 for unknown. */
static void load(void *context, const int64_t *items)
{
    Step *step = context;
    const size_t batch = node_shape(step->labels).dim[0], classes = node_shape(step->labels).dim[1];
    const ImageFeatures *f = step->images->features;
    float *x = node_data(step->x), *y = node_data(step->labels);
    for (size_t b = 0; b < batch; b++) {
        const size_t n = (size_t)items[b];
        const int8_t *labels = step->images->labels + n * classes;
        memcpy(x + b * f->width, f->global + n * f->width, f->width * sizeof *x);
        for (size_t c = 0; c < classes; c++) y[b * classes + c] = labels[c] > 0 ? 1.0f : labels[c] < 0 ? 0.0f : -1.0f;
    }
}

bool tip_fine_tune(Run *run, const float *text, Error *err)
{
    if (run->images.features->width != run->width)
        return fail(err, "the training features have %zu values, the model's joint space has %zu",
                    run->images.features->width, run->width);
    FitPlan plan = fit_plan(run->options, run->images.features->count);
    plan.optimiser.eps = option_real(run->options, "eps");
    plan.schedule_in_steps = true;
    Random random;
    random_seed(&random, run->seed);
    Step step;
    const bool good =
        step_init(&step, run, text, plan.batch, err) && fit(run, step.g, step.loss, &plan, &random, load, &step, err);
    graph_free(step.g);
    return good;
}
