/* Batches of a list of pictures: what shards and folders share. */
#include "harness/base/hash.h"
#include "harness/diffusion/generate_internal.h"

#include <stdio.h>
#include <string.h>

enum { BATCH_PIXELS = 512 * 512, BATCH_USUAL = 16 };

size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t picture_bytes(const Pipeline *p)
{
    return 3 * pipeline_width(p) * pipeline_height(p);
}

size_t generate_batch(size_t width, size_t height, size_t count)
{
    const size_t pixels = width * height;
    size_t most = pixels ? least(BATCH_PIXELS / pixels, BATCH_USUAL) : 1;
    if (most < 1) most = 1;
    if (count < 1) return 1;
    const size_t batches = (count + most - 1) / most;
    return (count + batches - 1) / batches;
}

void list_hash(const Pipeline *p, const PictureList *list, size_t first, size_t count, char hex[65])
{
    size_t dim[3];
    pipeline_latents(p, dim);
    const size_t values = dim[0] * dim[1] * dim[2];
    Hash *hash = hash_new();
    for (size_t i = first; i < first + count; i++) {
        hash_add_text(hash, list->captions[i]);
        hash_add(hash, &list->seeds[i], sizeof list->seeds[i]);
        if (list->noise) hash_add(hash, list->noise + i * values, values * sizeof *list->noise);
        if (list->class_count) hash_add(hash, list->labels + i * list->class_count, list->class_count);
    }
    for (size_t i = 0; i < list->class_count; i++) hash_add_text(hash, list->classes[i]);
    hash_finish(hash, hex);
}

/* ---- progress ---- */

/* Names the pictures and the step while a batch is drawn. */
static void name_step(Progress *base, size_t done)
{
    const Drawing *d = (const Drawing *)base;
    char what[120];
    const int used = d->count > 1
                         ? snprintf(what, sizeof what, "pictures %zu to %zu", d->first + 1, d->first + d->count)
                         : snprintf(what, sizeof what, "picture %zu", d->first + 1);
    snprintf(what + used, sizeof what - (size_t)used, " of %zu, step %zu of %zu ", d->list->count, done,
             d->batch.count);
    progress_rename(d->progress, what);
    progress_step(d->progress, d->batch.first + done);
}

void drawing_begin(Drawing *d, Pipeline *p, const PictureList *list, size_t batches, Progress *progress)
{
    *d = (Drawing){.pipeline = p, .list = list, .progress = progress, .batches_to_do = batches};
    if (!batches) return;
    pipeline_say_cut(p, list->captions, list->count, pipeline_settings(p)->negative, progress);
    progress_begin(progress, "drawing", batches * pipeline_calls(p), "steps");
}

void drawing_end(Drawing *d)
{
    char what[64];
    snprintf(what, sizeof what, "%zu picture%s", d->list->count, d->list->count == 1 ? "" : "s");
    if (!d->batches_to_do) return;
    progress_rename(d->progress, what);
    progress_end(d->progress);
}

bool drawing_batch(Drawing *d, size_t first, size_t count, uint8_t *images, Error *err)
{
    size_t dim[3];
    pipeline_latents(d->pipeline, dim);
    const PictureList *list = d->list;
    const DrawRequest request = {.count = count,
                                 .prompts = list->captions + first,
                                 .seeds = list->seeds + first,
                                 .noise = list->noise ? list->noise + first * dim[0] * dim[1] * dim[2] : NULL};
    const size_t calls = pipeline_calls(d->pipeline);
    d->batch = progress_part(d->progress, d->batches_done * calls, calls);
    d->batch.base.step = name_step;
    d->first = first, d->count = count;
    if (!pipeline_draw(d->pipeline, request, images, &d->batch.base, err)) return false;
    d->batches_done++;
    return true;
}
