/* The report of a suite: one self-contained HTML page, Markdown, LaTeX (booktabs), CSV, and gnuplot figures (SVG, PNG), from
 * stored results alone; a report never trains. */
#pragma once

#include "harness/base/progress.h"
#include "harness/results/results.h"

/* An ablation: a suite whose name begins with "ablate". Its first experiment is the full method that the others are held
 * against. */
typedef struct AblationSuite {
    const char *name;
    const char *const *experiments; /* NULL-terminated; those without results are left out */
    const char *const *labels;      /* beside them, never NULL */
} AblationSuite;

typedef struct ReportOptions {
    const char *title;              /* "mini", the suite's name */
    const char *const *experiments; /* names in the order of the tables, NULL-terminated */
    const char *const *labels;      /* what the tables call them, beside `experiments`; NULL: the names themselves */
    const AblationSuite *ablations; /* [ablation_count] */
    size_t ablation_count;
    const char *const *beside; /* suites whose pages lie at OUT/../SUITE/index.html, NULL-terminated; NULL: none */
    const char *store;         /* folder of the artifacts */
    const ResultList *stored;  /* all results in it: results_load without names */
    const TextList *remarks;   /* what reading them gave, for the page; NULL: nothing */
    const char *published;     /* folder of published numbers (published_numbers.h); NULL: without */
    const char *out;           /* folder to write to; made when missing */
    Progress *progress;
    /* A test picture by its position in a result's rows, for the sheet of examples; NULL: the sheet is left out. PNG bytes,
     * caller frees. */
    bool (*picture)(void *context, const StoredResult *result, size_t image, uint8_t **png, size_t *bytes, Error *err);
    bool (*has_pictures)(void *context,
                         const StoredResult *result); /* false: of features, nothing can be shown; NULL: all have */
    void *picture_context;
    TextList
        *noted; /* which data sets' lost pictures were noted, for several reports in one go; NULL: each notes its own */
    const char *command; /* how to make the report again, for its footer */
} ReportOptions;

/* Writes OUT/index.html, report.md, report.tex, paper.tex (a document around it), results.csv, per_class.csv, figures/X.svg, X.png; texts from files are
 * escaped for each (escape.h has the rules, that of spreadsheets among them). Without gnuplot the tables are written all the
 * same, and one sentence goes to progress notes. Fails when no result is stored. */
bool report_write(const ReportOptions *options, Error *err);

/* The main table (method x data set: mAP mean +- std) as aligned plain text for a terminal, and for methods at several numbers of
 * labelled images the table of method x number; caller frees. */
char *report_table_text(const ResultList *results, const char *const *experiments, const char *const *labels);
/* Published numbers beside the results of the same protocol, as aligned plain text, from the folder of them; NULL when none of the
 * data sets has any, or the folder cannot be read. Caller frees. */
char *report_published_text(const ResultList *results, const char *const *experiments, const char *const *labels,
                            const char *folder);
/* The ablation tables that have results, as aligned plain text; NULL when none has. Caller frees. */
char *report_ablations_text(const ResultList *results, const AblationSuite *ablations, size_t count);
