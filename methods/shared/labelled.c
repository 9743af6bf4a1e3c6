/* Labels change their coding on the way into a graph, here and nowhere else. A method takes from a LabelledStep what
 * it asks for: inputs that were not made are not loaded. */
#include "methods/shared/labelled.h"

#include "harness/graph/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const labelled_loss_choices[] = {"ranking", "asl", "softmax", NULL};

AsymmetricLoss asymmetric_options(const Options *o)
{
    return (AsymmetricLoss){.gamma_negative = (float)option_real(o, "gamma_negative"),
                            .gamma_positive = (float)option_real(o, "gamma_positive"),
                            .clip = (float)option_real(o, "clip"),
                            .focus_gradient = option_bool(o, "focus_gradient")};
}

bool labelled_check(const Run *run, bool local, Error *err)
{
    const ImageFeatures *f = run->images.features;
    const char *name = run->method->name;
    if (!f || f->count == 0)
        return fail(err, "%s trains on labelled images, and there are none; choose a setting and data that have some",
                    name);
    if (!run_check_width(run, "labelled images' features", f->width, err)) return false;
    if (local && !image_has_local(f))
        return fail(err, "the labelled images have no local features, which %s needs", name);
    return true;
}

void labelled_step_init(LabelledStep *step, const Run *run, size_t batch)
{
    *step = (LabelledStep){.g = graph_new((GraphOptions){.arithmetic = run->arithmetic}), .images = &run->images};
    step->labels = input(step->g, "labels", shape(batch, run->classes));
}

void labelled_step_free(LabelledStep *step)
{
    graph_free(step->g);
    *step = (LabelledStep){0};
}

Node *labelled_globals(LabelledStep *step)
{
    const size_t batch = node_shape(step->labels).dim[0];
    return step->x = input(step->g, "images", shape(batch, step->images->features->width));
}

Node *labelled_positions(LabelledStep *step)
{
    const ImageFeatures *f = step->images->features;
    const size_t batch = node_shape(step->labels).dim[0];
    return step->positions = input(step->g, "positions", shape(batch, f->positions, f->width));
}

void labelled_load(void *context, const int64_t *items)
{
    LabelledStep *step = context;
    const ImageFeatures *f = step->images->features;
    const Shape s = node_shape(step->labels);
    const size_t batch = s.dim[0], classes = s.dim[1], image = f->positions * f->width;
    float *labels = node_data(step->labels);
    for (size_t b = 0; b < batch; b++) {
        const size_t n = (size_t)items[b];
        const int8_t *known = step->images->labels + n * classes;
        for (size_t c = 0; c < classes; c++)
            labels[b * classes + c] = known[c] > 0 ? 1.0f : known[c] < 0 ? 0.0f : -1.0f;
        if (step->x) memcpy(node_data(step->x) + b * f->width, f->global + n * f->width, f->width * sizeof(float));
        if (step->positions) image_local_copy(f, n, 1, node_data(step->positions) + b * image);
    }
}

/* sum[i] += rows[r][i] / count: the mean row. */
static void mean_row(const float *rows, size_t count, size_t width, double *mean)
{
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < width; i++) mean[i] += (double)rows[r * width + i] / (double)count;
}

bool labelled_threshold(Run *run, const float *class_features, Parameter **threshold, Error *err)
{
    const ImageFeatures *f = run->images.features;
    *threshold = NULL;
    if (strcmp(option_text(run->options, "loss"), "asl")) return true;
    if (!(*threshold = run_learn(run, "threshold", shape(1), err))) return false;
    double *images = xcalloc(f->width, sizeof *images), *classes = xcalloc(f->width, sizeof *classes), sum = 0;
    mean_row(f->global, f->count, f->width, images);
    mean_row(class_features, run->classes, f->width, classes);
    for (size_t i = 0; i < f->width; i++) sum += images[i] * classes[i];
    (*threshold)->value[0] = (float)sum;
    free(images);
    free(classes);
    return true;
}

Node *labelled_loss(LabelledStep *step, const Run *run, Node *cosines, Parameter *threshold)
{
    Graph *g = step->g;
    const Options *o = run->options;
    const char *loss = option_text(o, "loss");
    if (!strcmp(loss, "softmax")) return softmax_loss(g, cosines, step->labels, expf(run->clip->config.logit_scale));
    if (!strcmp(loss, "ranking"))
        return ranking_loss(g, scale(g, cosines, 4), step->labels, (float)option_real(o, "margin"),
                            (float)option_real(o, "scale"));
    Node *above = scale(g, subtract(g, cosines, parameter(g, threshold)), (float)option_real(o, "asl_scale"));
    const float share = 1 / (float)node_shape(step->labels).dim[0];
    return scale(g, asymmetric_loss(g, above, step->labels, asymmetric_options(o)), share);
}
