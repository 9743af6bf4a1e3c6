/* mAP of some of the classes: any list, the frequent and the rare, the seen and the unseen. The ranking of an image's classes plays
 * no part in an average precision, so a subset's mAP is the mean of its classes' APs, as that of all classes is. */
#pragma once

#include "harness/base/text.h"
#include "harness/score/metrics.h"

typedef struct ClassSubset {
    char *name;
    bool *member; /* [classes] */
} ClassSubset;

typedef struct SubsetList { /* {0} is empty */
    ClassSubset *items;
    size_t count, classes;
} SubsetList;

/* Adds a subset by its classes' names (NFC). Fails (exit status 2) on a name that `names` lacks, on an empty list, and on a second
 * subset of one name. */
bool subset_add(SubsetList *list, const char *name, const TextList *members, const TextList *names, Error *err);
/* Adds "seen" and "unseen": unseen [classes], 1 for the classes that training never saw, 0 for the others. */
void subset_add_unseen(SubsetList *list, const int8_t *unseen, size_t classes);
/* Adds "head", "medium" and "tail": thirds of the classes that have positives, by their number among these labels, the most frequent
 * first; equally frequent ones in the order of the list. (Long-tail papers cut by numbers of training images, which image-free
 * methods have none of: such a cut is a list of one's own.) A name that is there already stays what it is. */
void subset_add_frequency(SubsetList *list, const int8_t *labels, size_t images, size_t classes, DifficultRule rule);
void subsets_free(SubsetList *list);

/* Mean over the members that have an AP; NaN when none has. */
double subset_map(const ClassSubset *subset, const double *ap, size_t classes);
/* The harmonic mean of the mAPs of "seen" and "unseen"; NaN where one of them is not there. */
double subsets_harmonic(const SubsetList *list, const double *ap);
