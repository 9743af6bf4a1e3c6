/* The rows of a group are copied together and measured as if they were all. */
#include "harness/score/label_groups.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const label_group_names[LABEL_GROUPS] = {"1", "2", "3", "4", "5+"};

/* LABEL_GROUPS for an image without positives. */
static size_t group_of(const int8_t *labels, size_t classes, DifficultRule rule)
{
    size_t positives = 0;
    for (size_t c = 0; c < classes; c++) positives += label_under(rule, labels[c]) > 0;
    if (!positives) return LABEL_GROUPS;
    return positives < LABEL_GROUPS ? positives - 1 : LABEL_GROUPS - 1;
}

static double map_of(const double *scores, const int8_t *labels, size_t images, size_t classes, DifficultRule rule)
{
    double sum = 0, scored = 0;
    for (size_t c = 0; c < classes; c++) {
        const double ap = average_precision(scores + c, labels + c, images, classes, rule);
        if (!isnan(ap)) sum += ap, scored++;
    }
    return sum / scored; /* 0 / 0 is NaN */
}

bool label_groups_compute(LabelGroup groups[LABEL_GROUPS], const double *scores, const int8_t *labels, size_t images,
                          size_t classes, DifficultRule rule, Error *err)
{
    double *some;
    int8_t *theirs = NULL;
    if (!big_alloc(&some, images * classes + 1, sizeof *some, "scores", err)) return false;
    const bool good = big_alloc(&theirs, images * classes + 1, 1, "labels", err);
    for (size_t g = 0; good && g < LABEL_GROUPS; g++) {
        size_t count = 0;
        for (size_t i = 0; i < images; i++) {
            if (group_of(labels + i * classes, classes, rule) != g) continue;
            memcpy(some + count * classes, scores + i * classes, classes * sizeof *some);
            memcpy(theirs + count++ * classes, labels + i * classes, classes);
        }
        groups[g] = (LabelGroup){count, map_of(some, theirs, count, classes, rule)};
    }
    free(some), free(theirs);
    return good;
}
