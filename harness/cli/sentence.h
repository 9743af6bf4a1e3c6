/* Where sentences reach people: one line on stderr. */
#pragma once

/* "palbench: SENTENCE". Names from files may hold anything; one line stays one line, and the terminal takes no orders. */
void print_sentence(const char *sentence);
