/* The tensors of a CLIP, by OpenAI's names (Radford et al. 2021, clip/model.py), with the initial values that open_clip
 * gives a model trained from scratch. Where PyTorch's layers would draw a bias, ours starts at zero. */
#include "harness/clip/weight_list.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static WeightSpec *put(WeightList *list, Shape s, WeightInit init, float scale, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static WeightSpec *put(WeightList *list, Shape s, WeightInit init, float scale, const char *format, ...)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 256;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    WeightSpec *spec = &list->items[list->count++];
    *spec = (WeightSpec){.shape = s, .init = init, .scale = scale};
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(spec->name, sizeof spec->name, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof spec->name) die("the weight name \"%s...\" is too long", spec->name);
    return spec;
}

void weight_list_free(WeightList *list)
{
    free(list->items);
    *list = (WeightList){0};
}

static float inverse_root(size_t n)
{
    return 1.0f / sqrtf((float)n);
}

static void put_norm(WeightList *list, const char *prefix, const char *name, size_t width)
{
    put(list, shape(width), INIT_ONE, 0, "%s%s.weight", prefix, name);
    put(list, shape(width), INIT_ZERO, 0, "%s%s.bias", prefix, name);
}

/* A convolution without bias and its batch norm. `gain` is the initial gamma: zero at the end of a residual block, so
 * that every block starts as the identity (Goyal et al. 2017). */
static void put_conv(WeightList *list, const char *prefix, const char *conv, const char *norm, size_t out, size_t in,
                     size_t kernel, WeightInit gain)
{
    /* PyTorch's default: kaiming_uniform(a = sqrt 5), which is U(-1/sqrt(fan in), 1/sqrt(fan in)) */
    put(list, shape(out, in, kernel, kernel), INIT_UNIFORM, inverse_root(in * kernel * kernel), "%s%s.weight", prefix,
        conv);
    put(list, shape(out), gain, 0, "%s%s.weight", prefix, norm);
    put(list, shape(out), INIT_ZERO, 0, "%s%s.bias", prefix, norm);
    put(list, shape(out), INIT_ZERO, 0, "%s%s.running_mean", prefix, norm)->is_running = true;
    put(list, shape(out), INIT_ONE, 0, "%s%s.running_var", prefix, norm)->is_running = true;
}

static void put_bottleneck(WeightList *list, const char *prefix, size_t in, size_t planes, bool has_downsample)
{
    put_conv(list, prefix, "conv1", "bn1", planes, in, 1, INIT_ONE);
    put_conv(list, prefix, "conv2", "bn2", planes, planes, 3, INIT_ONE);
    put_conv(list, prefix, "conv3", "bn3", planes * 4, planes, 1, INIT_ZERO);
    if (has_downsample) put_conv(list, prefix, "downsample.0", "downsample.1", planes * 4, in, 1, INIT_ONE);
}

static void put_attention_pool(WeightList *list, const ClipConfig *c)
{
    static const char *const projections[] = {"q_proj", "k_proj", "v_proj"};
    const size_t width = c->image_width, grid = c->image_size / ((size_t)2 << c->stages);
    const float scale = inverse_root(width);
    put(list, shape(grid * grid + 1, width), INIT_NORMAL, scale, "visual.attnpool.positional_embedding");
    for (size_t i = 0; i < 3; i++) {
        put(list, shape(width, width), INIT_NORMAL, scale, "visual.attnpool.%s.weight", projections[i]);
        put(list, shape(width), INIT_ZERO, 0, "visual.attnpool.%s.bias", projections[i]);
    }
    put(list, shape(c->embed, width), INIT_NORMAL, scale, "visual.attnpool.c_proj.weight");
    put(list, shape(c->embed), INIT_ZERO, 0, "visual.attnpool.c_proj.bias");
}

static void put_resnet(WeightList *list, const ClipConfig *c)
{
    const size_t stem = c->stem_width;
    put_conv(list, "visual.", "conv1", "bn1", stem / 2, 3, 3, INIT_ONE);
    put_conv(list, "visual.", "conv2", "bn2", stem / 2, stem / 2, 3, INIT_ONE);
    put_conv(list, "visual.", "conv3", "bn3", stem, stem / 2, 3, INIT_ONE);
    size_t in = stem;
    for (size_t stage = 0; stage < c->stages; stage++) {
        const size_t planes = stem << stage;
        for (size_t block = 0; block < c->blocks[stage]; block++) {
            char prefix[48];
            snprintf(prefix, sizeof prefix, "visual.layer%zu.%zu.", stage + 1, block);
            put_bottleneck(list, prefix, in, planes, block == 0);
            in = planes * 4;
        }
    }
    put_attention_pool(list, c);
}

/* One residual attention block; the standard deviations are those of CLIP's text tower. */
static void put_block(WeightList *list, const char *prefix, size_t width, size_t mlp, size_t layers)
{
    const float scale = inverse_root(width), out_scale = scale * inverse_root(2 * layers);
    put_norm(list, prefix, "ln_1", width);
    put(list, shape(3 * width, width), INIT_NORMAL, scale, "%sattn.in_proj_weight", prefix);
    put(list, shape(3 * width), INIT_ZERO, 0, "%sattn.in_proj_bias", prefix);
    put(list, shape(width, width), INIT_NORMAL, out_scale, "%sattn.out_proj.weight", prefix);
    put(list, shape(width), INIT_ZERO, 0, "%sattn.out_proj.bias", prefix);
    put_norm(list, prefix, "ln_2", width);
    put(list, shape(mlp, width), INIT_NORMAL, inverse_root(2 * width), "%smlp.c_fc.weight", prefix);
    put(list, shape(mlp), INIT_ZERO, 0, "%smlp.c_fc.bias", prefix);
    put(list, shape(width, mlp), INIT_NORMAL, out_scale, "%smlp.c_proj.weight", prefix);
    put(list, shape(width), INIT_ZERO, 0, "%smlp.c_proj.bias", prefix);
}

static void put_blocks(WeightList *list, const char *tower, size_t layers, size_t width, size_t mlp)
{
    for (size_t layer = 0; layer < layers; layer++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%stransformer.resblocks.%zu.", tower, layer);
        put_block(list, prefix, width, mlp, layers);
    }
}

static void put_vit(WeightList *list, const ClipConfig *c)
{
    const size_t width = c->image_width, grid = c->image_size / c->patch;
    const float scale = inverse_root(width);
    put(list, shape(width, 3, c->patch, c->patch), INIT_UNIFORM, inverse_root(3 * c->patch * c->patch),
        "visual.conv1.weight");
    put(list, shape(width), INIT_NORMAL, scale, "visual.class_embedding");
    put(list, shape(grid * grid + 1, width), INIT_NORMAL, scale, "visual.positional_embedding");
    put_norm(list, "visual.", "ln_pre", width);
    put_blocks(list, "visual.", c->image_layers, width, c->image_mlp);
    put_norm(list, "visual.", "ln_post", width);
    put(list, shape(width, c->embed), INIT_NORMAL, scale, "visual.proj")->is_matrix = true;
}

static void put_text(WeightList *list, const ClipConfig *c)
{
    put(list, shape(c->vocabulary, c->text_width), INIT_NORMAL, 0.02f, "token_embedding.weight");
    put(list, shape(c->context, c->text_width), INIT_NORMAL, 0.01f, "positional_embedding");
    put_blocks(list, "", c->text_layers, c->text_width, c->text_mlp);
    put_norm(list, "", "ln_final", c->text_width);
    /* A lone text tower without projection (embed 0) ends here. */
    if (c->embed)
        put(list, shape(c->text_width, c->embed), INIT_NORMAL, inverse_root(c->text_width), "text_projection")
            ->is_matrix = true;
}

void weight_list(const ClipConfig *config, WeightList *list)
{
    *list = (WeightList){0};
    if (config->has_image && config->is_resnet) put_resnet(list, config);
    if (config->has_image && !config->is_resnet) put_vit(list, config);
    if (config->has_text) put_text(list, config);
    if (config->has_image && config->has_text) put(list, scalar_shape(), INIT_LOGIT_SCALE, 0, "logit_scale");
}

bool weight_norm_of(const char *name, char norm[80])
{
    const char *tail = strrchr(name, '.');
    if (strncmp(name, "visual.", 7) != 0 || !tail || strcmp(tail, ".weight") != 0) return false;
    const size_t length = (size_t)(tail - name);
    const char digit = name[length - 1]; /* conv1, conv2, conv3; downsample.0 */
    static const char conv[] = "conv", downsample[] = "downsample.0";
    if (length > 5 && memcmp(name + length - 5, conv, 4) == 0 && digit >= '1' && digit <= '3') {
        snprintf(norm, 80, "%.*sbn%c", (int)(length - 5), name, digit);
        return true;
    }
    const size_t tail_length = sizeof downsample - 1;
    if (length > tail_length && memcmp(name + length - tail_length, downsample, tail_length) == 0) {
        snprintf(norm, 80, "%.*s1", (int)(length - 1), name);
        return true;
    }
    return false;
}
