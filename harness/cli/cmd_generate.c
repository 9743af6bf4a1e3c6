/* palbench generate: pictures from captions with a Stable Diffusion folder. */
#include "harness/base/text.h"
#include "harness/cli/caption_file.h"
#include "harness/cli/command.h"
#include "harness/clip/encode.h"
#include "harness/diffusion/generate.h"
#include "harness/diffusion/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Request {
    const char *model, *out, *noise;
    PipelineParts parts;
    DrawSettings settings;
    size_t images; /* a caption */
    uint64_t seed;
    CaptionFile captions;
    TextList embeddings, loras;
} Request;

/* "512x384", or "512" for a square. */
static bool read_size(const Cli *cli, size_t *width, size_t *height, Error *err)
{
    const char *text = cli_value(cli, "size");
    if (!text) return true;
    unsigned w, h;
    int used = 0;
    if (sscanf(text, "%6ux%6u%n", &w, &h, &used) != 2 || text[used]) {
        used = 0;
        if (sscanf(text, "%6u%n", &w, &used) != 1 || text[used]) used = 0;
        h = w;
    }
    if (!used || *text == '-' || w < 1 || h < 1)
        return cli_misuse(cli, err, "--size %s: WIDTHxHEIGHT in pixels is needed, as 512x512", text);
    *width = w, *height = h;
    return true;
}

static bool read_captions(const Cli *cli, CaptionFile *captions, Error *err)
{
    const char *file = cli_value(cli, "captions");
    const bool prompt = cli_has(cli, "prompt");
    if (prompt == (file != NULL)) return cli_misuse(cli, err, "--prompt or --captions is needed, one of them");
    if (file) return caption_file_read(file, captions, err);
    TextList prompts = {0};
    cli_values(cli, "prompt", &prompts);
    captions->captions = prompts;
    captions->labels = xcalloc(prompts.count, sizeof *captions->labels);
    return true;
}

static bool read_request(const Cli *cli, Request *r, Error *err)
{
    *r = (Request){.noise = cli_value(cli, "noise"), .out = cli_value(cli, "out")};
    cli_values(cli, "embedding", &r->embeddings);
    text_list_end(&r->embeddings);
    cli_values(cli, "lora", &r->loras);
    text_list_end(&r->loras);
    r->parts = (PipelineParts){.vae = cli_value(cli, "vae"),
                               .tokenizer = cli_value(cli, "tokenizer"),
                               .prediction = cli_value(cli, "prediction"),
                               .scheduler = cli_value(cli, "scheduler"),
                               .embeddings = (const char *const *)r->embeddings.items,
                               .loras = (const char *const *)r->loras.items};
    r->settings.negative = cli_value(cli, "negative");
    r->settings.graph.arithmetic = cli->arithmetic;
    if (!r->out) r->out = "generated";
    size_t seed;
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s: texts are given with --prompt or --captions", cli->arguments[0]);
    if (!*r->out) return cli_misuse(cli, err, "--out needs a name");
    if (!cli_required(cli, "model", &r->model, err) || !read_size(cli, &r->settings.width, &r->settings.height, err) ||
        !cli_bytes(cli, "memory", &r->settings.memory, err) || !cli_size(cli, "seed", 0, 0, SIZE_MAX, &seed, err) ||
        !cli_size(cli, "images-per-caption", 1, 1, 1 << 20, &r->images, err) ||
        !cli_size(cli, "batch", 0, 1, 1024, &r->settings.batch, err))
        return false;
    r->seed = seed;
    return read_captions(cli, &r->captions, err);
}

/* ---- the list of pictures ---- */

typedef struct Pictures {
    PictureList list;
    const char **captions;
    uint64_t *seeds;
    int8_t *labels;
    float *noise;
} Pictures;

static void pictures_free(Pictures *s)
{
    free(s->captions), free(s->seeds), free(s->labels), free(s->noise);
}

/* Picture i of caption j has seed S + j K + i. */
static bool list_pictures(const Request *r, Pictures *s, Error *err)
{
    const size_t captions = r->captions.captions.count, count = captions * r->images;
    const size_t classes = r->captions.classes.count;
    if (count && r->seed > UINT64_MAX - (count - 1))
        return fail_usage(err,
                          "generate: --seed %llu: the last of %zu pictures would have a seed beyond 2^64; begin lower",
                          (unsigned long long)r->seed, count);
    if (!big_alloc(&s->captions, count, sizeof *s->captions, "the list of pictures", err) ||
        !big_alloc(&s->seeds, count, sizeof *s->seeds, "the list of pictures", err) ||
        (classes && !big_alloc(&s->labels, count, classes, "the labels", err)))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t j = i / r->images;
        const TextList *names = &r->captions.labels[j];
        s->captions[i] = r->captions.captions.items[j];
        s->seeds[i] = r->seed + i;
        for (size_t c = 0; c < classes; c++) {
            s->labels[i * classes + c] = text_list_has(names, r->captions.classes.items[c]) ? 1 : -1;
        }
    }
    s->list = (PictureList){.count = count,
                            .captions = s->captions,
                            .seeds = s->seeds,
                            .class_count = classes,
                            .classes = (const char *const *)r->captions.classes.items,
                            .labels = s->labels};
    return true;
}

static bool read_noise(const char *path, const Pipeline *p, Pictures *s, Error *err)
{
    if (!path) return true;
    size_t latents[3];
    pipeline_latents(p, latents);
    size_t dim[4] = {0, latents[0], latents[1], latents[2]};
    ArtifactReader *r = artifact_open(path, err);
    const bool good = r && artifact_read_floats(r, "noise", 4, dim, &s->noise, err);
    artifact_close(r);
    if (!good) return false;
    if (dim[0] != s->list.count)
        return fail(err, "%s: noise for %zu pictures, %zu are to be drawn", path, dim[0], s->list.count);
    if (!all_finite(s->noise, dim[0] * dim[1] * dim[2] * dim[3]))
        return fail(err, "%s: noise has values that are not finite", path);
    s->list.noise = s->noise;
    return true;
}

/* ---- the command ---- */

/* What was not given takes the model's own value. */
static bool fill_settings(const Cli *cli, const Pipeline *p, Request *r, size_t count, Error *err)
{
    DrawSettings *s = &r->settings;
    size_t steps;
    float guidance;
    double wanted;
    pipeline_defaults(p, &steps, &guidance);
    if (!cli_size(cli, "steps", steps, 1, 1000, &s->steps, err) ||
        !cli_real(cli, "guidance", (double)guidance, 0, 1000, &wanted, err))
        return false;
    s->guidance = (float)wanted;
    size_t width, height;
    pipeline_own_size(p, &width, &height);
    if (!s->width) s->width = width, s->height = height;
    if (!s->batch) s->batch = generate_batch(s->width, s->height, count);
    if (s->batch > count) s->batch = count;
    return true;
}

static bool draw(Cli *cli, Request *r, Pipeline *p, Pictures *pictures, Error *err)
{
    if (!list_pictures(r, pictures, err) || !fill_settings(cli, p, r, pictures->list.count, err) ||
        !pipeline_prepare(p, r->settings, err) || !read_noise(r->noise, p, pictures, err))
        return false;
    if (r->captions.labelled && !r->captions.classes.count && r->captions.labelled < r->captions.captions.count)
        progress_note(cli->progress, "%s: not every caption has labels; they are left out", cli_value(cli, "captions"));
    if (text_ends(r->out, ".h5") || text_ends(r->out, ".hdf5"))
        return generate_artifact(p, &pictures->list, r->out, cli->progress, err);
    return generate_folder(p, &pictures->list, r->out, cli->progress, err);
}

static bool run(Cli *cli, Error *err)
{
    Request r;
    Pictures pictures = {.captions = NULL};
    bool good = read_request(cli, &r, err);
    if (good) {
        progress_begin(cli->progress, "opening the model", 0, NULL);
        Pipeline *p = pipeline_open(r.model, r.parts, err);
        progress_end(cli->progress);
        if (p && pipeline_note(p)) progress_note(cli->progress, "%s: %s", r.model, pipeline_note(p));
        for (size_t i = 0; p && i < pipeline_remarks(p)->count; i++)
            progress_note(cli->progress, "%s", pipeline_remarks(p)->items[i]);
        good = p && draw(cli, &r, p, &pictures, err);
        pipeline_free(p);
    }
    pictures_free(&pictures);
    caption_file_free(&r.captions);
    text_list_free(&r.embeddings);
    text_list_free(&r.loras);
    return good;
}

static const CliOption options[] = {
    {"model", "PATH",
     "a diffusers folder (model_index.json, unet/, vae/, ...), or a checkpoint in one file (.safetensors, .ckpt)"},
    {"prompt", "TEXT", "a caption; may be given several times"},
    {"captions", "FILE",
     "a caption a line; FILE.jsonl: {\"caption\": ..., \"labels\": [...]} a line, labels where known"},
    {"negative", "TEXT", "what shall not be in the picture (counts with a guidance above 1)"},
    {"images-per-caption", "K", "pictures a caption (default: 1); picture i of caption j has seed S + j K + i"},
    {"steps", "N", "denoising steps (default: 50; latent consistency models: 4)"},
    {"guidance", "G", "classifier-free guidance (default: 7.5; latent consistency models: 8.5); up to 1: none"},
    {"vae", "PATH", "another autoencoder: a folder, a tiny one (TAESD) too, or one file"},
    {"tokenizer", "DIR", "another vocabulary; the one of a checkpoint in one file, if it does not lie beside it"},
    {"prediction", "KIND", "what the U-Net predicts: epsilon or v (default: as the model's configuration says)"},
    {"embedding", "FILE[=WORD]", "a word learned by textual inversion, diffusers' or automatic1111's; may be repeated"},
    {"lora", "FILE[=WEIGHT]",
     "a LoRA, kohya's or diffusers', times a weight (default: 1); may be repeated: they add up"},
    {"scheduler", "NAME", "%s (default: the model's own)"},
    {"size", "WxH", "pixels, multiples of 8 (default: what the model was trained for)"},
    {"seed", "S", "of the first picture (default: 0); the same picture as in diffusers on the CPU"},
    {"batch", "B", "pictures at a time (default: what 512x512 pixels hold, at most 16)"},
    {"noise", "F.h5", "initial noise [n,4,h,w] in place of the seeds' own"},
    {"memory", "SIZE", "that everything together may take, as 6G; more is refused before anything is drawn"},
    {"out", "DIR|F.h5", "a folder of PNGs, or a file of images, captions, seeds (default: generated/)"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "scheduler", .names = scheduler_names},
    {.option = "prediction", .words = (const char *const[]){"epsilon", "v", NULL}},
    {0},
};

const Command command_generate = {
    .name = "generate",
    .arguments = "--model PATH (--prompt TEXT | --captions FILE) [--out DIR|F.h5]",
    .summary = "pictures from captions with Stable Diffusion",
    .details =
        "Stable Diffusion 1.x, 2.x, Turbo and latent consistency models. For Turbo give --steps 1 --guidance 0,\n"
        "with an LCM-LoRA --scheduler lcm --steps 4 --guidance 1.\n"
        "Killed and started again with the same options it goes on where it stopped, with the same pictures.\n"
        "Every PNG says in its text chunks how it was drawn; images.jsonl beside them lists files and captions.",
    .example =
        "palbench generate --model models/sd15 --prompt \"a red bus\" --steps 25 --scheduler dpmpp2m --out bus\n"
        "  palbench generate --model models/sd-turbo --captions captions.jsonl --steps 1 --guidance 0 --out drawn.h5\n"
        "  palbench generate --model models/sd15 --prompt \"a red bus\" --lora models/lcm-lora.safetensors --lora "
        "style.safetensors=0.6 --scheduler lcm --steps 4 --guidance 1",
    .takes = TAKES_EXACT,
    .options = options,
    .choices = choices,
    .run = run,
    .kept = "what was finished is kept; the same command goes on from there",
};
