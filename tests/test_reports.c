/* Reports: what a table says, in every form, from results made here; and a report without gnuplot. */
#include "harness/base/memory.h"
#include "harness/io/artifact.h"
#include "harness/io/image.h"
#include "reports/gnuplot.h"
#include "reports/labelled_grid.h"
#include "reports/tables.h"
#include "tests/report_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h needs the four standard headers above. */
#include <cmocka.h>

enum { IMAGES = 4, CLASSES = 2 };

static char store[] = "/tmp/palbench-reports-XXXXXX";

static void set_result(const char *experiment, const char *method, const char *protocol, int seed, double map,
                       const char *setting)
{
    Error err;
    char *path = xformat("%s/score/%s-%d.h5", store, experiment, seed);
    const float scores[IMAGES][CLASSES] = {{0.9f, 0.1f}, {0.2f, 0.8f}, {0.7f, 0.6f}, {0.1f, 0.3f}};
    const int8_t labels[IMAGES][CLASSES] = {{1, -1}, {-1, 1}, {1, 1}, {-1, -1}};
    ArtifactWriter *w = artifact_create(path, "{}", &err);
    assert_non_null(w);
    artifact_write_floats(w, "scores", 2, (size_t[]){IMAGES, CLASSES}, scores[0]);
    artifact_write_int8(w, "labels", 2, (size_t[]){IMAGES, CLASSES}, labels[0]);
    artifact_write_texts(w, "classes", CLASSES, (const char *[]){"cat & co", "<dog>"});
    artifact_write_texts(w, "files", IMAGES, (const char *[]){"a", "b", "c", "d"});
    artifact_write_doubles(w, "ap", 1, (size_t[]){CLASSES}, (double[]){map + 1, map - 1});
    if (strcmp(method, "zsclip")) artifact_write_floats(w, "loss", 1, (size_t[]){3}, (float[]){3, 2, 1});
    const char *const texts[][2] = {
        {"experiment", experiment}, {"method", method},       {"dataset", "tiny"},  {"model", "m"},
        {"protocol", protocol},     {"options", "{\"a\":1}"}, {"provenance", "{}"}, {"setting", setting}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) artifact_attribute_text(w, texts[i][0], texts[i][1]);
    artifact_attribute_integer(w, "seed", seed);
    artifact_attribute_number(w, "map", map);
    assert_true(artifact_commit(w, &err));
    free(path);
}

static void one_result(const char *experiment, const char *method, const char *protocol, int seed, double map)
{
    set_result(experiment, method, protocol, seed, map, "zero-shot");
}

static int make_store(void **state)
{
    (void)state;
    Error err;
    if (!mkdtemp(store)) return -1;
    char *folder = xformat("%s/score", store);
    const bool good = make_folders(folder, &err);
    free(folder);
    one_result("zs", "zsclip", "p", 1, 50);
    one_result("tai", "tai", "p", 1, 60);
    one_result("tai", "tai", "p", 2, 62);
    one_result("zs-other", "zsclip", "q", 1, 70);
    return good ? 0 : -1;
}

static int remove_store(void **state)
{
    (void)state;
    return remove_folder(store);
}

static const char *const experiments[] = {"zs", "tai", "zs-other", NULL};
static const char *const labels[] = {"zero_shot", "TaI, 50%", "zero_shot", NULL};

static void with_summary(void (*check)(const Summary *))
{
    Error err;
    ResultList results = {0};
    Summary summary;
    assert_true(results_load(store, experiments, &results, NULL, &err));
    summary_make(&summary, &results, experiments, labels);
    check(&summary);
    summary_free(&summary);
    results_free(&results);
}

static void check_shape(const Summary *s)
{
    assert_int_equal(s->row_count, 2); /* zs and zs-other share a label, so a row */
    assert_int_equal(s->column_count, 2);
    assert_int_equal(summary_cell(s, 1, 0)->count, 2);
    assert_true(fabs(summary_cell(s, 1, 0)->map.mean - 61) < 1e-9);
    assert_true(fabs(summary_cell(s, 1, 0)->map.std - sqrt(2)) < 1e-9); /* n - 1 */
    assert_true(fabs(summary_cell(s, 1, 0)->ap[0] - 62) < 1e-9);
    assert_int_equal(summary_cell(s, 1, 1)->count, 0);
    assert_int_equal(summary_best(s, 0), 1);
}

static void protocols_never_share_a_column(void **state)
{
    (void)state;
    with_summary(check_shape);
}

/* Results of other settings never stand in a table without saying so. */
static void labels_carry_the_setting(void **state)
{
    (void)state;
    StoredResult items[3];
    for (size_t i = 0; i < 3; i++)
        items[i] = (StoredResult){.experiment = (char *[]){"a", "b", "c"}[i],
                                  .setting = (char *[]){"zero-shot", "few-shot 4", "full"}[i],
                                  .method = "coop",
                                  .dataset = "tiny",
                                  .protocol = "p",
                                  .map = 50};
    const ResultList list = {.items = items, .count = 3};
    Summary s;
    summary_make(&s, &list, (const char *const[]){"a", "b", "c", NULL},
                 (const char *const[]){"CoOp", "CoOp", "CoOp, full labels", NULL});
    assert_int_equal(s.row_count, 3); /* one label, two settings: two rows */
    assert_string_equal(s.rows[0].label, "CoOp");
    assert_string_equal(s.rows[1].label, "CoOp (few-shot 4)");
    assert_string_equal(s.rows[2].label, "CoOp, full labels");
    summary_free(&s);
}

/* ---- methods at several numbers of labelled images ---- */

enum { SHOWN = 8 };

/* CoOp at 1, 4 and 16 shots (two seeds at 4), an adapter at 4 alone, a zero-shot method, a mask file's share. */
static void shots(StoredResult items[SHOWN], const char *names[SHOWN + 1], const char *called[SHOWN + 1])
{
    static char *const settings[SHOWN] = {"few-shot 16", "few-shot 1", "few-shot 4",  "few-shot 4",
                                          "few-shot 4",  "zero-shot",  "partial m.x", "full"};
    static char *const own_names[SHOWN] = {"a16", "a1", "a4", "a4", "b4", "z", "m", "f"};
    static char *const own_labels[SHOWN] = {"Co_Op", "Co_Op", "Co_Op", "Co_Op", "Ada<pter", "CLIP", "Masked", "Full"};
    static const double maps[SHOWN] = {70, 40, 50, 52, 60, 55, 65, 80};
    static double ap[1] = {50};
    static char *class_names[1] = {"cat"};
    size_t count = 0;
    for (size_t i = 0; i < SHOWN; i++) {
        items[i] = (StoredResult){.experiment = own_names[i],
                                  .setting = settings[i],
                                  .method = own_labels[i],
                                  .note = i == 4 ? "an idea" : NULL,
                                  .dataset = "tiny",
                                  .protocol = "p",
                                  .classes = 1,
                                  .class_names = class_names,
                                  .ap = ap,
                                  .map = maps[i]};
        if (i != 3) names[count] = own_names[i], called[count++] = own_labels[i];
    }
    names[count] = called[count] = NULL;
}

static void with_shots(void (*check)(const Summary *))
{
    StoredResult items[SHOWN];
    const char *names[SHOWN + 1], *called[SHOWN + 1];
    Summary s;
    shots(items, names, called);
    summary_make(&s, &(ResultList){.items = items, .count = SHOWN}, names, called);
    check(&s);
    summary_free(&s);
}

static void check_grid(const Summary *s)
{
    LabelledGrid g;
    assert_int_equal(s->row_count, 7);
    for (size_t row = 0; row < 7; row++) assert_int_equal(s->rows[row].swept, row < 4);
    assert_false(labelled_grid_make(&g, s, 0, "setting.partial"));
    assert_true(labelled_grid_make(&g, s, 0, "setting.few_shot"));
    assert_int_equal(g.value_count, 3);
    assert_true(fabs(g.values[0] - 1) < 1e-9 && fabs(g.values[1] - 4) < 1e-9 && fabs(g.values[2] - 16) < 1e-9);
    assert_int_equal(g.line_count, 2);
    assert_int_equal(labelled_grid_cell(&g, 0, 1)->count, 2);
    assert_true(fabs(labelled_grid_cell(&g, 0, 1)->map.mean - 51) < 1e-9);
    assert_null(labelled_grid_cell(&g, 1, 0)); /* a point: nothing at one shot */
    assert_true(labelled_grid_cell(&g, 1, 1)->top);
    assert_true(fabs(labelled_grid_highest(&g, 0) - 70) < 1e-9);
    labelled_grid_free(&g);
    assert_int_equal(summary_best(s, 0), 6);
    assert_true(summary_cell(s, 0, 0)->top);
    assert_true(summary_represents(s, 0, 0) && !summary_represents(s, 1, 0) && summary_represents(s, 4, 0));
}

static void methods_at_several_values_become_a_grid(void **state)
{
    (void)state;
    with_shots(check_grid);
}

static void one_value_alone_is_no_grid(void **state)
{
    (void)state;
    StoredResult items[SHOWN];
    const char *names[SHOWN + 1], *called[SHOWN + 1];
    Summary s;
    shots(items, names, called);
    items[2].dataset = items[3].dataset = "other"; /* 16 shots here, fewer on another data set */
    names[1] = "not-run";                          /* in place of one shot */
    summary_make(&s, &(ResultList){.items = items, .count = SHOWN}, names, called);
    for (size_t row = 0; row < s.row_count; row++) assert_false(s.rows[row].swept);
    summary_free(&s);
}

static void check_grid_texts(const Summary *s)
{
    LabelledGrid g;
    Text plain = {0}, html = {0}, markdown = {0}, latex = {0}, main_table = {0};
    assert_true(labelled_grid_make(&g, s, 0, "setting.few_shot"));
    labelled_plain(&g, &plain), labelled_html(&g, &html);
    labelled_markdown(&g, &markdown), labelled_latex(&g, &latex);
    assert_non_null(strstr(plain.data, "tiny (p), labelled images a class\n"));
    assert_non_null(strstr(plain.data, "Co_Op                40.0  51.0 +- 1.4         70.0      2\n"));
    assert_non_null(strstr(plain.data, "Ada<pter [1]            -         60.0            -      1\n"));
    assert_non_null(strstr(html.data, "Ada&lt;pter <sup>1</sup></td><td>-</td><td class=\"best\">60.0</td><td>-</td>"));
    assert_non_null(strstr(markdown.data, "| Co_Op | **40.0** | 51.0 ± 1.4 | **70.0** |\n"));
    assert_non_null(strstr(latex.data, "Co\\_Op & \\textbf{40.0} & 51.0 $\\pm$ 1.4 & \\textbf{70.0} \\\\\n"));
    labelled_grid_free(&g);
    table_markdown(s, &main_table); /* has the rest, and its own best */
    assert_null(strstr(main_table.data, "Co_Op"));
    assert_non_null(strstr(main_table.data, "| CLIP | 55.0 |"));
    assert_non_null(strstr(main_table.data, "| Full (full) | **80.0** |"));
    text_free(&plain), text_free(&html), text_free(&markdown), text_free(&latex), text_free(&main_table);
}

static void grids_are_tables_of_method_by_value(void **state)
{
    (void)state;
    with_shots(check_grid_texts);
}

static void terminal_shows_the_grid_in_place_of_its_rows(void **state)
{
    (void)state;
    StoredResult items[SHOWN];
    const char *names[SHOWN + 1], *called[SHOWN + 1];
    shots(items, names, called);
    char *table = report_table_text(&(ResultList){.items = items, .count = SHOWN}, names, called);
    assert_null(strstr(table, "few-shot"));
    assert_non_null(strstr(table, "CLIP"));
    assert_non_null(strstr(table, "labelled images a class"));
    assert_non_null(strstr(table, "[1] Ada<pter: an idea\n"));
    assert_true(strstr(table, "[1] Ada") > strstr(table, "Co_Op")); /* notes under all tables */
    free(table);
}

static void check_texts(const Summary *s)
{
    Text latex = {0}, markdown = {0}, csv = {0}, classes = {0};
    table_latex(s, &latex);
    assert_non_null(strstr(latex.data, "zero\\_shot & 50.0 & \\textbf{70.0} \\\\"));
    assert_non_null(strstr(latex.data, "TaI, 50\\% & \\textbf{61.0 $\\pm$ 1.4} & - \\\\"));
    table_markdown(s, &markdown);
    assert_non_null(strstr(markdown.data, "| TaI, 50% | **61.0 ± 1.4** | - |"));
    results_csv(s, &csv);
    assert_non_null(strstr(csv.data, "tai,tai,tiny,p,2,62.000000,"));
    per_class_csv(s, &classes);
    assert_non_null(strstr(classes.data, "tai,tai,tiny,p,1,cat & co,61.000000,zero-shot\n"));
    text_free(&latex), text_free(&markdown), text_free(&csv), text_free(&classes);
}

static void tables_escape_what_their_form_needs(void **state)
{
    (void)state;
    with_summary(check_texts);
}

static bool grey_picture(void *context, const StoredResult *r, size_t image, uint8_t **png, size_t *bytes, Error *err)
{
    (void)context, (void)r, (void)image;
    uint8_t pixels[8 * 6 * 3];
    memset(pixels, 128, sizeof pixels);
    return image_encode_png(&(Image){8, 6, pixels}, png, bytes, err);
}

static void check_page(const char *out, bool with_plots)
{
    char *page = contents(out, "index.html");
    assert_non_null(strstr(page, "&lt;dog&gt;"));
    assert_non_null(strstr(page, "cat &amp; co"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http://")); /* self-contained: nothing is fetched */
    assert_int_equal(strstr(page, "mAP by method on tiny (p).") != NULL, with_plots);
    assert_int_equal(strstr(page, "gnuplot is not installed") != NULL, !with_plots);
    free(page);
    free(contents(out, "report.md")), free(contents(out, "report.tex"));
    free(contents(out, "results.csv")), free(contents(out, "per_class.csv"));
    free(contents(out, "figures/examples.svg")), free(contents(out, "figures/examples.png"));
}

static void write_report(const char *out)
{
    Error err = {0};
    const ReportOptions options = {.title = "tiny",
                                   .experiments = experiments,
                                   .labels = labels,
                                   .store = store,
                                   .out = out,
                                   .picture = grey_picture,
                                   .command = "palbench report"};
    if (!report_of_store(options, &err)) fail_msg("%s", err.text);
}

static void report_is_one_page_with_figures(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    char *out = xformat("%s/report", store);
    write_report(out);
    check_page(out, true);
    free(contents(out, "figures/map.svg")), free(contents(out, "figures/map.png"));
    free(contents(out, "figures/per_class.svg")), free(contents(out, "figures/loss.svg"));
    free(out);
}

static void report_without_gnuplot_has_its_tables(void **state)
{
    (void)state;
    char *path = xstrdup(getenv("PATH")), *out = xformat("%s/plain", store);
    setenv("PATH", "/nonexistent", 1);
    write_report(out);
    setenv("PATH", path, 1);
    check_page(out, false);
    free(path), free(out);
}

static void try_report(const char *const *names, const char *out)
{
    Error err = {0};
    const ReportOptions options = {.title = "tiny",
                                   .experiments = names,
                                   .labels = names,
                                   .beside = (const char *const[]){"mini", "a b", NULL},
                                   .store = store,
                                   .out = out};
    if (!report_of_store(options, &err)) fail_msg("%s", err.text);
}

static void page_of_a_grid_has_its_curve(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    Error err = {0};
    char *out = xformat("%s/grid", store);
    static const char *const names[] = {"few[1]", "few[4]", "zs", NULL}, *const called[] = {"few", "few", "zs", NULL};
    const ReportOptions options = {.title = "tiny", .experiments = names, .labels = called, .store = store, .out = out};
    set_result("few[1]", "coop", "p", 1, 40, "few-shot 1"), set_result("few[4]", "coop", "p", 1, 50, "few-shot 4");
    if (!report_of_store(options, &err)) fail_msg("%s", err.text);
    char *page = contents(out, "index.html"), *curve = contents(out, "figures/few_shot.gp"),
         *bars = contents(out, "figures/map.gp"), *classes = contents(out, "per_class.csv");
    assert_non_null(strstr(page, "<a href=\"#labelled\">Labelled images</a>"));
    assert_non_null(strstr(page, "against the number of labelled images a class"));
    assert_null(strstr(page, "Other suites"));
    assert_non_null(strstr(curve, "set logscale x"));
    assert_non_null(strstr(curve, "'1' 1, '4' 4"));
    assert_non_null(strstr(curve, "zs (zero-shot)"));
    assert_null(strstr(bars, "few"));
    assert_non_null(strstr(classes, "few[1],coop")); /* what the page folds away is in the file */
    free(page), free(curve), free(bars), free(classes), free(out);
}

static void figure_of_classes_shows_the_eight_best_methods(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    char *out = xformat("%s/many", store);
    const char *names[11] = {NULL};
    static char words[10][8];
    for (int i = 0; i < 10; i++) {
        snprintf(words[i], sizeof words[i], "way-%d", i);
        names[i] = words[i];
        one_result(words[i], words[i], "p", 1, i < 2 ? 80 - i : 50 + i); /* 2 and 3 are the lowest */
    }
    try_report(names, out);
    char *page = contents(out, "index.html"), *figure = contents(out, "figures/per_class.gp");
    assert_non_null(strstr(page, "Of 10 methods the 8 with the highest mAP"));
    assert_non_null(strstr(page, "<a href=\"../a%20b/index.html\">a b</a>"));
    assert_non_null(strstr(figure, "way-0"));
    assert_null(strstr(figure, "way-2"));
    assert_null(strstr(figure, "way-3"));
    assert_non_null(strstr(figure, "way-9"));
    free(page), free(figure), free(out);
}

static void report_of_nothing_says_so(void **state)
{
    (void)state;
    Error err = {0};
    const ReportOptions options = {
        .title = "none", .experiments = (const char *[]){NULL}, .store = "/nonexistent/store", .out = store};
    assert_false(report_of_store(options, &err));
    assert_non_null(strstr(err.text, "run palbench reproduce first"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_never_share_a_column),
        cmocka_unit_test(labels_carry_the_setting),
        cmocka_unit_test(tables_escape_what_their_form_needs),
        cmocka_unit_test(report_is_one_page_with_figures),
        cmocka_unit_test(methods_at_several_values_become_a_grid),
        cmocka_unit_test(one_value_alone_is_no_grid),
        cmocka_unit_test(grids_are_tables_of_method_by_value),
        cmocka_unit_test(terminal_shows_the_grid_in_place_of_its_rows),
        cmocka_unit_test(page_of_a_grid_has_its_curve),
        cmocka_unit_test(figure_of_classes_shows_the_eight_best_methods),
        cmocka_unit_test(report_without_gnuplot_has_its_tables),
        cmocka_unit_test(report_of_nothing_says_so),
    };
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
