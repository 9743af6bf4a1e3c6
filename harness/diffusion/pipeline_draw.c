/* Drawing a batch: texts, steps, decoding. */
#include "harness/clip/encode.h"
#include "harness/diffusion/initial_noise.h"
#include "harness/diffusion/pipeline_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const UNetText *pipeline_text(Pipeline *p, const char *prompt, Error *err)
{
    for (size_t i = 0; i < p->settings.batch; i++)
        if (p->known[i].prompt && strcmp(p->known[i].prompt, prompt) == 0) return p->known[i].text;
    prompt_tokens(p->tokenizer, prompt, p->tokens);
    if (!text_tower_hidden(p->tower, p->tokens, p->hidden, err)) return NULL;
    UNetText *text = unet_text_new(p->runner, p->hidden, err);
    if (!text) return NULL;
    KnownText *known = &p->known[p->known_next++ % p->settings.batch];
    free(known->prompt);
    unet_text_free(known->text);
    *known = (KnownText){.prompt = xstrdup(prompt), .text = text};
    return text;
}

/* Places without a picture of their own repeat the first one. */
static size_t filled(const DrawRequest *q, size_t place)
{
    return place < q->count ? place : 0;
}

static bool set_texts(Pipeline *p, const DrawRequest *q, Error *err)
{
    const size_t batch = p->settings.batch;
    for (size_t i = 0; i < batch; i++) {
        const UNetText *text = pipeline_text(p, q->prompts[filled(q, i)], err);
        if (!text) return false;
        unet_set_text(p->runner, p->guided ? batch + i : i, text);
    }
    return true;
}

static void set_noise(Pipeline *p, const DrawRequest *q)
{
    const size_t values = p->latent_values;
    const float scale = scheduler_noise_scale(p->scheduler);
    for (size_t i = 0; i < p->settings.batch; i++) {
        const size_t from = filled(q, i);
        initial_noise(&p->generators[i], &q->seeds[from], 1, p->vae->config.latent_channels, p->latent_height,
                      p->latent_width, p->latents + i * values);
        if (q->noise) memcpy(p->latents + i * values, q->noise + from * values, values * sizeof *p->latents);
    }
    for (size_t i = 0; i < p->settings.batch * values; i++) p->latents[i] *= scale;
}

/* The U-Net's answer to call `i`, guided, in p->output [batch, latent_values]. */
static void predict(Pipeline *p, size_t i)
{
    const size_t total = p->settings.batch * p->latent_values;
    const float g = p->settings.guidance, w = g - 1;
    scheduler_scale_input(p->scheduler, i, p->latents, p->input);
    if (p->guided) memcpy(p->input + total, p->input, total * sizeof *p->input);
    unet_set_times(p->runner, &scheduler_timesteps(p->scheduler)[i], pipeline_embeds_guidance(p) ? &w : NULL);
    unet_run(p->runner, p->input, p->output);
    if (!p->guided) return;
    const float *text = p->output + total;
    for (size_t k = 0; k < total; k++) p->output[k] += g * (text[k] - p->output[k]);
}

/* As diffusers rounds: half of the picture plus one half, clipped to [0, 1], times 255, ties to even. */
static void to_bytes(const float *picture, size_t pixels, uint8_t *bytes)
{
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < pixels; i++) {
            const float value = picture[c * pixels + i] * 0.5f + 0.5f;
            bytes[3 * i + c] = (uint8_t)lrintf(fminf(fmaxf(value, 0), 1) * 255);
        }
}

static bool decode(Pipeline *p, size_t count, uint8_t *images, Error *err)
{
    const size_t values = p->latent_values;
    const VaeConfig *k = &p->vae->config;
    for (size_t at = 0; at < count; at += p->decoder_batch) {
        for (size_t b = 0; b < p->decoder_batch; b++) {
            const float *from = p->latents + (at + b < count ? at + b : at) * values;
            for (size_t i = 0; i < values; i++)
                p->to_decode[b * values + i] = from[i] / k->scaling_factor + k->shift_factor;
        }
        vae_decode(p->decoder, p->to_decode, p->decoded);
        for (size_t b = 0; b < p->decoder_batch && at + b < count; b++) {
            if (!all_finite(p->decoded + b * 3 * p->pixels, 3 * p->pixels))
                return fail(err, "%s: a picture has values that are not finite; the weights are damaged", p->folder);
            to_bytes(p->decoded + b * 3 * p->pixels, p->pixels, images + (at + b) * 3 * p->pixels);
        }
    }
    return true;
}

bool pipeline_draw(Pipeline *p, DrawRequest q, uint8_t *images, Progress *progress, Error *err)
{
    if (!p->runner || q.count < 1 || q.count > p->settings.batch)
        die("pipeline_draw: %zu pictures in a batch of %zu", q.count, p->runner ? p->settings.batch : 0);
    const size_t calls = scheduler_calls(p->scheduler);
    if (!set_texts(p, &q, err) || !scheduler_begin(p->scheduler, p->settings.batch, p->latent_values, err))
        return false;
    set_noise(p, &q);
    for (size_t i = 0; i < calls; i++) {
        predict(p, i);
        scheduler_step(p->scheduler, i, p->output, p->latents, p->generators, p->latents);
        progress_step(progress, i + 1);
    }
    return decode(p, q.count, images, err);
}
