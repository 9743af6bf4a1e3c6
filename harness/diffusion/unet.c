/* A U-Net as a thing: opening, making, writing; its weights. */
#include "harness/diffusion/unet.h"

#include "harness/base/text.h"
#include "harness/diffusion/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void need_weights(UNet *unet)
{
    const UNetConfig *k = &unet->config;
    WeightSet *set = &unet->set;
    const size_t first = k->channels[0];
    weights_need_conv(set, "conv_in", k->in_channels, first, k->conv_in_kernel, true);
    if (k->condition_width) weights_need_linear(set, "time_embedding.cond_proj", k->condition_width, first, false);
    weights_need_linear(set, "time_embedding.linear_1", first, k->time_width, true);
    weights_need_linear(set, "time_embedding.linear_2", k->time_width, k->time_width, true);
    const UNetPieces all = unet_pieces(k);
    for (size_t i = 0; i < all.count; i++) {
        const UNetPiece *p = &all.items[i];
        resnet_weights(set, p->resnet_name.text, &p->resnet);
        if (p->attends) transformer_weights(set, p->transformer_name.text, &p->transformer);
    }
    free(all.items);
    for (size_t i = 0; i < k->levels; i++) {
        const size_t down = k->down[i].out, up = k->up[i].out;
        if (k->down[i].resamples)
            weights_need_conv(set, NAME("down_blocks.%zu.downsamplers.0.conv", i), down, down, 3, true);
        if (k->up[i].resamples) weights_need_conv(set, NAME("up_blocks.%zu.upsamplers.0.conv", i), up, up, 3, true);
    }
    weights_need_norm(set, "conv_norm_out", first);
    weights_need_conv(set, "conv_out", first, k->out_channels, k->conv_out_kernel, true);
}

/* Frees the file in every case. */
static UNet *from_config(JsonFile *file, Error *err)
{
    if (!file) return NULL;
    UNet *unet = xcalloc(1, sizeof *unet);
    const bool good = unet_config(json_root(file), &unet->config, err);
    json_free(file);
    if (good) {
        need_weights(unet);
        return unet;
    }
    unet_free(unet);
    return NULL;
}

UNet *unet_open(const char *folder, Error *err)
{
    UNet *unet = from_config(model_config_read(folder, "UNet2DConditionModel", err), err);
    if (!unet || weights_open(&unet->set, folder, err)) return unet;
    unet_free(unet);
    return NULL;
}

UNet *unet_from_tensors(const char *name, const char *config_json, TensorFile *tensors, Error *err)
{
    UNet *unet = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (!unet) tensor_file_close(tensors);
    if (!unet || weights_from_tensors(&unet->set, tensors, name, err)) return unet;
    unet_free(unet);
    return NULL;
}

UNet *unet_new(const char *name, const char *config_json, uint64_t seed, Error *err)
{
    UNet *unet = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (!unet || weights_draw(&unet->set, seed, err)) return unet;
    unet_free(unet);
    return NULL;
}

UNet *unet_random(const char *name, const char *config_json, Error *err)
{
    UNet *unet = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (unet) weights_random(&unet->set);
    return unet;
}

bool unet_save(const UNet *unet, const char *config_json, const char *folder, bool half, Error *err)
{
    char *path = path_join(folder, "config.json");
    const bool good = make_folders(folder, err) && weights_save(&unet->set, folder, half, err) &&
                      write_file(path, config_json, strlen(config_json), err);
    free(path);
    return good;
}

void unet_free(UNet *unet)
{
    if (!unet) return;
    weights_free(&unet->set);
    free(unet);
}

/* ---- waves ---- */

/* In float32 as the reference computes them: a time of 999 has few digits left behind the point. */
void unet_time_waves(const UNet *unet, float t, float *values)
{
    const UNetConfig *k = &unet->config;
    const size_t half = k->channels[0] / 2;
    float *sines = values + (k->flip_sin_to_cos ? half : 0), *cosines = values + (k->flip_sin_to_cos ? 0 : half);
    for (size_t i = 0; i < half; i++) {
        const float angle = t * expf(-9.210340372f * (float)i / ((float)half - k->freq_shift));
        sines[i] = sinf(angle);
        cosines[i] = cosf(angle);
    }
}

void unet_guidance_waves(const UNet *unet, float w, float *values)
{
    const size_t width = unet->config.condition_width, half = width / 2;
    memset(values, 0, width * sizeof *values); /* the last of an odd number stays 0 */
    for (size_t i = 0; i < half; i++) {
        const float step = (float)(9.210340371976184 / ((double)half - 1));
        const float angle = 1000 * w * expf(-step * (float)i);
        values[i] = sinf(angle);
        values[half + i] = cosf(angle);
    }
}
