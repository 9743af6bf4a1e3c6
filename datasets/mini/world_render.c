/* A scene becomes a picture: backdrop, clutter, objects from back to front, clutter before them, camera.
 * The throws come in that order from one stream. */
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_backdrop.h"
#include "datasets/mini/world_pictograms.h"
#include "datasets/mini/world_style.h"
#include "datasets/mini/world_tables.h"
#include "harness/base/error.h"

#include <math.h>

static const Rgb colours[WORLD_COLOURS] = {
    [RED] = {0.85, 0.15, 0.15},   [ORANGE] = {0.95, 0.55, 0.1}, [YELLOW] = {0.95, 0.85, 0.2},
    [GREEN] = {0.2, 0.65, 0.25},  [BLUE] = {0.2, 0.35, 0.85},   [PURPLE] = {0.55, 0.25, 0.7},
    [PINK] = {0.95, 0.6, 0.7},    [BROWN] = {0.5, 0.32, 0.18},  [BLACK] = {0.13, 0.13, 0.13},
    [WHITE] = {0.95, 0.95, 0.95}, [GRAY] = {0.55, 0.55, 0.57},
};

static void (*const pictograms[WORLD_CLASSES])(const Pen *) = {
    [AEROPLANE] = draw_aeroplane,
    [BICYCLE] = draw_bicycle,
    [BIRD] = draw_bird,
    [BOAT] = draw_boat,
    [BOTTLE] = draw_bottle,
    [BUS] = draw_bus,
    [CAR] = draw_car,
    [CAT] = draw_cat,
    [CHAIR] = draw_chair,
    [COW] = draw_cow,
    [DINING_TABLE] = draw_dining_table,
    [DOG] = draw_dog,
    [HORSE] = draw_horse,
    [MOTORBIKE] = draw_motorbike,
    [PERSON] = draw_person,
    [POTTED_PLANT] = draw_potted_plant,
    [SHEEP] = draw_sheep,
    [SOFA] = draw_sofa,
    [TRAIN] = draw_train,
    [TV_MONITOR] = draw_tv_monitor,
};

/* Ink of the usual dark line, or in the shifted style none, a white one or one of the object's own colour. Line widths
 * in pixels. */
static void choose_outline(Pen *pen, bool restyled)
{
    pen->outlined = true;
    pen->outline = rgb_jitter(pen->dice, (Rgb){0.15, 0.14, 0.15}, 0.08);
    pen->width = dice_between(pen->dice, 0.7, 1.2);
    if (!restyled) return;
    const double kind = dice_unit(pen->dice);
    pen->outlined = kind >= 0.4;
    pen->outline = kind < 0.7 ? (Rgb){0.95, 0.95, 0.95} : rgb_shade(pen->main, 0.4);
    pen->width = dice_between(pen->dice, 0.8, 1.9);
}

/* The object's colour; the shifted style washes some out and darkens others. */
static Rgb choose_colour(Dice *dice, int colour, double shift)
{
    const Rgb c = rgb_jitter(dice, colours[colour], 0.07);
    if (!dice_chance(dice, 0.35 * shift)) return c;
    const bool wash = dice_chance(dice, 0.6);
    return rgb_mix(c, wash ? (Rgb){0.9, 0.9, 0.9} : (Rgb){0.3, 0.3, 0.35}, dice_between(dice, 0.3, 0.6));
}

static void draw_object(Pen pen, const WorldObject *object, double shift, bool restyled)
{
    pen.main = choose_colour(pen.dice, object->colour, shift);
    choose_outline(&pen, restyled);
    pen.width /= object->radius;
    const double side = object->flip ? -1 : 1;
    double angle = dice_normal(pen.dice) * (0.07 + 0.08 * shift);
    if (object->class == AEROPLANE) angle += side * dice_between(pen.dice, -0.35, 0.15); /* climbing or landing */
    const double stretch = dice_between(pen.dice, 0.88, 1.12);
    cairo_save(pen.cairo);
    cairo_translate(pen.cairo, object->x, object->y);
    cairo_rotate(pen.cairo, angle);
    cairo_scale(pen.cairo, side * object->radius * stretch, object->radius / stretch);
    pictograms[object->class](&pen);
    cairo_restore(pen.cairo);
}

/* Where an object stands on the ground: the lower, the nearer. */
static double foot(const WorldObject *o)
{
    return o->y + 0.7 * o->radius;
}

static void order_by_distance(const WorldScene *scene, const WorldObject *order[WORLD_OBJECTS_MAX])
{
    for (int i = 0; i < scene->count; i++) {
        int at = i;
        for (; at > 0 && foot(order[at - 1]) > foot(&scene->objects[i]); at--) order[at] = order[at - 1];
        order[at] = &scene->objects[i];
    }
}

static void draw_picture(const Pen *pen, const WorldScene *scene)
{
    const double shift = scene->shift, reach = 4.5 + 3 * shift;
    backdrop_draw(pen, scene);
    const int few = dice_integer(pen->dice, 0, 2);
    const int more = (int)(shift * dice_integer(pen->dice, 2, 6));
    clutter_draw(pen, few + more, reach, 1);
    const bool restyled = dice_chance(pen->dice, 0.7 * shift);
    const WorldObject *order[WORLD_OBJECTS_MAX];
    order_by_distance(scene, order);
    for (int i = 0; i < scene->count; i++) draw_object(*pen, order[i], shift, restyled);
    if (dice_chance(pen->dice, 0.25 + 0.4 * shift)) {
        const bool second = dice_chance(pen->dice, 0.5 * shift);
        clutter_draw(pen, second ? 2 : 1, reach, 0.9);
    }
}

/* cairo's 32-bit pixels, 0x00RRGGBB, to floats. */
static void unpack(const uint32_t *canvas, float *values)
{
    for (int i = 0; i < WORLD_SIZE * WORLD_SIZE; i++) {
        values[3 * i] = (float)(canvas[i] >> 16 & 255);
        values[3 * i + 1] = (float)(canvas[i] >> 8 & 255);
        values[3 * i + 2] = (float)(canvas[i] & 255);
    }
}

void world_render(const WorldScene *scene, uint8_t *pixels)
{
    uint32_t canvas[WORLD_SIZE * WORLD_SIZE] = {0};
    float values[WORLD_VALUES];
    Dice dice = dice_new(DICE_RENDER, 0, 0, scene->render_seed);
    cairo_surface_t *surface = cairo_image_surface_create_for_data((unsigned char *)canvas, CAIRO_FORMAT_RGB24,
                                                                   WORLD_SIZE, WORLD_SIZE, 4 * WORLD_SIZE);
    cairo_t *cairo = cairo_create(surface);
    draw_picture(&(Pen){.cairo = cairo, .dice = &dice}, scene);
    cairo_surface_flush(surface);
    if (cairo_status(cairo) != CAIRO_STATUS_SUCCESS)
        die("cairo could not draw a scene: %s", cairo_status_to_string(cairo_status(cairo)));
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    unpack(canvas, values);
    style_apply(values, scene->shift, &dice);
    for (int i = 0; i < WORLD_VALUES; i++) pixels[i] = (uint8_t)fminf(255, fmaxf(0, values[i]));
}
