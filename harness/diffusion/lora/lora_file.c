/* Reading a LoRA file: every name is taken apart and what belongs to one layer is brought together by sorting; then each layer's shapes
 * are held against each other and its scale is worked out, from its own alpha or from PEFT's configuration. */
#include "harness/diffusion/lora/lora_file.h"

#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "harness/clip/encode.h"
#include "harness/diffusion/lora/lora_names.h"
#include "harness/io/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES = 1 << 20 };

/* ---- the file ---- */

char *lora_file_in(const char *folder)
{
    static const char *const names[] = {"pytorch_lora_weights.safetensors", "adapter_model.safetensors",
                                        "pytorch_lora_weights.bin", "adapter_model.bin", NULL};
    return path_first_in(folder, names);
}

static char *file_of(const char *path)
{
    char *inside = lora_file_in(path);
    return inside ? inside : xstrdup(path);
}

/* PEFT's own folders say alpha in a file beside; diffusers' files in their header. */
static bool read_config(LoraFile *lora, Error *err)
{
    const TensorView *first = tensor_file_at(lora->tensors, 0);
    if (!first || strncmp(first->name, "base_model.model.", 17) != 0) return true;
    char *folder = path_folder(lora->path), *path = path_join(folder, "adapter_config.json");
    size_t length;
    const bool good = !path_exists(path) || read_file(path, CONFIG_BYTES, &lora->config, &length, err);
    free(folder);
    free(path);
    return good;
}

bool lora_file_looks(const TensorFile *tensors)
{
    bool looks = false;
    for (size_t i = 0; i < tensor_file_count(tensors) && !looks; i++) {
        const char *name = tensor_file_at(tensors, i)->name, *why;
        LoraName parsed;
        static const char *const others[] = {"lora_", "hada_", "lokr_", ".lora."};
        looks = lora_name_parse(name, &parsed, &why) && parsed.role != LORA_ALPHA;
        for (size_t k = 0; why && k < sizeof others / sizeof *others; k++) looks |= strstr(name, others[k]) != NULL;
    }
    return looks;
}

/* ---- tensors by layer ---- */

typedef struct Entry {
    const char *module;
    const TensorView *view;
    LoraRole role;
    bool is_text;
    size_t key;
} Entry;

static int by_layer(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->is_text != y->is_text) return x->is_text ? 1 : -1;
    const int order = strcmp(x->module, y->module);
    return order ? order : (int)x->role - (int)y->role;
}

static bool refuse(const LoraFile *lora, const char *name, const char *what, Error *err)
{
    if (what)
        return fail(err, "%s: \"%.100s\": %s; up and down matrices for Stable Diffusion 1 and 2 are built", lora->path,
                    name, what);
    return fail(err, "%s: \"%.100s\" is no name of a LoRA as kohya's programs, PEFT or diffusers write them",
                lora->path, name);
}

/* What is of another kind is told before what is merely unknown. */
static bool parse_names(LoraFile *lora, Entry *entries, Error *err)
{
    const char *unknown = NULL;
    for (size_t i = 0; i < tensor_file_count(lora->tensors); i++) {
        const TensorView *view = tensor_file_at(lora->tensors, i);
        const char *what;
        LoraName parsed;
        if (!lora_name_parse(view->name, &parsed, &what)) {
            if (what) return refuse(lora, view->name, what, err);
            if (!unknown) unknown = view->name;
            continue;
        }
        if (parsed.form) lora->form = parsed.form;
        entries[i] = (Entry){.module = arena_strdup(&lora->arena, parsed.module),
                             .view = view,
                             .role = parsed.role,
                             .is_text = parsed.is_text,
                             .key = parsed.key};
    }
    return unknown ? refuse(lora, unknown, NULL, err) : true;
}

/* ---- one layer ---- */

static bool is_float(const TensorView *view)
{
    return view->type == TENSOR_F32 || view->type == TENSOR_F16 || view->type == TENSOR_BF16;
}

static bool check_finite(const TensorView *view, Error *err)
{
    float *values = NULL;
    if (!is_float(view))
        return fail(err, "%s: \"%.100s\" is of type %s; F32, F16 or BF16 is needed", view->file, view->name,
                    tensor_type_name(view->type));
    bool good = big_alloc(&values, view->count, sizeof *values, view->name, err) && tensor_to_float(view, values, err);
    if (good && !all_finite(values, view->count))
        good = fail(err, "%s: \"%.100s\" has a NaN or an infinity; the file is damaged", view->file, view->name);
    tensor_let_go(view);
    free(values);
    return good;
}

static bool check_shapes(const LoraFile *lora, LoraLayer *layer, Error *err)
{
    const TensorView *up = layer->up, *down = layer->down;
    const bool flat = up && (up->rank == 2 || (up->rank == 4 && up->dim[2] == 1 && up->dim[3] == 1));
    if (!up || !down)
        return fail(err, "%s: \"%.100s\" has its %s matrix, but not the other; damaged", lora->path, layer->key,
                    up     ? "up"
                    : down ? "down"
                           : "alpha");
    if (!flat || (down->rank != 2 && down->rank != 4) || up->dim[1] != down->dim[0] || !up->count || !down->count)
        return fail(err, "%s: the shapes of \"%.100s\" do not fit: up [out, rank] and down [rank, in] are needed",
                    lora->path, layer->key);
    layer->rank = down->dim[0];
    return check_finite(up, err) && check_finite(down, err);
}

/* Some programs write 0 where they mean that it is the rank. */
static bool read_alpha(const LoraFile *lora, LoraLayer *layer, const TensorView *view, Error *err)
{
    float alpha = 0;
    const void *data = view->count == 1 ? tensor_data(view, err) : NULL;
    if (data && view->type == TENSOR_I64) {
        int64_t whole;
        memcpy(&whole, data, sizeof whole);
        alpha = (float)whole;
    } else if (!data || !is_float(view) || !tensor_to_float(view, &alpha, err) || !isfinite(alpha)) {
        return fail(err, "%s: alpha of \"%.100s\" is not one number", lora->path, layer->key);
    }
    const bool is_zero = !(alpha < 0) && !(alpha > 0);
    layer->scale = is_zero ? 1 : alpha / (float)layer->rank;
    return true;
}

/* ---- alpha in a configuration ---- */

typedef struct PeftConfig {
    JsonFile *file;
    bool beside; /* adapter_config.json: for the one model; else keys have "unet." or "text_encoder." in front */
} PeftConfig;

static Json peft_value(const PeftConfig *c, const LoraLayer *layer, const char *key)
{
    const char *model = c->beside ? "" : layer->is_text ? "text_encoder." : "unet.";
    char *full = xformat("%s%s", model, key);
    Json value = json_get(json_root(c->file), full);
    free(full);
    value.key = key;
    return value;
}

/* Keys of "alpha_pattern" are regular expressions to PEFT; plain ones, which end a layer's path, are all that programs write. */
static bool pattern_alpha(Json pattern, const char *path, double *alpha, Error *err)
{
    for (size_t i = 0; json_is_object(pattern) && i < json_count(pattern); i++) {
        const Json member = json_at(pattern, i);
        const char *key = json_key(member);
        if (strpbrk(key, "^$*+?|()[]{}\\"))
            return json_fail(member, err, "a regular expression; the plain end of a layer's path is built");
        if (text_ends_part(path, key, '.')) return json_as_number(member, alpha, err);
    }
    return true;
}

static bool peft_scale(const PeftConfig *c, LoraLayer *layer, Error *err)
{
    double alpha = (double)layer->rank;
    bool by_root = false, dora = false;
    const Json said = peft_value(c, layer, "lora_alpha"), root = peft_value(c, layer, "use_rslora"),
               decomposed = peft_value(c, layer, "use_dora");
    if ((said.node && !json_as_number(said, &alpha, err)) ||
        !pattern_alpha(peft_value(c, layer, "alpha_pattern"), layer->key, &alpha, err) ||
        (json_is_bool(root) && !json_as_bool(root, &by_root, err)) ||
        (json_is_bool(decomposed) && !json_as_bool(decomposed, &dora, err)))
        return false;
    if (dora) return json_fail(decomposed, err, "DoRA (weight-decomposed); up and down matrices alone are built");
    const double rank = (double)layer->rank;
    layer->scale = (float)(alpha / (by_root ? sqrt(rank) : rank));
    return isfinite(layer->scale) || json_fail(said, err, "alpha is no finite number");
}

/* ---- all of them ---- */

static bool make_layers(LoraFile *lora, const Entry *entries, size_t count, const PeftConfig *config, Error *err)
{
    lora->layers = arena_alloc(&lora->arena, (count + 1) * sizeof *lora->layers);
    for (size_t i = 0; i < count;) {
        const Entry *first = &entries[i];
        const TensorView *parts[LORA_ROLES] = {NULL};
        for (; i < count && entries[i].is_text == first->is_text && !strcmp(entries[i].module, first->module); i++) {
            if (parts[entries[i].role])
                return fail(err, "%s: \"%.100s\" stands for what \"%.100s\" stands for already", lora->path,
                            entries[i].view->name, parts[entries[i].role]->name);
            parts[entries[i].role] = entries[i].view;
        }
        LoraLayer *layer = &lora->layers[lora->count++];
        *layer = (LoraLayer){.key = arena_format(&lora->arena, "%.*s", (int)first->key, first->view->name),
                             .module = first->module,
                             .is_text = first->is_text,
                             .up = parts[LORA_UP],
                             .down = parts[LORA_DOWN],
                             .scale = 1};
        if (!check_shapes(lora, layer, err) ||
            (parts[LORA_ALPHA] && !read_alpha(lora, layer, parts[LORA_ALPHA], err)) ||
            (!parts[LORA_ALPHA] && config->file && !peft_scale(config, layer, err)))
            return false;
    }
    return lora->count > 0 || fail(err, "%s: no tensors, so no LoRA", lora->path);
}

static bool read_layers(LoraFile *lora, Error *err)
{
    const size_t count = tensor_file_count(lora->tensors);
    const char *metadata = tensor_file_metadata(lora->tensors, "lora_adapter_metadata");
    const char *text = lora->config ? lora->config : metadata;
    Entry *entries = xcalloc(count + 1, sizeof *entries);
    PeftConfig config = {.beside = lora->config != NULL};
    bool good = parse_names(lora, entries, err) &&
                (!text || (config.file = json_parse(lora->path, text, strlen(text), err)) != NULL);
    qsort(entries, good ? count : 0, sizeof *entries, by_layer);
    good = good && make_layers(lora, entries, count, &config, err);
    json_free(config.file);
    free(entries);
    return good;
}

bool lora_file_open(LoraFile *lora, const char *path, Error *err)
{
    *lora = (LoraFile){.path = file_of(path), .form = "kohya"};
    lora->tensors = tensor_file_open(lora->path, err);
    if (lora->tensors && read_config(lora, err) && read_layers(lora, err)) return true;
    err->exit_status = EXIT_WORK_FAILED; /* the JSON in it is data, too */
    lora_file_close(lora);
    return false;
}

void lora_file_close(LoraFile *lora)
{
    tensor_file_close(lora->tensors);
    arena_free(&lora->arena);
    free(lora->path);
    free(lora->config);
    *lora = (LoraFile){0};
}

bool lora_file_fingerprint(const LoraFile *lora, char hex[65], Error *err)
{
    char file[65];
    if (!hash_file(lora->path, file, err)) return false;
    Hash *hash = hash_new();
    hash_add_text(hash, file);
    if (lora->config) hash_add_text(hash, lora->config);
    hash_finish(hash, hex);
    return true;
}
