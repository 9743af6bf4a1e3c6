/* Results are arranged once (summary.c), then figures, sections, tables and the page take from that. Sections and
 * their order are a table of functions; one that finds nothing to show stays empty and leaves no heading. */
#include "reports/report.h"

#include "harness/base/memory.h"
#include "harness/base/temporary.h"
#include "harness/results/seeds_alike.h"
#include "reports/ablation.h"
#include "reports/escape.h"
#include "reports/figures.h"
#include "reports/gnuplot.h"
#include "reports/labelled_grid.h"
#include "reports/page.h"
#include "reports/published_table.h"
#include "reports/section.h"
#include "reports/settings.h"
#include "reports/sheet.h"
#include "reports/summary.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

enum { FIGURES_MAX = 64 };

/* Parts that are there when the store holds what they show, in the page's order. */
static bool (*const section_writers[])(const SectionInput *in, Section *out, Error *err) = {
    section_labelled,  section_published,    section_measures, section_generated,
    section_heat_maps, section_modality_gap, section_ablation,
};
enum { SECTIONS = sizeof section_writers / sizeof *section_writers };

typedef struct Report {
    const ReportOptions *options;
    ResultList results; /* the suite's, borrowed from options->stored */
    Summary summary;
    char *figure_folder;
    Figure figures[FIGURES_MAX];
    size_t figure_count;
    bool gnuplot;
    Section sections[SECTIONS];
    TextList remarks;
} Report;

/* A figure that was drawn: FOLDER/NAME.svg with its caption. Both strings are owned by the report. */
static void keep_figure(Report *r, const char *name, char *caption)
{
    if (r->figure_count < FIGURES_MAX)
        r->figures[r->figure_count++] = (Figure){xformat("%s/%s.svg", r->figure_folder, name), caption};
    else
        free(caption);
}

/* "map" alone, or "map_2" for the second data set. */
static char *figure_name(const char *what, size_t column)
{
    return column ? xformat("%s_%zu", what, column + 1) : xstrdup(what);
}

static bool gnuplot_figures(Report *r, size_t column, Error *err)
{
    const Summary *s = &r->summary;
    Text title = {0};
    column_title(&s->columns[column], &title);
    char *map = figure_name("map", column), *classes = figure_name("per_class", column),
         *loss = figure_name("loss", column);
    const bool bars = summary_has(s, column, false);
    bool drawn = false;
    size_t methods = 0;
    const bool good = (!bars || figure_map_by_method(s, column, r->figure_folder, map, err)) &&
                      figure_per_class(s, column, r->figure_folder, classes, &methods, err) &&
                      figure_loss(s, column, r->figure_folder, loss, &drawn, err);
    if (good) {
        if (bars) keep_figure(r, map, xformat("mAP by method on %s.", title.data));
        Text caption = {0};
        text_addf(&caption, "Average precision per class on %s, the best setting of each method.", title.data);
        if (methods > PER_CLASS_METHODS)
            text_addf(&caption, " Of %zu methods the %d with the highest mAP; the table below has all.", methods,
                      PER_CLASS_METHODS);
        keep_figure(r, classes, caption.data);
        if (drawn) keep_figure(r, loss, xformat("Training loss on %s, one curve a seed.", title.data));
    }
    free(map), free(classes), free(loss);
    text_free(&title);
    return good;
}

static bool example_sheet(Report *r, size_t column, Error *err)
{
    const size_t row = summary_best(&r->summary, column);
    /* A sheet should show what was learned without labelled images, where there is such a row. */
    size_t shown = row;
    double best = -1;
    for (size_t i = 0; i < r->summary.row_count; i++) {
        const Cell *cell = summary_cell(&r->summary, i, column);
        if (!cell->count || strcmp(cell->results[0]->setting, "zero-shot") != 0 || cell->map.mean <= best) continue;
        best = cell->map.mean, shown = i;
    }
    const StoredResult *result = summary_cell(&r->summary, shown, column)->results[0];
    char *name = figure_name("examples", column);
    bool drawn;
    const bool good = sheet_of_examples(r->options, result, r->summary.rows[shown].label, r->figure_folder, name,
                                        &r->remarks, &drawn, err);
    if (good && drawn)
        keep_figure(
            r, name,
            xformat("Test images, evenly spread over the test set, with the three classes that %s ranks highest.",
                    r->summary.rows[shown].label));
    free(name);
    return good;
}

static bool draw_figures(Report *r, Error *err)
{
    if (!temporary_folder(r->figure_folder, err)) return false;
    r->gnuplot = gnuplot_available();
    if (!r->gnuplot) {
        text_list_add(&r->remarks,
                      "gnuplot is not installed: the tables are complete, the plots are left out (install gnuplot-nox "
                      "and run palbench report again).");
        progress_note(r->options->progress, "%s", r->remarks.items[r->remarks.count - 1]);
    }
    for (size_t c = 0; c < r->summary.column_count; c++) {
        if (r->gnuplot && !gnuplot_figures(r, c, err)) return false;
        if (!example_sheet(r, c, err)) return false;
    }
    return true;
}

static bool write_sections(Report *r, Error *err)
{
    StoredFiles files = {0};
    store_list(r->options->store, &files);
    const SectionInput in = {r->options,       &r->summary, r->options->stored, &files,
                             r->figure_folder, r->gnuplot,  &r->remarks};
    bool good = true;
    for (size_t i = 0; good && i < SECTIONS; i++) good = section_writers[i](&in, &r->sections[i], err);
    stored_files_free(&files);
    return good;
}

static bool save(const Report *r, const char *name, Text *text, Error *err)
{
    char *path = path_join(r->options->out, name);
    const bool good = write_file(path, text->data ? text->data : "", text->length, err);
    free(path);
    text_free(text);
    return good;
}

static void section_texts(const Report *r, bool leading, Text *markdown, Text *latex)
{
    for (size_t i = 0; i < SECTIONS; i++) {
        const Section *section = &r->sections[i];
        if (section->leads != leading) continue;
        if (section->markdown.length) text_addf(markdown, "\n## %s\n\n%s", section->title, section->markdown.data);
        if (section->latex.length) text_addf(latex, "\n%% %s\n%s", section->title, section->latex.data);
    }
}

/* A whole document around report.tex, for pdflatex or latexmk: what a paper takes over is report.tex alone. */
static const char *const document = "% pdflatex paper.tex, or latexmk -pdf paper.tex\n"
                                    "\\documentclass[10pt]{article}\n"
                                    "\\usepackage[utf8]{inputenc}\n"
                                    "\\usepackage[T1]{fontenc}\n"
                                    "\\usepackage[a4paper,landscape,margin=12mm]{geometry}\n"
                                    "\\usepackage{booktabs,graphicx,textcomp}\n"
                                    "\\setlength{\\parindent}{0pt}\n"
                                    "\\setlength{\\parskip}{2ex}\n"
                                    "\\begin{document}\n"
                                    "\\small\n"
                                    "\\input{report.tex}\n"
                                    "\\end{document}\n";

static bool write_tables(const Report *r, Error *err)
{
    const Summary *s = &r->summary;
    Text markdown = {0}, latex = {0}, paper = {0}, results = {0}, classes = {0};
    text_add(&markdown, "# palbench report: ");
    markdown_escaped(r->options->title, &markdown);
    text_add(&markdown, "\n\nmAP in percent, mean ± standard deviation over seeds.\n\n");
    text_add(&latex, "% needs \\usepackage{booktabs,graphicx}; paper.tex is a document around it\n");
    table_markdown(s, &markdown);
    table_latex(s, &latex);
    section_texts(r, true, &markdown, &latex);
    notes_markdown(s, &markdown);
    notes_latex(s, &latex);
    section_texts(r, false, &markdown, &latex);
    for (size_t c = 0; c < s->column_count; c++) {
        text_add(&markdown, "\n## Average precision per class, ");
        column_title_markdown(&s->columns[c], &markdown);
        text_add(&markdown, "\n\n");
        per_class_markdown(s, c, &markdown);
        if (summary_has(s, c, true)) text_addf(&markdown, "\n%s\n", per_class_remark);
        text_add(&latex, "\n% average precision per class, ");
        column_title_latex(&s->columns[c], &latex);
        text_add(&latex, "\n");
        per_class_latex(s, c, &latex);
    }
    text_add(&paper, document);
    results_csv(s, &results);
    per_class_csv(s, &classes);
    bool good = save(r, "report.md", &markdown, err);
    good = save(r, "report.tex", &latex, err) && good;
    good = save(r, "paper.tex", &paper, err) && good;
    good = save(r, "results.csv", &results, err) && good;
    return save(r, "per_class.csv", &classes, err) && good;
}

static bool write_page(const Report *r, Error *err)
{
    Text html = {0};
    const Page page = {r->options, &r->summary, r->figures, r->figure_count, r->sections, SECTIONS, &r->remarks};
    if (!page_write(&page, &html, err)) {
        text_free(&html);
        return false;
    }
    return save(r, "index.html", &html, err);
}

/* What was made with --limit says so above everything else. */
static void remark_rehearsal(Report *r)
{
    size_t limited = 0;
    for (size_t i = 0; i < r->results.count; i++) limited += r->results.items[i].limit > 0;
    if (!limited) return;
    char *remark =
        xformat("Rehearsal: %zu of %zu results were made with --limit, on a few images and captions. They show that "
                "everything runs, and measure nothing.",
                limited, r->results.count);
    text_list_add(&r->remarks, remark);
    free(remark);
}

bool report_write(const ReportOptions *options, Error *err)
{
    Report r = {.options = options, .figure_folder = path_join(options->out, "figures")};
    for (size_t i = 0; options->remarks && i < options->remarks->count; i++)
        text_list_add(&r.remarks, options->remarks->items[i]);
    bool good = temporary_folder(options->out, err) &&
                results_choose(options->stored, options->store, options->experiments, &r.results, &r.remarks, err);
    if (good) remark_rehearsal(&r);
    if (good) seeds_compare(&r.results, options->store, NULL, &r.remarks);
    if (good) summary_make(&r.summary, &r.results, options->experiments, options->labels);
    if (good) summary_group(&r.summary, options->progress, &r.remarks);
    if (good && !r.summary.row_count)
        good = fail(err, "%s: no result of suite %s is stored; run palbench reproduce first", options->store,
                    options->title);
    good = good && draw_figures(&r, err) && write_sections(&r, err) && write_tables(&r, err) && write_page(&r, err);
    for (size_t i = 0; i < r.figure_count; i++) free((char *)r.figures[i].file), free((char *)r.figures[i].caption);
    for (size_t i = 0; i < SECTIONS; i++) section_free(&r.sections[i]);
    free(r.figure_folder);
    text_list_free(&r.remarks);
    summary_free(&r.summary);
    results_release(&r.results);
    return good;
}

char *report_table_text(const ResultList *results, const char *const *experiments, const char *const *labels)
{
    Summary s;
    Text out = {0};
    summary_make(&s, results, experiments, labels);
    summary_group(&s, NULL, NULL);
    table_plain(&s, &out);
    for (size_t c = 0; c < s.column_count; c++)
        for (size_t axis = 0; axis < SETTING_AXES; axis++) {
            LabelledGrid grid;
            if (!labelled_grid_make(&grid, &s, c, setting_axes[axis])) continue;
            if (out.length) text_add(&out, "\n");
            labelled_plain(&grid, &out);
            labelled_grid_free(&grid);
        }
    notes_plain(&s, &out);
    summary_free(&s);
    return out.data;
}

char *report_published_text(const ResultList *results, const char *const *experiments, const char *const *labels,
                            const char *folder)
{
    PublishedNumbers numbers;
    PublishedTable table;
    Summary s;
    Error unread;
    Text out = {0};
    if (!folder || !published_open(&numbers, folder, &unread)) return NULL; /* the page's section says why */
    summary_make(&s, results, experiments, labels);
    published_table_make(&table, &numbers, &s);
    published_plain(&table, &out);
    published_table_free(&table);
    summary_free(&s);
    published_close(&numbers);
    return out.data;
}

char *report_ablations_text(const ResultList *results, const AblationSuite *ablations, size_t count)
{
    Text out = {0};
    for (size_t i = 0; i < count; i++) {
        Ablation a;
        Error why; /* the page's section says it */
        ablation_make(&a, &ablations[i], results);
        ablation_group(&a, NULL, &why);
        if (a.count && out.length) text_add(&out, "\n");
        if (a.count) ablation_plain(&a, &out);
        ablation_free(&a);
    }
    return out.data;
}
