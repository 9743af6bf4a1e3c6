/* Sentences are written straight into the caller's Error and cut to its size; nothing is allocated, so that running
 * out of memory can be told too. */
#include "harness/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_sentence(Error *err, int status, const char *format, va_list arguments)
{
    err->exit_status = status;
    err->of_content = err->absent = false;
    vsnprintf(err->text, sizeof err->text, format, arguments);
    /* One sentence is one line: a file name or a parser's message may carry a newline. */
    for (char *c = err->text; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
}

bool fail(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_sentence(err, EXIT_WORK_FAILED, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_usage(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_sentence(err, EXIT_USAGE, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_content(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_sentence(err, EXIT_WORK_FAILED, format, arguments);
    va_end(arguments);
    err->of_content = true;
    return false;
}

bool fail_absent(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_sentence(err, EXIT_WORK_FAILED, format, arguments);
    va_end(arguments);
    err->absent = true;
    return false;
}

bool fail_in(Error *err, const char *where)
{
    char sentence[sizeof err->text];
    memcpy(sentence, err->text, sizeof sentence);
    const int written = snprintf(err->text, sizeof err->text, "%s: ", where);
    const size_t used = written < 0 ? 0 : (size_t)written;
    if (used < sizeof err->text) snprintf(err->text + used, sizeof err->text - used, "%s", sentence);
    return false;
}

bool fail_also(Error *err, const char *hint)
{
    const size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "; %s", hint);
    return false;
}

/* Memory may be what is missing: no shown() here. */
static void print_last(const char *format, va_list arguments)
{
    Error last;
    write_sentence(&last, EXIT_WORK_FAILED, format, arguments);
    fputs("palbench: ", stderr);
    for (const char *c = last.text; *c; c++) putc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, stderr);
    putc('\n', stderr);
    fflush(stderr);
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_last(format, arguments);
    va_end(arguments);
    abort();
}

void stop_short(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_last(format, arguments);
    va_end(arguments);
    _exit(EXIT_WORK_FAILED);
}
