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
    s->captions = option_int_or(&p->e->options, "captions", all->count);
    s->generator = *g;
    cJSON_AddNumberToObject(s->config, "captions", (double)s->captions);
    cJSON_AddNumberToObject(s->config, "seed", (double)g->seed);
    plan_add_input(s, captions);
    s->words = xformat("%s-%zu", p->e->dataset, s->captions);
    cJSON_AddStringToObject(s->config, "dataset", p->e->dataset);
    s->label = xformat("choose %zu captions of %s, balanced over the classes", s->captions, p->e->dataset);
    estimate_choose(s, all, dataset_classes(p->dataset));
    return plan_add(p, s);
}

/* How many of its pictures another stage of the plan draws before: with fewer captions the same ones come first. */
static size_t drawn_before(const Plan *plan, const Stage *s)
{
    size_t most = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *o = plan->stages[i];
        const Generator *a = &o->generator, *b = &s->generator;
        if (o->kind != &stage_generate || strcmp(o->hash, s->hash) == 0) continue;
        if (strcmp(a->fingerprint, b->fingerprint) != 0 || a->steps != b->steps || a->guidance < b->guidance ||
            a->guidance > b->guidance || a->width != b->width || a->height != b->height || a->seed != b->seed ||
            strcmp(a->negative, b->negative) != 0 || o->images_per_caption != s->images_per_caption ||
            o->inputs[0]->inputs[0] != s->inputs[0]->inputs[0])
            continue;
        const size_t captions = o->captions < s->captions ? o->captions : s->captions;
        if (captions * s->images_per_caption > most) most = captions * s->images_per_caption;
    }
    return most / GENERATOR_SHARD * GENERATOR_SHARD;
}

static Stage *plan_generate(const Planner *p, const Generator *g, const Captions *all, const Stage *choose)
{
    Stage *s = plan_new_stage(p, &stage_generate);
    s->captions = choose->captions < all->count ? choose->captions : all->count;
    s->images_per_caption = option_int_or(&p->e->options, "images_per_caption", 1);
    s->generator = *g;
    generator_describe(g, s->config);
    cJSON_AddNumberToObject(s->config, "seed", (double)g->seed);
    cJSON_AddNumberToObject(s->config, "images_per_caption", (double)s->images_per_caption);
    cJSON_AddStringToObject(s->config, "dataset", p->e->dataset);
    plan_add_input(s, choose);
    const size_t count = s->captions * s->images_per_caption;
    s->words = xformat("%s-%zux%zu-%s%zu-g%g", p->e->dataset, choose->captions, s->images_per_caption, g->scheduler,
                       g->steps, g->guidance);
    s->label = xformat("draw %zu images, %zu a caption, for %s: %s, %zu steps, guidance %g", count,
                       s->images_per_caption, p->e->dataset, g->scheduler, g->steps, g->guidance);
    const size_t before = drawn_before(p->plan, s);
    estimate_generate(s, before < count ? count - before : 0);
    return plan_add(p, s);
}

static const Stage *plan_drawn(const Planner *p, const Captions *all, const Stage *captions, size_t *count, Error *err)
{
    Generator g;
    if (!generator_of(p->session, p->e, &g, err)) return NULL;
    const Stage *choose = plan_choose(p, &g, all, captions), *generate = plan_generate(p, &g, all, choose);
    Stage *s = plan_encoding(p, true, err);
    if (!s) return NULL;
    plan_add_input(s, generate);
    *count = generate->captions * generate->images_per_caption;
    s->words = xformat("%s-generated", p->e->dataset);
    s->label = xformat("encode %zu generated images of %s with %s", *count, p->e->dataset, p->e->model);
    estimate_images(s, p->model->clip, *count);
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
    plan_add_input(s, captions);
    cJSON_AddStringToObject(s->config, "images", all->fingerprint);
    s->words = xformat("%s-own", p->e->dataset);
    s->label = xformat("encode the %zu images that %s brings with %s", all->count, p->e->dataset, p->e->model);
    estimate_images(s, p->model->clip, all->count);
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
    char fingerprint[65];
    Judge *judge = judge_open(g.model->judge, err);
    const bool good = judge && hash_file(judge->set.file, fingerprint, err);
    judge_free(judge);
    if (!good) return false;
    Stage *s = plan_new_stage(p, &stage_judge);
    s->generator = g;
    s->captions = p->e->limit && p->e->limit < JUDGED ? p->e->limit : JUDGED;
    generator_describe(&g, s->config);
    cJSON_AddStringToObject(s->config, "judge", fingerprint);
    cJSON_AddNumberToObject(s->config, "captions", (double)s->captions);
    cJSON_AddNumberToObject(s->config, "world", world_version);
    cJSON_AddStringToObject(s->config, "model", p->e->model);
    s->words = xstrdup(p->e->model);
    s->label = xformat("judge %zu single objects drawn by %s", s->captions, p->e->model);
    estimate_generate(s, s->captions);
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
