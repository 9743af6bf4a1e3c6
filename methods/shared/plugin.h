/* Loads methods from shared objects. What such an object is made of, and how: methods/palbench.h. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/progress.h"

/* Loads a plugin and registers its methods, after a note that its code runs now. A file that is loaded already, by this name or another, is left alone. Its methods
 * stay until the program ends. Fails (exit status 2) on: no such file, no shared object, a function that this program does
 * not have, no palbench_plugin in it, another interface version, a method that lacks something or has a wrong options table,
 * a name that is taken. Then none of its methods is registered. */
bool plugin_load(const char *path, Progress *progress, Error *err);
/* Is this file loaded, by this name or another? Runs nothing of it. */
bool plugin_is_loaded(const char *path);
