/* The stage that draws what a setting shows of the training split. */
#include "harness/base/hash.h"
#include "harness/experiments/mask_file.h"
#include "harness/plan/plan_internal.h"

#include <stdlib.h>

/* A mask is read here too: what is wrong with it should show before hours of work. */
static bool add_mask(const Planner *p, Stage *s, const Split *split, Error *err)
{
    char *path = path_join(p->session->book->folder, p->e->setting.mask), digest[65];
    int8_t *labels = NULL;
    const size_t classes = dataset_classes(p->dataset);
    const bool good = big_alloc(&labels, split->count * classes + 1, 1, "labels", err) &&
                      mask_file_read(path, split->labels, split->count, classes, p->e->limit != 0, labels, err) &&
                      hash_file(path, digest, err);
    if (good) cJSON_AddStringToObject(s->config, "mask", digest);
    free(labels);
    free(path);
    return good;
}

/* What is drawn, and what the seed is for: a mask file is the same for every seed. */
static bool describe(const Planner *p, Stage *s, const Split *split, int64_t seed, Error *err)
{
    const Experiment *e = p->e;
    cJSON_AddStringToObject(s->config, "dataset", e->dataset);
    cJSON_AddStringToObject(s->config, "split", split_word(SPLIT_TRAIN));
    cJSON_AddStringToObject(s->config, "images", split->fingerprint);
    s->seed = seed;
    if (e->setting.mask) {
        s->words = xformat("%s-mask", e->dataset);
        s->label = xformat("hide labels of %s as %s says", e->dataset, e->setting.mask);
        return add_mask(p, s, split, err);
    }
    char *setting = experiment_setting(e);
    cJSON_AddStringToObject(s->config, "setting", setting);
    cJSON_AddNumberToObject(s->config, "seed", (double)seed);
    s->words = xformat("%s-%s-s%lld", e->dataset, setting, (long long)seed);
    s->label =
        e->setting.kind == SETTING_FEW_SHOT
            ? xformat("draw %zu images a class of %s, seed %lld", e->setting.shots, e->dataset, (long long)seed)
            : xformat("hide labels of %s but %g %%, seed %lld", e->dataset, 100 * e->setting.known, (long long)seed);
    free(setting);
    return true;
}

bool plan_select(const Planner *p, int64_t seed, const Stage **select, Error *err)
{
    *select = NULL;
    if (p->e->setting.kind != SETTING_FEW_SHOT && p->e->setting.kind != SETTING_PARTIAL) return true;
    const Split *split = dataset_split(p->dataset, SPLIT_TRAIN, err);
    if (!split) return false;
    Stage *s = plan_new_stage(p, &stage_select);
    if (!describe(p, s, split, seed, err)) {
        stage_release(s);
        free(s);
        return false;
    }
    s->seconds = 0.1;
    s->bytes = 8192 + 0.3 * (double)(split->count * dataset_classes(p->dataset));
    *select = plan_add(p, s);
    return true;
}
