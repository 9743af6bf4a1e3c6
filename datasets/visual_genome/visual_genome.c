/* The pictures come in two archives, which some people unpack into one folder. */
#include "datasets/visual_genome/visual_genome.h"

#include <stdlib.h>

char *visual_genome_place(const PictureList *pictures, const char *name)
{
    char *second = xformat("VG_100K_2/%s", name), *path = path_join(pictures->folder, second);
    const bool there = path_exists(path);
    free(path);
    if (there) return second;
    free(second);
    return xformat("VG_100K/%s", name);
}
