/* A stranger's text in a report is text: every label, name and attribute that can reach a page, a table, a script or a picture holds
 * the worst that each of them understands, and comes out as plain characters. */
#include "harness/base/shown.h"
#include "harness/io/artifact.h"
#include "harness/io/image.h"
#include "reports/comparison_report.h"
#include "reports/escape.h"
#include "reports/gnuplot.h"
#include "tests/report_fixture.h"
#include "tests/scratch_folder.h"

#include <unistr.h>

enum { IMAGES = 4, CLASSES = 2 };

/* Commands of gnuplot and the shell touch a file "pwned" in the folder where they run. */
#define WORST                                                                                                          \
    "`touch pwned` $(touch pwned) @ARG0 %g 50% 'q' \"q\" \"\n!touch pwned\nEOD\nsystem('touch pwned')\n"               \
    "</script></title><script>alert(1)</script> <img src=x onerror=alert(1)> ' onload='x \\input{/etc/passwd} "        \
    "$\\write18{touch pwned}$ | a | ![x](http://evil.example/) **b** \x1b]0;owned\x07\x1b[31m \xc2\x9b\x33m \r "       \
    "\xe2\x80\xaetxt.exe \xff\xfe \\"

static char *worst_of(const char *what)
{
    return xformat("=%s %s", what, WORST);
}

static void attribute(ArtifactWriter *w, const char *name)
{
    char *value = worst_of(name);
    for (char *c = value; *c; c++)
        if ((unsigned char)*c >= 0xfe) *c = '?'; /* HDF5's attributes are UTF-8; class names are read as they are */
    artifact_attribute_text(w, name, value);
    free(value);
}

/* A stored result in which every text is the worst; `number` tells the experiments apart. */
static void put_result(int number, bool half)
{
    Error err;
    char name[64], *class = worst_of("class"), *option;
    const float scores[IMAGES][CLASSES] = {{0.9f, 0.1f}, {0.2f, 0.8f}, {0.7f, 0.6f}, {0.1f, 0.3f}};
    const int8_t labels[IMAGES][CLASSES] = {{1, -1}, {-1, 1}, {1, 1}, {-1, -1}};
    snprintf(name, sizeof name, "store/score/r-%d.h5", number);
    ArtifactWriter *w = artifact_create(scratch(name), "{\"a\": \"<script>\"}", &err);
    assert_non_null(w);
    artifact_write_floats(w, "scores", 2, (size_t[]){IMAGES, CLASSES}, scores[0]);
    artifact_write_int8(w, "labels", 2, (size_t[]){IMAGES, CLASSES}, labels[0]);
    artifact_write_texts(w, "classes", CLASSES, (const char *[]){class, "-1"});
    artifact_write_texts(w, "files", IMAGES, (const char *[]){"a", "b", "c", "d"});
    artifact_write_doubles(w, "ap", 1, (size_t[]){CLASSES}, (double[]){60, 50});
    artifact_write_floats(w, "loss", 1, (size_t[]){3}, (float[]){3, (float)number, 1});
    static const char *const names[] = {"method", "dataset", "model", "protocol", "provenance", "note"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) attribute(w, names[i]);
    artifact_attribute_text(w, "experiment", number == 1 ? "e1" : "e2");
    artifact_attribute_text(w, "setting", half ? "few-shot 4" : "zero-shot");
    option = xformat("{\"../../x'`touch pwned`\": %d}", number);
    artifact_attribute_text(w, "options", option);
    artifact_attribute_integer(w, "seed", 1);
    artifact_attribute_number(w, "map", 50 + number);
    assert_true(artifact_commit(w, &err));
    free(class), free(option);
}

static bool grey_picture(void *context, const StoredResult *r, size_t image, uint8_t **png, size_t *bytes, Error *err)
{
    (void)context, (void)r, (void)image;
    uint8_t pixels[8 * 6 * 3];
    memset(pixels, 128, sizeof pixels);
    return image_encode_png(&(Image){8, 6, pixels}, png, bytes, err);
}

static char *report_folder;

/* Into a folder whose name is the worst, too. */
static int make_report(void **state)
{
    Error err;
    if (scratch_make(state) != 0 || !make_folders(scratch("store/score"), &err)) return -1;
    put_result(1, false), put_result(2, false);
    char *label = worst_of("label"), *title = worst_of("title");
    report_folder = xformat("%s/out `touch pwned` 'q' \"d\" \\ \n !x", scratch_folder);
    const char *const experiments[] = {"e1", "e2", NULL}, *const labels[] = {label, "plain", NULL};
    const AblationSuite ablation = {title, experiments, labels};
    const ReportOptions options = {.title = title,
                                   .experiments = experiments,
                                   .labels = labels,
                                   .ablations = &ablation,
                                   .ablation_count = 1,
                                   .beside = (const char *const[]){title, NULL},
                                   .store = scratch("store"),
                                   .out = report_folder,
                                   .picture = grey_picture,
                                   .command = WORST};
    const bool good = report_of_store(options, &err);
    if (!good) print_error("%s\n", err.text);
    free(label), free(title);
    return good ? 0 : -1;
}

static int drop_report(void **state)
{
    free(report_folder);
    return scratch_remove(state);
}

static void assert_has(const char *name, const char *text)
{
    char *all = contents(report_folder, name);
    if (!strstr(all, text)) fail_msg("%s lacks: %s", name, text);
    free(all);
}

static void assert_lacks(const char *name, const char *text)
{
    char *all = contents(report_folder, name);
    if (strstr(all, text)) fail_msg("%s has: %s", name, text);
    free(all);
}

static const char *const texts[] = {"index.html", "report.md", "report.tex", "results.csv", "per_class.csv"};
static const char *const plots[] = {"map", "per_class", "loss"};

static void nothing_has_run(void **state)
{
    (void)state;
    assert_int_not_equal(access("pwned", F_OK), 0);
    assert_int_not_equal(access(scratch("pwned"), F_OK), 0);
    char *here = path_join(report_folder, "figures/pwned");
    assert_int_not_equal(access(here, F_OK), 0);
    free(here);
    assert_int_equal(files_in(scratch_folder), 2); /* the store and the report, nothing beside them */
}

static void no_file_holds_a_control_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *all = contents(report_folder, texts[i]);
        assert_null(u8_check((const uint8_t *)all, strlen(all)));
        for (const char *c = all; *c; c++) assert_true((unsigned char)*c >= ' ' || *c == '\n');
        assert_null(strstr(all, "\xc2\x9b"));
        assert_null(strstr(all, "\xe2\x80\xae"));
        free(all);
    }
}

static void a_page_shows_tags_as_text(void **state)
{
    (void)state;
    assert_lacks("index.html", "<script");
    assert_lacks("index.html", "<img src=x");
    assert_has("index.html", "=label `touch pwned` $(touch pwned)");
    assert_has("index.html", "&lt;/script&gt;&lt;/title&gt;&lt;script&gt;alert(1)");
    assert_has("index.html", "&#39; onload=&#39;x");
    assert_has("index.html", "\\x1b]0;owned\\x07");
    assert_has("index.html", "\\xff\\xfe");
}

static void markdown_shows_markup_as_text(void **state)
{
    (void)state;
    char *text = contents(report_folder, "report.md");
    for (const char *c = text; *c; c++)
        assert_true(*c != '<' || c[-1] == '\\' || c == strstr(c, "<sup>") || c == strstr(c, "</sup>"));
    free(text);
    assert_lacks("report.md", "![x](");
    assert_has("report.md", "\\| a \\|");
    assert_has("report.md", "!\\[x\\](http://evil.example/)");
    char *all = contents(report_folder, "report.md"), *rest = all;
    for (char *line; (line = strsep(&rest, "\n"));) { /* every row of the first table has its three bars */
        size_t bars = 0;
        if (strncmp(line, "| \\=label", 9) != 0) continue;
        for (const char *c = line; *c; c++) bars += *c == '|' && (c == line || c[-1] != '\\');
        assert_true(bars >= 3);
    }
    free(all);
}

static void latex_shows_commands_as_text(void **state)
{
    (void)state;
    assert_lacks("report.tex", "\\input");
    assert_lacks("report.tex", "\\write18");
    assert_has("report.tex", "\\textbackslash{}input\\{/etc/passwd\\}");
    char *all = contents(report_folder, "report.tex"), *rest = all;
    for (char *line; (line = strsep(&rest, "\n"));) /* a newline in a name ends no comment */
        if (strstr(line, "touch pwned")) assert_non_null(strchr("%=\\MC", line[0]));
    free(all);
}

static void a_spreadsheet_finds_no_formula(void **state)
{
    (void)state;
    assert_has("results.csv", ",\"'=method ");
    assert_has("per_class.csv", ",\"'=class ");
    assert_has("per_class.csv", ",-1,50.000000"); /* a number stays one, also as the name of a class */
    assert_lacks("results.csv", ",=");
    assert_lacks("results.csv", ",\"=");
}

static void plots_carry_names_as_text(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        char *script = xformat("figures/%s.gp", plots[i]), *svg = xformat("figures/%s.svg", plots[i]);
        assert_has(svg,
                   strcmp(plots[i], "loss") == 0 ? "$(touch pwned) @ARG0 %g 50% 'q' \"q" : "`touch pwned` $(touch");
        assert_lacks(script, "\"`touch");
        assert_lacks(script, "\nEOD\nsystem");
        assert_lacks(script, "out `touch");
        free(script), free(svg);
    }
    assert_has("figures/map.gp", "'=label `touch pwned` $(touch pwned) @ARG0 %%g 5\xe2\x80\xa6' 1");
    assert_has("figures/ablation_______x__touch_pwned_.svg", "</svg>"); /* an option's name is no path */
}

static void a_kept_script_draws_the_same_again(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    char *before = contents(report_folder, "figures/map.svg"), *svg = path_join(report_folder, "figures/map.svg");
    char *here = get_current_dir_name(), *figures = path_join(report_folder, "figures");
    unlink(svg);
    assert_int_equal(chdir(figures), 0);
    const int status = system("gnuplot -d map.gp");
    assert_int_equal(chdir(here), 0);
    assert_int_equal(status, 0);
    assert_has("figures/map.svg", "</svg>");
    char *after = contents(report_folder, "figures/map.svg");
    assert_string_equal(after, before);
    nothing_has_run(state);
    free(before), free(after), free(svg), free(here), free(figures);
}

static void sheets_of_pictures_take_any_name(void **state)
{
    (void)state;
    assert_has("figures/examples.svg", "</svg>");
}

static void each_language_has_its_escapes(void **state)
{
    (void)state;
    static const struct {
        void (*escaped)(const char *text, Text *out);
        const char *text, *result;
    } cases[] = {
        {html_escaped, "a<b>&\"'\x1b", "a&lt;b&gt;&amp;&quot;&#39;\\x1b"},
        {latex_escaped, "[1cm]*", "{[}1cm]{*}"},
        {latex_escaped, "a_b%\n", "a\\_b\\%\\textbackslash{}n"},
        {latex_escaped, "~^\\{}$&#", "\\textasciitilde{}\\textasciicircum{}\\textbackslash{}\\{\\}\\$\\&\\#"},
        {markdown_escaped, "mini_tai _x_ `c` a|b", "mini_tai \\_x\\_ \\`c\\` a\\|b"},
        {markdown_escaped, "# x", "\\# x"},
        {markdown_escaped, "12. x", "12\\. x"},
        {markdown_escaped, "- x", "\\- x"},
        {csv_escaped, "plain", "plain"},
        {csv_escaped, "a,b", "\"a,b\""},
        {csv_escaped, "say \"x\"", "\"say \"\"x\"\"\""},
        {csv_escaped, "=cmd()", "'=cmd()"},
        {csv_escaped, "+1+cmd()", "'+1+cmd()"},
        {csv_escaped, "-cmd", "'-cmd"},
        {csv_escaped, "@SUM(A1)", "'@SUM(A1)"},
        {csv_escaped, "\t=cmd()", "\\t=cmd()"},
        {csv_escaped, "\r=cmd()", "\\r=cmd()"},
        {csv_escaped, " =cmd()", "\"' =cmd()\""},
        {csv_escaped, "-1.5e3", "-1.5e3"},
        {csv_escaped, "+7", "+7"},
        {gnuplot_quoted, "a''b '''", "'a''\u2019b ''\u2019\u2019'"},
        {gnuplot_quoted, "it's `x`\n\\", "'it''s `x`\\n\\'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Text out = {0};
        cases[i].escaped(cases[i].text, &out);
        assert_string_equal(out.data, cases[i].result);
        text_free(&out);
    }
}

static void what_cannot_be_shown_is_spelled(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"plain \xc3\xa4 \xe7\x8c\xab \xf0\x9f\x90\xb1", "plain \xc3\xa4 \xe7\x8c\xab \xf0\x9f\x90\xb1"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\x1b[2J\x7f\xc2\x9b", "\\x1b[2J\\x7f\\x9b"},
        {"\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf", "\\u202e\\u2066\\ufeff"},
        {"\xff\xc0\x80 \xed\xa0\x80 \xe2\x82", "\\xff\\xc0\\x80 \\xed\\xa0\\x80 \\xe2\\x82"},
        {"\xef\xbf\xbe\xf0\x9f\xbf\xbf", "\\ufffe\\u1ffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = shown(cases[i][0]);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
    char *cut = shown_short("\xc3\xa4\xc3\xb6\xc3\xbc", 2);
    assert_string_equal(cut, "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
    free(cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_shown_is_spelled),
        cmocka_unit_test(each_language_has_its_escapes),
        cmocka_unit_test(nothing_has_run),
        cmocka_unit_test(no_file_holds_a_control_character),
        cmocka_unit_test(a_page_shows_tags_as_text),
        cmocka_unit_test(markdown_shows_markup_as_text),
        cmocka_unit_test(latex_shows_commands_as_text),
        cmocka_unit_test(a_spreadsheet_finds_no_formula),
        cmocka_unit_test(plots_carry_names_as_text),
        cmocka_unit_test(a_kept_script_draws_the_same_again),
        cmocka_unit_test(sheets_of_pictures_take_any_name),
    };
    return cmocka_run_group_tests(tests, make_report, drop_report);
}
