/* Colours as triples that stay in [0, 1], and shapes: each lays a path and has pen_paint fill it and then draw its
 * outline. Size, turn and mirror of the object are cairo's matrix, which the caller has set. */
#include "datasets/mini/world_draw.h"

#include "datasets/mini/world_stroke.h"

#include <math.h>

static double channel(double value)
{
    return fmin(1, fmax(0, value));
}

Rgb rgb_shade(Rgb c, double factor)
{
    return (Rgb){channel(c.red * factor), channel(c.green * factor), channel(c.blue * factor)};
}

Rgb rgb_mix(Rgb a, Rgb b, double share)
{
    return (Rgb){a.red + (b.red - a.red) * share, a.green + (b.green - a.green) * share,
                 a.blue + (b.blue - a.blue) * share};
}

Rgb rgb_jitter(Dice *dice, Rgb colour, double amount)
{
    Rgb c;
    c.red = channel(colour.red + dice_between(dice, -amount, amount));
    c.green = channel(colour.green + dice_between(dice, -amount, amount));
    c.blue = channel(colour.blue + dice_between(dice, -amount, amount));
    return c;
}

Rgb rgb_random(Dice *dice, double low, double high)
{
    Rgb c;
    c.red = dice_between(dice, low, high);
    c.green = dice_between(dice, low, high);
    c.blue = dice_between(dice, low, high);
    return c;
}

bool rgb_is_light(Rgb c)
{
    return c.red + c.green + c.blue > 1.2;
}

Rgb rgb_pick(Dice *dice, const Rgb *colours, int count)
{
    return colours[dice_integer(dice, 0, count - 1)];
}

Pen pen_flat(const Pen *pen)
{
    Pen flat = *pen;
    flat.outlined = false;
    return flat;
}

static void set_colour(const Pen *pen, Rgb c)
{
    cairo_set_source_rgb(pen->cairo, c.red, c.green, c.blue);
}

void pen_paint(const Pen *pen, Rgb fill)
{
    set_colour(pen, fill);
    if (!pen->outlined) {
        cairo_fill(pen->cairo);
        return;
    }
    cairo_fill_preserve(pen->cairo);
    set_colour(pen, pen->outline);
    world_stroke(pen->cairo, pen->width);
}

static void lay_points(const Pen *pen, const double *points, size_t count)
{
    cairo_new_path(pen->cairo);
    for (size_t i = 0; i < count; i++) cairo_line_to(pen->cairo, points[2 * i], points[2 * i + 1]);
}

void pen_polygon(const Pen *pen, Rgb fill, const double *points, size_t count)
{
    lay_points(pen, points, count);
    cairo_close_path(pen->cairo);
    pen_paint(pen, fill);
}

void pen_line(const Pen *pen, Rgb colour, double width, const double *points, size_t count)
{
    lay_points(pen, points, count);
    set_colour(pen, colour);
    world_stroke(pen->cairo, width);
}

void pen_ellipse(const Pen *pen, Rgb fill, double x, double y, double a, double b)
{
    cairo_save(pen->cairo);
    cairo_translate(pen->cairo, x, y);
    cairo_scale(pen->cairo, a, b);
    cairo_new_path(pen->cairo);
    cairo_arc(pen->cairo, 0, 0, 1, 0, 2 * M_PI);
    cairo_close_path(pen->cairo);
    cairo_restore(pen->cairo); /* before the outline, which is not to be stretched */
    pen_paint(pen, fill);
}

void pen_ring(const Pen *pen, Rgb colour, double width, double x, double y, double radius)
{
    cairo_new_path(pen->cairo);
    cairo_arc(pen->cairo, x, y, radius, 0, 2 * M_PI);
    cairo_close_path(pen->cairo);
    set_colour(pen, colour);
    world_stroke(pen->cairo, width);
}

void pen_box(const Pen *pen, Rgb fill, double left, double top, double right, double bottom)
{
    cairo_new_path(pen->cairo);
    cairo_rectangle(pen->cairo, left, top, right - left, bottom - top);
    pen_paint(pen, fill);
}

void pen_round_box(const Pen *pen, Rgb fill, double left, double top, double right, double bottom, double corner)
{
    cairo_t *c = pen->cairo;
    cairo_new_path(c);
    cairo_arc(c, right - corner, top + corner, corner, -M_PI / 2, 0);
    cairo_arc(c, right - corner, bottom - corner, corner, 0, M_PI / 2);
    cairo_arc(c, left + corner, bottom - corner, corner, M_PI / 2, M_PI);
    cairo_arc(c, left + corner, top + corner, corner, M_PI, 3 * M_PI / 2);
    cairo_close_path(c);
    pen_paint(pen, fill);
}
