/* A pen over cairo: filled shapes with the picture's outline, in a frame that is scaled, turned and mirrored by the caller.
 *
 * Coordinates of a pictogram: x to the right and y down, both from -1 to 1, the object fills the square. */
#pragma once

#include "datasets/mini/world_random.h"

#include <cairo.h>
#include <stddef.h>

typedef struct Rgb {
    double red, green, blue; /* 0 to 1 */
} Rgb;

static const Rgb ink = {0.12, 0.12, 0.14}, paper = {0.97, 0.97, 0.95}, metal = {0.66, 0.66, 0.68};

Rgb rgb_shade(Rgb colour, double factor);                /* darker below 1, lighter above */
Rgb rgb_mix(Rgb a, Rgb b, double share);                 /* share 0: a, 1: b */
Rgb rgb_jitter(Dice *dice, Rgb colour, double amount);   /* each channel moved by up to amount */
Rgb rgb_random(Dice *dice, double low, double high);     /* channels independent */
bool rgb_is_light(Rgb colour);                           /* dark marks can be seen on it */
Rgb rgb_pick(Dice *dice, const Rgb *colours, int count); /* one of them */

typedef struct Pen {
    cairo_t *cairo;
    Dice *dice;    /* for what varies from one object to the next */
    Rgb main;      /* the colour a caption may name */
    Rgb outline;   /* of every shape ... */
    double width;  /* ... and its width in units of the frame */
    bool outlined; /* false: no outline at all */
} Pen;

/* The same pen without outlines: for spots, windows' reflections, eyes. */
Pen pen_flat(const Pen *pen);

/* x, y, x, y, ... as the two last arguments of the functions below. */
#define POINTS(...) (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double) / 2

void pen_paint(const Pen *pen, Rgb fill); /* fills and outlines the path that was laid with cairo */
void pen_polygon(const Pen *pen, Rgb fill, const double *points, size_t count);
void pen_line(const Pen *pen, Rgb colour, double width, const double *points,
              size_t count); /* round ends, no outline */
void pen_ellipse(const Pen *pen, Rgb fill, double x, double y, double a, double b);
void pen_ring(const Pen *pen, Rgb colour, double width, double x, double y, double radius);
void pen_box(const Pen *pen, Rgb fill, double left, double top, double right, double bottom);
void pen_round_box(const Pen *pen, Rgb fill, double left, double top, double right, double bottom, double corner);
