/* Control characters become question marks: a file's name in a sentence may carry a terminal's escape sequences. */
#include "harness/cli/sentence.h"

#include <stdio.h>

void print_sentence(const char *sentence)
{
    fputs("palbench: ", stderr);
    for (const char *c = sentence; *c; c++) putc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, stderr);
    putc('\n', stderr);
}
