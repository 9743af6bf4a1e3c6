/* Layers are looked up in a table of the models' own, under kohya's names. A U-Net's weight that has additions gets a loader in front of
 * its own one, which calls that and then adds the products. */
#include "harness/diffusion/lora/lora.h"

#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "harness/diffusion/lora/lora_file.h"
#include "harness/graph/onednn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A layer of a model that a LoRA may change: rows of a weight. */
typedef struct Target {
    const char *module; /* kohya's name */
    bool is_text;
    Parameter *weight;
    size_t first, rows; /* the text tower has query, key and value in one weight */
    struct Changed *changed;
} Target;

typedef struct Addition {
    const LoraLayer *layer;
    float weight;
    struct Addition *next;
} Addition;

/* What a weight of the U-Net is loaded with instead of its own loader, and `source` of it. */
typedef struct Changed {
    bool (*load)(Parameter *p, Error *err);
    const void *source;
    Addition *first, **end;
} Changed;

struct LoraSet {
    LoraFile *files;
    size_t count;
    Target *targets; /* sorted by is_text, module */
    size_t target_count, capacity;
    Arena arena;
    char fingerprint[65];
};

/* ---- the models' layers ---- */

static int by_module(const void *a, const void *b)
{
    const Target *x = a, *y = b;
    return x->is_text != y->is_text ? (int)x->is_text - (int)y->is_text : strcmp(x->module, y->module);
}

static void add_target(LoraSet *set, Target target)
{
    if (set->target_count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 512;
        set->targets = xrealloc(set->targets, set->capacity * sizeof *set->targets);
    }
    set->targets[set->target_count++] = target;
}

static void list_unet(LoraSet *set, UNet *unet)
{
    static const char end[] = ".weight";
    for (size_t i = 0; i < unet->set.count; i++) {
        Parameter *p = &unet->set.weights[i];
        if (p->shape.rank < 2 || !text_ends(p->name, end)) continue;
        char *module = arena_format(&set->arena, "%.*s", (int)(strlen(p->name) - (sizeof end - 1)), p->name);
        for (char *c = module; *c; c++)
            if (*c == '.') *c = '_';
        add_target(set, (Target){.module = module, .weight = p, .rows = p->shape.dim[0]});
    }
}

static void add_text(LoraSet *set, Clip *clip, size_t layer, const char *theirs, const char *ours, size_t part,
                     size_t parts)
{
    char *name = xformat("transformer.resblocks.%zu.%s.weight", layer, ours);
    char *in_projection = xformat("transformer.resblocks.%zu.%s_weight", layer, ours);
    Parameter *p = clip_find_weight(clip, name);
    if (!p) p = clip_weight(clip, in_projection);
    const size_t rows = p->shape.dim[0] / parts;
    add_target(set, (Target){.module = arena_format(&set->arena, "encoder_layers_%zu_%s", layer, theirs),
                             .is_text = true,
                             .weight = p,
                             .first = part * rows,
                             .rows = rows});
    free(name);
    free(in_projection);
}

static void list_text(LoraSet *set, Clip *clip)
{
    for (size_t i = 0; i < clip->config.text_layers; i++) {
        add_text(set, clip, i, "self_attn_q_proj", "attn.in_proj", 0, 3);
        add_text(set, clip, i, "self_attn_k_proj", "attn.in_proj", 1, 3);
        add_text(set, clip, i, "self_attn_v_proj", "attn.in_proj", 2, 3);
        add_text(set, clip, i, "self_attn_out_proj", "attn.out_proj", 0, 1);
        add_text(set, clip, i, "mlp_fc1", "mlp.c_fc", 0, 1);
        add_text(set, clip, i, "mlp_fc2", "mlp.c_proj", 0, 1);
    }
}

/* ---- the sum ---- */

/* values [rows, columns] += factor * up [rows, rank] down [rank, columns] */
static bool add_product(const LoraLayer *layer, float factor, size_t rows, size_t columns, float *values, Error *err)
{
    float *up = NULL, *down = NULL;
    const bool good = big_alloc(&up, rows * layer->rank, sizeof *up, layer->key, err) &&
                      big_alloc(&down, layer->rank * columns, sizeof *down, layer->key, err) &&
                      tensor_to_float(layer->up, up, err) && tensor_to_float(layer->down, down, err);
    if (good)
        onednn_sgemm(false, false, rows, columns, layer->rank, factor, up, layer->rank, down, columns, 1, values,
                     columns);
    tensor_let_go(layer->up);
    tensor_let_go(layer->down);
    free(up);
    free(down);
    return good;
}

static size_t columns_of(const Parameter *p)
{
    return shape_size(p->shape) / p->shape.dim[0];
}

/* Parameter.load */
static bool load_changed(Parameter *p, Error *err)
{
    const Changed *changed = p->source;
    p->source = changed->source;
    bool good = changed->load(p, err);
    p->source = changed;
    for (const Addition *a = changed->first; a && good; a = a->next)
        good = add_product(a->layer, a->weight * a->layer->scale, p->shape.dim[0], columns_of(p), p->value, err);
    return good;
}

static void change_unet(LoraSet *set, Target *target, const LoraLayer *layer, float weight)
{
    if (!target->changed) {
        Parameter *p = target->weight;
        target->changed = arena_alloc(&set->arena, sizeof *target->changed);
        *target->changed = (Changed){.load = p->load, .source = p->source, .end = &target->changed->first};
        p->load = load_changed;
        p->source = target->changed;
    }
    Addition *a = arena_alloc(&set->arena, sizeof *a);
    *a = (Addition){.layer = layer, .weight = weight};
    *target->changed->end = a;
    target->changed->end = &a->next;
}

/* ---- laying one file over the models ---- */

/* A 1x1 convolution is a matrix, and may stand as either in file and model. */
static bool fits(const LoraLayer *layer, const Target *target)
{
    const Shape w = target->weight->shape;
    const TensorView *down = layer->down;
    const size_t high = w.rank == 4 ? w.dim[2] : 1, wide = w.rank == 4 ? w.dim[3] : 1;
    const bool same_kernel = down->rank == 4 ? down->dim[2] == high && down->dim[3] == wide : high == 1 && wide == 1;
    return layer->up->dim[0] == target->rows && down->dim[1] == w.dim[1] && same_kernel;
}

static bool fail_shape(const LoraFile *file, const LoraLayer *layer, const Target *target, Error *err)
{
    char shape[96];
    const TensorView *down = layer->down;
    Shape have = {.rank = down->rank};
    for (int i = 0; i < have.rank; i++) have.dim[i] = down->dim[i];
    have.dim[0] = layer->up->dim[0];
    char *is = xformat("%s", shape_text(have, shape));
    Shape want = target->weight->shape;
    want.dim[0] = target->rows;
    fail(err, "%s: \"%.100s\" changes a weight of the shape %s, this model's has %s; it is a LoRA of another model",
         file->path, layer->key, is, shape_text(want, shape));
    free(is);
    return false;
}

static bool lay_over(LoraSet *set, const LoraFile *file, float weight, Error *err)
{
    for (size_t i = 0; i < file->count; i++) {
        const LoraLayer *layer = &file->layers[i];
        const Target key = {.module = layer->module, .is_text = layer->is_text};
        Target *target = bsearch(&key, set->targets, set->target_count, sizeof key, by_module);
        if (!target)
            return fail(err, "%s: \"%.100s\": the %s of this model has no such layer; it is a LoRA of another model%s",
                        file->path, layer->key, layer->is_text ? "text tower" : "U-Net",
                        strstr(layer->module, "transformer_blocks_1_") ? " (Stable Diffusion XL has such)" : "");
        if (!fits(layer, target)) return fail_shape(file, layer, target, err);
        const Parameter *p = target->weight;
        const size_t columns = columns_of(p);
        if (!layer->is_text)
            change_unet(set, target, layer, weight);
        else if (!add_product(layer, weight * layer->scale, target->rows, columns, p->value + target->first * columns,
                              err))
            return false;
    }
    return true;
}

/* ---- the set ---- */

/* "FILE=0.8" in its parts. */
static bool take_apart(const char *what, char **file, float *weight, Error *err)
{
    const char *said;
    *file = path_before_equals(what, &said);
    *weight = 1;
    if (!said) return true;
    char *end;
    *weight = strtof(said, &end);
    return (end > said && !*end && isfinite(*weight)) ||
           fail_usage(err, "%s: \"%.40s\" is no weight; FILE=WEIGHT is needed, as style.safetensors=0.8", *file, said);
}

static bool open_next(LoraSet *set, const char *what, Hash *hash, Error *err)
{
    char *path, hex[65];
    float weight;
    LoraFile *file = &set->files[set->count];
    bool good = take_apart(what, &path, &weight, err) && lora_file_open(file, path, err);
    set->count += good;
    good = good && lora_file_fingerprint(file, hex, err) && lay_over(set, file, weight, err);
    if (good) {
        hash_add_text(hash, hex);
        hash_add(hash, &weight, sizeof weight);
    }
    free(path);
    return good;
}

LoraSet *lora_set_open(const char *const *files, UNet *unet, Clip *clip, Error *err)
{
    LoraSet *set = xcalloc(1, sizeof *set);
    size_t count = 0;
    while (files[count]) count++;
    set->files = xcalloc(count + 1, sizeof *set->files);
    list_unet(set, unet);
    list_text(set, clip);
    qsort(set->targets, set->target_count, sizeof *set->targets, by_module);
    Hash *hash = hash_new();
    bool good = true;
    for (size_t i = 0; i < count && good; i++) good = open_next(set, files[i], hash, err);
    hash_finish(hash, set->fingerprint);
    if (good) return set;
    lora_set_free(set);
    return NULL;
}

void lora_set_free(LoraSet *set)
{
    if (!set) return;
    for (size_t i = 0; i < set->count; i++) lora_file_close(&set->files[i]);
    arena_free(&set->arena);
    free(set->files);
    free(set->targets);
    free(set);
}

const char *lora_set_fingerprint(const LoraSet *set)
{
    return set->fingerprint;
}
