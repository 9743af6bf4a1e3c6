/* The two sides of a line of some width that follows a path: where its outline runs.
 *
 * Follow one part of the path after the other: outline_move_to, lines and curves, then outline_close or outline_end, lay the
 * loops, outline_clear. Rules and ties are those of cairo 1.16 (cairo-path-stroke-polygon.c, cairo-spline.c). */
#pragma once

#include "datasets/mini/world_nib.h"

typedef struct Side { /* owned */
    GridPoint *points;
    size_t count, room;
} Side;

/* A cut across the line. Seen along `vector`, with x to the right and y down, `cw` is the left end and `ccw` the right one: of a
 * clockwise bend the outer side is cw. */
typedef struct Face {
    GridPoint middle, cw, ccw, vector;
    double dx, dy; /* the vector at length 1 */
} Face;

typedef struct Outline {
    cairo_matrix_t frame, inverse;
    Nib nib;
    double half_width;   /* in units of the frame */
    double tolerance;    /* of curves and of the nib, in pixels */
    double straight;     /* cosine of the bend from which a curve's points and a closed path's first point get a fan */
    bool mirrored;       /* the frame turns left into right */
    bool cut;            /* the line leaves the picture: then bends are left as they are beyond these, ... */
    GridPoint low, high; /* ... the edges of what is seen, wider by the line's reach; false until the caller sets it */
    Side cw, ccw, beginning; /* beginning: of an open line, the half nib there */
    Face first, last;        /* of the part of the path that is being followed */
    GridPoint start;         /* where it began */
    bool has_line, is_dot;   /* first and last are there; a line to the very start was asked for */
} Outline;

/* For a round nib `width` wide in units of the frame. An outline whose nib has no corners leaves no trace, and so does one of a
 * frame that has no inverse or of no width. Free it with outline_free. */
Outline outline_new(const cairo_matrix_t *frame, double width, double tolerance);
void outline_free(Outline *o);

void outline_move_to(Outline *o, GridPoint to);
void outline_line_to(Outline *o, GridPoint to);
void outline_curve_to(Outline *o, const GridPoint p[4]); /* start, two control points, end */

/* Back to the start, with a join there. True: `ccw` is one loop and `cw` another, both in the path's direction. False: nothing
 * but a dot, if anything; end it. */
bool outline_close(Outline *o);

/* Half a nib at each end. True: ccw, then cw backwards, then `beginning` are one loop. */
bool outline_end(Outline *o);
void outline_clear(Outline *o); /* for the next part of the path */
