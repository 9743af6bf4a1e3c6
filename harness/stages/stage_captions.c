/* Stage "captions": a data set's captions (or a language model's sentences, where the method trains on these) with their labels,
 * those that name no class dropped, and, where the method asks for them, one-hot template sentences of every class behind them
 * (methods/shared/templates.h says in which order).
 *
 * Artifact: texts [n], labels [n, C] uint8, source [n] int32 (the number in the data set; -1: a template sentence), classes [C]. */
#include "harness/stages/describe_internal.h"

#include "harness/base/clock.h"
#include "methods/shared/templates.h"

#include <stdlib.h>
#include <string.h>

enum { UNNAMED_SHOWN = 5 }; /* in the remark on classes that no caption names */

typedef struct Labelled {
    TextList texts;
    uint8_t *labels; /* [texts.capacity, classes] */
    int32_t *source; /* [texts.capacity] */
    size_t classes, capacity;
} Labelled;

/* Appends a text and returns its zeroed row of labels. */
static uint8_t *append(Labelled *l, const char *text, int32_t source)
{
    if (l->texts.count == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 1024;
        l->labels = xrealloc(l->labels, l->capacity * l->classes);
        l->source = xrealloc(l->source, l->capacity * sizeof *l->source);
    }
    const size_t row = l->texts.count;
    text_list_add(&l->texts, text);
    l->source[row] = source;
    memset(l->labels + row * l->classes, 0, l->classes);
    return l->labels + row * l->classes;
}

static void drop_last(Labelled *l)
{
    free(l->texts.items[--l->texts.count]);
}

static void add_captions(Labelled *l, const Captions *captions, const Labeller *labeller)
{
    for (size_t i = 0; i < captions->count; i++) {
        uint8_t *row = append(l, captions->texts[i], (int32_t)i);
        size_t named = 0;
        if (captions->labels) {
            memcpy(row, captions->labels + i * l->classes, l->classes);
            for (size_t c = 0; c < l->classes; c++) named += row[c] != 0;
        } else {
            named = labeller_apply(labeller, captions->texts[i], row);
        }
        if (!named) drop_last(l);
    }
}

/* A class that no caption names is learned from nothing. */
static void remark_unnamed(const Labelled *l, const Dataset *dataset, Progress *progress)
{
    TextList unnamed = {0};
    for (size_t c = 0; c < l->classes; c++) {
        size_t row = 0;
        while (row < l->texts.count && !l->labels[row * l->classes + c]) row++;
        if (row == l->texts.count) text_list_add(&unnamed, dataset_class_names(dataset)[c]);
    }
    if (unnamed.count && l->texts.count) {
        char *some = text_list_some(&unnamed, UNNAMED_SHOWN);
        progress_note(progress,
                      "%s: %zu of its %zu classes are named by no caption: %s; look at their names and synonyms",
                      dataset_name(dataset), unnamed.count, l->classes, some);
        free(some);
    }
    text_list_free(&unnamed);
}

static void add_templates(Labelled *l, const TemplateSet *set, const char *const *class_names)
{
    for (size_t c = 0; c < l->classes; c++)
        for (size_t k = 0; k < set->count; k++) {
            char *sentence = template_fill(set->frames[k], class_names[c]);
            append(l, sentence, -1)[c] = 1;
            free(sentence);
        }
}

static bool write(const Stage *s, const Labelled *l, const char *const *class_names, double started, Error *err)
{
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    const size_t count = l->texts.count;
    artifact_write_texts(w.artifact, "texts", count, (const char *const *)l->texts.items);
    artifact_write_bytes(w.artifact, "labels", 2, (size_t[]){count, l->classes}, l->labels);
    artifact_write_int32(w.artifact, "source", 1, (size_t[]){count}, l->source);
    artifact_write_texts(w.artifact, "classes", l->classes, class_names);
    return stage_finish(&w, err);
}

static void describe(const Stage *s, cJSON *config)
{
    const CaptionsParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", dataset_name(p->dataset));
    cJSON_AddStringToObject(config, p->source->origin ? "sentences" : "captions", p->source->fingerprint);
    describe_classes(p->dataset, config);
    cJSON_AddStringToObject(config, "label_rule", p->label_rule);
    if (p->templates) cJSON_AddStringToObject(config, "templates", p->templates);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const CaptionsParameters *p = s->parameters;
    const char *const *names = dataset_class_names(p->dataset);
    const LabelRule rule = strcmp(p->label_rule, "plural") == 0 ? LABEL_PLURAL : LABEL_PUBLISHED;

    Labelled l = {.classes = dataset_classes(p->dataset)};
    Labeller *labeller = labeller_new(dataset_synonyms(p->dataset), l.classes, rule);
    add_captions(&l, p->source, labeller);
    labeller_free(labeller);
    remark_unnamed(&l, p->dataset, session->progress);
    if (p->templates) add_templates(&l, template_set(p->templates), dataset_spoken_names(p->dataset));

    bool good = true;
    if (l.texts.count == 0)
        good = fail(err, "data set %s: none of its %zu %s names a class; look at the classes' synonyms",
                    dataset_name(p->dataset), p->source->count, p->source->origin ? "sentences" : "captions");
    good = good && write(s, &l, names, started, err);
    text_list_free(&l.texts);
    free(l.labels);
    free(l.source);
    return good;
}

const StageKind stage_captions = {.name = "captions",
                                  .version = 1,
                                  .arithmetic = ARITHMETIC_NONE,
                                  .parameters = sizeof(CaptionsParameters),
                                  .describe = describe,
                                  .make = make};
