/* Where a public data set lies on this machine. Inside this room only. */
#pragma once

#include "datasets/dataset_internal.h"

#define COCO_CAPTIONS_ORIGINAL                                                                                         \
    {                                                                                                                  \
        "annotations_trainval2017.zip", "241 MB",                                                                      \
            "unzip in COCO: COCO/annotations; its captions_train2017.json is what methods are trained on"              \
    }

/* Keys of the entry of a public data set, behind KIND_KEY. */
#define CAPTIONS_KEYS                                                                                                  \
    {.name = "captions",                                                                                               \
     .type = KEY_TEXT,                                                                                                 \
     .help = "training captions: COCO's captions_*.json, localized narratives (.jsonl or a folder of them), .txt"},    \
    {                                                                                                                  \
        .name = "captions_per_image", .type = KEY_WHOLE, .low = 1, .high = 100, .fallback = "1",                       \
        .help = "of COCO's captions: so many an image, the first of the file"                                          \
    }
#define SKIP_DAMAGED_KEY                                                                                               \
    {                                                                                                                  \
        .name = "skip_damaged", .type = KEY_TRUTH, .fallback = "false",                                                \
        .help = "go on without pictures that cannot be decoded; results name them"                                     \
    }
#define PUBLIC_KEYS                                                                                                    \
    {.name = "root",                                                                                                   \
     .type = KEY_TEXT,                                                                                                 \
     .help = "the folder that it was unpacked in; without: what paths.json or --root says"},                           \
        CAPTIONS_KEYS, SKIP_DAMAGED_KEY

typedef struct PublicRoot {
    const char *root;     /* as it was given; NULL: nobody said */
    const char *folder;   /* the data set's own under it, one of the kind's places */
    const char *captions; /* path, or NULL: the usual one */
    size_t captions_per_image;
} PublicRoot;

/* Reads the keys above, and finds the folder: the first of the kind's places that has its sign. With d->unseen nothing is looked for and
 * folder stays NULL. Fails when it is nowhere, with what was looked for. */
bool public_root_open(Dataset *d, const DatasetSource *source, PublicRoot *root, Error *err);
/* The first of these (relative to the root or its folder "COCO"-like neighbours) that is a file or a folder; NULL when none is. In the
 * data set's arena. */
const char *public_root_find(Dataset *d, const PublicRoot *root, const char *const *names);

/* public_captions.c: training captions. `usual`: where they lie when the entry names none, relative to the root. */
bool public_captions_read(Dataset *d, const PublicRoot *root, const char *const *usual, Captions *captions, Error *err);
extern const char
    *const coco_captions[]; /* the usual ones of VOC and COCO, "one an image (118,287)" as TaI-DPT has them */
