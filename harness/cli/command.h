/* The command line: one Command a file (cmd_*.c), a line each in the table of command_table.c, one parser (command.c).
 *
 *     static const CliOption options[] = {{"scores", "SET,...", "score sets, or weighted sums NAME=W+NAME=W"}, {NULL}};
 *     static bool run(Cli *cli, Error *err) { ... }
 *     const Command command_eval = {.name = "eval", .arguments = "FILE.h5", .summary = "...", .options = options, .run = run};
 *
 * Results go to stdout, everything else to stderr. Exit status: 0 done, 1 the work failed, 2 the command line or a
 * configuration is wrong. */
#pragma once

#include "harness/base/progress.h"
#include "harness/base/text.h"
#include "harness/graph/arithmetic.h"

#include <stdint.h>

typedef struct CliOption { /* a table ends with name NULL */
    const char *name;
    const char *value; /* what stands for the value in the help; NULL: a switch */
    const char *help;  /* NULL: not for people, not in the help; "%s" in it stands for the names of its CliChoices */
} CliOption;

typedef const char *const *NameList(void); /* NULL-terminated */

typedef struct CliChoices { /* what an option's value can be; a table ends with option NULL */
    const char *option;
    const char *const *words; /* NULL-terminated; or NULL: */
    NameList *names;          /* the same from a table elsewhere; or NULL: only `list` knows them */
    const char *list;         /* `palbench ls LIST` has them, or more of them, for completion; or NULL */
} CliChoices;

enum {
    TAKES_JSON = 1 << 0,        /* --json */
    TAKES_EXPERIMENTS = 1 << 1, /* --experiments FILE, --paths FILE, --plugin FILE.so (main.c loads them) */
    TAKES_STORE = 1 << 2,       /* --store DIR */
    TAKES_EXACT = 1 << 3,       /* --exact */
};

typedef struct Cli Cli;

typedef struct Command {
    const char *name;
    const char *arguments; /* "FILE.h5", for the help */
    NameList *words;       /* what the first argument can be, "%s" in `arguments`; or NULL */
    const char *list;      /* `palbench ls LIST` has what the arguments can be, for completion; or NULL */
    const char *summary;   /* one line */
    const char *details;   /* a paragraph for the help, or NULL */
    const char *example;   /* one line, or more, each a whole command */
    unsigned takes;
    const CliOption *options;  /* NULL: only the common ones */
    const CliChoices *choices; /* or NULL */
    bool (*run)(Cli *cli, Error *err);
    const char *kept; /* what stays when it is interrupted, and how to go on; NULL: nothing does */
} Command;

typedef struct CliValue {
    const char *name, *value;
    bool is_switch;
} CliValue;

struct Cli {
    const Command *command;
    char **arguments; /* [argument_count] what is not an option, in order */
    size_t argument_count;
    CliValue *values; /* options as given, in order */
    size_t value_count;
    bool quiet, json;
    Arithmetic arithmetic;                   /* --exact */
    const char *experiments, *store, *paths; /* paths NULL: not given */
    size_t threads;                          /* 0: not given */
    Progress *progress;                      /* NULL when quiet */
    const char *program;                     /* argv[0] */
};

const Command *const *command_all(void); /* NULL-terminated */
const char *const *command_names(void);
const Command *command_find(const char *name); /* NULL when there is none of that name */

/* Parses what follows the command's name. On --help prints it to stdout and sets *helped. */
bool cli_parse(Cli *cli, const Command *command, int argc, char **argv, bool *helped, Error *err);
void cli_free(Cli *cli);

bool cli_has(const Cli *cli, const char *name);
const char *cli_value(const Cli *cli, const char *name);            /* the last one given; NULL when absent */
void cli_values(const Cli *cli, const char *name, TextList *found); /* all of them */
/* A whole number in [low, high]; `otherwise` when absent. */
bool cli_size(const Cli *cli, const char *name, size_t otherwise, size_t low, size_t high, size_t *value, Error *err);
/* A number in [low, high]. */
bool cli_real(const Cli *cli, const char *name, double otherwise, double low, double high, double *value, Error *err);
/* Memory: "6G", "1500M" (of 1024), or bytes; 0 when absent. */
bool cli_bytes(const Cli *cli, const char *name, size_t *bytes, Error *err);
/* An option that must be given. */
bool cli_required(const Cli *cli, const char *name, const char **value, Error *err);
/* The command's one argument, which is one of its words; *which is its place. */
bool cli_word(const Cli *cli, size_t *which, Error *err);
/* One of the words of the option's CliChoices; *choice is its place. Absent: the first. */
bool cli_choice(const Cli *cli, const char *name, size_t *choice, Error *err);
/* "palbench COMMAND: sentence; see palbench COMMAND --help", exit status 2. */
bool cli_misuse(const Cli *cli, Error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Appends the options and arguments as they were given, but for the options named in `without` (NULL-terminated), for a command line that
 * cli_parse takes. */
void cli_repeat(const Cli *cli, const char *const *without, TextList *arguments);
/* Texts of a command: the arguments, then the lines of --file F ("-" is standard input). Fails when there is none,
 * and leaves none then. */
bool cli_texts(const Cli *cli, TextList *texts, Error *err);
