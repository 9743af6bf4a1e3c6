#include "reports/figures.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Okabe and Ito's palette: told apart with any colour vision. */
static const char *const colours[] = {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#555555"};
enum { COLOURS = sizeof colours / sizeof *colours, BARS_MAX = 5, CURVE_POINTS = 400 };

bool gnuplot_available(void)
{
    const char *path = getenv("PATH");
    char *folders = xstrdup(path ? path : ""), *rest = folders;
    bool found = false;
    for (char *folder; !found && (folder = strsep(&rest, ":"));) {
        char *program = path_join(folder, "gnuplot");
        found = access(program, X_OK) == 0;
        free(program);
    }
    free(folders);
    return found;
}

/* Runs gnuplot on a script; what it says goes into the error. */
static bool run_gnuplot(const char *script, Error *err)
{
    char *messages = xformat("%s.log", script);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, messages, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    char program[] = "gnuplot", *arguments[] = {program, xstrdup(script), NULL};
    pid_t child;
    int status = -1;
    const int started = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    if (started == 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    posix_spawn_file_actions_destroy(&actions);
    bool good = started == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (good) {
        unlink(messages);
    } else {
        char *said = NULL;
        size_t length = 0;
        Error ignored;
        if (!read_file(messages, 1 << 16, &said, &length, &ignored)) said = xstrdup("it said nothing");
        fail(err, "%s: gnuplot failed: %.400s", script, said);
        free(said);
    }
    free(arguments[1]);
    free(messages);
    return good;
}

/* The same plot twice: SVG for the page, PNG for slides. `body` uses $data and sets everything but the terminal. */
static bool draw(const char *folder, const char *name, int width, int height, const char *data, const char *body,
                 Error *err)
{
    char *script_path = xformat("%s/%s.gp", folder, name);
    Text script = {0};
    text_addf(&script, "# gnuplot %s.gp\n$data << EOD\n%sEOD\n", name, data);
    for (int png = 0; png < 2; png++) {
        text_addf(&script,
                  png ? "set terminal pngcairo size %d,%d font 'sans,11' background 'white'\n"
                      : "set terminal svg size %d,%d dynamic font 'sans-serif,13' background 'white'\n",
                  width, height);
        text_addf(&script, "set output \"%s/%s.%s\"\n%sunset output\nreset\n", folder, name, png ? "png" : "svg", body);
    }
    const bool good = write_file(script_path, script.data, script.length, err) && run_gnuplot(script_path, err);
    text_free(&script);
    free(script_path);
    return good;
}

/* A string of gnuplot's, in double quotes inside data: quotes and backslashes have no place in it. */
static void quoted(const char *text, Text *out)
{
    text_add(out, "\"");
    for (const char *c = text; *c; c++) text_add_bytes(out, strchr("\"\\\n", *c) ? "'" : c, 1);
    text_add(out, "\"");
}

static const char *const plain_axes = "set border 3 lc rgb '#888888'\nset tics nomirror textcolor rgb '#222222'\n"
                                      "set termoption noenhanced\n";

bool figure_map_by_method(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    Text data = {0}, body = {0};
    size_t used = 0;
    double highest = 0;
    for (size_t row = s->row_count; row-- > 0;) { /* gnuplot's y grows upwards: the first row goes on top */
        const Cell *cell = summary_cell(s, row, column);
        if (!cell->count) continue;
        text_addf(&data, "%zu ", used++);
        quoted(s->rows[row].label, &data);
        text_addf(&data, " %.4f %.4f \"%.1f\"\n", cell->map.mean, cell->map.std, cell->map.mean);
        highest = fmax(highest, cell->map.mean + cell->map.std);
    }
    text_add(&body, plain_axes);
    text_addf(&body,
              "set xrange [0:%.0f]\nset yrange [-0.6:%.1f]\nset xlabel 'mAP (percent), mean and standard deviation "
              "over seeds'\n"
              "set grid x lc rgb '#dddddd'\nset style fill solid 0.9 noborder\n"
              "plot $data using ($3/2):1:($3/2):(0.36):ytic(2) with boxxyerror lc rgb '%s' notitle, \\\n"
              "     $data using 3:1:4 with xerrorbars pt 0 lw 1.6 lc rgb '#222222' notitle, \\\n"
              "     $data using ($3+$4+%.1f):1:5 with labels left notitle\n",
              fmin(108, ceil(highest * 1.12)), (double)used - 0.4, colours[0], highest * 0.012);
    const bool good = draw(folder, name, 900, 90 + 30 * (int)used, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}

/* The best row of each method, at most BARS_MAX of them, in the table's order. */
static size_t best_rows(const Summary *s, size_t column, size_t rows[BARS_MAX])
{
    size_t count = 0;
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        bool best = cell->count > 0;
        for (size_t other = 0; best && other < s->row_count; other++) {
            const Cell *rival = summary_cell(s, other, column);
            best = other == row || !rival->count || strcmp(s->rows[other].method, s->rows[row].method) ||
                   rival->map.mean < cell->map.mean || (rival->map.mean <= cell->map.mean && other > row);
        }
        if (best && count < BARS_MAX) rows[count++] = row;
    }
    return count;
}

bool figure_per_class(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    size_t rows[BARS_MAX];
    const size_t count = best_rows(s, column, rows);
    const Column *c = &s->columns[column];
    Text data = {0}, body = {0};
    text_add(&data, "class");
    for (size_t k = 0; k < count; k++) {
        text_add(&data, " ");
        quoted(s->rows[rows[k]].label, &data);
    }
    text_add(&data, "\n");
    for (size_t class = 0; class < c->classes; class ++) {
        quoted(c->class_names[class], &data);
        for (size_t k = 0; k < count; k++) {
            const double ap = summary_cell(s, rows[k], column)->ap[class];
            text_addf(&data, isnan(ap) ? " NaN" : " %.3f", ap);
        }
        text_add(&data, "\n");
    }
    text_add(&body, plain_axes);
    text_addf(&body,
              "set style data histogram\nset style histogram clustered gap 1.4\nset style fill solid 0.9 noborder\n"
              "set yrange [0:100]\nset ylabel 'AP (percent)'\nset grid y lc rgb '#dddddd'\n"
              "set xtics rotate by -40 scale 0\nset key outside top horizontal center\nplot ");
    for (size_t k = 0; k < count; k++)
        text_addf(&body, "$data using %zu%s title columnheader(%zu) lc rgb '%s'%s", k + 2, k ? "" : ":xtic(1)", k + 2,
                  colours[k % COLOURS], k + 1 < count ? ", \\\n     " : "\n");
    const int width = 300 + 34 * (int)c->classes;
    const bool good = draw(folder, name, width > 2400 ? 2400 : width, 430, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}

/* Thinned to at most CURVE_POINTS means of neighbours, so that a figure of a long run stays small and readable. */
static void add_curve(const StoredResult *r, Text *data)
{
    const size_t span = (r->steps + CURVE_POINTS - 1) / CURVE_POINTS;
    for (size_t start = 0; start < r->steps; start += span) {
        const size_t end = start + span < r->steps ? start + span : r->steps;
        double sum = 0;
        for (size_t i = start; i < end; i++) sum += (double)r->loss[i];
        text_addf(data, "%.1f %.6g\n", (double)(start + end + 1) / 2, sum / (double)(end - start));
    }
    text_add(data, "\n\n");
}

/* Rows that differ only in how they score have one training, and one curve. */
static bool same_training(const Summary *s, size_t column, size_t row)
{
    const Cell *cell = summary_cell(s, row, column);
    for (size_t other = 0; other < row; other++) {
        const Cell *earlier = summary_cell(s, other, column);
        if (!earlier->count || !cell->count) continue;
        const StoredResult *a = earlier->results[0], *b = cell->results[0];
        if (a->steps && a->steps == b->steps && !memcmp(a->loss, b->loss, a->steps * sizeof *a->loss)) return true;
    }
    return false;
}

bool figure_loss(const Summary *s, size_t column, const char *folder, const char *name, bool *drawn, Error *err)
{
    Text data = {0}, body = {0};
    size_t block = 0, row_number = 0;
    text_add(&body, plain_axes);
    text_add(&body, "set xlabel 'step'\nset ylabel 'training loss'\nset grid lc rgb '#dddddd'\n"
                    "set key outside top horizontal center\nplot ");
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        bool titled = false;
        if (same_training(s, column, row)) continue;
        for (size_t k = 0; k < cell->count; k++) {
            if (!cell->results[k]->steps) continue;
            add_curve(cell->results[k], &data);
            text_addf(&body, "%s$data index %zu using 1:2 with lines lw 1.4 lc rgb '%s' ", block ? ", \\\n     " : "",
                      block, colours[row_number % COLOURS]);
            if (titled)
                text_add(&body, "notitle");
            else
                text_add(&body, "title "), quoted(s->rows[row].label, &body);
            titled = true, block++;
        }
        if (titled) row_number++;
    }
    text_add(&body, "\n");
    *drawn = block > 0;
    const bool good = !*drawn || draw(folder, name, 900, 400, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}
