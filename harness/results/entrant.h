/* Who takes part in a comparison: an experiment with all its seeds, a reference result, or a file, each ranked and ready for the
 * bootstrap.
 *
 *     NAME              an experiment of the store, the newest result of every seed; failing that, a reference result
 *     reference:NAME    the reference result, whatever the store has
 *     FILE.h5           a result, or any file with `labels` and score sets [n, C]
 *     X:SET             of any of these a score set or a weighted sum NAME=W+NAME=W in place of `scores` */
#pragma once

#include "harness/results/answer_sheet.h"
#include "harness/results/bootstrap.h"
#include "harness/results/results.h"

typedef struct EntrantSources {
    const char *store, *reference; /* folders */
    ResultList stored, referenced;
    DifficultRule difficult; /* for files that name neither a protocol nor a rule */
} EntrantSources;

/* Lists what is stored in both folders; either may be missing. `remarks` as results_load. Close with entrant_sources_close. */
bool entrant_sources_open(EntrantSources *s, const char *store, const char *reference, TextList *remarks, Error *err);
void entrant_sources_close(EntrantSources *s);

typedef struct Entrant {
    char *name;                                  /* as it was asked for */
    char *method, *dataset, *protocol, *setting; /* "" where the file does not say */
    DifficultRule rule;
    AnswerSheet sheet;
    size_t seeds;
    int64_t *seed;     /* [seeds] rising; 0 for a file that has none */
    Ranking *rankings; /* [seeds] */
    double *map;       /* [seeds] */
    Spread spread;     /* of map */
    double *ap;        /* [classes] mean over seeds; NaN without positives */
} Entrant;

/* Fails (exit status 2) on a name that nobody knows or that stands for no scores; else as reading the files does, and when seeds of
 * one experiment were judged by different labels. Seeds that differ in more than the seed are compared all the same, with a remark
 * (seeds_alike.h). */
bool entrant_open(Entrant *e, const EntrantSources *sources, const char *name, TextList *remarks, Error *err);
/* The same of results that are at hand, the seeds of one experiment; at least one. */
bool entrant_of_results(Entrant *e, const StoredResult *const *results, size_t count, Error *err);
void entrant_free(Entrant *e);
/* Fails (exit status 2) with the reason when two may not be compared: another data set, protocol, rule for difficult labels, or
 * answer sheet. Data set and protocol that only one of them names are passed over: the labels tell. */
bool entrants_agree(const Entrant *a, const Entrant *b, Error *err);
