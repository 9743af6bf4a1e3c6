/* PVP's training step: the losses of both stages as one graph each over the same inputs, and loading a batch, whose
 * noise is drawn anew. Where the pseudo images are pixels, the tower runs outside of this graph (pvp_tower.c), which
 * sees its features as parameters and leaves their gradients behind. */
#include "methods/pvp/pvp_internal.h"

#include "harness/graph/ops.h"
#include "methods/shared/aggregate.h"
#include "methods/shared/losses.h"

#include <stdlib.h>
#include <string.h>

static const float tiny = 1e-12f; /* of norms */

static Node *with_noise(Graph *g, Node *x, Node *noise, float deviation)
{
    return l2_normalise(g, add(g, x, scale(g, noise, deviation)), tiny);
}

/* R(4 <h, C>), h [B, D], classes [N, D] */
static Node *global_loss(const PvpStep *s, const Options *o, Node *h, Node *classes)
{
    Node *z = scale(s->g, matmul_nt(s->g, h, classes), 4);
    return ranking_loss(s->g, z, s->text.labels, (float)option_real(o, "margin"), (float)option_real(o, "scale"));
}

/* R(a_tau(<h_k, C>)), h_k [R, D] */
static Node *local_loss(const PvpStep *s, const Options *o, Node *h, Node *classes, const char *tau)
{
    Node *z = ragged_aggregate(s->g, matmul_nt(s->g, h, classes), s->text.offsets, (float)option_real(o, tau));
    return ranking_loss(s->g, scale(s->g, z, 4), s->text.labels, (float)option_real(o, "margin"),
                        (float)option_real(o, "scale"));
}

/* cross_entropy is a mean over the classes; the method's is a sum. */
static Node *contrast(Graph *g, Node *text, Node *visual, float lambda)
{
    const size_t classes = node_shape(text).dim[0];
    int32_t *diagonal = xcalloc(classes, sizeof *diagonal);
    for (size_t c = 0; c < classes; c++) diagonal[c] = (int32_t)c;
    Node *targets = constant_indices(g, shape(classes), diagonal);
    free(diagonal);
    Node *s = scale(g, matmul_nt(g, text, visual), lambda), *turned = transpose(g, s, (const int[]){1, 0});
    return scale(g, add(g, cross_entropy(g, s, targets), cross_entropy(g, turned, targets)), (float)classes / 2);
}

static Node *stage1_loss(const PvpStep *s, const Options *o, Node *const *V, Node *tokens)
{
    Graph *g = s->g;
    Node *h = with_noise(g, s->text.captions, s->noise, (float)option_real(o, "noise"));
    return add(
        g, global_loss(s, o, h, V[PVP_GLOBAL]),
        scale(g, local_loss(s, o, tokens, V[PVP_LOCAL], "tau_visual"), (float)option_real(o, "stage1_local_weight")));
}

/* Dropouts draw in the order in which they are built: G, L, V_g, V_l, t (pvp_internal.h). */
static Node *stage2_loss(const PvpStep *s, const Run *run, Node *const *V, Node *tokens, const PvpPartner *p)
{
    Graph *g = s->g;
    const Options *o = run->options;
    Node *T_g =
        pvp_adapt(g, &p->text, prompts_features(g, &p->wording, p->context[PVP_GLOBAL], PROMPT_SHARED), s->random);
    Node *T_l =
        pvp_adapt(g, &p->text, prompts_features(g, &p->wording, p->context[PVP_LOCAL], PROMPT_SHARED), s->random);
    Node *V_g = pvp_adapt(g, &p->visual, V[PVP_GLOBAL], s->random);
    Node *V_l = pvp_adapt(g, &p->visual, V[PVP_LOCAL], s->random);
    Node *t = pvp_adapt(g, &p->text, s->text.captions, s->random);
    Node *h = with_noise(g, t, s->noise, (float)option_real(o, "noise"));
    Node *text = add(g, global_loss(s, o, h, T_g),
                     scale(g, local_loss(s, o, tokens, T_l, "tau_text"), (float)option_real(o, "text_local_weight")));
    Node *visual = add(g, global_loss(s, o, h, V_g), local_loss(s, o, tokens, V_l, "tau_visual"));
    Node *loss = add(g, text, visual);
    const float weight = (float)option_real(o, "contrast");
    if (weight == 0) return loss;
    return add(g, loss, scale(g, contrast(g, T_g, V_g, run->clip->config.logit_scale), weight));
}

static void make_inputs(PvpStep *s, const Run *run, size_t batch)
{
    const TextFeatures *texts = run->captions.features;
    const size_t rows = text_most_tokens(texts, batch);
    s->text.g = s->g;
    s->text.captions = input(s->g, "captions", shape(batch, texts->width));
    s->text.labels = input(s->g, "labels", shape(batch, run->classes));
    s->text.tokens = input(s->g, "tokens", shape(rows, texts->width));
    s->text.offsets = input_indices(s->g, "offsets", shape(batch + 1));
    s->noise = input(s->g, "noise", shape(batch, texts->width));
    s->token_noise = input(s->g, "token_noise", shape(rows, texts->width));
}

bool pvp_step_init(PvpStep *s, const Run *run, Parameter *const *classes, PvpTower *tower, const PvpPartner *partner,
                   size_t batch, Random *random, Error *err)
{
    const Options *o = run->options;
    *s = (PvpStep){.g = graph_new((GraphOptions){.arithmetic = run->arithmetic}),
                   .captions = &run->captions,
                   .random = random,
                   .tower = tower};
    make_inputs(s, run, batch);
    Node *V[PVP_BRANCHES];
    for (size_t b = 0; b < PVP_BRANCHES; b++) V[b] = l2_normalise(s->g, parameter(s->g, classes[b]), tiny);
    Node *tokens = with_noise(s->g, s->text.tokens, s->token_noise, (float)option_real(o, "noise"));
    s->loss = partner ? stage2_loss(s, run, V, tokens, partner) : stage1_loss(s, o, V, tokens);
    if (graph_compile(s->g, NULL, 0, s->loss, err)) return true;
    pvp_step_free(s);
    return false;
}

void pvp_step_free(PvpStep *s)
{
    graph_free(s->g);
    *s = (PvpStep){0};
}

void pvp_step_load(void *context, const int64_t *items)
{
    PvpStep *s = context;
    tai_step_load(&s->text, s->captions, items);
    const Shape batch = node_shape(s->noise), rows = node_shape(s->token_noise);
    const size_t used = (size_t)node_indices(s->text.offsets)[batch.dim[0]];
    float *token_noise = node_data(s->token_noise);
    random_normal(s->random, node_data(s->noise), shape_size(batch));
    random_normal(s->random, token_noise, used * rows.dim[1]);
    memset(token_noise + used * rows.dim[1], 0, (rows.dim[0] - used) * rows.dim[1] * sizeof *token_noise);
    if (s->tower) pvp_tower_forward(s->tower);
}

void pvp_step_backward(void *context)
{
    PvpStep *s = context;
    if (s->tower) pvp_tower_backward(s->tower);
}
