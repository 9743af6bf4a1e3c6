/* How many generated single objects the judge recognises. */
#include "harness/pretrain/pretrain_denoiser.h"

#include "datasets/mini_world.h"
#include "harness/diffusion/pipeline.h"
#include "harness/pretrain/pretrain_autoencoder.h"

#include <stdlib.h>

enum { DRAW_BATCH = 25, DRAW_STEPS = 12, PIXELS = WORLD_SIZE * WORLD_SIZE * 3 };
static const float draw_guidance = 3;
static const CaptionStyle plain = {.mention = 1, .photo = 0.15};

/* The next single-object scene of a class from *index on. */
static void next_caption(uint64_t *index, int class, char caption[WORLD_CAPTION_MAX])
{
    WorldScene scene;
    do world_scene(&scene, WORLD_PRETRAIN, (*index)++);
    while (scene.count != 1 || scene.objects[0].class != class);
    world_caption(&scene, &plain, *index, false, caption);
}

static size_t count_right(const float *logits, size_t first, size_t n)
{
    size_t right = 0;
    for (size_t i = 0; i < n; i++) right += judge_best(logits + i * JUDGE_CLASSES) == (first + i) % WORLD_CLASSES;
    return right;
}

static bool draw_and_judge(Pipeline *p, const Judge *judge, size_t captions, Progress *progress, size_t *right,
                           Error *err)
{
    char text[DRAW_BATCH][WORLD_CAPTION_MAX];
    const char *prompts[DRAW_BATCH];
    uint64_t seeds[DRAW_BATCH], index = 2 * held_out_scene;
    float logits[DRAW_BATCH * JUDGE_CLASSES];
    uint8_t *images = xcalloc(DRAW_BATCH, PIXELS);
    bool good = true;
    for (size_t first = 0; first < captions && good; first += DRAW_BATCH) {
        const size_t n = captions - first < DRAW_BATCH ? captions - first : DRAW_BATCH;
        for (size_t i = 0; i < n; i++) {
            next_caption(&index, (int)((first + i) % WORLD_CLASSES), text[i]);
            prompts[i] = text[i];
            seeds[i] = first + i;
        }
        good = pipeline_draw(p, (DrawRequest){.count = n, .prompts = prompts, .seeds = seeds}, images, NULL, err) &&
               judge_logits(judge, images, n, logits, err);
        if (good) *right += count_right(logits, first, n);
        progress_step(progress, first + n);
    }
    free(images);
    return good;
}

bool generator_accuracy(const char *folder, const Judge *judge, size_t captions, Progress *progress, double *percent,
                        Error *err)
{
    size_t right = 0;
    const DrawSettings settings = {.steps = DRAW_STEPS, .guidance = draw_guidance, .batch = DRAW_BATCH};
    Pipeline *p = pipeline_open(folder, (PipelineParts){0}, err);
    progress_begin(progress, "judging generated objects", captions, "images");
    const bool good =
        p && pipeline_prepare(p, settings, err) && draw_and_judge(p, judge, captions, progress, &right, err);
    progress_end(progress);
    if (p) pipeline_free(p);
    *percent = 100 * (double)right / (double)captions;
    return good;
}
