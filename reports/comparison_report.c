/* LaTeX by appending; both figures are one kind of chart, intervals beside a line at zero, with lines for pairs or for
 * classes. */
#include "reports/comparison_report.h"

#include "harness/base/memory.h"
#include "reports/escape.h"
#include "reports/gnuplot.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

static void pair_names(const Comparison *c, const Pair *pair, const char *between, Text *out)
{
    text_addf(out, "%s%s%s", c->entrants[pair->a].name, between, c->entrants[pair->b].name);
}

static void latex_pairs(const Comparison *c, Text *out)
{
    text_addf(out,
              "%% needs \\usepackage{booktabs}\n\\begin{tabular}{llrrrrr}\n\\toprule\n$A$ & $B$ & mAP $A$ & mAP $B$ & "
              "$A - B$ [%g\\,\\%%] & $p$ & $p_\\mathrm{Holm}$ \\\\\n\\midrule\n",
              c->options.level);
    for (size_t i = 0; i < c->pair_count; i++) {
        const Pair *pair = &c->pairs[i];
        const Entrant *sides[2] = {&c->entrants[pair->a], &c->entrants[pair->b]};
        latex_escaped(sides[0]->name, out);
        text_add(out, " & ");
        latex_escaped(sides[1]->name, out);
        for (size_t k = 0; k < 2; k++) {
            text_addf(out, " & %.2f", sides[k]->spread.mean);
            if (sides[k]->seeds > 1) text_addf(out, " $\\pm$ %.2f", sides[k]->spread.std);
            text_addf(out, "$^{%s}$", c->groups.letters[k ? pair->b : pair->a]);
        }
        text_addf(out, " & $%+.2f$ [$%+.2f$, $%+.2f$] & %.4f & %.4f \\\\\n", pair->diff, pair->low, pair->high, pair->p,
                  pair->p_holm);
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}

static void latex_classes(const Comparison *c, const Pair *pair, Text *out)
{
    char room[32];
    text_add(out, "\n% ");
    Text names = {0};
    pair_names(c, pair, " minus ", &names);
    latex_escaped(names.data, out);
    text_free(&names);
    text_add(out, "\n\\begin{tabular}{lrrr}\n\\toprule\nClass & ");
    latex_escaped(c->entrants[pair->a].name, out);
    text_add(out, " & ");
    latex_escaped(c->entrants[pair->b].name, out);
    text_add(out, " & Difference \\\\\n\\midrule\n");
    for (size_t i = 0; i < pair->class_count; i++) {
        const ClassDifference *d = &pair->classes[i];
        latex_escaped(answer_sheet_class(&c->entrants[pair->a].sheet, d->class, room), out);
        text_addf(out, " & %.1f & %.1f & $%+.1f$ [$%+.1f$, $%+.1f$] \\\\\n", d->a, d->b, d->diff, d->low, d->high);
    }
    text_addf(out,
              "\\midrule\n\\multicolumn{4}{l}{%zu wins, %zu ties, %zu losses} \\\\\n\\bottomrule\n\\end{tabular}\n",
              pair->wins, pair->ties, pair->losses);
}

void comparison_latex(const Comparison *c, Text *out)
{
    latex_pairs(c, out);
    for (size_t i = 0; i < c->pair_count; i++) latex_classes(c, &c->pairs[i], out);
}

/* Lines of a figure, the lowest first: gnuplot's y grows upwards. */
typedef struct Chart {
    Text data; /* height, difference, low, high, whether the interval leaves out zero */
    Text tics; /* names */
    size_t lines, longest;
} Chart;

static void add_line(Chart *chart, const char *name, double diff, double low, double high)
{
    text_add(&chart->tics, chart->lines ? ", \\\n    " : "");
    gnuplot_tic(name, (double)chart->lines, &chart->tics);
    text_addf(&chart->data, "%zu %.5f %.5f %.5f %d\n", chart->lines++, diff, low, high, low > 0 || high < 0);
    if (strlen(name) > chart->longest) chart->longest = strlen(name);
}

enum { PLOT_WIDTH = 560, LETTER_WIDTH = 8, LINES_SHOWN_LARGE = 200 };

/* Intervals beside a line at zero; what lies clear of it is full, the rest hollow. Frees the chart's data. */
static bool draw(Chart *chart, const char *folder, const char *name, const char *unit, double level, const char *title,
                 Error *err)
{
    Text body = {0};
    const size_t lines = chart->lines < LINES_SHOWN_LARGE ? chart->lines : LINES_SHOWN_LARGE,
                 letters = chart->longest < GNUPLOT_LETTERS ? chart->longest : GNUPLOT_LETTERS;
    text_add(&body, gnuplot_axes);
    text_add(&body, "set title ");
    gnuplot_quoted(title, &body);
    text_addf(
        &body,
        "\nset yrange [-0.7:%.1f]\nset xlabel '%s, percent points, with %g %% interval'\nset grid x lc rgb '#dddddd'\n"
        "set arrow 1 from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#888888' lw 1.2 back\n"
        "set offsets graph 0.03, graph 0.03, 0, 0\nset ytics (%s)\n"
        "plot $data using 2:1:3:4 with xerrorbars pt 0 lw 1.8 lc rgb '%s' notitle, \\\n"
        "     $data using 2:($5 > 0.5 ? $1 : NaN) with points pt 7 ps 1.1 lc rgb '%s' notitle, \\\n"
        "     $data using 2:($5 > 0.5 ? NaN : $1) with points pt 6 ps 1.1 lw 1.6 lc rgb '%s' notitle\n",
        (double)chart->lines - 0.3, unit, level, chart->tics.data ? chart->tics.data : "", gnuplot_colours[0],
        gnuplot_colours[0], gnuplot_colours[0]);
    const bool good = gnuplot_draw(folder, name, PLOT_WIDTH + LETTER_WIDTH * (int)letters, 130 + 24 * (int)lines,
                                   chart->data.data, body.data, err);
    text_free(&body);
    text_free(&chart->data), text_free(&chart->tics);
    return good;
}

bool figure_differences(const Comparison *c, const char *folder, Error *err)
{
    Chart chart = {0};
    for (size_t i = c->pair_count; i-- > 0;) {
        Text name = {0};
        pair_names(c, &c->pairs[i], "  -  ", &name);
        add_line(&chart, name.data, c->pairs[i].diff, c->pairs[i].low, c->pairs[i].high);
        text_free(&name);
    }
    return draw(&chart, folder, "differences", "difference of mAP", c->options.level, "", err);
}

bool figure_class_differences(const Comparison *c, size_t number, const char *folder, Error *err)
{
    const Pair *pair = &c->pairs[number];
    char room[32], *name = number ? xformat("classes_%zu", number + 1) : xstrdup("classes");
    Chart chart = {0};
    Text title = {0};
    pair_names(c, pair, "  -  ", &title);
    for (size_t i = pair->class_count; i-- > 0;) {
        const ClassDifference *d = &pair->classes[i];
        add_line(&chart, answer_sheet_class(&c->entrants[pair->a].sheet, d->class, room), d->diff, d->low, d->high);
    }
    const bool good = draw(&chart, folder, name, "difference of AP", c->options.level, title.data, err);
    text_free(&title);
    free(name);
    return good;
}
