#include "reports/comparison.h"

#include "harness/base/memory.h"
#include "reports/gnuplot.h"
#include "reports/tables.h"

#include <math.h>
#include <stdlib.h>

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
    pair_names(c, pair, " minus ", out);
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

/* A line of a figure's data: height, name, difference, low, high, whether the interval leaves out zero. */
static void add_line(Text *data, size_t height, const char *name, double diff, double low, double high)
{
    text_addf(data, "%zu ", height);
    gnuplot_quoted(name, data);
    text_addf(data, " %.5f %.5f %.5f %d\n", diff, low, high, low > 0 || high < 0);
}

/* Intervals beside a line at zero; what lies clear of it is full, the rest hollow. */
static bool draw_intervals(const char *folder, const char *name, const char *unit, const Text *data, size_t lines,
                           double level, const char *title, Error *err)
{
    Text body = {0};
    text_add(&body, gnuplot_axes);
    text_add(&body, "set title ");
    gnuplot_quoted(title, &body);
    text_addf(
        &body,
        "\nset yrange [-0.7:%.1f]\nset xlabel '%s, percent points, with %g %% interval'\nset grid x lc rgb '#dddddd'\n"
        "set arrow 1 from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#888888' lw 1.2 back\n"
        "set offsets graph 0.03, graph 0.03, 0, 0\n"
        "plot $data using 3:1:4:5:ytic(2) with xerrorbars pt 0 lw 1.8 lc rgb '%s' notitle, \\\n"
        "     $data using 3:($6 > 0.5 ? $1 : NaN) with points pt 7 ps 1.1 lc rgb '%s' notitle, \\\n"
        "     $data using 3:($6 > 0.5 ? NaN : $1) with points pt 6 ps 1.1 lw 1.6 lc rgb '%s' notitle\n",
        (double)lines - 0.3, unit, level, gnuplot_colours[0], gnuplot_colours[0], gnuplot_colours[0]);
    const bool good =
        gnuplot_draw(folder, name, 900, 130 + 24 * (int)(lines < 200 ? lines : 200), data->data, body.data, err);
    text_free(&body);
    return good;
}

bool figure_differences(const Comparison *c, const char *folder, Error *err)
{
    Text data = {0};
    for (size_t i = c->pair_count; i-- > 0;) { /* gnuplot's y grows upwards: the first pair goes on top */
        Text name = {0};
        pair_names(c, &c->pairs[i], "  -  ", &name);
        add_line(&data, c->pair_count - 1 - i, name.data, c->pairs[i].diff, c->pairs[i].low, c->pairs[i].high);
        text_free(&name);
    }
    const bool good =
        draw_intervals(folder, "differences", "difference of mAP", &data, c->pair_count, c->options.level, "", err);
    text_free(&data);
    return good;
}

bool figure_class_differences(const Comparison *c, size_t number, const char *folder, Error *err)
{
    const Pair *pair = &c->pairs[number];
    char room[32], *name = number ? xformat("classes_%zu", number + 1) : xstrdup("classes");
    Text data = {0}, title = {0};
    pair_names(c, pair, "  -  ", &title);
    for (size_t i = pair->class_count; i-- > 0;) {
        const ClassDifference *d = &pair->classes[i];
        add_line(&data, pair->class_count - 1 - i, answer_sheet_class(&c->entrants[pair->a].sheet, d->class, room),
                 d->diff, d->low, d->high);
    }
    const bool good =
        draw_intervals(folder, name, "difference of AP", &data, pair->class_count, c->options.level, title.data, err);
    text_free(&data), text_free(&title);
    free(name);
    return good;
}
