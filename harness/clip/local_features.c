/* Local features, wherever they lie: in memory, or in a file when they are too many for it. Whoever reads them asks here, a few
 * images or texts at a time. */
#include "harness/base/memory.h"
#include "harness/clip/clip.h"

#include <string.h>

bool image_has_local(const ImageFeatures *f)
{
    return (f->local || f->local_rows) && f->positions > 0;
}

void image_local_copy(const ImageFeatures *f, size_t first, size_t count, float *values)
{
    const size_t image = f->positions * f->width;
    if (f->local)
        memcpy(values, f->local + first * image, count * image * sizeof *values);
    else
        row_file_read(f->local_rows, first * f->positions, count * f->positions, values);
}

const float *image_local(const ImageFeatures *f, size_t first, size_t count, float *room)
{
    if (f->local) return f->local + first * f->positions * f->width;
    image_local_copy(f, first, count, room);
    return room;
}

bool image_local_room(const ImageFeatures *f, size_t count, float **room, Error *err)
{
    *room = NULL;
    return f->local || big_alloc(room, count * f->positions, f->width * sizeof **room, "local image features", err);
}

bool text_has_local(const TextFeatures *f)
{
    return f->local || f->local_rows;
}

void text_local_copy(const TextFeatures *f, size_t i, float *values)
{
    const size_t first = f->offsets[i], count = f->offsets[i + 1] - first;
    if (f->local)
        memcpy(values, f->local + first * f->width, count * f->width * sizeof *values);
    else
        row_file_read(f->local_rows, first, count, values);
}
