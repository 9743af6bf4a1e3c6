/* What all layouts share: finding the layout, fetching tensors with their shape and numbers checked, the fingerprint.
 * The list of weights is gone through twice, first without taking memory, so that a file that lacks something says so
 * at once and not after gigabytes. */
#include "harness/clip/checkpoint.h"

#include "harness/base/hash.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool checkpoint_has_file(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    const bool there = path_is_folder(folder) && path_exists(path);
    free(path);
    return there;
}

bool checkpoint_open_weights(Checkpoint *c, const char *name, Error *err)
{
    c->weights_path = name ? path_join(c->path, name) : xstrdup(c->path);
    c->tensors = tensor_file_open(c->weights_path, err);
    /* An index file only says which shard holds what, so it is no part of the fingerprint; the shards are. */
    return c->tensors != NULL;
}

JsonFile *checkpoint_read_json(Checkpoint *c, const char *name, Error *err)
{
    char *path = path_join(c->path, name);
    JsonFile *file = json_read(path, err);
    text_list_add(&c->files, path);
    free(path);
    return file;
}

const TensorView *checkpoint_find(const Checkpoint *c, const char *format, ...)
{
    char name[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return tensor_file_find(c->tensors, name);
}

static const TensorView *need(const Checkpoint *c, const char *name, Error *err)
{
    const TensorView *view = tensor_file_find(c->tensors, name);
    if (c->asked) text_list_add(c->asked, name);
    if (!view) fail(err, "%s: the tensor \"%s\" is missing; this is not the whole of a CLIP", c->weights_path, name);
    return view;
}

static Shape view_shape(const TensorView *view)
{
    Shape s = {.rank = view->rank < SHAPE_MAX ? view->rank : SHAPE_MAX};
    for (int i = 0; i < s.rank; i++) s.dim[i] = view->dim[i];
    return s;
}

static bool all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

bool checkpoint_tensor(const Checkpoint *c, const char *name, Shape s, float *values, Error *err)
{
    char have[96], want[96];
    const TensorView *view = need(c, name, err);
    if (!view) return false;
    const bool fits = view->rank <= SHAPE_MAX && shape_equal(view_shape(view), s);
    if (!fits && !(s.rank == 0 && view->count == 1))
        return fail(err, "%s: the tensor \"%s\" has the shape %s%s, %s is needed", view->file, name,
                    shape_text(view_shape(view), have), view->rank > SHAPE_MAX ? " and more" : "", shape_text(s, want));
    if (view->type != TENSOR_F32 && view->type != TENSOR_F16 && view->type != TENSOR_BF16)
        return fail(err, "%s: the tensor \"%s\" must be of float32, float16 or bfloat16", view->file, name);
    if (!values) return true;
    if (!tensor_to_float(view, values, err)) return false;
    tensor_let_go(view);
    /* A relu makes zero of NaN, so that results would look sound. */
    return all_finite(values, view->count) ||
           fail(err, "%s: the tensor \"%s\" holds NaN or infinity; fetch it again or go back to an earlier state",
                view->file, name);
}

bool checkpoint_transposed(const Checkpoint *c, const char *name, Shape s, float *values, Error *err)
{
    const size_t rows = s.dim[0], columns = s.dim[1];
    float *stored = NULL;
    bool good = checkpoint_tensor(c, name, shape(columns, rows), NULL, err);
    if (!good || !values) return good;
    good = big_alloc(&stored, rows * columns, sizeof *stored, name, err) &&
           checkpoint_tensor(c, name, shape(columns, rows), stored, err);
    for (size_t r = 0; r < rows && good; r++)
        for (size_t k = 0; k < columns; k++) values[r * columns + k] = stored[k * rows + r];
    free(stored);
    return good;
}

bool checkpoint_fetch_openai(const Checkpoint *c, const WeightSpec *spec, float *values, Error *err)
{
    const bool is_text = strncmp(spec->name, "visual.", 7) != 0 && strcmp(spec->name, "logit_scale") != 0;
    char *name = xformat("%s%s", is_text ? c->text_prefix : "", spec->name);
    const bool good = checkpoint_tensor(c, name, spec->shape, values, err);
    free(name);
    return good;
}

bool checkpoint_dim(const Checkpoint *c, const char *name, int rank, int axis, size_t *value, Error *err)
{
    const TensorView *view = need(c, name, err);
    if (!view) return false;
    if (view->rank != rank)
        return fail(err, "%s: the tensor \"%s\" has %d dimensions, %d are needed", view->file, name, view->rank, rank);
    *value = view->dim[axis];
    return true;
}

bool checkpoint_size(Json object, const char *key, size_t otherwise, size_t *value, Error *err)
{
    int64_t number;
    if (!json_integer_or(object, key, (int64_t)otherwise, &number, err)) return false;
    if (number < 0 || number > 1 << 30) return json_fail(json_get(object, key), err, "a size from 0 to 2^30 is needed");
    *value = (size_t)number;
    return true;
}

/* ---- opening ---- */

/* SHA-256 over the digests of all files' bytes, configuration first. Names play no part: a copy is the same model. */
static bool fingerprint(Checkpoint *c, char hex[65], Error *err)
{
    for (size_t i = 0; i < tensor_file_count(c->tensors); i++) {
        const char *file = tensor_file_at(c->tensors, i)->file;
        text_list_add_once(&c->files, file);
    }
    Hash *hash = hash_new();
    bool good = true;
    for (size_t i = 0; i < c->files.count && good; i++) {
        char one[65];
        good = hash_file(c->files.items[i], one, err);
        if (good) hash_add_text(hash, one);
    }
    hash_finish(hash, hex);
    return good;
}

static bool fill(const Checkpoint *c, const CheckpointLayout *layout, const WeightList *list, Clip *clip, Error *err)
{
    for (size_t i = 0; i < list->count; i++) /* all of them, before memory is taken for the first */
        if (!layout->fetch(c, &list->items[i], NULL, err)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (!weight_alloc(&clip->weights[i], &list->items[i], false, err) ||
            !layout->fetch(c, &list->items[i], clip->weights[i].value, err))
            return false;
    return true;
}

static Clip *load(Checkpoint *c, const CheckpointLayout *layout, Error *err)
{
    if (!layout->read_config(c, err) || !config_check(&c->config, c->path, err)) return NULL;
    WeightList list;
    weight_list(&c->config, &list);
    Clip *clip = clip_alloc(&c->config, list.count, c->path);
    const bool good = fill(c, layout, &list, clip, err) && fingerprint(c, clip->fingerprint, err);
    weight_list_free(&list);
    if (!good) { /* some weights may have no name yet, so there is no index */
        clip_free(clip);
        return NULL;
    }
    clip_index_build(clip);
    clip_freeze(clip);
    return clip;
}

/* A layout is its file and its line here; the first that matches reads the checkpoint. */
#define LAYOUTS(LAYOUT)                                                                                                \
    LAYOUT(openclip)                                                                                                   \
    LAYOUT(huggingface)                                                                                                \
    LAYOUT(openai)

#define DECLARE(layout) extern const CheckpointLayout checkpoint_##layout;
LAYOUTS(DECLARE)
#define ADDRESS(layout) &checkpoint_##layout,
static const CheckpointLayout *const layouts[] = {LAYOUTS(ADDRESS) NULL};

const CheckpointLayout *const *checkpoint_layouts(void)
{
    return layouts;
}

const CheckpointLayout *checkpoint_layout_of(const char *path, Error *err)
{
    Text known = {0};
    for (size_t i = 0; layouts[i]; i++) {
        if (layouts[i]->matches(path)) {
            text_free(&known);
            return layouts[i];
        }
        text_addf(&known, "%s%s", i == 0 ? "" : layouts[i + 1] ? ", " : ", or ", layouts[i]->summary);
    }
    if (path_exists(path))
        fail(err, "%s: no CLIP there; needed is %s", path, known.data);
    else
        fail(err, "%s: no such file or folder; a CLIP's folder or file is needed", path);
    text_free(&known);
    return NULL;
}

Clip *checkpoint_load(Checkpoint *c, const CheckpointLayout *layout, Error *err)
{
    config_defaults(&c->config);
    Clip *clip = load(c, layout, err);
    text_list_free(&c->files);
    free(c->weights_path);
    return clip;
}

Clip *clip_open(const char *path, Error *err)
{
    const CheckpointLayout *layout = checkpoint_layout_of(path, err);
    if (!layout) return NULL;
    Checkpoint c = {.path = path, .text_prefix = "", .image_prefix = ""};
    Clip *clip = checkpoint_load(&c, layout, err);
    tensor_file_close(c.tensors);
    return clip;
}
