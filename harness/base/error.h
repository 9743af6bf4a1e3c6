/* Errors travel up as one sentence; nobody prints on the way.
 *
 * A function that can fail returns bool and takes `Error *err` last. The place that knows the file and the offset writes
 * the sentence with fail(); callers add what they know in front with fail_in(); main prints it once. */
#pragma once

#include <stdbool.h>

enum { EXIT_WORK_FAILED = 1, EXIT_USAGE = 2 };

typedef struct Error {
    int exit_status; /* 1: the work failed, 2: the command line or a configuration is wrong */
    bool absent;     /* what the work needs is not on this machine; other work goes on without it (fail_absent) */
    bool of_content; /* what one file holds is at fault; its neighbours may be good (fail_content) */
    char text[1024]; /* one sentence: what is wrong, where, what to do; no newline, no final full stop needed */
} Error;

/* Writes the sentence with exit status 1 and returns false, so that a failing function ends with `return fail(...)`. */
bool fail(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with exit status 2: the command line or a configuration file is wrong. */
bool fail_usage(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fail, for a file whose content is damaged or of an unsupported kind: a list of files can go on without it. */
bool fail_content(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fail, for a checkpoint or a data set that this machine does not have. */
bool fail_absent(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "WHERE: " in front of the sentence that a callee wrote; returns false. */
bool fail_in(Error *err, const char *where);

/* Puts "; HINT" behind it; returns false. */
bool fail_also(Error *err, const char *hint);

/* Ends the program with a sentence and a core: for bugs of ours (a shape that does not fit). */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with a sentence and exit status 1, at once: for what the machine does not give in the middle of something that
 * cannot be given back up (a small allocation, oneDNN's own memory). What is stored is whole, as after a kill. */
_Noreturn void stop_short(const char *format, ...) __attribute__((format(printf, 1, 2)));
