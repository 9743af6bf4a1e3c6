/* A function a kind of stage: operations by counting weights and the positions that they meet, bytes by counting
 * numbers. What no count reaches (options of a method, rates of a machine) is rough on purpose; calibrate.c mends
 * it. */
#include "harness/plan/estimate.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Rates on two threads of a 2.5 GHz core with AVX-512, rounded down. */
static const double flop_a_second_a_thread = 40e9, captions_a_second = 50e3, bytes_a_second = 50e6;
/* Drawing is mostly 3x3 convolutions, whose Winograd form takes fewer operations than are counted. */
static const double drawn_flop_a_second_a_thread = 100e9;
static const double tokens_a_caption = 14, tokens_a_name = 4, overhead_seconds = 0.1;

static double seconds_of(double flop)
{
    return flop / (flop_a_second_a_thread * omp_get_max_threads()) + overhead_seconds;
}

/* Operations of a token through the text tower: two a weight of its blocks. */
static double text_flop(const Clip *clip)
{
    double weights = 0;
    for (size_t i = 0; i < clip->count; i++)
        if (strncmp(clip->weights[i].name, "transformer.", 12) == 0)
            weights += (double)shape_size(clip->weights[i].shape);
    return 2 * weights;
}

/* How many positions a weight of the image tower meets in a picture of `size`: all tokens of a ViT; of a ResNet the pixels of
 * its stage, a quarter of those before. */
static double positions_of(const ClipConfig *c, const char *name, double size)
{
    if (!c->is_resnet) return c->patch ? size / (double)c->patch * (size / (double)c->patch) + 1 : 0;
    double side = size / 2; /* the stem */
    if (strncmp(name, "visual.layer", 12) == 0) side = size / 4 / (double)(1 << (atoi(name + 12) - 1));
    if (strncmp(name, "visual.attnpool", 15) == 0) side = size / 4 / (double)(1 << (c->stages ? c->stages - 1 : 0));
    return side * side;
}

static double image_flop(const Clip *clip, double size)
{
    double flop = 0;
    for (size_t i = 0; i < clip->count; i++) {
        const Parameter *w = &clip->weights[i];
        if (strncmp(w->name, "visual.", 7) == 0 && w->shape.rank >= 2)
            flop += 2 * (double)shape_size(w->shape) * positions_of(&clip->config, w->name, size);
    }
    return flop;
}

static double local_positions(const Clip *clip, double size)
{
    const ClipConfig *c = &clip->config;
    const double step = c->is_resnet ? 4.0 * (double)(1 << (c->stages ? c->stages - 1 : 0)) : (double)c->patch;
    return step > 0 ? size / step * (size / step) : 0;
}

void estimate_captions(Stage *s, const Captions *captions, size_t classes)
{
    s->seconds = (double)captions->count / captions_a_second + overhead_seconds;
    s->bytes = (double)captions->count * (60 + (double)classes / 8);
}

void estimate_choose(Stage *s, const Captions *captions, size_t classes)
{
    const double count = (double)(s->captions < captions->count ? s->captions : captions->count);
    s->seconds = (double)captions->count / captions_a_second + overhead_seconds;
    s->bytes = count * (60 + (double)classes / 8);
}

void estimate_generate(Stage *s, size_t images)
{
    const Generator *g = &s->generator;
    s->seconds = (double)images * g->flop / (drawn_flop_a_second_a_thread * omp_get_max_threads()) + overhead_seconds;
    s->bytes = (double)images * 3 * (double)(g->width * g->height) + 8192;
}

void estimate_texts(Stage *s, const Clip *clip, size_t texts)
{
    const double tokens = (double)texts * tokens_a_caption;
    s->bytes = 4 * (double)clip->config.embed * (tokens + (double)texts);
    s->seconds = seconds_of(tokens * text_flop(clip)) + s->bytes / bytes_a_second;
}

void estimate_images(Stage *s, const Clip *clip, size_t images)
{
    const double size = (double)s->encode.size, local = s->with_local ? local_positions(clip, size) : 0;
    s->bytes = 4 * (double)clip->config.embed * (double)images * (1 + local);
    s->seconds = seconds_of((double)images * image_flop(clip, size)) + s->bytes / bytes_a_second;
}

/* Of an option that some methods have. */
static double option_or(const Options *options, const char *name, double otherwise)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].name && strcmp(options->table[i].name, name) == 0) return options->values[i].number;
    return otherwise;
}

/* Labelled images of the experiment's setting. */
static double labelled_of(const Stage *s, Dataset *d)
{
    const Setting *setting = &s->experiment->setting;
    Error unused;
    const Split *split = dataset_split(d, SPLIT_TRAIN, &unused);
    const double all = split ? (double)split->count : 0, drawn = (double)(setting->shots * dataset_classes(d));
    return setting->kind == SETTING_FEW_SHOT && drawn < all ? drawn : all;
}

/* Examples that a method trains on: captions or sentences, the pictures drawn for it, or labelled ones. */
static double examples_of(const Stage *s, Dataset *d)
{
    const Options *o = &s->experiment->options;
    const Stage *generated = stage_generated_features(s), *texts = stage_input(s, &stage_captions, 0);
    Error unused;
    if (!generated && !texts) return stage_input(s, &stage_encode_image, 0) ? labelled_of(s, d) : 0;
    const Captions *captions = texts && texts->sentences ? dataset_sentences(d, &unused) : dataset_captions(d, &unused);
    const double count = captions ? (double)captions->count : 0;
    if (generated) {
        const Stage *drawn = stage_input(generated, &stage_generate, 0);
        return drawn ? (double)(drawn->captions * drawn->images_per_caption) : count;
    }
    const double limit = option_or(o, "caption_limit", 0);
    return limit > 0 && limit < count ? limit : count;
}

/* Pseudo images pass through the frozen tower and back (twice the forward), two a class, at every step of both stages. */
static double pseudo_image_flop(const Options *o, const Clip *clip, size_t classes, double steps_an_epoch)
{
    const char *variant = NULL;
    for (size_t i = 0; i < o->count; i++)
        if (o->table[i].name && strcmp(o->table[i].name, "variant") == 0) variant = o->values[i].text;
    if (!variant || strcmp(variant, "pixels") != 0) return 0;
    const double epochs = option_or(o, "stage1_epochs", 0) + option_or(o, "stage2", 0) * option_or(o, "epochs", 0);
    return epochs * steps_an_epoch * 2 * (double)classes * 2 * image_flop(clip, (double)clip->config.image_size);
}

/* Prompt learning: forward and backward (3 times the forward) of shared context and class names, a set a branch, a step. */
void estimate_train(Stage *s, const Clip *clip, Dataset *d)
{
    const Options *o = &s->experiment->options;
    const double steps_an_epoch = examples_of(s, d) / option_or(o, "batch", 512);
    const double steps = option_or(o, "epochs", 0) * steps_an_epoch;
    const double tokens = option_or(o, "context", 0) + (double)dataset_classes(d) * tokens_a_name;
    const double sets = 1 + (option_or(o, "local", 0) != 0);
    s->seconds = seconds_of(steps * sets * 3 * tokens * text_flop(clip) +
                            pseudo_image_flop(o, clip, dataset_classes(d), steps_an_epoch));
    s->bytes = 4 * sets * option_or(o, "context", 0) * (double)clip->config.text_width + 8192;
}

void estimate_score(Stage *s, const Clip *clip, Dataset *d)
{
    const Stage *images = stage_input(s, &stage_encode_image, 0);
    const double positions = local_positions(clip, (double)images->encode.size);
    const double count = images->bytes / 4 / (double)clip->config.embed / (1 + positions);
    s->bytes = count * (double)dataset_classes(d) * 13 + 65536;
    s->seconds = 0.3 + images->bytes / bytes_a_second / 4;
}
