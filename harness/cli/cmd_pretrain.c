/* palbench pretrain clip|diffusion: the embedded world's models, from scratch. */
#include "harness/cli/command.h"
#include "harness/pretrain/pretrain_clip.h"
#include "harness/pretrain/pretrain_diffusion.h"
#include "harness/stages/missing_model.h"

#include <string.h>

static bool train_clip(Cli *cli, PretrainRun run, Error *err)
{
    PretrainClipOptions o = {.resume = run.resume,
                             .out = cli_value(cli, "out"),
                             .work = run.work ? run.work : "results/store/pretrain-clip",
                             .seed = run.seed,
                             .checkpoint_seconds = run.checkpoint_seconds,
                             .stop_after = run.stop_after};
    if (!cli_size(cli, "pairs", 0, 1, 1u << 30, &o.pairs, err) ||
        !cli_size(cli, "scenes", 0, 1, 1u << 30, &o.scenes, err) ||
        !cli_size(cli, "batch", 0, 2, 1 << 16, &o.batch, err))
        return false;
    if (!o.out) o.out = EMBEDDED_CLIP;
    return pretrain_clip(&o, cli->progress, err);
}

static bool train_diffusion(Cli *cli, PretrainRun run, Error *err)
{
    if (!run.work) run.work = "results/store/pretrain-diffusion";
    PretrainDiffusionOptions o = {.run = run, .clip = cli_value(cli, "clip"), .out = cli_value(cli, "out")};
    if (!cli_size(cli, "images", 0, 32, 1u << 30, &o.denoiser_images, err) ||
        !cli_size(cli, "scenes", 0, 64, 1u << 24, &o.scenes, err) ||
        !cli_size(cli, "vae-images", 0, 16, 1u << 30, &o.vae_images, err) ||
        !cli_size(cli, "judge-images", 0, 64, 1u << 30, &o.judge_images, err))
        return false;
    if (!o.clip) o.clip = EMBEDDED_CLIP;
    if (!o.out) o.out = EMBEDDED_DIFFUSION;
    return pretrain_diffusion(&o, err);
}

static const char *const *model_names(void)
{
    static const char *const names[] = {"clip", "diffusion", NULL};
    return names;
}

static bool run(Cli *cli, Error *err)
{
    size_t which, seed;
    if (!cli_word(cli, &which, err)) return false;
    PretrainRun all = {.work = cli_value(cli, "work"), .resume = cli_has(cli, "resume"), .progress = cli->progress};
    if (!cli_size(cli, "seed", 1, 0, 1u << 31, &seed, err) ||
        !cli_size(cli, "checkpoint-seconds", 180, 1, 1 << 20, &all.checkpoint_seconds, err) ||
        !cli_size(cli, "stop-after", 0, 1, 1u << 30, &all.stop_after, err))
        return false;
    all.seed = seed;
    return which == 0 ? train_clip(cli, all, err) : train_diffusion(cli, all, err);
}

static const CliOption options[] = {
    {"resume", NULL, "go on from the newest checkpoints, bit for bit as without the interruption"},
    {"out", "DIR", "folder of the finished model (default: " EMBEDDED_CLIP ", " EMBEDDED_DIFFUSION ")"},
    {"work", "DIR", "folder of the checkpoints (default: results/store/pretrain-clip or -diffusion)"},
    {"scenes", "N", "different scenes among them (default: the recipe's)"},
    {"seed", "S", "of weights, order and captions (default: 1)"},
    {"checkpoint-seconds", "T", "time between checkpoints (default: 180)"},
    {"stop-after", "N", "stop with a checkpoint after so many steps (of each part)"},
    {"pairs", "N", "clip: image-caption pairs seen in all (default: the recipe's)"},
    {"batch", "B", "clip: pairs a step (default: the recipe's)"},
    {"clip", "DIR", "diffusion: the mini CLIP whose text tower is used (default: " EMBEDDED_CLIP ")"},
    {"images", "N", "diffusion: pictures, each with a caption, that the denoiser sees in all (default: the recipe's)"},
    {"vae-images", "N", "diffusion: pictures that the autoencoder sees (default: the recipe's)"},
    {"judge-images", "N", "diffusion: pictures that the judging classifier sees (default: the recipe's)"},
    {NULL, NULL, NULL},
};

const Command command_pretrain = {
    .name = "pretrain",
    .words = model_names,
    .arguments = "%s [--resume]",
    .summary = "train the embedded world's models from scratch",
    .details = "clip: writes an open_clip folder with its vocabulary; half an hour on one core.\n"
               "diffusion: writes a Stable Diffusion folder (diffusers) and the classifier that judges it; hours on "
               "two cores.\n"
               "Both leave the log of the run beside the weights.",
    .example = "palbench pretrain diffusion --resume",
    .options = options,
    .run = run,
    .kept = "the last checkpoint is kept; the same command with --resume goes on from there",
};
