/* Ctrl-C and a polite end from outside: the exit status, one line that says what stays, and that the same command goes on from there. The
 * program is PALBENCH (default build/palbench), on tests/golden/tiny_world. */
#include "tests/scratch_folder.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { ARGUMENTS_MAX = 24, WAITED_MOST = 3000 };

static const char *program(void)
{
    const char *named = getenv("PALBENCH");
    return named ? named : "build/palbench";
}

/* Starts the program in a process group of its own; stderr goes into the scratch file "err". */
static pid_t start(void (*dispose)(void), const char *const *arguments)
{
    const pid_t process = fork();
    if (process) return process;
    const char *argv[ARGUMENTS_MAX + 2] = {program()};
    for (int i = 0; arguments[i]; i++) argv[i + 1] = arguments[i];
    const int err = open(scratch("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600), out = open("/dev/null", O_WRONLY);
    dup2(err, STDERR_FILENO), dup2(out, STDOUT_FILENO);
    setpgid(0, 0);
    dispose();
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static void obey(void)
{
    signal(SIGINT, SIG_DFL), signal(SIGTERM, SIG_DFL);
}

static void ignore(void)
{
    signal(SIGINT, SIG_IGN), signal(SIGTERM, SIG_DFL);
}

static size_t found(const char *pattern)
{
    glob_t list = {0};
    const size_t count = glob(scratch(pattern), 0, NULL, &list) == 0 ? list.gl_pathc : 0;
    globfree(&list);
    return count;
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Waits for a file, up to half a minute. */
static void wait_for(const char *pattern)
{
    for (int i = 0; i < WAITED_MOST && !found(pattern); i++) rest();
    if (!found(pattern)) fail_msg("%s did not come", pattern);
}

static int status_of(pid_t process)
{
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static char *said(void)
{
    size_t length;
    return get_file(scratch("err"), &length);
}

#define EXPERIMENTS "--experiments", "tests/golden/tiny_world/experiments.json", "--threads", "1", "--store"
#define LONG        "--set", "options.epochs=1000", "--set", "options.batch=1"

/* In the middle of a training that takes long; `workers`: told to the whole group, as a terminal does. */
static void interrupt(int signal, const char *store, const char *const *arguments, int expected)
{
    char pattern[64];
    snprintf(pattern, sizeof pattern, "%s/encode-text/*.h5", store);
    const pid_t process = start(obey, arguments);
    wait_for(pattern);
    for (int i = 0; i < 30; i++) rest();
    assert_int_equal(kill(signal == SIGINT ? -process : process, signal), 0);
    assert_int_equal(status_of(process), expected);
    char *text = said(), *line = strstr(text, "palbench: interrupted; ");
    if (!line) fail_msg("said: %s", text);
    assert_non_null(strstr(line, "every stage that was finished is stored; the same command goes on from there\n"));
    assert_null(strstr(line + 1, "palbench: ")); /* once, and no other error */
    free(text);
    snprintf(pattern, sizeof pattern, "%s/train/*.h5", store);
    assert_int_equal(found(pattern), 0);
}

static void an_interrupted_run_says_what_stays(void **state)
{
    (void)state;
    char *store = xstrdup(scratch("a"));
    interrupt(SIGINT, "a", (const char *const[]){"run", "tai-dpt", EXPERIMENTS, store, LONG, NULL}, 130);
    interrupt(SIGTERM, "a", (const char *const[]){"run", "tai-dpt", EXPERIMENTS, store, LONG, NULL}, 143);
    free(store);
}

static void and_so_does_one_with_several_jobs(void **state)
{
    (void)state;
    char *store = xstrdup(scratch("b"));
    const char *const arguments[] = {"run",   "tai-dpt",       EXPERIMENTS, store, LONG,
                                     "--set", "seeds=[1,2,3]", "--jobs",    "2",   NULL};
    interrupt(SIGINT, "b", arguments, 130);
    interrupt(SIGTERM, "b", arguments, 143);
    free(store);
}

/* What was stored before is not made again, and nothing of the others is left in the way. */
static void the_same_command_goes_on(void **state)
{
    (void)state;
    char *store = xstrdup(scratch("c")), *again = xstrdup(scratch("d"));
    interrupt(SIGTERM, "c", (const char *const[]){"run", "tai-dpt", EXPERIMENTS, store, LONG, NULL}, 143);
    assert_int_equal(status_of(start(obey, (const char *const[]){"run", "tai-dpt", EXPERIMENTS, store, NULL})), 0);
    char *text = said();
    assert_null(strstr(text, "encode the"));
    free(text);
    assert_int_equal(found("c/*/*.tmp-*") + found("c/*/*.lock*"), 0);
    assert_int_equal(status_of(start(obey, (const char *const[]){"run", "tai-dpt", EXPERIMENTS, again, NULL})), 0);
    assert_int_equal(found("c/score/*.h5"), 1);
    assert_int_equal(found("d/score/*.h5"), 1);
    free(store), free(again);
}

static void a_signal_that_is_ignored_stays_ignored(void **state)
{
    (void)state;
    char *store = xstrdup(scratch("e"));
    const pid_t process = start(ignore, (const char *const[]){"run", "tai-dpt", EXPERIMENTS, store, LONG, NULL});
    wait_for("e/encode-text/*.h5");
    kill(process, SIGINT);
    for (int i = 0; i < 20; i++) rest();
    assert_int_equal(waitpid(process, NULL, WNOHANG), 0); /* it goes on */
    kill(process, SIGTERM);
    assert_int_equal(status_of(process), 143);
    free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_run_says_what_stays),
        cmocka_unit_test(and_so_does_one_with_several_jobs),
        cmocka_unit_test(the_same_command_goes_on),
        cmocka_unit_test(a_signal_that_is_ignored_stays_ignored),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
