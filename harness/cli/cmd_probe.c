/* palbench probe: one model of a diffusers folder on the arrays of a file, for comparing with other programs. */
#include "harness/cli/command.h"
#include "harness/diffusion/probe.h"

#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

static char *describe(const char *part, const char *model, bool exact)
{
    Text text = {0};
    text_add(&text, "{\"probe\":");
    json_quote(&text, part);
    text_add(&text, ",\"model\":");
    json_quote(&text, model);
    text_addf(&text, ",\"exact\":%s}", exact ? "true" : "false");
    return text.data;
}

static bool probe(const char *part, const char *const paths[3], const char *config, GraphOptions o, Error *err)
{
    if (strcmp(part, "unet") == 0) return probe_unet(paths[0], paths[1], paths[2], config, o, err);
    if (strcmp(part, "vae-decode") == 0) return probe_vae_decode(paths[0], paths[1], paths[2], config, o, err);
    if (strcmp(part, "vae-encode") == 0) return probe_vae_encode(paths[0], paths[1], paths[2], config, o, err);
    return probe_text(paths[0], paths[1], paths[2], config, err);
}

static bool run(Cli *cli, Error *err)
{
    static const char *const parts[] = {"unet", "vae-decode", "vae-encode", "text"};
    const char *paths[3], *part = NULL;
    for (size_t i = 0; i < 4 && cli->argument_count == 1; i++)
        if (strcmp(cli->arguments[0], parts[i]) == 0) part = parts[i];
    if (!part) return cli_misuse(cli, err, "one of unet, vae-decode, vae-encode, text is needed");
    if (!cli_required(cli, "model", &paths[0], err) || !cli_required(cli, "in", &paths[1], err) ||
        !cli_required(cli, "out", &paths[2], err))
        return false;
    char *config = describe(part, paths[0], cli->exact);
    const bool good = probe(part, paths, config, (GraphOptions){.exact = cli->exact}, err);
    free(config);
    return good;
}

static const CliOption options[] = {
    {"model", "DIR", "a diffusers folder, or its unet/, vae/ or text_encoder/"},
    {"in", "F.h5", "the arrays that the model is given"},
    {"out", "F.h5", "where its output goes"},
    {NULL, NULL, NULL},
};

const Command command_probe = {
    .name = "probe",
    .arguments = "unet|vae-decode|vae-encode|text --model DIR --in F.h5 --out F.h5",
    .summary = "one model of a diffusers folder on the arrays of a file",
    .details = "unet: sample [b,4,h,w], timestep [b], encoder_hidden_states [b,t,d], for latent consistency models\n"
               "  guidance_w [b] -> noise [b,4,h,w]\n"
               "vae-decode: latents [b,4,h,w] -> sample [b,3,H,W]; vae-encode: sample -> mean, logvar [b,4,h,w];\n"
               "  no scaling factor is applied\n"
               "text: tokens [b,77] int32 -> hidden [b,77,d], as the pipeline hands it to the U-Net",
    .example = "palbench probe unet --model models/sd15 --in in.h5 --out noise.h5",
    .takes = TAKES_EXACT,
    .options = options,
    .run = run,
};
