/* Products and convolutions against loops that follow their definitions, through the kernels and through the graph. */
#include "harness/base/half.h"
#include "harness/base/memory.h"
#include "harness/graph/epilogue.h"
#include "harness/graph/ops.h"
#include "harness/graph/panel_linear.h"
#include "harness/graph/panels.h"
#include "harness/graph/random.h"
#include "harness/graph/winograd.h"
#include "tests/gradient_check.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float *random_values(size_t n, uint64_t seed)
{
    static Random r;
    float *values = NULL;
    Error err;
    assert_true(big_alloc(&values, n, sizeof *values, "test values", &err));
    random_seed(&r, seed);
    random_normal(&r, values, n);
    return values;
}

/* Root mean square of the difference over that of the wanted values. */
static double relative_error(const float *got, const float *wanted, size_t n)
{
    double difference = 0, size = 1e-30;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - (double)wanted[i];
        difference += d * d;
        size += (double)wanted[i] * (double)wanted[i];
    }
    return sqrt(difference / size);
}

/* The definitions by libm, in doubles. */
static double activation_by_definition(Activation a, double x)
{
    switch (a) {
    case ACT_NONE:
        return x;
    case ACT_RELU:
        return x > 0 ? x : 0;
    case ACT_GELU:
        return x * 0.5 * erfc(-x / sqrt(2));
    case ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979324) * (x + 0.044715 * x * x * x)));
    case ACT_QUICK_GELU:
        return x / (1 + exp(-1.702 * x));
    case ACT_SILU:
        return x / (1 + exp(-x));
    }
    return NAN;
}

static double finished(Epilogue e, double sum, float bias, float residual)
{
    if (e.bias) sum += (double)bias;
    if (e.activation_first) sum = activation_by_definition(e.activation, sum);
    if (e.residual) sum += (double)residual;
    return e.activation_first ? sum : activation_by_definition(e.activation, sum);
}

static void linear_by_definition(size_t rows, size_t in, size_t out, Epilogue e, const float *x, const float *w,
                                 const float *bias, const float *residual, float *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++) {
            double sum = 0;
            for (size_t i = 0; i < in; i++) sum += (double)x[r * in + i] * (double)w[o * in + i];
            y[r * out + o] = (float)finished(e, sum, bias[o], residual[r * out + o]);
        }
}

static double one_pixel(const ConvShape *s, const float *x, const float *w, size_t b, size_t i, size_t j, size_t o)
{
    double sum = 0;
    for (size_t u = 0; u < s->kernel_h; u++)
        for (size_t v = 0; v < s->kernel_w; v++) {
            const size_t row = i * s->stride + u - s->padding, column = j * s->stride + v - s->padding;
            if (row >= s->height || column >= s->width) continue; /* also below zero, which wraps */
            for (size_t c = 0; c < s->in; c++)
                sum += (double)x[((b * s->height + row) * s->width + column) * s->in + c] *
                       (double)w[((o * s->in + c) * s->kernel_h + u) * s->kernel_w + v];
        }
    return sum;
}

static void conv_by_definition(const ConvShape *s, Epilogue e, const float *x, const float *w, const float *bias,
                               const float *residual, float *y)
{
    const size_t height = conv_out_height(s), width = conv_out_width(s);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t i = 0; i < height; i++)
            for (size_t j = 0; j < width; j++)
                for (size_t o = 0; o < s->out; o++) {
                    const size_t at = ((b * height + i) * width + j) * s->out + o;
                    y[at] = (float)finished(e, one_pixel(s, x, w, b, i, j, o), bias[o], residual[at]);
                }
}

/* Every combination of bias, residual, activation and their order. */
enum { EPILOGUES = 2 * 2 * 6 * 2 };
static Epilogue epilogue_number(size_t i)
{
    return (Epilogue){
        .bias = i & 1, .residual = i >> 1 & 1, .activation_first = i >> 2 & 1, .activation = (Activation)(i >> 3)};
}

static void packed_linear_follows_its_definition_with_every_epilogue(void **state)
{
    (void)state;
    enum { ROWS = 37, IN = 53, OUT = 71 };
    Error err;
    float *x = random_values(ROWS * IN, 1), *w = random_values(OUT * IN, 2), *bias = random_values(OUT, 3);
    float *residual = random_values(ROWS * OUT, 4), *y = random_values(ROWS * OUT, 5),
          *z = random_values(ROWS * OUT, 6);
    for (size_t i = 0; i < EPILOGUES; i++) {
        const Epilogue e = epilogue_number(i);
        LinearKernel *kernel = onednn_linear_new(ROWS, IN, OUT, e, w, &err);
        assert_non_null(kernel);
        onednn_linear_run(kernel, x, bias, residual, y);
        linear_by_definition(ROWS, IN, OUT, e, x, w, bias, residual, z);
        assert_true(relative_error(y, z, ROWS * OUT) < 2e-6); /* float32 sums of 53 products */
        onednn_linear_free(kernel);
        onednn_sgemm(false, true, ROWS, OUT, IN, 1, x, IN, w, IN, 0, y, OUT);
        epilogue_rows(e, ROWS, OUT, bias, residual, y);
        assert_true(relative_error(y, z, ROWS * OUT) < 2e-6);
    }
    free(x), free(w), free(bias), free(residual), free(y), free(z);
}

/* Two chunks of inputs, a last panel of one register, blocks of unequal rows. */
static void linear_by_panels_follows_its_definition_with_every_epilogue(void **state)
{
    (void)state;
    enum { ROWS = 37, IN = 800, OUT = 336 };
    Error err;
    float *x = random_values(ROWS * IN, 1), *w = random_values(OUT * IN, 2), *bias = random_values(OUT, 3);
    float *residual = random_values(ROWS * OUT, 4), *y = random_values(ROWS * OUT, 5);
    float *z = random_values(ROWS * OUT, 6);
    for (size_t i = 0; i < EPILOGUES; i++) {
        const Epilogue e = epilogue_number(i);
        PanelLinear *kernel = panel_linear_new(ROWS, IN, OUT, e, w, &err);
        assert_non_null(kernel);
        float *scratch = random_values(panel_linear_scratch(kernel), 7);
        panel_linear_run(kernel, x, bias, residual, y, scratch);
        linear_by_definition(ROWS, IN, OUT, e, x, w, bias, residual, z);
        assert_true(relative_error(y, z, ROWS * OUT) < 2e-6);
        panel_linear_free(kernel), free(scratch);
    }
    free(x), free(w), free(bias), free(residual), free(y), free(z);
}

static void run_panels(size_t rows, size_t in, size_t out, const float *x, const float *w, size_t bytes, float *y)
{
    Error err;
    PanelLinear *kernel = panel_linear_new(rows, in, out, (Epilogue){0}, w, &err);
    assert_non_null(kernel);
    assert_int_equal(panel_linear_bytes(kernel), bytes);
    float *scratch = random_values(panel_linear_scratch(kernel), 7);
    panel_linear_run(kernel, x, NULL, NULL, y, scratch);
    panel_linear_free(kernel), free(scratch);
}

/* A weight that float16 keeps, the same with one value that it does not, and other numbers of threads. */
static void linear_by_panels_gives_the_same_bits_however_weights_are_kept(void **state)
{
    (void)state;
    enum { ROWS = 200, IN = 1024, OUT = 272, WEIGHTS = IN * OUT };
    float *x = random_values(ROWS * IN, 1), *w = random_values(WEIGHTS, 2);
    float *y = random_values(ROWS * OUT, 3), *z = random_values(ROWS * OUT, 4);
    const int threads = omp_get_max_threads();
    for (size_t i = 0; i < WEIGHTS; i++) w[i] = half_to_float(float_to_half(w[i]));
    run_panels(ROWS, IN, OUT, x, w, WEIGHTS * (HALVES_ARE_QUICK ? 2 : 4), y);
    for (int t = 1; t < 8; t += 3) {
        omp_set_num_threads(t);
        run_panels(ROWS, IN, OUT, x, w, WEIGHTS * (HALVES_ARE_QUICK ? 2 : 4), z);
        assert_memory_equal(y, z, ROWS * OUT * sizeof *y);
    }
    omp_set_num_threads(threads);
    w[WEIGHTS - 1] = 0.1f;
    run_panels(ROWS, IN, OUT, x, w, WEIGHTS * 4, z);
    for (size_t row = 0; row < ROWS; row++) assert_memory_equal(y + row * OUT, z + row * OUT, (OUT - 1) * sizeof *y);
    free(x), free(w), free(y), free(z);
}

static void check_conv(ConvShape s, Epilogue e, bool packed, bool winograd)
{
    Error err;
    const size_t inputs = s.batch * s.height * s.width * s.in, weights = s.out * s.in * s.kernel_h * s.kernel_w;
    const size_t outputs = s.batch * conv_out_height(&s) * conv_out_width(&s) * s.out;
    float *x = random_values(inputs, 1), *w = random_values(weights, 2), *bias = random_values(s.out, 3);
    float *residual = random_values(outputs, 4), *y = random_values(outputs, 5), *z = random_values(outputs, 6);
    conv_by_definition(&s, e, x, w, bias, residual, z);
    if (winograd) {
        Winograd *kernel = winograd_new(s, CONV_FORWARD, packed ? w : NULL, &err);
        assert_non_null(kernel);
        if (!packed) winograd_set_weights(kernel, w);
        float *scratch = random_values(winograd_scratch(kernel), 7);
        winograd_run(kernel, e, x, bias, residual, y, scratch);
        winograd_free(kernel), free(scratch);
    } else {
        ConvKernel *kernel = onednn_conv_new(s, CONV_FORWARD, e, packed ? w : NULL, &err);
        assert_non_null(kernel);
        onednn_conv_run(kernel,
                        &(ConvCall){.x = x, .weight = packed ? NULL : w, .bias = bias, .residual = residual, .out = y});
        onednn_conv_free(kernel);
    }
    assert_true(relative_error(y, z, outputs) < (winograd ? 5e-6 : 2e-6));
    free(x), free(w), free(bias), free(residual), free(y), free(z);
}

static void convolutions_follow_their_definition_with_every_epilogue(void **state)
{
    (void)state;
    const ConvShape s = {2, 6, 9, 17, 21, 3, 3, 1, 1, 0};
    for (size_t i = 0; i < EPILOGUES; i++) {
        check_conv(s, epilogue_number(i), true, false);
        check_conv(s, epilogue_number(i), true, true);
    }
}

static void convolutions_of_odd_shapes_follow_their_definition(void **state)
{
    (void)state;
    const ConvShape shapes[] = {
        {1, 1, 1, 1, 1, 3, 3, 1, 1, 0},    {3, 5, 7, 3, 16, 3, 3, 2, 1, 0},  {2, 8, 8, 5, 7, 1, 1, 2, 0, 0},
        {1, 9, 6, 4, 33, 5, 3, 1, 2, 0},   {1, 8, 8, 3, 12, 4, 4, 4, 0, 0},  {2, 4, 4, 48, 50, 3, 3, 1, 1, 0},
        {1, 13, 2, 31, 64, 3, 3, 1, 1, 0}, {2, 8, 6, 5, 9, 3, 3, 2, 0, 1},   {1, 7, 9, 16, 17, 3, 3, 1, 1, 1},
        {1, 3, 18, 16, 16, 3, 3, 1, 1, 0}, {5, 7, 7, 40, 15, 3, 3, 1, 1, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const ConvShape *s = &shapes[i];
        check_conv(*s, (Epilogue){.bias = true}, i % 2, false);
        if (s->kernel_h == 3 && s->kernel_w == 3 && s->stride == 1 && !s->behind)
            check_conv(*s, (Epilogue){.bias = true}, i % 2, true);
    }
}

static void winograd_stays_within_5e_6_of_direct_in_both_passes(void **state)
{
    (void)state;
    const ConvShape s = {2, 14, 15, 130, 70, 3, 3, 1, 1, 0};
    Error err;
    const size_t inputs = s.batch * s.height * s.width * s.in, outputs = inputs / s.in * s.out;
    float *x = random_values(inputs, 1), *w = random_values(9 * s.in * s.out, 2), *y = random_values(outputs, 3);
    float *direct = random_values(inputs + outputs, 4), *fast = random_values(inputs + outputs, 5);
    for (ConvPass pass = CONV_FORWARD; pass <= CONV_BACKWARD_DATA; pass++) {
        Winograd *winograd = winograd_new(s, pass, w, &err);
        ConvKernel *kernel = onednn_conv_new(s, pass, (Epilogue){0}, w, &err);
        float *scratch = random_values(winograd_scratch(winograd), 6);
        winograd_run(winograd, (Epilogue){0}, pass == CONV_FORWARD ? x : y, NULL, NULL, fast, scratch);
        onednn_conv_run(kernel, &(ConvCall){.x = x, .dy = y, .out = direct});
        assert_true(relative_error(fast, direct, pass == CONV_FORWARD ? outputs : inputs) < 5e-6);
        winograd_free(winograd), onednn_conv_free(kernel), free(scratch);
    }
    free(x), free(w), free(y), free(direct), free(fast);
}

static void winograd_gives_the_same_bits_again(void **state)
{
    (void)state;
    const ConvShape s = {3, 12, 11, 35, 40, 3, 3, 1, 1, 0};
    Error err;
    const size_t outputs = s.batch * s.height * s.width * s.out;
    float *x = random_values(s.batch * s.height * s.width * s.in, 1), *w = random_values(9 * s.in * s.out, 2);
    float *y = random_values(outputs, 3), *z = random_values(outputs, 4);
    Winograd *winograd = winograd_new(s, CONV_FORWARD, w, &err);
    float *scratch = random_values(winograd_scratch(winograd), 6);
    winograd_run(winograd, (Epilogue){0}, x, NULL, NULL, y, scratch);
    winograd_run(winograd, (Epilogue){0}, x, NULL, NULL, z, scratch);
    assert_memory_equal(y, z, outputs * sizeof *y);
    winograd_free(winograd);
    free(x), free(w), free(y), free(z), free(scratch);
}

/* Any number of rows, panels of two registers and of one, and k in two pieces: the same bits as in one. */
static void panels_multiply_any_number_of_rows(void **state)
{
    (void)state;
    enum { ROWS = 31, K = 9, CUT = 4 };
    float *a = random_values(ROWS * K, 1), *b = random_values(K * PANEL, 2), *c = random_values(ROWS * PANEL, 3);
    float *pieces = random_values(ROWS * PANEL, 4), *z = random_values(ROWS * PANEL, 5);
    for (size_t rows = 1; rows <= ROWS; rows++)
        for (size_t n = LANES; n <= PANEL; n += LANES) {
            PanelProduct p = {.rows = rows, .k = K, .width = n, .a = a, .lda = K, .b = b, .c = c, .ldc = n};
            panel_product(&p);
            onednn_sgemm(false, false, rows, n, K, 1, a, K, b, n, 0, z, n);
            assert_true(relative_error(c, z, rows * n) < 1e-6);
            p.k = CUT, p.c = pieces, p.next = b, p.next_bytes = K * n * sizeof *b;
            panel_product(&p);
            p.k = K - CUT, p.a = a + CUT, p.b = b + CUT * n, p.add = true;
            panel_product(&p);
            assert_memory_equal(c, pieces, rows * n * sizeof *c);
        }
    free(a), free(b), free(c), free(pieces), free(z);
}

/* ---- through the graph ---- */

static Node *build_linear(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return linear(g, p[0], p[1], p[2]);
}

static void linear_has_the_gradients_of_its_differences(void **state)
{
    (void)state;
    const Shape shapes[] = {shape(2, 5, 7), shape(9, 7), shape(9)};
    check_gradients("linear", build_linear, NULL, shapes, 3, (GradientCheck){.bits_may_differ = true});
}

typedef Node *(*Product)(Graph *g, Node *a, Node *b);

static Node *build_product(Graph *g, Node *const *p, const void *context)
{
    return (*(const Product *)context)(g, p[0], p[1]);
}

static void batched_products_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    const struct {
        const char *name;
        Product product;
        Shape shapes[2];
    } cases[] = {
        {"matmul, one b", matmul, {shape(2, 3, 4, 5), shape(5, 6)}},
        {"matmul, own b", matmul, {shape(2, 3, 4, 5), shape(2, 3, 5, 6)}},
        {"matmul, b of the last batch axis", matmul, {shape(2, 3, 4, 5), shape(3, 5, 6)}},
        {"matmul_nt, one b", matmul_nt, {shape(2, 3, 4, 5), shape(6, 5)}},
        {"matmul_nt, own b", matmul_nt, {shape(2, 4, 5), shape(2, 6, 5)}},
        {"matmul_nt, b of the last batch axis", matmul_nt, {shape(2, 3, 4, 5), shape(3, 6, 5)}},
        {"matmul_tn, one b", matmul_tn, {shape(2, 3, 5, 4), shape(5, 6)}},
        {"matmul_tn, own b", matmul_tn, {shape(3, 5, 4), shape(3, 5, 6)}},
        {"matmul_tn, b of the last batch axis", matmul_tn, {shape(2, 3, 5, 4), shape(3, 5, 6)}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_gradients(cases[i].name, build_product, &cases[i].product, cases[i].shapes, 2,
                        (GradientCheck){.bits_may_differ = true});
}

static Node *build_conv(Graph *g, Node *const *p, const void *context)
{
    return conv2d(g, p[0], p[1], p[2], *(const ConvOptions *)context);
}

static void convolutions_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    const struct {
        const char *name;
        Shape shapes[3];
        ConvOptions options;
        bool exact;
    } cases[] = {
        {"1x1", {shape(2, 3, 4, 5), shape(6, 5, 1, 1), shape(6)}, {0}, false},
        {"3x3, stride 2", {shape(1, 5, 6, 3), shape(4, 3, 3, 3), shape(4)}, {.stride = 2, .padding = 1}, false},
        {"3x3, stride 2, behind", {shape(1, 6, 4, 3), shape(4, 3, 3, 3), shape(4)}, {.stride = 2, .behind = 1}, false},
        {"3x2, no padding", {shape(1, 5, 6, 3), shape(4, 3, 3, 2), shape(4)}, {0}, false},
        {"3x3 by Winograd", {shape(2, 5, 7, 16), shape(18, 16, 3, 3), shape(18)}, {.padding = 1}, false},
        {"3x3, exact", {shape(2, 5, 7, 16), shape(18, 16, 3, 3), shape(18)}, {.padding = 1}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_gradients(cases[i].name, build_conv, &cases[i].options, cases[i].shapes, 3,
                        (GradientCheck){.bits_may_differ = true, .options = {.arithmetic.exact = cases[i].exact}});
}

/* The same shape with its weights kept as float16, as float32, and, a panel of output channels at a time, transformed: small enough
 * for that and computed alike. */
static void winograd_gives_the_same_bits_however_weights_are_kept(void **state)
{
    (void)state;
    enum { IN = 264, OUT = 2 * 136, PART = 68, WEIGHTS = 9 * IN * OUT };
    Error err;
    const ConvShape whole = {1, 10, 13, IN, OUT, 3, 3, 1, 1, 0}, part = {1, 10, 13, IN, PART, 3, 3, 1, 1, 0};
    const size_t pixels = 10 * 13;
    float *x = random_values(pixels * IN, 1), *w = random_values(WEIGHTS, 2), *y = random_values(pixels * OUT, 3);
    float *z = random_values(pixels * OUT, 4);
    for (size_t i = 0; i < WEIGHTS; i++) w[i] = half_to_float(float_to_half(w[i]));
    for (int way = 0; way < 2; way++) {
        Winograd *kernel = winograd_new(whole, CONV_FORWARD, way == 0 ? w : NULL, &err);
        assert_non_null(kernel);
        if (way == 1) winograd_set_weights(kernel, w);
        assert_int_equal(winograd_bytes(kernel), WEIGHTS * (way == 0 && HALVES_ARE_QUICK ? 2 : 4));
        float *scratch = random_values(winograd_scratch(kernel), 5);
        winograd_run(kernel, (Epilogue){0}, x, NULL, NULL, way == 0 ? y : z, scratch);
        winograd_free(kernel), free(scratch);
    }
    assert_memory_equal(y, z, pixels * OUT * sizeof *y);
    for (size_t first = 0; first < OUT; first += PART) {
        Winograd *kernel = winograd_new(part, CONV_FORWARD, w + 9 * IN * first, &err);
        assert_true(winograd_bytes(kernel) > 36 * IN * PART * sizeof(float));
        float *scratch = random_values(winograd_scratch(kernel), 5), *some = random_values(pixels * PART, 6);
        winograd_run(kernel, (Epilogue){0}, x, NULL, NULL, some, scratch);
        for (size_t i = 0; i < pixels; i++)
            assert_memory_equal(some + i * PART, y + i * OUT + first, PART * sizeof *some);
        winograd_free(kernel), free(scratch), free(some);
    }
    free(x), free(w), free(y), free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_linear_follows_its_definition_with_every_epilogue),
        cmocka_unit_test(linear_by_panels_follows_its_definition_with_every_epilogue),
        cmocka_unit_test(linear_by_panels_gives_the_same_bits_however_weights_are_kept),
        cmocka_unit_test(convolutions_follow_their_definition_with_every_epilogue),
        cmocka_unit_test(convolutions_of_odd_shapes_follow_their_definition),
        cmocka_unit_test(winograd_stays_within_5e_6_of_direct_in_both_passes),
        cmocka_unit_test(winograd_gives_the_same_bits_again),
        cmocka_unit_test(panels_multiply_any_number_of_rows),
        cmocka_unit_test(linear_has_the_gradients_of_its_differences),
        cmocka_unit_test(batched_products_have_the_gradients_of_their_differences),
        cmocka_unit_test(convolutions_have_the_gradients_of_their_differences),
        cmocka_unit_test(winograd_gives_the_same_bits_however_weights_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
