/* mAP by the number of labels in the image: is a method good where one object fills the picture, or in crowded scenes?
 *
 * An image belongs to the group of its number of positives under the rule; one without any belongs to none. Within a group mAP is
 * what it is over all images: the mean over the classes that have positives there. */
#pragma once

#include "harness/score/metrics.h"

enum { LABEL_GROUPS = 5 }; /* 1, 2, 3, 4, 5 and more */
extern const char *const label_group_names[LABEL_GROUPS];

typedef struct LabelGroup {
    size_t images;
    double map; /* NaN without images */
} LabelGroup;

/* scores, labels [images, classes]. Fails when memory is short. */
bool label_groups_compute(LabelGroup groups[LABEL_GROUPS], const double *scores, const int8_t *labels, size_t images,
                          size_t classes, DifficultRule rule, Error *err);
