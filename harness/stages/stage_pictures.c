/* Three sources behind one pair of functions. Drawn pictures are read a window at a time: encoding goes through them
 * from front to back, and all of them would be gigabytes. */
#include "harness/stages/stage_pictures.h"

#include <stdlib.h>
#include <string.h>

static const size_t window_bytes = (size_t)16 << 20;

static void open_split(Pictures *p, const Split *split)
{
    p->names = xcalloc(split->count, sizeof *p->names);
    for (; p->count < split->count; p->count++) p->names[p->count] = xstrdup(split->files[p->count]);
}

static bool open_drawn(Pictures *p, const Stage *generate, Error *err)
{
    ArtifactShape s;
    p->drawn = artifact_open(generate->path, err);
    if (!p->drawn || !artifact_shape(p->drawn, "images", &s, err)) return false;
    if (s.rank != 4 || s.dim[3] != 3 || !s.count)
        return fail(err, "%s: images of the shape [n, height, width, 3] are needed; delete the file and run again",
                    generate->path);
    p->height = s.dim[1], p->width = s.dim[2];
    p->window_most = window_bytes / (s.count / s.dim[0]);
    if (p->window_most < 1) p->window_most = 1;
    if (!big_alloc(&p->window, p->window_most, s.count / s.dim[0], "pictures", err)) return false;
    p->names = xcalloc(s.dim[0], sizeof *p->names);
    for (; p->count < s.dim[0]; p->count++) p->names[p->count] = xformat("generated/%05zu", p->count);
    return true;
}

/* Those whose caption names a class. */
static bool open_files(Pictures *p, const Stage *captions, Error *err)
{
    const Captions *all = p->parameters->own;
    ArtifactReader *r = artifact_open(captions->path, err);
    int32_t *source = NULL;
    size_t count = 0;
    bool good = r && artifact_read_int32(r, "source", 1, &count, &source, err);
    artifact_close(r);
    if (good) p->names = xcalloc(count, sizeof *p->names), p->paths = xcalloc(count, sizeof *p->paths);
    for (; good && p->count < count; p->count++) {
        const int32_t at = source[p->count];
        if (at < 0 || (size_t)at >= all->count || !all->files) {
            good = fail(err, "%s: does not fit the data set %s; delete the file and run again", captions->path,
                        dataset_name(p->parameters->dataset));
            break;
        }
        p->names[p->count] = xstrdup(all->files[at]);
        p->paths[p->count] = xstrdup(all->files[at]);
    }
    free(source);
    return good;
}

bool pictures_open(Pictures *p, const Stage *s, Error *err)
{
    *p = (Pictures){.parameters = s->parameters};
    if (p->parameters->own) return open_files(p, stage_input(s, ROLE_CAPTIONS), err);
    if (!p->parameters->split) return open_drawn(p, stage_input(s, ROLE_DRAWN), err);
    open_split(p, p->parameters->split);
    return true;
}

static bool load_drawn(Pictures *p, size_t i, Image *image, Error *err)
{
    const size_t bytes = p->height * p->width * 3;
    if (i < p->window_first || i >= p->window_first + p->window_count) {
        const size_t count = p->count - i < p->window_most ? p->count - i : p->window_most;
        p->window_count = 0;
        if (!artifact_read_byte_rows(p->drawn, "images", i, count, p->window, err)) return false;
        p->window_first = i, p->window_count = count;
    }
    *image = (Image){p->width, p->height, xmalloc(bytes)};
    memcpy(image->pixels, p->window + (i - p->window_first) * bytes, bytes);
    return true;
}

bool pictures_load(Pictures *p, size_t i, Image *image, Error *err)
{
    if (p->drawn) return load_drawn(p, i, image, err);
    if (p->paths ? image_read(p->paths[i], image, err)
                 : dataset_image(p->parameters->dataset, p->parameters->split_name, i, image, err))
        return true;
    return err->of_content && fail_also(err, "or leave such pictures out with \"skip_damaged\": true in the data set");
}

void pictures_close(Pictures *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->names[i]);
        if (p->paths) free(p->paths[i]);
    }
    free(p->names);
    free(p->paths);
    free(p->window);
    artifact_close(p->drawn);
    *p = (Pictures){0};
}
