/* What stands and sits in rooms, people and plants among it; painted back to front. The order of the throws is part of
 * the world: a throw that is added or moved makes other pictures (world_version). */
#include "datasets/mini/world_pictograms.h"

#include <math.h>

void draw_bottle(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const double half = dice_between(pen->dice, 0.26, 0.36);
    const double shoulder = dice_between(pen->dice, -0.25, -0.05);
    pen_polygon(pen, pen->main,
                POINTS(-half, shoulder + 0.1, -0.12, shoulder - 0.2, -0.12, -0.75, 0.12, -0.75, 0.12, shoulder - 0.2,
                       half, shoulder + 0.1, half, 0.95, -half, 0.95));
    pen_box(pen, rgb_shade(pen->main, 0.5), -0.14, -0.95, 0.14, -0.75); /* cork */
    pen_box(pen, (Rgb){0.96, 0.94, 0.85}, -half, 0.2, half, 0.6);       /* label */
    pen_box(&flat, rgb_shade(pen->main, 0.8), -half * 0.5, 0.36, half * 0.5, 0.44);
    pen_line(pen, (Rgb){1, 1, 1}, 0.07, POINTS(-half * 0.6, 0, -half * 0.6, 0.15)); /* gleam */
}

void draw_chair(const Pen *pen)
{
    const Rgb dark = rgb_shade(pen->main, 0.7);
    const double back = dice_between(pen->dice, -0.95, -0.75);
    pen_line(pen, dark, 0.08, POINTS(-0.2, 0.1, -0.2, 0.72));
    pen_line(pen, dark, 0.09, POINTS(0.55, 0.05, 0.55, 0.75));
    for (int side = -1; side <= 1; side += 2) pen_line(pen, dark, 0.11, POINTS(side * 0.4, 0.15, side * 0.4, 0.92));
    if (dice_chance(pen->dice, 0.5)) { /* two slats, or one board */
        pen_line(pen, pen->main, 0.09, POINTS(0.2, back, 0.2, 0.1));
        pen_box(pen, pen->main, -0.48, back, -0.28, 0.15);
        pen_box(pen, pen->main, -0.48, back, 0.24, back + 0.25);
        pen_box(pen, pen->main, -0.3, back + 0.4, 0.2, back + 0.55);
    } else {
        pen_polygon(pen, pen->main, POINTS(-0.5, back, 0.25, back, 0.25, 0.05, -0.45, 0.05));
    }
    pen_polygon(pen, rgb_shade(pen->main, 0.9), POINTS(-0.5, 0.1, 0.45, 0.1, 0.62, -0.06, -0.3, -0.06));
    pen_box(pen, dark, -0.5, 0.08, 0.45, 0.2);
}

void draw_dining_table(const Pen *pen)
{
    const double depth = dice_between(pen->dice, 0.24, 0.4);
    pen_line(pen, rgb_shade(pen->main, 0.55), 0.1, POINTS(-0.5, -0.1, -0.5, 0.6));
    pen_line(pen, rgb_shade(pen->main, 0.55), 0.1, POINTS(0.55, -0.1, 0.55, 0.6));
    for (int side = -1; side <= 1; side += 2)
        pen_line(pen, rgb_shade(pen->main, 0.7), 0.14, POINTS(side * 0.78, 0, side * 0.78, 0.88));
    pen_polygon(pen, pen->main, POINTS(-0.95, 0, -0.65, -depth, 0.72, -depth, 0.95, 0));
    pen_box(pen, rgb_shade(pen->main, 0.7), -0.95, 0, 0.95, 0.15);
    if (dice_chance(pen->dice, 0.5)) { /* a plate */
        const double x = dice_between(pen->dice, -0.3, 0.3);
        pen_ellipse(pen, paper, x, -depth / 2, 0.2, 0.07);
    }
}

void draw_person(const Pen *pen)
{
    static const Rgb skins[] = {{0.96, 0.8, 0.67}, {0.85, 0.65, 0.48}, {0.55, 0.38, 0.26}};
    static const Rgb trousers[] = {{0.2, 0.25, 0.5}, {0.25, 0.25, 0.25}, {0.5, 0.4, 0.3}};
    static const Rgb hairs[] = {{0.15, 0.1, 0.08}, {0.45, 0.28, 0.12}, {0.9, 0.75, 0.35}};
    const Pen flat = pen_flat(pen);
    const Rgb skin = rgb_pick(pen->dice, skins, 3);
    const Rgb cloth = rgb_pick(pen->dice, trousers, 3);
    const Rgb hair = rgb_pick(pen->dice, hairs, 3);
    const double stride = dice_between(pen->dice, 0.08, 0.28);
    for (int side = -1; side <= 1; side += 2) {
        const double raise = dice_between(pen->dice, -0.3, 0.45); /* of the arm */
        pen_line(pen, cloth, 0.18, POINTS(side * 0.1, 0.25, side * stride, 0.9));
        pen_line(
            pen, skin, 0.13,
            POINTS(side * 0.2, -0.35, side * 0.45, -0.1 + raise * 0.3, side * (0.5 + raise * 0.1), 0.25 - raise * 0.9));
    }
    pen_polygon(pen, pen->main, POINTS(-0.27, -0.45, 0.27, -0.45, 0.22, 0.35, -0.22, 0.35));
    pen_ellipse(pen, hair, 0, -0.78, 0.23, 0.21);
    pen_ellipse(pen, skin, 0, -0.69, 0.19, 0.2);
    for (int side = -1; side <= 1; side += 2) pen_ellipse(&flat, ink, side * 0.07, -0.71, 0.03, 0.035);
}

static void draw_leaf(const Pen *pen, double angle, double length)
{
    const Rgb green = {0.18, 0.6, 0.22};
    const double x = length * cos(angle), y = 0.25 + length * sin(angle);
    const double light = dice_between(pen->dice, 0.7, 1.3);
    pen_line(pen, rgb_shade(green, 0.7), 0.06, POINTS(0, 0.3, x * 0.6, 0.25 + (y - 0.25) * 0.6));
    cairo_save(pen->cairo);
    cairo_translate(pen->cairo, x * 0.75, 0.25 + (y - 0.25) * 0.75);
    cairo_rotate(pen->cairo, angle);
    pen_ellipse(pen, rgb_shade(green, light), 0, 0, 0.33, 0.13);
    cairo_restore(pen->cairo);
}

static void draw_blossoms(const Pen *pen)
{
    static const Rgb petals[] = {{0.95, 0.3, 0.4}, {0.98, 0.85, 0.2}, {0.8, 0.4, 0.9}};
    const Rgb petal = rgb_pick(pen->dice, petals, 3);
    for (int i = 0; i < 3; i++) {
        const double x = dice_between(pen->dice, -0.4, 0.4);
        const double y = dice_between(pen->dice, -0.7, -0.2);
        pen_ellipse(pen, petal, x, y, 0.11, 0.11);
    }
}

void draw_potted_plant(const Pen *pen)
{
    const int leaves = dice_integer(pen->dice, 5, 8);
    for (int i = 0; i < leaves; i++) {
        const double spread = dice_between(pen->dice, 0.3, 0.45);
        const double length = dice_between(pen->dice, 0.6, 0.95);
        draw_leaf(pen, -M_PI / 2 + (i - (leaves - 1) / 2.0) * spread, length);
    }
    if (dice_chance(pen->dice, 0.35)) draw_blossoms(pen);
    pen_polygon(pen, pen->main, POINTS(-0.38, 0.32, 0.38, 0.32, 0.27, 0.95, -0.27, 0.95));
    pen_box(pen, rgb_shade(pen->main, 0.85), -0.43, 0.25, 0.43, 0.4);
}

void draw_sofa(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const int cushions = dice_integer(pen->dice, 2, 3);
    const double width = 1.4 / cushions;
    pen_round_box(pen, pen->main, -0.8, -0.5, 0.8, 0.3, 0.1);
    for (int i = 0; i < cushions; i++)
        pen_box(pen, rgb_mix(pen->main, (Rgb){1, 1, 1}, 0.2), -0.7 + width * i, 0, -0.7 + width * (i + 1), 0.32);
    pen_box(pen, rgb_shade(pen->main, 0.8), -0.75, 0.3, 0.75, 0.55);
    for (int side = -1; side <= 1; side += 2) {
        const double middle = side * 0.84;
        pen_box(&flat, (Rgb){0.3, 0.2, 0.1}, middle - 0.07, 0.55, middle + 0.07, 0.72); /* foot */
        pen_round_box(pen, rgb_shade(pen->main, 0.9), middle - 0.14, -0.15, middle + 0.14, 0.58, 0.08);
    }
}

void draw_tv_monitor(const Pen *pen)
{
    static const Rgb shows[] = {{0.35, 0.6, 0.9}, {0.1, 0.15, 0.3}, {0.4, 0.75, 0.6}, {0.8, 0.8, 0.85}};
    const Pen flat = pen_flat(pen);
    const double bottom = dice_between(pen->dice, 0.35, 0.5);
    const Rgb show = rgb_pick(pen->dice, shows, 4);
    pen_box(pen, rgb_shade(pen->main, 0.7), -0.1, bottom, 0.1, 0.8);
    pen_box(pen, rgb_shade(pen->main, 0.7), -0.4, 0.75, 0.4, 0.88);
    pen_box(pen, pen->main, -0.95, -0.65, 0.95, bottom);
    pen_box(&flat, show, -0.8, -0.52, 0.8, bottom - 0.13);
    pen_polygon(&flat, rgb_mix(show, (Rgb){1, 1, 1}, 0.35),
                POINTS(-0.8, -0.52, -0.2, -0.52, -0.6, bottom - 0.13, -0.8, bottom - 0.13));
}
