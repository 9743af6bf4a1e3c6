/* The section of methods that were shown several numbers of labelled images, or several shares of the labels: a table of method x
 * value and a plot for every data set, and every row with its seeds and images folded away. */
#include "harness/base/memory.h"
#include "reports/html.h"
#include "reports/labelled_grid.h"
#include "reports/page.h"
#include "reports/section.h"
#include "reports/settings.h"
#include "reports/tables.h"

#include <stdlib.h>

static bool add_figure(const SectionInput *in, const LabelledGrid *g, size_t axis, Section *out, Error *err)
{
    static const char *const names[SETTING_AXES] = {"few_shot", "partial"};
    char *name = section_name(names[axis], g->column);
    Text caption = {0};
    bool drawn = false;
    text_add(&caption, "mAP on ");
    column_title(&in->summary->columns[g->column], &caption);
    text_addf(&caption, " against %s; bars: standard deviation over seeds.",
              axis ? "the share of labels known" : "the number of labelled images a class");
    if (g->line_count > LABELLED_LINES_MAX)
        text_addf(&caption, " Of %zu methods the %d that reach highest.", g->line_count, LABELLED_LINES_MAX);
    const bool good = labelled_draw(g, in->figures, name, &drawn, err) &&
                      (!drawn || section_figure(in, name, caption.data, out, err));
    text_free(&caption);
    free(name);
    return good;
}

static void add_rows(const SectionInput *in, size_t column, Section *out)
{
    text_add(&out->html, "<details><summary>Every row with its seeds and test images</summary>\n");
    page_methods_table(in->summary, column, true, &out->html);
    text_add(&out->html, "</details>\n");
}

bool section_labelled(const SectionInput *in, Section *out, Error *err)
{
    out->id = "labelled", out->title = "Labelled images", out->leads = true;
    for (size_t c = 0; c < in->summary->column_count; c++) {
        if (!summary_has(in->summary, c, true)) continue;
        page_column_heading(&in->summary->columns[c], &out->html);
        for (size_t axis = 0; axis < SETTING_AXES; axis++) {
            LabelledGrid grid;
            if (!labelled_grid_make(&grid, in->summary, c, setting_axes[axis])) continue;
            labelled_html(&grid, &out->html);
            labelled_markdown(&grid, &out->markdown);
            labelled_latex(&grid, &out->latex);
            const bool good = !in->gnuplot || add_figure(in, &grid, axis, out, err);
            labelled_grid_free(&grid);
            if (!good) return false;
        }
        add_rows(in, c, out);
    }
    return true;
}
