/* From below to above: what differs between oneDNN 2 and 3; the engine; a Step, one primitive with its arguments,
 * whose arrays are bound anew at each run; a Packing, weights in the primitive's own layout and the reorder there or
 * back; and of these, products and convolutions. */
#include "harness/graph/onednn.h"

#include "harness/base/memory.h"
#include "harness/graph/epilogue.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANK_MAX = 4 };

/* Strides and paddings of a convolution as oneDNN takes them: before and after the values of an axis. */
typedef struct Geometry {
    dnnl_dims_t strides, dilates, before, after;
} Geometry;

/* oneDNN 2 and 3 make code in memory that they do not check to be there: room for a kernel and its buffers is looked for first. */
static bool has_room(void)
{
    return memory_is_left((size_t)32 << 20);
}

/* In the middle of computing nobody can answer with an Error. */
static void check_status(dnnl_status_t status, const char *what)
{
    if (status == dnnl_out_of_memory)
        stop_short("oneDNN is out of memory for %s; use a smaller batch or fewer --threads", what);
    if (status != dnnl_success) die("oneDNN: %s failed with status %d", what, (int)status);
}

/* ---- what differs between oneDNN 2.x and 3.x: array descriptors are structs or handles, and primitives are described
 * in two steps or in one. An ArrayDesc is owned and passed as a pointer in both. ---- */

#if DNNL_VERSION_MAJOR < 3

typedef dnnl_memory_desc_t *ArrayDesc;
typedef const dnnl_memory_desc_t *ArrayRef;

static ArrayDesc array_new(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    ArrayDesc d = xmalloc(sizeof *d);
    check_status(dnnl_memory_desc_init_by_tag(d, rank, dims, dnnl_f32, tag), "an array's shape");
    return d;
}

static void array_free(ArrayDesc d)
{
    free(d);
}

static dnnl_status_t append_activation(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0f, kind, alpha, 0.0f);
}

static dnnl_status_t describe_linear(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x, ArrayRef weight,
                                     ArrayRef bias, ArrayRef y, dnnl_primitive_attr_t attr)
{
    dnnl_inner_product_desc_t d;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(&d, dnnl_forward_inference, x, weight, bias, y);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, NULL) : status;
}

static dnnl_status_t describe_conv(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x, ArrayRef weight,
                                   ArrayRef bias, ArrayRef y, const Geometry *g, dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t d;
    dnnl_status_t status = dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, dnnl_convolution_direct, x,
                                                              weight, bias, y, g->strides, g->before, g->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, NULL) : status;
}

static dnnl_status_t describe_conv_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef dx, ArrayRef weight,
                                        ArrayRef dy, const Geometry *g, dnnl_primitive_desc_t forward,
                                        dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t d;
    dnnl_status_t status = dnnl_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, dx, weight, dy,
                                                                    g->strides, g->before, g->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, forward) : status;
}

static dnnl_status_t describe_conv_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x,
                                           ArrayRef dweight, ArrayRef dbias, ArrayRef dy, const Geometry *g,
                                           dnnl_primitive_desc_t forward, dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t d;
    dnnl_status_t status = dnnl_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, x, dweight, dbias,
                                                                       dy, g->strides, g->before, g->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, forward) : status;
}

#else

typedef dnnl_memory_desc_t ArrayDesc;
typedef const_dnnl_memory_desc_t ArrayRef;

static ArrayDesc array_new(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    ArrayDesc d = NULL;
    check_status(dnnl_memory_desc_create_with_tag(&d, rank, dims, dnnl_f32, tag), "an array's shape");
    return d;
}

static void array_free(ArrayDesc d)
{
    if (d) dnnl_memory_desc_destroy(d);
}

static dnnl_status_t append_activation(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(ops, kind, alpha, 0.0f);
}

static dnnl_status_t describe_linear(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x, ArrayRef weight,
                                     ArrayRef bias, ArrayRef y, dnnl_primitive_attr_t attr)
{
    return dnnl_inner_product_forward_primitive_desc_create(pd, engine, dnnl_forward_inference, x, weight, bias, y,
                                                            attr);
}

static dnnl_status_t describe_conv(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x, ArrayRef weight,
                                   ArrayRef bias, ArrayRef y, const Geometry *g, dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_forward_primitive_desc_create(pd, engine, dnnl_forward_training, dnnl_convolution_direct, x,
                                                          weight, bias, y, g->strides, g->dilates, g->before, g->after,
                                                          attr);
}

static dnnl_status_t describe_conv_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef dx, ArrayRef weight,
                                        ArrayRef dy, const Geometry *g, dnnl_primitive_desc_t forward,
                                        dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_backward_data_primitive_desc_create(pd, engine, dnnl_convolution_direct, dx, weight, dy,
                                                                g->strides, g->dilates, g->before, g->after, forward,
                                                                attr);
}

static dnnl_status_t describe_conv_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, ArrayRef x,
                                           ArrayRef dweight, ArrayRef dbias, ArrayRef dy, const Geometry *g,
                                           dnnl_primitive_desc_t forward, dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_backward_weights_primitive_desc_create(pd, engine, dnnl_convolution_direct, x, dweight,
                                                                   dbias, dy, g->strides, g->dilates, g->before,
                                                                   g->after, forward, attr);
}

#endif

/* ---- engine ---- */

static struct {
    pthread_once_t once;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
} onednn = {.once = PTHREAD_ONCE_INIT};

static void make_engine(void)
{
    if (dnnl_engine_create(&onednn.engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&onednn.stream, onednn.engine, dnnl_stream_default_flags) != dnnl_success)
        stop_short("oneDNN finds no usable CPU engine; the machine may be out of memory");
}

static dnnl_engine_t engine_of_program(void)
{
    pthread_once(&onednn.once, make_engine);
    return onednn.engine;
}

const char *onednn_version(void)
{
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

const char *onednn_instructions(void)
{
    static const char prefix[] = "cpu_isa_";
    const char *name = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    return strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : name;
}

void onednn_sgemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a,
                  size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    dnnl_status_t status = dnnl_out_of_memory;
    if (has_room())
        status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', (dnnl_dim_t)m, (dnnl_dim_t)n,
                            (dnnl_dim_t)k, alpha, a, (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, beta, c, (dnnl_dim_t)ldc);
    check_status(status, "a product");
}

/* ---- one primitive with its arguments ---- */

enum { ARGS_MAX = 6 };

typedef struct Step {
    dnnl_primitive_t primitive; /* NULL: nothing to do */
    dnnl_exec_arg_t args[ARGS_MAX];
    int count;
    void *scratchpad;
} Step;

/* Adds an argument; without memory of its own (NULL) it is bound at each run. */
static bool step_add(Step *s, int arg, ArrayRef array, void *data)
{
    if (s->count == ARGS_MAX) die("a oneDNN step has more than %d arguments", ARGS_MAX);
    dnnl_memory_t memory = NULL;
    if (dnnl_memory_create(&memory, array, engine_of_program(), data) != dnnl_success) return false;
    s->args[s->count++] = (dnnl_exec_arg_t){.arg = arg, .memory = memory};
    return true;
}

static void step_bind(Step *s, int arg, const void *data)
{
    for (int i = 0; i < s->count; i++)
        if (s->args[i].arg == arg) dnnl_memory_set_data_handle(s->args[i].memory, (void *)(size_t)data);
}

static void step_run(const Step *s)
{
    const dnnl_status_t status = dnnl_primitive_execute(s->primitive, onednn.stream, s->count, s->args);
    check_status(status, "a primitive");
    check_status(dnnl_stream_wait(onednn.stream), "a primitive");
}

static void step_free(Step *s)
{
    for (int i = 0; i < s->count; i++) dnnl_memory_destroy(s->args[i].memory);
    if (s->primitive) dnnl_primitive_destroy(s->primitive);
    free(s->scratchpad);
    *s = (Step){0};
}

/* Makes the primitive of a description, with a scratchpad of its own. Consumes nothing. */
static bool step_make(Step *s, const_dnnl_primitive_desc_t pd, const char *what, Error *err)
{
    if (!has_room() || dnnl_primitive_create(&s->primitive, pd) != dnnl_success)
        return fail(err, "oneDNN cannot make a %s; the machine may be out of memory", what);
    ArrayRef scratchpad = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const size_t bytes = scratchpad ? dnnl_memory_desc_get_size(scratchpad) : 0;
    if (bytes == 0) return true;
    if (!big_alloc(&s->scratchpad, bytes, 1, "scratch memory of a oneDNN primitive", err)) return false;
    if (!step_add(s, DNNL_ARG_SCRATCHPAD, scratchpad, s->scratchpad)) return fail(err, "oneDNN is out of memory");
    return true;
}

static bool reorder_make(Step *s, ArrayRef from, ArrayRef to, Error *err)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_engine_t engine = engine_of_program();
    if (dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL) != dnnl_success)
        return fail(err, "oneDNN cannot reorder these weights");
    bool ok = step_make(s, pd, "reorder", err);
    dnnl_primitive_desc_destroy(pd);
    if (ok && !(step_add(s, DNNL_ARG_FROM, from, NULL) && step_add(s, DNNL_ARG_TO, to, NULL)))
        ok = fail(err, "oneDNN is out of memory");
    return ok;
}

/* ---- epilogues as post-operations ---- */

static void add_activation(dnnl_post_ops_t ops, Activation activation)
{
    static const struct {
        dnnl_alg_kind_t kind;
        float alpha;
    } kinds[] = {
        [ACT_RELU] = {dnnl_eltwise_relu, 0},           [ACT_GELU] = {dnnl_eltwise_gelu_erf, 0},
        [ACT_GELU_TANH] = {dnnl_eltwise_gelu_tanh, 0}, [ACT_QUICK_GELU] = {dnnl_eltwise_swish, 1.702f},
        [ACT_SILU] = {dnnl_eltwise_swish, 1},
    };
    if (activation == ACT_NONE) return;
    check_status(append_activation(ops, kinds[activation].kind, kinds[activation].alpha), "an activation");
}

/* Where the residual stands among the post-operations, for DNNL_ARG_ATTR_MULTIPLE_POST_OP. */
static int residual_arg(Epilogue e)
{
    const int position = e.activation_first && e.activation != ACT_NONE ? 1 : 0;
    return DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1;
}

/* The caller destroys the attributes. `y` describes the output and with it the residual. */
static dnnl_primitive_attr_t epilogue_attributes(Epilogue e, ArrayRef y)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    if (dnnl_primitive_attr_create(&attr) != dnnl_success || dnnl_post_ops_create(&ops) != dnnl_success)
        stop_short("oneDNN is out of memory; use a smaller batch or fewer --threads");
    if (e.activation_first) add_activation(ops, e.activation);
    if (e.residual) check_status(dnnl_post_ops_append_binary(ops, dnnl_binary_add, y), "a residual");
    if (!e.activation_first) add_activation(ops, e.activation);
    check_status(dnnl_primitive_attr_set_post_ops(attr, ops), "attributes");
    check_status(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), "attributes");
    dnnl_post_ops_destroy(ops);
    return attr;
}

/* ---- packed weights ---- */

/* Weights in the layout that a primitive likes best, and the reorder that brings them there (backward by weights: from
 * there back to the plain layout). */
typedef struct Packing {
    Step reorder;
    void *data;
    size_t bytes;
} Packing;

static bool packing_make(Packing *p, ArrayRef plain, ArrayRef packed, bool unpack, Error *err)
{
    p->bytes = dnnl_memory_desc_get_size(packed);
    if (!big_alloc(&p->data, p->bytes, 1, "packed weights", err)) return false;
    if (!(unpack ? reorder_make(&p->reorder, packed, plain, err) : reorder_make(&p->reorder, plain, packed, err)))
        return false;
    step_bind(&p->reorder, unpack ? DNNL_ARG_FROM : DNNL_ARG_TO, p->data);
    return true;
}

static void packing_run(Packing *p, const float *plain)
{
    step_bind(&p->reorder, DNNL_ARG_FROM, plain);
    step_run(&p->reorder);
}

static void packing_undo(Packing *p, float *plain)
{
    step_bind(&p->reorder, DNNL_ARG_TO, plain);
    step_run(&p->reorder);
}

static void packing_free(Packing *p)
{
    step_free(&p->reorder);
    free(p->data);
}

/* ---- linear ---- */

struct LinearKernel {
    Epilogue epilogue;
    Step step;
    Packing packing;
};

static bool linear_add_arguments(LinearKernel *k, const_dnnl_primitive_desc_t pd, ArrayRef x, ArrayRef bias, ArrayRef y)
{
    ArrayRef packed = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    return step_add(&k->step, DNNL_ARG_SRC, x, NULL) && step_add(&k->step, DNNL_ARG_DST, y, NULL) &&
           step_add(&k->step, DNNL_ARG_WEIGHTS, packed, k->packing.data) &&
           (!k->epilogue.bias || step_add(&k->step, DNNL_ARG_BIAS, bias, NULL)) &&
           (!k->epilogue.residual || step_add(&k->step, residual_arg(k->epilogue), y, NULL));
}

LinearKernel *onednn_linear_new(size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight, Error *err)
{
    const dnnl_dim_t m = (dnnl_dim_t)rows, k = (dnnl_dim_t)in, n = (dnnl_dim_t)out;
    ArrayDesc x = array_new(2, (dnnl_dims_t){m, k}, dnnl_ab), y = array_new(2, (dnnl_dims_t){m, n}, dnnl_ab);
    ArrayDesc plain = array_new(2, (dnnl_dims_t){n, k}, dnnl_ab);
    ArrayDesc any = array_new(2, (dnnl_dims_t){n, k}, dnnl_format_tag_any);
    ArrayDesc bias = array_new(1, (dnnl_dims_t){n}, dnnl_a);
    dnnl_primitive_attr_t attr = epilogue_attributes(epilogue, y);
    dnnl_primitive_desc_t pd = NULL;
    LinearKernel *kernel = xcalloc(1, sizeof *kernel);
    kernel->epilogue = epilogue;
    bool ok = true;
    if (describe_linear(&pd, engine_of_program(), x, any, epilogue.bias ? bias : NULL, y, attr) != dnnl_success)
        ok = fail(err, "oneDNN has no product of %zu x %zu by %zu, or the machine is out of memory", rows, in, out);
    ok = ok && step_make(&kernel->step, pd, "matrix product", err) &&
         packing_make(&kernel->packing, plain, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), false, err);
    if (ok && !linear_add_arguments(kernel, pd, x, bias, y)) ok = fail(err, "oneDNN is out of memory");
    if (ok) packing_run(&kernel->packing, weight);
    if (pd) dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
    array_free(x), array_free(y), array_free(plain), array_free(any), array_free(bias);
    if (ok) return kernel;
    onednn_linear_free(kernel);
    return NULL;
}

void onednn_linear_run(LinearKernel *kernel, const float *x, const float *bias, const float *residual, float *y)
{
    step_bind(&kernel->step, DNNL_ARG_SRC, x);
    step_bind(&kernel->step, DNNL_ARG_DST, y);
    if (kernel->epilogue.bias) step_bind(&kernel->step, DNNL_ARG_BIAS, bias);
    if (kernel->epilogue.residual) step_bind(&kernel->step, residual_arg(kernel->epilogue), residual);
    step_run(&kernel->step);
}

size_t onednn_linear_bytes(const LinearKernel *kernel)
{
    return kernel->packing.bytes;
}

void onednn_linear_free(LinearKernel *kernel)
{
    if (!kernel) return;
    step_free(&kernel->step);
    packing_free(&kernel->packing);
    free(kernel);
}

/* ---- convolution ---- */

struct ConvKernel {
    ConvPass pass;
    Epilogue epilogue; /* oneDNN's part */
    Epilogue rest;     /* ours, after it */
    size_t pixels, out;
    Step step;
    Packing packing;
    bool packed_once;
};

/* The arrays of a convolution: the image side, the feature side, weights plain and as the primitive likes, bias. */
typedef struct ConvArrays {
    ArrayDesc x, y, plain, any, bias;
    Geometry geometry;
} ConvArrays;

static ConvArrays conv_arrays(const ConvShape *s)
{
    const dnnl_dim_t b = (dnnl_dim_t)s->batch, in = (dnnl_dim_t)s->in, out = (dnnl_dim_t)s->out;
    const dnnl_dim_t stride = (dnnl_dim_t)s->stride, before = (dnnl_dim_t)s->padding;
    const dnnl_dim_t after = before + (dnnl_dim_t)s->behind;
    const dnnl_dims_t x = {b, in, (dnnl_dim_t)s->height, (dnnl_dim_t)s->width};
    const dnnl_dims_t y = {b, out, (dnnl_dim_t)conv_out_height(s), (dnnl_dim_t)conv_out_width(s)};
    const dnnl_dims_t weight = {out, in, (dnnl_dim_t)s->kernel_h, (dnnl_dim_t)s->kernel_w};
    return (ConvArrays){
        .x = array_new(RANK_MAX, x, dnnl_nhwc),
        .y = array_new(RANK_MAX, y, dnnl_nhwc),
        .plain = array_new(RANK_MAX, weight, dnnl_oihw),
        .any = array_new(RANK_MAX, weight, dnnl_format_tag_any),
        .bias = array_new(1, (dnnl_dims_t){out}, dnnl_a),
        .geometry = {.strides = {stride, stride}, .before = {before, before}, .after = {after, after}},
    };
}

static void conv_arrays_free(ConvArrays *a)
{
    array_free(a->x), array_free(a->y), array_free(a->plain), array_free(a->any), array_free(a->bias);
}

/* The description of the pass; the backward ones take the forward's as a hint. NULL when oneDNN has none. */
static dnnl_primitive_desc_t conv_describe(const ConvArrays *a, ConvPass pass, Epilogue e)
{
    dnnl_engine_t engine = engine_of_program();
    const Epilogue applied = pass == CONV_FORWARD ? e : (Epilogue){0};
    ArrayRef bias = e.bias && pass != CONV_BACKWARD_DATA ? a->bias : NULL;
    dnnl_primitive_attr_t attr = epilogue_attributes(applied, a->y);
    dnnl_primitive_desc_t forward = NULL, pd = NULL;
    const dnnl_status_t status = describe_conv(&forward, engine, a->x, a->any, bias, a->y, &a->geometry, attr);
    /* What cannot be described leaves pd NULL, which the caller asks. */
    if (status == dnnl_success && pass == CONV_BACKWARD_DATA)
        (void)describe_conv_data(&pd, engine, a->x, a->any, a->y, &a->geometry, forward, attr);
    else if (status == dnnl_success && pass == CONV_BACKWARD_WEIGHTS)
        (void)describe_conv_weights(&pd, engine, a->x, a->any, bias, a->y, &a->geometry, forward, attr);
    dnnl_primitive_attr_destroy(attr);
    if (pass == CONV_FORWARD) return forward;
    if (forward) dnnl_primitive_desc_destroy(forward);
    return pd;
}

/* oneDNN 2.6's convolution by matrix products adds a wrong residual on machines before AVX2. Its other kernels were right with every
 * instruction set that it can be told to stay below (DNNL_MAX_CPU_ISA). */
static bool adds_residuals_rightly(const_dnnl_primitive_desc_t pd)
{
    const char *kernel = "";
    return dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &kernel) == dnnl_success &&
           !strstr(kernel, "gemm");
}

/* The forward pass with what oneDNN may do of the epilogue; the kernel keeps the rest. */
static dnnl_primitive_desc_t conv_describe_for(ConvKernel *k, const ConvArrays *a, Epilogue epilogue)
{
    k->epilogue = epilogue;
    dnnl_primitive_desc_t pd = conv_describe(a, k->pass, epilogue);
    if (!pd || k->pass != CONV_FORWARD || !epilogue.residual || adds_residuals_rightly(pd)) return pd;
    dnnl_primitive_desc_destroy(pd);
    k->rest = epilogue;
    k->epilogue = (Epilogue){0};
    return conv_describe(a, k->pass, k->epilogue);
}

static bool conv_add_arguments(ConvKernel *k, const ConvArrays *a, ArrayRef packed)
{
    Step *s = &k->step;
    switch (k->pass) {
    case CONV_FORWARD:
        return step_add(s, DNNL_ARG_SRC, a->x, NULL) && step_add(s, DNNL_ARG_DST, a->y, NULL) &&
               step_add(s, DNNL_ARG_WEIGHTS, packed, k->packing.data) &&
               (!k->epilogue.bias || step_add(s, DNNL_ARG_BIAS, a->bias, NULL)) &&
               (!k->epilogue.residual || step_add(s, residual_arg(k->epilogue), a->y, NULL));
    case CONV_BACKWARD_DATA:
        return step_add(s, DNNL_ARG_DIFF_SRC, a->x, NULL) && step_add(s, DNNL_ARG_DIFF_DST, a->y, NULL) &&
               step_add(s, DNNL_ARG_WEIGHTS, packed, k->packing.data);
    case CONV_BACKWARD_WEIGHTS:
        return step_add(s, DNNL_ARG_SRC, a->x, NULL) && step_add(s, DNNL_ARG_DIFF_DST, a->y, NULL) &&
               step_add(s, DNNL_ARG_DIFF_WEIGHTS, packed, k->packing.data) &&
               (!k->epilogue.bias || step_add(s, DNNL_ARG_DIFF_BIAS, a->bias, NULL));
    }
    return false;
}

ConvKernel *onednn_conv_new(ConvShape shape, ConvPass pass, Epilogue epilogue, const float *weight, Error *err)
{
    ConvArrays a = conv_arrays(&shape);
    ConvKernel *kernel = xcalloc(1, sizeof *kernel);
    kernel->pass = pass;
    kernel->pixels = shape.batch * conv_out_height(&shape) * conv_out_width(&shape);
    kernel->out = shape.out;
    dnnl_primitive_desc_t pd = conv_describe_for(kernel, &a, epilogue);
    bool ok =
        pd ? true
           : fail(err, "oneDNN has no convolution %zu x %zu of %zu to %zu channels, or the machine is out of memory",
                  shape.kernel_h, shape.kernel_w, shape.in, shape.out);
    if (ok) {
        const bool by_weights = pass == CONV_BACKWARD_WEIGHTS;
        ArrayRef packed =
            dnnl_primitive_desc_query_md(pd, by_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
        ok = step_make(&kernel->step, pd, "convolution", err) &&
             packing_make(&kernel->packing, a.plain, packed, by_weights, err);
        if (ok && !conv_add_arguments(kernel, &a, packed)) ok = fail(err, "oneDNN is out of memory");
    }
    if (ok && weight && pass != CONV_BACKWARD_WEIGHTS) {
        packing_run(&kernel->packing, weight);
        kernel->packed_once = true;
    }
    if (pd) dnnl_primitive_desc_destroy(pd);
    conv_arrays_free(&a);
    if (ok) return kernel;
    onednn_conv_free(kernel);
    return NULL;
}

void onednn_conv_run(ConvKernel *kernel, const ConvCall *call)
{
    Step *s = &kernel->step;
    if (kernel->pass != CONV_BACKWARD_WEIGHTS && !kernel->packed_once) packing_run(&kernel->packing, call->weight);
    step_bind(s, DNNL_ARG_SRC, call->x);
    step_bind(s, DNNL_ARG_DIFF_DST, call->dy);
    step_bind(s, DNNL_ARG_DIFF_SRC, call->out);
    step_bind(s, DNNL_ARG_DST, call->out);
    step_bind(s, DNNL_ARG_BIAS, call->bias);
    step_bind(s, DNNL_ARG_DIFF_BIAS, call->out_bias);
    if (kernel->epilogue.residual) step_bind(s, residual_arg(kernel->epilogue), call->residual);
    step_run(s);
    if (kernel->rest.residual)
        epilogue_rows(kernel->rest, kernel->pixels, kernel->out, call->bias, call->residual, call->out);
    if (kernel->pass == CONV_BACKWARD_WEIGHTS) packing_undo(&kernel->packing, call->out);
}

size_t onednn_conv_bytes(const ConvKernel *kernel)
{
    return kernel->packing.bytes;
}

void onednn_conv_free(ConvKernel *kernel)
{
    if (!kernel) return;
    step_free(&kernel->step);
    packing_free(&kernel->packing);
    free(kernel);
}
