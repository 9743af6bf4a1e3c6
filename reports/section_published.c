/* Section "Published numbers": of every row on a data set that papers report, our number beside theirs with the
 * difference where both were measured the same way, and apart from that, without ours, what is published of another
 * protocol and in what it differs. Nothing is there when no column is such a data set. */
#include "reports/published_table.h"

#include "harness/base/memory.h"
#include "reports/escape.h"
#include "reports/section.h"

#include <stdlib.h>
#include <string.h>

static const char *const beside_heads[] = {"method",    "data set",   "protocol", "backbone", "ours",
                                           "published", "difference", "source",   NULL};
static const char *const other_heads[] = {"published as", "data set", "backbone",   "setting",
                                          "mAP",          "source",   "differs in", NULL};

/* A table's rows, cell by cell, in both forms. */
typedef struct Grid {
    const char *const *heads;
    Section *out;
    size_t cell;
} Grid;

static size_t width_of(const Grid *g)
{
    size_t count = 0;
    while (g->heads[count]) count++;
    return count;
}

static void add_cell(Grid *g, const char *text)
{
    Section *out = g->out;
    if (g->cell % width_of(g) == 0) text_add(&out->html, "<tr>"), text_add(&out->markdown, "|");
    text_add(&out->html, "<td>"), html_escaped(text, &out->html), text_add(&out->html, "</td>");
    text_add(&out->markdown, " "), markdown_escaped(text, &out->markdown), text_add(&out->markdown, " |");
    if (++g->cell % width_of(g) == 0) text_add(&out->html, "</tr>\n"), text_add(&out->markdown, "\n");
}

static Grid begin_grid(const char *const *heads, Section *out)
{
    Grid g = {heads, out, 0};
    text_add(&out->html, "<div class=\"wide\"><table><tr>"), text_add(&out->markdown, "|");
    for (size_t i = 0; heads[i]; i++)
        text_addf(&out->html, "<th>%s</th>", heads[i]), text_addf(&out->markdown, " %s |", heads[i]);
    text_add(&out->html, "</tr>\n"), text_add(&out->markdown, "\n|");
    for (size_t i = 0; heads[i]; i++) text_add(&out->markdown, " --- |");
    text_add(&out->markdown, "\n");
    return g;
}

static void end_grid(Grid *g)
{
    text_add(&g->out->html, "</table></div>\n"), text_add(&g->out->markdown, "\n");
}

static void add_beside(Grid *g, const PublishedLine *line)
{
    char *ours = xformat("%.1f", line->map), *theirs = xformat("%.1f", line->number ? line->number->map : 0),
         *difference = xformat("%+.1f", line->number ? line->map - line->number->map : 0);
    add_cell(g, line->label);
    add_cell(g, line->result->dataset);
    add_cell(g, line->result->protocol);
    add_cell(g, line->result->clip ? line->result->clip : "-");
    add_cell(g, ours);
    add_cell(g, line->number ? theirs : "-");
    add_cell(g, line->number ? difference : "-");
    add_cell(g, line->number ? line->number->title : line->missing);
    free(ours), free(theirs), free(difference);
}

static void add_other(Grid *g, const PublishedOther *other)
{
    char *map = xformat(other->number->seeds > 1 ? "%.1f (mean of %zu seeds)" : "%.1f", other->number->map,
                        other->number->seeds);
    add_cell(g, other->number->label);
    add_cell(g, other->number->dataset);
    add_cell(g, other->number->backbone);
    add_cell(g, other->number->setting);
    add_cell(g, map);
    add_cell(g, other->number->title);
    add_cell(g, other->why);
    free(map);
}

static void add_tables(const PublishedTable *table, Section *out)
{
    section_sentence(
        out, "Ours stands beside a published number only where data set, split, test set, sizes, crop, pooling, "
             "difficult objects, epoch, backbone, setting and options are the same; the difference is ours "
             "minus theirs. CLIP's architecture is known from its sizes, its weights are whoever brought them.");
    Grid beside = begin_grid(beside_heads, out);
    for (size_t i = 0; i < table->line_count; i++) add_beside(&beside, &table->lines[i]);
    end_grid(&beside);
    if (!table->other_count) return;
    text_addf(&out->html,
              "<details><summary>%zu published numbers of other protocols and methods, with what they differ "
              "in</summary>\n",
              table->other_count);
    section_sentence(out, "Published on these data sets, and not to be set beside a number above:");
    Grid others = begin_grid(other_heads, out);
    for (size_t i = 0; i < table->other_count; i++) add_other(&others, &table->others[i]);
    end_grid(&others);
    text_add(&out->html, "</details>\n");
}

bool section_published(const SectionInput *in, Section *out, Error *err)
{
    PublishedNumbers numbers;
    PublishedTable table;
    out->id = "published", out->title = "Beside published numbers", out->leads = true;
    if (!in->options->published) return true;
    if (!published_open(&numbers, in->options->published, err)) return false;
    published_table_make(&table, &numbers, in->summary);
    if (table.line_count) add_tables(&table, out);
    published_table_free(&table);
    published_close(&numbers);
    return true;
}
