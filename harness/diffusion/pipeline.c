/* An open pipeline: what it is, its fingerprint, and compiling it for settings; pipeline_open.c opens, pipeline_draw.c draws. */
#include "harness/base/hash.h"
#include "harness/diffusion/pipeline_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 8192, DECODED_PIXELS = 512 * 512, BATCH_LIMIT = 1024 };

void pipeline_free(Pipeline *p)
{
    if (!p) return;
    pipeline_unprepare(p);
    scheduler_free(p->scheduler);
    prompt_tokenizer_free(p->tokenizer);
    clip_free(p->clip);
    vae_free(p->vae);
    unet_free(p->unet);
    lora_set_free(p->loras);
    single_file_close(p->single);
    single_file_close(p->single_vae);
    free(p->prediction);
    free(p->scheduler_path);
    free(p->scheduler_class);
    text_list_free(&p->remarks);
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

const TextList *pipeline_remarks(const Pipeline *p)
{
    return &p->remarks;
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
    if (*p->words) text_list_add(parts, p->words);
    if (p->loras) text_list_add(parts, lora_set_fingerprint(p->loras));
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
    if (p->repaired) hash_add(hash, &p->repaired, sizeof p->repaired); /* a folder that needs none keeps its name */
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
    const GraphOptions options = p->settings.graph;
    const UNetSize size = {.batch = p->settings.batch * (p->guided ? 2 : 1),
                           .height = p->latent_height,
                           .width = p->latent_width,
                           .tokens = prompt_tokenizer_length(p->tokenizer)};
    if (!pipeline_fits(p, err) || !allocate(p, size.batch, err)) return false;
    p->tower = text_tower_new(p->clip, size.tokens, err);
    if (p->tower) p->runner = unet_runner_new(p->unet, size, options, err);
    if (p->runner) p->decoder = vae_decoder_new(p->vae, p->decoder_batch, size.height, size.width, options, err);
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
