/* T2I-PAL's scores as a graph, shared by training and testing: class features from prompts or from text, and on them
 * one of four priors, none, the classes once more, prototypes, a cache. The local branch does for class-wise pooled
 * features what the global one does for the image's. */
#include "harness/graph/ops.h"
#include "methods/t2i_pal/t2i_pal_internal.h"

#include <string.h>

static const float cosine_factor = 4;

static PalNodes nodes(Graph *g, const PalBranch *branch, Node *classes)
{
    return (PalNodes){
        .classes = classes,
        .prototypes = branch->prototypes ? parameter(g, branch->prototypes) : NULL,
        .keys = branch->keys ? parameter(g, branch->keys) : NULL,
        .values = branch->values ? parameter(g, branch->values) : NULL,
    };
}

PalNodes pal_nodes_of(Graph *g, const Pal *pal, const PalBranch *branch, const float *classes)
{
    return nodes(g, branch, constant(g, shape(pal->classes, pal->width), classes));
}

PalNodes pal_nodes(Graph *g, const Pal *pal, const PalBranch *branch)
{
    if (!pal->prompts) return pal_nodes_of(g, pal, branch, pal->text);
    return nodes(g, branch, prompts_features(g, &pal->wording, branch->context, PROMPT_SHARED));
}

bool pal_class_values(const Pal *pal, const PalBranch *branch, Arithmetic arithmetic, float *values, Error *err)
{
    if (pal->prompts) return prompts_compute(&pal->wording, branch->context, arithmetic, values, err);
    memcpy(values, pal->text, pal->classes * pal->width * sizeof *values);
    return true;
}

/* exp(-beta (1 - s)) */
static Node *affinity(Graph *g, Node *s, float beta)
{
    return exponential(g, add(g, scale(g, s, beta), constant_scalar(g, -beta)));
}

static Node *with_prior(Graph *g, const Pal *pal, Node *p, Node *a)
{
    return add(g, p, scale(g, a, pal->alpha));
}

Node *pal_global_scores(Graph *g, const Pal *pal, Node *x, PalNodes global)
{
    Node *p = scale(g, matmul_nt(g, x, global.classes), cosine_factor);
    switch (pal->prior) {
    case PAL_NO_ADAPTER:
        return p;
    case PAL_PROMPTS:
        return with_prior(g, pal, p, p);
    case PAL_PROTOTYPES: {
        Node *a = matmul_nt(g, x, global.prototypes);
        return with_prior(g, pal, p, scale(g, a, cosine_factor));
    }
    case PAL_CACHE: {
        Node *near = affinity(g, matmul_nt(g, x, global.keys), pal->beta);
        return with_prior(g, pal, p, matmul(g, near, global.values));
    }
    }
    die("T2I-PAL: no such prior");
}

/* u [B, N, D], keys [N, S, D], values [N, S] -> sum_s exp(-beta (1 - <u_c, K_cs>)) V_cs  [B, N] */
static Node *local_cache(Graph *g, const Pal *pal, Node *u, PalNodes local)
{
    const Shape s = node_shape(local.keys);
    Node *by_class = transpose(g, u, (const int[]){1, 0, 2});
    Node *near = affinity(g, matmul_nt(g, by_class, local.keys), pal->beta); /* [N, B, S] */
    Node *valid = reshape(g, local.values, shape(s.dim[0], 1, s.dim[1]));
    return transpose(g, sum_axis(g, mul(g, near, valid), 2), (const int[]){1, 0});
}

Node *pal_local_scores(Graph *g, const Pal *pal, Node *positions, PalNodes local, float tau)
{
    Node *m = transpose(g, matmul_nt(g, positions, local.classes), (const int[]){0, 2, 1}); /* [B, N, P] */
    Node *w = softmax(g, scale(g, m, tau));
    Node *p = scale(g, sum_axis(g, mul(g, w, m), 2), cosine_factor);
    if (pal->prior == PAL_NO_ADAPTER) return p;
    Node *u = l2_normalise(g, matmul(g, w, positions), 1e-12f); /* [B, N, D] */
    if (pal->prior == PAL_CACHE) return with_prior(g, pal, p, local_cache(g, pal, u, local));
    Node *b = pal->prior == PAL_PROTOTYPES ? local.prototypes : local.classes;
    return with_prior(g, pal, p, scale(g, sum_axis(g, mul(g, u, b), 2), cosine_factor));
}
