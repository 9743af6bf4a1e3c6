/* Opening a pipeline and compiling it for settings; pipeline_draw.c draws. */
#include "harness/base/hash.h"
#include "harness/diffusion/pipeline_internal.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 8192, DECODED_PIXELS = 512 * 512, BATCH_LIMIT = 1024 };

/* ---- opening ---- */

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

static bool open_scheduler(Pipeline *p, PipelineParts parts, Error *err)
{
    p->scheduler_path = path_join(p->folder, "scheduler/scheduler_config.json");
    p->scheduler = scheduler_open(p->scheduler_path, parts.scheduler, err);
    return p->scheduler != NULL;
}

static bool open_folder(Pipeline *p, PipelineParts parts, Error *err)
{
    char *unet = path_join(p->folder, "unet");
    const bool good = check_index(p, err) && open_text(p, parts.tokenizer, err) && open_scheduler(p, parts, err) &&
                      (p->vae = pipeline_open_vae(p, parts.vae ? parts.vae : p->folder, err)) != NULL &&
                      (p->unet = unet_open(unet, err)) != NULL;
    free(unet);
    return good;
}

static bool open_parts(Pipeline *p, PipelineParts parts, Error *err)
{
    const bool single = path_exists(p->folder) && !path_is_folder(p->folder);
    p->prediction = parts.prediction ? xstrdup(parts.prediction) : NULL;
    return (single ? pipeline_open_single(p, parts, err) : open_folder(p, parts, err)) && check_fit(p, err) &&
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

void pipeline_free(Pipeline *p)
{
    if (!p) return;
    pipeline_unprepare(p);
    scheduler_free(p->scheduler);
    prompt_tokenizer_free(p->tokenizer);
    clip_free(p->clip);
    vae_free(p->vae);
    unet_free(p->unet);
    single_file_close(p->single);
    single_file_close(p->single_vae);
    free(p->prediction);
    free(p->scheduler_path);
    free(p->fingerprint);
    free(p->folder);
    free(p);
}

const char *pipeline_note(const Pipeline *p)
{
    return p->single && single_file_guesses_prediction(p->single)
               ? "nothing says what this Stable Diffusion 2 predicts: epsilon is taken; --prediction v for the 768 "
                 "pixel models"
               : NULL;
}

const char *pipeline_scheduler(const Pipeline *p)
{
    return scheduler_kind(p->scheduler);
}

bool pipeline_embeds_guidance(const Pipeline *p)
{
    return p->unet->config.condition_width > 0;
}

void pipeline_defaults(const Pipeline *p, size_t *steps, float *guidance)
{
    *steps = p->consistency ? 4 : 50;
    *guidance = p->consistency ? 8.5f : 7.5f;
}

void pipeline_own_size(const Pipeline *p, size_t *width, size_t *height)
{
    *width = *height = p->unet->config.sample_size * p->vae->config.factor;
}

/* Of a single file its own bytes, which the text tower's fingerprint covers, and the configuration that was taken for it. */
static bool fingerprint_parts(const Pipeline *p, TextList *parts, Error *err)
{
    char unet[65] = "", vae[65] = "", scheduler[65] = "";
    if (p->single) {
        char *configuration = single_file_configuration(p->single);
        text_list_add(parts, configuration);
        free(configuration);
    } else if (!weights_fingerprint(&p->unet->set, unet, err) || !hash_file(p->scheduler_path, scheduler, err)) {
        return false;
    }
    const bool own_vae = p->single && !p->single_vae && !p->vae->set.folder;
    if (!own_vae &&
        !(p->single_vae ? hash_file(p->vae->set.file, vae, err) : weights_fingerprint(&p->vae->set, vae, err)))
        return false;
    const char *const texts[] = {unet,
                                 vae,
                                 scheduler,
                                 scheduler_kind(p->scheduler),
                                 p->clip->fingerprint,
                                 tokenizer_fingerprint(prompt_tokenizer_base(p->tokenizer))};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) text_list_add(parts, texts[i]);
    if (p->prediction) text_list_add(parts, p->prediction);
    return true;
}

static bool compute_fingerprint(const Pipeline *p, Error *err)
{
    TextList parts = {0};
    const bool good = fingerprint_parts(p, &parts, err);
    const int32_t padding[2] = {prompt_tokenizer_padding(p->tokenizer), (int32_t)prompt_tokenizer_length(p->tokenizer)};
    Hash *hash = hash_new();
    for (size_t i = 0; i < parts.count; i++) hash_add_text(hash, parts.items[i]);
    hash_add(hash, padding, sizeof padding);
    hash_finish(hash, p->fingerprint);
    text_list_free(&parts);
    if (!good) *p->fingerprint = '\0';
    return good;
}

bool pipeline_fingerprint(const Pipeline *p, char hex[65], Error *err)
{
    if (!*p->fingerprint && !compute_fingerprint(p, err)) return false;
    memcpy(hex, p->fingerprint, 65);
    return true;
}

/* ---- preparing ---- */

void pipeline_unprepare(Pipeline *p)
{
    for (size_t i = 0; p->known && i < p->settings.batch; i++) {
        free(p->known[i].prompt);
        unet_text_free(p->known[i].text);
    }
    unet_runner_free(p->runner);
    vae_runner_free(p->decoder);
    text_tower_free(p->tower);
    void *const arrays[] = {p->known,     p->generators, p->latents, p->input,  p->output,
                            p->to_decode, p->decoded,    p->tokens,  p->hidden, p->negative};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    p->known = NULL, p->runner = NULL, p->decoder = NULL, p->tower = NULL, p->generators = NULL;
    p->latents = p->input = p->output = p->to_decode = p->decoded = p->hidden = NULL;
    p->tokens = NULL, p->known_next = 0, p->negative = NULL;
}

static bool set_sizes(Pipeline *p, Error *err)
{
    DrawSettings *s = &p->settings;
    const size_t factor = p->vae->config.factor;
    size_t width, height;
    pipeline_own_size(p, &width, &height);
    if (!s->width) s->width = width;
    if (!s->height) s->height = height;
    if (!s->width || !s->height) return fail_usage(err, "%s: the model does not say its size; give one", p->folder);
    if (s->width % 8 || s->height % 8 || s->width % factor || s->height % factor || s->width > SIDE_MAX ||
        s->height > SIDE_MAX)
        return fail_usage(err, "pictures of %zux%zu are not possible; sides are multiples of %zu up to %d", s->width,
                          s->height, factor > 8 ? factor : 8, SIDE_MAX);
    if (s->batch < 1 || s->batch > BATCH_LIMIT)
        return fail_usage(err, "a batch of %zu pictures is not possible; from 1 to %d are", s->batch, BATCH_LIMIT);
    p->latent_width = s->width / factor, p->latent_height = s->height / factor;
    p->latent_values = p->vae->config.latent_channels * p->latent_width * p->latent_height;
    p->pixels = s->width * s->height;
    p->decoder_batch = DECODED_PIXELS / p->pixels;
    if (p->decoder_batch < 1) p->decoder_batch = 1;
    if (p->decoder_batch > s->batch) p->decoder_batch = s->batch;
    return true;
}

static bool allocate(Pipeline *p, size_t places, Error *err)
{
    const size_t batch = p->settings.batch, bytes = p->latent_values * sizeof(float);
    const size_t length = prompt_tokenizer_length(p->tokenizer);
    p->known = xcalloc(batch, sizeof *p->known);
    p->generators = xcalloc(batch, sizeof *p->generators);
    p->tokens = xcalloc(length, sizeof *p->tokens);
    p->hidden = xcalloc(length, p->clip->config.text_width * sizeof *p->hidden);
    return big_alloc(&p->latents, batch, bytes, "the latents", err) &&
           big_alloc(&p->input, places, bytes, "the latents", err) &&
           big_alloc(&p->output, places, bytes, "the latents", err) &&
           big_alloc(&p->to_decode, p->decoder_batch, bytes, "the latents", err) &&
           big_alloc(&p->decoded, p->decoder_batch, 3 * p->pixels * sizeof(float), "the pictures", err);
}

/* The negative prompt's places never change. */
static bool set_negative(Pipeline *p, Error *err)
{
    const UNetText *text = pipeline_text(p, p->negative, err);
    for (size_t i = 0; text && i < p->settings.batch; i++) unet_set_text(p->runner, i, text);
    return text != NULL;
}

static bool compile(Pipeline *p, Error *err)
{
    GraphOptions unet, decoder;
    const UNetSize size = {.batch = p->settings.batch * (p->guided ? 2 : 1),
                           .height = p->latent_height,
                           .width = p->latent_width,
                           .tokens = prompt_tokenizer_length(p->tokenizer)};
    if (!pipeline_budgets(p, &unet, &decoder, err) || !allocate(p, size.batch, err)) return false;
    p->tower = text_tower_new(p->clip, size.tokens, err);
    if (p->tower) p->runner = unet_runner_new(p->unet, size, unet, err);
    if (p->runner) p->decoder = vae_decoder_new(p->vae, p->decoder_batch, size.height, size.width, decoder, err);
    return p->decoder != NULL;
}

bool pipeline_prepare(Pipeline *p, DrawSettings settings, Error *err)
{
    char *negative = xstrdup(settings.negative ? settings.negative : ""); /* it may be our own */
    pipeline_unprepare(p);
    p->settings = settings;
    p->settings.negative = p->negative = negative;
    p->guided = settings.guidance > 1 && !pipeline_embeds_guidance(p);
    return set_sizes(p, err) && scheduler_set_steps(p->scheduler, settings.steps, err) && compile(p, err) &&
           (!p->guided || set_negative(p, err));
}

const DrawSettings *pipeline_settings(const Pipeline *p)
{
    return &p->settings;
}

size_t pipeline_width(const Pipeline *p)
{
    return p->settings.width;
}

size_t pipeline_height(const Pipeline *p)
{
    return p->settings.height;
}

size_t pipeline_calls(const Pipeline *p)
{
    return scheduler_calls(p->scheduler);
}

Scheduler *pipeline_take_scheduler(Pipeline *p)
{
    Scheduler *s = p->scheduler;
    p->scheduler = NULL;
    return s;
}

void pipeline_latents(const Pipeline *p, size_t dim[3])
{
    dim[0] = p->vae->config.latent_channels, dim[1] = p->latent_height, dim[2] = p->latent_width;
}
