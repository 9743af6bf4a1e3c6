/* Configurations as published with the models (their config.json, without what is default). */
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

#include <string.h>

#define UNET_LEVELS                                                                                                    \
    "\"_class_name\": \"UNet2DConditionModel\", \"sample_size\": 64, \"block_out_channels\": [320, 640, 1280, 1280], " \
    "\"down_block_types\": [\"CrossAttnDownBlock2D\", \"CrossAttnDownBlock2D\", \"CrossAttnDownBlock2D\", "            \
    "\"DownBlock2D\"], \"up_block_types\": [\"UpBlock2D\", \"CrossAttnUpBlock2D\", \"CrossAttnUpBlock2D\", "           \
    "\"CrossAttnUpBlock2D\"], \"layers_per_block\": 2"

static const char sd15[] = "{" UNET_LEVELS ", \"attention_head_dim\": 8, \"cross_attention_dim\": 768}";
static const char sd21[] = "{" UNET_LEVELS ", \"attention_head_dim\": [5, 10, 20, 20], \"cross_attention_dim\": 1024, "
                           "\"use_linear_projection\": true}";

static const char sd_vae[] =
    "{\"_class_name\": \"AutoencoderKL\", \"block_out_channels\": [128, 256, 512, 512], \"layers_per_block\": 2, "
    "\"down_block_types\": [\"DownEncoderBlock2D\", \"DownEncoderBlock2D\", \"DownEncoderBlock2D\", "
    "\"DownEncoderBlock2D\"], \"up_block_types\": [\"UpDecoderBlock2D\", \"UpDecoderBlock2D\", \"UpDecoderBlock2D\", "
    "\"UpDecoderBlock2D\"], \"sample_size\": 512}";
static const char taesd[] = "{\"_class_name\": \"AutoencoderTiny\"}";

const char *unet_published(const char *arch)
{
    if (!strcmp(arch, "sd15")) return sd15;
    /* SD-Turbo is SD 2.1 trained on; sd21 predicts velocities, which is the scheduler's business. */
    return !strcmp(arch, "sd21") || !strcmp(arch, "sd-turbo") ? sd21 : NULL;
}

const char *vae_published(const char *arch)
{
    if (!strcmp(arch, "taesd")) return taesd;
    return !strcmp(arch, "sd15") || !strcmp(arch, "sd21") || !strcmp(arch, "sd-turbo") ? sd_vae : NULL;
}
