/* Opening a pipeline: a diffusers folder, part by part, with what diffusers' own pipeline corrects in old ones; of a checkpoint in
 * one file see pipeline_single.c. The cheap parts come first, so that what is not supported is told before gigabytes are read. */
#include "harness/base/names.h"
#include "harness/diffusion/pipeline_internal.h"
#include "harness/io/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3))) add_remark(Pipeline *p, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_list_add(&p->remarks, text);
}

/* "scheduler": ["diffusers", CLASS] chooses the sampler; the file's own _class_name only says who wrote it. */
static bool read_scheduler_class(Pipeline *p, Json index, Error *err)
{
    Json pair;
    const char *name;
    if (!json_array(index, "scheduler", &pair, err)) return false;
    if (json_count(pair) != 2 || !json_as_string(json_at(pair, 1), &name, err))
        return json_fail(pair, err,
                         "the library and the class of the sampler are needed, as [\"diffusers\", "
                         "\"PNDMScheduler\"]");
    p->scheduler_class = xstrdup(name);
    return true;
}

/* model_index.json names the pipeline: others (XL, inpainting, ...) have the same folders and another computation. */
static bool check_index(Pipeline *p, Error *err)
{
    static const char plain[] = "StableDiffusionPipeline", consistency[] = "LatentConsistencyModelPipeline";
    char *path = path_join(p->folder, "model_index.json");
    JsonFile *file = json_read(path, err);
    const char *name;
    bool good = file && json_string(json_root(file), "_class_name", &name, err);
    p->consistency = good && strcmp(name, consistency) == 0;
    if (good && !p->consistency && strcmp(name, plain) != 0)
        good = json_fail(json_get(json_root(file), "_class_name"), err, "\"%.60s\" is not built; %s and %s are", name,
                         plain, consistency);
    good = good && read_scheduler_class(p, json_root(file), err);
    json_free(file);
    free(path);
    return good;
}

static bool check_fit(const Pipeline *p, Error *err)
{
    const UNetConfig *u = &p->unet->config;
    const VaeConfig *v = &p->vae->config;
    const ClipConfig *c = &p->clip->config;
    if (u->in_channels != v->latent_channels || u->out_channels != v->latent_channels)
        return fail(err, "%s: the U-Net has %zu channels in and %zu out, the autoencoder's latents %zu", p->folder,
                    u->in_channels, u->out_channels, v->latent_channels);
    if (v->out_channels != 3)
        return fail(err, "%s: pictures have %zu channels; 3 are needed", p->folder, v->out_channels);
    if (u->down[0].text_width != c->text_width)
        return fail(err, "%s: the U-Net takes texts of width %zu, the text encoder gives %zu", p->folder,
                    u->down[0].text_width, c->text_width);
    if (tokenizer_size(prompt_tokenizer_base(p->tokenizer)) > c->vocabulary)
        return fail(err, "%s: the tokenizer knows %zu tokens but the text encoder %zu", p->folder,
                    tokenizer_size(prompt_tokenizer_base(p->tokenizer)), c->vocabulary);
    return true;
}

static bool open_text(Pipeline *p, const char *tokenizer, Error *err)
{
    char *clip = path_join(p->folder, "text_encoder"), *own = path_join(p->folder, "tokenizer");
    p->clip = clip_open(clip, err);
    bool good = p->clip != NULL;
    if (good && !p->clip->config.has_text) good = fail(err, "%s: this model has no text tower", clip);
    if (good) p->tokenizer = prompt_tokenizer_open(tokenizer ? tokenizer : own, p->clip->config.context, err);
    free(clip);
    free(own);
    return good && p->tokenizer;
}

Vae *pipeline_open_vae(Pipeline *p, const char *path, Error *err)
{
    if (!path_is_folder(path) && path_exists(path)) return single_file_vae_open(path, &p->single_vae, err);
    char *folder = model_part(path, "vae");
    Vae *vae = vae_open(folder, err);
    free(folder);
    return vae;
}

void pipeline_repair_scheduler(Pipeline *p, const char *asked, const char *own)
{
    p->repaired = scheduler_repair(p->scheduler, !asked || (own && strcmp(asked, own) == 0), &p->remarks);
}

static bool open_scheduler(Pipeline *p, const char *kind, Error *err)
{
    const char *own = scheduler_of_class(p->scheduler_class);
    p->scheduler_path = path_join(p->folder, "scheduler/scheduler_config.json");
    if (!kind && !own) {
        char *known = names_join(scheduler_names(), ", ", 0);
        fail(err, "%s/model_index.json: scheduler: %s is not supported; choose with --scheduler one of: %s", p->folder,
             p->scheduler_class, known);
        free(known);
        return false;
    }
    p->scheduler = scheduler_open(p->scheduler_path, kind ? kind : own, err);
    const char *writer = p->scheduler ? scheduler_written_by(p->scheduler) : NULL;
    if (writer && !kind && strcmp(writer, p->scheduler_class) != 0)
        add_remark(p, "%s: %s is taken with these settings, as model_index.json says, not %s", p->scheduler_path,
                   p->scheduler_class, writer);
    if (p->scheduler && !p->consistency) pipeline_repair_scheduler(p, kind, own);
    return p->scheduler != NULL;
}

/* A U-Net's configuration from before diffusers 0.9 may give the size of a picture's patch that was trained on. */
static void repair_size(Pipeline *p)
{
    enum { SIZE_OF_SD1 = 64 };
    UNetConfig *u = &p->unet->config;
    if (p->consistency || !u->old_sample_size) return;
    add_remark(p, "%s/unet/config.json: sample_size %zu is taken as %d, as diffusers' pipeline does", p->folder,
               u->sample_size, SIZE_OF_SD1);
    u->sample_size = SIZE_OF_SD1;
}

static bool open_folder(Pipeline *p, PipelineParts parts, Error *err)
{
    char *unet = path_join(p->folder, "unet");
    const bool good = check_index(p, err) && open_scheduler(p, parts.scheduler, err) &&
                      open_text(p, parts.tokenizer, err) &&
                      (p->vae = pipeline_open_vae(p, parts.vae ? parts.vae : p->folder, err)) != NULL &&
                      (p->unet = unet_open(unet, err)) != NULL;
    if (good) repair_size(p);
    free(unet);
    return good;
}

static bool add_loras(Pipeline *p, const char *const *files, Error *err)
{
    return !files || !*files || (p->loras = lora_set_open(files, p->unet, p->clip, err)) != NULL;
}

static bool open_parts(Pipeline *p, PipelineParts parts, Error *err)
{
    const bool single = path_exists(p->folder) && !path_is_folder(p->folder);
    p->prediction = parts.prediction ? xstrdup(parts.prediction) : NULL;
    return (single ? pipeline_open_single(p, parts, err) : open_folder(p, parts, err)) && check_fit(p, err) &&
           pipeline_add_words(p, parts.embeddings, err) && add_loras(p, parts.loras, err) &&
           (!parts.prediction || scheduler_set_prediction(p->scheduler, parts.prediction, err));
}

Pipeline *pipeline_open(const char *path, PipelineParts parts, Error *err)
{
    Pipeline *p = xcalloc(1, sizeof *p);
    p->folder = xstrdup(path);
    p->fingerprint = xcalloc(65, 1);
    if (open_parts(p, parts, err)) return p;
    pipeline_free(p);
    return NULL;
}
