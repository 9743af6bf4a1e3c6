/* Which entrants of a table the paired bootstrap over test images cannot tell apart, as letters (letters.h), and how many images a
 * difference of 1 mAP takes.
 *
 * A table has too many pairs for counting resamples: Holm's correction of m pairs asks for p below 0.05 / m, and R resamples show none
 * below 2 / (1 + R). So the tail is the normal one: z = difference / its standard deviation over resamples, p two-sided, corrected by
 * Holm over all pairs; two are told apart where that is below 5 %. `palbench compare` counts, with as many resamples as one likes. */
#pragma once

#include "harness/results/entrant.h"

enum { GROUPING_RESAMPLES = 1000, GROUPING_SEED = 1 };

typedef struct Grouping {
    size_t count;
    char **letters; /* [count] "a", "ab" */
    bool *top;      /* [count] shares a letter with the highest mean: what a table prints in bold */
    size_t images, resamples;
    double
        error; /* median over the pairs: standard deviation of a difference over resamples, percent points; NaN of less than two */
} Grouping;

/* Entrants agree (entrants_agree). Free with grouping_free. Fails when memory is short, or no resample has a positive. */
bool grouping_make(Grouping *g, const Entrant *entrants, size_t count, size_t resamples, Progress *progress,
                   Error *err);
/* The same of results: results[i] [seeds[i]] are one entrant's seeds. Fails too when files are gone, or were judged by different labels. */
bool grouping_of_results(Grouping *g, const StoredResult **const *results, const size_t *seeds, size_t count,
                         Progress *progress, Error *err);
/* From pairs that were judged already: apart [count, count], symmetric. */
void grouping_of(Grouping *g, const double *means, const bool *apart, size_t count);
void grouping_free(Grouping *g);

/* How many test images a true difference of 1 mAP takes to be seen: told apart at 5 % (two-sided, one pair) four times in five,
 * ((1.960 + 0.842) error)^2 images, as the error falls with the square root of their number. */
double images_for_one_map(double error, size_t images);
/* The p-value of no difference by the normal tail; 1 where both are 0. */
double normal_p(double difference, double error);
