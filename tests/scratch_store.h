/* A scratch folder with a store in it, for tests that run experiments. */
#pragma once

#include "tests/scratch_folder.h"

#include <omp.h>

static char scratch_store[96];

/* Group set-up; the tear-down is scratch_remove. Experiments run on one thread. */
static inline int scratch_store_make(void **state)
{
    omp_set_num_threads(1);
    if (scratch_make(state) != 0) return -1;
    snprintf(scratch_store, sizeof scratch_store, "%s/store", scratch_folder);
    return 0;
}
