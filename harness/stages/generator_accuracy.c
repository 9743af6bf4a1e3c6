/* Scenes are looked for one after the other until one holds a single object of the class whose turn it is; its caption
 * is drawn, its class remembered. Renders of the same scenes are the upper bound. */
#include "harness/stages/generator_accuracy.h"

#include "datasets/mini/mini_world.h"

#include <stdlib.h>

enum { DRAW_BATCH = 25, DRAW_STEPS = 12, PIXELS = WORLD_SIZE * WORLD_SIZE * 3 };
static const float draw_guidance = 3;
/* Scenes behind those that training and its figures use (held_out_scene of harness/pretrain). */
static const uint64_t first_scene = (uint64_t)1 << 41;
static const CaptionStyle plain = {.mention = 1, .photo = 0.15};

/* The next single-object scene of a class from *index on; *index is then the one behind it. */
static void next_scene(uint64_t *index, int class, WorldScene *scene)
{
    do world_scene(scene, WORLD_PRETRAIN, (*index)++);
    while (scene->count != 1 || scene->objects[0].class != class);
}

static bool begin(JudgedPictures *j, const Pipeline *p, size_t count, Error *err)
{
    *j = (JudgedPictures){.count = count};
    if (pipeline_width(p) != WORLD_SIZE || pipeline_height(p) != WORLD_SIZE)
        return fail_usage(err, "the judge looks at pictures of %dx%d, not %zux%zu", WORLD_SIZE, WORLD_SIZE,
                          pipeline_width(p), pipeline_height(p));
    j->asked = xcalloc(count, sizeof *j->asked);
    j->seen = xcalloc(count, sizeof *j->seen);
    uint64_t index = first_scene;
    for (size_t i = 0; i < count; i++) {
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX];
        j->asked[i] = (int32_t)(i % WORLD_CLASSES);
        next_scene(&index, j->asked[i], &scene);
        world_caption(&scene, &plain, index, false, caption);
        text_list_add(&j->captions, caption);
    }
    return big_alloc(&j->images, count, PIXELS, "pictures", err);
}

static bool draw_and_judge(Pipeline *p, const Judge *judge, JudgedPictures *j, size_t first, size_t n, Error *err)
{
    uint64_t *seeds = xcalloc(n, sizeof *seeds);
    float *logits = xcalloc(n, JUDGE_CLASSES * sizeof *logits);
    uint8_t *images = j->images + first * PIXELS;
    for (size_t i = 0; i < n; i++) seeds[i] = first + i;
    const DrawRequest request = {.count = n, .prompts = (const char *const *)j->captions.items + first, .seeds = seeds};
    const bool good = pipeline_draw(p, request, images, NULL, err) && judge_logits(judge, images, n, logits, err);
    for (size_t i = 0; good && i < n; i++) j->seen[first + i] = (int32_t)judge_best(logits + i * JUDGE_CLASSES);
    free(seeds);
    free(logits);
    return good;
}

bool judge_generator(Pipeline *p, const Judge *judge, size_t count, JudgedPictures *j, Progress *progress, Error *err)
{
    const size_t batch = pipeline_settings(p)->batch;
    bool good = begin(j, p, count, err);
    progress_begin(progress, "judging generated objects", count, "images");
    for (size_t first = 0; first < count && good; first += batch) {
        const size_t n = count - first < batch ? count - first : batch;
        good = draw_and_judge(p, judge, j, first, n, err);
        progress_step(progress, first + n);
    }
    progress_end(progress);
    return good;
}

bool judge_renders(const Judge *judge, size_t count, double *percent, Error *err)
{
    uint8_t *images;
    if (!big_alloc(&images, count, PIXELS, "pictures", err)) return false;
    float *logits = xcalloc(count, JUDGE_CLASSES * sizeof *logits);
    uint64_t index = first_scene;
    for (size_t i = 0; i < count; i++) {
        WorldScene scene;
        next_scene(&index, (int)(i % WORLD_CLASSES), &scene);
        world_render(&scene, images + i * PIXELS);
    }
    const bool good = judge_logits(judge, images, count, logits, err);
    size_t right = 0;
    for (size_t i = 0; good && i < count; i++) right += judge_best(logits + i * JUDGE_CLASSES) == i % WORLD_CLASSES;
    *percent = count ? 100 * (double)right / (double)count : 0;
    free(images);
    free(logits);
    return good;
}

double judged_accuracy(const JudgedPictures *j)
{
    size_t right = 0;
    for (size_t i = 0; i < j->count; i++) right += j->asked[i] == j->seen[i];
    return j->count ? 100 * (double)right / (double)j->count : 0;
}

void judged_free(JudgedPictures *j)
{
    text_list_free(&j->captions);
    free(j->images);
    free(j->asked);
    free(j->seen);
    *j = (JudgedPictures){0};
}

bool generator_accuracy(const char *folder, const Judge *judge, size_t captions, Progress *progress, double *percent,
                        Error *err)
{
    const DrawSettings settings = {.steps = DRAW_STEPS, .guidance = draw_guidance, .batch = DRAW_BATCH};
    JudgedPictures j = {0};
    Pipeline *p = pipeline_open(folder, (PipelineParts){0}, err);
    const bool good = p && pipeline_prepare(p, settings, err) && judge_generator(p, judge, captions, &j, progress, err);
    *percent = judged_accuracy(&j);
    judged_free(&j);
    pipeline_free(p);
    return good;
}
