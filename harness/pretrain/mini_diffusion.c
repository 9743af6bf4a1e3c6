/* The configurations stand here as the text that diffusers will read, once: the models are built by parsing it, and
 * the same text is written beside their weights. The folder's index is written last, since a folder is recognised by
 * it. */
#include "harness/pretrain/mini_diffusion.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Plain pixels at 64 x 64: a pixel unshuffle would not be an AutoencoderKL that others open. */
const char *const mini_vae_config =
    "{\n"
    "  \"_class_name\": \"AutoencoderKL\",\n"
    "  \"act_fn\": \"silu\",\n"
    "  \"block_out_channels\": [16, 32, 64],\n"
    "  \"down_block_types\": [\"DownEncoderBlock2D\", \"DownEncoderBlock2D\", \"DownEncoderBlock2D\"],\n"
    "  \"in_channels\": 3,\n"
    "  \"latent_channels\": 4,\n"
    "  \"layers_per_block\": 1,\n"
    "  \"norm_num_groups\": 8,\n"
    "  \"out_channels\": 3,\n"
    "  \"sample_size\": 64,\n"
    "  \"scaling_factor\": 1.0,\n"
    "  \"up_block_types\": [\"UpDecoderBlock2D\", \"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]\n"
    "}\n";

const char *const mini_unet_config = "{\n"
                                     "  \"_class_name\": \"UNet2DConditionModel\",\n"
                                     "  \"act_fn\": \"silu\",\n"
                                     "  \"attention_head_dim\": 4,\n"
                                     "  \"block_out_channels\": [64, 128],\n"
                                     "  \"cross_attention_dim\": 128,\n"
                                     "  \"down_block_types\": [\"DownBlock2D\", \"CrossAttnDownBlock2D\"],\n"
                                     "  \"flip_sin_to_cos\": true,\n"
                                     "  \"freq_shift\": 0,\n"
                                     "  \"in_channels\": 4,\n"
                                     "  \"layers_per_block\": 1,\n"
                                     "  \"norm_eps\": 1e-05,\n"
                                     "  \"norm_num_groups\": 8,\n"
                                     "  \"out_channels\": 4,\n"
                                     "  \"sample_size\": 16,\n"
                                     "  \"up_block_types\": [\"CrossAttnUpBlock2D\", \"UpBlock2D\"],\n"
                                     "  \"use_linear_projection\": true\n"
                                     "}\n";

const char *const mini_scheduler_config = "{\n"
                                          "  \"_class_name\": \"DDIMScheduler\",\n"
                                          "  \"beta_end\": 0.012,\n"
                                          "  \"beta_schedule\": \"scaled_linear\",\n"
                                          "  \"beta_start\": 0.00085,\n"
                                          "  \"clip_sample\": false,\n"
                                          "  \"num_train_timesteps\": 1000,\n"
                                          "  \"prediction_type\": \"v_prediction\",\n"
                                          "  \"rescale_betas_zero_snr\": true,\n"
                                          "  \"set_alpha_to_one\": true,\n"
                                          "  \"steps_offset\": 1,\n"
                                          "  \"timestep_spacing\": \"trailing\"\n"
                                          "}\n";

static const char model_index[] = "{\n"
                                  "  \"_class_name\": \"StableDiffusionPipeline\",\n"
                                  "  \"_diffusers_version\": \"0.30.0\",\n"
                                  "  \"feature_extractor\": [null, null],\n"
                                  "  \"image_encoder\": [null, null],\n"
                                  "  \"requires_safety_checker\": false,\n"
                                  "  \"safety_checker\": [null, null],\n"
                                  "  \"scheduler\": [\"diffusers\", \"DDIMScheduler\"],\n"
                                  "  \"text_encoder\": [\"transformers\", \"CLIPTextModel\"],\n"
                                  "  \"tokenizer\": [\"transformers\", \"CLIPTokenizer\"],\n"
                                  "  \"unet\": [\"diffusers\", \"UNet2DConditionModel\"],\n"
                                  "  \"vae\": [\"diffusers\", \"AutoencoderKL\"]\n"
                                  "}\n";

void mini_quiet_start(WeightSet *set)
{
    static const char *const last[] = {".conv2.weight", ".conv2.bias", ".proj_out.weight", ".proj_out.bias"};
    for (size_t i = 0; i < set->count; i++) {
        Parameter *p = &set->weights[i];
        bool zero = !strcmp(p->name, "conv_out.weight") || !strcmp(p->name, "conv_out.bias");
        for (size_t k = 0; k < sizeof last / sizeof *last; k++) zero = zero || text_ends(p->name, last[k]);
        if (zero) memset(p->value, 0, shape_size(p->shape) * sizeof *p->value);
    }
}

/* ---- the folder ---- */

static bool write_text(const char *folder, const char *name, const char *text, Error *err)
{
    char *path = path_join(folder, name), *parent = path_folder(path);
    const bool good = make_folders(parent, err) && write_file(path, text, strlen(text), err);
    free(parent);
    free(path);
    return good;
}

static bool copy(const char *from, const char *to, const char *name, Error *err)
{
    char *source = path_join(from, name), *bytes = NULL;
    size_t length;
    const bool good = read_file(source, 1 << 24, &bytes, &length, err) && write_text(to, name, bytes, err);
    free(bytes);
    free(source);
    return good;
}

static bool save_tokenizer(const char *clip_folder, const char *folder, size_t context, Error *err)
{
    static const char special[] = "{\n"
                                  "  \"bos_token\": \"<|startoftext|>\",\n"
                                  "  \"eos_token\": \"<|endoftext|>\",\n"
                                  "  \"pad_token\": \"<|endoftext|>\",\n"
                                  "  \"unk_token\": \"<|endoftext|>\"\n"
                                  "}\n";
    char *to = path_join(folder, "tokenizer");
    char *config = xformat("{\n"
                           "  \"bos_token\": \"<|startoftext|>\",\n"
                           "  \"eos_token\": \"<|endoftext|>\",\n"
                           "  \"model_max_length\": %zu,\n"
                           "  \"pad_token\": \"<|endoftext|>\",\n"
                           "  \"tokenizer_class\": \"CLIPTokenizer\",\n"
                           "  \"unk_token\": \"<|endoftext|>\"\n"
                           "}\n",
                           context);
    const bool good = write_text(to, "tokenizer_config.json", config, err) &&
                      write_text(to, "special_tokens_map.json", special, err) &&
                      copy(clip_folder, to, "vocab.json", err) && copy(clip_folder, to, "merges.txt", err);
    free(config);
    free(to);
    return good;
}

bool mini_diffusion_save(const Clip *clip, const char *clip_folder, const Vae *vae, const UNet *unet,
                         const char *folder, bool half, Error *err)
{
    char *text = path_join(folder, "text_encoder"), *vae_folder = path_join(folder, "vae"),
         *unet_folder = path_join(folder, "unet");
    /* The index last: a folder is recognised by it. */
    const bool good = make_folders(folder, err) && clip_save_text_tower(clip, text, half, err) &&
                      save_tokenizer(clip_folder, folder, clip->config.context, err) &&
                      vae_save(vae, mini_vae_config, vae_folder, half, err) &&
                      unet_save(unet, mini_unet_config, unet_folder, half, err) &&
                      write_text(folder, "scheduler/scheduler_config.json", mini_scheduler_config, err) &&
                      write_text(folder, "model_index.json", model_index, err);
    free(text), free(vae_folder), free(unet_folder);
    return good;
}
