/* Each language by a table of its characters, after control characters have become escapes. */
#include "reports/escape.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <stdlib.h>
#include <string.h>

typedef struct Replacement { /* a table ends with NULL */
    char character;
    const char *by;
} Replacement;

static void add_replaced(const char *text, const Replacement *table, Text *out)
{
    char *plain = shown(text);
    for (const char *c = plain; *c; c++) {
        const Replacement *r = table;
        while (r->by && r->character != *c) r++;
        if (r->by)
            text_add(out, r->by);
        else
            text_add_bytes(out, c, 1);
    }
    free(plain);
}

void html_escaped(const char *text, Text *out)
{
    static const Replacement table[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
                                        {'"', "&quot;"}, {'\'', "&#39;"}, {0, NULL}};
    add_replaced(text, table, out);
}

void html_link(const char *name, Text *out)
{
    for (const char *c = name; *c; c++) {
        const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        text_addf(out, plain || strchr("-._", *c) ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

/* < > | " are other signs in LaTeX's oldest font encoding, and " is a command of some languages. */
void latex_escaped(const char *text, Text *out)
{
    static const Replacement table[] = {
        {'&', "\\&"},
        {'%', "\\%"},
        {'$', "\\$"},
        {'#', "\\#"},
        {'_', "\\_"},
        {'{', "\\{"},
        {'}', "\\}"},
        {'~', "\\textasciitilde{}"},
        {'^', "\\textasciicircum{}"},
        {'\\', "\\textbackslash{}"},
        {'<', "\\textless{}"},
        {'>', "\\textgreater{}"},
        {'|', "\\textbar{}"},
        {'"', "\\symbol{34}"},
        {'`', "\\symbol{96}"},
        {'[', "{[}"},
        {'*', "{*}"},
        {0, NULL},
    };
    add_replaced(text, table, out);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80);
}

/* Behind these, at the start of a line, a list begins. */
static size_t list_mark(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits && strchr(".)", text[digits]) && text[digits]) return digits;
    return 0;
}

void markdown_escaped(const char *text, Text *out)
{
    char *plain = shown(text);
    const size_t mark = list_mark(plain);
    for (const char *c = plain; *c; c++) {
        const bool inside = c > plain && is_word(c[-1]) && is_word(c[1]); /* an underline inside a word stays one */
        const bool starts = c == plain && strchr("+-=", *c);
        if (starts || (mark && c == plain + mark) || (*c == '_' ? !inside : strchr("\\`*[]<>#|~&$", *c) != NULL))
            text_add(out, "\\");
        text_add_bytes(out, c, 1);
    }
    free(plain);
}

/* What a spreadsheet reads as a number is no formula. */
static bool is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && !*end;
}

void csv_escaped(const char *text, Text *out)
{
    char *plain = shown(text);
    const size_t length = strlen(plain);
    const char *first = plain + strspn(plain, " "); /* some programs drop blanks */
    const bool guarded = *first && strchr("=+-@", *first) && !is_number(plain);
    if (!strpbrk(plain, ",\"") && (!length || (*plain != ' ' && plain[length - 1] != ' '))) {
        text_addf(out, "%s%s", guarded ? "'" : "", plain);
    } else {
        text_add(out, guarded ? "\"'" : "\"");
        for (const char *c = plain; *c; c++) text_add_bytes(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
        text_add(out, "\"");
    }
    free(plain);
}
