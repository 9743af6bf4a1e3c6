/* Pillow's resize (libImaging/Resample.c): every output pixel is a weighted sum of the input pixels under a filter
 * whose width grows when shrinking; weights are rounded to 22 bits; one direction, then the other, with 8-bit values
 * between. As output pixels do not depend on each other, only the part that is wanted (the crop) is computed. */
#include "harness/clip/resample.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION_BITS = 32 - 8 - 2, SIDE_MAX = 1 << 20 };

/* The weights of a stretch of outputs along one side. */
typedef struct Taps {
    size_t count, most;  /* outputs; weights an output at most */
    size_t *first, *got; /* [count] first input, how many */
    int32_t *weight;     /* [count, most] */
} Taps;

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double hamming(double x)
{
    x = fabs(x);
    if (x == 0) return 1;
    if (x >= 1) return 0;
    x *= M_PI;
    return sin(x) / x * (0.54 + 0.46 * cos(x));
}

/* Keys 1981, a = -0.5 */
static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static double sinc(double x)
{
    x *= M_PI;
    return x == 0 ? 1 : sin(x) / x;
}

static double lanczos(double x)
{
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

/* By PixelFilter; `support`: half the width at scale 1. Nearest has no weights. */
static const struct {
    const char *name;
    double (*weight)(double x);
    double support;
} kernels[FILTERS] = {{"nearest", NULL, 0},    {"lanczos", lanczos, 3}, {"bilinear", triangle, 1},
                      {"bicubic", bicubic, 2}, {"box", box, 0.5},       {"hamming", hamming, 1}};

const char *filter_word(PixelFilter filter)
{
    return kernels[filter].name;
}

static void taps_free(Taps *t)
{
    free(t->first);
    free(t->got);
    free(t->weight);
}

/* Weights of output number `at`; `work` holds t->most doubles. */
static void one_tap(Taps *t, PixelFilter filter, size_t i, size_t at, size_t in, double scale, double *work)
{
    const double filter_scale = scale < 1 ? 1 : scale, support = kernels[filter].support * filter_scale;
    const double inverse = 1 / filter_scale;
    const double center = ((double)at + 0.5) * scale;
    const double low = trunc(center - support + 0.5), high = trunc(center + support + 0.5);
    const size_t first = low < 0 ? 0 : (size_t)low, end = high > (double)in ? in : (size_t)high;
    double sum = 0;
    for (size_t k = 0; k < end - first; k++)
        sum += work[k] = kernels[filter].weight(((double)k + (double)first - center + 0.5) * inverse);
    for (size_t k = 0; k < end - first; k++) {
        const double w = (sum != 0 ? work[k] / sum : work[k]) * (1 << PRECISION_BITS);
        t->weight[i * t->most + k] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
    t->first[i] = first;
    t->got[i] = end - first;
}

/* Outputs start .. start+count-1 of `out` from `in` inputs. */
static bool taps_new(Taps *t, PixelFilter filter, size_t in, size_t out, size_t start, size_t count, Error *err)
{
    const double scale = (double)in / (double)out;
    const size_t most = (size_t)ceil(kernels[filter].support * (scale < 1 ? 1 : scale)) * 2 + 1;
    *t = (Taps){.count = count, .most = most < in ? most : in};
    t->first = xcalloc(count, sizeof *t->first);
    t->got = xcalloc(count, sizeof *t->got);
    double *work = NULL;
    const bool good = big_alloc(&t->weight, count * t->most, sizeof *t->weight, "the weights of a resize", err) &&
                      big_alloc(&work, t->most, sizeof *work, "the weights of a resize", err);
    for (size_t i = 0; i < count && good; i++) one_tap(t, filter, i, start + i, in, scale, work);
    free(work);
    return good;
}

static uint8_t rounded(int32_t sum)
{
    const int32_t value = sum >> PRECISION_BITS; /* an arithmetic shift, as Pillow relies on too */
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One row of `taps->count` pixels from a row of input pixels. */
static void resize_row(const Taps *t, const uint8_t *in, uint8_t *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *pixel = in + 3 * t->first[i];
        const int32_t *weight = t->weight + i * t->most;
        int32_t r = 1 << (PRECISION_BITS - 1), g = r, b = r;
        for (size_t k = 0; k < t->got[i]; k++) {
            r += pixel[3 * k] * weight[k];
            g += pixel[3 * k + 1] * weight[k];
            b += pixel[3 * k + 2] * weight[k];
        }
        out[3 * i] = rounded(r), out[3 * i + 1] = rounded(g), out[3 * i + 2] = rounded(b);
    }
}

/* Output row i from the rows of `in`, the first of which is input row `base`; `sum` holds `bytes` numbers. */
static void resize_column(const Taps *t, size_t i, const uint8_t *in, size_t base, size_t bytes, int32_t *sum,
                          uint8_t *out)
{
    for (size_t x = 0; x < bytes; x++) sum[x] = 1 << (PRECISION_BITS - 1);
    for (size_t k = 0; k < t->got[i]; k++) {
        const uint8_t *row = in + (t->first[i] + k - base) * bytes;
        const int32_t weight = t->weight[i * t->most + k];
        for (size_t x = 0; x < bytes; x++) sum[x] += row[x] * weight;
    }
    for (size_t x = 0; x < bytes; x++) out[x] = rounded(sum[x]);
}

/* Rows first. `between` holds the resized rows that the columns need. */
static bool rows_first(const Image *image, const Taps *across, const Taps *down, int32_t *sum, Image *out, Error *err)
{
    const size_t bytes = 3 * out->width, base = down->first[0], last = out->height - 1;
    const size_t rows = down->first[last] + down->got[last] - base;
    uint8_t *between = NULL;
    if (!big_alloc(&between, rows, bytes, "a resized picture", err)) return false;
    for (size_t y = 0; y < rows; y++)
        resize_row(across, image->pixels + (base + y) * image->width * 3, between + y * bytes);
    for (size_t y = 0; y < out->height; y++) resize_column(down, y, between, base, bytes, sum, out->pixels + y * bytes);
    free(between);
    return true;
}

/* Columns first, each resulting row at once resized. */
static bool columns_first(const Image *image, const Taps *across, const Taps *down, int32_t *sum, Image *out,
                          Error *err)
{
    const size_t bytes = 3 * image->width;
    uint8_t *row = NULL;
    if (!big_alloc(&row, 1, bytes, "a resized picture", err)) return false;
    for (size_t y = 0; y < out->height; y++) {
        resize_column(down, y, image->pixels, 0, bytes, sum, row);
        resize_row(across, row, out->pixels + 3 * y * out->width);
    }
    free(row);
    return true;
}

/* Pillow 13 takes columns first when the height loses more than twice what the width loses (found by comparing with it);
 * Pillow 12 and older always took rows first, which differs by a few grey levels in tall pictures. */
static bool takes_columns_first(const Image *image, size_t width, size_t height)
{
    const ptrdiff_t lost_width = (ptrdiff_t)image->width - (ptrdiff_t)width;
    const ptrdiff_t lost_height = (ptrdiff_t)image->height - (ptrdiff_t)height;
    return lost_height > 0 && lost_height > 2 * lost_width;
}

static bool resize_weighted(const Image *image, size_t width, size_t height, Window w, PixelFilter filter, Image *out,
                            Error *err)
{
    Taps across = {0}, down = {0};
    int32_t *sum = NULL;
    const size_t widest = image->width > w.width ? image->width : w.width;
    const bool good =
        taps_new(&across, filter, image->width, width, w.left, w.width, err) &&
        taps_new(&down, filter, image->height, height, w.top, w.height, err) &&
        big_alloc(&sum, widest, 3 * sizeof *sum, "a resized picture", err) &&
        (takes_columns_first(image, width, height) ? columns_first : rows_first)(image, &across, &down, sum, out, err);
    taps_free(&across);
    taps_free(&down);
    free(sum);
    return good;
}

/* The input that output number `start`, `start` + 1, ... shows: Pillow adds the step up, so we do. */
static size_t *nearest_places(size_t in, size_t out, size_t start, size_t count)
{
    const double step = (double)in / (double)out;
    size_t *places = xcalloc(count, sizeof *places);
    double at = step * 0.5;
    for (size_t i = 0; i < start + count; i++, at += step)
        if (i >= start) places[i - start] = (size_t)at < in ? (size_t)at : in - 1;
    return places;
}

static void resize_nearest(const Image *image, size_t width, size_t height, Window w, Image *out)
{
    size_t *columns = nearest_places(image->width, width, w.left, w.width),
           *rows = nearest_places(image->height, height, w.top, w.height);
    for (size_t y = 0; y < w.height; y++)
        for (size_t x = 0; x < w.width; x++)
            memcpy(out->pixels + 3 * (y * w.width + x), image->pixels + 3 * (rows[y] * image->width + columns[x]), 3);
    free(columns);
    free(rows);
}

static bool check_sides(const Image *image, size_t width, size_t height, Error *err)
{
    const size_t sides[] = {image->width, image->height, width, height};
    for (size_t i = 0; i < 4; i++)
        if (sides[i] < 1 || sides[i] > SIDE_MAX)
            return fail(err, "a picture of %zu x %zu cannot be resized to %zu x %zu; sides from 1 to %d are possible",
                        image->width, image->height, width, height, SIDE_MAX);
    return true;
}

bool image_resize(const Image *image, size_t width, size_t height, Window w, PixelFilter filter, Image *out, Error *err)
{
    *out = (Image){.width = w.width, .height = w.height};
    if (!check_sides(image, width, height, err) ||
        !big_alloc(&out->pixels, w.height, 3 * w.width, "a resized picture", err))
        return false;
    if (filter == FILTER_NEAREST)
        resize_nearest(image, width, height, w, out);
    else if (!resize_weighted(image, width, height, w, filter, out, err)) {
        image_free(out);
        return false;
    }
    return true;
}
