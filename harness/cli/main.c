/* palbench: where a command is found and sentences become exit statuses. */
#include "harness/cli/command_help.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/progress_terminal.h"
#include "harness/cli/sentence.h"
#include "harness/cli/version_print.h"
#include "harness/io/artifact.h"
#include "harness/io/json.h"
#include "methods/shared/plugin.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int report_error(const Error *err)
{
    print_sentence(err->text);
    return err->exit_status;
}

/* Before the command, so that every one that knows methods knows these. */
static bool load_plugins(const Cli *cli, Error *err)
{
    TextList paths = {0};
    bool good = true;
    cli_values(cli, "plugin", &paths);
    for (size_t i = 0; i < paths.count && good; i++) good = plugin_load(paths.items[i], cli->progress, err);
    text_list_free(&paths);
    return good;
}

static void prepare_for_interrupts(const Cli *cli)
{
    const char *kept = cli->command->kept;
    if (!kept) kept = "nothing half-written is left; the same command begins anew";
    interrupt_prepare(cli_has(cli, "worker") ? NULL : kept);
}

static int run_command(const Command *command, int argc, char **argv, const char *program)
{
    Error err = {.exit_status = EXIT_WORK_FAILED};
    Cli cli = {.program = program};
    TerminalProgress progress;
    bool helped = false;
    bool good = cli_parse(&cli, command, argc, argv, &helped, &err);
    if (good && !helped) {
        if (cli.threads) omp_set_num_threads((int)cli.threads);
        progress_terminal_init(&progress);
        prepare_for_interrupts(&cli);
        artifact_prepare();
        cli.progress = cli.quiet ? NULL : &progress.base;
        good = load_plugins(&cli, &err) && command->run(&cli, &err);
        if (!cli.quiet) progress_terminal_finish(&progress);
    }
    cli_free(&cli);
    /* A full disk shows itself here at the latest: results that did not arrive are no success. */
    if (good && (fflush(stdout) != 0 || ferror(stdout)))
        good = fail(&err, "standard output: the results could not be written");
    return good ? 0 : report_error(&err);
}

/* Threads that wait for each other shall sleep, not spin. Measured on two cores with six other processes, training 60 steps
 * of a tiny model on two threads: 0.8 s asleep, 87 s with libgomp's own spinning, 7 s with a thirtieth of it. OpenMP reads the
 * variable before main, so the program starts itself anew, once; who has set it keeps his value. */
static void sleep_while_waiting(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || setenv("OMP_WAIT_POLICY", "passive", 0) != 0) return;
    execv("/proc/self/exe", argv); /* where that cannot be, the work goes on, only slower */
}

/* We end by returning from main, with one of our statuses. libhdf5 calls exit(-1) where it gets no memory. */
static void end(int status, void *unused)
{
    (void)unused;
    if (status < 0 || status > EXIT_USAGE)
        stop_short("a library ended the program, which happens when memory runs out; what was complete is stored");
}

/* `palbench --help` and `palbench --version`, behind which nothing is expected. */
static int print_and_end(int argc, char **argv, void (*print)(void))
{
    Error err;
    if (argc > 2) {
        fail_usage(&err, "%s is not expected behind %s; see palbench --help", argv[2], argv[1]);
        return report_error(&err);
    }
    print();
    return 0;
}

int main(int argc, char **argv)
{
    sleep_while_waiting(argv);
    on_exit(end, NULL);
    json_prepare();
    if (argc < 2) {
        fputs("palbench: no command is given; see palbench --help\n", stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return print_and_end(argc, argv, print_overview);
    if (strcmp(name, "--version") == 0) return print_and_end(argc, argv, print_version);
    const Command *command = command_find(name);
    if (!command) {
        Error err;
        fail_usage(&err, "%s is not a command; see palbench --help", name);
        return report_error(&err);
    }
    return run_command(command, argc - 1, argv + 1, argv[0]);
}
