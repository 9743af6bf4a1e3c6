/* palbench encode-image: pictures through a CLIP image tower into an HDF5 file. */
#include "harness/base/repeated_files.h"
#include "harness/cli/command.h"
#include "harness/stages/features.h"

#include <stdlib.h>

/* The pictures to encode, and with --skip-damaged those that cannot be decoded. */
typedef struct Files {
    TextList good, damaged, reasons;
} Files;

static bool load_file(void *context, size_t i, Image *image, Error *err)
{
    const Files *files = context;
    return image_read(files->good.items[i], image, err) ||
           (err->of_content && fail_also(err, "or go on without such pictures with --skip-damaged"));
}

/* Every picture is decoded once more than is needed, so that the features' number is known before the first one is computed. */
static bool sort_out(const Cli *cli, Files *files, Error *err)
{
    const bool skip = cli_has(cli, "skip-damaged");
    for (size_t i = 0; i < cli->argument_count; i++) {
        Image image = {0};
        if (!skip || image_read(cli->arguments[i], &image, err)) {
            text_list_add(&files->good, cli->arguments[i]);
        } else if (err->of_content) {
            text_list_add(&files->damaged, cli->arguments[i]);
            text_list_add(&files->reasons, err->text);
            progress_note(cli->progress, "left out: %s", err->text);
        } else {
            return false;
        }
        image_free(&image);
    }
    return files->good.count > 0 || fail(err, "none of the %zu pictures can be decoded", cli->argument_count);
}

static void files_free(Files *files)
{
    text_list_free(&files->good), text_list_free(&files->damaged), text_list_free(&files->reasons);
}

static bool read_options(const Cli *cli, EncodeOptions *o, Error *err)
{
    size_t resize, position;
    if (!cli_size(cli, "size", 0, 8, 4096, &o->size, err) || !cli_size(cli, "batch", 0, 1, 4096, &o->batch, err) ||
        !cli_choice(cli, "resize", &resize, err) || !cli_choice(cli, "pool-position", &position, err))
        return false;
    o->resize = (ResizeRule)resize;
    o->position = position == 0 ? POOL_POSITION_ON : position == 1 ? POOL_POSITION_OFF : POOL_POSITION_GLOBAL;
    o->arithmetic = cli->arithmetic;
    o->want_local = true;
    return true;
}

static bool any_row(const void *context, size_t a, size_t b)
{
    (void)context, (void)a, (void)b;
    return true;
}

static void remark_repeated(const Cli *cli)
{
    const char *const *files = (const char *const *)cli->arguments;
    const Repeated r = repeated_files(files, cli->argument_count, any_row, NULL);
    if (r.count)
        progress_note(cli->progress, "%zu of the %zu pictures are given twice: %s is %s again", r.count,
                      cli->argument_count, files[r.again], files[r.first]);
}

static bool run(Cli *cli, Error *err)
{
    const char *path, *out;
    EncodeOptions o = {0};
    if (!cli_required(cli, "clip", &path, err) || !cli_required(cli, "out", &out, err) || !read_options(cli, &o, err))
        return false;
    if (cli->argument_count == 0) return cli_misuse(cli, err, "no picture is given");
    remark_repeated(cli);
    Clip *clip = clip_open(path, err);
    if (!clip) return false;
    ImageFeatures features = {0};
    Files files = {0};
    bool good = true;
    if (!clip->config.has_image) good = fail(err, "%s: the model has no image tower", path);
    good = good && encode_size_check(clip, o.size, err) && sort_out(cli, &files, err);
    const ImageSource source = {files.good.count, load_file, &files};
    const LeftOut left = {files.damaged.count, (const char **)files.damaged.items, (const char **)files.reasons.items};
    good = good && clip_encode_images(clip, &source, o, &features, cli->progress, err) &&
           image_features_write(out, clip, &o, &features, (const char *const *)files.good.items, &left, err);
    files_free(&files);
    image_features_free(&features);
    clip_free(clip);
    return good;
}

static const CliOption options[] = {
    {"clip", "PATH", "a CLIP checkpoint: Hugging Face or open_clip folder, or safetensors with OpenAI's names"},
    {"out", "F.h5", "global [n,D], local [n,P,D], grid [2], files [n]"},
    {"size", "S", "pixels a side (default: the model's own)"},
    {"resize", "RULE",
     "crop (shorter side to S, central square), stretch (no crop) or model (default: as the checkpoint's "
     "configuration says, crop without one)"},
    {"pool-position", "WHICH",
     "a ResNet's attention pool with its positional embedding: on (default), off, or global only"},
    {"batch", "B", "pictures a step (default: 16)"},
    {"skip-damaged", NULL,
     "go on without pictures that cannot be decoded: left_out, left_out_reasons [k] in the file name them"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "resize", .words = (const char *const[]){"model", "crop", "stretch", NULL}},
    {.option = "pool-position", .words = (const char *const[]){"on", "off", "global", NULL}},
    {0},
};

const Command command_encode_image = {
    .name = "encode-image",
    .arguments = "--clip PATH --out F.h5 [--size S] [--resize model|crop|stretch] [--pool-position on|off] FILE...",
    .summary = "global and local image features of a frozen CLIP",
    .details =
        "Every feature has unit length; local ones stand in row-major order of the feature map. Pictures are prepared "
        "as the checkpoint's preprocessor_config.json or preprocess_cfg says; --size and --resize win over its sizes "
        "and its way of resizing. A picture's EXIF orientation is not applied, as in CLIP's own pipelines.",
    .example = "palbench encode-image --clip models/RN50 --out pictures.h5 --size 448 --resize stretch a.jpg b.png",
    .takes = TAKES_EXACT,
    .options = options,
    .choices = choices,
    .run = run,
};
