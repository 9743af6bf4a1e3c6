/* palbench help: the overview or a command's help, and what is written from the same tables for others to show: the manual page and the
 * completion of shells. */
#include "harness/cli/command_help.h"
#include "harness/cli/completion.h"
#include "harness/cli/man_page.h"

#include <string.h>

static bool run(Cli *cli, Error *err)
{
    const char *shell = cli_value(cli, "completion");
    size_t which = 0;
    if (!cli_choice(cli, "completion", &which, err)) return false;
    if (cli->argument_count + cli_has(cli, "man") + (shell != NULL) > 1)
        return cli_misuse(cli, err, "one thing at a time: a command, --man or --completion");
    if (cli_has(cli, "man")) {
        print_man_page();
    } else if (shell) {
        which == 0 ? print_bash_completion() : print_zsh_completion();
    } else if (cli->argument_count) {
        const Command *command = command_find(cli->arguments[0]);
        if (!command) return cli_misuse(cli, err, "%s is not a command", cli->arguments[0]);
        command_print_help(command);
    } else {
        print_overview();
    }
    return true;
}

static const CliOption options[] = {
    {"man", NULL, "the manual page, for man(1)"},
    {"completion", "SHELL", "completion of commands, options and names: %s"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "completion", .words = (const char *const[]){"bash", "zsh", NULL}},
    {0},
};

const Command command_help = {
    .name = "help",
    .words = command_names,
    .arguments = "[COMMAND] | --man | --completion bash|zsh",
    .summary = "what the commands are, or one of them; the manual page; completion for shells",
    .details =
        "make install puts the manual page and the completions where man, bash and zsh look for them. Without it:\n"
        "eval \"$(palbench help --completion bash)\"",
    .example = "palbench help --man | man -l -",
    .options = options,
    .choices = choices,
    .run = run,
};
