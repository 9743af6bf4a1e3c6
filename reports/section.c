/* What sections share: a figure or a sentence put into both forms at once, and the search for the best result that was
 * made from artifacts of a given stage. */
#include "reports/section.h"

#include "harness/base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"

#include <stdlib.h>

void section_free(Section *s)
{
    text_free(&s->html), text_free(&s->markdown), text_free(&s->latex);
}

bool section_figure(const SectionInput *in, const char *name, const char *caption, Section *out, Error *err)
{
    char *svg = xformat("%s/%s.svg", in->figures, name);
    const bool good = html_figure(svg, caption, &out->html, err);
    if (good) {
        text_addf(&out->markdown, "![%s](figures/%s.png)\n\n", name, name);
        markdown_escaped(caption, &out->markdown);
        text_add(&out->markdown, "\n\n");
    }
    free(svg);
    return good;
}

void section_sentence(Section *out, const char *sentence)
{
    text_add(&out->html, "<p>");
    html_escaped(sentence, &out->html);
    text_add(&out->html, "</p>\n");
    markdown_escaped(sentence, &out->markdown);
    text_add(&out->markdown, "\n\n");
}

bool section_best(const SectionInput *in, size_t column, const char *stage, Best *best, Error *err)
{
    double highest = 0;
    *best = (Best){0};
    for (size_t row = 0; row < in->summary->row_count; row++) {
        const Cell *cell = summary_cell(in->summary, row, column);
        if (!cell->count || (best->result && cell->map.mean <= highest)) continue;
        InputFiles found = {0};
        if (!inputs_find(in->files, cell->results[0]->file, &found, err)) {
            best_free(best);
            return false;
        }
        if (!inputs_get(&found, stage, NULL)) {
            inputs_free(&found);
            continue;
        }
        best_free(best);
        *best = (Best){cell->results[0], in->summary->rows[row].label, found};
        highest = cell->map.mean;
    }
    return true;
}

void best_free(Best *best)
{
    inputs_free(&best->inputs);
    *best = (Best){0};
}

char *section_name(const char *what, size_t column)
{
    return column ? xformat("%s_%zu", what, column + 1) : xstrdup(what);
}
