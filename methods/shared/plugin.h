/* Methods of your own, as a shared object built outside this tree (methods/README.md, methods/example_plugin/).
 *
 *     static const Method method_mine = {.name = "mine", ...};
 *     PALBENCH_PLUGIN(&method_mine);                       // or several: PALBENCH_PLUGIN(&method_a, &method_b)
 *
 * It is loaded by `--plugin FILE.so` or "plugins": ["FILE.so"] of experiments.json, and calls the program's functions by the headers
 * of methods/ and harness/. The file's code runs inside the program with all its rights: load what you trust.
 *
 * The SHA-256 of the file is part of the hash of all that its methods train and score, beside the method's version, so a plugin
 * that was built anew from changed code never meets results of the old code. The same code built anew with the same
 * compiler and flags gives the same bytes, and then nothing runs again. */
#pragma once

#include "methods/shared/method.h"

/* Raised whenever something changes that a plugin was compiled against: a structure or a function of the headers that
 * methods/README.md names, or what one of them means. */
enum { PALBENCH_PLUGIN_VERSION = 1 };

/* The one symbol that a plugin exports. `version` stays the first member for ever. The sizes catch a structure that changed while
 * the version was forgotten. */
typedef struct PalbenchPlugin {
    int version;
    size_t method_size, option_size, run_size;
    const Method *const *methods; /* NULL-terminated */
} PalbenchPlugin;

#define PALBENCH_PLUGIN(...)                                                                                           \
    extern const PalbenchPlugin palbench_plugin __attribute__((visibility("default")));                                \
    const PalbenchPlugin palbench_plugin = {                                                                           \
        PALBENCH_PLUGIN_VERSION,                                                                                       \
        sizeof(Method),                                                                                                \
        sizeof(Option),                                                                                                \
        sizeof(Run),                                                                                                   \
        (const Method *const[]){__VA_ARGS__, NULL},                                                                    \
    }

/* Loads a plugin and registers its methods. A file that is loaded already, by this name or another, is left alone. Its methods
 * stay until the program ends. Fails (exit status 2) on: no such file, no shared object, a function that this program does
 * not have, no palbench_plugin in it, another interface version, a method that lacks something or has a wrong options table,
 * a name that is taken. Then none of its methods is registered. */
bool plugin_load(const char *path, Error *err);
