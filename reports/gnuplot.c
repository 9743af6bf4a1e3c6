/* gnuplot reads its script from a file in memory and writes pictures and messages into others, which it finds by their numbers. */
#include "reports/gnuplot.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char *const gnuplot_colours[GNUPLOT_COLOURS] = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                                      "#56B4E9", "#D55E00", "#555555", "#882255"};

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

/* What gnuplot reads and writes; its numbers in gnuplot's process are FIRST, FIRST + 1, ... */
enum { SCRIPT, SVG, PNG, FILES, FIRST = 10 };
#define AT "/dev/fd/"

static void close_files(int file[FILES])
{
    for (int i = 0; i < FILES; i++)
        if (file[i] >= 0) close(file[i]);
}

static bool open_files(int file[FILES], const Text *script)
{
    bool good = true;
    for (int i = 0; i < FILES; i++) good = (file[i] = memfd_create("gnuplot", MFD_CLOEXEC)) >= 0 && good;
    return good && write(file[SCRIPT], script->data, script->length) == (ssize_t)script->length;
}

/* Everything in a file of ours. */
static void take(int file, Text *out)
{
    static _Thread_local char buffer[1 << 16];
    ssize_t got;
    lseek(file, 0, SEEK_SET);
    while ((got = read(file, buffer, sizeof buffer)) > 0) text_add_bytes(out, buffer, (size_t)got);
    text_add_bytes(out, "", 0);
}

/* -d: without what the user's own .gnuplot sets, so that a figure is the same everywhere. */
static int start_gnuplot(const int file[FILES], int messages, pid_t *child)
{
    char program[] = "gnuplot", defaults[] = "-d", *script = xformat(AT "%d", FIRST + SCRIPT);
    char *arguments[] = {program, defaults, script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < FILES; i++) posix_spawn_file_actions_adddup2(&actions, file[i], FIRST + i);
    posix_spawn_file_actions_adddup2(&actions, messages, 1);
    posix_spawn_file_actions_adddup2(&actions, messages, 2);
    const int code = posix_spawnp(child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(script);
    return code;
}

/* Runs gnuplot; `said` gets its messages. */
static bool run_gnuplot(const int file[FILES], Text *said)
{
    pid_t child;
    int status = -1;
    const int messages = memfd_create("gnuplot", MFD_CLOEXEC);
    const int code = messages < 0 ? errno : start_gnuplot(file, messages, &child);
    if (code == 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    else
        text_add(said, strerror(code));
    if (messages >= 0) take(messages, said), close(messages);
    return code == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void add_plot(const char *terminal, const char *output, const char *body, Text *script)
{
    text_addf(script, "set terminal %s\nset output '%s'\n%sset output\nreset\n", terminal, output, body);
}

/* The script with its pictures going to `svg` and `png`. */
static void add_script(const char *name, int width, int height, const char *data, const char *body, const char *svg,
                       const char *png, Text *script)
{
    text_addf(script, "# gnuplot %s.gp\n$data << EOD\n%sEOD\n", name, data);
    char *terminal = xformat("svg size %d,%d dynamic font 'sans-serif,13' background 'white'", width, height);
    add_plot(terminal, svg, body, script);
    free(terminal);
    terminal = xformat("pngcairo size %d,%d font 'sans,11' background 'white'", width, height);
    add_plot(terminal, png, body, script);
    free(terminal);
}

static bool save(const char *folder, const char *name, const char *end, const Text *bytes, Error *err)
{
    char *file = xformat("%s.%s", name, end), *path = path_join(folder, file);
    const bool good = write_file(path, bytes->data, bytes->length, err);
    free(file), free(path);
    return good;
}

/* Draws and writes the pictures; gnuplot tells by nothing but an empty file that it could not write one. */
static bool draw(const int file[FILES], const char *folder, const char *name, Error *err)
{
    Text said = {0}, svg = {0}, png = {0};
    bool good = run_gnuplot(file, &said);
    if (good) take(file[SVG], &svg), take(file[PNG], &png);
    if (!good || !svg.length || !png.length)
        good = fail(err, "%s/%s.gp: gnuplot failed: %.400s", folder, name, said.length ? said.data : "it said nothing");
    good = good && save(folder, name, "svg", &svg, err) && save(folder, name, "png", &png, err);
    text_free(&said), text_free(&svg), text_free(&png);
    return good;
}

bool gnuplot_draw(const char *folder, const char *name, int width, int height, const char *data, const char *body,
                  Error *err)
{
    Text kept = {0}, script = {0};
    char *svg = xformat("%s.svg", name), *png = xformat("%s.png", name), *svg_here = xformat(AT "%d", FIRST + SVG),
         *png_here = xformat(AT "%d", FIRST + PNG);
    add_script(name, width, height, data, body, svg, png, &kept);
    add_script(name, width, height, data, body, svg_here, png_here, &script);
    int file[FILES];
    const bool opened = open_files(file, &script);
    const bool good = (opened || fail(err, "%s/%s.gp: no memory for a figure: %s", folder, name, strerror(errno))) &&
                      save(folder, name, "gp", &kept, err) && draw(file, folder, name, err);
    close_files(file);
    text_free(&kept), text_free(&script);
    free(svg), free(png), free(svg_here), free(png_here);
    return good;
}

enum { LEGEND_LETTERS = 60 };

int gnuplot_legend(size_t longest, size_t entries, int width, Text *body)
{
    const size_t letters = longest < LEGEND_LETTERS ? longest : LEGEND_LETTERS;
    const int fitting = (width - 100) / (8 * (int)letters + 60), columns = fitting < 1 ? 1 : fitting;
    text_addf(body, "set key outside top center horizontal samplen 2 maxcols %d\n", columns);
    return ((int)entries + columns - 1) / columns;
}

/* In single quotes a quote is doubled, and nothing else means anything; `doubled` is one more character to double, or 0. Of two quotes
 * side by side gnuplot 5.4 takes the doubled second one for the end of the string: it is written as U+2019, which looks like one. */
static void add_string(const char *plain, char doubled, Text *out)
{
    text_add(out, "'");
    for (const char *c = plain; *c; c++) {
        if (*c == '\'' && c > plain && c[-1] == '\'') {
            text_add(out, "\u2019");
            continue;
        }
        if (*c == '\'' || *c == doubled) text_add_bytes(out, c, 1);
        text_add_bytes(out, c, 1);
    }
    text_add(out, "'");
}

void gnuplot_quoted(const char *text, Text *out)
{
    char *plain = shown_short(text, GNUPLOT_LETTERS);
    add_string(plain, 0, out);
    free(plain);
}

void gnuplot_title(const char *text, Text *out)
{
    char *plain = shown_short(text, LEGEND_LETTERS);
    text_add(out, "title ");
    add_string(plain, 0, out);
    free(plain);
}

void gnuplot_tic(const char *text, double at, Text *out)
{
    enum { FORMAT_BYTES = 49 }; /* gnuplot's room for a tic that has a format in it */
    size_t letters = GNUPLOT_LETTERS;
    char *plain = shown_short(text, letters);
    while (strchr(plain, '%') && strlen(plain) > FORMAT_BYTES) {
        letters = letters > FORMAT_BYTES ? FORMAT_BYTES : letters - 1;
        free(plain);
        plain = shown_short(text, letters);
    }
    add_string(plain, '%', out);
    text_addf(out, " %g", at);
    free(plain);
}

const char *const gnuplot_axes = "set border 3 lc rgb '#888888'\nset tics nomirror textcolor rgb '#222222'\n"
                                 "set termoption noenhanced\n";
