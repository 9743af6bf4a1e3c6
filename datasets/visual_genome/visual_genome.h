/* What the readers of Visual Genome share. Inside this room only. */
#pragma once

#include "datasets/picture_list.h"

#define VISUAL_GENOME_PICTURES                                                                                         \
    {"images.zip", "10 GB", "unzip in VG: VG/VG_100K"},                                                                \
    {                                                                                                                  \
        "images2.zip", "5 GB", "unzip in VG: VG/VG_100K_2"                                                             \
    }
#define VISUAL_GENOME_PLACES                                                                                           \
    ((const char *const[]){"VG", "VisualGenome", "visual_genome", "vg", "VG256", "vg256", "", NULL})
#define VISUAL_GENOME_SOURCE "https://homes.cs.washington.edu/~ranjay/visualgenome/"

/* Where a picture lies under the list's folder: in VG_100K or VG_100K_2, the first when it is in neither. Caller frees. */
char *visual_genome_place(const PictureList *pictures, const char *name);
