/* U-Net and decoder are prepared each in its own way and then measured by one function, through the runners that
 * `generate` uses. */
#include "harness/speed/diffusion_bench.h"

#include "harness/base/clock.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"
#include "harness/graph/random.h"
#include "harness/stages/stage.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { TOKENS = 77, SIZE_USUAL = 512, FACTOR_USUAL = 8, REPEATS_USUAL = 3 };

/* What is measured: a call on arrays, and the graph behind it. */
typedef struct Subject {
    void (*run)(struct Subject *s);
    Graph *graph;
    UNetRunner *unet;
    VaeRunner *vae;
    float *in, *out;
} Subject;

static size_t peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

static bool make_arrays(Subject *s, size_t in, size_t out, Error *err)
{
    if (!big_alloc(&s->in, in, sizeof *s->in, "the input", err) ||
        !big_alloc(&s->out, out, sizeof *s->out, "the output", err))
        return false;
    Random random;
    random_seed(&random, 1);
    random_normal(&random, s->in, in);
    return true;
}

static void measure(Subject *s, const char *what, size_t repeats, DiffusionBenchResult *r, Progress *progress)
{
    progress_begin(progress, what, repeats + 1, "calls");
    s->run(s); /* the first run touches every page */
    progress_step(progress, 1);
    graph_time_operators(s->graph, true);
    r->seconds = 1e30;
    for (size_t i = 0; i < repeats; i++) {
        const double start = seconds_now();
        s->run(s);
        const double seconds = seconds_now() - start;
        if (seconds < r->seconds) r->seconds = seconds;
        progress_step(progress, i + 2);
    }
    progress_end(progress);
    r->flop = graph_cost(s->graph).forward_flop;
    r->kinds = graph_operator_times(s->graph, &r->operators);
    for (size_t k = 0; k < r->kinds; k++) r->operators[k].seconds[0] /= (double)repeats;
    r->peak_bytes = peak_memory();
}

static void subject_free(Subject *s)
{
    unet_runner_free(s->unet);
    vae_runner_free(s->vae);
    free(s->in);
    free(s->out);
}

static bool set_size(const DiffusionBenchOptions *o, size_t own, size_t factor, DiffusionBenchResult *r, Error *err)
{
    r->size = o->size ? o->size : own ? own : SIZE_USUAL;
    return r->size % factor == 0 ||
           fail_usage(err, "pictures of %zu pixels a side are not possible; multiples of %zu are", r->size, factor);
}

/* ---- U-Net ---- */

static void run_unet(Subject *s)
{
    unet_set_times(s->unet, (const float[]){500}, NULL);
    unet_run(s->unet, s->in, s->out);
}

static UNet *open_unet(const DiffusionBenchOptions *o, Error *err)
{
    if (!o->path) {
        const char *config = unet_published(o->arch);
        if (!config) fail_usage(err, "%s: no such U-Net; sd15, sd21 and sd-turbo are known", o->arch);
        return config ? unet_random(o->arch, config, err) : NULL;
    }
    char *folder = model_part(o->path, "unet");
    UNet *unet = unet_open(folder, err);
    free(folder);
    return unet;
}

/* Pixels a latent of the pipeline that the U-Net belongs to; the usual one when it stands alone. */
static bool find_factor(const DiffusionBenchOptions *o, size_t *factor, Error *err)
{
    *factor = FACTOR_USUAL;
    char *folder = o->path ? path_join(o->path, "vae") : NULL;
    Vae *vae = NULL;
    const bool there = folder && path_is_folder(folder);
    if (there) vae = vae_open(folder, err);
    if (vae) *factor = vae->config.factor;
    vae_free(vae);
    free(folder);
    return !there || vae;
}

static bool set_texts(Subject *s, const UNet *unet, size_t batch, Error *err)
{
    const size_t values = TOKENS * unet->config.down[0].text_width;
    float *hidden = xmalloc(values * sizeof *hidden);
    Random random;
    random_seed(&random, 2);
    random_normal(&random, hidden, values);
    UNetText *text = unet_text_new(s->unet, hidden, err);
    for (size_t i = 0; text && i < batch; i++) unet_set_text(s->unet, i, text);
    const bool good = text != NULL;
    unet_text_free(text);
    free(hidden);
    return good;
}

static bool prepare_unet(Subject *s, const UNet *unet, DiffusionBenchOptions *o, DiffusionBenchResult *r, Error *err)
{
    size_t factor;
    if (!find_factor(o, &factor, err) || !set_size(o, unet->config.sample_size * factor, factor, r, err)) return false;
    const size_t side = r->size / factor, pixels = r->batch * side * side;
    const UNetSize size = {.batch = r->batch, .height = side, .width = side, .tokens = TOKENS};
    s->unet = unet_runner_new(unet, size, o->graph, err);
    if (!s->unet || !set_texts(s, unet, r->batch, err)) return false;
    s->graph = unet_runner_graph(s->unet);
    return make_arrays(s, pixels * unet->config.in_channels, pixels * unet->config.out_channels, err);
}

bool unet_bench(DiffusionBenchOptions o, DiffusionBenchResult *r, Progress *progress, Error *err)
{
    *r = (DiffusionBenchResult){.batch = o.batch ? o.batch : 2};
    Subject s = {.run = run_unet};
    UNet *unet = open_unet(&o, err);
    const bool good = unet && prepare_unet(&s, unet, &o, r, err);
    if (good) measure(&s, "U-Net", o.repeats ? o.repeats : REPEATS_USUAL, r, progress);
    subject_free(&s);
    unet_free(unet);
    return good;
}

/* ---- decoder ---- */

static void run_vae(Subject *s)
{
    vae_decode(s->vae, s->in, s->out);
}

static Vae *open_vae(const DiffusionBenchOptions *o, Error *err)
{
    if (!o->path) {
        const char *config = vae_published(o->arch);
        if (!config) fail_usage(err, "%s: no such autoencoder; sd15, sd21, sd-turbo and taesd are known", o->arch);
        return config ? vae_random(o->arch, config, err) : NULL;
    }
    char *folder = model_part(o->path, "vae");
    Vae *vae = vae_open(folder, err);
    free(folder);
    return vae;
}

/* The size a pipeline's pictures have; an autoencoder of its own does not say. */
static bool own_size(const DiffusionBenchOptions *o, size_t factor, size_t *size, Error *err)
{
    *size = 0;
    char *folder = o->path ? path_join(o->path, "unet") : NULL;
    UNet *unet = NULL;
    const bool there = folder && path_is_folder(folder);
    if (there) unet = unet_open(folder, err);
    if (unet) *size = unet->config.sample_size * factor;
    unet_free(unet);
    free(folder);
    return !there || unet;
}

static bool prepare_vae(Subject *s, const Vae *vae, DiffusionBenchOptions *o, DiffusionBenchResult *r, Error *err)
{
    const VaeConfig *k = &vae->config;
    size_t own;
    if (!own_size(o, k->factor, &own, err) || !set_size(o, own, k->factor, r, err)) return false;
    const size_t side = r->size / k->factor, pixels = r->size * r->size;
    s->vae = vae_decoder_new(vae, r->batch, side, side, o->graph, err);
    if (!s->vae) return false;
    s->graph = vae_runner_graph(s->vae);
    return make_arrays(s, r->batch * side * side * k->latent_channels, r->batch * pixels * k->out_channels, err);
}

bool vae_bench(DiffusionBenchOptions o, DiffusionBenchResult *r, Progress *progress, Error *err)
{
    *r = (DiffusionBenchResult){.batch = o.batch ? o.batch : 1};
    Subject s = {.run = run_vae};
    Vae *vae = open_vae(&o, err);
    const bool good = vae && prepare_vae(&s, vae, &o, r, err);
    if (good) measure(&s, "decoder", o.repeats ? o.repeats : REPEATS_USUAL, r, progress);
    subject_free(&s);
    vae_free(vae);
    return good;
}
