/* palbench pretrain clip: the embedded world's CLIP, from scratch. */
#include "harness/bench/pretrain_clip.h"
#include "harness/cli/command.h"

#include <string.h>

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count != 1 || strcmp(cli->arguments[0], "clip") != 0)
        return cli_misuse(cli, err, "what to train is needed: clip");
    size_t seed;
    PretrainClipOptions o = {
        .resume = cli_has(cli, "resume"), .out = cli_value(cli, "out"), .work = cli_value(cli, "work")};
    if (!cli_size(cli, "pairs", 0, 1, 1u << 30, &o.pairs, err) ||
        !cli_size(cli, "scenes", 0, 1, 1u << 30, &o.scenes, err) ||
        !cli_size(cli, "batch", 0, 2, 1 << 16, &o.batch, err) || !cli_size(cli, "seed", 1, 0, 1u << 31, &seed, err) ||
        !cli_size(cli, "checkpoint-seconds", 0, 1, 1 << 20, &o.checkpoint_seconds, err))
        return false;
    o.seed = seed;
    if (!o.out) o.out = "results/pretrained/mini-clip";
    if (!o.work) o.work = "results/store/pretrain-clip";
    return pretrain_clip(&o, cli->progress, err);
}

static const CliOption options[] = {
    {"resume", NULL, "go on from the newest checkpoint, bit for bit as without the interruption"},
    {"out", "DIR", "folder of the finished model (default: results/pretrained/mini-clip)"},
    {"work", "DIR", "folder of the checkpoints (default: results/store/pretrain-clip)"},
    {"pairs", "N", "image-caption pairs seen in all (default: the recipe's)"},
    {"scenes", "N", "different scenes among them (default: the recipe's)"},
    {"batch", "B", "pairs a step (default: the recipe's)"},
    {"seed", "S", "of weights, order and captions (default: 1)"},
    {"checkpoint-seconds", "T", "time between checkpoints (default: 180)"},
    {NULL, NULL, NULL},
};

const Command command_pretrain = {
    .name = "pretrain",
    .arguments = "clip [--resume]",
    .summary = "train the embedded world's CLIP from scratch",
    .details =
        "Writes an open_clip folder with its vocabulary and the log of the run. Takes tens of minutes on two cores.",
    .example = "palbench pretrain clip --resume",
    .options = options,
    .run = run,
};
