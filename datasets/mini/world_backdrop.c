/* Background from far to near: two gradients that meet at a horizon, in the colours of the place; what makes the place
 * recognisable; a texture. The larger the shift, the more often the colours are those of somewhere else, and then
 * nothing is left that would give the place away. */
#include "datasets/mini/world_backdrop.h"
#include "datasets/mini/world_tables.h"

#include <math.h>

enum { HIGH, ABOVE_HORIZON, BELOW_HORIZON, LOW, BANDS };

/* Top, at the horizon from above and from below, bottom. */
static const Rgb palettes[WORLD_SCENE_TYPES][BANDS] = {
    [STREET] = {{0.65, 0.78, 0.9}, {0.82, 0.85, 0.88}, {0.45, 0.45, 0.47}, {0.36, 0.36, 0.38}},
    [FIELD] = {{0.5, 0.75, 0.95}, {0.8, 0.9, 0.98}, {0.4, 0.7, 0.3}, {0.25, 0.5, 0.2}},
    [ROOM] = {{0.93, 0.87, 0.75}, {0.86, 0.8, 0.7}, {0.62, 0.47, 0.32}, {0.5, 0.36, 0.24}},
    [SKY] = {{0.35, 0.6, 0.92}, {0.55, 0.75, 0.95}, {0.75, 0.87, 0.97}, {0.9, 0.95, 0.98}},
    [SEA] = {{0.6, 0.8, 0.95}, {0.85, 0.9, 0.95}, {0.2, 0.45, 0.7}, {0.1, 0.3, 0.55}},
    [RAILS] = {{0.75, 0.78, 0.82}, {0.85, 0.82, 0.78}, {0.5, 0.44, 0.38}, {0.4, 0.34, 0.3}},
};

static void paint_gradient(const Pen *pen, double top, double bottom, double slant, Rgb from, Rgb to)
{
    cairo_pattern_t *gradient = cairo_pattern_create_linear(0, top, slant, bottom);
    cairo_pattern_add_color_stop_rgb(gradient, 0, from.red, from.green, from.blue);
    cairo_pattern_add_color_stop_rgb(gradient, 1, to.red, to.green, to.blue);
    cairo_set_source(pen->cairo, gradient);
    cairo_pattern_destroy(gradient);
    cairo_rectangle(pen->cairo, 0, top, WORLD_SIZE, bottom - top);
    cairo_fill(pen->cairo);
}

static void set_veil(const Pen *pen, Rgb colour, double opacity)
{
    cairo_set_source_rgba(pen->cairo, colour.red, colour.green, colour.blue, opacity);
}

static void paint_clouds(const Pen *pen, double horizon)
{
    const int clouds = dice_integer(pen->dice, 1, 3);
    for (int i = 0; i < clouds; i++) {
        const double x = dice_between(pen->dice, 0, WORLD_SIZE);
        const double y = dice_between(pen->dice, 3, horizon * 0.7);
        const double size = dice_between(pen->dice, 3, 5);
        set_veil(pen, (Rgb){1, 1, 1}, 0.55);
        for (int puff = -1; puff <= 1; puff++) {
            cairo_new_sub_path(pen->cairo);
            cairo_arc(pen->cairo, x + puff * size, y - (puff == 0) * size * 0.35, size * (puff == 0 ? 0.9 : 0.65), 0,
                      2 * M_PI);
        }
        cairo_fill(pen->cairo);
    }
}

/* A row of dashes along the ground: lane marks, sleepers, waves, blades of grass. */
static void paint_dashes(const Pen *pen, Rgb colour, double opacity, double y, double step, double length,
                         double height)
{
    set_veil(pen, colour, opacity);
    for (double x = dice_between(pen->dice, -step, 0); x < WORLD_SIZE; x += step)
        cairo_rectangle(pen->cairo, x, y, length, height);
    cairo_fill(pen->cairo);
}

static void paint_tracks(const Pen *pen, double y)
{
    paint_dashes(pen, (Rgb){0.28, 0.2, 0.15}, 0.6, y - 1.5, 5, 2.2, 7);
    set_veil(pen, (Rgb){0.8, 0.8, 0.82}, 0.8);
    cairo_rectangle(pen->cairo, 0, y, WORLD_SIZE, 1.2);
    cairo_rectangle(pen->cairo, 0, y + 3.2, WORLD_SIZE, 1.2);
    cairo_fill(pen->cairo);
}

static void paint_window(const Pen *pen, double horizon)
{
    const double left = dice_between(pen->dice, 4, 44), width = 14, height = 11;
    const double top = dice_between(pen->dice, 4, horizon - height - 6);
    set_veil(pen, (Rgb){1, 0.99, 0.95}, 0.8);
    cairo_rectangle(pen->cairo, left - 1, top - 1, width + 2, height + 2);
    cairo_fill(pen->cairo);
    set_veil(pen, (Rgb){0.66, 0.83, 0.95}, 0.8);
    cairo_rectangle(pen->cairo, left, top, width / 2 - 0.5, height);
    cairo_rectangle(pen->cairo, left + width / 2 + 0.5, top, width / 2 - 0.5, height);
    cairo_fill(pen->cairo);
}

/* What makes the place recognisable beside its colours. */
static void paint_details(const Pen *pen, int type, double horizon)
{
    const double ground = dice_between(pen->dice, horizon + 4, WORLD_SIZE - 8);
    switch (type) {
    case STREET:
        paint_dashes(pen, (Rgb){0.95, 0.93, 0.8}, 0.7, ground, 12, 6, 1.4);
        break;
    case RAILS:
        paint_tracks(pen, ground);
        break;
    case ROOM:
        paint_window(pen, horizon);
        break;
    case SEA:
        for (int row = 0; row < 3; row++)
            paint_dashes(pen, (Rgb){0.75, 0.87, 0.95}, 0.4, horizon + 4 + 7 * row, 11, 4, 0.9);
        break;
    case FIELD:
        for (int row = 0; row < 3; row++)
            paint_dashes(pen, (Rgb){0.15, 0.4, 0.12}, 0.35, horizon + 5 + 8 * row, 9, 0.9, 2.2);
        paint_clouds(pen, horizon);
        break;
    case SKY:
        paint_clouds(pen, WORLD_SIZE);
        break;
    default:
        break;
    }
}

/* Stripes or a grid of squares over everything, turned by any angle. */
static void paint_texture(const Pen *pen, Rgb colour)
{
    const bool stripes = dice_chance(pen->dice, 0.6);
    const double step = dice_between(pen->dice, 4, 9);
    const double angle = dice_between(pen->dice, 0, M_PI);
    cairo_save(pen->cairo);
    cairo_translate(pen->cairo, WORLD_SIZE / 2.0, WORLD_SIZE / 2.0);
    cairo_rotate(pen->cairo, angle);
    for (double y = -48; y < 48; y += step) {
        if (stripes) {
            cairo_rectangle(pen->cairo, -48, y, 96, step * 0.4);
            continue;
        }
        for (double x = -48; x < 48; x += step * 1.6) cairo_rectangle(pen->cairo, x, y, step * 0.5, step * 0.5);
    }
    cairo_restore(pen->cairo);
    set_veil(pen, colour, 0.35);
    cairo_fill(pen->cairo);
}

/* Another place's colours, or anybody's. */
static void choose_foreign_palette(Dice *dice, Rgb bands[BANDS])
{
    const int type = dice_integer(dice, 0, WORLD_SCENE_TYPES - 1);
    const bool wild = dice_chance(dice, 0.5);
    for (int i = 0; i < BANDS; i++)
        bands[i] = wild ? rgb_random(dice, 0.1, 0.9) : rgb_jitter(dice, palettes[type][i], 0.2);
}

void backdrop_draw(const Pen *pen, const WorldScene *scene)
{
    Rgb bands[BANDS];
    for (int i = 0; i < BANDS; i++)
        bands[i] = rgb_jitter(pen->dice, palettes[scene->type][i], 0.06 + 0.1 * scene->shift);
    const double horizon = dice_between(pen->dice, 24, 40);
    const bool foreign = dice_chance(pen->dice, 0.75 * scene->shift);
    if (foreign) choose_foreign_palette(pen->dice, bands);
    if (foreign && dice_chance(pen->dice, 0.4)) {
        const double slant = dice_between(pen->dice, -WORLD_SIZE, WORLD_SIZE);
        paint_gradient(pen, 0, WORLD_SIZE, slant, bands[HIGH], bands[BELOW_HORIZON]);
    } else {
        paint_gradient(pen, 0, horizon, 0, bands[HIGH], bands[ABOVE_HORIZON]);
        paint_gradient(pen, horizon, WORLD_SIZE, 0, bands[BELOW_HORIZON], bands[LOW]);
    }
    if (!foreign && dice_chance(pen->dice, 0.6)) paint_details(pen, scene->type, horizon);
    if (dice_chance(pen->dice, 0.15 + 0.5 * scene->shift))
        paint_texture(pen, rgb_jitter(pen->dice, bands[BELOW_HORIZON], 0.25));
}

static void lay_clutter(const Pen *pen, double reach)
{
    cairo_t *c = pen->cairo;
    const double x = dice_between(pen->dice, 0, WORLD_SIZE);
    const double y = dice_between(pen->dice, 0, WORLD_SIZE);
    const double r = dice_between(pen->dice, 2, reach);
    const double kind = dice_unit(pen->dice);
    if (kind < 0.35) {
        cairo_rectangle(c, x - r, y - r * 0.6, 2 * r, 1.2 * r);
    } else if (kind < 0.65) {
        cairo_arc(c, x, y, r * 0.8, 0, 2 * M_PI);
    } else if (kind < 0.85) {
        cairo_move_to(c, x, y - r);
        cairo_line_to(c, x + r, y + r);
        cairo_line_to(c, x - r, y + r);
    } else { /* a stick */
        const double half = dice_between(pen->dice, 0.4, 1);
        const double rise = dice_between(pen->dice, -6, 6);
        cairo_move_to(c, x - r * 2, y - half);
        cairo_line_to(c, x + r * 2, y + rise - half);
        cairo_line_to(c, x + r * 2, y + rise + half);
        cairo_line_to(c, x - r * 2, y + half);
    }
}

void clutter_draw(const Pen *pen, int count, double reach, double opacity)
{
    for (int i = 0; i < count; i++) {
        set_veil(pen, rgb_random(pen->dice, 0.1, 0.95), opacity);
        cairo_new_path(pen->cairo);
        lay_clutter(pen, reach);
        cairo_fill(pen->cairo);
    }
}
