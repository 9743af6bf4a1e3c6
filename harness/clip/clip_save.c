/* Writes a model as an open_clip folder, which open_clip opens as it is. */
#include "harness/clip/weight_list.h"
#include "harness/io/safetensors.h"

#include "harness/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* open_clip takes int(width * mlp_ratio), so the ratio must not round to just below. */
static double mlp_ratio(size_t mlp, size_t width)
{
    double ratio = (double)mlp / (double)width;
    while ((size_t)((double)width * ratio) < mlp) ratio = nextafter(ratio, HUGE_VAL);
    return ratio;
}

static void add_vision(Text *json, const ClipConfig *k)
{
    text_addf(json, "    \"vision_cfg\": {\n      \"image_size\": %zu,\n", k->image_size);
    if (k->is_resnet) {
        text_add(json, "      \"layers\": [");
        for (size_t i = 0; i < k->stages; i++) text_addf(json, "%s%zu", i ? ", " : "", k->blocks[i]);
        text_addf(json, "],\n      \"width\": %zu,\n", k->stem_width);
    } else {
        text_addf(json, "      \"layers\": %zu,\n      \"width\": %zu,\n", k->image_layers, k->image_width);
        text_addf(json, "      \"patch_size\": %zu,\n      \"mlp_ratio\": %.17g,\n", k->patch,
                  mlp_ratio(k->image_mlp, k->image_width));
        text_addf(json, "      \"norm_kwargs\": {\"eps\": %.9g},\n", (double)k->layer_norm_eps);
    }
    text_addf(json, "      \"head_width\": %zu\n    },\n", k->image_width / k->image_heads);
}

static void add_text_tower(Text *json, const ClipConfig *k)
{
    text_addf(json, "    \"text_cfg\": {\n      \"context_length\": %zu,\n      \"vocab_size\": %zu,\n", k->context,
              k->vocabulary);
    text_addf(json, "      \"width\": %zu,\n      \"heads\": %zu,\n      \"layers\": %zu,\n", k->text_width,
              k->text_heads, k->text_layers);
    text_addf(json, "      \"mlp_ratio\": %.17g,\n", mlp_ratio(k->text_mlp, k->text_width));
    text_addf(json, "      \"norm_kwargs\": {\"eps\": %.9g}\n    }\n  },\n", (double)k->text_layer_norm_eps);
}

static void add_triple(Text *json, const char *key, const float values[3], const char *end)
{
    text_addf(json, "    \"%s\": [%.9g, %.9g, %.9g]%s\n", key, (double)values[0], (double)values[1], (double)values[2],
              end);
}

static void describe(const ClipConfig *k, Text *json)
{
    text_addf(json, "{\n  \"model_cfg\": {\n    \"embed_dim\": %zu,\n", k->embed);
    text_addf(json, "    \"quick_gelu\": %s,\n", k->text_activation == ACT_QUICK_GELU ? "true" : "false");
    add_vision(json, k);
    add_text_tower(json, k);
    text_add(json, "  \"preprocess_cfg\": {\n");
    add_triple(json, "mean", k->preprocessing.mean, ",");
    add_triple(json, "std", k->preprocessing.std, ",");
    text_add(json, "    \"interpolation\": \"bicubic\",\n    \"resize_mode\": \"shortest\"\n  }\n}\n");
}

static bool check_describable(const Clip *clip, Error *err)
{
    const ClipConfig *k = &clip->config;
    char *other = preprocessing_words(&k->preprocessing);
    const bool standard = !other;
    free(other);
    if (!standard)
        return fail(err, "%s: only a model whose pictures are prepared as OpenAI's can be stored", clip->path);
    if (!k->has_image || !k->has_text)
        return fail(err, "%s: only a model with both towers can be stored as an open_clip folder", clip->path);
    if (k->is_resnet && clip->batch_norm_folded)
        return fail(err, "%s: its batch norms are folded already; store a model before it is frozen", clip->path);
    if ((k->text_activation != ACT_QUICK_GELU && k->text_activation != ACT_GELU) ||
        (!k->is_resnet && k->image_activation != k->text_activation))
        return fail(err, "%s: open_clip has one activation for both towers, QuickGELU or GELU", clip->path);
    return true;
}

static bool write_weights(const Clip *clip, const char *path, bool half, Error *err)
{
    TensorOut *tensors = xcalloc(clip->count, sizeof *tensors);
    for (size_t i = 0; i < clip->count; i++) {
        const Parameter *p = &clip->weights[i];
        tensors[i] = (TensorOut){.name = p->name, .rank = p->shape.rank, .values = p->value};
        memcpy(tensors[i].dim, p->shape.dim, (size_t)p->shape.rank * sizeof(size_t));
    }
    static const char *const metadata[] = {"format", "pt", NULL}; /* without it transformers refuses a file */
    const bool good = safetensors_write(path, tensors, clip->count, half ? TENSOR_F16 : TENSOR_F32, metadata, err);
    free(tensors);
    return good;
}

bool clip_save(const Clip *clip, const char *folder, bool half, Error *err)
{
    if (!check_describable(clip, err) || !make_folders(folder, err)) return false;
    char *weights = path_join(folder, "open_clip_model.safetensors"),
         *config = path_join(folder, "open_clip_config.json");
    Text json = {0};
    describe(&clip->config, &json);
    /* Weights first: a folder is recognised by its configuration. */
    const bool good = write_weights(clip, weights, half, err) && write_file(config, json.data, json.length, err);
    text_free(&json);
    free(weights);
    free(config);
    return good;
}
