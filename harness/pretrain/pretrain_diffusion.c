/* One part after the other, each finding its own checkpoint: a run that is stopped goes on in the part where it stood,
 * and those before it only load what they have. Everything is written into the final folder at the very end. */
#include "harness/pretrain/pretrain_diffusion.h"

#include "harness/pretrain/mini_diffusion.h"
#include "harness/pretrain/pretrain_autoencoder.h"
#include "harness/pretrain/pretrain_denoiser.h"
#include "harness/pretrain/pretrain_judge.h"

#include <stdlib.h>

/* The recipe; what was measured with it stands in results/pretrained/NOTES.md. */
enum { JUDGE_IMAGES = 64000, VAE_IMAGES = 48000, DENOISER_IMAGES = 480000, SCENES = 100000 };

typedef struct Parts {
    Clip *clip;
    Judge *judge;
    Vae *vae;
    UNet *unet;
    PretrainLatents latents;
} Parts;

static PretrainDiffusionOptions with_defaults(const PretrainDiffusionOptions *options)
{
    PretrainDiffusionOptions o = *options;
    if (!o.judge_images) o.judge_images = JUDGE_IMAGES;
    if (!o.vae_images) o.vae_images = VAE_IMAGES;
    if (!o.denoiser_images) o.denoiser_images = DENOISER_IMAGES;
    if (!o.scenes) o.scenes = SCENES;
    return o;
}

/* *done false: a part was stopped before its end. */
static bool train(const PretrainDiffusionOptions *o, Parts *p, bool *done, Error *err)
{
    if (!(p->clip = clip_open(o->clip, err))) return false;
    if (!pretrain_judge(&o->run, o->judge_images, &p->judge, done, err)) return false;
    if (!*done) return true;
    if (!pretrain_autoencoder(&o->run, o->vae_images, &p->vae, done, err)) return false;
    if (!*done) return true;
    const DenoiserInputs in = {.clip = p->clip,
                               .clip_folder = o->clip,
                               .vae = p->vae,
                               .judge = p->judge,
                               .latents = &p->latents,
                               .images = o->denoiser_images};
    return pretrain_latents(&o->run, p->vae, o->scenes, &p->latents, err) &&
           pretrain_denoiser(&o->run, &in, &p->unet, done, err);
}

static bool publish_log(const PretrainDiffusionOptions *o, const char *name, Error *err)
{
    char *from = path_join(o->run.work, name), *target = xformat("training_log_%s", name),
         *to = path_join(o->out, target), *bytes = NULL;
    size_t length;
    const bool good = read_file(from, 1 << 24, &bytes, &length, err) && write_file(to, bytes, length, err);
    free(bytes), free(from), free(target), free(to);
    return good;
}

static bool publish(const PretrainDiffusionOptions *o, const Parts *p, Error *err)
{
    char *judge = path_join(o->out, "judge");
    const bool good = judge_save(p->judge, judge, true, err) &&
                      mini_diffusion_save(p->clip, o->clip, p->vae, p->unet, o->out, true, err) &&
                      publish_log(o, "judge.tsv", err) && publish_log(o, "autoencoder.tsv", err) &&
                      publish_log(o, "denoiser.tsv", err);
    free(judge);
    return good;
}

bool pretrain_diffusion(const PretrainDiffusionOptions *options, Error *err)
{
    const PretrainDiffusionOptions o = with_defaults(options);
    Parts p = {0};
    bool done = false;
    bool good = make_folders(o.run.work, err) && train(&o, &p, &done, err);
    if (good && !done)
        progress_note(o.run.progress, "%s: stopped before the end; go on with --resume", o.run.work);
    else
        good = good && publish(&o, &p, err);
    pretrain_latents_free(&p.latents);
    unet_free(p.unet);
    vae_free(p.vae);
    judge_free(p.judge);
    if (p.clip) clip_free(p.clip);
    return good;
}
