/* Tiles on a grid, pictures spread evenly over the test set. Text is measured by cairo before it is broken, and
 * clipped to its tile. */
#include "reports/sheet.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "reports/drawing.h"
#include "reports/shown_pictures.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, ROWS = 3, PICTURE = 128, GAP = 16, LINES = 5, LINE = 15, TITLE = 34, SHOWN = 3 };
enum { TILE_WIDTH = PICTURE + GAP, TILE_HEIGHT = PICTURE + LINES * LINE + GAP };

static void best_classes(const float *scores, size_t classes, size_t best[SHOWN])
{
    for (size_t k = 0; k < SHOWN; k++) {
        size_t found = classes;
        for (size_t c = 0; c < classes; c++) {
            bool taken = false;
            for (size_t i = 0; i < k; i++) taken = taken || best[i] == c;
            if (!taken && (found == classes || scores[c] > scores[found])) found = c;
        }
        best[k] = found;
    }
}

/* The true classes, in at most two lines of the tile's width. */
static void draw_truth(cairo_t *c, const StoredResult *r, const int8_t *labels, double x, double y)
{
    Text line = {0};
    text_add(&line, "in it: ");
    cairo_set_font_size(c, 10);
    for (size_t class = 0, shown = 0; class < r->classes; class ++) {
        if (labels[class] <= 0) continue;
        Text longer = {0};
        text_addf(&longer, "%s%s%s", line.data, shown ? ", " : "", r->class_names[class]);
        if (shown++ && !drawing_fits(c, longer.data, PICTURE)) {
            text_add(&line, ",");
            drawing_text(c, x, y, 10, "555555", line.data);
            y += LINE - 3;
            line.length = 0;
            text_add(&line, r->class_names[class]);
        } else {
            line.length = 0;
            text_add(&line, longer.data);
        }
        text_free(&longer);
    }
    drawing_text(c, x, y, 10, "555555", line.data);
    text_free(&line);
}

static void draw_labels(cairo_t *c, const StoredResult *r, const float *scores, const int8_t *labels, double x,
                        double y)
{
    size_t best[SHOWN];
    const size_t shown = r->classes < SHOWN ? r->classes : SHOWN;
    best_classes(scores, r->classes, best);
    cairo_save(c);
    cairo_rectangle(c, x, y, TILE_WIDTH - 4, LINES * LINE + 4);
    cairo_clip(c);
    for (size_t k = 0; k < shown; k++) {
        const bool right = labels[best[k]] > 0;
        char *line = xformat("%s  %s", right ? "\xE2\x9C\x93" : "\xC2\xB7", r->class_names[best[k]]);
        drawing_text(c, x, y + (double)(k + 1) * LINE - 3, 11.5, right ? "00734F" : "A33B00", line);
        free(line);
    }
    draw_truth(c, r, labels, x, y + (SHOWN + 1) * LINE - 3);
    cairo_restore(c);
}

typedef struct Sheet {
    const StoredResult *result;
    const char *label;
    size_t count, rows[COLUMNS * ROWS]; /* evenly spread over the test images: not chosen by hand */
    Image pictures[COLUMNS * ROWS];
    float *scores;
    int8_t *labels;
} Sheet;

static void draw_tile(cairo_t *c, const Sheet *s, size_t k, double x, double y)
{
    const StoredResult *r = s->result;
    const size_t image = s->rows[k];
    drawing_image(c, &s->pictures[k], x, y, PICTURE);
    draw_labels(c, r, s->scores + image * r->classes, s->labels + image * r->classes, x, y + PICTURE + 2);
}

static bool draw_sheet(cairo_t *c, const void *context, Error *err)
{
    (void)err;
    const Sheet *s = context;
    const StoredResult *r = s->result;
    char *title =
        xformat("%s on %s, seed %lld: the three classes with the highest scores (\xE2\x9C\x93 in the picture)",
                s->label, r->dataset, (long long)r->seed);
    drawing_text(c, GAP, 22, 13, "222222", title);
    free(title);
    for (size_t k = 0; k < s->count; k++)
        draw_tile(c, s, k, GAP + (double)(k % COLUMNS) * TILE_WIDTH, TITLE + (double)(k / COLUMNS) * TILE_HEIGHT);
    return true;
}

bool sheet_of_examples(const ReportOptions *options, const StoredResult *r, const char *label, const char *folder,
                       const char *name, TextList *remarks, bool *drawn, Error *err)
{
    const size_t wanted = COLUMNS * ROWS;
    Sheet s = {.result = r, .label = label, .count = r->images < wanted ? r->images : wanted};
    for (size_t k = 0; k < s.count; k++) s.rows[k] = k * r->images / s.count;
    *drawn = report_has_pictures(options, r) && report_pictures_read(options, r, s.rows, s.count, s.pictures, remarks);
    const bool good = !*drawn || (result_scores(r, &s.scores, &s.labels, NULL, err) &&
                                  drawing_save(folder, name, GAP + COLUMNS * TILE_WIDTH, TITLE + ROWS * TILE_HEIGHT,
                                               draw_sheet, &s, err));
    free(s.scores), free(s.labels);
    report_pictures_free(s.pictures, s.count);
    return good;
}
