/* The stages from captions to the features of generated pictures: label -> choose -> generate -> encode, or label -> encode for
 * pictures that the data set brings; and the judge of the embedded world's generator. */
#include "harness/base/hash.h"
#include "harness/plan/estimate.h"
#include "harness/plan/plan_internal.h"
#include "harness/stages/judge.h"

#include "datasets/mini/mini_world.h"

#include <stdlib.h>
#include <string.h>

enum { JUDGED = 200 };

static Stage *plan_choose(const Planner *p, const Generator *g, const Captions *all, const Stage *captions)
{
    Stage *s = plan_new_stage(p, &stage_choose);
    const size_t asked = option_int_or(&p->e->options, "captions", all->count);
    *(ChooseParameters *)s->parameters = (ChooseParameters){.captions = asked, .seed = g->seed};
    stage_add_input(s, ROLE_CAPTIONS, captions);
    s->words = xformat("%s-%zu", p->e->dataset, asked);
    s->label = xformat("choose %zu captions of %s, balanced over the classes", asked, p->e->dataset);
    estimate_choose(s, all->count, dataset_classes(p->dataset));
    return plan_add(p, s);
}

/* Captions that a generate stage draws from: those asked for, if there are as many. */
static size_t captions_of(const Stage *generate, const Captions *all)
{
    const ChooseParameters *choose = stage_input(generate, ROLE_CHOSEN)->parameters;
    return choose->captions < all->count ? choose->captions : all->count;
}

/* Whether both draw the same pictures of the same captions, the one perhaps of fewer. */
static bool draw_alike(const Stage *one, const Stage *other)
{
    const GenerateParameters *a = one->parameters, *b = other->parameters;
    const Generator *x = &a->generator, *y = &b->generator;
    return strcmp(x->fingerprint, y->fingerprint) == 0 && x->steps == y->steps && !(x->guidance < y->guidance) &&
           !(x->guidance > y->guidance) && x->width == y->width && x->height == y->height && x->seed == y->seed &&
           strcmp(x->negative, y->negative) == 0 && a->images_per_caption == b->images_per_caption &&
           stage_input(stage_input(one, ROLE_CHOSEN), ROLE_CAPTIONS) ==
               stage_input(stage_input(other, ROLE_CHOSEN), ROLE_CAPTIONS);
}

/* How many of its pictures another stage of the plan draws before: with fewer captions the same ones come first. */
static size_t drawn_before(const Plan *plan, const Stage *s, const Captions *all)
{
    size_t most = 0;
    const size_t own = captions_of(s, all), each = ((const GenerateParameters *)s->parameters)->images_per_caption;
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *o = plan->stages[i];
        if (o->kind != &stage_generate || !draw_alike(o, s)) continue;
        const size_t others = captions_of(o, all), captions = others < own ? others : own;
        if (captions * each > most) most = captions * each;
    }
    return most / GENERATOR_SHARD * GENERATOR_SHARD;
}

static Stage *plan_generate(const Planner *p, const Generator *g, const Captions *all, const Stage *choose,
                            size_t *count)
{
    const size_t each = option_int_or(&p->e->options, "images_per_caption", 1);
    const size_t asked = ((const ChooseParameters *)choose->parameters)->captions;
    Stage *s = plan_new_stage(p, &stage_generate);
    *(GenerateParameters *)s->parameters = (GenerateParameters){.generator = *g, .images_per_caption = each};
    stage_add_input(s, ROLE_CHOSEN, choose);
    *count = captions_of(s, all) * each;
    s->words = xformat("%s-%zux%zu-%s%zu-g%g", p->e->dataset, asked, each, g->scheduler, g->steps, g->guidance);
    s->label = xformat("draw %zu images, %zu a caption, for %s: %s, %zu steps, guidance %g", *count, each,
                       p->e->dataset, g->scheduler, g->steps, g->guidance);
    const size_t before = drawn_before(p->plan, s, all);
    estimate_generate(s, g, before < *count ? *count - before : 0);
    s->units = *count;
    s->before = before;
    return plan_add(p, s);
}

static const Stage *plan_drawn(const Planner *p, const Captions *all, const Stage *captions, size_t *count, Error *err)
{
    Generator g;
    if (!generator_of(p->session, p->e, &g, err)) return NULL;
    const Stage *choose = plan_choose(p, &g, all, captions), *generate = plan_generate(p, &g, all, choose, count);
    Stage *s = plan_encoding(p, true, err);
    if (!s) return NULL;
    stage_add_input(s, ROLE_DRAWN, generate);
    s->words = xformat("%s-generated", p->e->dataset);
    s->label = xformat("encode %zu generated images of %s with %s", *count, p->e->dataset, p->e->model);
    estimate_images(s, *count);
    return plan_add(p, s);
}

/* Once an experiment: nothing of how pictures are drawn matters to pictures that are there. */
static void note_own(const Planner *p, const Captions *all)
{
    progress_note(p->session->progress,
                  "%s: all %zu images that %s brings are used; captions, images_per_caption and generate do not count",
                  p->e->name, all->count, p->e->dataset);
}

static const Stage *plan_own(const Planner *p, const Captions *all, const Stage *captions, Error *err)
{
    Stage *s = plan_encoding(p, true, err);
    if (!s) return NULL;
    note_own(p, all);
    session_note_left_out(p->session, p->dataset, "drawn", &all->left_out, all->count);
    ((EncodeImageParameters *)s->parameters)->own = all;
    stage_add_input(s, ROLE_CAPTIONS, captions);
    s->words = xformat("%s-own", p->e->dataset);
    s->label = xformat("encode the %zu images that %s brings with %s", all->count, p->e->dataset, p->e->model);
    estimate_images(s, all->count);
    return plan_add(p, s);
}

/* ---- the judge ---- */

static bool is_mini_world(Dataset *d)
{
    bool same = dataset_classes(d) == WORLD_CLASSES;
    for (size_t c = 0; same && c < WORLD_CLASSES; c++)
        same = strcmp(dataset_class_names(d)[c], world_class_names[c]) == 0;
    return same;
}

/* A generator is judged once, as its model's settings have it: what experiments change about it is theirs. */
static bool plan_judge(const Planner *p, Error *err)
{
    Generator g;
    if (!p->model->model->judge || !is_mini_world(p->dataset) || !generator_is_models_own(p->session, p->e))
        return true;
    if (!generator_of(p->session, p->e, &g, err)) return false;
    if (g.width != JUDGE_SIDE || g.height != JUDGE_SIDE) {
        progress_note(p->session->progress, "%s: the judge looks at pictures of %dx%d; %zux%zu are not judged",
                      p->e->model, JUDGE_SIDE, JUDGE_SIDE, g.width, g.height);
        return true;
    }
    const size_t captions = p->e->limit && p->e->limit < JUDGED ? p->e->limit : JUDGED;
    JudgeParameters parameters = {.generator = g, .captions = captions};
    Judge *judge = judge_open(g.model->judge, err);
    const bool good = judge && hash_file(judge->set.file, parameters.judge, err);
    judge_free(judge);
    if (!good) return false;
    Stage *s = plan_new_stage(p, &stage_judge);
    *(JudgeParameters *)s->parameters = parameters;
    s->words = xstrdup(p->e->model);
    s->label = xformat("judge %zu single objects drawn by %s", captions, p->e->model);
    estimate_generate(s, &g, captions);
    plan_add(p, s);
    return true;
}

/* ---- all of it ---- */

const Stage *plan_generated(const Planner *p, size_t *count, Error *err)
{
    const Captions *all = dataset_captions(p->dataset, err);
    const Stage *captions = all ? plan_captions(p, false, err) : NULL;
    if (!captions) return NULL;
    *count = all->count;
    if (all->files) return plan_own(p, all, captions, err);
    return plan_judge(p, err) ? plan_drawn(p, all, captions, count, err) : NULL;
}
