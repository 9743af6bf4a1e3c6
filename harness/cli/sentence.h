/* Where lines reach people. Names from files may hold anything; one line stays one line, and the terminal takes no orders: control
 * characters are shown (harness/base/shown.h). */
#pragma once

/* "palbench: SENTENCE" on stderr. */
void print_sentence(const char *sentence);
/* A line of results on stdout. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
