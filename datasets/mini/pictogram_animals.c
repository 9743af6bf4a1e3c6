/* Bird, cat and sheep are drawn by hand; dog, cow and horse are one quadruped with three builds, and what is theirs
 * alone on top. Back to front, as paint covers paint. The order of the throws is part of the world: a throw that is
 * added or moved makes other pictures (world_version). */
#include "datasets/mini/world_pictograms.h"

#include <math.h>

static const Rgb beak = {0.95, 0.6, 0.1}, horn = {0.9, 0.88, 0.75};

void draw_bird(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const double tail = dice_between(pen->dice, -0.25, 0.05);
    pen_polygon(pen, rgb_shade(pen->main, 0.7), POINTS(-0.48, 0.05, -0.98, tail, -0.95, 0.25));
    for (int side = -1; side <= 1; side += 2)
        pen_line(pen, rgb_shade(beak, 0.9), 0.07, POINTS(0.03 + side * 0.09, 0.35, 0.02 + side * 0.1, 0.78));
    pen_ellipse(pen, pen->main, 0, 0.1, 0.6, 0.34);
    pen_ellipse(pen, pen->main, 0.5, -0.25, 0.25, 0.24);
    pen_polygon(pen, beak, POINTS(0.7, -0.32, 0.98, -0.19, 0.7, -0.12));
    pen_ellipse(&flat, rgb_is_light(pen->main) ? ink : paper, 0.57, -0.3, 0.06, 0.06);
    if (dice_chance(pen->dice, 0.6)) { /* wing up, or folded */
        const double tip = dice_between(pen->dice, -0.55, -0.15);
        pen_polygon(pen, rgb_shade(pen->main, 0.75), POINTS(-0.27, 0.05, 0.25, 0.05, tip, -0.76));
    } else {
        pen_ellipse(pen, rgb_shade(pen->main, 0.7), -0.1, 0.08, 0.35, 0.18);
    }
}

static void draw_cat_face(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const bool light = rgb_is_light(pen->main);
    const Rgb eye = light ? (Rgb){0.1, 0.35, 0.12} : (Rgb){0.4, 0.85, 0.3};
    const Rgb hair = light ? (Rgb){0.2, 0.2, 0.2} : (Rgb){0.9, 0.9, 0.9};
    for (int side = -1; side <= 1; side += 2)
        pen_polygon(pen, rgb_shade(pen->main, 0.85),
                    POINTS(side * 0.41, -0.4, side * 0.36, -0.95, side * 0.05, -0.6)); /* ears */
    pen_ellipse(pen, pen->main, 0, -0.3, 0.44, 0.38);
    for (int side = -1; side <= 1; side += 2) {
        const double end = dice_between(pen->dice, -0.2, 0);
        pen_ellipse(&flat, eye, side * 0.17, -0.33, 0.075, 0.095);
        pen_line(pen, hair, 0.03, POINTS(side * 0.1, -0.12, side * 0.55, end)); /* whiskers */
    }
    pen_ellipse(&flat, (Rgb){0.9, 0.5, 0.55}, 0, -0.16, 0.07, 0.05);
}

/* Sits and looks at you. */
void draw_cat(const Pen *pen)
{
    const Rgb fur = rgb_shade(pen->main, 0.8);
    const double tail = dice_between(pen->dice, 0, 0.15);
    pen_line(pen, fur, 0.14, POINTS(0.35, 0.78, 0.72, 0.68, 0.82, 0.42, 0.74, tail));
    pen_ellipse(pen, pen->main, 0, 0.42, 0.45, 0.5);
    draw_cat_face(pen);
    for (int side = -1; side <= 1; side += 2)
        pen_ellipse(pen, rgb_mix(pen->main, paper, 0.3), side * 0.2, 0.85, 0.14, 0.1); /* paws */
}

typedef enum Ear { EAR_NONE, EAR_UPRIGHT, EAR_HANGING } Ear;

/* What tells one animal on four legs from another: proportions, ears, tail, horns. */
typedef struct Build {
    double body_a, body_b; /* half axes */
    double leg, neck;      /* lengths */
    double head_a, head_b;
    double tail_x, tail_y, tail_width;
    Ear ear;
    bool horns;
} Build;

typedef struct Place {
    double x, y;
} Place;

static void draw_legs(const Pen *pen, const Build *b, double belly)
{
    const double walk = dice_between(pen->dice, -0.08, 0.08);
    const double hips[] = {-b->body_a * 0.75, -b->body_a * 0.5 + walk, b->body_a * 0.5 - walk, b->body_a * 0.75};
    for (int i = 0; i < 4; i++) {
        const double foot = hips[i] + dice_between(pen->dice, -0.06, 0.06);
        pen_line(pen, rgb_shade(pen->main, i % 3 == 0 ? 0.8 : 0.65), 0.15, POINTS(hips[i], belly, foot, 0.85));
    }
}

static void draw_horns(const Pen *pen, Place head)
{
    pen_line(pen, horn, 0.09, POINTS(head.x - 0.05, head.y - 0.1, head.x - 0.12, head.y - 0.35));
    pen_line(pen, horn, 0.09, POINTS(head.x + 0.08, head.y - 0.1, head.x + 0.15, head.y - 0.35));
}

static void draw_head(const Pen *pen, const Build *b, Place head)
{
    const Pen flat = pen_flat(pen);
    pen_ellipse(pen, pen->main, head.x + b->head_a * 0.3, head.y + 0.05, b->head_a, b->head_b);
    if (b->ear == EAR_HANGING) pen_ellipse(pen, rgb_shade(pen->main, 0.55), head.x - 0.02, head.y + 0.12, 0.1, 0.2);
    if (b->ear == EAR_UPRIGHT)
        pen_polygon(pen, rgb_shade(pen->main, 0.75),
                    POINTS(head.x - 0.13, head.y - 0.04, head.x - 0.02, head.y - 0.33, head.x + 0.09, head.y - 0.08));
    if (b->horns) draw_horns(pen, head);
    pen_ellipse(&flat, rgb_is_light(pen->main) ? ink : paper, head.x + b->head_a * 0.4, head.y, 0.05, 0.05);
}

/* Legs, neck, body, head, tail; returns where the head is and stores the height of the body's middle. */
static Place draw_quadruped(const Pen *pen, const Build *b, double *middle)
{
    const double y = 0.75 - b->leg - b->body_b;
    draw_legs(pen, b, y + b->body_b * 0.5);
    const double nod = dice_between(pen->dice, -0.05, 0.15);
    const Place head = {b->body_a * 0.9 + b->neck * 0.35, y - b->neck * 0.9 - 0.1 + nod};
    const double wag = dice_between(pen->dice, -0.08, 0.08);
    const double root = -b->body_a * 0.95, rump = y - b->body_b * 0.2;
    pen_line(pen, rgb_shade(pen->main, 0.75), b->tail_width,
             POINTS(root, rump, root + b->tail_x * 0.5, rump + b->tail_y * 0.5 - 0.08, root + b->tail_x + wag,
                    rump + b->tail_y));
    pen_polygon(pen, pen->main,
                POINTS(b->body_a * 0.5, y - b->body_b * 0.6, b->body_a * 0.95, y + b->body_b * 0.2, head.x + 0.1,
                       head.y + 0.1, head.x - 0.15, head.y - 0.1));
    pen_ellipse(pen, pen->main, 0, y, b->body_a, b->body_b);
    draw_head(pen, b, head);
    *middle = y;
    return head;
}

void draw_dog(const Pen *pen)
{
    static const Build build = {.body_a = 0.5,
                                .body_b = 0.22,
                                .leg = 0.42,
                                .neck = 0.25,
                                .head_a = 0.27,
                                .head_b = 0.17,
                                .tail_x = -0.25,
                                .tail_y = -0.4,
                                .tail_width = 0.11,
                                .ear = EAR_HANGING};
    double middle;
    const Pen flat = pen_flat(pen);
    const Place head = draw_quadruped(pen, &build, &middle);
    pen_ellipse(&flat, ink, head.x + 0.34, head.y + 0.04, 0.055, 0.05); /* nose */
    if (dice_chance(pen->dice, 0.4))                                    /* collar */
        pen_line(pen, (Rgb){0.85, 0.2, 0.2}, 0.09, POINTS(head.x - 0.17, head.y + 0.1, head.x + 0.04, head.y + 0.24));
}

void draw_cow(const Pen *pen)
{
    static const Build build = {.body_a = 0.65,
                                .body_b = 0.38,
                                .leg = 0.28,
                                .neck = 0.05,
                                .head_a = 0.24,
                                .head_b = 0.2,
                                .tail_x = -0.08,
                                .tail_y = 0.5,
                                .tail_width = 0.06,
                                .horns = true};
    double y;
    const Pen flat = pen_flat(pen);
    const Place head = draw_quadruped(pen, &build, &y);
    const Rgb patch = rgb_is_light(pen->main) ? (Rgb){0.15, 0.1, 0.1} : (Rgb){0.95, 0.95, 0.92};
    const double along = dice_between(pen->dice, -0.08, 0.08);
    pen_ellipse(&flat, patch, -0.27 + along, y - 0.07, 0.2, 0.17);
    pen_ellipse(&flat, patch, 0.22 + along, y + 0.08, 0.17, 0.14);
    pen_ellipse(pen, (Rgb){0.92, 0.68, 0.66}, head.x + 0.27, head.y + 0.12, 0.1, 0.11); /* muzzle */
}

void draw_horse(const Pen *pen)
{
    static const Build build = {.body_a = 0.5,
                                .body_b = 0.24,
                                .leg = 0.58,
                                .neck = 0.5,
                                .head_a = 0.28,
                                .head_b = 0.13,
                                .tail_x = -0.2,
                                .tail_y = 0.5,
                                .tail_width = 0.15,
                                .ear = EAR_UPRIGHT};
    double y;
    const Place head = draw_quadruped(pen, &build, &y);
    pen_line(pen, rgb_shade(pen->main, 0.4), 0.13,
             POINTS(0.3, y - 0.18, head.x - 0.2, head.y + 0.12, head.x - 0.12, head.y - 0.08)); /* mane */
}

void draw_sheep(const Pen *pen)
{
    const Pen flat = pen_flat(pen);
    const Rgb face = {0.2, 0.18, 0.18};
    static const double legs[] = {-0.4, -0.2, 0.2, 0.4};
    enum { CURLS = 9 };
    for (int i = 0; i < 4; i++) pen_line(pen, face, 0.11, POINTS(legs[i], 0.4, legs[i], 0.85));
    for (int i = 0; i < CURLS; i++) {
        const double angle = 2 * M_PI * i / CURLS + dice_between(pen->dice, 0, 0.2);
        pen_ellipse(pen, pen->main, 0.5 * cos(angle), 0.12 + 0.28 * sin(angle), 0.23, 0.21);
    }
    pen_ellipse(&flat, pen->main, 0, 0.12, 0.55, 0.34);
    pen_ellipse(pen, face, 0.66, -0.12, 0.2, 0.24);
    pen_ellipse(&flat, face, 0.48, -0.14, 0.1, 0.06); /* ear */
    pen_ellipse(&flat, (Rgb){1, 1, 1}, 0.71, -0.18, 0.05, 0.05);
    pen_ellipse(&flat, pen->main, 0.57, -0.33, 0.16, 0.12); /* the woollen cap */
}
