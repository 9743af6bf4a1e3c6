/* Where the pictures of an encode-image stage come from, by its inputs:
 *     none       a split of the data set
 *     generate   drawn pictures, read from the artifact a window at a time
 *     captions   image files of a data set whose list of images takes the place of the generate stage, those whose caption names
 *                a class */
#pragma once

#include "harness/stages/stage.h"

typedef struct Pictures {
    size_t count;
    char **names; /* [count] for the artifact's `files` */
    Session *session;
    const Stage *stage;
    char **paths; /* [count] of image files; NULL: not from files */
    ArtifactReader *drawn;
    size_t height, width;
    uint8_t *window; /* pictures window_first ... of `drawn` */
    size_t window_first, window_count, window_most;
} Pictures;

/* Free with pictures_close, also after a failure. */
bool pictures_open(Pictures *p, Session *session, const Stage *s, Error *err);
bool pictures_load(Pictures *p, size_t i, Image *image, Error *err); /* caller frees */
void pictures_close(Pictures *p);
