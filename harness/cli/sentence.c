/* Everything that goes to a person is shown (shown.h) on its way out: a file's name in a sentence, or a text in a
 * line of results, may carry a terminal's escape sequences. */
#include "harness/cli/sentence.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void print_sentence(const char *sentence)
{
    char *plain = shown(sentence);
    fprintf(stderr, "palbench: %s\n", plain);
    free(plain);
}

void print_line(const char *format, ...)
{
    Text line = {0};
    va_list arguments;
    va_start(arguments, format);
    char *text = xvformat(format, arguments);
    va_end(arguments);
    text_add_shown(&line, text);
    puts(line.data);
    text_free(&line);
    free(text);
}
