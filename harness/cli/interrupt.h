/* Ctrl-C (SIGINT) and a polite end (SIGTERM). */
#pragma once

/* From now on both end the program at once with exit status 130 or 143, after one line on stderr: "palbench: interrupted; KEPT". `kept`
 * says what stays of the work and how to go on; NULL: no line, for a process whose parent says it. A signal that is ignored already
 * (nohup, a script's background job) stays ignored. */
void interrupt_prepare(const char *kept);
