/* The section of the modality gap: where captions, generated and real images lie in CLIP's space. */
#include "harness/base/memory.h"
#include "harness/score/coverage.h"
#include "harness/stages/features.h"
#include "reports/gnuplot.h"
#include "reports/html.h"
#include "reports/modality_gap.h"
#include "reports/pca.h"
#include "reports/section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTIONS, GENERATED, TEST, SETS, POINTS = 300 };
static const char *const set_names[SETS] = {"captions", "generated images", "test images"};
static const char *const set_colours[SETS] = {"#E69F00", "#0072B2", "#009E73"};
static const int set_marks[SETS] = {5, 7, 9}; /* of gnuplot: square, disc, triangle */

typedef struct Sources { /* files of one result's features, NULL where there are none; owned */
    char *path[SETS];
    size_t count;
} Sources;

static void sources_free(Sources *s)
{
    for (int i = 0; i < SETS; i++) free(s->path[i]);
    *s = (Sources){0};
}

/* Features of images that were made from something are of training images; the nearest that were not, of test images. */
static bool sources_of(const SectionInput *in, const StoredResult *r, Sources *s, Error *err)
{
    InputFiles inputs = {0};
    *s = (Sources){0};
    if (!inputs_find(in->files, r->file, &inputs, err)) return false;
    for (size_t i = 0; i < inputs.count; i++) {
        const InputFile *f = &inputs.items[i];
        int set = SETS;
        if (strcmp(f->stage, "encode-text") == 0) set = CAPTIONS;
        if (strcmp(f->stage, "encode-image") == 0) set = f->made_from.count ? GENERATED : TEST;
        if (set < SETS && !s->path[set]) s->path[set] = xstrdup(f->path), s->count++;
    }
    inputs_free(&inputs);
    return true;
}

/* Of a column's rows the one with the most sets, then the highest mean: T2I-PAL's, where there is one. */
static bool choose_sources(const SectionInput *in, size_t column, Sources *best, Error *err)
{
    double highest = 0;
    *best = (Sources){0};
    for (size_t row = 0; row < in->summary->row_count; row++) {
        const Cell *cell = summary_cell(in->summary, row, column);
        Sources s = {0};
        if (cell->count && !sources_of(in, cell->results[0], &s, err)) {
            sources_free(best);
            return false;
        }
        if (s.count > best->count || (s.count && s.count == best->count && cell->map.mean > highest)) {
            sources_free(best);
            *best = s, highest = cell->map.mean;
        } else {
            sources_free(&s);
        }
    }
    return true;
}

static bool read_set(const char *path, int set, FeatureSet *out, Error *err)
{
    *out = (FeatureSet){.name = set_names[set]};
    if (set == CAPTIONS) {
        TextFeatures f;
        if (!text_features_read(path, false, "", 0, &f, err)) return false;
        out->count = f.count, out->width = f.width, out->rows = f.global;
        f.global = NULL; /* changes hands */
        text_features_free(&f);
    } else {
        ImageFeatures f;
        if (!image_features_read(path, false, "", 0, &f, err)) return false;
        out->count = f.count, out->width = f.width, out->rows = f.global;
        f.global = NULL;
        image_features_free(&f);
    }
    feature_set_measure(out);
    return out->count > 1 || fail(err, "%s: a single feature has no spread; delete the file and run again", path);
}

typedef struct Gap {
    FeatureSet sets[SETS];
    int kinds[SETS];
    size_t count;
} Gap;

static void gap_free(Gap *g)
{
    for (size_t i = 0; i < g->count; i++) feature_set_free(&g->sets[i]);
}

static bool gap_read(const Sources *s, Gap *g, Error *err)
{
    *g = (Gap){0};
    for (int i = 0; i < SETS; i++) {
        if (!s->path[i]) continue;
        g->kinds[g->count] = i;
        if (!read_set(s->path[i], i, &g->sets[g->count++], err)) return false;
        if (g->sets[g->count - 1].width != g->sets[0].width)
            return fail(err, "%s: features of width %zu beside others of %zu; delete the file and run again",
                        s->path[i], g->sets[g->count - 1].width, g->sets[0].width);
    }
    return true;
}

static void table_line(const FeatureSet *a, const FeatureSet *b, Section *out)
{
    char *between = a == b ? xformat("within %s", a->name) : xformat("%s - %s", a->name, b->name);
    const double cosine = gap_mean_cosine(a, b);
    if (a == b) {
        text_addf(&out->html, "<tr><td>%s</td><td>-</td><td>-</td><td>%.3f</td></tr>\n", between, cosine);
        text_addf(&out->markdown, "| %s | - | - | %.3f |\n", between, cosine);
        text_addf(&out->latex, "%s & - & - & %.3f \\\\\n", between, cosine);
    } else {
        const double distance = gap_distance(a, b), means = gap_cosine_of_means(a, b);
        text_addf(&out->html, "<tr><td>%s</td><td>%.3f</td><td>%.3f</td><td>%.3f</td></tr>\n", between, distance, means,
                  cosine);
        text_addf(&out->markdown, "| %s | %.3f | %.3f | %.3f |\n", between, distance, means, cosine);
        text_addf(&out->latex, "%s & %.3f & %.3f & %.3f \\\\\n", between, distance, means, cosine);
    }
    free(between);
}

static void add_table(const Gap *g, Section *out)
{
    text_add(&out->html, "<table><tr><th>features</th><th>distance of means</th><th>cosine of means</th><th>mean "
                         "cosine of pairs</th></tr>\n");
    text_add(&out->markdown,
             "| features | distance of means | cosine of means | mean cosine of pairs |\n| --- | ---: | "
             "---: | ---: |\n");
    text_add(&out->latex, "\\begin{tabular}{lrrr}\n\\toprule\nFeatures & Distance of means & Cosine of means & Mean "
                          "cosine of pairs \\\\\n\\midrule\n");
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = i + 1; k < g->count; k++) table_line(&g->sets[i], &g->sets[k], out);
    for (size_t i = 0; i < g->count; i++) table_line(&g->sets[i], &g->sets[i], out);
    text_add(&out->html, "</table>\n");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, "\\bottomrule\n\\end{tabular}\n");
}

static size_t points_of(const FeatureSet *s)
{
    return s->count < POINTS ? s->count : POINTS;
}

/* The shown rows of all sets, evenly spread over each; caller frees. */
static float *shown_rows(const Gap *g, size_t *count)
{
    const size_t width = g->sets[0].width;
    float *rows = xmalloc(g->count * POINTS * width * sizeof *rows);
    *count = 0;
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < points_of(&g->sets[i]); k++)
            memcpy(rows + (*count)++ * width, g->sets[i].rows + k * g->sets[i].count / points_of(&g->sets[i]) * width,
                   width * sizeof *rows);
    return rows;
}

static void add_point(const Pca *pca, const float *row, Text *data)
{
    double at[2];
    pca_project(pca, row, at);
    text_addf(data, "%.5f %.5f\n", at[0], at[1]);
}

static bool draw_scatter(const SectionInput *in, const Gap *g, const char *name, double shares[2], Error *err)
{
    Pca pca;
    Text data = {0}, body = {0};
    size_t count;
    float *rows = shown_rows(g, &count), *next = rows, *mean = xmalloc(g->sets[0].width * sizeof *mean);
    pca_fit(&pca, rows, count, g->sets[0].width, 2);
    for (int k = 0; k < 2; k++) shares[k] = pca.total > 0 ? 100 * pca.variance[k] / pca.total : 0;
    text_add(&body, gnuplot_axes);
    text_addf(&body,
              "set size ratio -1\nset grid lc rgb '#e6e6e6'\nset key outside top horizontal center\n"
              "set xlabel 'first principal component (%.0f %% of the variance)'\n"
              "set ylabel 'second (%.0f %%)'\nplot ",
              shares[0], shares[1]);
    for (size_t i = 0; i < g->count; i++) {
        const FeatureSet *s = &g->sets[i];
        for (size_t k = 0; k < points_of(s); k++, next += s->width) add_point(&pca, next, &data);
        text_add(&data, "\n\n");
        text_addf(&body, "$data index %zu using 1:2 with points pt %d ps 0.45 lc rgb '%s' title '%s', \\\n     ", i,
                  set_marks[g->kinds[i]], set_colours[g->kinds[i]], s->name);
    }
    for (size_t i = 0; i < g->count; i++) { /* means of all rows, above the points */
        for (size_t d = 0; d < g->sets[i].width; d++) mean[d] = (float)g->sets[i].mean[d];
        add_point(&pca, mean, &data);
        text_add(&data, "\n\n");
        text_addf(&body, "$data index %zu using 1:2 with points pt %d ps 2.4 lc rgb '#222222' notitle, \\\n     ",
                  g->count + i, set_marks[g->kinds[i]]);
        text_addf(&body, "$data index %zu using 1:2 with points pt %d ps 1.7 lc rgb '%s' notitle%s", g->count + i,
                  set_marks[g->kinds[i]], set_colours[g->kinds[i]], i + 1 < g->count ? ", \\\n     " : "\n");
    }
    const bool good = gnuplot_draw(in->figures, name, 820, 560, data.data, body.data, err);
    text_free(&data), text_free(&body);
    free(rows), free(mean);
    pca_free(&pca);
    return good;
}

/* Generated images against test images, where both are there and are enough. */
static bool add_coverage(const Gap *g, Section *out, Error *err)
{
    const FeatureSet *sets[SETS] = {NULL};
    for (size_t i = 0; i < g->count; i++) sets[g->kinds[i]] = &g->sets[i];
    const FeatureSet *real = sets[TEST], *generated = sets[GENERATED];
    Coverage c;
    if (!real || !generated || real->count <= COVERAGE_NEAREST || generated->count <= COVERAGE_NEAREST) return true;
    if (!coverage_compute(&c, real->rows, real->count, generated->rows, generated->count, real->width, COVERAGE_NEAREST,
                          err))
        return false;
    char *sentence = xformat("Generated against test images, %d nearest neighbours: density %.3f, coverage %.3f (Naeem "
                             "et al. 2020), precision %.3f, recall %.3f (Kynkaanniemi et al. 2019).",
                             COVERAGE_NEAREST, c.density, c.coverage, c.precision, c.recall);
    section_sentence(out, sentence);
    free(sentence);
    return true;
}

static bool add_column(const SectionInput *in, size_t column, const Sources *sources, Section *out, Error *err)
{
    Gap g;
    bool good = gap_read(sources, &g, err);
    if (good) {
        Text counts = {0};
        for (size_t i = 0; i < g.count; i++)
            text_addf(&counts, "%s%zu %s", !i ? "" : i + 1 < g.count ? ", " : " and ", g.sets[i].count, g.sets[i].name);
        char *sentence = xformat("Global CLIP features of %s of %s, all of unit length.", counts.data,
                                 in->summary->columns[column].dataset);
        section_sentence(out, sentence);
        add_table(&g, out);
        free(sentence);
        text_free(&counts);
        good = add_coverage(&g, out, err);
    }
    if (good && in->gnuplot && g.sets[0].width >= 2) {
        double shares[2];
        char *name = section_name("modality_gap", column);
        good = draw_scatter(in, &g, name, shares, err) &&
               section_figure(in, name,
                              "The same features on their first two principal components: at most 300 of each set, "
                              "evenly spread over it, from which the components are taken; large marks: means of all.",
                              out, err);
        free(name);
    }
    gap_free(&g);
    return good;
}

bool section_modality_gap(const SectionInput *in, Section *out, Error *err)
{
    out->id = "gap", out->title = "Modality gap";
    TextList done = {0}; /* columns that differ in what is counted as right have one gap */
    bool good = true;
    for (size_t column = 0; good && column < in->summary->column_count; column++) {
        Sources sources;
        good = choose_sources(in, column, &sources, err);
        Text key = {0};
        for (int i = 0; i < SETS; i++) text_addf(&key, "%s\n", sources.path[i] ? sources.path[i] : "");
        bool fresh = good && sources.count > 1;
        for (size_t i = 0; i < done.count; i++) fresh = fresh && strcmp(done.items[i], key.data) != 0;
        if (fresh) {
            text_list_add(&done, key.data);
            good = add_column(in, column, &sources, out, err);
        }
        text_free(&key);
        sources_free(&sources);
    }
    text_list_free(&done);
    return good;
}
