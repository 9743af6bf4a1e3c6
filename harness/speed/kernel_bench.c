/* Both ways of a product, and both of a convolution, are timed on the same arrays; the rule's own choice is marked, so
 * that a machine where it is the wrong one shows it. */
#include "harness/speed/kernel_bench.h"

#include "harness/base/memory.h"
#include "harness/graph/op_attention.h"
#include "harness/graph/panel_linear.h"
#include "harness/graph/winograd.h"

#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS_MIN = 5, RUNS_MAX = 50 };
static const double enough_seconds = 0.5;

/* Something that can be run again and again. */
typedef struct Work {
    void (*run)(const void *context);
    const void *context;
} Work;

/* Seconds of the fastest run: at least RUNS_MIN, then more until half a second is spent. */
static double best_seconds(Work work)
{
    double best = 0, spent = 0;
    work.run(work.context); /* pages and caches */
    for (int run = 0; run < RUNS_MAX && (run < RUNS_MIN || spent < enough_seconds); run++) {
        const double start = omp_get_wtime();
        work.run(work.context);
        const double seconds = omp_get_wtime() - start;
        if (run == 0 || seconds < best) best = seconds;
        spent += seconds;
    }
    return best;
}

/* Values whose products neither overflow nor are all the same; their speed does not depend on them. */
static void fill_values(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) values[i] = (float)(i % 17) * 0.125f - 1.0f;
}

static bool make_values(float **values, size_t n, Error *err)
{
    if (!big_alloc(values, n, sizeof **values, "arrays to measure with", err)) return false;
    fill_values(*values, n);
    return true;
}

static void fill_row(BenchRow *row, size_t batch, double seconds, double flop, double rate, size_t bytes)
{
    row->batch = batch, row->seconds = seconds, row->peak_bytes = bytes;
    row->gflops = flop / seconds * 1e-9;
    row->share = row->gflops / rate;
}

/* ---- matrix products ---- */

typedef struct ProductSize {
    size_t rows, in, out;
    const char *where;
} ProductSize;

typedef struct ProductWork {
    ProductSize size;
    LinearKernel *packed;
    PanelLinear *panels; /* NULL where they do not suit */
    float *x, *weight, *y, *scratch;
} ProductWork;

static void run_packed(const void *context)
{
    const ProductWork *w = context;
    onednn_linear_run(w->packed, w->x, NULL, NULL, w->y);
}

static void run_panels(const void *context)
{
    const ProductWork *w = context;
    panel_linear_run(w->panels, w->x, NULL, NULL, w->y, w->scratch);
}

static void run_sgemm(const void *context)
{
    const ProductWork *w = context;
    const size_t in = w->size.in, out = w->size.out;
    onednn_sgemm(false, true, w->size.rows, out, in, 1, w->x, in, w->weight, in, 0, w->y, out);
}

static bool product_work_make(ProductWork *w, ProductSize s, Error *err)
{
    *w = (ProductWork){.size = s};
    if (!make_values(&w->x, s.rows * s.in, err) || !make_values(&w->weight, s.in * s.out, err) ||
        !make_values(&w->y, s.rows * s.out, err))
        return false;
    w->packed = onednn_linear_new(s.rows, s.in, s.out, (Epilogue){0}, w->weight, err);
    if (!w->packed || !panel_linear_suits(s.rows, s.in, s.out)) return w->packed != NULL;
    w->panels = panel_linear_new(s.rows, s.in, s.out, (Epilogue){0}, w->weight, err);
    return w->panels && make_values(&w->scratch, panel_linear_scratch(w->panels), err);
}

static void product_work_free(ProductWork *w)
{
    onednn_linear_free(w->packed);
    panel_linear_free(w->panels);
    free(w->x), free(w->weight), free(w->y), free(w->scratch);
}

static double product_flop(ProductSize s)
{
    return 2.0 * (double)s.rows * (double)s.in * (double)s.out;
}

bool bench_product_rate(double *gflops, Error *err)
{
    ProductWork w;
    const ProductSize size = {1536, 1536, 1536, ""};
    const bool ok = product_work_make(&w, size, err);
    if (ok) {
        const double packed = best_seconds((Work){run_packed, &w}), plain = best_seconds((Work){run_sgemm, &w});
        *gflops = product_flop(size) / (packed < plain ? packed : plain) * 1e-9;
    }
    product_work_free(&w);
    return ok;
}

enum { WAYS_MAX = 3 };

/* One row a way; *count moves behind them. */
static bool product_rows(BenchRow *rows, size_t *count, ProductSize s, double rate, Error *err)
{
    ProductWork w;
    const bool ok = product_work_make(&w, s, err);
    const size_t bytes = (s.rows * s.in + s.in * s.out + s.rows * s.out) * sizeof(float);
    const struct {
        const char *name;
        void (*run)(const void *context);
        size_t bytes;
    } ways[WAYS_MAX] = {{"packed", run_packed, ok ? onednn_linear_bytes(w.packed) : 0},
                        {"sgemm", run_sgemm, 0},
                        {"panels", run_panels, ok && w.panels ? panel_linear_bytes(w.panels) : 0}};
    for (int i = 0; ok && i < (w.panels ? WAYS_MAX : WAYS_MAX - 1); i++) {
        BenchRow *row = &rows[(*count)++];
        snprintf(row->name, sizeof row->name, "%zux%zux%zu %s", s.rows, s.in, s.out, ways[i].name);
        snprintf(row->remark, sizeof row->remark, "%s", s.where);
        fill_row(row, 1, best_seconds((Work){ways[i].run, &w}), product_flop(s), rate, bytes + ways[i].bytes);
    }
    product_work_free(&w);
    return ok;
}

bool bench_matmul(BenchRow **rows, size_t *count, Error *err)
{
    static const ProductSize sizes[] = {
        {1536, 1536, 1536, "large and square"},     {1576, 768, 2304, "ViT-B/16, batch 8: q, k, v"},
        {1576, 768, 768, "ViT-B/16: output"},       {1576, 768, 3072, "ViT-B/16: up"},
        {1576, 3072, 768, "ViT-B/16: down"},        {25088, 64, 256, "RN50, batch 8: 1x1, stage 1"},
        {1568, 1024, 256, "RN50: 1x1, stage 3"},    {392, 2048, 512, "RN50: 1x1, stage 4"},
        {616, 512, 2048, "text tower, 8 captions"}, {80, 512, 2048, "text tower, one position of 80"},
        {154, 640, 768, "U-Net, 2 prompts"},
    };
    enum { SIZES = sizeof sizes / sizeof *sizes };
    double rate;
    if (!bench_product_rate(&rate, err)) return false;
    *rows = xcalloc(WAYS_MAX * SIZES, sizeof **rows), *count = 0;
    for (size_t i = 0; i < SIZES; i++) {
        if (product_rows(*rows, count, sizes[i], rate, err)) continue;
        free(*rows), *rows = NULL;
        return false;
    }
    return true;
}

/* ---- attention ---- */

typedef struct AttentionSize {
    size_t batch, queries, keys, heads, depth;
    const char *where;
} AttentionSize;

/* By tiles, or as attention() chooses. NULL on failure. */
static Graph *attention_graph(const AttentionSize *s, bool by_tiles, Error *err)
{
    Graph *g = graph_new((GraphOptions){0});
    const size_t width = s->heads * s->depth;
    Node *in[3];
    for (int i = 0; i < 3; i++) in[i] = input(g, "x", shape(s->batch, i == 0 ? s->queries : s->keys, width));
    Node *y = by_tiles ? attention_with_tiles(g, in[0], in[1], in[2], (int)s->heads, ATTEND_ALL, 0, 0)
                       : attention(g, in[0], in[1], in[2], (int)s->heads, ATTEND_ALL);
    if (graph_compile(g, &y, 1, NULL, err)) {
        for (int i = 0; i < 3; i++) fill_values(node_data(in[i]), node_bytes(in[i]) / sizeof(float));
        return g;
    }
    graph_free(g);
    return NULL;
}

static void run_graph(const void *context)
{
    graph_forward((Graph *)(uintptr_t)context);
}

static bool attention_rows(BenchRow rows[2], const AttentionSize *s, double rate, Error *err)
{
    static const char *const ways[] = {"tiles", "chosen"};
    for (int i = 0; i < 2; i++) {
        Graph *g = attention_graph(s, i == 0, err);
        if (!g) return false;
        const GraphCost cost = graph_cost(g);
        snprintf(rows[i].name, sizeof rows[i].name, "%zux%zu, %zu heads of %zu %s", s->queries, s->keys, s->heads,
                 s->depth, ways[i]);
        snprintf(rows[i].remark, sizeof rows[i].remark, "%s", s->where);
        fill_row(&rows[i], s->batch, best_seconds((Work){run_graph, g}), cost.forward_flop, rate, cost.buffer_bytes);
        graph_free(g);
    }
    return true;
}

bool bench_attention(BenchRow **rows, size_t *count, Error *err)
{
    static const AttentionSize sizes[] = {
        {1, 4096, 4096, 8, 40, "SD 1.5, 64x64: itself"}, {2, 4096, 77, 8, 40, "SD 1.5, 64x64: text"},
        {2, 1024, 1024, 8, 80, "SD 1.5, 32x32: itself"}, {1, 2304, 2304, 10, 64, "SD 2.1, 48x48: itself"},
        {8, 197, 197, 12, 64, "ViT-B/16, batch 8"},      {64, 256, 256, 4, 16, "the embedded U-Net"},
    };
    enum { SIZES = sizeof sizes / sizeof *sizes };
    double rate;
    if (!bench_product_rate(&rate, err)) return false;
    *rows = xcalloc(2 * SIZES, sizeof **rows), *count = 2 * SIZES;
    for (size_t i = 0; i < SIZES; i++) {
        if (attention_rows(*rows + 2 * i, &sizes[i], rate, err)) continue;
        free(*rows), *rows = NULL;
        return false;
    }
    return true;
}

/* ---- convolutions ---- */

typedef struct ConvWork {
    ConvKernel *direct;
    Winograd *winograd;
    float *x, *weight, *y, *scratch;
} ConvWork;

static void run_direct(const void *context)
{
    const ConvWork *w = context;
    onednn_conv_run(w->direct, &(ConvCall){.x = w->x, .out = w->y});
}

static void run_winograd(const void *context)
{
    const ConvWork *w = context;
    winograd_run(w->winograd, (Epilogue){0}, w->x, NULL, NULL, w->y, w->scratch);
}

static bool conv_work_make(ConvWork *w, const ConvShape *s, Error *err)
{
    *w = (ConvWork){0};
    const size_t pixels = s->batch * s->height * s->width;
    if (!make_values(&w->x, pixels * s->in, err) || !make_values(&w->weight, 9 * s->in * s->out, err) ||
        !make_values(&w->y, pixels * s->out, err))
        return false;
    w->direct = onednn_conv_new(*s, CONV_FORWARD, (Epilogue){0}, w->weight, err);
    if (!w->direct) return false;
    w->winograd = winograd_new(*s, CONV_FORWARD, w->weight, err);
    return w->winograd && make_values(&w->scratch, winograd_scratch(w->winograd), err);
}

static void conv_work_free(ConvWork *w)
{
    onednn_conv_free(w->direct);
    winograd_free(w->winograd);
    free(w->x), free(w->weight), free(w->y), free(w->scratch);
}

static bool conv_rows(BenchRow rows[2], const ConvShape *s, double rate, Error *err)
{
    ConvWork w;
    const bool ok = conv_work_make(&w, s, err);
    if (ok) {
        const size_t pixels = s->batch * s->height * s->width;
        const size_t bytes = (pixels * (s->in + s->out) + 9 * s->in * s->out) * sizeof(float);
        const double flop = 18.0 * (double)pixels * (double)(s->in * s->out);
        static const char *const ways[] = {"direct", "winograd"};
        for (int i = 0; i < 2; i++)
            snprintf(rows[i].name, sizeof rows[i].name, "%zu->%zu %zux%zu %s", s->in, s->out, s->height, s->width,
                     ways[i]);
        fill_row(&rows[0], s->batch, best_seconds((Work){run_direct, &w}), flop, rate,
                 bytes + onednn_conv_bytes(w.direct));
        fill_row(&rows[1], s->batch, best_seconds((Work){run_winograd, &w}), flop, rate,
                 bytes + winograd_bytes(w.winograd) + winograd_scratch(w.winograd) * sizeof(float));
        BenchRow *chosen = &rows[winograd_suits(s)];
        snprintf(chosen->remark, sizeof chosen->remark, "chosen, %.2f times the other",
                 rows[!winograd_suits(s)].seconds / chosen->seconds);
    }
    conv_work_free(&w);
    return ok;
}

bool bench_conv(BenchRow **rows, size_t *count, Error *err)
{
    static const struct {
        size_t batch, side, in, out;
    } sizes[] = {
        {8, 112, 32, 32},   {8, 112, 32, 64},   {8, 56, 64, 64},   {8, 28, 128, 128},   {8, 14, 256, 256},
        {8, 7, 512, 512},   {128, 32, 16, 16},  {128, 32, 16, 32}, {128, 16, 32, 32},   {128, 16, 64, 64},
        {128, 8, 64, 64},   {2, 64, 320, 320},  {2, 32, 640, 640}, {2, 16, 1280, 1280}, {2, 8, 1280, 1280},
        {1, 128, 512, 512}, {1, 256, 128, 128},
    };
    enum { SIZES = sizeof sizes / sizeof *sizes };
    double rate;
    if (!bench_product_rate(&rate, err)) return false;
    *rows = xcalloc(2 * SIZES, sizeof **rows), *count = 2 * SIZES;
    for (size_t i = 0; i < SIZES; i++) {
        const ConvShape s = {.batch = sizes[i].batch,
                             .height = sizes[i].side,
                             .width = sizes[i].side,
                             .in = sizes[i].in,
                             .out = sizes[i].out,
                             .kernel_h = 3,
                             .kernel_w = 3,
                             .stride = 1,
                             .padding = 1};
        if (conv_rows(*rows + 2 * i, &s, rate, err)) continue;
        free(*rows), *rows = NULL;
        return false;
    }
    return true;
}
