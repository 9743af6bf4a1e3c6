/* Help, from the tables that the parser goes by: options of a command are its own, then those that it takes of the shared ones. */
#include "harness/cli/command_help.h"

#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const CliOption common_options[] = {
    {"threads", "N", "threads to compute with (default: one a core)"},
    {"quiet", NULL, "nothing but results and errors"},
    {"help", NULL, "this text"},
    {NULL, NULL, NULL},
};
static const CliOption json_option[] = {{"json", NULL, "results as JSON"}, {NULL, NULL, NULL}};
static const CliOption experiments_options[] = {
    {"experiments", "FILE", "what to run (default: experiments.json)"},
    {"paths", "FILE", "where models and data sets lie on this machine (paths.json)"},
    {"plugin", "FILE.so", "methods of your own, built with make plugin; may be repeated"},
    {NULL, NULL, NULL},
};
static const CliOption store_option[] = {{"store", "DIR", "folder of the artifacts (default: results/store)"},
                                         {NULL, NULL, NULL}};
static const CliOption exact_option[] = {{"exact", NULL, "every convolution computed directly, without Winograd"},
                                         {NULL, NULL, NULL}};

enum { OPTION_GROUPS = 6 };

/* The command's own options, then those it takes of the shared ones. */
static size_t option_groups(const Command *command, const CliOption *groups[OPTION_GROUPS])
{
    size_t count = 0;
    if (command->options) groups[count++] = command->options;
    if (command->takes & TAKES_EXPERIMENTS) groups[count++] = experiments_options;
    if (command->takes & TAKES_STORE) groups[count++] = store_option;
    if (command->takes & TAKES_EXACT) groups[count++] = exact_option;
    if (command->takes & TAKES_JSON) groups[count++] = json_option;
    groups[count++] = common_options;
    return count;
}

static char *with_names(const char *text, const char *const *names, const char *between)
{
    char *list = names_join(names, between, 0), *whole;
    const char *place = strstr(text, "%s");
    whole = place ? xformat("%.*s%s%s", (int)(place - text), text, list, place + 2) : xstrdup(text);
    free(list);
    return whole;
}

const CliChoices *command_choices(const Command *command, const char *option)
{
    for (const CliChoices *c = command->choices; c && c->option; c++)
        if (strcmp(c->option, option) == 0) return c;
    return NULL;
}

const char *const *choice_names(const CliChoices *choices)
{
    if (!choices) return NULL;
    return choices->words ? choices->words : choices->names ? choices->names() : NULL;
}

char *command_option_help(const Command *command, const CliOption *option)
{
    const char *const *names = choice_names(command_choices(command, option->name));
    return names ? with_names(option->help, names, ", ") : xstrdup(option->help);
}

char *command_arguments(const Command *command)
{
    return command->words ? with_names(command->arguments, command->words(), "|") : xstrdup(command->arguments);
}

size_t command_options(const Command *command, const CliOption *options[OPTIONS_MAX])
{
    const CliOption *groups[OPTION_GROUPS];
    const size_t count = option_groups(command, groups);
    size_t known = 0;
    for (size_t g = 0; g < count; g++)
        for (const CliOption *o = groups[g]; o->name && known < OPTIONS_MAX; o++) options[known++] = o;
    return known;
}

static void print_option(const Command *command, const CliOption *o)
{
    char left[64];
    if (!o->help) return;
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    char *help = command_option_help(command, o);
    printf("  %-28s %s\n", left, help);
    free(help);
}

void command_print_help(const Command *command)
{
    char *arguments = command_arguments(command);
    printf("palbench %s %s\n\n%s\n", command->name, arguments, command->summary);
    free(arguments);
    if (command->details) printf("\n%s\n", command->details);
    puts("\nOptions");
    const CliOption *known[OPTIONS_MAX];
    const size_t count = command_options(command, known);
    for (size_t i = 0; i < count; i++) print_option(command, known[i]);
    printf("\nExample\n  %s\n", command->example);
}

void print_overview(void)
{
    puts("palbench " PALBENCH_VERSION ": multi-label recognition with a frozen CLIP and no training images\n\n"
         "palbench COMMAND [OPTION]... [ARGUMENT]...\n");
    for (const Command *const *c = command_all(); *c; c++) printf("  %-14s %s\n", (*c)->name, (*c)->summary);
    puts("\nStart with `palbench reproduce`; `palbench COMMAND --help` says more about each.");
}
