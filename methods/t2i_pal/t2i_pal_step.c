/* T2I-PAL's training step: ranking losses of both branches on generated images and, with `text_mix`, TaI's on
 * captions, in one graph. Captions have a permutation of their own beside that of the images, drawn anew when too few
 * are left for a batch. */
#include "harness/graph/ops.h"
#include "methods/shared/aggregate.h"
#include "methods/shared/losses.h"
#include "methods/t2i_pal/t2i_pal_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct Lossy { /* R with the options' margin and scale */
    Graph *g;
    float margin, scale;
} Lossy;

static Node *loss_of(Lossy r, Node *z, Node *labels)
{
    return ranking_loss(r.g, z, labels, r.margin, r.scale);
}

/* R(p^g) + R(p^l) of captions, as in TaI-DPT. G, L: class features; L NULL without the local branch. */
static Node *text_loss(PalStep *step, Lossy r, size_t batch, Node *G, Node *L, float tau)
{
    Graph *g = step->g;
    const TextFeatures *texts = step->captions->features;
    TaiStep *t = &step->text;
    t->captions = input(g, "captions", shape(batch, texts->width));
    t->labels = input(g, "caption_labels", shape(batch, node_shape(G).dim[0]));
    Node *loss = loss_of(r, scale(g, matmul_nt(g, t->captions, G), 4), t->labels);
    if (!L) return loss;
    t->tokens = input(g, "tokens", shape(text_most_tokens(texts, batch), texts->width));
    t->offsets = input_indices(g, "offsets", shape(batch + 1));
    Node *z = scale(g, ragged_aggregate(g, matmul_nt(g, t->tokens, L), t->offsets, tau), 4);
    return add(g, loss, loss_of(r, z, t->labels));
}

static Node *build_loss(PalStep *step, const Pal *pal, const Run *run, size_t batch)
{
    Graph *g = step->g;
    const Options *o = run->options;
    const ImageFeatures *f = step->images->features;
    const float tau = pal_tau(o, "tau_train"), tau_text = (float)option_real(o, "tau_text"),
                mix = (float)option_real(o, "text_mix");
    const Lossy r = {g, (float)option_real(o, "margin"), (float)option_real(o, "scale")};
    const PalNodes global = pal_nodes(g, pal, &pal->global);
    const PalNodes local = pal->with_local ? pal_nodes(g, pal, &pal->local) : (PalNodes){0};
    step->x = input(g, "images", shape(batch, f->width));
    step->labels = input(g, "labels", shape(batch, pal->classes));
    Node *loss = loss_of(r, pal_global_scores(g, pal, step->x, global), step->labels);
    if (pal->with_local) {
        step->positions = input(g, "positions", shape(batch, f->positions, f->width));
        loss = add(g, loss, loss_of(r, pal_local_scores(g, pal, step->positions, local, tau), step->labels));
    }
    if (!step->captions) return loss;
    const size_t captions = step->captions->features->count, texts = batch < captions ? batch : captions;
    return add(g, loss, scale(g, text_loss(step, r, texts, global.classes, local.classes, tau_text), mix));
}

bool pal_step_init(PalStep *step, const Pal *pal, Run *run, const float *targets, size_t batch, Random *random,
                   Error *err)
{
    const bool mixed = pal->prompts && option_real(run->options, "text_mix") > 0;
    *step = (PalStep){.g = graph_new((GraphOptions){.arithmetic = run->arithmetic}),
                      .images = &run->generated,
                      .captions = mixed ? &run->captions : NULL,
                      .targets = targets,
                      .random = random};
    step->loss = build_loss(step, pal, run, batch);
    if (mixed) {
        step->order_next = run->captions.features->count; /* nothing drawn yet */
        step->order = xcalloc(step->order_next, sizeof *step->order);
    }
    if (graph_compile(step->g, NULL, 0, step->loss, err)) return true;
    pal_step_free(step);
    return false;
}

void pal_step_free(PalStep *step)
{
    graph_free(step->g);
    free(step->order);
    *step = (PalStep){0};
}

static void load_captions(PalStep *step)
{
    const size_t count = step->captions->features->count, batch = node_shape(step->text.labels).dim[0];
    if (count - step->order_next < batch) {
        random_permutation(step->random, step->order, count);
        step->order_next = 0;
    }
    tai_step_load(&step->text, step->captions, step->order + step->order_next);
    step->order_next += batch;
}

void pal_step_load(void *context, const int64_t *items)
{
    PalStep *step = context;
    const ImageFeatures *f = step->images->features;
    const Shape s = node_shape(step->labels);
    const size_t batch = s.dim[0], classes = s.dim[1], image = f->positions * f->width;
    for (size_t b = 0; b < batch; b++) {
        const size_t n = (size_t)items[b];
        memcpy(node_data(step->x) + b * f->width, f->global + n * f->width, f->width * sizeof(float));
        memcpy(node_data(step->labels) + b * classes, step->targets + n * classes, classes * sizeof(float));
        if (step->positions) image_local_copy(f, n, 1, node_data(step->positions) + b * image);
    }
    if (step->captions) load_captions(step);
}
