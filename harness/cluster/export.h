/* A plan as files for engines that run it elsewhere: DIR/plan.json (plan_file.h) and what the engine reads. One format a
 * file (export_*.c), a line each in the table; each only has `palbench work` called, for the tasks in their order.
 *
 *     const ExportFormat *f = export_find("slurm");
 *     f->write(&(Export){...}, err);              // plan.json stands there already */
#pragma once

#include "harness/cluster/tasks.h"

typedef struct Export {
    const Tasks *tasks;
    const char *folder;     /* DIR, from the root */
    const char *program;    /* from the root */
    const char *mark;       /* names this plan among jobs: "palbench-1a2b3c4d" */
    size_t threads;         /* of a task */
    const TextList *engine; /* KEY=VALUE for the engine (--slurm) */
} Export;

typedef struct ExportFormat {
    const char *name;
    const char *file, *next; /* what to call then: file in DIR, "sh %s" */
    bool (*write)(const Export *e, Error *err);
} ExportFormat;

extern const ExportFormat export_slurm, export_snakemake, export_make;

const ExportFormat *export_find(const char *name); /* NULL: there is none */
const char *const *export_names(void);             /* NULL-terminated */

/* For the writers. A word for a shell, in single quotes. */
void export_shell_word(Text *text, const char *word);
/* The first lines of a file, in # comments: who wrote it, and what it is about. */
void export_head(Text *text, const char *about);
/* Minutes and megabytes to ask for: three times what is expected, which is how far off that may be, and a little. */
size_t export_minutes(double seconds);
size_t export_megabytes(double bytes);
/* Writes DIR/NAME and frees the text. */
bool export_file(const Export *e, const char *name, Text *text, Error *err);
