/* Inside the data set `mini`. */
#pragma once

#include "datasets/dataset_internal.h"

/* mini_sentences.c: `count` sentences, no two alike, unlabelled: the noun filter is to be asked, as for captions. */
bool mini_make_sentences(Dataset *d, size_t count, Captions *captions, Error *err);
