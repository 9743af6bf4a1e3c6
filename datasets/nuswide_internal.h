/* Inside the reader of NUS-WIDE. */
#pragma once

#include "datasets/picture_list.h"
#include "datasets/public_root.h"

typedef struct NusWide {
    PublicRoot root;
    const char *test_set;
    const size_t *columns; /* [1000] of "zsl925-81": the class of each tag */
} NusWide;

/* The first of these files that is there; NULL, with a sentence about `what`, when none is. */
const char *nuswide_find(Dataset *d, const char *const *names, const char *what, Error *err);

/* nuswide_tags.c: the classes of "zsl925-81", and the labels of its first 925 from the users' tags (NUS_WID_Tags/Test_Tags1k.dat, a line
 * of 1000 zeros and ones a picture). */
bool nuswide_read_tags(Dataset *d, const char *path, Error *err);
bool nuswide_read_tag_labels(PictureList *list, const char *part, Error *err);
