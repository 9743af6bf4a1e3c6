/* What of a data set is here: every split counted, every picture looked for and decoded. `palbench data check` prints it.
 *
 * The data set must have been opened with DatasetSource.survey. */
#pragma once

#include "datasets/dataset.h"

typedef struct SplitSurvey {
    bool has;       /* the data set has such a split at all */
    char *unusable; /* why it cannot be used, or NULL; owned */
    size_t images, unlabelled, positives;
    LeftOut missing, damaged; /* [..] files and why; of the data set, damaged.files and reasons owned */
} SplitSurvey;

/* One split. Failures are what it is about: they stand in `unusable`. */
void dataset_survey(Dataset *d, SplitName name, Progress *progress, SplitSurvey *survey);
void survey_free(SplitSurvey *survey);
/* Whether the split has as many pictures as the published one of this test set (DatasetKind.published); true where none is known. */
bool survey_is_published(const Dataset *d, SplitName name, const SplitSurvey *survey, size_t *published);
