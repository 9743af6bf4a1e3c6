/* Where an outline runs, on cairo's grid of 1/256 pixel.
 *
 * A pair of sides follows the path, half a width to its left and right. Where two lines meet, the outer side takes the nib's
 * corners (a fan) and the inner one passes through the meeting point. A curve is halved until its control points lie within
 * the tolerance of the chord, and each of its points moves both sides on, with a fan where it bends more than the tolerance
 * allows. */
#include "datasets/mini/world_outline.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

static const double mitre_limit = 10; /* of the mitre's length to the line's width: cairo's default */

/* A bend is rounded where the chord across it lies further than the tolerance from the nib. cairo 1.16 measures the nib in
 * units of the frame and the tolerance in pixels; so must we. */
static double straight_from(double half_width, double tolerance)
{
    const double chord = 1 - tolerance / half_width;
    return 2 * chord * chord - 1;
}

Outline outline_new(const cairo_matrix_t *frame, double width, double tolerance)
{
    Outline o = {.frame = *frame, .inverse = *frame, .half_width = width / 2, .tolerance = tolerance};
    o.mirrored = frame->xx * frame->yy - frame->yx * frame->xy < 0;
    o.straight = straight_from(o.half_width, tolerance);
    if (width > 0 && cairo_matrix_invert(&o.inverse) == CAIRO_STATUS_SUCCESS)
        o.nib = nib_new(frame, o.half_width, tolerance);
    return o;
}

void outline_free(Outline *o)
{
    free(o->cw.points), free(o->ccw.points), free(o->beginning.points);
    nib_free(&o->nib);
}

static void side_add(Side *side, GridPoint p)
{
    if (side->count == side->room) {
        side->room = side->room ? 2 * side->room : 64;
        side->points = xrealloc(side->points, side->room * sizeof *side->points);
    }
    side->points[side->count++] = p;
}

static Side *outer_side(Outline *o, bool clockwise)
{
    return clockwise ? &o->cw : &o->ccw;
}

static GridPoint outer_end(const Face *face, bool clockwise)
{
    return clockwise ? face->cw : face->ccw;
}

static bool is_near(const Outline *o, GridPoint p)
{
    return !o->cut || (o->low.x <= p.x && p.x <= o->high.x && o->low.y <= p.y && p.y <= o->high.y);
}

static void add_fan(const Outline *o, GridPoint in, GridPoint out, GridPoint middle, bool clockwise, Side *side)
{
    size_t corner, end;
    if (!is_near(o, middle)) return;
    nib_fan(&o->nib, in, out, clockwise, &corner, &end);
    for (; corner != end; corner = nib_step(&o->nib, corner, clockwise))
        side_add(side, grid_plus(middle, o->nib.corners[corner]));
}

static void normalise(double *x, double *y)
{
    const double length = hypot(*x, *y);
    *x /= length, *y /= length;
}

/* Across the line in the frame, where the line is as wide everywhere; the vector is not zero. */
static Face face_at(const Outline *o, GridPoint middle, GridPoint vector)
{
    Face face = {.middle = middle, .vector = vector, .dx = vector.x / 256.0, .dy = vector.y / 256.0};
    normalise(&face.dx, &face.dy);
    double dx = face.dx, dy = face.dy;
    cairo_matrix_transform_distance(&o->inverse, &dx, &dy);
    normalise(&dx, &dy);
    double across_x = (o->mirrored ? dy : -dy) * o->half_width, across_y = (o->mirrored ? -dx : dx) * o->half_width;
    cairo_matrix_transform_distance(&o->frame, &across_x, &across_y);
    const GridPoint across = grid_point(across_x, across_y);
    face.ccw = grid_plus(middle, across), face.cw = grid_minus(middle, across);
    return face;
}

static void face_move(Face *face, GridPoint by)
{
    face->middle = grid_plus(face->middle, by), face->cw = grid_plus(face->cw, by),
    face->ccw = grid_plus(face->ccw, by);
}

static Face face_reversed(const Face *face)
{
    return (Face){face->middle, face->ccw, face->cw, {-face->vector.x, -face->vector.y}, face->dx, face->dy};
}

static void add_both(Outline *o, const Face *face)
{
    side_add(&o->cw, face->cw), side_add(&o->ccw, face->ccw);
}

static void add_inner(Outline *o, const Face *in, const Face *out, bool clockwise)
{
    side_add(outer_side(o, !clockwise), in->middle);
    side_add(outer_side(o, !clockwise), outer_end(out, !clockwise));
}

static void join(Outline *o, const Face *out, bool clockwise)
{
    const Face *in = &o->last;
    if (!grid_same(in->cw, out->cw) || !grid_same(in->ccw, out->ccw)) {
        add_fan(o, in->vector, out->vector, in->middle, clockwise, outer_side(o, clockwise));
        side_add(outer_side(o, clockwise), outer_end(out, clockwise));
    }
    add_inner(o, in, out, clockwise);
}

static void begin(Outline *o, const Face *face)
{
    o->first = *face, o->has_line = true;
    add_both(o, face);
}

void outline_line_to(Outline *o, GridPoint to)
{
    o->is_dot = true;
    if (grid_same(o->last.middle, to)) return;
    const GridPoint vector = grid_minus(to, o->last.middle);
    Face face = face_at(o, o->last.middle, vector);
    const int turn = o->has_line ? grid_turn(o->last.vector, vector) : 0;
    if (!o->has_line)
        begin(o, &face);
    else if (turn != 0)
        join(o, &face, turn < 0);
    face_move(&face, vector);
    o->last = face;
    add_both(o, &o->last);
}

/* The next point of a curve, with its direction there. */
static void curve_point(Outline *o, GridPoint at, GridPoint tangent)
{
    if (tangent.x == 0 && tangent.y == 0) { /* a cusp: half around */
        const Face back = face_reversed(&o->last);
        const bool clockwise = grid_turn(o->last.vector, back.vector) < 0;
        add_fan(o, o->last.vector, back.vector, o->last.middle, clockwise, outer_side(o, clockwise));
        o->last = back;
        return;
    }
    const Face face = face_at(o, at, tangent);
    if (face.dx * o->last.dx + face.dy * o->last.dy < o->straight) {
        const bool clockwise = grid_turn(o->last.vector, face.vector) < 0;
        const GridPoint from = o->last.middle;
        face_move(&o->last, grid_minus(at, from));
        add_both(o, &o->last);
        add_fan(o, o->last.vector, face.vector, from, clockwise, outer_side(o, clockwise));
    }
    add_both(o, &face);
    o->last = face;
}

/* Squared distance, in pixels, of a control point from the chord. */
static double from_chord(GridPoint start, GridPoint end, GridPoint control)
{
    double x = (control.x - start.x) / 256.0, y = (control.y - start.y) / 256.0;
    const double dx = (end.x - start.x) / 256.0, dy = (end.y - start.y) / 256.0;
    const double along = x * dx + y * dy, whole = dx * dx + dy * dy;
    if (whole > 0 && along >= whole)
        x -= dx, y -= dy;
    else if (along > 0)
        x -= along / whole * dx, y -= along / whole * dy;
    return x * x + y * y;
}

static GridPoint halfway(GridPoint a, GridPoint b)
{
    return (GridPoint){a.x + ((b.x - a.x) >> 1), a.y + ((b.y - a.y) >> 1)};
}

/* de Casteljau's halving. A piece gives its first point, with the direction to its first control point; the very first is
 * there already, and so is one that coincides with that before it. */
static void flatten(Outline *o, const GridPoint p[4], GridPoint *previous)
{
    if (fmax(from_chord(p[0], p[3], p[1]), from_chord(p[0], p[3], p[2])) < o->tolerance * o->tolerance) {
        if (grid_same(p[0], *previous)) return;
        *previous = p[0];
        curve_point(o, p[0], grid_minus(p[1], p[0]));
        return;
    }
    const GridPoint ab = halfway(p[0], p[1]), bc = halfway(p[1], p[2]), cd = halfway(p[2], p[3]);
    const GridPoint abc = halfway(ab, bc), bcd = halfway(bc, cd), middle = halfway(abc, bcd);
    flatten(o, (GridPoint[]){p[0], ab, abc, middle}, previous);
    flatten(o, (GridPoint[]){middle, bcd, cd, p[3]}, previous);
}

/* Whether any of it may be seen. */
static bool curve_is_near(const Outline *o, const GridPoint p[4])
{
    GridPoint low = p[0], high = p[0];
    for (int i = 0; i < 4; i++) {
        if (is_near(o, p[i])) return true;
        low.x = p[i].x < low.x ? p[i].x : low.x, low.y = p[i].y < low.y ? p[i].y : low.y;
        high.x = p[i].x > high.x ? p[i].x : high.x, high.y = p[i].y > high.y ? p[i].y : high.y;
    }
    return high.x > o->low.x && low.x < o->high.x && high.y > o->low.y && low.y < o->high.y;
}

/* A curve whose control points lie at its ends is a line, and so is one that is not seen. */
void outline_curve_to(Outline *o, const GridPoint p[4])
{
    const int leaving = !grid_same(p[0], p[1]) ? 1 : !grid_same(p[0], p[2]) ? 2 : 3;
    const int arriving = !grid_same(p[2], p[3]) ? 2 : 1;
    if ((leaving > 1 && arriving < 2) || grid_same(p[0], p[leaving]) || grid_same(p[arriving], p[3]) ||
        !curve_is_near(o, p)) {
        outline_line_to(o, p[3]);
        return;
    }
    const Face face = face_at(o, p[0], grid_minus(p[leaving], p[0]));
    if (o->has_line)
        join(o, &face, grid_turn(o->last.vector, face.vector) < 0);
    else
        begin(o, &face);
    o->last = face;
    GridPoint previous = p[0];
    flatten(o, p, &previous);
    curve_point(o, p[3], grid_minus(p[3], p[arriving]));
}

/* Half a nib around the end that `face` looks out of, from its ccw to its cw. */
static void add_end(const Outline *o, const Face *face, Side *side)
{
    add_fan(o, face->vector, face_reversed(face).vector, face->middle, false, side);
    side_add(side, face->cw);
}

/* Where the two outer edges of a bend meet, if that is between its two faces: rounding may put it elsewhere. */
static bool mitre(const Face *in, const Face *out, bool clockwise, GridPoint *tip)
{
    const GridPoint p = outer_end(in, clockwise), q = outer_end(out, clockwise);
    const double x1 = p.x / 256.0, y1 = p.y / 256.0, x2 = q.x / 256.0, y2 = q.y / 256.0;
    const double x0 = in->middle.x / 256.0, y0 = in->middle.y / 256.0;
    const double y = ((x2 - x1) * in->dy * out->dy - y2 * out->dx * in->dy + y1 * in->dx * out->dy) /
                     (in->dx * out->dy - out->dx * in->dy);
    const double x =
        fabs(in->dy) >= fabs(out->dy) ? (y - y1) * in->dx / in->dy + x1 : (y - y2) * out->dx / out->dy + x2;
    const double from_in = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0);
    const double from_out = (x2 - x0) * (y - y0) - (x - x0) * (y2 - y0);
    *tip = grid_point(x, y);
    return (from_in > 0) - (from_in < 0) != (from_out > 0) - (from_out < 0);
}

/* The join of a closed path's end with its beginning, on the outer side: a fan, or where it bends little a mitre, which is then
 * both ends of the loop. */
static void close_outer(Outline *o, bool clockwise)
{
    const Face *in = &o->last, *out = &o->first;
    GridPoint tip;
    if (grid_same(in->cw, out->cw) && grid_same(in->ccw, out->ccw)) return;
    Side *side = outer_side(o, clockwise);
    const double bend = in->dx * out->dx + in->dy * out->dy; /* its cosine */
    if (bend < o->straight) {
        add_fan(o, in->vector, out->vector, in->middle, clockwise, side);
    } else if (2 <= mitre_limit * mitre_limit * (1 + bend) && mitre(in, out, clockwise, &tip)) {
        side->points[side->count - 1] = side->points[0] = tip;
        return;
    }
    side_add(side, outer_end(out, clockwise));
}

void outline_move_to(Outline *o, GridPoint to)
{
    o->start = o->last.middle = to;
}

bool outline_close(Outline *o)
{
    outline_line_to(o, o->start);
    if (!o->has_line) return false;
    const bool clockwise = grid_turn(o->last.vector, o->first.vector) < 0;
    close_outer(o, clockwise);
    add_inner(o, &o->last, &o->first, clockwise);
    Side *inner = outer_side(o, !clockwise);
    inner->points[0] = inner->points[inner->count - 1];
    return true;
}

bool outline_end(Outline *o)
{
    if (o->has_line) {
        const Face outwards = face_reversed(&o->first);
        side_add(&o->beginning, o->first.cw);
        add_end(o, &outwards, &o->beginning);
        add_end(o, &o->last, &o->ccw);
    } else if (o->is_dot) {
        const Face any = face_at(o, o->start, (GridPoint){256, 0}), outwards = face_reversed(&any);
        add_end(o, &outwards, &o->ccw);
        add_end(o, &any, &o->ccw);
    }
    return o->ccw.count > 0;
}

void outline_clear(Outline *o)
{
    o->cw.count = o->ccw.count = o->beginning.count = 0;
    o->has_line = o->is_dot = false;
}
