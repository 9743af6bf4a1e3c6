/* One function a part, each appending to the page in its order; style and figures go inside, so that a page can be
 * mailed. Every text that is not ours goes through html_escaped. */
#include "reports/page.h"

#include "harness/base/version.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const style =
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu "
    "Sans',sans-serif;color:#1d2129;background:#f6f7f9;margin:0}"
    "main{max-width:1080px;margin:0 auto;padding:28px 24px 60px;background:#fff;min-height:100vh;"
    "box-shadow:0 0 24px rgba(0,0,0,.06)}h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px;"
    "border-bottom:1px solid #e3e6ea;padding-bottom:5px}p.lead{color:#5a6270;margin:0 0 14px}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:4px 10px;text-align:right;"
    "border-bottom:1px solid #eceff2}th{font-weight:600;color:#414855;vertical-align:bottom}"
    "th:first-child,td:first-child{text-align:left}tr:hover td{background:#f7faff}td.best{font-weight:700}"
    ".bar{display:inline-block;height:9px;background:#0072b2;border-radius:2px;vertical-align:middle}"
    ".grid th[colspan]{text-align:center}td.track{min-width:330px;text-align:left}.wide{overflow-x:auto}.wide "
    "table{font-size:13px}.wide th "
    "span{writing-mode:vertical-rl;"
    "transform:rotate(180deg);max-height:170px}.wide td,.wide th{padding:3px 6px}"
    "figure{margin:14px 0 22px}figure img{max-width:100%;border:1px solid #e8ebee;border-radius:4px}"
    "figcaption{color:#5a6270;font-size:13.5px}.remark{background:#fff6e0;border-left:4px solid #e69f00;padding:8px "
    "12px}"
    "details{margin:6px 0}summary{cursor:pointer}code,pre{font:12.5px/1.45 ui-monospace,'DejaVu Sans Mono',monospace}"
    "pre{background:#f6f7f9;padding:8px 10px;white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0}"
    "details{margin:10px 0}.pair{display:flex;flex-wrap:wrap;gap:0 20px}.pair figure{flex:1 1 440px;max-width:510px}"
    "p.small{color:#5a6270;font-size:13.5px}nav "
    "a{margin-right:16px;color:#0b62a8;text-decoration:none}footer{color:#6c7480;font-size:13px;margin-top:40px}";

void page_methods_table(const Summary *s, size_t column, bool swept, Text *out)
{
    text_add(out, "<table><tr><th>method</th><th>mAP</th><th></th><th>seeds</th><th>images</th></tr>\n");
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        if (!cell->count || s->rows[row].swept != swept) continue;
        text_add(out, "<tr><td>");
        html_escaped(s->rows[row].label, out);
        if (note_number(s, row)) text_addf(out, " <sup>%zu</sup>", note_number(s, row));
        text_add(out, cell->top ? "</td><td class=\"best\">" : "</td><td>");
        cell_text(cell, " ± ", out);
        cell_group(cell, " <sup>", "</sup>", out);
        text_addf(out,
                  "</td><td class=\"track\"><span class=\"bar\" "
                  "style=\"width:%.0fpx\"></span></td><td>%zu</td><td>%zu</td></tr>\n",
                  cell->map.mean * 3.2, cell->count, cell->results[0]->images);
    }
    text_add(out, "</table>\n");
}

static void method_notes(const Summary *s, Text *out)
{
    const Row *noted;
    char *sentence = summary_groups_sentence(s);
    if (sentence) {
        text_add(out, "<p class=\"small\">");
        html_escaped(sentence, out);
        text_add(out, "</p>\n");
    }
    free(sentence);
    for (size_t n = 1; (noted = note_row(s, n)); n++) {
        text_addf(out, "<p class=\"remark\"><sup>%zu</sup> <b>", n);
        html_escaped(noted->method, out);
        text_add(out, "</b>: ");
        html_escaped(noted->note, out);
        text_add(out, "</p>\n");
    }
}

/* White at 0, blue at 100: the eye finds weak classes. */
static void ap_cell(double ap, Text *out)
{
    if (isnan(ap)) {
        text_add(out, "<td>-</td>");
        return;
    }
    text_addf(out, "<td style=\"background:rgba(0,114,178,%.2f)\">%.1f</td>", 0.5 * pow(ap / 100, 2), ap);
}

static void per_class_table(const Summary *s, size_t column, Text *out)
{
    const Column *c = &s->columns[column];
    text_add(out, "<div class=\"wide\"><table><tr><th>class</th>");
    for (size_t row = 0; row < s->row_count; row++) {
        if (!summary_represents(s, row, column)) continue;
        text_add(out, "<th><span>");
        html_escaped(s->rows[row].label, out);
        text_add(out, "</span></th>");
    }
    text_add(out, "</tr>\n");
    for (size_t class = 0; class < c->classes; class ++) {
        text_add(out, "<tr><td>");
        html_escaped(c->class_names[class], out);
        text_add(out, "</td>");
        for (size_t row = 0; row < s->row_count; row++)
            if (summary_represents(s, row, column)) ap_cell(summary_cell(s, row, column)->ap[class], out);
        text_add(out, "</tr>\n");
    }
    text_add(out, "</table></div>\n");
    if (summary_has(s, column, true)) text_addf(out, "<p class=\"small\">%s</p>\n", per_class_remark);
}

static void provenance(const Summary *s, Text *out)
{
    for (size_t i = 0; i < s->row_count * s->column_count; i++) {
        const Cell *cell = &s->cells[i];
        if (!cell->count) continue;
        text_add(out, "<details><summary>");
        html_escaped(s->rows[i / s->column_count].label, out);
        text_add(out, " on ");
        html_escaped(s->columns[i % s->column_count].dataset, out);
        text_add(out, "</summary>\n");
        for (size_t k = 0; k < cell->count; k++) {
            const StoredResult *r = cell->results[k];
            text_addf(out, "<p>Seed %lld, mAP %.4f, <code>", (long long)r->seed, r->map);
            html_escaped(r->file, out);
            text_add(out, "</code></p>\n");
            if (k) continue;
            text_add(out, "<pre>options: ");
            html_escaped(r->options, out);
            text_add(out, "\nconfiguration: ");
            html_escaped(r->config, out);
            text_add(out, "\nprovenance: ");
            html_escaped(r->provenance, out);
            text_add(out, "</pre>\n");
        }
        text_add(out, "</details>\n");
    }
}

/* The pages of other suites, which lie in folders beside this one. */
static void other_pages(const ReportOptions *o, Text *out)
{
    if (!o->beside || !o->beside[0]) return;
    text_add(out, "Other suites: ");
    for (size_t i = 0; o->beside[i]; i++) {
        text_add(out, "<a href=\"../");
        html_link(o->beside[i], out);
        text_add(out, "/index.html\">");
        html_escaped(o->beside[i], out);
        text_add(out, "</a>");
    }
    text_add(out, "</nav>\n<nav>");
}

static bool has_methods(const Summary *s)
{
    for (size_t c = 0; c < s->column_count; c++)
        if (summary_has(s, c, false)) return true;
    return false;
}

static bool has_labelled(const Summary *s)
{
    for (size_t row = 0; row < s->row_count; row++)
        if (strcmp(s->rows[row].setting, "zero-shot") != 0) return true;
    return false;
}

static void section_links(const Page *page, bool leading, Text *out)
{
    for (size_t i = 0; i < page->section_count; i++)
        if (page->sections[i].html.length && page->sections[i].leads == leading)
            text_addf(out, "<a href=\"#%s\">%s</a>", page->sections[i].id, page->sections[i].title);
}

static void head(const Page *page, Text *out)
{
    text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                  "content=\"width=device-width, initial-scale=1\"><title>palbench: ");
    html_escaped(page->options->title, out);
    text_addf(out, "</title><style>%s</style></head>\n<body><main>\n<h1>palbench report: ", style);
    html_escaped(page->options->title, out);
    text_add(out, "</h1>\n<p class=\"lead\">Multi-label image recognition with a frozen CLIP");
    text_add(out, has_labelled(page->summary)
                      ? ", without labelled training images unless a row or column says how many. "
                      : " and no real training images. ");
    text_add(out,
             "mAP is the mean over "
             "classes of non-interpolated average precision, in percent; ± is the standard deviation over seeds.</p>\n"
             "<nav>");
    other_pages(page->options, out);
    if (has_methods(page->summary)) text_add(out, "<a href=\"#table\">Methods</a>");
    section_links(page, true, out);
    text_add(out, "<a href=\"#figures\">Figures</a>");
    section_links(page, false, out);
    text_add(out, "<a href=\"#classes\">Per class</a><a href=\"#provenance\">Settings and provenance</a></nav>\n");
    for (size_t i = 0; i < page->remarks->count; i++) {
        text_add(out, "<p class=\"remark\">");
        html_escaped(page->remarks->items[i], out);
        text_add(out, "</p>\n");
    }
}

void page_column_heading(const Column *column, Text *out)
{
    Text title = {0};
    column_title(column, &title);
    text_add(out, "<h3>");
    html_escaped(title.data, out);
    text_add(out, "</h3>\n");
    text_free(&title);
}

static void add_sections(const Page *page, bool leading, Text *out)
{
    for (size_t i = 0; i < page->section_count; i++) {
        const Section *section = &page->sections[i];
        if (!section->html.length || section->leads != leading) continue;
        text_addf(out, "<h2 id=\"%s\">%s</h2>\n", section->id, section->title);
        text_add(out, section->html.data);
    }
}

static void methods(const Summary *s, Text *out)
{
    if (!has_methods(s)) return;
    text_add(out, "<h2 id=\"table\">Methods</h2>\n");
    for (size_t c = 0; c < s->column_count; c++) {
        if (!summary_has(s, c, false)) continue;
        page_column_heading(&s->columns[c], out);
        page_methods_table(s, c, false, out);
    }
}

bool page_write(const Page *page, Text *out, Error *err)
{
    const Summary *s = page->summary;
    head(page, out);
    methods(s, out);
    add_sections(page, true, out);
    method_notes(s, out);
    text_add(out, "<h2 id=\"figures\">Figures</h2>\n");
    for (size_t i = 0; i < page->figure_count; i++)
        if (!html_figure(page->figures[i].file, page->figures[i].caption, out, err)) return false;
    add_sections(page, false, out);
    text_add(out, "<h2 id=\"classes\">Average precision per class</h2>\n");
    for (size_t c = 0; c < s->column_count; c++) {
        page_column_heading(&s->columns[c], out);
        per_class_table(s, c, out);
    }
    text_add(
        out,
        "<h2 id=\"provenance\">Settings and provenance</h2>\n<p>Every number comes from an HDF5 file of the store that "
        "names its configuration, its inputs by hash, seed, versions and machine.</p>\n");
    provenance(s, out);
    text_addf(out, "<footer>palbench %s", PALBENCH_VERSION);
    if (page->options->command) {
        text_add(out, "; made with <code>");
        html_escaped(page->options->command, out);
        text_add(out, "</code>");
    }
    text_add(
        out,
        ". The same tables: report.md, report.tex, results.csv, per_class.csv; figures with their gnuplot scripts in "
        "figures/.</footer>\n</main></body></html>\n");
    return true;
}
