/* The section of generated images: a sheet of them with captions and labels. What the classifier says of them: judged.h. */
#include "harness/base/memory.h"
#include "reports/drawing.h"
#include "reports/judged.h"
#include "reports/section.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, ROWS = 4, SHOWN = COLUMNS * ROWS, PICTURE = 144, GAP = 16, SIZE = 11, LINE = 15 };
enum { CAPTION_LINES = 4, LABEL_LINES = 2, TILE_WIDTH = PICTURE + GAP };
enum { TILE_HEIGHT = PICTURE + (CAPTION_LINES + LABEL_LINES) * LINE + GAP };

typedef struct Generated {
    const char *path;
    size_t count, width, height, classes, shown; /* classes 0: labels are not known */
    TextList captions, names;
    int8_t *labels;
    uint8_t *pixels[SHOWN];
    char *settings; /* "ddim, 25 steps, guidance 4, 64x64" */
} Generated;

static void generated_free(Generated *g)
{
    for (size_t i = 0; i < SHOWN; i++) free(g->pixels[i]);
    text_list_free(&g->captions), text_list_free(&g->names);
    free(g->labels), free(g->settings);
}

/* Evenly spread over all of them: not chosen by hand. */
static size_t place(const Generated *g, size_t shown)
{
    return shown * g->count / g->shown;
}

static bool read_labels(const ArtifactReader *r, Generated *g, Error *err)
{
    if (!artifact_has(r, "labels") || !artifact_has(r, "classes")) return true;
    if (!artifact_read_texts(r, "classes", &g->names, err)) return false;
    g->classes = g->names.count;
    return artifact_read_int8(r, "labels", 2, (size_t[]){g->count, g->classes}, &g->labels, err);
}

static bool read_pictures(const ArtifactReader *r, Generated *g, Error *err)
{
    ArtifactShape s;
    if (!artifact_shape(r, "images", &s, err)) return false;
    if (s.rank != 4 || s.dim[3] != 3 || !s.count || s.dim[1] > 8192 || s.dim[2] > 8192)
        return fail(err, "%s: images is not [n, height, width, 3]; delete it to have it made again", g->path);
    g->count = s.dim[0], g->height = s.dim[1], g->width = s.dim[2];
    g->shown = g->count < SHOWN ? g->count : SHOWN;
    for (size_t i = 0; i < g->shown; i++) {
        g->pixels[i] = xmalloc(3 * g->width * g->height);
        if (!artifact_read_byte_rows(r, "images", place(g, i), 1, g->pixels[i], err)) return false;
    }
    if (!artifact_read_texts(r, "captions", &g->captions, err)) return false;
    return g->captions.count == g->count ||
           fail(err, "%s: %zu captions for %zu images; delete it to have it made again", g->path, g->captions.count,
                g->count);
}

static bool generated_read(const char *path, Generated *g, Error *err)
{
    *g = (Generated){.path = path};
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    const bool good = read_pictures(r, g, err) && read_labels(r, g, err);
    if (good) g->settings = generator_settings(r);
    artifact_close(r);
    if (!good) generated_free(g);
    return good;
}

static void draw_tile(cairo_t *c, const Generated *g, size_t shown, double x, double y)
{
    const size_t image = place(g, shown);
    drawing_image(c, &(Image){g->width, g->height, g->pixels[shown]}, x, y, PICTURE);
    y += PICTURE + LINE;
    const size_t lines = drawing_wrapped(c, x, y, PICTURE, SIZE, CAPTION_LINES, "222222", g->captions.items[image]);
    Text labels = {0};
    for (size_t k = 0; k < g->classes; k++)
        if (g->labels[image * g->classes + k] > 0)
            text_addf(&labels, "%s%s", labels.length ? ", " : "", g->names.items[k]);
    if (labels.length)
        drawing_wrapped(c, x, y + (double)lines * LINE, PICTURE, SIZE, LABEL_LINES, "0072B2", labels.data);
    text_free(&labels);
}

static bool draw_sheet(cairo_t *c, const void *context, Error *err)
{
    (void)err;
    const Generated *g = context;
    for (size_t k = 0; k < g->shown; k++)
        draw_tile(c, g, k, GAP + (double)(k % COLUMNS) * TILE_WIDTH, GAP + (double)(k / COLUMNS) * TILE_HEIGHT);
    return true;
}

static bool add_sheet(const SectionInput *in, const char *path, const char *name, Section *out, Error *err)
{
    Generated g;
    if (!generated_read(path, &g, err)) return false;
    const int rows = (int)((g.shown + COLUMNS - 1) / COLUMNS);
    char *caption =
        xformat("%zu of %zu images that the text-to-image model drew, evenly spread over them (%s): the caption that "
                "each was drawn from%s.",
                g.shown, g.count, g.settings, g.classes ? ", and in blue the classes it is trained as" : "");
    const bool good =
        drawing_save(in->figures, name, GAP + COLUMNS * TILE_WIDTH, GAP + rows * TILE_HEIGHT, draw_sheet, &g, err) &&
        section_figure(in, name, caption, out, err);
    free(caption);
    generated_free(&g);
    return good;
}

bool section_generated(const SectionInput *in, Section *out, Error *err)
{
    out->id = "generated", out->title = "Generated images";
    TextList done = {0};
    bool good = true;
    for (size_t column = 0; good && column < in->summary->column_count; column++) {
        Best best;
        good = section_best(in, column, "generate", &best, err);
        const InputFile *file = inputs_get(&best.inputs, "generate", NULL);
        bool fresh = file != NULL; /* columns that differ in the protocol alone have one set of images */
        for (size_t i = 0; fresh && i < done.count; i++) fresh = strcmp(done.items[i], file->path) != 0;
        if (fresh) {
            char *name = section_name("generated", column);
            text_list_add(&done, file->path);
            good = add_sheet(in, file->path, name, out, err) && judged_add(in, file->path, column, out, err);
            free(name);
        }
        best_free(&best);
    }
    text_list_free(&done);
    return good;
}
