/* The nib that draws an outline: a circle in the frame of the drawing, as the polygon that cairo 1.16 makes of it.
 *
 * Points and vectors lie on cairo's grid of 1/256 pixel ("24.8 fixed point"), in pixels' axes: x to the right, y down. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GridPoint { /* 1/256 pixel; a place or a vector */
    int32_t x, y;
} GridPoint;

GridPoint grid_point(double x, double y); /* of pixels; the nearest, halves to even */
GridPoint grid_plus(GridPoint a, GridPoint b);
GridPoint grid_minus(GridPoint a, GridPoint b);
bool grid_same(GridPoint a, GridPoint b);

/* Which way a has to turn to b by the smaller angle: below 0 from x towards y ("clockwise" on the screen), 0 for the same
 * direction, above 0 the other way. Of opposite directions the one with x > 0 (y > 0 where x is 0) lies before the other; a
 * vector of no length lies after all others. */
int grid_turn(GridPoint a, GridPoint b);

typedef struct Nib {
    GridPoint *corners; /* around the middle (0, 0), in the direction of the angle; owned */
    size_t count;       /* 0: too small to leave a trace */
} Nib;

/* Corners at equal angles of the circle `radius` (in units of the frame), as many as keep it within `tolerance` pixels: with M
 * the longest half axis of the ellipse that the frame makes of it, ceil(2 pi / acos(1 - tolerance / M)), made even, at least 4;
 * 4 for M up to the tolerance, none up to a quarter of it. */
Nib nib_new(const cairo_matrix_t *frame, double radius, double tolerance);
void nib_free(Nib *nib);

/* The corners that lie on the outside of a bend from direction `in` to `out`: from *first on, by nib_step, up to *end, which is
 * not one of them. `clockwise`: the bend turns from x towards y. */
void nib_fan(const Nib *nib, GridPoint in, GridPoint out, bool clockwise, size_t *first, size_t *end);
size_t nib_step(const Nib *nib, size_t corner, bool clockwise);
