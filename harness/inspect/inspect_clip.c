/* CLIP in every container, also where its weights are not there. */
#include "harness/clip/checkpoint.h"
#include "harness/clip/clip_survey.h"
#include "harness/inspect/inspect_internal.h"

#include <stdlib.h>
#include <string.h>

/* As interfaces call it. */
static const char *layout_of(const ClipSurvey *s)
{
    const char *variant = tensor_file_variant(s->tensors);
    if (strcmp(s->layout, checkpoint_openai.name) != 0) return s->layout;
    return variant && !strcmp(variant, "TorchScript") ? "openai-jit" : "openai-state-dict";
}

static void note_sizes(const ClipConfig *k, Inspection *i)
{
    if (k->has_image) inspection_note(i, "image tower: %zu pixels, features of width %zu", k->image_size, k->embed);
    if (k->has_text)
        inspection_note(i, "text tower: %zu layers of width %zu, %zu tokens of a vocabulary of %zu", k->text_layers,
                        k->text_width, k->context, k->vocabulary);
}

void inspect_clip(const char *path, const char *prefix, Inspection *i)
{
    Error why;
    ClipSurvey s;
    if (!clip_survey(path, &s, &why)) {
        inspection_refuse(i, why.text);
        return;
    }
    inspection_count(i, s.tensors);
    inspection_list(&i->missing, prefix, &s.missing);
    inspection_list(&i->unknown, prefix, &s.unknown);
    if (s.missing.count) inspection_refuse(i, "tensors are missing");
    for (size_t k = 0; k < s.wrong.count; k++) inspection_refuse(i, s.wrong.items[k]);
    if (!*prefix) {
        inspection_begin(i, "clip", layout_of(&s));
        i->architecture = clip_architecture(&s.config);
        note_sizes(&s.config, i);
        if (s.config.has_image) inspection_use(i, "palbench encode-image --clip %s --out F.h5 FILE...", path);
        if (s.config.has_text && s.config.embed)
            inspection_use(i, "palbench encode-text --clip %s --tokenizer DIR --out F.h5 TEXT...", path);
        if (!s.config.has_image) inspection_use(i, "palbench probe text --model %s --in F.h5 --out F.h5", path);
        if (s.config.has_image && s.config.has_text)
            inspection_use(i, "experiments.json: \"models\": {NAME: {\"clip\": \"%s\"}}", path);
    }
    clip_survey_free(&s);
}

/* ---- without weights ---- */

/* transformers' config.json of a CLIP or of one of its towers. */
static bool is_clip_config(Json root)
{
    const char *type = "";
    Error unread;
    return json_is_object(root) && json_string_or(root, "model_type", "", &type, &unread) &&
           (!strcmp(type, "clip") || !strcmp(type, "clip_text_model") || !strcmp(type, "clip_vision_model"));
}

static void describe_config(Json root, Inspection *i)
{
    Error unread;
    int64_t width = 0, layers = 0;
    const Json own = json_get(root, "text_config"), text = json_is_object(own) ? own : root;
    inspection_begin(i, "clip", checkpoint_huggingface.name);
    if (json_integer_or(text, "hidden_size", 0, &width, &unread) &&
        json_integer_or(text, "num_hidden_layers", 0, &layers, &unread) && width > 0 && layers > 0) {
        const ClipConfig k = {.has_text = true, .text_width = (size_t)width, .text_layers = (size_t)layers};
        i->architecture = clip_architecture(&k);
    }
    text_list_add(&i->missing, "model.safetensors");
    inspection_refuse(i, "the weights are missing: neither model.safetensors nor pytorch_model.bin is there");
}

bool inspect_clip_folder(const char *folder, Inspection *i)
{
    Error unread;
    const CheckpointLayout *layout = checkpoint_layout_of(folder, &unread);
    char *config = inspect_config(folder);
    JsonFile *file = config ? json_parse("config.json", config, strlen(config), &unread) : NULL;
    bool mine = file && is_clip_config(json_root(file));
    if (layout && (mine || !file)) {
        inspection_begin(i, "clip", layout->name);
        inspect_clip(folder, "", i);
        mine = true;
    } else if (mine) {
        describe_config(json_root(file), i);
    } else if (inspect_has(folder, "open_clip_config.json")) {
        inspection_begin(i, "clip", checkpoint_openclip.name);
        if (!layout) text_list_add(&i->missing, "open_clip_model.safetensors");
        inspection_refuse(i, "the weights are missing: open_clip_model.safetensors is not there");
        mine = true;
    }
    json_free(file);
    free(config);
    return mine;
}
