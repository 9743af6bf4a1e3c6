/* Seen from the side, painted back to front, one or two proportions of each thrown. The order of the throws is part of
 * the world: a throw that is added or moved makes other pictures (world_version). */
#include "datasets/mini/world_pictograms.h"

#include <math.h>

/* Glass between sky blue and evening yellow. */
static Rgb glass(const Pen *pen)
{
    return rgb_mix((Rgb){0.7, 0.85, 0.95}, (Rgb){0.95, 0.9, 0.6}, dice_between(pen->dice, 0, 0.6));
}

static void draw_wheel(const Pen *pen, double x, double y, double radius)
{
    const Pen flat = pen_flat(pen);
    pen_ellipse(pen, ink, x, y, radius, radius);
    pen_ellipse(&flat, metal, x, y, radius * 0.45, radius * 0.45);
}

void draw_aeroplane(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const double span = dice_between(pen->dice, 0.5, 0.8);
    const double hull = dice_between(pen->dice, 0.16, 0.23);
    pen_polygon(pen, rgb_shade(pen->main, 0.8), POINTS(-0.1, -0.05, 0.22, -0.05, -0.2, -span, -0.4, -span));
    pen_ellipse(pen, pen->main, 0, 0, 0.95, hull);
    pen_polygon(pen, rgb_shade(pen->main, 0.85), POINTS(-0.92, 0, -0.62, 0, -0.8, -0.52, -0.98, -0.52));
    pen_polygon(pen, rgb_shade(pen->main, 0.9), POINTS(-0.1, 0.08, 0.25, 0.08, -0.25, span, -0.45, span));
    const int windows = dice_integer(pen->dice, 3, 5);
    for (int i = 0; i < windows; i++) pen_ellipse(&flat, (Rgb){0.3, 0.5, 0.7}, -0.3 + 0.2 * i, -0.04, 0.05, 0.05);
    pen_polygon(&flat, (Rgb){0.3, 0.5, 0.7}, POINTS(0.68, -0.09, 0.8, -0.09, 0.88, 0, 0.72, 0));
}

static void draw_spokes(const Pen *pen, double x, double y, double radius)
{
    for (int i = 0; i < 3; i++) {
        const double dx = radius * cos(i * M_PI / 3), dy = radius * sin(i * M_PI / 3);
        pen_line(pen, (Rgb){0.6, 0.6, 0.6}, 0.03, POINTS(x - dx, y - dy, x + dx, y + dy));
    }
}

void draw_bicycle(const Pen *pen)
{
    const double radius = dice_between(pen->dice, 0.36, 0.46);
    const double tube = dice_between(pen->dice, 0.1, 0.14);
    const bool spokes = dice_chance(pen->dice, 0.5);
    for (int side = -1; side <= 1; side += 2) {
        pen_ring(pen, pen->outlined ? pen->outline : ink, 0.1, side * 0.52, 0.4, radius);
        if (spokes) draw_spokes(pen, side * 0.52, 0.4, radius);
    }
    pen_line(pen, pen->main, tube, POINTS(-0.52, 0.4, -0.2, -0.15, 0.36, -0.15, 0, 0.4, -0.52, 0.4));
    pen_line(pen, pen->main, tube, POINTS(0, 0.4, -0.25, -0.3));
    pen_line(pen, pen->main, tube, POINTS(0.52, 0.4, 0.33, -0.4, 0.52, -0.46)); /* fork and handlebar */
    pen_line(pen, ink, 0.13, POINTS(-0.4, -0.32, -0.12, -0.32));                /* saddle */
}

void draw_motorbike(const Pen *pen)
{
    for (int side = -1; side <= 1; side += 2) draw_wheel(pen, side * 0.58, 0.42, 0.34);
    const double tank = dice_between(pen->dice, -0.26, -0.16);
    pen_polygon(pen, pen->main, POINTS(-0.72, 0.05, -0.1, 0, 0.12, tank, 0.5, tank, 0.46, 0.25, 0.2, 0.5, -0.3, 0.5));
    pen_polygon(pen, ink, POINTS(-0.78, -0.12, -0.1, -0.12, -0.05, 0.04, -0.65, 0.06)); /* seat */
    pen_line(pen, (Rgb){0.5, 0.5, 0.5}, 0.1, POINTS(0.58, 0.42, 0.38, -0.35, 0.2, -0.5));
    pen_ellipse(pen, (Rgb){0.98, 0.95, 0.6}, 0.5, -0.24, 0.12, 0.12);
    pen_line(pen, metal, 0.1, POINTS(-0.2, 0.48, -0.8, 0.58)); /* exhaust */
}

void draw_boat(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const double depth = dice_between(pen->dice, 0.35, 0.5);
    const Rgb sail = rgb_mix(paper, pen->main, dice_between(pen->dice, 0, 0.3));
    pen_line(pen, (Rgb){0.4, 0.28, 0.15}, 0.09, POINTS(0, 0.35, 0, -0.92));
    pen_polygon(pen, sail, POINTS(0.06, -0.87, 0.06, 0.15, 0.72, 0.15));
    if (dice_chance(pen->dice, 0.7))
        pen_polygon(pen, rgb_shade(sail, 0.9), POINTS(-0.06, -0.7, -0.06, 0.15, -0.56, 0.15));
    pen_polygon(pen, pen->main, POINTS(-0.92, 0.3, 0.96, 0.3, 0.65, 0.3 + depth, -0.6, 0.3 + depth));
    if (dice_chance(pen->dice, 0.5)) pen_box(&flat, paper, -0.76, 0.38, 0.8, 0.46);
}

void draw_bus(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const int windows = dice_integer(pen->dice, 3, 5);
    const Rgb pane = glass(pen);
    const double step = 1.7 / windows;
    pen_round_box(pen, pen->main, -0.95, -0.55, 0.95, 0.5, 0.1);
    for (int i = 0; i < windows; i++) {
        const double left = -0.85 + step * i;
        pen_box(pen, pane, left, -0.4, left + step * 0.78, -0.05);
    }
    if (dice_chance(pen->dice, 0.6)) pen_box(&flat, rgb_mix(pen->main, (Rgb){1, 1, 1}, 0.6), -0.92, 0.08, 0.92, 0.18);
    for (int side = -1; side <= 1; side += 2) draw_wheel(pen, side * 0.55, 0.52, 0.2);
    pen_ellipse(&flat, (Rgb){1, 0.95, 0.6}, 0.88, 0.32, 0.06, 0.08); /* head light */
}

void draw_car(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const double roof = dice_between(pen->dice, -0.55, -0.4);
    const Rgb pane = glass(pen);
    pen_polygon(pen, rgb_shade(pen->main, 0.9), POINTS(-0.64, 0.02, -0.36, roof, 0.26, roof, 0.58, 0.02));
    pen_polygon(pen, pane, POINTS(-0.44, -0.02, -0.27, roof + 0.1, -0.06, roof + 0.1, -0.06, -0.02));
    pen_polygon(pen, pane, POINTS(0.04, -0.02, 0.04, roof + 0.1, 0.2, roof + 0.1, 0.4, -0.02));
    pen_polygon(pen, pen->main, POINTS(-0.95, 0, 0.75, 0, 0.95, 0.15, 0.95, 0.42, -0.95, 0.42));
    for (int side = -1; side <= 1; side += 2) draw_wheel(pen, side * 0.52, 0.42, 0.24);
    pen_ellipse(&flat, (Rgb){1, 0.95, 0.6}, 0.88, 0.2, 0.06, 0.06);
}

void draw_train(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const Rgb pane = glass(pen);
    const int windows = dice_integer(pen->dice, 3, 4);
    pen_polygon(pen, pen->main, POINTS(-0.98, -0.5, 0.6, -0.5, 0.88, -0.12, 0.98, 0.4, -0.98, 0.4));
    for (int i = 0; i < windows; i++) pen_box(pen, pane, -0.88 + 0.36 * i, -0.36, -0.62 + 0.36 * i, -0.08);
    pen_polygon(pen, pane, POINTS(0.6, -0.38, 0.82, -0.08, 0.6, -0.08)); /* driver's window */
    const Rgb stripe = rgb_is_light(pen->main) ? rgb_shade(pen->main, 0.55) : (Rgb){0.9, 0.85, 0.3};
    pen_box(&flat, stripe, -0.96, 0.08, 0.92, 0.18);
    for (int i = 0; i < 6; i++) pen_ellipse(pen, (Rgb){0.25, 0.25, 0.27}, -0.8 + 0.31 * i, 0.5, 0.12, 0.12);
    pen_line(pen, (Rgb){0.4, 0.35, 0.3}, 0.07, POINTS(-0.98, 0.66, 0.98, 0.66)); /* rail */
    if (dice_chance(pen->dice, 0.6))                                             /* current collector */
        pen_line(pen, (Rgb){0.3, 0.3, 0.3}, 0.06, POINTS(-0.2, -0.5, -0.35, -0.7, -0.1, -0.86));
}
