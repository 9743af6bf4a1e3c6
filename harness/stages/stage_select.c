/* Stage "select": which training images, and which of their labels, an experiment's setting and seed leave known (select.h). It
 * depends on nothing else, so that every method is handed the same draw.
 *
 * Artifact: rows [n] int32 (places in the training split, rising), labels [n, C] int8 (1, -1, 0 difficult or not known). */
#include "harness/base/clock.h"
#include "harness/experiments/mask_file.h"
#include "harness/stages/select.h"
#include "harness/stages/stage_kinds.h"

#include <stdlib.h>
#include <string.h>

typedef struct Selected {
    int32_t *rows; /* [count] */
    int8_t *labels;
    size_t count, classes;
} Selected;

/* Says which classes have too few images to draw from. */
static void note_short(Session *session, const Setting *setting, Dataset *dataset, const size_t *have)
{
    Text text = {0};
    size_t classes = 0;
    for (size_t c = 0; c < dataset_classes(dataset); c++) {
        if (have[c] >= setting->shots) continue;
        if (++classes <= 5)
            text_addf(&text, "%s%s %zu", classes > 1 ? ", " : "", dataset_class_names(dataset)[c], have[c]);
    }
    if (classes)
        progress_note(session->progress,
                      "%s: %zu classes have fewer than %zu training images (%s%s); all of them are taken",
                      dataset_name(dataset), classes, setting->shots, text.data, classes > 5 ? ", ..." : "");
    text_free(&text);
}

static void draw_images(Session *session, const Stage *s, Selected *selected)
{
    const SelectParameters *p = s->parameters;
    const Split *split = p->split;
    const Setting *setting = &s->experiment->setting;
    size_t *have = xcalloc(selected->classes, sizeof *have);
    selected->count = select_few_shot(split->labels, split->count, selected->classes, setting->shots, (uint64_t)s->seed,
                                      selected->rows, have);
    note_short(session, setting, p->dataset, have);
    free(have);
    for (size_t i = 0; i < selected->count; i++)
        memcpy(selected->labels + i * selected->classes, split->labels + (size_t)selected->rows[i] * selected->classes,
               selected->classes);
}

static bool hide_labels(const Session *session, const Stage *s, Selected *selected, Error *err)
{
    const Experiment *e = s->experiment;
    const SelectParameters *p = s->parameters;
    const Split *split = p->split;
    selected->count = split->count;
    for (size_t i = 0; i < split->count; i++) selected->rows[i] = (int32_t)i;
    if (e->setting.kind == SETTING_SINGLE) {
        select_single_positive(split->labels, split->count, selected->classes, (uint64_t)s->seed, selected->labels);
        return true;
    }
    if (!e->setting.mask) {
        select_partial(split->labels, split->count, selected->classes, e->setting.known, (uint64_t)s->seed,
                       selected->labels);
        return true;
    }
    char *path = path_join(session->book->folder, e->setting.mask);
    const bool good =
        mask_file_read(path, split->labels, split->count, selected->classes, e->limit != 0, selected->labels, err);
    free(path);
    return good;
}

static bool write(const Stage *s, const Selected *selected, double started, Error *err)
{
    StageWriter w;
    if (selected->count == 0)
        return fail(err, "%s: no training image is labelled with a class, so that none can be drawn",
                    s->experiment->dataset);
    if (!stage_begin(&w, s, started, err)) return false;
    artifact_write_int32(w.artifact, "rows", 1, (size_t[]){selected->count}, selected->rows);
    artifact_write_int8(w.artifact, "labels", 2, (size_t[]){selected->count, selected->classes}, selected->labels);
    return stage_finish(&w, err);
}

/* What is drawn, and what the seed is for: a mask file is the same for every seed. */
static void describe(const Stage *s, cJSON *config)
{
    const SelectParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", dataset_name(p->dataset));
    cJSON_AddStringToObject(config, "split", split_word(SPLIT_TRAIN));
    cJSON_AddStringToObject(config, "images", p->split->fingerprint);
    if (p->mask[0]) {
        cJSON_AddStringToObject(config, "mask", p->mask);
        return;
    }
    char *setting = experiment_setting(s->experiment);
    cJSON_AddStringToObject(config, "setting", setting);
    cJSON_AddNumberToObject(config, "seed", (double)s->seed);
    free(setting);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const SelectParameters *p = s->parameters;
    const size_t count = p->split->count;
    Selected selected = {.classes = dataset_classes(p->dataset), .rows = xcalloc(count + 1, sizeof *selected.rows)};
    bool good = big_alloc(&selected.labels, count * selected.classes + 1, 1, "labels", err);
    if (good && s->experiment->setting.kind == SETTING_FEW_SHOT)
        draw_images(session, s, &selected);
    else if (good)
        good = hide_labels(session, s, &selected, err);
    good = good && write(s, &selected, started, err);
    free(selected.rows);
    free(selected.labels);
    return good;
}

const StageKind stage_select = {.name = "select",
                                .version = 1,
                                .arithmetic = ARITHMETIC_NONE,
                                .parameters = sizeof(SelectParameters),
                                .describe = describe,
                                .make = make};
