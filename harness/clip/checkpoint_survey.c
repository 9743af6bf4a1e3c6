/* Every weight of the list is asked for as when loading, without its values; the names that the layout looked for are noted, and what is in
 * the file and was not looked for is superfluous. */
#include "harness/clip/checkpoint.h"
#include "harness/clip/clip_survey.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What checkpoints hold beside weights. */
static bool is_bystander(const char *name)
{
    static const char *const names[] = {"input_resolution", "context_length", "vocab_size"};
    static const char *const ends[] = {"position_ids", "num_batches_tracked", "attn_mask"};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0 || text_ends(name, ends[i])) return true;
    return false;
}

static void list_unknown(const Checkpoint *c, ClipSurvey *s)
{
    qsort(c->asked->items, c->asked->count, sizeof *c->asked->items, by_text);
    for (size_t i = 0; i < tensor_file_count(c->tensors); i++) {
        const char *name = tensor_file_at(c->tensors, i)->name;
        const bool asked = bsearch(&name, c->asked->items, c->asked->count, sizeof *c->asked->items, by_text);
        if (!asked && !is_bystander(name)) text_list_add(&s->unknown, name);
    }
}

static void ask_for_all(Checkpoint *c, const CheckpointLayout *layout, ClipSurvey *s)
{
    WeightList list;
    weight_list(&c->config, &list);
    for (size_t i = 0; i < list.count; i++) {
        Error why;
        if (layout->fetch(c, &list.items[i], NULL, &why)) continue;
        const char *last = c->asked->items[c->asked->count - 1];
        if (tensor_file_find(c->tensors, last))
            text_list_add(&s->wrong, why.text);
        else
            text_list_add(&s->missing, last);
    }
    weight_list_free(&list);
}

static bool survey(Checkpoint *c, const CheckpointLayout *layout, ClipSurvey *s, Error *err)
{
    TextList asked = {0};
    *s = (ClipSurvey){.layout = layout->name};
    c->asked = &asked;
    config_defaults(&c->config);
    const bool good = layout->read_config(c, err) && config_check(&c->config, c->path, err);
    if (good) {
        ask_for_all(c, layout, s);
        list_unknown(c, s);
    }
    s->config = c->config;
    s->tensors = c->tensors;
    text_list_free(&asked);
    text_list_free(&c->files);
    free(c->weights_path);
    if (!good) clip_survey_free(s);
    return good;
}

bool clip_survey(const char *path, ClipSurvey *s, Error *err)
{
    const CheckpointLayout *layout = checkpoint_layout_of(path, err);
    Checkpoint c = {.path = path, .text_prefix = "", .image_prefix = ""};
    return layout && survey(&c, layout, s, err);
}

bool clip_survey_text(TensorFile *tensors, const char *path, const char *config_json, ClipSurvey *s, Error *err)
{
    Checkpoint c = checkpoint_of_text(tensors, path, config_json);
    const CheckpointLayout layout = checkpoint_text_layout(&c);
    return survey(&c, &layout, s, err);
}

void clip_survey_free(ClipSurvey *s)
{
    tensor_file_close(s->tensors);
    text_list_free(&s->missing);
    text_list_free(&s->unknown);
    text_list_free(&s->wrong);
    *s = (ClipSurvey){0};
}

char *clip_architecture(const ClipConfig *k)
{
    const char *name = config_published(k);
    if (name) return xstrdup(name);
    if (!k->has_image && k->text_width == 768 && k->text_layers == 12) return xstrdup("ViT-L-14 text tower");
    if (!k->has_image && k->text_width == 1024 && k->text_layers >= 23) return xstrdup("ViT-H-14 text tower");
    if (!k->has_image) return xformat("text tower of %zu layers, width %zu", k->text_layers, k->text_width);
    if (!k->is_resnet)
        return xformat("ViT of %zu layers, width %zu, patches of %zu, %zu pixels", k->image_layers, k->image_width,
                       k->patch, k->image_size);
    Text text = {0};
    text_add(&text, "ResNet ");
    for (size_t i = 0; i < k->stages; i++) text_addf(&text, "%s%zu", i ? "-" : "", k->blocks[i]);
    text_addf(&text, ", width %zu, %zu pixels", k->stem_width, k->image_size);
    return text.data;
}
