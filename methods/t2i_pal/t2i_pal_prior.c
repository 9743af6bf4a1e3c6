/* Start values of prototypes and cache. Both go through the generated images once with one visitor (visit_pooled):
 * what is done with an image's pooled feature of a class it shows, added to a mean or copied into a slot, is the
 * difference. */
#include "methods/shared/heat_map.h"
#include "methods/t2i_pal/t2i_pal_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- class-wise pooled features of the generated images ---- */

/* What is done with every u_c of an image and a class it is labelled with, in the images' order. */
typedef void Visit(void *context, size_t image, size_t class, const float *u);

static void visit_pooled(const Pal *pal, const ImageFeatures *f, const float *labels, const float *class_features,
                         float tau, Visit *visit, void *context)
{
    const size_t classes = pal->classes, positions = f->positions;
    float *weights = xcalloc(positions * classes, sizeof *weights);
    float *scratch = xcalloc((positions + 3) * classes, sizeof *scratch), *u = xcalloc(f->width, sizeof *u),
          *room = xcalloc(positions * f->width, sizeof *room);
    for (size_t n = 0; n < f->count; n++) {
        const float *x = image_local(f, n, 1, room);
        heat_map(x, positions, f->width, class_features, classes, tau, weights, scratch);
        for (size_t c = 0; c < classes; c++) {
            if (labels[n * classes + c] != 1) continue;
            heat_map_pool(x, positions, f->width, weights, classes, c, u);
            visit(context, n, c, u);
        }
    }
    free(weights);
    free(scratch);
    free(u);
    free(room);
}

/* ---- prototypes ---- */

typedef struct Means {
    size_t width;
    double *sum;   /* [N, D] */
    size_t *count; /* [N] */
} Means;

static void add_to_mean(void *context, size_t image, size_t class, const float *feature)
{
    (void)image;
    Means *m = context;
    for (size_t i = 0; i < m->width; i++) m->sum[class * m->width + i] += (double)feature[i];
    m->count[class]++;
}

static Means means_new(const Pal *pal)
{
    return (Means){.width = pal->width,
                   .sum = xcalloc(pal->classes * pal->width, sizeof(double)),
                   .count = xcalloc(pal->classes, sizeof(size_t))};
}

/* Writes the means and ends their life; returns how many classes had nothing. */
static size_t means_finish(Means *m, const Pal *pal, float *out)
{
    size_t empty = 0;
    for (size_t c = 0; c < pal->classes; c++) {
        empty += m->count[c] == 0;
        for (size_t i = 0; i < m->width; i++)
            out[c * m->width + i] = m->count[c] ? (float)(m->sum[c * m->width + i] / (double)m->count[c]) : 0;
    }
    free(m->sum);
    free(m->count);
    return empty;
}

static bool start_prototypes(Pal *pal, Run *run, const float *labels, const float *local_classes, float tau, Error *err)
{
    const ImageFeatures *f = run->generated.features;
    const Shape s = shape(pal->classes, pal->width);
    if (!(pal->global.prototypes = run_learn(run, "prototypes_global", s, err))) return false;
    if (pal->with_local && !(pal->local.prototypes = run_learn(run, "prototypes_local", s, err))) return false;
    Means global = means_new(pal);
    for (size_t i = 0; i < f->count * pal->classes; i++)
        if (labels[i] == 1) add_to_mean(&global, 0, i % pal->classes, f->global + i / pal->classes * f->width);
    const size_t empty = means_finish(&global, pal, pal->global.prototypes->value);
    if (empty) progress_note(run->progress, "%zu classes have no generated image; their prototypes start at 0", empty);
    if (!pal->with_local) return true;
    Means local = means_new(pal);
    visit_pooled(pal, f, labels, local_classes, tau, add_to_mean, &local);
    means_finish(&local, pal, pal->local.prototypes->value);
    return true;
}

/* ---- cache ---- */

/* The first `limit` images of every class, in order. taken [images, N]: 1 where an image is kept for a class. */
static size_t choose_cache(const ImageFeatures *f, size_t classes, const float *labels, size_t limit, uint8_t *taken)
{
    size_t *count = xcalloc(classes, sizeof *count), images = 0;
    for (size_t n = 0; n < f->count; n++) {
        bool any = false;
        for (size_t c = 0; c < classes; c++) {
            if (labels[n * classes + c] != 1 || count[c] == limit) continue;
            taken[n * classes + c] = 1, count[c]++, any = true;
        }
        images += any;
    }
    free(count);
    return images;
}

/* An image that is kept for one class counts for all it is labelled with. */
static void fill_global_cache(const Pal *pal, const ImageFeatures *f, const float *labels, const uint8_t *taken)
{
    const size_t classes = pal->classes;
    size_t row = 0;
    for (size_t n = 0; n < f->count; n++) {
        if (!memchr(taken + n * classes, 1, classes)) continue;
        memcpy(pal->global.keys->value + row * f->width, f->global + n * f->width, f->width * sizeof(float));
        for (size_t c = 0; c < classes; c++)
            pal->global.values->value[row * classes + c] = labels[n * classes + c] == 1 ? 1.0f : 0.0f;
        row++;
    }
}

typedef struct LocalCache {
    const Pal *pal;
    const uint8_t *taken;
    size_t *count, limit; /* [N] */
} LocalCache;

static void add_to_cache(void *context, size_t image, size_t class, const float *u)
{
    LocalCache *cache = context;
    const Pal *pal = cache->pal;
    if (!cache->taken[image * pal->classes + class]) return;
    const size_t slot = class * cache->limit + cache->count[class]++;
    memcpy(pal->local.keys->value + slot * pal->width, u, pal->width * sizeof *u);
    pal->local.values->value[slot] = 1;
}

static bool make_cache(Pal *pal, Run *run, size_t images, size_t limit, Error *err)
{
    const size_t classes = pal->classes, width = pal->width;
    PalBranch *global = &pal->global, *local = &pal->local;
    if (!(global->keys = run_learn(run, "cache_keys_global", shape(images, width), err)) ||
        !(global->values = run_learn(run, "cache_values_global", shape(images, classes), err)))
        return false;
    global->values->frozen = true;
    if (!pal->with_local) return true;
    if (!(local->keys = run_learn(run, "cache_keys_local", shape(classes, limit, width), err)) ||
        !(local->values = run_learn(run, "cache_values_local", shape(classes, limit), err)))
        return false;
    local->values->frozen = true;
    return true;
}

static bool start_cache(Pal *pal, Run *run, const float *labels, const float *local_classes, float tau, Error *err)
{
    const ImageFeatures *f = run->generated.features;
    const size_t wish = option_int(run->options, "cache_images"), limit = wish < f->count ? wish : f->count;
    uint8_t *taken = xcalloc(f->count, pal->classes);
    const size_t images = choose_cache(f, pal->classes, labels, limit, taken);
    bool good = images > 0 || fail(err, "no generated image is labelled with a class, so the cache is empty");
    good = good && make_cache(pal, run, images, limit, err);
    if (good) fill_global_cache(pal, f, labels, taken);
    if (good && pal->with_local) {
        LocalCache cache = {pal, taken, xcalloc(pal->classes, sizeof(size_t)), limit};
        visit_pooled(pal, f, labels, local_classes, tau, add_to_cache, &cache);
        free(cache.count);
    }
    free(taken);
    return good;
}

bool pal_start_prior(Pal *pal, Run *run, const float *labels, Error *err)
{
    if (pal->prior == PAL_NO_ADAPTER || pal->prior == PAL_PROMPTS) return true;
    const float tau = pal_tau(run->options, "tau_train");
    float *classes = xcalloc(pal->classes * pal->width, sizeof *classes);
    bool good = !pal->with_local || pal_class_values(pal, &pal->local, run->arithmetic, classes, err);
    if (good)
        good = pal->prior == PAL_CACHE ? start_cache(pal, run, labels, classes, tau, err)
                                       : start_prototypes(pal, run, labels, classes, tau, err);
    free(classes);
    return good;
}
