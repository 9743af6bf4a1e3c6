/* Both scripts are a frame with a table in it, one case a command; what it offers is decided in the shell, by the word before and the word
 * itself. A value that the help calls DIR, FILE, PATH or F is a path; "ls LIST" names are asked of the program, which reads
 * the experiments file of the folder and loads nothing. */
#include "harness/cli/completion.h"

#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/cli/command_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what both know ---- */

static bool is_folder(const CliOption *o)
{
    return strncmp(o->value, "DIR", 3) == 0;
}

static bool is_path(const CliOption *o)
{
    static const char *const begins[] = {"DIR", "FILE", "F."};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(o->value, begins[i], strlen(begins[i])) == 0) return true;
    return strcmp(o->value, "PATH") == 0 || strcmp(o->value, "F") == 0;
}

static void print_words(const char *const *names)
{
    char *words = names ? names_join(names, " ", 0) : xstrdup("");
    printf("%s", words);
    free(words);
}

static void print_names_of(const char *prefix)
{
    printf("%s", prefix);
    for (const Command *const *c = command_all(); *c; c++) printf("%s%s", c == command_all() ? "" : " ", (*c)->name);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# bash completion for palbench, written by: palbench help --completion bash\n"
    "\n"
    "# Names that `palbench ls LIST` knows; those with blanks are left out, as words have none.\n"
    "_palbench_list() {\n"
    "    palbench ls \"$1\" --quiet 2>/dev/null | awk 'NR > 2 && /^[^ ]/ {print $1}'\n"
    "}\n"
    "\n"
    "_palbench_paths() { # -f or -d\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "_palbench() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=''\n"
    "    local words='' lists='' options='' folders='' files='' others=''\n"
    "    COMPREPLY=()\n";

static const char bash_tail[] =
    "    if [[ \" $folders \" == *\" $before \"* ]]; then _palbench_paths -d; return; fi\n"
    "    if [[ \" $files \" == *\" $before \"* ]]; then _palbench_paths -f; return; fi\n"
    "    if [[ \" $others \" == *\" $before \"* ]]; then return; fi\n"
    "    if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\"); return; fi\n"
    "    [[ -n $lists ]] && words=\"$words $(_palbench_list \"$lists\")\"\n"
    "    if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\"); return; fi\n"
    "    _palbench_paths -f\n"
    "}\n"
    "complete -F _palbench palbench";

/* The values of the option before, where they are known: `--format) ...`. */
static void print_bash_values(const Command *command)
{
    if (!command->choices) return;
    puts("        case $before in");
    for (const CliChoices *c = command->choices; c->option; c++) {
        printf("        --%s) words=\"", c->option);
        print_words(choice_names(c));
        printf("\" lists=%s ;;\n", c->list ? c->list : "");
    }
    puts("        esac");
}

static void print_bash_command(const Command *command)
{
    const CliOption *options[OPTIONS_MAX];
    const size_t count = command_options(command, options);
    printf("    %s)\n        words=\"", command->name);
    print_words(command->words ? command->words() : NULL);
    printf("\" lists=%s\n        options=\"", command->list ? command->list : "");
    for (size_t i = 0; i < count; i++)
        if (options[i]->help) printf("%s--%s", i ? " " : "", options[i]->name);
    printf("\"\n        folders=\"");
    for (size_t i = 0; i < count; i++)
        if (options[i]->value && is_folder(options[i])) printf(" --%s", options[i]->name);
    printf("\"\n        files=\"");
    for (size_t i = 0; i < count; i++)
        if (options[i]->value && is_path(options[i]) && !is_folder(options[i])) printf(" --%s", options[i]->name);
    printf("\"\n        others=\"");
    for (size_t i = 0; i < count; i++)
        if (options[i]->value && !is_path(options[i]) && !command_choices(command, options[i]->name))
            printf(" --%s", options[i]->name);
    puts("\"");
    print_bash_values(command);
    puts("        ;;");
}

void print_bash_completion(void)
{
    fputs(bash_head, stdout);
    print_names_of("    local commands=\"");
    puts("\"\n"
         "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$current\")\n"
         "        return\n"
         "    fi\n"
         "    command=${COMP_WORDS[1]}\n"
         "    case $command in");
    for (const Command *const *c = command_all(); *c; c++) print_bash_command(*c);
    puts("    *) return ;;\n    esac");
    puts(bash_tail);
}

/* ---- zsh ---- */

/* Inside single quotes of zsh, and with what _arguments takes for its own escaped. */
static void print_zsh_quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

/* An action with a blank in front is called as it stands, without options that zsh would put in. */
static void print_zsh_option(const Command *command, const CliOption *o)
{
    const CliChoices *choices = command_choices(command, o->name);
    const char *const *names = choice_names(choices);
    if (!o->help) return;
    char *help = command_option_help(command, o);
    printf("        '*--%s[", o->name);
    print_zsh_quoted(help);
    printf("]");
    free(help);
    if (o->value) {
        printf(":");
        print_zsh_quoted(o->value);
        printf(":");
        if (names && !choices->list) {
            printf("(");
            print_words(names);
            printf(")");
        } else if (choices && choices->list) {
            printf(" _palbench_list %s", choices->list);
        } else if (is_path(o)) {
            printf(is_folder(o) ? "_files -/" : "_files");
        }
    }
    puts("' \\");
}

static void print_zsh_command(const Command *command)
{
    const CliOption *options[OPTIONS_MAX];
    const size_t count = command_options(command, options);
    printf("    %s)\n        _arguments \\\n", command->name);
    for (size_t i = 0; i < count; i++) print_zsh_option(command, options[i]);
    if (command->words) {
        printf("        '1:what:(");
        print_words(command->words());
        puts(")' ;;");
    } else if (command->list) {
        printf("        '*:name: _palbench_list %s' ;;\n", command->list);
    } else {
        puts("        '*:file:_files' ;;");
    }
}

static const char zsh_head[] =
    "#compdef palbench\n"
    "# zsh completion for palbench, written by: palbench help --completion zsh\n"
    "\n"
    "# Names that `palbench ls LIST` knows; those with blanks are left out.\n"
    "_palbench_list() {\n"
    "    local -a names\n"
    "    names=(${(f)\"$(palbench ls $1 --quiet 2>/dev/null | awk 'NR > 2 && /^[^ ]/ {print $1}')\"})\n"
    "    compadd -a names\n"
    "}\n"
    "\n"
    "_palbench() {\n"
    "    local -a commands\n"
    "    commands=(";

void print_zsh_completion(void)
{
    puts(zsh_head);
    for (const Command *const *c = command_all(); *c; c++) {
        printf("        '%s:", (*c)->name);
        print_zsh_quoted((*c)->summary);
        puts("'");
    }
    puts("    )\n"
         "    if (( CURRENT == 2 )); then\n"
         "        _describe command commands\n"
         "        return\n"
         "    fi\n"
         "    local command=${words[2]}\n"
         "    shift words\n"
         "    (( CURRENT-- ))\n"
         "    case $command in");
    for (const Command *const *c = command_all(); *c; c++) print_zsh_command(*c);
    puts("    esac\n"
         "}\n"
         "\n"
         "if [[ $funcstack[1] == _palbench ]]; then _palbench \"$@\"; else compdef _palbench palbench; fi");
}
