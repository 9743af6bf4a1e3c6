/* Takes the path out of cairo, lays loops around it in the pixels' own frame, and has cairo fill them all together by the nonzero
 * rule, so that what is drawn twice is drawn once.
 *
 * Newer and older cairo fill alike, but how a row of pixels is sampled depends on where edges begin and end, even beyond what is
 * seen. So edges are laid in the order in which cairo 1.16 has them, and cut where it cuts them. */
#include "datasets/mini/world_stroke.h"

#include "datasets/mini/world_outline.h"
#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Box { /* whole pixels, from the first on up to the last, which is not in it */
    double left, top, right, bottom;
} Box;

typedef struct Stroke {
    cairo_t *cairo; /* its frame is the pixels' own */
    Outline line;
    Box seen; /* pixels that the line can reach */
} Stroke;

/* A line that is written as a curve: two lines of one direction would become one edge. */
static void lay(const Stroke *s, GridPoint p)
{
    double x = p.x / 256.0, y = p.y / 256.0;
    if (cairo_has_current_point(s->cairo)) cairo_get_current_point(s->cairo, &x, &y);
    cairo_curve_to(s->cairo, x, y, p.x / 256.0, p.y / 256.0, p.x / 256.0, p.y / 256.0);
}

static void lay_forwards(const Stroke *s, const Side *side)
{
    for (size_t i = 0; i < side->count; i++) lay(s, side->points[i]);
}

static void lay_backwards(const Stroke *s, const Side *side)
{
    for (size_t i = side->count; i-- > 0;) lay(s, side->points[i]);
}

static void loop_done(const Stroke *s)
{
    cairo_close_path(s->cairo);
    cairo_new_sub_path(s->cairo);
}

static void lay_open(Stroke *s)
{
    if (outline_end(&s->line)) {
        lay_forwards(s, &s->line.ccw);
        lay_backwards(s, &s->line.cw);
        lay_forwards(s, &s->line.beginning);
        loop_done(s);
    }
    outline_clear(&s->line);
}

static void lay_closed(Stroke *s)
{
    if (!outline_close(&s->line)) {
        lay_open(s);
        return;
    }
    lay_backwards(s, &s->line.cw);
    loop_done(s);
    lay_forwards(s, &s->line.ccw);
    loop_done(s);
    outline_clear(&s->line);
}

static GridPoint path_point(const cairo_path_data_t *data, int k)
{
    return grid_point(data[k].point.x, data[k].point.y);
}

static void follow(Stroke *s, const cairo_path_t *path)
{
    Outline *line = &s->line;
    for (int i = 0; i < path->num_data; i += path->data[i].header.length) {
        const cairo_path_data_t *data = &path->data[i];
        switch (data->header.type) {
        case CAIRO_PATH_MOVE_TO:
            lay_open(s);
            outline_move_to(line, path_point(data, 1));
            break;
        case CAIRO_PATH_LINE_TO:
            outline_line_to(line, path_point(data, 1));
            break;
        case CAIRO_PATH_CURVE_TO:
            outline_curve_to(
                line, (GridPoint[]){line->last.middle, path_point(data, 1), path_point(data, 2), path_point(data, 3)});
            break;
        case CAIRO_PATH_CLOSE_PATH:
            lay_closed(s);
            break;
        }
    }
    lay_open(s);
}

static Box path_box(const Stroke *s, GridPoint reach)
{
    Box b;
    cairo_path_extents(s->cairo, &b.left, &b.top, &b.right, &b.bottom);
    const double x = reach.x / 256.0, y = reach.y / 256.0;
    return (Box){floor(b.left - x), floor(b.top - y), ceil(b.right + x), ceil(b.bottom + y)};
}

static bool box_holds(const Box *outer, const Box *inner)
{
    return outer->left <= inner->left && outer->top <= inner->top && inner->right <= outer->right &&
           inner->bottom <= outer->bottom;
}

/* Nothing is seen beyond the pixels that a round nib on the path can reach, nor beyond the picture. */
static void find_seen(Stroke *s)
{
    const GridPoint reach = grid_point(s->line.half_width * hypot(s->line.frame.xx, s->line.frame.xy),
                                       s->line.half_width * hypot(s->line.frame.yy, s->line.frame.yx));
    cairo_surface_t *picture = cairo_get_target(s->cairo);
    const Box whole = {0, 0, cairo_image_surface_get_width(picture), cairo_image_surface_get_height(picture)};
    s->seen = path_box(s, reach);
    s->line.cut = !box_holds(&whole, &s->seen);
    s->seen.left = fmax(0, s->seen.left), s->seen.right = fmax(s->seen.left, fmin(whole.right, s->seen.right));
    s->seen.top = fmax(0, s->seen.top), s->seen.bottom = fmax(s->seen.top, fmin(whole.bottom, s->seen.bottom));
    s->line.low = grid_minus(grid_point(s->seen.left, s->seen.top), reach);
    s->line.high = grid_plus(grid_point(s->seen.right, s->seen.bottom), reach);
}

/* Of a line that is cut, edges end where the picture does. */
static void clip(const Stroke *s)
{
    const Box *b = &s->seen;
    cairo_new_path(s->cairo);
    if (!s->line.cut) return;
    cairo_rectangle(s->cairo, b->left, b->top, b->right - b->left, b->bottom - b->top);
    cairo_clip(s->cairo);
}

/* Of one that is not, the tip of a mitre may reach further, and what it leaves there is taken back: cutting its edges instead
 * would have the rows sampled in another way (see lay). */
static void fill_within(const Stroke *s)
{
    const Box drawn = path_box(s, (GridPoint){0, 0}), *b = &s->seen;
    if (s->line.cut || box_holds(b, &drawn)) {
        cairo_fill(s->cairo);
        return;
    }
    cairo_surface_t *picture = cairo_get_target(s->cairo);
    cairo_surface_flush(picture);
    unsigned char *pixels = cairo_image_surface_get_data(picture);
    const size_t row = (size_t)cairo_image_surface_get_stride(picture),
                 height = (size_t)cairo_image_surface_get_height(picture);
    const size_t left = 4 * (size_t)b->left, right = 4 * (size_t)b->right;
    unsigned char *before = xmalloc(row * height);
    memcpy(before, pixels, row * height);
    cairo_fill(s->cairo);
    cairo_surface_flush(picture);
    for (size_t y = 0; y < height; y++) {
        const bool inside = (double)y >= b->top && (double)y < b->bottom;
        memcpy(pixels + y * row, before + y * row, inside ? left : row);
        if (inside) memcpy(pixels + y * row + right, before + y * row + right, row - right);
    }
    cairo_surface_mark_dirty(picture);
    free(before);
}

void world_stroke(cairo_t *cairo, double width)
{
    cairo_matrix_t frame;
    cairo_get_matrix(cairo, &frame);
    Stroke s = {.cairo = cairo, .line = outline_new(&frame, width, cairo_get_tolerance(cairo))};
    cairo_save(cairo);
    cairo_identity_matrix(cairo);
    cairo_path_t *path = cairo_copy_path(cairo);
    find_seen(&s);
    clip(&s);
    if (s.line.nib.count) follow(&s, path);
    fill_within(&s);
    cairo_restore(cairo);
    cairo_path_destroy(path);
    outline_free(&s.line);
}
