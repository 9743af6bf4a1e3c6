#include "reports/gnuplot.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
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

bool gnuplot_draw(const char *folder, const char *name, int width, int height, const char *data, const char *body,
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

int gnuplot_legend(size_t longest, size_t entries, int width, Text *body)
{
    const int fitting = (width - 100) / (8 * (int)longest + 60), columns = fitting < 1 ? 1 : fitting;
    text_addf(body, "set key outside top center horizontal samplen 2 maxcols %d\n", columns);
    return ((int)entries + columns - 1) / columns;
}

void gnuplot_quoted(const char *text, Text *out)
{
    text_add(out, "\"");
    for (const char *c = text; *c; c++) text_add_bytes(out, strchr("\"\\\n", *c) ? "'" : c, 1);
    text_add(out, "\"");
}

const char *const gnuplot_axes = "set border 3 lc rgb '#888888'\nset tics nomirror textcolor rgb '#222222'\n"
                                 "set termoption noenhanced\n";
