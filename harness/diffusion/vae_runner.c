/* An autoencoder's graphs at work. */
#include "harness/diffusion/vae.h"
#include "harness/graph/ops.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH_MAX = 4096, SIDE_MAX = 4096 };

struct VaeRunner {
    const Vae *vae;
    Graph *graph;
    Node *in, *out;
    bool decodes;
};

static VaeRunner *runner_new(const Vae *vae, bool decodes, size_t batch, size_t height, size_t width,
                             GraphOptions options, Error *err)
{
    const VaeConfig *k = &vae->config;
    if (batch < 1 || batch > BATCH_MAX || height < 1 || width < 1 || height > SIDE_MAX || width > SIDE_MAX) {
        fail_usage(err, "%zu latents of %zu x %zu are not possible; 1 to %d, 1 to %d a side are", batch, height, width,
                   BATCH_MAX, SIDE_MAX);
        return NULL;
    }
    VaeRunner *r = xcalloc(1, sizeof *r);
    *r = (VaeRunner){.vae = vae, .graph = graph_new(options), .decodes = decodes};
    if (decodes) {
        r->in = input(r->graph, "latents", shape(batch, height, width, k->latent_channels));
        r->out = vae_decoder_node(r->graph, vae, r->in);
    } else {
        r->in = input(r->graph, "picture", shape(batch, height * k->factor, width * k->factor, k->in_channels));
        r->out = vae_encoder_node(r->graph, vae, r->in);
    }
    if (graph_compile(r->graph, &r->out, 1, NULL, err)) return r;
    vae_runner_free(r);
    return NULL;
}

VaeRunner *vae_decoder_new(const Vae *vae, size_t batch, size_t height, size_t width, GraphOptions options, Error *err)
{
    return runner_new(vae, true, batch, height, width, options, err);
}

VaeRunner *vae_encoder_new(const Vae *vae, size_t batch, size_t height, size_t width, GraphOptions options, Error *err)
{
    return runner_new(vae, false, batch, height, width, options, err);
}

void vae_runner_free(VaeRunner *r)
{
    if (!r) return;
    graph_free(r->graph);
    free(r);
}

Graph *vae_runner_graph(VaeRunner *r)
{
    return r->graph;
}

static void run(VaeRunner *r, const float *values)
{
    const Shape s = node_shape(r->in);
    to_channels_last(values, s.dim[0], s.dim[3], s.dim[1] * s.dim[2], node_data(r->in));
    graph_forward(r->graph);
}

void vae_decode(VaeRunner *r, const float *latents, float *picture)
{
    if (!r->decodes) die("vae_decode by an encoder");
    run(r, latents);
    const Shape s = node_shape(r->out);
    to_channels_first(node_data(r->out), s.dim[0], s.dim[3], s.dim[1] * s.dim[2], picture);
}

/* Channels first .. first + channels - 1 of every pixel of out, channels first. */
static void take_channels(const VaeRunner *r, size_t first, size_t channels, float low, float high, float *to)
{
    const Shape s = node_shape(r->out);
    const size_t pixels = s.dim[1] * s.dim[2];
    const float *from = node_data(r->out);
    for (size_t b = 0; b < s.dim[0]; b++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++) {
                const float v = from[(b * pixels + p) * s.dim[3] + first + c];
                to[(b * channels + c) * pixels + p] = v < low ? low : (v > high ? high : v); /* NaN stays NaN */
            }
}

void vae_encode(VaeRunner *r, const float *picture, float *mean, float *logvar)
{
    const size_t channels = r->vae->config.latent_channels;
    if (r->decodes) die("vae_encode by a decoder");
    run(r, picture);
    take_channels(r, 0, channels, -INFINITY, INFINITY, mean);
    if (!r->vae->config.is_tiny && logvar) take_channels(r, channels, channels, -30, 20, logvar);
}
