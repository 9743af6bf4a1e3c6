/* Writers and readers of one layout beside each other, so that they stay alike. Readers check what indexing relies on:
 * offsets must rise to the number of tokens, the grid must give as many positions as there are. */
#include "harness/stages/features.h"

#include "harness/experiments/protocol.h"

#include <stdlib.h>
#include <string.h>

static void put_local(ArtifactWriter *w, int rank, const size_t *dim, const float *local, bool half)
{
    if (local) (half ? artifact_write_halves : artifact_write_floats)(w, "local", rank, dim, local);
}

void image_features_put(ArtifactWriter *w, const ImageFeatures *f, const char *const *files, bool half)
{
    artifact_write_floats(w, "global", 2, (size_t[]){f->count, f->width}, f->global);
    put_local(w, 3, (size_t[]){f->count, f->positions, f->width}, f->local, half);
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, (int32_t[]){(int32_t)f->rows, (int32_t)f->columns});
    if (files) artifact_write_texts(w, "files", f->count, files);
}

void left_out_put(ArtifactWriter *w, const LeftOut *left)
{
    if (!left->count) return;
    artifact_write_texts(w, "left_out", left->count, left->files);
    artifact_write_texts(w, "left_out_reasons", left->count, left->reasons);
}

void text_offsets_put(ArtifactWriter *w, const size_t *offsets, size_t count)
{
    int64_t *values = xmalloc((count + 1) * sizeof *values);
    for (size_t i = 0; i <= count; i++) values[i] = (int64_t)offsets[i];
    artifact_write_int64(w, "offsets", 1, (size_t[]){count + 1}, values);
    free(values);
}

void text_features_put(ArtifactWriter *w, const TextFeatures *f, const char *const *texts, bool half)
{
    const size_t tokens = f->offsets[f->count];
    artifact_write_floats(w, "global", 2, (size_t[]){f->count, f->width}, f->global);
    if (tokens) { /* captions that were taken over may have none */
        put_local(w, 2, (size_t[]){tokens, f->width}, f->local, half);
        text_offsets_put(w, f->offsets, f->count);
        artifact_write_int32(w, "tokens", 1, (size_t[]){tokens}, f->tokens);
    }
    if (texts) artifact_write_texts(w, "texts", f->count, texts);
}

void preprocessing_describe(cJSON *config, const Preprocessing *p)
{
    char *words = preprocessing_words(p);
    cJSON_AddNumberToObject(config, "size", (double)p->side);
    cJSON_AddStringToObject(config, "resize", resize_word(preprocessing_rule(p)));
    if (words) cJSON_AddStringToObject(config, "preprocessing", words);
    free(words);
}

bool image_features_write(const char *path, const Clip *clip, const EncodeOptions *o, const ImageFeatures *f,
                          const char *const *files, const LeftOut *left_out, Error *err)
{
    Preprocessing p;
    if (!clip_preprocessing(clip, o, &p, err)) return false;
    cJSON *config = cJSON_CreateObject();
    cJSON_AddStringToObject(config, "clip", clip->path);
    cJSON_AddStringToObject(config, "clip_sha256", clip->fingerprint);
    preprocessing_describe(config, &p);
    cJSON_AddStringToObject(config, "pool_position", position_word(o->position));
    arithmetic_describe(o->arithmetic, ARITHMETIC_ALL, config);
    char *text = json_canonical(config);
    cJSON_Delete(config);
    ArtifactWriter *w = artifact_create(path, text, err);
    free(text);
    if (!w) return false;
    image_features_put(w, f, files, false);
    left_out_put(w, left_out);
    return artifact_commit(w, err);
}

bool text_features_write(const char *path, const Clip *clip, Arithmetic arithmetic, const TextFeatures *f,
                         const char *const *texts, Error *err)
{
    cJSON *config = cJSON_CreateObject();
    cJSON_AddStringToObject(config, "clip", clip->path);
    cJSON_AddStringToObject(config, "clip_sha256", clip->fingerprint);
    arithmetic_describe(arithmetic, ARITHMETIC_PRODUCTS, config);
    char *text = json_canonical(config);
    cJSON_Delete(config);
    ArtifactWriter *w = artifact_create(path, text, err);
    free(text);
    if (!w) return false;
    text_features_put(w, f, texts, false);
    return artifact_commit(w, err);
}

static void append_rows(void *context, const void *values, size_t bytes)
{
    row_file_append(context, values, bytes);
}

/* `rows` rows of `local`, whose shape is `dim`: into memory or into a file, by their size. */
static bool read_local(const ArtifactReader *r, int rank, size_t *dim, const char *scratch, size_t memory,
                       float **local, RowFile **file, Error *err)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, dim[i], &bytes)) bytes = SIZE_MAX;
    if (bytes <= memory) return artifact_read_floats(r, "local", rank, dim, local, err);
    const bool half = artifact_is_half(r, "local");
    RowFile *f = row_file_new(scratch, dim[rank - 1], half, err);
    if (!f) return false;
    if (!artifact_stream_floats(r, "local", rank, dim, half, append_rows, f, err)) {
        row_file_free(f);
        return false;
    }
    if (!row_file_finish(f, err)) return false;
    *file = f;
    return true;
}

static bool read_grid(const ArtifactReader *r, ImageFeatures *f, Error *err)
{
    int32_t *grid = NULL;
    size_t dim[1] = {2};
    if (!artifact_read_int32(r, "grid", 1, dim, &grid, err)) return false;
    const bool good = grid[0] > 0 && grid[1] > 0;
    if (good) f->rows = (size_t)grid[0], f->columns = (size_t)grid[1];
    free(grid);
    return good || fail(err, "%s: grid: two positive numbers, rows and columns, are needed", artifact_path(r));
}

static bool read_image_features(const ArtifactReader *r, bool want_local, const char *scratch, size_t memory,
                                ImageFeatures *f, Error *err)
{
    size_t global[2] = {0, 0};
    if (!artifact_read_floats(r, "global", 2, global, &f->global, err) || !read_grid(r, f, err)) return false;
    f->count = global[0], f->width = global[1], f->positions = f->rows * f->columns;
    if (!want_local) return true;
    size_t local[3] = {f->count, f->positions, f->width};
    return read_local(r, 3, local, scratch, memory, &f->local, &f->local_rows, err);
}

bool image_features_read(const char *path, bool want_local, const char *scratch, size_t memory, ImageFeatures *f,
                         Error *err)
{
    *f = (ImageFeatures){0};
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    const bool good = read_image_features(r, want_local, scratch, memory, f, err);
    artifact_close(r);
    if (!good) image_features_free(f);
    return good;
}

static bool read_offsets(const ArtifactReader *r, TextFeatures *f, size_t tokens, Error *err)
{
    int64_t *offsets = NULL;
    size_t dim[1] = {f->count + 1};
    if (!artifact_read_int64(r, "offsets", 1, dim, &offsets, err)) return false;
    f->offsets = xmalloc((f->count + 1) * sizeof *f->offsets);
    bool rising = offsets[0] == 0 && offsets[f->count] == (int64_t)tokens;
    for (size_t i = 0; i <= f->count && rising; i++) {
        rising = i == 0 || offsets[i] >= offsets[i - 1];
        f->offsets[i] = rising ? (size_t)offsets[i] : 0;
    }
    free(offsets);
    return rising || fail(err, "%s: offsets do not rise from 0 to the %zu tokens", artifact_path(r), tokens);
}

static bool read_text_features(const ArtifactReader *r, bool want_local, const char *scratch, size_t memory,
                               TextFeatures *f, Error *err)
{
    size_t global[2] = {0, 0}, tokens[1] = {0};
    if (!artifact_read_floats(r, "global", 2, global, &f->global, err)) return false;
    f->count = global[0], f->width = global[1];
    if (!artifact_has(r, "tokens") && !want_local) { /* taken over from a file without: no positions */
        f->offsets = xcalloc(f->count + 1, sizeof *f->offsets);
        return true;
    }
    if (!artifact_read_int32(r, "tokens", 1, tokens, &f->tokens, err) || !read_offsets(r, f, tokens[0], err))
        return false;
    if (!want_local) return true;
    size_t local[2] = {tokens[0], f->width};
    return read_local(r, 2, local, scratch, memory, &f->local, &f->local_rows, err);
}

bool text_features_read(const char *path, bool want_local, const char *scratch, size_t memory, TextFeatures *f,
                        Error *err)
{
    *f = (TextFeatures){0};
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    const bool good = read_text_features(r, want_local, scratch, memory, f, err);
    artifact_close(r);
    if (!good) text_features_free(f);
    return good;
}

bool encode_size_check(const Clip *clip, size_t size, Error *err)
{
    const ClipConfig *c = &clip->config;
    size_t step = c->patch;
    if (c->is_resnet) { /* the stem halves twice, every stage but the first once more */
        step = 4;
        for (size_t i = 1; i < c->stages; i++) step *= 2;
    }
    if (size == 0 || step == 0 || size % step == 0) return true;
    return fail_usage(err, "size %zu: the image tower of %s takes multiples of %zu", size, clip->path, step);
}
