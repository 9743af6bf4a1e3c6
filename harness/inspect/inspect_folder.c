/* Vocabularies, data sets, pictures, and configurations by themselves. */
#include "datasets/dataset.h"
#include "harness/clip/checkpoint.h"
#include "harness/clip/tokenizer.h"
#include "harness/inspect/inspect_internal.h"
#include "harness/io/image.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- vocabularies ---- */

static const char *const vocabularies[] = {"vocab.json", "tokenizer.json", "bpe_simple_vocab_16e6.txt.gz"};

static bool has_vocabulary(const char *path)
{
    for (size_t k = 0; k < sizeof vocabularies / sizeof *vocabularies; k++)
        if (path_is_folder(path) ? inspect_has(path, vocabularies[k]) : text_ends(path, vocabularies[k])) return true;
    return false;
}

bool inspect_tokenizer(const char *path, Inspection *i)
{
    Error why;
    const bool there = has_vocabulary(path);
    const bool settings = path_is_folder(path) && inspect_has(path, "tokenizer_config.json");
    if (!there && !settings) return false;
    const bool packed = text_ends(path, ".gz") || inspect_has(path, vocabularies[2]);
    const bool one_file =
        text_ends(path, "tokenizer.json") || (path_is_folder(path) && !inspect_has(path, vocabularies[0]));
    inspection_begin(i, "tokenizer", packed ? "bpe_simple_vocab" : there && one_file ? "tokenizer.json" : "vocab.json");
    if (!there) {
        text_list_add(&i->missing, "vocab.json");
        text_list_add(&i->missing, "merges.txt");
        inspection_refuse(i, "the vocabulary is missing: settings alone are there");
        return true;
    }
    Tokenizer *t = tokenizer_open(path, &why);
    if (!t) inspection_refuse(i, why.text);
    if (t) {
        inspection_note(i, "%zu tokens, start %d, end %d", tokenizer_size(t), tokenizer_start(t), tokenizer_end(t));
        inspection_use(i, "palbench tokenize --tokenizer %s TEXT...", path);
    }
    tokenizer_free(t);
    return true;
}

/* ---- folders of pictures ---- */

static bool is_picture_name(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp"};
    const size_t length = strlen(name);
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        const size_t tail = strlen(ends[k]);
        if (length >= tail && strcasecmp(name + length - tail, ends[k]) == 0) return true;
    }
    return false;
}

bool inspect_pictures(const char *folder, Inspection *i)
{
    DIR *directory = opendir(folder);
    size_t pictures = 0, others = 0, configurations = 0;
    if (!directory) return false;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        if (is_picture_name(entry->d_name))
            pictures++;
        else
            others++;
        configurations += text_ends(entry->d_name, ".json");
    }
    closedir(directory);
    if (configurations && !pictures)
        inspection_refuse(i, "configurations (.json) without weights; each can be looked at by itself");
    if (!pictures) return false;
    inspection_begin(i, "images", inspect_has(folder, "images.jsonl") ? "generate" : NULL);
    inspection_note(i, "%zu picture%s, by their names, and %zu other file%s", pictures, pictures == 1 ? "" : "s",
                    others, others == 1 ? "" : "s");
    inspection_use(i, "palbench encode-image --clip PATH --out F.h5 %s/*", folder);
    return true;
}

/* One picture, which is decoded: nothing less tells that it is whole. */
bool inspect_picture(const char *file, Inspection *i)
{
    Error why;
    Image image;
    if (!is_picture_name(file)) return false;
    inspection_begin(i, "images", NULL);
    if (!image_read(file, &image, &why)) {
        inspection_refuse(i, why.text);
        return true;
    }
    inspection_note(i, "a picture of %zux%zu pixels", image.width, image.height);
    inspection_use(i, "palbench encode-image --clip PATH --out F.h5 %s", file);
    image_free(&image);
    return true;
}

/* ---- configurations ---- */

static bool is_text(Json root, const char *key, const char **value)
{
    Error unread;
    return json_is_string(json_get(root, key)) && json_string(root, key, value, &unread);
}

static void look_at_json(Json root, const char *file, Inspection *i)
{
    const char *name = "";
    const Json model = json_get(root, "model_cfg"), open_clip = model.node ? model : root;
    if (json_is_object(json_get(root, "experiments")) || json_is_object(json_get(root, "suites"))) {
        inspection_begin(i, "experiments", NULL);
        inspection_use(i, "palbench validate %s", file);
    } else if (json_get(open_clip, "embed_dim").node && json_is_object(json_get(open_clip, "text_cfg"))) {
        inspection_begin(i, "clip", checkpoint_openclip.name);
        text_list_add(&i->missing, "open_clip_model.safetensors");
        inspection_refuse(i,
                          "a configuration alone: a folder with it as open_clip_config.json and the weights is needed");
    } else if (is_text(root, "_class_name", &name)) {
        const bool scheduler = strstr(name, "Scheduler"), unet = !strncmp(name, "UNet", 4),
                   vae = !strncmp(name, "Auto", 4);
        inspection_begin(i, scheduler ? "scheduler" : unet ? "unet" : vae ? "vae" : "diffusion", "diffusers");
        inspection_note(i, "%.80s", name);
        inspection_refuse(i, "a configuration alone; name the folder that it belongs to");
    } else {
        inspection_refuse(i, "a JSON file of no form that is known here");
    }
}

bool inspect_json(const char *file, Inspection *i)
{
    Error why;
    if (!text_ends(file, ".json") || has_vocabulary(file)) return false;
    JsonFile *json = json_read(file, &why);
    const bool index = json && json_is_object(json_get(json_root(json), "weight_map"));
    if (!json) inspection_refuse(i, why.text);
    if (json && !index) look_at_json(json_root(json), file, i);
    json_free(json);
    return !index;
}

/* ---- data sets ---- */

/* Lists as datasets/README.md has them for a data set of one's own. */
static bool has_own_lists(const char *folder, Inspection *i)
{
    static const char *const lists[] = {"captions.jsonl", "train.jsonl", "test.jsonl"};
    size_t count = 0;
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        if (!inspect_has(folder, lists[k])) continue;
        if (!count++) inspection_begin(i, "dataset", "folder");
        inspection_note(i, "%s", lists[k]);
        inspection_use(i, "experiments.json: \"datasets\": {NAME: {\"kind\": \"folder\", \"%.*s\": \"%s/%s\", ..}}",
                       (int)strcspn(lists[k], "."), lists[k], folder, lists[k]);
    }
    return count > 0;
}

bool inspect_dataset(const char *folder, Inspection *i)
{
    const DatasetKind *kind = dataset_recognise(folder);
    if (!kind) return has_own_lists(folder, i);
    inspection_begin(i, "dataset", kind->name);
    inspection_note(i, "%s", kind->summary);
    inspection_use(i, "palbench data check %s --root %s", kind->name, folder);
    inspection_use(i,
                   "experiments.json: \"datasets\": {NAME: {\"kind\": \"%s\"}}, and {\"data\": \"%s\"} in paths.json",
                   kind->name, folder);
    return true;
}
