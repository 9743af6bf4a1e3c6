/* The nib as a polygon, and the fan of its corners that rounds a bend, found by bisection over the directions of its sides.
 * Rules and ties are those of cairo 1.16 (cairo-pen.c, cairo-slope.c), since a corner more or less is a pixel's value. */
#include "datasets/mini/world_nib.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

GridPoint grid_point(double x, double y)
{
    return (GridPoint){(int32_t)lrint(x * 256), (int32_t)lrint(y * 256)};
}

GridPoint grid_plus(GridPoint a, GridPoint b)
{
    return (GridPoint){a.x + b.x, a.y + b.y};
}

GridPoint grid_minus(GridPoint a, GridPoint b)
{
    return (GridPoint){a.x - b.x, a.y - b.y};
}

bool grid_same(GridPoint a, GridPoint b)
{
    return a.x == b.x && a.y == b.y;
}

static bool is_zero(GridPoint v)
{
    return v.x == 0 && v.y == 0;
}

int grid_turn(GridPoint a, GridPoint b)
{
    const int64_t cross = (int64_t)a.y * b.x - (int64_t)b.y * a.x;
    if (cross != 0) return cross < 0 ? -1 : 1;
    if (is_zero(a) || is_zero(b)) return is_zero(a) - is_zero(b);
    const bool opposite = (a.x ^ b.x) < 0 || (a.y ^ b.y) < 0;
    if (!opposite) return 0;
    return a.x > 0 || (a.x == 0 && a.y > 0) ? -1 : 1;
}

/* The longest half axis of the ellipse that the frame makes of a circle: the greater singular value of its matrix. */
static double longest_axis(const cairo_matrix_t *frame, double radius)
{
    const double i = frame->xx * frame->xx + frame->yx * frame->yx, j = frame->xy * frame->xy + frame->yy * frame->yy;
    const double product = frame->xx * frame->xy + frame->yx * frame->yy;
    return radius * sqrt(0.5 * (i + j) + hypot(0.5 * (i - j), product));
}

static size_t corners_needed(double axis, double tolerance)
{
    if (tolerance >= 4 * axis) return 0;
    if (tolerance >= axis) return 4;
    size_t count = (size_t)ceil(2 * M_PI / acos(1 - tolerance / axis));
    count += count % 2;
    return count < 4 ? 4 : count;
}

Nib nib_new(const cairo_matrix_t *frame, double radius, double tolerance)
{
    Nib nib = {.count = corners_needed(longest_axis(frame, radius), tolerance)};
    if (nib.count == 0) return nib;
    nib.corners = xcalloc(nib.count, sizeof *nib.corners);
    const double turn =
        frame->xx * frame->yy - frame->yx * frame->xy < 0 ? -1 : 1; /* a mirror would reverse the order */
    for (size_t i = 0; i < nib.count; i++) {
        const double angle = turn * (2 * M_PI * (double)i / (double)nib.count);
        double x = radius * cos(angle), y = radius * sin(angle);
        cairo_matrix_transform_distance(frame, &x, &y);
        nib.corners[i] = grid_point(x, y);
    }
    return nib;
}

void nib_free(Nib *nib)
{
    free(nib->corners);
    *nib = (Nib){0};
}

/* The side that ends at a corner, and the one that begins there. */
static GridPoint side_before(const Nib *nib, size_t corner)
{
    return grid_minus(nib->corners[corner], nib->corners[(corner + nib->count - 1) % nib->count]);
}

static GridPoint side_after(const Nib *nib, size_t corner)
{
    return side_before(nib, (corner + 1) % nib->count);
}

/* Whether direction v is still to come (`clockwise`: or already past) where the nib is drawn up to a corner's side. */
static bool is_before(const Nib *nib, size_t corner, GridPoint v, bool clockwise)
{
    return clockwise ? grid_turn(side_before(nib, corner), v) < 0 : grid_turn(v, side_after(nib, corner)) < 0;
}

static size_t fan_first(const Nib *nib, GridPoint in, bool clockwise)
{
    size_t low = 0, high = nib->count, middle = high / 2;
    do {
        if (is_before(nib, middle, in, clockwise))
            low = middle;
        else
            high = middle;
        middle = (low + high) / 2;
    } while (high - low > 1);
    return is_before(nib, middle, in, clockwise) ? (middle + 1) % nib->count : middle;
}

static size_t fan_end(const Nib *nib, size_t first, GridPoint out, bool clockwise)
{
    const int beyond = clockwise ? grid_turn(out, side_after(nib, first)) : -grid_turn(side_before(nib, first), out);
    if (beyond < 0) return first;
    size_t low = first, high = first + nib->count, middle = (low + high) / 2;
    do {
        const size_t corner = middle % nib->count;
        if (clockwise ? grid_turn(side_before(nib, corner), out) > 0 : grid_turn(out, side_after(nib, corner)) > 0)
            high = middle;
        else
            low = middle;
        middle = (low + high) / 2;
    } while (high - low > 1);
    return middle % nib->count;
}

void nib_fan(const Nib *nib, GridPoint in, GridPoint out, bool clockwise, size_t *first, size_t *end)
{
    *first = fan_first(nib, in, clockwise);
    *end = fan_end(nib, *first, out, clockwise);
}

size_t nib_step(const Nib *nib, size_t corner, bool clockwise)
{
    return (corner + (clockwise ? 1 : nib->count - 1)) % nib->count;
}
