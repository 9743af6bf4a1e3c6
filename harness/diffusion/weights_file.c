/* Weights in files: finding, checking, loading on demand, writing. */
#include "harness/diffusion/diffusion_weights.h"
#include "harness/io/safetensors.h"

#include "harness/base/hash.h"
#include "harness/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEM "diffusion_pytorch_model"

/* Kinds of files in the order in which they are preferred: safetensors before PyTorch's own, whole files before shards, full precision
 * before a variant (STEM.fp16.safetensors). */
enum { RANK_NONE = 8 };

/* 0 for the file that is preferred, RANK_NONE for none of ours. A shard "STEM-00001-of-00002.safetensors" is found by its index. */
static int rank_of(const char *name)
{
    static const char *const endings[] = {".safetensors", ".bin"};
    if (!text_begins(name, STEM ".") || strstr(name, "-of-")) return RANK_NONE;
    for (int i = 0; i < 2; i++) {
        const char *rest = name + strlen(STEM), *index = ".index.";
        const bool plain = text_begins(rest, endings[i]);
        const char *after = rest + strlen(endings[i]);
        if (plain && !*after) return 4 * i;
        if (plain && strcmp(after, ".index.json") == 0) return 4 * i + 1;
        if (text_ends(rest, endings[i])) return 4 * i + 2;
        if (plain && text_begins(after, index) && text_ends(after, ".json")) return 4 * i + 3;
    }
    return RANK_NONE;
}

/* NULL and a sentence when there is none. Among several variants the first by name, so that the choice is always the same. */
char *weights_path(const char *folder, Error *err)
{
    DIR *directory = opendir(folder);
    if (!directory) {
        fail(err, "%s: %s; a folder with config.json and " STEM ".safetensors is needed", folder, strerror(errno));
        return NULL;
    }
    char *best = NULL;
    for (struct dirent *entry; (entry = readdir(directory));) {
        const char *name = entry->d_name;
        const int rank = rank_of(name), so_far = best ? rank_of(best) : RANK_NONE;
        if (rank > so_far || rank == RANK_NONE || (rank == so_far && strcmp(name, best) >= 0)) continue;
        free(best);
        best = xstrdup(name);
    }
    closedir(directory);
    char *path = best ? path_join(folder, best) : NULL;
    if (!best) fail(err, "%s: no " STEM ".safetensors or .bin there (nor an index of shards, nor a variant)", folder);
    free(best);
    return path;
}

/* ---- checking ---- */

/* Names that VAEs had before diffusers 0.18, beside today's. */
static const struct {
    const char *today, *before;
} old_names[] = {{".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};

static const TensorView *find_old(const TensorFile *st, const char *name)
{
    for (size_t i = 0; i < sizeof old_names / sizeof *old_names; i++) {
        const char *at = strstr(name, old_names[i].today);
        if (!at) continue;
        char *old = xformat("%.*s%s%s", (int)(at - name), name, old_names[i].before, at + strlen(old_names[i].today));
        const TensorView *view = tensor_file_find(st, old);
        free(old);
        return view;
    }
    return NULL;
}

static Shape view_shape(const TensorView *view)
{
    Shape s = {.rank = view->rank < SHAPE_MAX ? view->rank : SHAPE_MAX};
    for (int i = 0; i < s.rank; i++) s.dim[i] = view->dim[i];
    return s;
}

/* A matrix that the file has as a 1x1 convolution: old VAEs, and single files. */
static bool is_flat_conv(Shape have, Shape want)
{
    return want.rank == 2 && have.rank == 4 && have.dim[2] == 1 && have.dim[3] == 1 && have.dim[0] == want.dim[0] &&
           have.dim[1] == want.dim[1];
}

/* An exponent of ones is infinity or not a number. */
static bool halves_finite(const unsigned char *data, size_t count, uint16_t exponent)
{
    bool finite = true;
#pragma omp parallel for schedule(static) reduction(&& : finite)
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, data + 2 * i, 2);
        finite = finite && (bits & exponent) != exponent;
    }
    return finite;
}

static bool floats_finite(const unsigned char *data, size_t count)
{
    bool finite = true;
#pragma omp parallel for schedule(static) reduction(&& : finite)
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, data + 4 * i, 4);
        finite = finite && (bits & 0x7f800000u) != 0x7f800000u;
    }
    return finite;
}

static bool check_finite(const TensorView *view, Error *err)
{
    const unsigned char *data = tensor_data(view, err);
    if (!data) return false;
    const bool finite = view->type == TENSOR_F32
                            ? floats_finite(data, view->count)
                            : halves_finite(data, view->count, view->type == TENSOR_F16 ? 0x7c00 : 0x7f80);
    tensor_let_go(view);
    return finite ||
           fail(err, "%s: the tensor \"%s\" has a NaN or an infinity; the file is damaged or not trained well",
                view->file, view->name);
}

static const TensorView *find_view(const TensorFile *tensors, const Parameter *p)
{
    const TensorView *view = tensor_file_find(tensors, p->name);
    return view ? view : find_old(tensors, p->name);
}

static bool fits(const TensorView *view, const Parameter *p, Error *err)
{
    char have[96], want[96];
    const Shape s = view_shape(view);
    if (view->rank > SHAPE_MAX || !(shape_equal(s, p->shape) || is_flat_conv(s, p->shape)))
        return fail(err, "%s: the tensor \"%s\" has the shape %s%s, its configuration asks for %s", view->file,
                    view->name, shape_text(s, have), view->rank > SHAPE_MAX ? " and more" : "",
                    shape_text(p->shape, want));
    if (view->type != TENSOR_F32 && view->type != TENSOR_F16 && view->type != TENSOR_BF16)
        return fail(err, "%s: the tensor \"%s\" is of type %s; F32, F16 or BF16 is needed", view->file, view->name,
                    tensor_type_name(view->type));
    return true;
}

static const TensorView *checked_view(const WeightSet *set, const Parameter *p, Error *err)
{
    const TensorView *view = find_view(set->tensors, p);
    if (!view) {
        fail(err, "%s: the tensor \"%s\" is missing; its configuration asks for it", set->file, p->name);
        return NULL;
    }
    return fits(view, p, err) && check_finite(view, err) ? view : NULL;
}

/* Parameter.load */
static bool load(Parameter *p, Error *err)
{
    const TensorView *view = p->source;
    if (!big_alloc(&p->value, view->count, sizeof *p->value, p->name, err)) return false;
    const bool good = tensor_to_float(view, p->value, err);
    tensor_let_go(view);
    return good;
}

bool weights_stand_as_half(const Parameter *p)
{
    return p->load == load && ((const TensorView *)p->source)->type == TENSOR_F16;
}

/* Every tensor of the file serves exactly one weight, so more tensors than weights means some serve none. */
static bool nothing_left_over(const WeightSet *set, Error *err)
{
    if (tensor_file_count(set->tensors) == set->count) return true;
    for (size_t i = 0; i < tensor_file_count(set->tensors); i++) {
        const TensorView *view = tensor_file_at(set->tensors, i);
        bool used = false;
        for (size_t k = 0; k < set->count && !used; k++) used = set->weights[k].source == view;
        if (!used)
            return fail(err, "%s: the tensor \"%s\" has no place in the model that its configuration describes",
                        view->file, view->name);
    }
    return true;
}

static bool take_tensors(WeightSet *set, Error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        Parameter *p = &set->weights[i];
        p->source = checked_view(set, p, err);
        p->load = load;
        if (!p->source) return false;
    }
    return nothing_left_over(set, err);
}

void weights_survey(const WeightSet *set, const TensorFile *tensors, WeightSurvey *survey)
{
    const size_t count = tensor_file_count(tensors);
    bool *used = xcalloc(count + 1, sizeof *used);
    const TensorView *first = tensor_file_at(tensors, 0);
    *survey = (WeightSurvey){.missing = {0}};
    for (size_t i = 0; i < set->count; i++) {
        const TensorView *view = find_view(tensors, &set->weights[i]);
        Error why;
        if (!view)
            text_list_add(&survey->missing, set->weights[i].name);
        else if (!fits(view, &set->weights[i], &why))
            text_list_add(&survey->wrong, why.text);
        if (view) used[view - first] = true;
    }
    for (size_t i = 0; i < count; i++)
        if (!used[i]) text_list_add(&survey->unknown, tensor_file_at(tensors, i)->name);
    free(used);
}

void weight_survey_free(WeightSurvey *survey)
{
    text_list_free(&survey->missing);
    text_list_free(&survey->unknown);
    text_list_free(&survey->wrong);
}

bool weights_open(WeightSet *set, const char *folder, Error *err)
{
    set->folder = xstrdup(folder);
    set->file = weights_path(folder, err);
    if (!set->file) return false;
    set->tensors = tensor_file_open(set->file, err);
    return set->tensors && take_tensors(set, err);
}

bool weights_from_tensors(WeightSet *set, TensorFile *tensors, const char *where, Error *err)
{
    set->tensors = tensors;
    set->file = xstrdup(where);
    return take_tensors(set, err);
}

/* ---- writing, fingerprint ---- */

bool weights_save(const WeightSet *set, const char *folder, bool half, Error *err)
{
    TensorOut *out = xcalloc(set->count + 1, sizeof *out);
    for (size_t i = 0; i < set->count; i++) {
        const Parameter *p = &set->weights[i];
        if (!p->value) die("weights_save: \"%s\" is not in memory", p->name);
        out[i] = (TensorOut){.name = p->name, .rank = p->shape.rank, .values = p->value};
        for (int k = 0; k < p->shape.rank; k++) out[i].dim[k] = p->shape.dim[k];
    }
    char *path = path_join(folder, STEM ".safetensors");
    const char *const metadata[] = {"format", "pt", NULL}; /* diffusers asks for it */
    const bool good = safetensors_write(path, out, set->count, half ? TENSOR_F16 : TENSOR_F32, metadata, err);
    free(path);
    free(out);
    return good;
}

static bool add_file(Hash *hash, const char *path, Error *err)
{
    char hex[65];
    if (!hash_file(path, hex, err)) return false;
    hash_add_text(hash, hex);
    return true;
}

bool weights_fingerprint(const WeightSet *set, char hex[65], Error *err)
{
    if (!set->folder) die("weights_fingerprint: no folder, so no configuration and files of its own");
    Hash *hash = hash_new();
    char *config = path_join(set->folder, "config.json");
    bool good = add_file(hash, config, err);
    free(config);
    TextList files = {0}; /* an index says only which shard holds what */
    for (size_t i = 0; i < tensor_file_count(set->tensors) && good; i++) {
        const char *file = tensor_file_at(set->tensors, i)->file;
        if (text_list_has(&files, file)) continue;
        text_list_add(&files, file);
        good = add_file(hash, file, err);
    }
    text_list_free(&files);
    hash_finish(hash, hex);
    return good;
}
