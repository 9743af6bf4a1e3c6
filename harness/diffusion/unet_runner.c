/* A U-Net's three graphs at work. */
#include "harness/diffusion/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 4096, SIDE_MAX = 4096, TOKENS_MAX = 65536 };

struct UNetRunner {
    const UNet *unet;
    UNetSize size;
    size_t residuals, crosses, rows; /* rows: of the time's graph */
    Graph *text, *time, *step;
    Node *hidden, **text_out;             /* [1, T, D] -> 2 crosses of [1, T, C] */
    Node *waves, *condition, **time_out;  /* [rows, C0], [rows, D] or NULL -> residuals of [rows, C] */
    Node *sample, **times, **texts, *out; /* the step's inputs and its output */
};

struct UNetText {
    size_t floats;
    float *values; /* of all text_out, one after the other */
};

static bool check_size(const UNetSize *s, Error *err)
{
    if (s->batch < 1 || s->batch > BATCH_MAX) return fail_usage(err, "a batch of %zu is not possible", s->batch);
    if (s->height < 1 || s->width < 1 || s->height > SIDE_MAX || s->width > SIDE_MAX)
        return fail_usage(err, "latents of %zu x %zu are not possible; 1 to %d a side are", s->height, s->width,
                          SIDE_MAX);
    return (s->tokens >= 1 && s->tokens <= TOKENS_MAX) ||
           fail_usage(err, "a text of %zu tokens is not possible", s->tokens);
}

static bool build_text(UNetRunner *r, Arithmetic arithmetic, Error *err)
{
    Graph *g = r->text = graph_new((GraphOptions){.arithmetic = arithmetic});
    r->hidden = input(g, "hidden", shape(1, r->size.tokens, r->unet->config.down[0].text_width));
    r->text_out = xcalloc(2 * r->crosses + 1, sizeof(Node *));
    unet_text_nodes(g, r->unet, r->hidden, r->text_out);
    return graph_compile(g, r->text_out, 2 * r->crosses, NULL, err);
}

static bool build_time(UNetRunner *r, Arithmetic arithmetic, Error *err)
{
    const UNetConfig *k = &r->unet->config;
    Graph *g = r->time = graph_new((GraphOptions){.arithmetic = arithmetic});
    r->waves = input(g, "waves", shape(r->rows, k->channels[0]));
    if (k->condition_width) r->condition = input(g, "condition", shape(r->rows, k->condition_width));
    r->time_out = xcalloc(r->residuals + 1, sizeof(Node *));
    unet_time_nodes(g, r->unet, r->waves, r->condition, r->time_out);
    return graph_compile(g, r->time_out, r->residuals, NULL, err);
}

static bool build_step(UNetRunner *r, GraphOptions options, Error *err)
{
    const UNetSize *s = &r->size;
    Graph *g = r->step = graph_new(options);
    r->sample = input(g, "sample", shape(s->batch, s->height, s->width, r->unet->config.in_channels));
    r->times = xcalloc(r->residuals + 1, sizeof(Node *));
    r->texts = xcalloc(2 * r->crosses + 1, sizeof(Node *));
    for (size_t i = 0; i < r->residuals; i++) r->times[i] = input(g, "time", node_shape(r->time_out[i]));
    for (size_t i = 0; i < 2 * r->crosses; i++) {
        Shape text = node_shape(r->text_out[i]);
        text.dim[0] = s->batch;
        r->texts[i] = input(g, "text", text);
    }
    r->out = unet_node(g, r->unet, r->sample, r->times, r->texts);
    return graph_compile(g, &r->out, 1, NULL, err);
}

UNetRunner *unet_runner_new(const UNet *unet, UNetSize size, GraphOptions options, Error *err)
{
    if (!check_size(&size, err)) return NULL;
    UNetRunner *r = xcalloc(1, sizeof *r);
    *r = (UNetRunner){.unet = unet,
                      .size = size,
                      .residuals = unet_residuals(&unet->config),
                      .crosses = unet_crosses(&unet->config),
                      .rows = size.time_per_image ? size.batch : 1};
    if (build_text(r, options.arithmetic, err) && build_time(r, options.arithmetic, err) && build_step(r, options, err))
        return r;
    unet_runner_free(r);
    return NULL;
}

void unet_runner_free(UNetRunner *r)
{
    if (!r) return;
    graph_free(r->text);
    graph_free(r->time);
    graph_free(r->step);
    free(r->text_out);
    free(r->time_out);
    free(r->times);
    free(r->texts);
    free(r);
}

Graph *unet_runner_graph(UNetRunner *r)
{
    return r->step;
}

/* ---- texts ---- */

UNetText *unet_text_new(UNetRunner *r, const float *hidden, Error *err)
{
    const size_t size = shape_size(node_shape(r->hidden));
    for (size_t i = 0; i < size; i++)
        if (!isfinite(hidden[i])) {
            fail(err, "the hidden states of a text are not finite; the text encoder is damaged");
            return NULL;
        }
    UNetText *text = xcalloc(1, sizeof *text);
    for (size_t i = 0; i < 2 * r->crosses; i++) text->floats += shape_size(node_shape(r->text_out[i]));
    if (!big_alloc(&text->values, text->floats + 1, sizeof(float), "the keys and values of a text", err)) {
        unet_text_free(text);
        return NULL;
    }
    memcpy(node_data(r->hidden), hidden, size * sizeof(float));
    graph_forward(r->text);
    float *to = text->values;
    for (size_t i = 0; i < 2 * r->crosses; i++) {
        memcpy(to, node_data(r->text_out[i]), node_bytes(r->text_out[i]));
        to += shape_size(node_shape(r->text_out[i]));
    }
    return text;
}

void unet_text_free(UNetText *text)
{
    if (!text) return;
    free(text->values);
    free(text);
}

void unet_set_text(UNetRunner *r, size_t place, const UNetText *text)
{
    if (place >= r->size.batch) die("unet_set_text: place %zu of a batch of %zu", place, r->size.batch);
    const float *from = text->values;
    for (size_t i = 0; i < 2 * r->crosses; i++) {
        const size_t floats = shape_size(node_shape(r->text_out[i]));
        memcpy(node_data(r->texts[i]) + place * floats, from, floats * sizeof(float));
        from += floats;
    }
}

/* ---- times and steps ---- */

void unet_set_times(UNetRunner *r, const float *times, const float *guidance)
{
    const UNetConfig *k = &r->unet->config;
    if (guidance && !r->condition) die("unet_set_times: this U-Net has no guidance embedding");
    for (size_t i = 0; i < r->rows; i++) {
        unet_time_waves(r->unet, times[i], node_data(r->waves) + i * k->channels[0]);
        if (guidance) unet_guidance_waves(r->unet, guidance[i], node_data(r->condition) + i * k->condition_width);
    }
    if (r->condition && !guidance) memset(node_data(r->condition), 0, node_bytes(r->condition));
    graph_forward(r->time);
    for (size_t i = 0; i < r->residuals; i++)
        memcpy(node_data(r->times[i]), node_data(r->time_out[i]), node_bytes(r->times[i]));
}

void unet_run(UNetRunner *r, const float *sample, float *prediction)
{
    const UNetConfig *k = &r->unet->config;
    const size_t pixels = r->size.height * r->size.width;
    to_channels_last(sample, r->size.batch, k->in_channels, pixels, node_data(r->sample));
    graph_forward(r->step);
    to_channels_first(node_data(r->out), r->size.batch, k->out_channels, pixels, prediction);
}
