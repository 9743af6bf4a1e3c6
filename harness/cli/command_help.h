/* What the command tables say, for all that is written from them: help, the manual page, completion. */
#pragma once

#include "harness/cli/command.h"

enum { OPTIONS_MAX = 64 };

/* A command's options, its own first, then those that it takes of the shared ones; returns how many. */
size_t command_options(const Command *command, const CliOption *options[OPTIONS_MAX]);
const CliChoices *command_choices(const Command *command, const char *option); /* NULL: it can be anything */
const char *const *choice_names(const CliChoices *choices); /* NULL when there are none, or no fixed ones */
/* An option's help with the names of its choices; caller frees. */
char *command_option_help(const Command *command, const CliOption *option);
/* What follows the command's name; caller frees. */
char *command_arguments(const Command *command);

void command_print_help(const Command *command);
void print_overview(void);
