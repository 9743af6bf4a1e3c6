/* Where the pictures of an encode-image stage come from:
 *     a split of the data set
 *     drawn ones, read from the artifact (ROLE_DRAWN) a window at a time
 *     the data set's own, whose list of images takes the place of the generate stage: the files of those whose caption
 *     (ROLE_CAPTIONS) names a class */
#pragma once

#include "harness/stages/stage_kinds.h"

typedef struct Pictures {
    size_t count;
    char **names; /* [count] for the artifact's `files` */
    const EncodeImageParameters *parameters;
    char **paths; /* [count] of image files; NULL: not from files */
    ArtifactReader *drawn;
    size_t height, width;
    uint8_t *window; /* pictures window_first ... of `drawn` */
    size_t window_first, window_count, window_most;
} Pictures;

/* Free with pictures_close, also after a failure. */
bool pictures_open(Pictures *p, const Stage *s, Error *err);
bool pictures_load(Pictures *p, size_t i, Image *image, Error *err); /* caller frees */
void pictures_close(Pictures *p);
