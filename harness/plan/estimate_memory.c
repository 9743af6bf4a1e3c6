/* The program itself, weights as float32 twice (as they are read, as oneDNN packs them), what is read and what is
 * written, and what a batch of pictures takes on its way through a U-Net. */
#include "harness/plan/estimate_memory.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double program_bytes = 400e6, bytes_a_drawn_pixel = 8192, read_most = 2e9;
enum { DEPTH = 2 };

/* Of a file, or of all files in a folder and the folders in it: from above, where a folder holds one model twice. */
static double size_on_disk(const char *path, int depth)
{
    struct stat info;
    if (!path || stat(path, &info) != 0) return 0;
    if (S_ISREG(info.st_mode)) return (double)info.st_size;
    DIR *folder = S_ISDIR(info.st_mode) && depth < DEPTH ? opendir(path) : NULL;
    if (!folder) return 0;
    double bytes = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        char *inner = path_join(path, entry->d_name);
        bytes += size_on_disk(inner, depth + 1);
        free(inner);
    }
    closedir(folder);
    return bytes;
}

static const OpenModel *model_of(const Stage *s)
{
    if (s->kind == &stage_encode_image) return ((const EncodeImageParameters *)s->parameters)->model;
    if (s->kind == &stage_encode_text) return ((const EncodeTextParameters *)s->parameters)->model;
    if (s->kind == &stage_train || s->kind == &stage_score) return ((const MethodParameters *)s->parameters)->model;
    return NULL;
}

static const Generator *generator_in(const Stage *s)
{
    if (s->kind == &stage_generate) return &((const GenerateParameters *)s->parameters)->generator;
    if (s->kind == &stage_judge) return &((const JudgeParameters *)s->parameters)->generator;
    return NULL;
}

static double weights_of(const Stage *s)
{
    const OpenModel *open = model_of(s);
    const Generator *g = generator_in(s);
    if (g) return 2 * size_on_disk(g->model->diffusion, 0);
    return open && open->model ? 2 * size_on_disk(open->model->clip, 0) : 0;
}

double estimate_memory(const Stage *s, bool shards)
{
    if (!s) return 2 * program_bytes;
    double bytes = program_bytes + weights_of(s), read = 0;
    const Generator *g = generator_in(s);
    if (g) bytes += bytes_a_drawn_pixel * (double)(g->batch * g->width * g->height);
    for (size_t i = 0; i < s->input_count; i++) read += s->inputs[i].stage->expected.bytes;
    bytes += fmin(read, read_most);
    const bool cut = s->kind->shards && s->kind->shards->count(s, s->units ? s->units : 1) > 1;
    if (!g) bytes += shards || cut ? fmin(s->expected.bytes, read_most / 4) : s->expected.bytes;
    return bytes;
}
