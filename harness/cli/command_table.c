/* The table of the commands. */
#include "harness/cli/command.h"

#include <string.h>

/* A command is its file (cmd_*.c) and its line here, in the order in which the overview names them. */
#define COMMANDS(COMMAND)                                                                                              \
    COMMAND(reproduce)                                                                                                 \
    COMMAND(plan)                                                                                                      \
    COMMAND(work)                                                                                                      \
    COMMAND(run)                                                                                                       \
    COMMAND(ls)                                                                                                        \
    COMMAND(validate)                                                                                                  \
    COMMAND(schema)                                                                                                    \
    COMMAND(store)                                                                                                     \
    COMMAND(results)                                                                                                   \
    COMMAND(sweep)                                                                                                     \
    COMMAND(compare)                                                                                                   \
    COMMAND(report)                                                                                                    \
    COMMAND(eval)                                                                                                      \
    COMMAND(import_scores)                                                                                             \
    COMMAND(inspect)                                                                                                   \
    COMMAND(tokenize)                                                                                                  \
    COMMAND(encode_text)                                                                                               \
    COMMAND(encode_image)                                                                                              \
    COMMAND(data)                                                                                                      \
    COMMAND(label)                                                                                                     \
    COMMAND(pretrain)                                                                                                  \
    COMMAND(bench)                                                                                                     \
    COMMAND(probe)                                                                                                     \
    COMMAND(generate)                                                                                                  \
    COMMAND(help)

#define DECLARE(name) extern const Command command_##name;
COMMANDS(DECLARE)
#define ADDRESS(name) &command_##name,
static const Command *const commands[] = {COMMANDS(ADDRESS) NULL};

const Command *const *command_all(void)
{
    return commands;
}

const char *const *command_names(void)
{
    static const char *names[sizeof commands / sizeof *commands];
    for (size_t i = 0; commands[i]; i++) names[i] = commands[i]->name;
    return names;
}

const Command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}
