/* The results of an ablation suite, held against its first experiment, the full method. */
#pragma once

#include "harness/score/metrics.h"
#include "reports/report.h"

typedef struct AblationRow {
    char *label;                  /* the suite's, with the setting (label_with_setting) */
    const StoredResult **results; /* [count], a seed each */
    size_t count;
    Spread map;
    Spread
        difference; /* to the full method, over the seeds that both have; count 0: none, or another data set or protocol */
    char *group;    /* letters of ablation_group; NULL: not grouped */
    bool top;       /* of the group at the top */
} AblationRow;

typedef struct Ablation {
    const char *name;
    AblationRow *rows; /* [count] in the suite's order; experiments without results are left out */
    size_t count;
    bool has_full; /* the first row is the suite's first experiment: only then are there differences */
} Ablation;

/* Results and names are borrowed from `suite` and `results`. */
void ablation_make(Ablation *ablation, const AblationSuite *suite, const ResultList *results);
/* Whether a page shows it beside its own experiments (NULL-terminated): the page has the full method, and the store a result that the
 * page has not. */
bool ablation_belongs(const AblationSuite *suite, const char *const *page, const ResultList *results);
void ablation_free(Ablation *ablation);
/* Letters for the rows of the first one's data set and protocol (harness/results/grouping.h). Fails when they cannot be compared; rows
 * then stay without. */
bool ablation_group(Ablation *ablation, Progress *progress, Error *err);
/* "-1.25 ± 0.31", "-" without one; the sign is a plain hyphen. */
void ablation_difference(const AblationRow *row, const char *plus_minus, Text *out);
/* For a terminal: label, mAP, difference, seeds. */
void ablation_plain(const Ablation *ablation, Text *out);
