/* The list of a model's weights: filling it, drawing it, finding in it. */
#include "harness/diffusion/diffusion_weights.h"

#include "harness/base/half.h"
#include "harness/graph/random.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void grow(WeightSet *set)
{
    if (set->count < set->capacity) return;
    set->capacity = set->capacity ? 2 * set->capacity : 256;
    set->weights = xrealloc(set->weights, set->capacity * sizeof *set->weights);
    set->start = xrealloc(set->start, set->capacity * sizeof *set->start);
    set->bound = xrealloc(set->bound, set->capacity * sizeof *set->bound);
}

Name name_of(const char *format, ...)
{
    Name name;
    va_list arguments;
    va_start(arguments, format);
    const int bytes = vsnprintf(name.text, sizeof name.text, format, arguments);
    va_end(arguments);
    if (bytes < 0 || bytes >= NAME_BYTES) die("the name of a weight is too long: %s", name.text);
    return name;
}

void weights_need(WeightSet *set, const char *name, Shape s, WeightStart start, size_t fan_in)
{
    grow(set);
    set->weights[set->count] = (Parameter){.name = xstrdup(name), .shape = s, .frozen = true};
    set->start[set->count] = start;
    set->bound[set->count] = start == START_UNIFORM ? 1 / sqrtf((float)fan_in) : 0;
    set->count++;
}

void weights_need_conv(WeightSet *set, const char *name, size_t in, size_t out, size_t kernel, bool bias)
{
    const size_t fan_in = in * kernel * kernel;
    weights_need(set, NAME("%s.weight", name), shape(out, in, kernel, kernel), START_UNIFORM, fan_in);
    if (bias) weights_need(set, NAME("%s.bias", name), shape(out), START_UNIFORM, fan_in);
}

void weights_need_linear(WeightSet *set, const char *name, size_t in, size_t out, bool bias)
{
    weights_need(set, NAME("%s.weight", name), shape(out, in), START_UNIFORM, in);
    if (bias) weights_need(set, NAME("%s.bias", name), shape(out), START_UNIFORM, in);
}

void weights_need_norm(WeightSet *set, const char *name, size_t channels)
{
    weights_need(set, NAME("%s.weight", name), shape(channels), START_ONE, 0);
    weights_need(set, NAME("%s.bias", name), shape(channels), START_ZERO, 0);
}

/* ---- drawing ---- */

static void draw(Random *random, WeightStart start, float bound, float *values, size_t n)
{
    if (start == START_UNIFORM) random_uniform(random, values, n);
    for (size_t i = 0; i < n; i++)
        values[i] = start == START_UNIFORM ? bound * (2 * values[i] - 1) : (start == START_ONE ? 1.0f : 0.0f);
}

bool weights_draw(WeightSet *set, uint64_t seed, Error *err)
{
    Random random;
    random_seed(&random, seed);
    for (size_t i = 0; i < set->count; i++) {
        Parameter drawn, *p = &set->weights[i];
        if (!parameter_init(&drawn, p->name, p->shape, err)) return false;
        parameter_free(p);
        *p = drawn;
        draw(&random, set->start[i], set->bound[i], p->value, shape_size(p->shape));
    }
    return true;
}

/* Parameter.load of weights_random */
static bool draw_on_demand(Parameter *p, Error *err)
{
    const WeightSet *set = p->source;
    const size_t place = (size_t)(p - set->weights);
    Random random;
    random_seed(&random, place);
    if (!big_alloc(&p->value, shape_size(p->shape), sizeof *p->value, p->name, err)) return false;
    draw(&random, set->start[place], set->bound[place], p->value, shape_size(p->shape));
    for (size_t i = 0; i < shape_size(p->shape); i++) p->value[i] = half_to_float(float_to_half(p->value[i]));
    return true;
}

void weights_random(WeightSet *set)
{
    for (size_t i = 0; i < set->count; i++) {
        set->weights[i].load = draw_on_demand;
        set->weights[i].source = set;
    }
}

void weights_freeze(WeightSet *set, bool frozen)
{
    for (size_t i = 0; i < set->count; i++) set->weights[i].frozen = frozen;
}

/* ---- finding ---- */

static int by_name(const void *a, const void *b, void *set)
{
    const Parameter *weights = ((const WeightSet *)set)->weights;
    return strcmp(weights[*(const size_t *)a].name, weights[*(const size_t *)b].name);
}

static void sort(WeightSet *set)
{
    set->sorted = xmalloc((set->count + 1) * sizeof *set->sorted);
    for (size_t i = 0; i < set->count; i++) set->sorted[i] = i;
    qsort_r(set->sorted, set->count, sizeof *set->sorted, by_name, set);
}

Parameter *weights_find(const WeightSet *set, const char *name)
{
    if (!set->sorted) sort((WeightSet *)(uintptr_t)set); /* an index is no change that a reader sees */
    size_t low = 0, high = set->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        Parameter *p = &set->weights[set->sorted[middle]];
        const int order = strcmp(name, p->name);
        if (order == 0) return p;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static Node *node_or_null(Graph *g, const WeightSet *set, const char *name)
{
    Parameter *p = weights_find(set, name);
    return p ? parameter(g, p) : NULL;
}

Node *weights_node(Graph *g, const WeightSet *set, const char *name)
{
    Node *node = node_or_null(g, set, name);
    if (!node) die("%s: no weight \"%s\" in this model", set->folder ? set->folder : "a new model", name);
    return node;
}

void weights_free(WeightSet *set)
{
    for (size_t i = 0; i < set->count; i++) parameter_free(&set->weights[i]);
    tensor_file_close(set->tensors);
    free(set->weights);
    free(set->start);
    free(set->bound);
    free(set->sorted);
    free(set->folder);
    free(set->file);
    *set = (WeightSet){0};
}

/* ---- layers ---- */

Node *conv_layer(Graph *g, const WeightSet *set, const char *name, Node *x, ConvOptions options)
{
    return conv2d(g, x, weights_node(g, set, NAME("%s.weight", name)), node_or_null(g, set, NAME("%s.bias", name)),
                  options);
}

Node *linear_layer(Graph *g, const WeightSet *set, const char *name, Node *x)
{
    return linear(g, x, weights_node(g, set, NAME("%s.weight", name)), node_or_null(g, set, NAME("%s.bias", name)));
}

Node *group_norm_layer(Graph *g, const WeightSet *set, const char *name, Node *x, size_t groups, float eps)
{
    return group_norm(g, x, weights_node(g, set, NAME("%s.weight", name)), weights_node(g, set, NAME("%s.bias", name)),
                      (int)groups, eps);
}

Node *layer_norm_layer(Graph *g, const WeightSet *set, const char *name, Node *x)
{
    return layer_norm(g, x, weights_node(g, set, NAME("%s.weight", name)), weights_node(g, set, NAME("%s.bias", name)),
                      1e-5f);
}

/* ---- channels first and last ---- */

void to_channels_last(const float *from, size_t batch, size_t channels, size_t pixels, float *to)
{
    for (size_t b = 0; b < batch; b++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                to[(b * pixels + p) * channels + c] = from[(b * channels + c) * pixels + p];
}

void to_channels_first(const float *from, size_t batch, size_t channels, size_t pixels, float *to)
{
    for (size_t b = 0; b < batch; b++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                to[(b * channels + c) * pixels + p] = from[(b * pixels + p) * channels + c];
}
