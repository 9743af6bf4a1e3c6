/* One array holds the three published sets as stretches of it, since TaI's training sentences are the single frame and
 * CLIP's eighty one after the other. */
#include "methods/shared/templates.h"

#include "harness/base/memory.h"

#include <string.h>

/* One list serves three sets: TaI's published training set is the single frame nine times, then the 80 frames of CLIP's
 * ensemble (Radford et al. 2021, the prompt notebook that came with the model). */
enum { SINGLE_REPEATS = 9, ENSEMBLE = 80, SCENES = 5 };
static const char *const published_frames[SINGLE_REPEATS + ENSEMBLE + SCENES] = {
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}.",
    "a bad photo of a {}.",
    "a photo of many {}.",
    "a sculpture of a {}.",
    "a photo of the hard to see {}.",
    "a low resolution photo of the {}.",
    "a rendering of a {}.",
    "graffiti of a {}.",
    "a bad photo of the {}.",
    "a cropped photo of the {}.",
    "a tattoo of a {}.",
    "the embroidered {}.",
    "a photo of a hard to see {}.",
    "a bright photo of a {}.",
    "a photo of a clean {}.",
    "a photo of a dirty {}.",
    "a dark photo of the {}.",
    "a drawing of a {}.",
    "a photo of my {}.",
    "the plastic {}.",
    "a photo of the cool {}.",
    "a close-up photo of a {}.",
    "a black and white photo of the {}.",
    "a painting of the {}.",
    "a painting of a {}.",
    "a pixelated photo of the {}.",
    "a sculpture of the {}.",
    "a bright photo of the {}.",
    "a cropped photo of a {}.",
    "a plastic {}.",
    "a photo of the dirty {}.",
    "a jpeg corrupted photo of a {}.",
    "a blurry photo of the {}.",
    "a photo of the {}.",
    "a good photo of the {}.",
    "a rendering of the {}.",
    "a {} in a video game.",
    "a photo of one {}.",
    "a doodle of a {}.",
    "a close-up photo of the {}.",
    "a photo of a {}.",
    "the origami {}.",
    "the {} in a video game.",
    "a sketch of a {}.",
    "a doodle of the {}.",
    "a origami {}.",
    "a low resolution photo of a {}.",
    "the toy {}.",
    "a rendition of the {}.",
    "a photo of the clean {}.",
    "a photo of a large {}.",
    "a rendition of a {}.",
    "a photo of a nice {}.",
    "a photo of a weird {}.",
    "a blurry photo of a {}.",
    "a cartoon {}.",
    "art of a {}.",
    "a sketch of the {}.",
    "a embroidered {}.",
    "a pixelated photo of a {}.",
    "itap of the {}.",
    "a jpeg corrupted photo of the {}.",
    "a good photo of a {}.",
    "a plushie {}.",
    "a photo of the nice {}.",
    "a photo of the small {}.",
    "a photo of the weird {}.",
    "the cartoon {}.",
    "art of the {}.",
    "a drawing of the {}.",
    "a photo of the large {}.",
    "a black and white photo of a {}.",
    "the plushie {}.",
    "a dark photo of a {}.",
    "itap of a {}.",
    "graffiti of the {}.",
    "a toy {}.",
    "itap of my {}.",
    "a photo of a cool {}.",
    "a photo of a small {}.",
    "a tattoo of the {}.",
    "there is a {} in the scene.",
    "there is the {} in the scene.",
    "this is a {} in the scene.",
    "this is the {} in the scene.",
    "this is one {} in the scene.",
};

/* Words that captions of the embedded world use; no full stop, because its captions have none. */
static const char *const mini_frames[] = {
    "a photo of a {}",       "a picture of a {}", "there is a {}",     "a {}", "one {}", "the {}",
    "an image showing a {}", "we see a {}",       "a photo of the {}",
};

static const TemplateSet sets[] = {
    {"single", published_frames, 1},
    {"clip80", published_frames + SINGLE_REPEATS, ENSEMBLE},
    {"scene85", published_frames + SINGLE_REPEATS, ENSEMBLE + SCENES},
    {"mini9", mini_frames, sizeof mini_frames / sizeof *mini_frames},
    {"published", published_frames, SINGLE_REPEATS + ENSEMBLE},
};

const char *const template_set_names[] = {"single", "clip80", "scene85", "mini9", NULL};
const char *const template_training_names[] = {"published", "mini9", NULL};

const TemplateSet *template_set(const char *name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strcmp(sets[i].name, name)) return &sets[i];
    return NULL;
}

char *template_fill(const char *frame, const char *name)
{
    const char *gap = strstr(frame, "{}");
    if (!gap) die("the sentence frame \"%s\" has no {} for the class name", frame);
    return xformat("%.*s%s%s", (int)(gap - frame), frame, name, gap + 2);
}
