/* Pseudo images through the frozen image tower in pieces that fit into memory, forwards and backwards. The backward
 * pass needs a loss: <features, pull>, whose gradient at the features is the pull, so that the step's gradients are
 * carried on to the pixels. With several pieces the forward pass is repeated, as one graph holds one piece. */
#include "methods/pvp/pvp_internal.h"

#include "harness/graph/ops.h"

#include <string.h>

static bool build(PvpTower *t, const Run *run, bool with_gradient, Error *err)
{
    t->g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    Node *pixels = transpose(t->g, parameter(t->g, &t->piece), (const int[]){0, 2, 3, 1});
    t->features = clip_image_tower(t->g, run->clip, pixels, POOL_POSITION_ON, false).global;
    Node *loss = NULL;
    if (with_gradient) { /* whose gradient at the features is the pull, whatever it is */
        t->pull = input(t->g, "pull", node_shape(t->features));
        loss = sum_of_all(t->g, mul(t->g, t->features, t->pull));
    }
    return graph_compile(t->g, &t->features, 1, loss, err);
}

bool pvp_tower_init(PvpTower *t, const Run *run, Parameter *const *images, bool with_gradient, Error *err)
{
    const Shape s = images[PVP_GLOBAL]->shape;
    const size_t most = option_int(run->options, "tower_batch"), total = PVP_BRANCHES * s.dim[0];
    *t = (PvpTower){.batch = most && most < total ? most : total, .total = total};
    memcpy(t->images, images, sizeof t->images);
    const Shape features = shape(s.dim[0], run->clip->config.embed);
    if (parameter_init(&t->piece, "piece", shape(t->batch, s.dim[1], s.dim[2], s.dim[3]), err) &&
        parameter_init(&t->features_of[PVP_GLOBAL], "features_global", features, err) &&
        parameter_init(&t->features_of[PVP_LOCAL], "features_local", features, err) &&
        build(t, run, with_gradient, err))
        return true;
    pvp_tower_free(t);
    return false;
}

void pvp_tower_free(PvpTower *t)
{
    graph_free(t->g);
    parameter_free(&t->piece);
    for (size_t b = 0; b < PVP_BRANCHES; b++) parameter_free(&t->features_of[b]);
    *t = (PvpTower){0};
}

/* Row i of the 2 N: the global branch's, then the local one's. */
static float *row_of(float *const *branches, const PvpTower *t, size_t i, size_t width)
{
    const size_t classes = t->total / PVP_BRANCHES;
    return branches[i / classes] + i % classes * width;
}

static size_t rows_from(const PvpTower *t, size_t first)
{
    return t->total - first < t->batch ? t->total - first : t->batch;
}

/* The last piece is filled up with zeros, which nobody reads. */
static void compute(PvpTower *t, size_t first)
{
    float *const images[] = {t->images[PVP_GLOBAL]->value, t->images[PVP_LOCAL]->value};
    const size_t rows = rows_from(t, first), width = shape_size(t->piece.shape) / t->batch;
    for (size_t i = 0; i < rows; i++)
        memcpy(t->piece.value + i * width, row_of(images, t, first + i, width), width * sizeof(float));
    memset(t->piece.value + rows * width, 0, (t->batch - rows) * width * sizeof(float));
    graph_forward(t->g);
}

void pvp_tower_forward(PvpTower *t)
{
    float *const features[] = {t->features_of[PVP_GLOBAL].value, t->features_of[PVP_LOCAL].value};
    const size_t width = node_shape(t->features).dim[1];
    for (size_t first = 0; first < t->total; first += t->batch) {
        compute(t, first);
        for (size_t i = 0; i < rows_from(t, first); i++)
            memcpy(row_of(features, t, first + i, width), node_data(t->features) + i * width, width * sizeof(float));
    }
}

static void pull_back(PvpTower *t, size_t first)
{
    float *const pulls[] = {t->features_of[PVP_GLOBAL].gradient, t->features_of[PVP_LOCAL].gradient};
    float *const gradients[] = {t->images[PVP_GLOBAL]->gradient, t->images[PVP_LOCAL]->gradient};
    const size_t rows = rows_from(t, first), width = node_shape(t->features).dim[1];
    const size_t values = shape_size(t->piece.shape) / t->batch;
    float *pull = node_data(t->pull);
    for (size_t i = 0; i < rows; i++)
        memcpy(pull + i * width, row_of(pulls, t, first + i, width), width * sizeof *pull);
    memset(pull + rows * width, 0, (t->batch - rows) * width * sizeof *pull);
    graph_backward(t->g);
    for (size_t i = 0; i < rows; i++)
        memcpy(row_of(gradients, t, first + i, values), t->piece.gradient + i * values, values * sizeof(float));
}

void pvp_tower_backward(PvpTower *t)
{
    for (size_t first = 0; first < t->total; first += t->batch) {
        if (t->batch < t->total) compute(t, first); /* else the forward's values still stand */
        pull_back(t, first);
    }
}
