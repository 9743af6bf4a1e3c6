/* Convolutions with a residual as a machine without AVX2 computes them: oneDNN is told, before its first use, to stay below. Its
 * convolution by matrix products adds a wrong residual there (onednn.c). */
#include "harness/graph/onednn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/base/memory.h"

static float *drawn(size_t count, uint32_t *state)
{
    float *values = xmalloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        *state = *state * 1664525 + 1013904223;
        values[i] = (float)(*state >> 8) / (float)(1 << 24) - 0.5f;
    }
    return values;
}

/* The definition at one output. */
static double convolved(const ConvShape *s, const float *x, const float *w, size_t b, size_t i, size_t j, size_t o)
{
    double sum = 0;
    for (size_t u = 0; u < s->kernel_h; u++)
        for (size_t v = 0; v < s->kernel_w; v++) {
            const size_t row = i * s->stride + u, column = j * s->stride + v;
            if (row < s->padding || column < s->padding || row - s->padding >= s->height ||
                column - s->padding >= s->width)
                continue;
            const float *pixel = x + ((b * s->height + row - s->padding) * s->width + column - s->padding) * s->in;
            for (size_t c = 0; c < s->in; c++)
                sum += (double)pixel[c] * (double)w[((o * s->in + c) * s->kernel_h + u) * s->kernel_w + v];
        }
    return sum;
}

static void check(ConvShape s, Epilogue e)
{
    Error err;
    uint32_t state = 7;
    const size_t height = conv_out_height(&s), width = conv_out_width(&s), count = s.batch * height * width * s.out;
    float *x = drawn(s.batch * s.height * s.width * s.in, &state);
    float *w = drawn(s.out * s.in * s.kernel_h * s.kernel_w, &state);
    float *bias = drawn(s.out, &state), *residual = drawn(count, &state), *y = xcalloc(count, sizeof *y);
    ConvKernel *kernel = onednn_conv_new(s, CONV_FORWARD, e, w, &err);
    if (!kernel) fail_msg("%s", err.text);
    onednn_conv_run(kernel, &(ConvCall){.x = x, .bias = bias, .residual = residual, .out = y});
    for (size_t at = 0; at < count; at++) {
        const size_t o = at % s.out, j = at / s.out % width, i = at / s.out / width % height;
        double expected = convolved(&s, x, w, at / s.out / width / height, i, j, o) + (double)residual[at];
        if (e.bias) expected += (double)bias[o];
        if (e.activation == ACT_RELU && expected < 0) expected = 0;
        assert_true(fabs((double)y[at] - expected) < 1e-4);
    }
    onednn_conv_free(kernel);
    free(x), free(w), free(bias), free(residual), free(y);
}

static void residuals_are_added_to_any_convolution(void **state)
{
    (void)state;
    const size_t channels[][2] = {{16, 32}, {24, 20}, {5, 7}, {36, 63}};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (size_t kernel = 1; kernel <= 3; kernel += 2)
            for (size_t stride = 1; stride <= 2; stride++) {
                const ConvShape s = {.batch = 2,
                                     .height = 7,
                                     .width = 6,
                                     .in = channels[i][0],
                                     .out = channels[i][1],
                                     .kernel_h = kernel,
                                     .kernel_w = kernel,
                                     .stride = stride,
                                     .padding = kernel / 2};
                check(s, (Epilogue){.residual = true});
                check(s, (Epilogue){.bias = true, .residual = true});
                check(s, (Epilogue){.bias = true, .residual = true, .activation = ACT_RELU});
            }
}

int main(void)
{
    setenv("DNNL_MAX_CPU_ISA", "SSE41", 1);
    setenv("ONEDNN_MAX_CPU_ISA", "SSE41", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(residuals_are_added_to_any_convolution)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
