/* The parser: getopt_long with a table put together from the command's own options and the shared ones that it takes,
 * and the help from the same lists. Values stay text until the command asks for a size, a real, a choice, which then
 * checks the range and writes the sentence. */
#include "harness/cli/command.h"

#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/cli/command_help.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_option(Cli *cli, const char *name, const char *value, bool *helped, Error *err)
{
    if (strcmp(name, "help") == 0) *helped = true;
    if (strcmp(name, "quiet") == 0) cli->quiet = true;
    if (strcmp(name, "json") == 0) cli->json = true;
    if (strcmp(name, "exact") == 0) cli->arithmetic.exact = true;
    if (strcmp(name, "experiments") == 0) cli->experiments = value;
    if (strcmp(name, "store") == 0) cli->store = value;
    if (strcmp(name, "paths") == 0) cli->paths = value;
    cli->values = xrealloc(cli->values, (cli->value_count + 1) * sizeof *cli->values);
    cli->values[cli->value_count++] = (CliValue){name, value ? value : "", value == NULL};
    if (value && *value == 0 && (strcmp(name, "experiments") == 0 || strcmp(name, "store") == 0))
        return cli_misuse(cli, err, "--%s needs a name", name);
    return true;
}

/* An option whose value is called TEXT or NAME in the help takes text, not a path. */
static bool check_text(const CliOption *o, const char *value, Error *err)
{
    if (!o->value || (strcmp(o->value, "TEXT") != 0 && strcmp(o->value, "NAME") != 0)) return true;
    char what[64];
    snprintf(what, sizeof what, "--%s", o->name);
    return check_utf8(what, value, err);
}

static const CliOption *find_option(const CliOption *const *known, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(known[i]->name) == length && strncmp(known[i]->name, name, length) == 0) return known[i];
    return NULL;
}

/* The argument that getopt_long has just called unknown. A long one is behind it; of a single dash it takes letter by letter, and is
 * behind the argument only with the last. */
static const char *wrong_argument(char **argv, int argc)
{
    if (optopt == 0 || optind >= argc) return argv[optind - 1];
    const char *letters = argv[optind - 1];
    const bool finished = letters[0] == '-' && letters[1] == optopt && letters[2] == 0;
    return finished ? letters : argv[optind];
}

static bool refuse_option(const Cli *cli, const char *given, const CliOption *const *known, size_t count, Error *err)
{
    const bool two = given[0] == '-' && given[1] == '-';
    const char *name = given + (two ? 2 : 1);
    const size_t length = strcspn(name, "=");
    const CliOption *meant = find_option(known, count, name, length);
    if (meant && two) return cli_misuse(cli, err, "%s: --%s takes no value", given, meant->name);
    if (meant) return cli_misuse(cli, err, "%s is not an option of it; --%s, with two dashes, is", given, meant->name);
    if (two) return cli_misuse(cli, err, "%s is not an option of it", given);
    return cli_misuse(cli, err, "%s is not an option of it (a text that begins with - stands behind --)", given);
}

bool cli_parse(Cli *cli, const Command *command, int argc, char **argv, bool *helped, Error *err)
{
    *helped = false;
    cli->command = command;
    cli->experiments = "experiments.json";
    cli->store = "results/store";

    struct option table[OPTIONS_MAX + 1] = {0};
    const CliOption *options[OPTIONS_MAX];
    const size_t known = command_options(command, options);
    for (size_t i = 0; i < known; i++)
        table[i] = (struct option){options[i]->name, options[i]->value ? required_argument : no_argument, NULL, 0};

    opterr = 0;
    optind = 0; /* glibc: start anew */
    for (;;) {
        int place = -1;
        const int found = getopt_long(argc, argv, ":", table, &place);
        if (found == -1) break;
        if (found == ':') return cli_misuse(cli, err, "%s needs a value", argv[optind - 1]);
        if (found == '?') return refuse_option(cli, wrong_argument(argv, argc), options, known, err);
        if (!check_text(options[place], optarg, err)) return false;
        if (!take_option(cli, table[place].name, optarg, helped, err)) return false;
    }
    cli->arguments = argv + optind;
    cli->argument_count = (size_t)(argc - optind);
    if (*helped) {
        command_print_help(command);
        return true;
    }
    return cli_size(cli, "threads", 0, 1, 4096, &cli->threads, err);
}

void cli_free(Cli *cli)
{
    free(cli->values);
    cli->values = NULL;
}

bool cli_has(const Cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}

const char *cli_value(const Cli *cli, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].name, name) == 0) found = cli->values[i].value;
    return found;
}

void cli_values(const Cli *cli, const char *name, TextList *found)
{
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].name, name) == 0) text_list_add(found, cli->values[i].value);
}

bool cli_size(const Cli *cli, const char *name, size_t otherwise, size_t low, size_t high, size_t *value, Error *err)
{
    const char *text = cli_value(cli, name);
    *value = otherwise;
    if (!text) return true;
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || number < low || number > high)
        return cli_misuse(cli, err, "--%s %s: a whole number from %zu to %zu is needed", name, text, low, high);
    *value = (size_t)number;
    return true;
}

bool cli_real(const Cli *cli, const char *name, double otherwise, double low, double high, double *value, Error *err)
{
    const char *text = cli_value(cli, name);
    *value = otherwise;
    if (!text) return true;
    char *end;
    const double number = strtod(text, &end);
    if (end == text || *end || !(number >= low && number <= high)) /* not so for NaN either */
        return cli_misuse(cli, err, "--%s %s: a number from %g to %g is needed", name, text, low, high);
    *value = number;
    return true;
}

bool cli_bytes(const Cli *cli, const char *name, size_t *bytes, Error *err)
{
    static const char units[] = "kMGT";
    const char *text = cli_value(cli, name);
    *bytes = 0;
    if (!text) return true;
    char *end;
    double value = strtod(text, &end);
    const char *unit = *end && end > text ? strchr(units, *end) : NULL;
    if (unit) {
        for (const char *u = units; u <= unit; u++) value *= 1024;
        end++;
    }
    if (end == text || *end || !(value >= 1 && value < 1e15))
        return cli_misuse(cli, err, "--%s %s: bytes are needed, as 6G or 1500M", name, text);
    *bytes = (size_t)value;
    return true;
}

bool cli_required(const Cli *cli, const char *name, const char **value, Error *err)
{
    *value = cli_value(cli, name);
    return *value && **value ? true : cli_misuse(cli, err, "--%s is needed", name);
}

bool cli_word(const Cli *cli, size_t *which, Error *err)
{
    const char *const *words = cli->command->words();
    *which = cli->argument_count == 1 ? names_find(words, cli->arguments[0]) : NAMES_NONE;
    if (*which != NAMES_NONE) return true;
    char *known = names_join(words, ", ", 0);
    cli_misuse(cli, err, "one of %s is needed", known);
    free(known);
    return false;
}

bool cli_choice(const Cli *cli, const char *name, size_t *choice, Error *err)
{
    const char *const *choices = choice_names(command_choices(cli->command, name));
    const char *text = cli_value(cli, name);
    *choice = 0;
    if (!text) return true;
    const size_t found = names_find(choices, text);
    if (found != NAMES_NONE) {
        *choice = found;
        return true;
    }
    char *allowed = names_join(choices, ", ", 0);
    cli_misuse(cli, err, "--%s %s: allowed are %s", name, text, allowed);
    free(allowed);
    return false;
}

bool cli_misuse(const Cli *cli, Error *err, const char *format, ...)
{
    char sentence[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fail_usage(err, "%s: %s; see palbench %s --help", cli->command->name, sentence, cli->command->name);
}

void cli_repeat(const Cli *cli, const char *const *without, TextList *arguments)
{
    for (size_t i = 0; i < cli->value_count; i++) {
        const CliValue *v = &cli->values[i];
        if (names_find(without, v->name) != NAMES_NONE) continue;
        char *option = v->is_switch ? xformat("--%s", v->name) : xformat("--%s=%s", v->name, v->value);
        text_list_add(arguments, option);
        free(option);
    }
    text_list_add(arguments, "--");
    for (size_t i = 0; i < cli->argument_count; i++) text_list_add(arguments, cli->arguments[i]);
}

static bool add_line(void *texts, const Line *line, Error *err)
{
    (void)err;
    text_list_add_bytes(texts, line->text, line->length);
    return true;
}

static bool add_texts(const Cli *cli, TextList *texts, Error *err)
{
    for (size_t i = 0; i < cli->argument_count; i++) {
        char what[32];
        snprintf(what, sizeof what, "text %zu", i + 1);
        if (!check_utf8(what, cli->arguments[i], err)) return false;
        text_list_add(texts, cli->arguments[i]);
    }
    const char *file = cli_value(cli, "file");
    const bool standard_input = file && strcmp(file, "-") == 0;
    if (standard_input && !lines_read_stream(stdin, "standard input", add_line, texts, err)) return false;
    if (file && !standard_input && !lines_read(file, add_line, texts, err)) return false;
    return texts->count || file ? true : cli_misuse(cli, err, "no text is given, neither as argument nor by --file");
}

bool cli_texts(const Cli *cli, TextList *texts, Error *err)
{
    if (add_texts(cli, texts, err)) return true;
    text_list_free(texts);
    return false;
}
