/* The stage that draws what a setting shows of the training split. */
#include "harness/base/hash.h"
#include "harness/experiments/mask_file.h"
#include "harness/plan/plan_internal.h"

#include <stdlib.h>

/* A mask is read here too: what is wrong with it should show before hours of work. */
static bool read_mask(const Planner *p, SelectParameters *select, Error *err)
{
    char *path = path_join(p->session->book->folder, p->e->setting.mask);
    int8_t *labels = NULL;
    const size_t classes = dataset_classes(p->dataset), images = select->split->count;
    const bool good = big_alloc(&labels, images * classes + 1, 1, "labels", err) &&
                      mask_file_read(path, select->split->labels, images, classes, p->e->limit != 0, labels, err) &&
                      hash_file(path, select->mask, err);
    if (!good && select->split->left_out.count) {
        char *why = xformat("%zu damaged training pictures are left out, and so must be their lines of a mask",
                            select->split->left_out.count);
        fail_also(err, why);
        free(why);
    }
    free(labels);
    free(path);
    return good;
}

/* What people read of it: the file's name and the line of the plan. */
static void name_it(const Experiment *e, Stage *s)
{
    const long long seed = s->seed;
    if (e->setting.mask) {
        s->words = xformat("%s-mask", e->dataset);
        s->label = xformat("hide labels of %s as %s says", e->dataset, e->setting.mask);
        return;
    }
    char *setting = experiment_setting(e);
    s->words = xformat("%s-%s-s%lld", e->dataset, setting, seed);
    s->label = e->setting.kind == SETTING_FEW_SHOT
                   ? xformat("draw %zu images a class of %s, seed %lld", e->setting.shots, e->dataset, seed)
               : e->setting.kind == SETTING_SINGLE
                   ? xformat("draw one positive an image of %s, seed %lld", e->dataset, seed)
                   : xformat("hide labels of %s but %g %%, seed %lld", e->dataset, 100 * e->setting.known, seed);
    free(setting);
}

bool plan_select(const Planner *p, int64_t seed, const Stage **select, Error *err)
{
    *select = NULL;
    if (p->e->setting.kind == SETTING_ZERO_SHOT || p->e->setting.kind == SETTING_FULL) return true;
    const Split *split = dataset_split(p->dataset, SPLIT_TRAIN, err);
    if (!split) return false;
    Stage *s = plan_new_stage(p, &stage_select);
    SelectParameters *parameters = s->parameters;
    *parameters = (SelectParameters){.dataset = p->dataset, .split = split};
    s->seed = seed;
    if (p->e->setting.mask && !read_mask(p, parameters, err)) {
        stage_free(s);
        return false;
    }
    name_it(p->e, s);
    s->seconds = 0.1;
    s->bytes = 8192 + 0.3 * (double)(split->count * dataset_classes(p->dataset));
    *select = plan_add(p, s);
    return true;
}
