/* Bare safetensors with OpenAI's parameter names: every size is read off a shape, as OpenAI's build_model does. */
#include "harness/clip/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool matches(const char *path)
{
    if (path_is_folder(path)) return checkpoint_has_file(path, "model.safetensors");
    const size_t length = strlen(path);
    return path_exists(path) && length > 5 && (strstr(path, ".safetensors") || strcmp(path + length - 5, ".json") != 0);
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

static bool text_sizes(const Checkpoint *c, ClipConfig *k, Error *err)
{
    size_t embed;
    if (!checkpoint_dim(c, "token_embedding.weight", 2, 0, &k->vocabulary, err) ||
        !checkpoint_dim(c, "token_embedding.weight", 2, 1, &k->text_width, err) ||
        !checkpoint_dim(c, "positional_embedding", 2, 0, &k->context, err) ||
        !checkpoint_dim(c, "text_projection", 2, 1, &embed, err) ||
        !checkpoint_dim(c, "transformer.resblocks.0.mlp.c_fc.weight", 2, 0, &k->text_mlp, err))
        return false;
    k->text_layers = count_blocks(c, "transformer.resblocks.", ".ln_1.weight");
    k->text_heads = k->text_width / 64;
    if (!k->has_image) k->embed = embed;
    return true;
}

static bool read_config(Checkpoint *c, Error *err)
{
    ClipConfig *k = &c->config;
    if (!checkpoint_open_weights(c, path_is_folder(c->path) ? "model.safetensors" : NULL, err)) return false;
    const bool resnet = checkpoint_find(c, "visual.layer1.0.conv1.weight") != NULL;
    k->has_image = resnet || checkpoint_find(c, "visual.conv1.weight");
    k->has_text = checkpoint_find(c, "token_embedding.weight") != NULL;
    if (!k->has_image && !k->has_text)
        return fail(
            err,
            "%s: neither visual.conv1.weight nor token_embedding.weight is there; a bare file must have OpenAI's "
            "names, other checkpoints need their folder with its configuration",
            c->weights_path);
    return (!k->has_image || (resnet ? resnet_sizes(c, k, err) : vit_sizes(c, k, err))) &&
           (!k->has_text || text_sizes(c, k, err));
}

static bool fetch(const Checkpoint *c, const WeightSpec *spec, float *values, Error *err)
{
    return checkpoint_tensor(c, spec->name, spec->shape, values, err);
}

const CheckpointLayout checkpoint_openai = {
    .name = "openai",
    .summary = "a safetensors file with OpenAI's names",
    .matches = matches,
    .read_config = read_config,
    .fetch = fetch,
};
