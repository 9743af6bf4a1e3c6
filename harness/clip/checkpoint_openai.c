/* One file with OpenAI's parameter names, whatever holds them: OpenAI's own TorchScript archives (RN50.pt), state dictionaries, safetensors.
 * Every size is read off a shape, as OpenAI's build_model does. open_clip's models made as CustomTextCLIP have their text tower under
 * "text.". */
#include "harness/clip/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool matches(const char *path)
{
    if (path_is_folder(path)) return checkpoint_has_file(path, "model.safetensors");
    const char *end = strrchr(path, '.');
    return path_exists(path) && (!end || strcmp(end, ".json") != 0 || strstr(path, ".index."));
}

/* How many of "FORMAT % 0", "FORMAT % 1", ... are there. */
static size_t count_blocks(const Checkpoint *c, const char *before, const char *after)
{
    size_t n = 0;
    while (n < 1000 && checkpoint_find(c, "%s%zu%s", before, n, after)) n++;
    return n;
}

/* A square grid's side from the rows of a positional embedding, which has one more for the class or the mean. */
static size_t grid_side(size_t rows)
{
    return rows ? (size_t)lround(sqrt((double)(rows - 1))) : 0;
}

static bool resnet_sizes(const Checkpoint *c, ClipConfig *k, Error *err)
{
    size_t rows;
    k->is_resnet = true;
    for (k->stages = 0; k->stages < CLIP_STAGES_MAX; k->stages++) {
        char before[32];
        snprintf(before, sizeof before, "visual.layer%zu.", k->stages + 1);
        k->blocks[k->stages] = count_blocks(c, before, ".conv1.weight");
        if (!k->blocks[k->stages]) break;
    }
    if (!checkpoint_dim(c, "visual.conv3.weight", 4, 0, &k->stem_width, err) ||
        !checkpoint_dim(c, "visual.attnpool.c_proj.weight", 2, 0, &k->embed, err) ||
        !checkpoint_dim(c, "visual.attnpool.c_proj.weight", 2, 1, &k->image_width, err) ||
        !checkpoint_dim(c, "visual.attnpool.positional_embedding", 2, 0, &rows, err))
        return false;
    k->image_size = grid_side(rows) * ((size_t)2 << k->stages);
    k->image_heads = k->image_width / 64;
    return true;
}

static bool vit_sizes(const Checkpoint *c, ClipConfig *k, Error *err)
{
    size_t rows;
    if (!checkpoint_dim(c, "visual.conv1.weight", 4, 0, &k->image_width, err) ||
        !checkpoint_dim(c, "visual.conv1.weight", 4, 2, &k->patch, err) ||
        !checkpoint_dim(c, "visual.proj", 2, 1, &k->embed, err) ||
        !checkpoint_dim(c, "visual.positional_embedding", 2, 0, &rows, err) ||
        !checkpoint_dim(c, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2, 0, &k->image_mlp, err))
        return false;
    k->image_layers = count_blocks(c, "visual.transformer.resblocks.", ".ln_1.weight");
    k->image_size = grid_side(rows) * k->patch;
    k->image_heads = k->image_width / 64;
    return true;
}

static bool text_dim(const Checkpoint *c, const char *name, int rank, int axis, size_t *value, Error *err)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", c->text_prefix, name);
    return checkpoint_dim(c, full, rank, axis, value, err);
}

bool checkpoint_openai_text_sizes(const Checkpoint *c, ClipConfig *k, Error *err)
{
    char blocks[64];
    size_t embed;
    snprintf(blocks, sizeof blocks, "%stransformer.resblocks.", c->text_prefix);
    if (!text_dim(c, "token_embedding.weight", 2, 0, &k->vocabulary, err) ||
        !text_dim(c, "token_embedding.weight", 2, 1, &k->text_width, err) ||
        !text_dim(c, "positional_embedding", 2, 0, &k->context, err) ||
        !text_dim(c, "text_projection", 2, 1, &embed, err) ||
        !text_dim(c, "transformer.resblocks.0.mlp.c_fc.weight", 2, 0, &k->text_mlp, err))
        return false;
    k->text_layers = count_blocks(c, blocks, ".ln_1.weight");
    k->text_heads = k->text_width / 64;
    if (!k->has_image) k->embed = embed;
    return true;
}

static bool read_config(Checkpoint *c, Error *err)
{
    ClipConfig *k = &c->config;
    if (!checkpoint_open_weights(c, path_is_folder(c->path) ? "model.safetensors" : NULL, err)) return false;
    if (checkpoint_find(c, "text.token_embedding.weight")) c->text_prefix = "text.";
    const bool resnet = checkpoint_find(c, "visual.layer1.0.conv1.weight") != NULL;
    k->has_image = resnet || checkpoint_find(c, "visual.conv1.weight");
    k->has_text = checkpoint_find(c, "%stoken_embedding.weight", c->text_prefix) != NULL;
    if (!k->has_image && !k->has_text)
        return fail(
            err,
            "%s: neither visual.conv1.weight nor token_embedding.weight is there; a bare file must have OpenAI's "
            "names, other checkpoints need their folder with its configuration",
            c->weights_path);
    return (!k->has_image || (resnet ? resnet_sizes(c, k, err) : vit_sizes(c, k, err))) &&
           (!k->has_text || checkpoint_openai_text_sizes(c, k, err));
}

const CheckpointLayout checkpoint_openai = {
    .name = "openai",
    .summary = "a file with OpenAI's names (TorchScript, torch.save or safetensors)",
    .matches = matches,
    .read_config = read_config,
    .fetch = checkpoint_fetch_openai,
};
