/* Labelled pictures as a reader of a public data set gathers them, until they are a split. Inside this room only. */
#pragma once

#include "datasets/dataset_internal.h"

typedef struct PictureList {
    Dataset *data;
    const char **files; /* [count] relative to `folder`, in the data set's arena */
    int8_t *labels;     /* [count, classes] */
    size_t count, capacity;
    char *folder; /* where the files are; owned */
} PictureList;

void picture_list_free(PictureList *list);
/* Adds a picture. Its labels, all -1, stand at picture_labels(list, list->count - 1). */
void picture_list_add(PictureList *list, const char *file);
static inline int8_t *picture_labels(const PictureList *list, size_t i)
{
    return list->labels + i * list->data->class_count;
}
/* Keeps the pictures that have a positive label. */
void picture_list_keep_labelled(PictureList *list);

/* Moves the list into a split: the first `limit` of them. Pictures that are not there are left out, by name (Split.left_out), of a kind that
 * loses pictures; of others they are a sentence with how many and which. The fingerprint is of the classes, the names, the
 * labels and the sizes of the pictures in bytes: what is published does not change but by damage. `what` is the list, for
 * sentences. Fails on: an empty list, missing pictures, none that is there. */
bool picture_list_to_split(PictureList *list, const char *what, Split *split, Error *err);
