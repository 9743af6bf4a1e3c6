/* Opening a single-file checkpoint: which names its parts have, which configuration counts for each (beside the file, else from shapes),
 * and the parts as selections of the file's tensors under diffusers' names, so that everything after is as with a folder. */
#include "harness/diffusion/single_file.h"

#include "harness/base/text.h"
#include "harness/diffusion/single_file_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES = 1 << 20 };

/* ---- what it is ---- */

static bool has(const SingleFile *f, const char *prefix, const char *name)
{
    char full[TENSOR_NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return tensor_file_find(f->tensors, full) != NULL;
}

/* Where text towers lie, and by which tensor one is known. */
static const struct {
    const char *prefix, *first, *layout;
    bool openclip;
} towers[] = {
    {"cond_stage_model.transformer.", "text_model.embeddings.token_embedding.weight", "compvis", false},
    {"cond_stage_model.transformer.", "embeddings.token_embedding.weight", "compvis", false}, /* of some merged files */
    {"cond_stage_model.model.", "token_embedding.weight", "compvis", true},
    {"conditioner.embedders.0.transformer.", "text_model.embeddings.token_embedding.weight", "sgm", false},
    {"conditioner.embedders.0.model.", "token_embedding.weight", "sgm", true},
};

static bool find_tower(SingleFile *f, Error *err)
{
    for (size_t i = 0; i < sizeof towers / sizeof *towers; i++) {
        if (!has(f, towers[i].prefix, towers[i].first)) continue;
        f->text_prefix = towers[i].prefix;
        f->layout = towers[i].layout;
        f->openclip = towers[i].openclip;
        return true;
    }
    return fail(err,
                "%s: a U-Net without a text tower (cond_stage_model. or conditioner.); a whole checkpoint is needed",
                f->path);
}

static bool recognise(SingleFile *f, Error *err)
{
    f->unet_prefix = "model.diffusion_model.";
    f->vae_prefix = "first_stage_model.";
    if (!has(f, f->unet_prefix, "input_blocks.0.0.weight")) {
        const bool folder_part = has(f, "", "conv_in.weight") || has(f, "", "down_blocks.0.resnets.0.conv1.weight");
        return fail(err, "%s: %s", f->path,
                    folder_part
                        ? "one part of a diffusers folder; name the folder that has model_index.json"
                        : "no Stable Diffusion: it has no tensor model.diffusion_model.input_blocks.0.0.weight");
    }
    if (has(f, "conditioner.embedders.1.model.", "token_embedding.weight") ||
        has(f, f->unet_prefix, "label_emb.0.0.weight"))
        return fail(err, "%s: Stable Diffusion XL, or another model with a second condition; 1.x and 2.x are built",
                    f->path);
    if (!has(f, f->vae_prefix, "decoder.conv_in.weight"))
        return fail(err, "%s: its autoencoder is missing (first_stage_model.); a whole checkpoint is needed", f->path);
    return find_tower(f, err);
}

/* ---- configurations ---- */

/* FOLDER/PART as text; *text stays NULL when there is no such file. */
static bool read_beside(const SingleFile *f, const char *part, char **text, Error *err)
{
    char *path = path_join(f->folder, part);
    size_t length;
    const bool good = !path_exists(path) || read_file(path, CONFIG_BYTES, text, &length, err);
    free(path);
    return good;
}

/* NAME.yaml beside NAME.ckpt */
static bool read_yaml(SingleFile *f, Error *err)
{
    const char *end = strrchr(f->path, '.');
    char *path = xformat("%.*s.yaml", (int)(end ? end - f->path : (long)strlen(f->path)), f->path);
    const bool good = !path_exists(path) || (f->yaml = yaml_file_open(path, err));
    free(path);
    return good;
}

static bool decide_prediction(SingleFile *f, const char *asked, Error *err)
{
    const char *said = f->yaml ? yaml_file_value(f->yaml, "model.params.parameterization") : NULL;
    if (said && strcmp(said, "v") != 0 && strcmp(said, "eps") != 0)
        return fail(err, "%s: the .yaml beside it says parameterization %.40s; eps and v are built", f->path, said);
    f->guessed = !asked && !said && !f->scheduler && f->openclip;
    if (asked) said = asked;
    f->prediction = said && said[0] == 'v' ? "v_prediction" : "epsilon";
    return true;
}

static bool configure(SingleFile *f, const char *prediction, Error *err)
{
    char *unet = NULL, *vae = NULL;
    const bool read = read_yaml(f, err) && read_beside(f, "unet/config.json", &f->unet, err) &&
                      read_beside(f, "vae/config.json", &f->vae, err) &&
                      read_beside(f, "scheduler/scheduler_config.json", &f->scheduler, err) &&
                      read_beside(f, "text_encoder/config.json", &f->text, err) &&
                      decide_prediction(f, prediction, err);
    if (read && !f->scheduler) f->scheduler = single_scheduler_config(f);
    /* Shapes also say how names are numbered, so they are looked at in any case. */
    const bool good = read && (unet = single_unet_config(f, err)) && (vae = single_vae_config(f, err));
    if (!f->unet) f->unet = unet, unet = NULL;
    if (!f->vae) f->vae = vae, vae = NULL;
    free(unet);
    free(vae);
    return good;
}

SingleFile *single_file_open(const char *path, const char *prediction, Error *err)
{
    SingleFile *f = xcalloc(1, sizeof *f);
    f->path = xstrdup(path);
    f->folder = path_folder(path);
    f->tensors = tensor_file_open(path, err);
    if (f->tensors && recognise(f, err) && configure(f, prediction, err)) return f;
    single_file_close(f);
    return NULL;
}

void single_file_close(SingleFile *f)
{
    if (!f) return;
    tensor_file_close(f->tensors);
    yaml_file_close(f->yaml);
    free(f->path);
    free(f->folder);
    free(f->unet);
    free(f->vae);
    free(f->scheduler);
    free(f->text);
    free(f);
}

/* ---- what it says of itself ---- */

const char *single_file_layout(const SingleFile *f)
{
    return f->layout;
}

const char *single_file_family(const SingleFile *f)
{
    return f->openclip ? "sd2" : "sd1";
}

bool single_file_guesses_prediction(const SingleFile *f)
{
    return f->guessed;
}

bool single_file_pads_with_zero(const SingleFile *f)
{
    return f->openclip;
}

char *single_file_tokenizer(const SingleFile *f)
{
    char *inner = path_join(f->folder, "tokenizer"), *own = path_join(f->folder, "vocab.json");
    char *found = path_is_folder(inner) ? xstrdup(inner) : path_exists(own) ? xstrdup(f->folder) : NULL;
    free(inner);
    free(own);
    return found;
}

char *single_file_configuration(const SingleFile *f)
{
    return xformat("%s\n%s\n%s\n%s", f->unet, f->vae, f->text ? f->text : "", f->scheduler);
}

/* ---- parts ---- */

TensorFile *single_file_part(const SingleFile *f, SinglePart part, Error *err)
{
    if (part == SINGLE_UNET) return tensor_file_select(f->tensors, single_unet_name, &f->unet_shape, err);
    if (part == SINGLE_VAE) return tensor_file_select(f->tensors, single_vae_name, &f->vae_shape, err);
    return tensor_file_select(f->tensors, single_plain_name, f->text_prefix, err);
}

const char *single_file_config(const SingleFile *f, SinglePart part)
{
    return part == SINGLE_UNET ? f->unet : part == SINGLE_VAE ? f->vae : f->openclip ? NULL : f->text;
}

const TensorFile *single_file_tensors(const SingleFile *f)
{
    return f->tensors;
}

UNet *single_file_unet(const SingleFile *f, Error *err)
{
    TensorFile *part = single_file_part(f, SINGLE_UNET, err);
    return part ? unet_from_tensors(f->path, f->unet, part, err) : NULL;
}

Vae *single_file_vae(const SingleFile *f, Error *err)
{
    TensorFile *part = single_file_part(f, SINGLE_VAE, err);
    return part ? vae_from_tensors(f->path, f->vae, part, err) : NULL;
}

Clip *single_file_clip(const SingleFile *f, Error *err)
{
    TensorFile *part = single_file_part(f, SINGLE_TEXT, err);
    return part ? clip_text_from_tensors(part, f->path, single_file_config(f, SINGLE_TEXT), err) : NULL;
}

Scheduler *single_file_scheduler(const SingleFile *f, const char *kind, Error *err)
{
    return scheduler_parse(f->path, f->scheduler, strlen(f->scheduler), kind, err);
}

Vae *single_file_vae_open(const char *path, SingleFile **file, Error *err)
{
    SingleFile *f = *file = xcalloc(1, sizeof *f);
    f->path = xstrdup(path);
    f->folder = path_folder(path);
    f->tensors = tensor_file_open(path, err);
    if (!f->tensors) return NULL;
    f->vae_prefix = has(f, "first_stage_model.", "decoder.conv_in.weight") ? "first_stage_model." : "";
    f->vae = single_vae_config(f, err);
    return f->vae ? single_file_vae(f, err) : NULL;
}
