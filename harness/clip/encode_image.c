/* Features of pictures under a frozen CLIP. */
#include "harness/clip/clip.h"
#include "harness/clip/encode.h"
#include "harness/graph/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_DEFAULT = 16, BATCH_MAX = 4096, SIZE_MAX_PIXELS = 1 << 12 };

bool all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

void image_features_free(ImageFeatures *f)
{
    free(f->global);
    free(f->local);
    row_file_free(f->local_rows);
    *f = (ImageFeatures){0};
}

bool clip_preprocessing(const Clip *clip, const EncodeOptions *o, Preprocessing *p, Error *err)
{
    const ClipConfig *k = &clip->config;
    return preprocessing_for(&k->preprocessing, k->image_size, o->size, o->resize, p, err) || fail_in(err, clip->path);
}

/* Fills the options in. */
static bool check_options(const Clip *clip, EncodeOptions *o, Preprocessing *p, Error *err)
{
    const ClipConfig *k = &clip->config;
    if (!k->has_image) return fail(err, "%s: this model has no image tower", clip->path);
    if (!clip_preprocessing(clip, o, p, err)) return false;
    o->size = p->side;
    const size_t step = k->is_resnet ? (size_t)2 << k->stages : k->patch;
    if (o->size < step || o->size > SIZE_MAX_PIXELS || o->size % step)
        return fail_usage(err, "%s: pictures of %zu pixels a side do not fit; a multiple of %zu up to %d is needed",
                          clip->path, o->size, step, SIZE_MAX_PIXELS);
    return o->batch <= BATCH_MAX ||
           fail_usage(err, "a batch of %zu pictures is too large; up to %d", o->batch, BATCH_MAX);
}

typedef struct Encoder {
    Graph *graph;
    Node *pixels;         /* [batch, size, size, 3] */
    Node *global, *local; /* [batch, D], [batch, P, D] or NULL; unit length */
    size_t rows, columns;
    Preprocessing preprocessing;
} Encoder;

static bool encoder_build(Encoder *e, const Clip *clip, const EncodeOptions *o, Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = o->arithmetic});
    e->graph = g;
    e->pixels = input(g, "pixels", shape(o->batch, o->size, o->size, 3));
    const ImageTower tower = clip_image_tower(g, clip, e->pixels, o->position, o->want_local);
    e->rows = tower.rows;
    e->columns = tower.columns;
    e->global = l2_normalise(g, tower.global, 1e-12f);
    if (o->want_local) e->local = l2_normalise(g, tower.local, 1e-12f);
    return graph_compile(g, (Node *[]){e->global, e->local}, o->want_local ? 2 : 1, NULL, err);
}

static bool load_batch(const Encoder *e, const ImageSource *source, const EncodeOptions *o, size_t first, size_t count,
                       float *pixels, Error *err)
{
    const size_t values = o->size * o->size * 3;
    for (size_t b = 0; b < count; b++) {
        Image image = {0};
        if (!source->load(source->context, first + b, &image, err)) return false;
        const bool good = preprocess(&image, &e->preprocessing, pixels + b * values, err);
        image_free(&image);
        if (!good) {
            char where[32];
            snprintf(where, sizeof where, "picture %zu", first + b + 1);
            return fail_in(err, where);
        }
    }
    /* The rest of the last batch: grey, so that nothing left over is computed with. */
    memset(pixels + count * values, 0, (o->batch - count) * values * sizeof *pixels);
    return true;
}

static bool run_batch(const Encoder *e, size_t first, size_t count, ImageFeatures *f)
{
    graph_forward(e->graph);
    const float *global = node_data(e->global), *local = f->local ? node_data(e->local) : NULL;
    const size_t width = f->width, area = f->positions * width;
    memcpy(f->global + first * width, global, count * width * sizeof *global);
    if (local) memcpy(f->local + first * area, local, count * area * sizeof *local);
    return all_finite(global, count * width) && (!local || all_finite(local, count * area));
}

static bool allocate(const Clip *clip, const Encoder *e, size_t count, bool want_local, ImageFeatures *f, Error *err)
{
    *f = (ImageFeatures){.count = count,
                         .width = clip->config.embed,
                         .positions = e->rows * e->columns,
                         .rows = e->rows,
                         .columns = e->columns};
    return big_alloc(&f->global, count, f->width * sizeof *f->global, "image features", err) &&
           (!want_local ||
            big_alloc(&f->local, count, f->positions * f->width * sizeof *f->local, "local image features", err));
}

static bool encode_all(const Clip *clip, const ImageSource *source, const EncodeOptions *o, const Encoder *e,
                       ImageFeatures *f, Progress *progress, Error *err)
{
    for (size_t first = 0; first < source->count; first += o->batch) {
        const size_t left = source->count - first, count = left < o->batch ? left : o->batch;
        if (!load_batch(e, source, o, first, count, node_data(e->pixels), err)) return false;
        if (!run_batch(e, first, count, f))
            return fail(err, "features of %s are not finite; its weights are damaged", clip->path);
        progress_step(progress, first + count);
    }
    return true;
}

bool clip_encode_images(const Clip *clip, const ImageSource *source, EncodeOptions options, ImageFeatures *f,
                        Progress *progress, Error *err)
{
    *f = (ImageFeatures){0};
    if (options.tiles) return encode_tiles(clip, source, options, f, progress, err);
    if (!options.batch) options.batch = BATCH_DEFAULT;
    if (source->count && source->count < options.batch) options.batch = source->count;
    Encoder e = {0};
    if (!check_options(clip, &options, &e.preprocessing, err)) return false;
    bool good = encoder_build(&e, clip, &options, err) && allocate(clip, &e, source->count, options.want_local, f, err);
    progress_begin(progress, "encoding images", source->count, "images");
    good = good && encode_all(clip, source, &options, &e, f, progress, err);
    progress_end(progress);
    graph_free(e.graph);
    if (!good) image_features_free(f);
    return good;
}
