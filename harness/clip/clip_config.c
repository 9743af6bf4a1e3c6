/* Sizes of models: what is sound, and those of the published ones. */
#include "harness/clip/weight_list.h"

#include <string.h>

/* Far above every published CLIP; a product of any three stays far below what size_t holds. */
enum { WIDTH_MAX = 1 << 14, LAYERS_MAX = 256, SIDE_MAX = 1 << 12, CONTEXT_MAX = 1 << 14, VOCABULARY_MAX = 1 << 22 };

typedef struct Bound {
    const char *what;
    size_t value, most;
} Bound;

static bool within(const Bound *bounds, size_t count, const char *where, Error *err)
{
    for (size_t i = 0; i < count; i++)
        if (bounds[i].value < 1 || bounds[i].value > bounds[i].most)
            return fail(err, "%s: %s is %zu, it must be from 1 to %zu", where, bounds[i].what, bounds[i].value,
                        bounds[i].most);
    return true;
}
#define WITHIN(bounds, where, err) within(bounds, sizeof(bounds) / sizeof *(bounds), where, err)

static bool divides(size_t whole, size_t part, const char *sentence, const char *where, Error *err)
{
    return whole % part == 0 || fail(err, "%s: %s (%zu and %zu)", where, sentence, whole, part);
}

static bool check_resnet(const ClipConfig *c, const char *where, Error *err)
{
    const Bound stages[] = {{"the number of ResNet stages", c->stages, CLIP_STAGES_MAX},
                            {"the width of the ResNet's stem", c->stem_width, WIDTH_MAX / 32}};
    if (!WITHIN(stages, where, err)) return false;
    for (size_t i = 0; i < c->stages; i++) {
        const Bound blocks[] = {{"the number of blocks of a ResNet stage", c->blocks[i], LAYERS_MAX}};
        if (!WITHIN(blocks, where, err)) return false;
    }
    if (c->image_width != c->stem_width << (c->stages + 1))
        return fail(err, "%s: the ResNet's last feature map has %zu channels, %zu are expected", where, c->image_width,
                    c->stem_width << (c->stages + 1));
    return divides(c->stem_width, 2, "the width of the ResNet's stem must be even", where, err) &&
           divides(c->image_size, (size_t)2 << c->stages, "the image size must be a multiple of the ResNet's stride",
                   where, err);
}

static bool check_vit(const ClipConfig *c, const char *where, Error *err)
{
    const Bound bounds[] = {{"the patch size", c->patch, SIDE_MAX},
                            {"the number of image layers", c->image_layers, LAYERS_MAX},
                            {"the width of the image tower's MLP", c->image_mlp, 8 * WIDTH_MAX}};
    if (!WITHIN(bounds, where, err)) return false;
    return c->image_size >= c->patch ||
           fail(err, "%s: the image size %zu is below the patch size %zu", where, c->image_size, c->patch);
}

static bool check_image(const ClipConfig *c, const char *where, Error *err)
{
    const Bound bounds[] = {{"the embedding width", c->embed, WIDTH_MAX},
                            {"the image size", c->image_size, SIDE_MAX},
                            {"the width of the image tower", c->image_width, WIDTH_MAX},
                            {"the number of heads of the image tower", c->image_heads, WIDTH_MAX}};
    if (!WITHIN(bounds, where, err)) return false;
    const Preprocessing *p = &c->preprocessing;
    for (int i = 0; i < 3; i++)
        if (!(p->std[i] > 1e-6f && p->std[i] < 1e6f && p->mean[i] > -1e6f && p->mean[i] < 1e6f))
            return fail(err, "%s: mean and standard deviation of the normalisation must be numbers, the latter above 0",
                        where);
    return divides(c->image_width, c->image_heads, "the image tower's width must be a multiple of its heads", where,
                   err) &&
           (c->is_resnet ? check_resnet(c, where, err) : check_vit(c, where, err));
}

static bool check_text(const ClipConfig *c, const char *where, Error *err)
{
    const Bound bounds[] = {{"the width of the text tower", c->text_width, WIDTH_MAX},
                            {"the number of heads of the text tower", c->text_heads, WIDTH_MAX},
                            {"the number of text layers", c->text_layers, LAYERS_MAX},
                            {"the width of the text tower's MLP", c->text_mlp, 8 * WIDTH_MAX},
                            {"the context length", c->context, CONTEXT_MAX},
                            {"the size of the vocabulary", c->vocabulary, VOCABULARY_MAX}};
    if (!WITHIN(bounds, where, err)) return false;
    if (c->embed > WIDTH_MAX) return fail(err, "%s: the embedding width is %zu", where, c->embed);
    return divides(c->text_width, c->text_heads, "the text tower's width must be a multiple of its heads", where, err);
}

bool config_check(const ClipConfig *c, const char *where, Error *err)
{
    if (!c->has_image && !c->has_text) return fail(err, "%s: neither an image nor a text tower is there", where);
    if (c->has_image && !check_image(c, where, err)) return false;
    return !c->has_text || check_text(c, where, err);
}

typedef struct Published {
    const char *name;
    size_t embed, size, blocks[CLIP_STAGES_MAX], width, layers, patch, text_width;
} Published;

/* Radford et al. 2021, table 19 and 20; clip/model.py */
static const Published published[] = {
    {"RN50", 1024, 224, {3, 4, 6, 3}, 64, 0, 0, 512},   {"RN101", 512, 224, {3, 4, 23, 3}, 64, 0, 0, 512},
    {"RN50x4", 640, 288, {4, 6, 10, 6}, 80, 0, 0, 640}, {"RN50x16", 768, 384, {6, 8, 18, 8}, 96, 0, 0, 768},
    {"ViT-B-32", 512, 224, {0}, 768, 12, 32, 512},      {"ViT-B-16", 512, 224, {0}, 768, 12, 16, 512},
    {"ViT-L-14", 768, 224, {0}, 1024, 24, 14, 768},     {"ViT-L-14-336", 768, 336, {0}, 1024, 24, 14, 768},
};

void config_defaults(ClipConfig *config)
{
    *config = (ClipConfig){.image_activation = ACT_QUICK_GELU,
                           .text_activation = ACT_QUICK_GELU,
                           .layer_norm_eps = 1e-5f,
                           .text_layer_norm_eps = 1e-5f,
                           .preprocessing = preprocessing_standard(),
                           .logit_scale = 2.6592600f}; /* log(1 / 0.07) */
}

const char *config_published(const ClipConfig *k)
{
    for (size_t i = 0; i < sizeof published / sizeof *published && k->has_image && k->has_text; i++) {
        const Published *p = &published[i];
        const bool image =
            k->is_resnet ? !p->patch && !memcmp(k->blocks, p->blocks, sizeof p->blocks) && k->stem_width == p->width
                         : k->patch == p->patch && k->image_layers == p->layers && k->image_width == p->width;
        if (image && k->image_size == p->size && k->embed == p->embed && k->text_width == p->text_width &&
            k->text_layers == 12)
            return p->name;
    }
    return NULL;
}

bool clip_config_of(const char *arch, ClipConfig *config, Error *err)
{
    const Published *p = NULL;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        if (!strcmp(published[i].name, arch)) p = &published[i];
    if (!p)
        return fail_usage(err,
                          "%s: no architecture of this name; there are RN50 RN101 RN50x4 RN50x16 ViT-B-32 ViT-B-16 "
                          "ViT-L-14 ViT-L-14-336",
                          arch);
    config_defaults(config);
    config->embed = p->embed;
    config->has_image = config->has_text = true;
    config->image_size = p->size;
    config->is_resnet = p->patch == 0;
    if (config->is_resnet) {
        config->stages = CLIP_STAGES_MAX;
        memcpy(config->blocks, p->blocks, sizeof config->blocks);
        config->stem_width = p->width;
        config->image_width = p->width << (CLIP_STAGES_MAX + 1);
    } else {
        config->image_width = p->width;
        config->image_layers = p->layers;
        config->patch = p->patch;
        config->image_mlp = 4 * p->width;
    }
    config->image_heads = config->image_width / 64;
    config->text_width = p->text_width;
    config->text_heads = p->text_width / 64;
    config->text_layers = 12;
    config->text_mlp = 4 * p->text_width;
    config->context = 77;
    config->vocabulary = 49408;
    return true;
}

static bool same_sizes(const Published *p, const ClipConfig *c)
{
    const bool resnet = p->patch == 0;
    if (c->embed != p->embed || c->image_size != p->size || c->is_resnet != resnet || c->text_width != p->text_width ||
        c->text_layers != 12)
        return false;
    if (!resnet) return c->image_width == p->width && c->image_layers == p->layers && c->patch == p->patch;
    return c->stages == CLIP_STAGES_MAX && c->stem_width == p->width &&
           memcmp(c->blocks, p->blocks, sizeof c->blocks) == 0;
}

const char *clip_arch_of(const ClipConfig *config)
{
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        if (same_sizes(&published[i], config)) return published[i].name;
    return NULL;
}
