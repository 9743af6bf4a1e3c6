/* The plugins that an experiments file names ("plugins": ["mine.so"], relative to its folder).
 *
 * A plugin's code runs with all rights of whoever runs the program, so reading a stranger's file must run nothing: book_open never loads
 * one. Commands that run experiments (run, reproduce) load what the file names before they open it, and say so first. Everywhere
 * else (validate, ls, plan, label, report, --dry-run) an experiment whose method the program lacks, in a file with plugins that are not
 * loaded, has an unknown method: its name, data set and model are checked and listed, of its options and setting the form alone, and it
 * cannot be planned. --plugin on the command line loads a plugin for any command (main.c). */
#pragma once

#include "harness/base/progress.h"
#include "harness/experiments/experiments.h"

/* Loads all that the file names, each after a note that says so; its other sections may be wrong. */
bool book_load_plugins(const char *path, Progress *progress, Error *err);
/* Takes the file's list into book->unloaded, without those that are loaded. */
bool book_read_plugins(Book *book, Json root, Error *err);
/* A method that stands for one of a plugin that is not loaded (e->unloaded, freed with the experiment); NULL when the file names
 * no such plugin. */
const Method *book_unloaded_method(const Book *book, Experiment *e, const char *name);
/* Fails (exit status 2) when the method of the experiment is unknown here. */
bool experiment_is_known(const Book *book, const Experiment *e, Error *err);
/* A note for every plugin of the file that is not loaded. */
void book_remark_unloaded(const Book *book, Progress *progress);
/* The same of a file whose other sections may be wrong. */
bool plugins_remark_unloaded(const char *path, Progress *progress, Error *err);
