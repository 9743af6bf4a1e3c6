/* mdoc(7): each sentence begins a line, lines are short, and a line of text never begins with a dot or an apostrophe. Values and examples
 * are literal: quotation marks, backslashes and minus signs are escaped. */
#include "harness/cli/man_page.h"

#include "harness/base/memory.h"
#include "harness/base/version.h"
#include "harness/cli/command_help.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 76 };

static void add_escaped(Text *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const char c = text[i];
        if (c == '\\')
            text_add(out, "\\e");
        else if (c == '-')
            text_add(out, "\\-");
        else if (c == '"')
            text_add(out, "\\(dq");
        else if (c == '\'' || c == '`' || c == '^' || c == '~')
            text_addf(out, "\\(%s", c == '\'' ? "aq" : c == '`' ? "ga" : c == '^' ? "ha" : "ti");
        else
            text_add_bytes(out, &c, 1);
    }
}

static bool ends_sentence(const char *word, size_t bytes)
{
    return bytes > 1 && strchr(".!?", word[bytes - 1]) && !isdigit((unsigned char)word[bytes - 2]);
}

/* Text as a paragraph: words, a line at a time. A line that begins with a dot would be a request; \& in front of it is nothing. */
static void print_text(const char *text)
{
    Text line = {0};
    for (;;) {
        text += strspn(text, " \n");
        const size_t bytes = strcspn(text, " \n");
        if (bytes == 0) break;
        if (line.length && line.length + 1 + bytes > WIDTH) {
            puts(line.data);
            line.length = 0;
        }
        if (line.length) text_add(&line, " ");
        if (!line.length && (*text == '.' || *text == '\'')) text_add(&line, "\\&");
        add_escaped(&line, text, bytes);
        if (ends_sentence(text, bytes)) {
            puts(line.data);
            line.length = 0;
        }
        text += bytes;
    }
    if (line.length) puts(line.data);
    text_free(&line);
}

/* One argument of a macro. */
static void print_argument(const char *text)
{
    Text escaped = {0};
    text_add(&escaped, "");
    add_escaped(&escaped, text, strlen(text));
    printf(strchr(text, ' ') ? " \"%s\"" : " %s", escaped.data);
    text_free(&escaped);
}

static void print_option(const Command *command, const CliOption *o)
{
    if (!o->help) return;
    printf(".It Fl Fl");
    print_argument(o->name);
    if (o->value) {
        printf(" Ar");
        print_argument(o->value);
    }
    puts("");
    char *help = command_option_help(command, o);
    print_text(help);
    free(help);
}

/* A line of its own for each, as they stand: an example is for copying. */
static void print_literal(const char *text)
{
    puts(".Bd -literal -compact");
    while (*text) {
        const size_t bytes = strcspn(text, "\n"), blanks = strspn(text, " ");
        Text line = {0};
        text_add(&line, "");
        if (bytes > blanks && (text[blanks] == '.' || text[blanks] == '\'')) text_add(&line, "\\&");
        add_escaped(&line, text + blanks, bytes - blanks);
        puts(line.data);
        text_free(&line);
        text += bytes + (text[bytes] != 0);
    }
    puts(".Ed");
}

static void print_command(const Command *command)
{
    const CliOption *options[OPTIONS_MAX];
    const size_t count = command_options(command, options);
    char *arguments = command_arguments(command);
    printf(".Ss %s\n", command->name);
    if (*arguments) {
        printf(".Nm palbench");
        print_argument(command->name);
        puts("");
        print_text(arguments);
        puts(".Pp");
    }
    free(arguments);
    print_text(command->summary);
    if (command->details) {
        puts(".Pp");
        print_text(command->details);
    }
    puts(".Bl -tag -width Ds");
    for (size_t i = 0; i < count; i++) print_option(command, options[i]);
    puts(".El");
    puts(".Pp\nExample:");
    print_literal(command->example);
}

static const char head[] = ".Dd " PALBENCH_DATE "\n"
                           ".Dt PALBENCH 1\n"
                           ".Os\n"
                           ".Sh NAME\n"
                           ".Nm palbench\n"
                           ".Nd multi-label recognition with a frozen CLIP and no training images\n"
                           ".Sh SYNOPSIS\n"
                           ".Nm palbench\n"
                           ".Ar command\n"
                           ".Op Ar option ...\n"
                           ".Op Ar argument ...\n"
                           ".Sh DESCRIPTION";

static const char tail[] = ".Sh FILES\n"
                           ".Bl -tag -width Ds\n"
                           ".It Pa experiments.json\n"
                           "What is run.\n"
                           ".Ic palbench schema\n"
                           "prints its JSON Schema.\n"
                           ".It Pa paths.json\n"
                           "Where models and data sets lie on this machine; beside the file above.\n"
                           ".It Pa results/store\n"
                           "The artifacts: HDF5 files, named by the hash of all that determined them.\n"
                           ".El\n"
                           ".Sh EXIT STATUS\n"
                           ".Bl -tag -width Ds\n"
                           ".It 0\n"
                           "Done.\n"
                           ".It 1\n"
                           "The work failed.\n"
                           ".It 2\n"
                           "The command line or a configuration is wrong.\n"
                           ".El";

void print_man_page(void)
{
    puts(head);
    print_text("Runs CLIP and Stable Diffusion itself on the CPU, stores every image, feature, score and average "
               "precision in HDF5, "
               "and writes tables and figures. Results go to standard output, everything else to standard error. This "
               "is version " PALBENCH_VERSION ".");
    puts(".Pp\nThe commands:\n.Bl -tag -width Ds");
    for (const Command *const *c = command_all(); *c; c++) {
        printf(".It Ic");
        print_argument((*c)->name);
        puts("");
        print_text((*c)->summary);
    }
    puts(".El\n.Sh COMMANDS");
    for (const Command *const *c = command_all(); *c; c++) print_command(*c);
    puts(tail);
}
