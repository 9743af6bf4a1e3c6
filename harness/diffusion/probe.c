/* Every probe goes the same way: open one part of the model, read arrays that must have the dimensions which that part
 * says, run it once, write what came out. Axes that the model leaves open (batch, height, width, tokens) are taken
 * from the file. */
#include "harness/diffusion/probe.h"

#include "harness/base/names.h"
#include "harness/base/text.h"
#include "harness/diffusion/text_encoder.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"
#include "harness/io/artifact.h"

#include <math.h>
#include <stdlib.h>

/* An array of the file. */
typedef struct Array {
    size_t dim[4];
    float *values;
} Array;

static size_t array_size(const Array *a, int rank)
{
    size_t size = 1;
    for (int i = 0; i < rank; i++) size *= a->dim[i];
    return size;
}

/* Reads a data set of `rank` axes; dims that are not 0 are what is expected. NaN and infinity are refused. */
static bool read_array(const ArtifactReader *r, const char *name, int rank, Array *a, Error *err)
{
    if (!artifact_read_floats(r, name, rank, a->dim, &a->values, err)) return false;
    const size_t size = array_size(a, rank);
    if (!size) return fail(err, "%s: %s: there are no values", artifact_path(r), name);
    for (size_t i = 0; i < size; i++)
        if (!isfinite(a->values[i])) return fail(err, "%s: %s: value %zu is not finite", artifact_path(r), name, i);
    return true;
}

/* Opens an input with no data sets but these: what nobody reads was meant to change something. */
static ArtifactReader *open_input(const char *path, const char *const *known, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return NULL;
    TextList names = {0};
    bool good = artifact_names(r, &names) || fail(err, "%s: its data sets cannot be listed; damaged", path);
    for (size_t i = 0; i < names.count && good; i++) {
        if (names_find(known, names.items[i]) != NAMES_NONE) continue;
        char *list = names_join(known, ", ", 0);
        good = fail(err, "%s: %s: no such data set is read here; leave it out, or give it the name of one of: %s", path,
                    names.items[i], list);
        free(list);
    }
    text_list_free(&names);
    if (good) return r;
    artifact_close(r);
    return NULL;
}

static bool write_arrays(const char *out, const char *config, const char *const names[2], const Array *arrays,
                         size_t count, Error *err)
{
    ArtifactWriter *w = artifact_create(out, config, err);
    if (!w) return false;
    for (size_t i = 0; i < count; i++) artifact_write_floats(w, names[i], 4, arrays[i].dim, arrays[i].values);
    return artifact_commit(w, err);
}

/* ---- U-Net ---- */

typedef struct UNetInputs {
    Array sample, times, hidden, guidance;
} UNetInputs;

static void unet_inputs_free(UNetInputs *in)
{
    free(in->sample.values);
    free(in->times.values);
    free(in->hidden.values);
    free(in->guidance.values);
}

static bool read_unet_inputs(const char *path, const UNet *unet, UNetInputs *in, Error *err)
{
    static const char *const known[] = {"sample", "timestep", "encoder_hidden_states", "guidance_w", NULL};
    ArtifactReader *r = open_input(path, known, err);
    if (!r) return false;
    in->sample.dim[1] = unet->config.in_channels;
    bool good = read_array(r, "sample", 4, &in->sample, err);
    in->times.dim[0] = in->hidden.dim[0] = in->guidance.dim[0] = in->sample.dim[0];
    in->hidden.dim[2] = unet->config.down[0].text_width;
    good = good && read_array(r, "timestep", 1, &in->times, err) &&
           read_array(r, "encoder_hidden_states", 3, &in->hidden, err);
    if (good && artifact_has(r, "guidance_w"))
        good = (unet->config.condition_width || fail(err, "%s: guidance_w: this model takes none", path)) &&
               read_array(r, "guidance_w", 1, &in->guidance, err);
    artifact_close(r);
    return good;
}

static bool differ(const Array *a)
{
    for (size_t i = 1; a->values && i < a->dim[0]; i++)
        if (a->values[i] < a->values[0] || a->values[i] > a->values[0]) return true;
    return false;
}

static bool set_texts(UNetRunner *r, const Array *hidden, Error *err)
{
    for (size_t b = 0; b < hidden->dim[0]; b++) {
        UNetText *text = unet_text_new(r, hidden->values + b * hidden->dim[1] * hidden->dim[2], err);
        if (!text) return false;
        unet_set_text(r, b, text);
        unet_text_free(text);
    }
    return true;
}

static bool predict(const UNet *unet, const UNetInputs *in, GraphOptions options, Array *noise, Error *err)
{
    const UNetSize size = {.batch = in->sample.dim[0],
                           .height = in->sample.dim[2],
                           .width = in->sample.dim[3],
                           .tokens = in->hidden.dim[1],
                           .time_per_image = differ(&in->times) || differ(&in->guidance)};
    *noise = (Array){.dim = {size.batch, unet->config.out_channels, size.height, size.width}};
    UNetRunner *r = unet_runner_new(unet, size, options, err);
    const bool good = r && set_texts(r, &in->hidden, err) &&
                      big_alloc(&noise->values, array_size(noise, 4), sizeof(float), "the prediction", err);
    if (good) {
        unet_set_times(r, in->times.values, in->guidance.values);
        unet_run(r, in->sample.values, noise->values);
    }
    unet_runner_free(r);
    return good;
}

bool probe_unet(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                Error *err)
{
    char *folder = model_part(model, "unet");
    UNet *unet = unet_open(folder, err);
    UNetInputs inputs = {0};
    Array noise = {0};
    const bool good = unet && read_unet_inputs(in, unet, &inputs, err) &&
                      predict(unet, &inputs, options, &noise, err) &&
                      write_arrays(out, config, (const char *const[2]){"noise"}, &noise, 1, err);
    unet_inputs_free(&inputs);
    free(noise.values);
    unet_free(unet);
    free(folder);
    return good;
}

/* ---- autoencoder ---- */

static bool read_one(const char *path, const char *name, size_t channels, Array *a, Error *err)
{
    static const char *const known[] = {"latents", "sample", NULL}; /* one file may serve both directions */
    ArtifactReader *r = open_input(path, known, err);
    if (!r) return false;
    a->dim[1] = channels;
    const bool good = read_array(r, name, 4, a, err);
    artifact_close(r);
    return good;
}

static bool decode(const Vae *vae, const Array *latents, GraphOptions options, Array *picture, Error *err)
{
    const size_t *d = latents->dim, factor = vae->config.factor;
    VaeRunner *r = vae_decoder_new(vae, d[0], d[2], d[3], options, err);
    *picture = (Array){.dim = {d[0], vae->config.out_channels, d[2] * factor, d[3] * factor}};
    const bool good = r && big_alloc(&picture->values, array_size(picture, 4), sizeof(float), "the pictures", err);
    if (good) vae_decode(r, latents->values, picture->values);
    vae_runner_free(r);
    return good;
}

bool probe_vae_decode(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                      Error *err)
{
    char *folder = model_part(model, "vae");
    Vae *vae = vae_open(folder, err);
    Array latents = {0}, picture = {0};
    const bool good = vae && read_one(in, "latents", vae->config.latent_channels, &latents, err) &&
                      decode(vae, &latents, options, &picture, err) &&
                      write_arrays(out, config, (const char *const[2]){"sample"}, &picture, 1, err);
    free(latents.values);
    free(picture.values);
    vae_free(vae);
    free(folder);
    return good;
}

static bool encode(const Vae *vae, const char *path, const Array *picture, GraphOptions options, Array moments[2],
                   Error *err)
{
    const size_t *d = picture->dim, factor = vae->config.factor;
    if (d[2] % factor || d[3] % factor)
        return fail(err, "%s: sample: %zu x %zu pixels; multiples of %zu are needed", path, d[2], d[3], factor);
    VaeRunner *r = vae_encoder_new(vae, d[0], d[2] / factor, d[3] / factor, options, err);
    bool good = r != NULL;
    for (size_t i = 0; i < 2 && good; i++) {
        moments[i] = (Array){.dim = {d[0], vae->config.latent_channels, d[2] / factor, d[3] / factor}};
        good = big_alloc(&moments[i].values, array_size(&moments[i], 4), sizeof(float), "the latents", err);
    }
    if (good) vae_encode(r, picture->values, moments[0].values, moments[1].values);
    vae_runner_free(r);
    return good;
}

bool probe_vae_encode(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                      Error *err)
{
    char *folder = model_part(model, "vae");
    Vae *vae = vae_open(folder, err);
    Array picture = {0}, moments[2] = {{.values = NULL}, {.values = NULL}};
    const bool good =
        vae && read_one(in, "sample", vae->config.in_channels, &picture, err) &&
        encode(vae, in, &picture, options, moments, err) &&
        write_arrays(out, config, (const char *const[2]){"mean", "logvar"}, moments, vae->config.is_tiny ? 1 : 2, err);
    free(picture.values);
    free(moments[0].values);
    free(moments[1].values);
    vae_free(vae);
    free(folder);
    return good;
}

/* ---- text ---- */

static bool hidden_of(const Clip *clip, const int32_t *tokens, const size_t dim[3], float *hidden, Error *err)
{
    TextTower *tower = text_tower_new(clip, dim[1], err);
    bool good = tower != NULL;
    for (size_t b = 0; b < dim[0] && good; b++)
        good = text_tower_hidden(tower, tokens + b * dim[1], hidden + b * dim[1] * dim[2], err);
    text_tower_free(tower);
    return good;
}

static bool read_tokens(const char *path, size_t dim[2], int32_t **tokens, Error *err)
{
    ArtifactReader *r = open_input(path, (const char *const[]){"tokens", NULL}, err);
    if (!r) return false;
    const bool good = artifact_read_int32(r, "tokens", 2, dim, tokens, err) &&
                      (dim[0] || fail(err, "%s: tokens: there are no values", path));
    artifact_close(r);
    return good;
}

static bool write_hidden(const char *out, const char *config, const size_t dim[3], const float *hidden, Error *err)
{
    ArtifactWriter *w = artifact_create(out, config, err);
    if (!w) return false;
    artifact_write_floats(w, "hidden", 3, dim, hidden);
    return artifact_commit(w, err);
}

bool probe_text(const char *model, const char *in, const char *out, const char *config, Error *err)
{
    char *folder = model_part(model, "text_encoder");
    Clip *clip = clip_open(folder, err);
    int32_t *tokens = NULL;
    float *hidden = NULL;
    size_t dim[3] = {0, 0, clip ? clip->config.text_width : 0};
    const bool good = clip && read_tokens(in, dim, &tokens, err) &&
                      big_alloc(&hidden, dim[0] * dim[1], dim[2] * sizeof *hidden, "the hidden states", err) &&
                      hidden_of(clip, tokens, dim, hidden, err) && write_hidden(out, config, dim, hidden, err);
    free(tokens);
    free(hidden);
    clip_free(clip);
    free(folder);
    return good;
}
