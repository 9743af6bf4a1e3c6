/* The section of the ablation: a table a suite, and a curve for every number that alone was varied. */
#include "harness/base/memory.h"
#include "reports/ablation_curves.h"
#include "reports/escape.h"
#include "reports/section.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

static void add_row(const AblationRow *row, bool full, Section *out)
{
    Text map = {0}, difference = {0}, latex_map = {0}, latex_difference = {0};
    text_addf(&map, "%.1f", row->map.mean);
    text_add(&latex_map, map.data);
    if (row->count > 1) {
        text_addf(&map, " ± %.1f", row->map.std);
        text_addf(&latex_map, " $\\pm$ %.1f", row->map.std);
    }
    ablation_difference(row, " ± ", &difference);
    ablation_difference(row, " $\\pm$ ", &latex_difference);
    const char *group = row->group ? row->group : "";
    Text html_group = {0}, latex_group = {0};
    text_addf(&html_group, *group ? " <sup>%s</sup>" : "%s", group);
    text_addf(&latex_group, *group ? "$^{%s}$" : "%s", group);
    text_add(&out->html, full ? "<tr><td class=\"best\">" : "<tr><td>");
    html_escaped(row->label, &out->html);
    text_addf(&out->html, "</td><td%s>%s%s</td><td>%s</td><td>%zu</td></tr>\n", row->top ? " class=\"best\"" : "",
              map.data, html_group.data, difference.data, row->count);
    text_add(&out->markdown, "| ");
    markdown_escaped(row->label, &out->markdown);
    text_addf(&out->markdown, row->top ? " | **%s**%s | %s | %zu |\n" : " | %s%s | %s | %zu |\n", map.data,
              html_group.data, difference.data, row->count);
    latex_escaped(row->label, &out->latex);
    text_addf(&out->latex, row->top ? " & \\textbf{%s}%s & %s & %zu \\\\\n" : " & %s%s & %s & %zu \\\\\n",
              latex_map.data, latex_group.data, latex_difference.data, row->count);
    text_free(&html_group), text_free(&latex_group);
    text_free(&map), text_free(&difference), text_free(&latex_map), text_free(&latex_difference);
}

/* Each method's note once. */
static void add_notes(const Ablation *a, Section *out)
{
    for (size_t i = 0; i < a->count; i++) {
        const StoredResult *r = a->rows[i].results[0];
        bool said = !r->note || !r->note[0];
        for (size_t k = 0; k < i && !said; k++) said = strcmp(a->rows[k].results[0]->method, r->method) == 0;
        if (said) continue;
        char *sentence = xformat("%s: %s", r->method, r->note);
        section_sentence(out, sentence);
        text_add(&out->latex, "\\par\\footnotesize ");
        latex_escaped(sentence, &out->latex);
        text_add(&out->latex, "\\par\n");
        free(sentence);
    }
}

static void add_table(const Ablation *a, Section *out)
{
    text_add(&out->html, "<h3>");
    html_escaped(a->name, &out->html);
    text_add(&out->html, "</h3>\n<table><tr><th>experiment</th><th>mAP</th><th>difference</th><th>seeds</th></tr>\n");
    text_add(&out->markdown, "### ");
    markdown_escaped(a->name, &out->markdown);
    text_add(&out->markdown, "\n\n| experiment | mAP | difference | seeds |\n| --- | ---: | ---: | ---: |\n");
    text_add(&out->latex, "% ");
    latex_escaped(a->name, &out->latex);
    text_add(&out->latex, "\n\\begin{tabular}{lrrr}\n\\toprule\nExperiment & mAP & Difference & Seeds "
                          "\\\\\n\\midrule\n");
    for (size_t i = 0; i < a->count; i++) add_row(&a->rows[i], a->has_full && i == 0, out);
    text_add(&out->html, "</table>\n");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, "\\bottomrule\n\\end{tabular}\n");
    if (a->has_full && a->count > 1) {
        char *sentence =
            xformat("Differences are to \"%s\", seed by seed: mean ± standard deviation.", a->rows[0].label);
        section_sentence(out, sentence);
        free(sentence);
    }
    bool grouped = false;
    for (size_t i = 0; i < a->count; i++) grouped = grouped || a->rows[i].group;
    if (grouped)
        section_sentence(out,
                         "Rows that share a letter cannot be told apart by the paired bootstrap over the test images "
                         "(Holm over all pairs, 5 %); bold is the group at the top.");
    add_notes(a, out);
}

static bool is_collected(const CurveSource *sources, size_t count, const AblationRow *row)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sources[i].row->results[0]->experiment, row->results[0]->experiment) == 0) return true;
    return false;
}

/* Rows of all suites; an experiment that stands in several is taken once. */
static bool collect(const SectionInput *in, const Ablation *ablations, size_t count, CurveSource **sources,
                    size_t *found, Error *err)
{
    *sources = NULL, *found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ablations[i].count; k++) {
            const AblationRow *row = &ablations[i].rows[k];
            if (is_collected(*sources, *found, row)) continue;
            *sources = xrealloc(*sources, (*found + 1) * sizeof **sources);
            (*sources)[*found].row = row;
            if (!settings_of(row->results[0], in->files, &(*sources)[*found].settings, err)) return false;
            ++*found;
        }
    return true;
}

/* "ablation_KEY" as a file's name. Keys are options of methods, but a stored result may bring any text: what is neither letter nor
 * digit becomes an underline, and of two that then are one the second gets its number. Caller frees. */
static char *curve_name(const CurveSets *sets, size_t number)
{
    enum { KEY_MOST = 60 };
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    char *name = xformat("ablation_%.*s", KEY_MOST, sets->items[number].key);
    for (char *c = name; *c; c++)
        if (!strchr(plain, *c)) *c = '_';
    bool taken = false;
    for (size_t i = 0; i < number && !taken; i++) {
        char *other = curve_name(sets, i);
        taken = strcmp(name, other) == 0;
        free(other);
    }
    char *own = taken ? xformat("%s_%zu", name, number + 1) : xstrdup(name);
    free(name);
    return own;
}

static bool add_curves(const SectionInput *in, const Ablation *ablations, size_t count, Section *out, Error *err)
{
    CurveSource *sources;
    CurveSets sets;
    size_t found;
    bool good = collect(in, ablations, count, &sources, &found, err);
    curves_find(&sets, sources, found);
    if (sets.count) text_add(&out->html, "<div class=\"pair\">\n");
    for (size_t i = 0; good && i < sets.count; i++) {
        char *name = curve_name(&sets, i);
        char *caption =
            xformat("mAP against %s, all else equal; bars: standard deviation over seeds.", sets.items[i].key);
        good = curves_draw(&sets.items[i], in->figures, name, err) && section_figure(in, name, caption, out, err);
        free(name), free(caption);
    }
    if (sets.count) text_add(&out->html, "</div>\n");
    curves_free(&sets);
    for (size_t i = 0; i < found; i++) settings_free(&sources[i].settings);
    free(sources);
    return good;
}

static void add_ungrouped(const char *why, Section *out)
{
    char *sentence = xformat("These rows are not grouped by letters: %s", why);
    section_sentence(out, sentence);
    free(sentence);
}

bool section_ablation(const SectionInput *in, Section *out, Error *err)
{
    out->id = "ablation", out->title = "Ablation";
    const size_t count = in->options->ablation_count;
    Ablation *ablations = xcalloc(count + 1, sizeof *ablations);
    for (size_t i = 0; i < count; i++) {
        Error why;
        ablation_make(&ablations[i], &in->options->ablations[i], in->results);
        const bool grouped = ablation_group(&ablations[i], in->options->progress, &why);
        if (ablations[i].count) add_table(&ablations[i], out);
        if (ablations[i].count && !grouped) add_ungrouped(why.text, out);
    }
    const bool good = !in->gnuplot || add_curves(in, ablations, count, out, err);
    for (size_t i = 0; i < count; i++) ablation_free(&ablations[i]);
    free(ablations);
    return good;
}
