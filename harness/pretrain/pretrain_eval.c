/* Features are encoded as a user's are, scores and softmax computed in doubles by plain loops: it shares nothing with
 * the methods that it is the yardstick of. */
#include "harness/pretrain/pretrain_eval.h"

#include "harness/score/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double local_temperature = 10;

static bool render_one(void *context, size_t i, Image *image, Error *err)
{
    const WorldSplit *split = context;
    WorldScene scene;
    *image = (Image){.width = WORLD_SIZE, .height = WORLD_SIZE};
    if (!big_alloc(&image->pixels, WORLD_SIZE * WORLD_SIZE, 3, "a picture", err)) return false;
    world_scene(&scene, *split, i);
    world_render(&scene, image->pixels);
    return true;
}

static bool encode_classes(const Clip *clip, const Tokenizer *tokenizer, TextFeatures *features, Error *err)
{
    TokenList list = {0};
    for (int c = 0; c < WORLD_CLASSES; c++) {
        char *sentence = xformat("a photo of a %s.", world_class_names[c]);
        tokenizer_encode(tokenizer, sentence, clip->config.context, &list);
        free(sentence);
    }
    const bool good = clip_encode_texts(clip, &list, false, (Arithmetic){0}, features, NULL, err);
    token_list_free(&list);
    return good;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

/* sum_j softmax_j(tau s_j) s_j */
static double aggregate(const double *s, size_t n)
{
    double top = -INFINITY, weight = 0, sum = 0;
    for (size_t j = 0; j < n; j++) top = fmax(top, s[j]);
    for (size_t j = 0; j < n; j++) {
        const double w = exp(local_temperature * (s[j] - top));
        weight += w, sum += w * s[j];
    }
    return sum / weight;
}

static void scores_of(const ImageFeatures *f, const TextFeatures *t, double *global, double *local)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < f->count; i++) {
        double *at = xmalloc(f->positions * sizeof *at);
        for (size_t c = 0; c < t->count; c++) {
            const float *name = t->global + c * t->width;
            global[i * t->count + c] = dot(f->global + i * f->width, name, f->width);
            for (size_t j = 0; j < f->positions; j++)
                at[j] = dot(f->local + (i * f->positions + j) * f->width, name, f->width);
            local[i * t->count + c] = aggregate(at, f->positions);
        }
        free(at);
    }
}

static void softmax_rows(double *scores, size_t rows, size_t columns, double factor)
{
    for (size_t r = 0; r < rows; r++) {
        double *row = scores + r * columns, top = -INFINITY, sum = 0;
        for (size_t c = 0; c < columns; c++) top = fmax(top, row[c]);
        for (size_t c = 0; c < columns; c++) sum += row[c] = exp(factor * (row[c] - top));
        for (size_t c = 0; c < columns; c++) row[c] /= sum;
    }
}

static bool map_of(const double *scores, const int8_t *labels, size_t images, double *map, Error *err)
{
    Metrics m;
    if (!metrics_compute(&m, scores, labels, images, WORLD_CLASSES, DIFFICULT_NEGATIVE, 0, err)) return false;
    *map = m.map;
    metrics_free(&m);
    return true;
}

static int8_t *labels_of(WorldSplit split, size_t images)
{
    int8_t *labels = xmalloc(images * WORLD_CLASSES);
    for (size_t i = 0; i < images; i++) {
        WorldScene scene;
        uint8_t there[WORLD_CLASSES];
        world_scene(&scene, split, i);
        world_labels(&scene, there);
        for (int c = 0; c < WORLD_CLASSES; c++) labels[i * WORLD_CLASSES + (size_t)c] = there[c] ? 1 : -1;
    }
    return labels;
}

bool world_zero_shot(const Clip *clip, const Tokenizer *tokenizer, WorldSplit split, size_t images,
                     WorldZeroShot *result, Error *err)
{
    TextFeatures names = {0};
    ImageFeatures pictures = {0};
    const ImageSource source = {.count = images, .load = render_one, .context = &split};
    const EncodeOptions options = {
        .resize = RESIZE_STRETCH, .position = POOL_POSITION_GLOBAL, .batch = 100, .want_local = true};
    bool good = encode_classes(clip, tokenizer, &names, err) &&
                clip_encode_images(clip, &source, options, &pictures, NULL, err);
    if (good) {
        double *global = xmalloc(images * WORLD_CLASSES * sizeof *global);
        double *local = xmalloc(images * WORLD_CLASSES * sizeof *local);
        int8_t *labels = labels_of(split, images);
        const double factor = exp((double)clip->config.logit_scale);
        scores_of(&pictures, &names, global, local);
        good =
            map_of(global, labels, images, &result->raw, err) && map_of(local, labels, images, &result->local_raw, err);
        softmax_rows(global, images, WORLD_CLASSES, factor);
        softmax_rows(local, images, WORLD_CLASSES, factor);
        good = good && map_of(global, labels, images, &result->normalised, err) &&
               map_of(local, labels, images, &result->local_normalised, err);
        free(global), free(local), free(labels);
    }
    text_features_free(&names);
    image_features_free(&pictures);
    return good;
}
