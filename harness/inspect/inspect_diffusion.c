/* Stable Diffusion: a folder part by part, its parts alone, and all of them in one file. The list of weights comes from the
 * configuration, as when the part is opened, and is held against the names in the file. */
#include "harness/clip/clip_survey.h"
#include "harness/diffusion/single_file.h"
#include "harness/inspect/inspect_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- architectures ---- */

static bool is_standard(const UNetConfig *k)
{
    static const size_t channels[] = {320, 640, 1280, 1280};
    return k->levels == 4 && !memcmp(k->channels, channels, sizeof channels);
}

static char *unet_architecture(const UNetConfig *k)
{
    const size_t text = k->down[0].text_width;
    const char *name = inspect_generation(text);
    if (is_standard(k) && name)
        return xformat("%s%s", name, k->condition_width ? "-lcm" : k->in_channels == 9 ? "-inpainting" : "");
    Text out = {0};
    text_add(&out, "U-Net of");
    for (size_t i = 0; i < k->levels; i++) text_addf(&out, "%s%zu", i ? ", " : " ", k->channels[i]);
    text_addf(&out, " channels, texts of width %zu", text);
    return out.data;
}

static char *vae_architecture(const VaeConfig *k)
{
    static const size_t channels[] = {128, 256, 512, 512};
    if (k->is_tiny) return xstrdup("taesd");
    if (k->levels == 4 && !memcmp(k->channels, channels, sizeof channels)) return xstrdup("sd15");
    return xformat("autoencoder of %zu levels, %zu pixels a latent", k->levels, k->factor);
}

/* Of a U-Net that is not built: what its configuration tells of it. */
static char *other_architecture(Json config)
{
    const char *extra = NULL;
    Error unread;
    int64_t in = 4;
    if (!json_string_or(config, "addition_embed_type", NULL, &extra, &unread) ||
        !json_integer_or(config, "in_channels", 4, &in, &unread))
        return NULL;
    return extra && !strcmp(extra, "text_time") ? xstrdup("sdxl") : in == 9 ? xstrdup("inpainting") : NULL;
}

/* ---- one part ---- */

static void add_survey(const WeightSet *set, const TensorFile *tensors, const char *prefix, Inspection *i)
{
    WeightSurvey s;
    weights_survey(set, tensors, &s);
    inspection_list(&i->missing, prefix, &s.missing);
    inspection_list(&i->unknown, prefix, &s.unknown);
    if (s.missing.count) inspection_refuse(i, "tensors are missing");
    if (s.unknown.count) inspection_refuse(i, "tensors have no place in the model that its configuration describes");
    for (size_t k = 0; k < s.wrong.count; k++) inspection_refuse(i, s.wrong.items[k]);
    weight_survey_free(&s);
}

static void add_missing(Inspection *i, const char *prefix, const char *file)
{
    char *name = xformat("%s%s", prefix, file);
    text_list_add(&i->missing, name);
    free(name);
}

static void add_weights(const char *folder, const WeightSet *set, const char *prefix, Inspection *i)
{
    Error why;
    char *path = weights_path(folder, &why);
    if (!path) add_missing(i, prefix, "diffusion_pytorch_model.safetensors");
    TensorFile *tensors = path ? tensor_file_open(path, &why) : NULL;
    if (!tensors) inspection_refuse(i, why.text);
    if (tensors) inspection_count(i, tensors);
    if (tensors && set) add_survey(set, tensors, prefix, i);
    tensor_file_close(tensors);
    free(path);
}

static void look_at_unet(const char *folder, const char *prefix, Inspection *i)
{
    Error why;
    char *text = inspect_config(folder), *name = path_join(folder, "config.json");
    JsonFile *file = text ? json_parse(name, text, strlen(text), &why) : NULL;
    UNet *unet = file ? unet_random(name, text, &why) : NULL;
    if (unet && !i->architecture) i->architecture = unet_architecture(&unet->config);
    if (file && !unet && !i->architecture) i->architecture = other_architecture(json_root(file));
    if (!text) add_missing(i, prefix, "config.json");
    if (!unet) inspection_refuse(i, text ? why.text : "the U-Net's configuration is missing");
    add_weights(folder, unet ? &unet->set : NULL, prefix, i);
    unet_free(unet);
    json_free(file);
    free(text), free(name);
}

static void look_at_vae(const char *folder, const char *prefix, Inspection *i)
{
    Error why;
    char *text = inspect_config(folder), *name = path_join(folder, "config.json");
    Vae *vae = text ? vae_random(name, text, &why) : NULL;
    if (vae && !*prefix) i->architecture = vae_architecture(&vae->config);
    if (!text) add_missing(i, prefix, "config.json");
    if (!vae) inspection_refuse(i, text ? why.text : "the autoencoder's configuration is missing");
    add_weights(folder, vae ? &vae->set : NULL, prefix, i);
    vae_free(vae);
    free(text), free(name);
}

bool inspect_diffusers_part(const char *folder, Inspection *i)
{
    Error unread;
    const char *name = "";
    char *text = inspect_config(folder);
    JsonFile *file = text ? json_parse("config.json", text, strlen(text), &unread) : NULL;
    const bool named = file && json_string_or(json_root(file), "_class_name", "", &name, &unread);
    const bool unet = named && !strncmp(name, "UNet", 4), vae = named && !strncmp(name, "Autoencoder", 11);
    if (unet || vae) inspection_begin(i, unet ? "unet" : "vae", "diffusers");
    if (unet) look_at_unet(folder, "", i);
    if (vae) look_at_vae(folder, "", i);
    if (unet && !i->why) inspection_use(i, "palbench probe unet --model %s --in F.h5 --out F.h5", folder);
    if (vae && !i->why) inspection_use(i, "palbench generate --model DIR --vae %s --prompt TEXT", folder);
    json_free(file);
    free(text);
    return unet || vae;
}

/* ---- a pipeline's folder ---- */

static void look_at_text(const char *folder, Inspection *i)
{
    char *encoder = path_join(folder, "text_encoder");
    Inspection part = {.kind = "unknown"};
    if (!path_is_folder(encoder))
        text_list_add(&i->missing, "text_encoder/");
    else if (inspect_clip_folder(encoder, &part) && !part.missing.count)
        inspect_clip(encoder, "text_encoder/", i);
    else
        inspection_list(&i->missing, "text_encoder/", &part.missing);
    if (part.why) inspection_refuse(i, part.why);
    inspection_free(&part);
    free(encoder);
}

static void look_at_tokenizer(const char *folder, Inspection *i)
{
    char *path = path_join(folder, "tokenizer");
    Inspection part = {.kind = "unknown"};
    if (!path_is_folder(path))
        text_list_add(&i->missing, "tokenizer/");
    else if (inspect_tokenizer(path, &part))
        inspection_list(&i->missing, "tokenizer/", &part.missing);
    if (part.why) inspection_refuse(i, part.why);
    inspection_free(&part);
    free(path);
}

/* A sampler that is not built is no reason not to draw: another can be chosen. */
static const char *other_sampler(Json index, Inspection *i)
{
    const char *name = "";
    Error unread;
    const Json pair = json_get(index, "scheduler");
    if (!json_is_array(pair) || json_count(pair) != 2 || !json_is_string(json_at(pair, 1)) ||
        !json_as_string(json_at(pair, 1), &name, &unread) || scheduler_of_class(name))
        return "";
    inspection_note(i, "its sampler %.60s is not built; another is chosen with --scheduler", name);
    return " --scheduler NAME";
}

static void check_class(Json index, Inspection *i)
{
    const char *name = "";
    Error unread;
    if (!json_string_or(index, "_class_name", "", &name, &unread)) name = "";
    inspection_note(i, "model_index.json: %.80s", *name ? name : "no _class_name");
    if (!strcmp(name, "StableDiffusionPipeline") || !strcmp(name, "LatentConsistencyModelPipeline")) return;
    char *why = xformat("model_index.json: _class_name: \"%.80s\" is not built; StableDiffusionPipeline and "
                        "LatentConsistencyModelPipeline are",
                        name);
    inspection_refuse(i, why);
    free(why);
}

bool inspect_pipeline(const char *folder, Inspection *i)
{
    Error why;
    if (!inspect_has(folder, "model_index.json")) return false;
    char *index = path_join(folder, "model_index.json"), *unet = path_join(folder, "unet"),
         *vae = path_join(folder, "vae");
    JsonFile *file = json_read(index, &why);
    inspection_begin(i, "diffusion", "diffusers");
    if (file)
        check_class(json_root(file), i);
    else
        inspection_refuse(i, why.text);
    const char *sampler = file ? other_sampler(json_root(file), i) : "";
    look_at_unet(unet, "unet/", i);
    look_at_vae(vae, "vae/", i);
    look_at_text(folder, i);
    look_at_tokenizer(folder, i);
    if (!inspect_has(folder, "scheduler/scheduler_config.json"))
        text_list_add(&i->missing, "scheduler/scheduler_config.json");
    if (i->missing.count) inspection_refuse(i, "files or tensors are missing");
    if (!i->why) inspection_use(i, "palbench generate --model %s%s --prompt TEXT", folder, sampler);
    if (!i->why)
        inspection_use(i, "experiments.json: \"models\": {NAME: {\"clip\": .., \"diffusion\": \"%s\"}}", folder);
    json_free(file);
    free(index), free(unet), free(vae);
    return true;
}

/* ---- all in one file ---- */

static void survey_part(const SingleFile *f, SinglePart part, Inspection *i)
{
    Error why;
    TensorFile *tensors = single_file_part(f, part, &why);
    UNet *unet = tensors && part == SINGLE_UNET ? unet_random("U-Net", single_file_config(f, part), &why) : NULL;
    Vae *vae = tensors && part == SINGLE_VAE ? vae_random("autoencoder", single_file_config(f, part), &why) : NULL;
    if (unet) i->architecture = unet_architecture(&unet->config);
    if (unet || vae)
        add_survey(unet ? &unet->set : &vae->set, tensors, "", i);
    else
        inspection_refuse(i, why.text);
    unet_free(unet);
    vae_free(vae);
    tensor_file_close(tensors);
}

/* Of the text tower the layers above what is read are no surprise. */
static void survey_text(const SingleFile *f, const char *path, Inspection *i)
{
    Error why;
    ClipSurvey s = {.layout = NULL};
    TensorFile *tensors = single_file_part(f, SINGLE_TEXT, &why);
    if (!tensors || !clip_survey_text(tensors, path, single_file_config(f, SINGLE_TEXT), &s, &why)) {
        inspection_refuse(i, why.text);
        return;
    }
    inspection_list(&i->missing, "", &s.missing);
    if (s.missing.count) inspection_refuse(i, "tensors are missing");
    for (size_t k = 0; k < s.wrong.count; k++) inspection_refuse(i, s.wrong.items[k]);
    clip_survey_free(&s);
}

void inspect_single_file(const char *file, Inspection *i)
{
    Error why;
    SingleFile *f = single_file_open(file, NULL, &why);
    inspection_begin(i, "diffusion", f ? single_file_layout(f) : "compvis");
    if (!f) {
        if (strstr(why.text, "Stable Diffusion XL")) i->architecture = xstrdup("sdxl");
        inspection_refuse(i, why.text);
        return;
    }
    survey_part(f, SINGLE_UNET, i);
    survey_part(f, SINGLE_VAE, i);
    survey_text(f, file, i);
    char *tokenizer = single_file_tokenizer(f);
    if (single_file_guesses_prediction(f))
        inspection_note(i, "nothing says what it predicts: epsilon is taken; --prediction v for the 768 pixel models");
    if (!i->why)
        inspection_use(i, "palbench generate --model %s%s --prompt TEXT", file, tokenizer ? "" : " --tokenizer DIR");
    free(tokenizer);
    single_file_close(f);
}
