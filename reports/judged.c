/* Reads the newest judgement of the model that drew the pictures, matched by the model's hash, counts right and wrong
 * by class, and says it three times, in HTML, Markdown and LaTeX. */
#include "reports/judged.h"

#include "harness/base/memory.h"
#include "reports/drawing.h"
#include "reports/escape.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 7, CLASSES_SHOWN = 84, PICTURE = 128, GAP = 16, LINE = 14 };
enum { TILE_WIDTH = PICTURE + GAP, TILE_HEIGHT = PICTURE + 2 * LINE + GAP };

typedef struct Judged {
    size_t count, side_y, side_x;
    TextList classes;
    int32_t *asked, *seen;           /* [count] */
    size_t *first, *objects, *right; /* [classes] the first object of a class; count: none */
    size_t named;                    /* right in all */
    uint8_t *pixels[CLASSES_SHOWN];  /* of the first objects */
    char *settings;
    double accuracy_real; /* of the classifier on real renders; 0: not stored */
} Judged;

static void judged_free(Judged *j)
{
    for (size_t i = 0; i < CLASSES_SHOWN; i++) free(j->pixels[i]);
    text_list_free(&j->classes);
    free(j->asked), free(j->seen), free(j->first), free(j->objects), free(j->right), free(j->settings);
}

char *generator_settings(const ArtifactReader *r)
{
    Text out = {0};
    Error ignored;
    char *word = NULL;
    double number;
    if (artifact_has_attribute(r, "scheduler") && artifact_attribute_get_text(r, "scheduler", &word, &ignored)) {
        text_add(&out, word);
        free(word);
    }
    if (artifact_has_attribute(r, "steps") && artifact_attribute_get_number(r, "steps", &number, &ignored))
        text_addf(&out, "%s%.0f steps", out.length ? ", " : "", number);
    if (artifact_has_attribute(r, "guidance") && artifact_attribute_get_number(r, "guidance", &number, &ignored))
        text_addf(&out, "%sguidance %g", out.length ? ", " : "", number);
    if (artifact_has_attribute(r, "size") && artifact_attribute_get_text(r, "size", &word, &ignored)) {
        text_addf(&out, "%s%s", out.length ? ", " : "", word);
        free(word);
    }
    if (!out.length) text_add(&out, "settings unknown");
    return out.data;
}

static bool count_classes(const ArtifactReader *r, Judged *j, Error *err)
{
    const size_t classes = j->classes.count;
    j->first = xcalloc(classes, sizeof *j->first);
    j->objects = xcalloc(classes, sizeof *j->objects);
    j->right = xcalloc(classes, sizeof *j->right);
    for (size_t i = 0; i < j->count; i++) {
        if (j->asked[i] < 0 || (size_t)j->asked[i] >= classes || j->seen[i] < 0 || (size_t)j->seen[i] >= classes)
            return fail(err, "%s: object %zu: there are %zu classes; delete it to have it made again", artifact_path(r),
                        i, classes);
        const size_t class = (size_t)j->asked[i];
        if (!j->objects[class]++) j->first[class] = i;
        j->right[class] += j->seen[i] == j->asked[i];
        j->named += j->seen[i] == j->asked[i];
    }
    return true;
}

static bool read_objects(const ArtifactReader *r, Judged *j, Error *err)
{
    ArtifactShape s;
    if (!artifact_shape(r, "images", &s, err)) return false;
    if (s.rank != 4 || s.dim[3] != 3 || !s.count || s.dim[1] > 8192 || s.dim[2] > 8192)
        return fail(err, "%s: images is not [n, height, width, 3]; delete it to have it made again", artifact_path(r));
    j->count = s.dim[0], j->side_y = s.dim[1], j->side_x = s.dim[2];
    if (!artifact_read_texts(r, "classes", &j->classes, err) ||
        !artifact_read_int32(r, "classes_asked", 1, (size_t[]){j->count}, &j->asked, err) ||
        !artifact_read_int32(r, "classes_seen", 1, (size_t[]){j->count}, &j->seen, err) || !count_classes(r, j, err))
        return false;
    for (size_t c = 0; c < j->classes.count && c < CLASSES_SHOWN; c++) {
        if (!j->objects[c]) continue;
        j->pixels[c] = xmalloc(3 * j->side_x * j->side_y);
        if (!artifact_read_byte_rows(r, "images", j->first[c], 1, j->pixels[c], err)) return false;
    }
    if (artifact_has_attribute(r, "judge_accuracy_real"))
        return artifact_attribute_get_number(r, "judge_accuracy_real", &j->accuracy_real, err);
    return true;
}

/* The attribute model_hash, NULL where there is none. Caller frees. */
static bool model_hash(const char *path, char **hash, Error *err)
{
    *hash = NULL;
    ArtifactReader *r = artifact_open(path, err);
    const bool good =
        r && (!artifact_has_attribute(r, "model_hash") || artifact_attribute_get_text(r, "model_hash", hash, err));
    artifact_close(r);
    return good;
}

/* The newest judgement of the model that drew `generated`, NULL where there is none. */
static bool find(const SectionInput *in, const char *generated, const char **path, Error *err)
{
    const StoredFile *best = NULL;
    char *wanted;
    bool good = model_hash(generated, &wanted, err);
    for (size_t i = 0; good && i < in->files->count; i++) {
        const StoredFile *f = &in->files->items[i];
        char *have;
        if (strcmp(f->stage, "judge") != 0 || (best && f->modified <= best->modified)) continue;
        good = model_hash(f->path, &have, err);
        if (good && (!wanted || !have || strcmp(wanted, have) == 0)) best = f;
        free(have);
    }
    free(wanted);
    *path = best ? best->path : NULL;
    return good;
}

static bool draw_sheet(cairo_t *c, const void *context, Error *err)
{
    (void)err;
    const Judged *j = context;
    for (size_t class = 0, k = 0; class < j->classes.count && class < CLASSES_SHOWN; class ++) {
        if (!j->objects[class]) continue;
        const double x = GAP + (double)(k % COLUMNS) * TILE_WIDTH, y = GAP + (double)(k / COLUMNS) * TILE_HEIGHT;
        const int32_t seen = j->seen[j->first[class]];
        const bool right = (size_t)seen == class;
        char *asked = xformat("%s %s", right ? "\xE2\x9C\x93" : "\xE2\x9C\x97", j->classes.items[class]);
        drawing_image(c, &(Image){j->side_x, j->side_y, j->pixels[class]}, x, y, PICTURE);
        drawing_text(c, x, y + PICTURE + LINE, 11.5, right ? "00734F" : "A33B00", asked);
        if (!right) {
            char *taken = xformat("taken for %s", j->classes.items[seen]);
            drawing_text(c, x, y + PICTURE + 2 * LINE, 10.5, "555555", taken);
            free(taken);
        }
        free(asked), k++;
    }
    return true;
}

/* The class that objects of `class` are most often taken for, or NULL; the first one wins a tie. */
static const char *mistaken_for(const Judged *j, size_t class)
{
    size_t *times = xcalloc(j->classes.count, sizeof *times), best = class;
    for (size_t i = 0; i < j->count; i++)
        if ((size_t)j->asked[i] == class && j->seen[i] != j->asked[i]) times[j->seen[i]]++;
    for (size_t c = 0; c < j->classes.count; c++)
        if (times[c] > (best == class ? 0 : times[best])) best = c;
    free(times);
    return best == class ? NULL : j->classes.items[best];
}

static void add_table(const Judged *j, Section *out)
{
    text_add(&out->html, "<details><summary>By class</summary>\n<table><tr><th>class</th><th>drawn</th><th>named "
                         "right</th><th>%</th><th>most often taken for</th></tr>\n");
    text_add(&out->markdown,
             "| class | drawn | named right | % | most often taken for |\n| --- | ---: | ---: | ---: | --- |\n");
    text_add(&out->latex,
             "\\begin{tabular}{lrrrl}\n\\toprule\nClass & Drawn & Named right & \\% & Most often taken for "
             "\\\\\n\\midrule\n");
    for (size_t c = 0; c < j->classes.count; c++) {
        if (!j->objects[c]) continue;
        const char *wrong = mistaken_for(j, c);
        const double share = 100 * (double)j->right[c] / (double)j->objects[c];
        text_add(&out->html, "<tr><td>");
        html_escaped(j->classes.items[c], &out->html);
        text_addf(&out->html, "</td><td>%zu</td><td>%zu</td><td>%.0f</td><td>", j->objects[c], j->right[c], share);
        html_escaped(wrong ? wrong : "-", &out->html);
        text_add(&out->html, "</td></tr>\n");
        text_add(&out->markdown, "| ");
        markdown_escaped(j->classes.items[c], &out->markdown);
        text_addf(&out->markdown, " | %zu | %zu | %.0f | ", j->objects[c], j->right[c], share);
        markdown_escaped(wrong ? wrong : "-", &out->markdown);
        text_add(&out->markdown, " |\n");
        latex_escaped(j->classes.items[c], &out->latex);
        text_addf(&out->latex, " & %zu & %zu & %.0f & ", j->objects[c], j->right[c], share);
        latex_escaped(wrong ? wrong : "-", &out->latex);
        text_add(&out->latex, " \\\\\n");
    }
    text_add(&out->html, "</table></details>\n");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, "\\bottomrule\n\\end{tabular}\n");
}

static void add_sentence(const Judged *j, Section *out)
{
    char *sentence = xformat("An independent classifier names %zu of %zu generated single objects (%.1f %%; %s).",
                             j->named, j->count, 100 * (double)j->named / (double)j->count, j->settings);
    if (j->accuracy_real > 0) {
        char *longer = xformat("%s It names %.1f %% of real renders.", sentence, j->accuracy_real);
        free(sentence);
        sentence = longer;
    }
    section_sentence(out, sentence);
    free(sentence);
}

bool judged_add(const SectionInput *in, const char *generated, size_t column, Section *out, Error *err)
{
    const char *path;
    if (!find(in, generated, &path, err)) return false;
    ArtifactReader *r = path ? artifact_open(path, err) : NULL;
    if (!r) return !path;
    Judged j = {.settings = generator_settings(r)};
    bool good = read_objects(r, &j, err);
    artifact_close(r);
    char *name = section_name("judged", column);
    size_t shown = 0;
    for (size_t c = 0; good && c < j.classes.count && c < CLASSES_SHOWN; c++) shown += j.objects[c] > 0;
    if (good) add_sentence(&j, out);
    good = good &&
           drawing_save(in->figures, name, GAP + COLUMNS * TILE_WIDTH,
                        GAP + (int)((shown + COLUMNS - 1) / COLUMNS) * TILE_HEIGHT, draw_sheet, &j, err) &&
           section_figure(in, name,
                          "The first generated single object of every class, and what the classifier takes it for "
                          "where it is wrong.",
                          out, err);
    if (good) add_table(&j, out);
    free(name);
    judged_free(&j);
    return good;
}
