/* The likeliest are found by looking for the best one left, as often as there may be companions: a handful. */
#include "methods/shared/cooccurrence.h"

#include <string.h>

const char *const companion_choices[] = {"both", "given", "giving", NULL};

void count_together(const uint8_t *labels, size_t rows, size_t classes, double *together)
{
    memset(together, 0, classes * classes * sizeof *together);
    for (size_t n = 0; n < rows; n++) {
        const uint8_t *named = labels + n * classes;
        for (size_t a = 0; a < classes; a++)
            for (size_t b = 0; named[a] && b < classes; b++) together[a * classes + b] += named[b];
    }
}

void conditional_of(double *together, size_t classes)
{
    for (size_t i = 0; i < classes; i++) {
        double *row = together + i * classes;
        const double alone = row[i];
        for (size_t j = 0; j < classes; j++) row[j] = alone > 0 && j != i ? row[j] / alone : 0;
    }
}

CompanionRule companion_rule(const Options *o)
{
    const char *which = option_text(o, "companions_from");
    return (CompanionRule){.given = strcmp(which, "giving") != 0,
                           .giving = strcmp(which, "given") != 0,
                           .most = option_int(o, "companions_most"),
                           .threshold = option_real(o, "companions_threshold")};
}

static bool is_listed(const size_t *list, size_t count, size_t class)
{
    for (size_t k = 0; k < count; k++)
        if (list[k] == class) return true;
    return false;
}

/* The `most` largest of p[0], p[stride], ... above the threshold, largest first, into `found`. */
static size_t largest(const double *p, size_t stride, size_t classes, CompanionRule rule, size_t *found)
{
    size_t count = 0;
    while (count < rule.most) {
        size_t best = classes;
        for (size_t j = 0; j < classes; j++)
            if (p[j * stride] > rule.threshold && !is_listed(found, count, j) &&
                (best == classes || p[j * stride] > p[best * stride]))
                best = j;
        if (best == classes) break;
        found[count++] = best;
    }
    return count;
}

size_t companions_of(const double *conditional, size_t classes, size_t i, CompanionRule rule, size_t *list)
{
    const size_t count = rule.given ? largest(conditional + i * classes, 1, classes, rule, list) : 0;
    size_t *column = list + count, all = count;
    const size_t more = rule.giving ? largest(conditional + i, classes, classes, rule, column) : 0;
    for (size_t k = 0; k < more; k++)
        if (!is_listed(list, count, column[k])) list[all++] = column[k];
    return all;
}
