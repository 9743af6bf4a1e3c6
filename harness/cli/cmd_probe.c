/* palbench probe: one model of a diffusers folder on the arrays of a file, for comparing with other programs. */
#include "harness/cli/command.h"
#include "harness/diffusion/probe.h"

#include "harness/io/json.h"

#include <stdlib.h>

static char *describe(const char *part, const char *model, Arithmetic arithmetic)
{
    cJSON *config = cJSON_CreateObject();
    cJSON_AddStringToObject(config, "probe", part);
    cJSON_AddStringToObject(config, "model", model);
    arithmetic_describe(arithmetic, ARITHMETIC_ALL, config);
    char *text = json_canonical(config);
    cJSON_Delete(config);
    return text;
}

typedef bool ProbeFunction(const char *model, const char *in, const char *out, const char *config, GraphOptions o,
                           Error *err);

static bool probe_text_exactly(const char *model, const char *in, const char *out, const char *config, GraphOptions o,
                               Error *err)
{
    (void)o; /* a text tower has no convolutions */
    return probe_text(model, in, out, config, err);
}

static const struct {
    const char *name;
    ProbeFunction *probe;
} parts[] = {{"unet", probe_unet},
             {"vae-decode", probe_vae_decode},
             {"vae-encode", probe_vae_encode},
             {"text", probe_text_exactly}};
enum { PARTS = sizeof parts / sizeof *parts };

static const char *const *part_names(void)
{
    static const char *names[PARTS + 1];
    for (size_t i = 0; i < PARTS; i++) names[i] = parts[i].name;
    return names;
}

static bool run(Cli *cli, Error *err)
{
    const char *model, *in, *out;
    size_t part;
    if (!cli_word(cli, &part, err)) return false;
    if (!cli_required(cli, "model", &model, err) || !cli_required(cli, "in", &in, err) ||
        !cli_required(cli, "out", &out, err))
        return false;
    char *config = describe(parts[part].name, model, cli->arithmetic);
    const bool good = parts[part].probe(model, in, out, config, (GraphOptions){.arithmetic = cli->arithmetic}, err);
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
    .words = part_names,
    .arguments = "%s --model DIR --in F.h5 --out F.h5",
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
