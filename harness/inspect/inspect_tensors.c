/* Files of tensors, told by the names in them; LoRA, learned words. */
#include "harness/clip/checkpoint.h"
#include "harness/diffusion/lora/lora_file.h"
#include "harness/diffusion/textual_inversion.h"
#include "harness/inspect/inspect_internal.h"

#include <stdlib.h>
#include <string.h>

static bool has(const TensorFile *tensors, const char *name)
{
    return tensor_file_find(tensors, name) != NULL;
}

static bool has_prefix(const TensorFile *tensors, const char *prefix)
{
    for (size_t k = 0; k < tensor_file_count(tensors); k++)
        if (text_begins(tensor_file_at(tensors, k)->name, prefix)) return true;
    return false;
}

/* ---- LoRA ---- */

static void describe_lora(const LoraFile *lora, Inspection *i)
{
    size_t text = 0, convolutions = 0, least = SIZE_MAX, most = 0;
    float low = lora->layers[0].scale, high = low;
    const char *architecture = NULL;
    for (size_t k = 0; k < lora->count; k++) {
        const LoraLayer *layer = &lora->layers[k];
        const TensorView *down = layer->down;
        text += layer->is_text;
        convolutions += down->rank == 4 && down->dim[2] * down->dim[3] > 1;
        if (layer->rank < least) least = layer->rank;
        if (layer->rank > most) most = layer->rank;
        if (layer->scale < low) low = layer->scale;
        if (layer->scale > high) high = layer->scale;
        const char *generation = inspect_generation(down->dim[1]);
        if (generation && !layer->is_text && strstr(layer->module, "_attn2_to_k")) architecture = generation;
    }
    if (architecture) i->architecture = xstrdup(architecture);
    inspection_note(i, "%zu layers of the U-Net, %zu of the text tower; %zu of them larger convolutions",
                    lora->count - text, text, convolutions);
    inspection_note(i, "rank %zu to %zu, alpha / rank %g to %g", least, most, (double)low, (double)high);
    inspection_use(i, "palbench generate --model DIR --lora %s=1 --prompt TEXT", lora->path);
    inspection_use(i, "experiments.json: \"generate\": {\"lora\": {\"%s\": 1}}", lora->path);
}

/* A folder in which nothing of the kind was found; frees what was. */
static bool is_folder_without(const char *path, char *inside)
{
    const bool without = path_is_folder(path) && !inside;
    free(inside);
    return without;
}

bool inspect_lora(const char *path, Inspection *i)
{
    Error why;
    LoraFile lora;
    if (is_folder_without(path, lora_file_in(path))) return false;
    inspection_begin(i, "lora", NULL);
    if (!lora_file_open(&lora, path, &why)) {
        inspection_refuse(i, why.text);
        return true;
    }
    inspection_begin(i, "lora", lora.form);
    inspection_count(i, lora.tensors);
    describe_lora(&lora, i);
    lora_file_close(&lora);
    return true;
}

/* ---- learned words ---- */

static bool is_embedding(const TensorFile *tensors)
{
    const TensorView *first = tensor_file_at(tensors, 0);
    return has(tensors, "emb_params") || has(tensors, "string_to_param.*") ||
           (tensor_file_count(tensors) == 1 && (first->rank == 1 || first->rank == 2));
}

/* A file of tensors that is_embedding, or a folder with one. */
bool inspect_embedding(const char *path, Inspection *i)
{
    Error why;
    TextualInversion t;
    if (is_folder_without(path, textual_inversion_in(path))) return false;
    inspection_begin(i, "embedding", NULL);
    if (!textual_inversion_open(&t, path, &why)) {
        inspection_refuse(i, why.text);
        return true;
    }
    if (!i->parameters) i->parameters = t.vectors * t.width;
    const char *generation = inspect_generation(t.width);
    i->architecture = generation ? xstrdup(generation) : NULL;
    inspection_note(i, "the word %.60s, %zu vector%s of width %zu", t.word, t.vectors, t.vectors == 1 ? "" : "s",
                    t.width);
    inspection_use(i, "palbench generate --model DIR --embedding %s --prompt \"a %.60s\"", path, t.word);
    textual_inversion_free(&t);
    return true;
}

/* ---- any file ---- */

/* A part of a folder, named by its own file: with its configuration beside it the folder is looked at. */
static void look_beside(const char *file, const TensorFile *tensors, Inspection *i, const char *kind,
                        const char *layout, bool (*look)(const char *folder, Inspection *i))
{
    char *folder = path_folder(file);
    inspection_begin(i, kind, layout);
    if (inspect_has(folder, "config.json") && look(folder, i)) {
        inspection_note(i, "a part of the folder %s, which is what commands are given", folder);
    } else {
        inspection_count(i, tensors);
        text_list_add(&i->missing, "config.json");
        inspection_refuse(i, "its configuration is missing: config.json must lie beside it");
    }
    free(folder);
}

static void look_at_state(const TensorFile *tensors, Inspection *i)
{
    const char *variant = tensor_file_variant(tensors);
    inspection_count(i, tensors);
    inspection_begin(i, "state-dict", variant ? variant : tensor_file_format(tensors));
    for (size_t k = 0; k < tensor_file_count(tensors); k++)
        text_list_add(&i->unknown, tensor_file_at(tensors, k)->name);
    inspection_refuse(i, "tensors under names of no model that is known here");
}

static void look_at_tensors(const char *file, const TensorFile *tensors, Inspection *i)
{
    const bool openai = has(tensors, "visual.conv1.weight") || has(tensors, "token_embedding.weight") ||
                        has(tensors, "text.token_embedding.weight");
    const bool vae = has_prefix(tensors, "encoder.down_blocks.") || has_prefix(tensors, "decoder.layers.");
    if (has_prefix(tensors, "model.diffusion_model.")) {
        inspection_count(i, tensors);
        inspect_single_file(file, i);
    } else if (has_prefix(tensors, "first_stage_model.") || has(tensors, "decoder.up.0.block.0.conv1.weight")) {
        inspection_count(i, tensors);
        inspection_begin(i, "vae", "compvis");
        inspection_use(i, "palbench generate --model DIR --vae %s --prompt TEXT", file);
    } else if (lora_file_looks(tensors)) {
        inspect_lora(file, i);
    } else if (openai) {
        inspection_begin(i, "clip", "openai-state-dict");
        inspect_clip(file, "", i);
    } else if (has(tensors, "conv_in.weight") || vae) {
        look_beside(file, tensors, i, vae ? "vae" : "unet", "diffusers", inspect_diffusers_part);
    } else if (has_prefix(tensors, "text_model.") || has_prefix(tensors, "vision_model.")) {
        look_beside(file, tensors, i, "clip", checkpoint_huggingface.name, inspect_clip_folder);
    } else if (is_embedding(tensors)) {
        inspection_count(i, tensors);
        inspect_embedding(file, i);
    } else {
        look_at_state(tensors, i);
    }
}

bool inspect_tensors(const char *file, Inspection *i)
{
    Error why;
    TensorFile *tensors = tensor_file_open(file, &why);
    if (!tensors) inspection_refuse(i, why.text);
    if (tensors) look_at_tensors(file, tensors, i);
    tensor_file_close(tensors);
    return tensors != NULL;
}
