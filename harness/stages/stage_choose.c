/* Stage "choose": the captions that pictures are drawn from, balanced over the classes (choose.h), of all that name one.
 *
 * Artifact: texts [n], labels [n, C] uint8, source [n] int32 (the caption's number in the data set), classes [C]. */
#include "harness/base/clock.h"
#include "harness/stages/choose.h"
#include "harness/stages/stage_kinds.h"

#include <stdlib.h>
#include <string.h>

typedef struct Labelled {
    TextList texts, classes;
    uint8_t *labels; /* [texts.count, classes.count] */
    int32_t *source; /* [texts.count] */
} Labelled;

static bool read_captions(const char *path, Labelled *l, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    bool good = artifact_read_texts(r, "texts", &l->texts, err) && artifact_read_texts(r, "classes", &l->classes, err);
    size_t labels[2] = {l->texts.count, l->classes.count}, source[1] = {l->texts.count};
    good = good && artifact_read_bytes(r, "labels", 2, labels, &l->labels, err) &&
           artifact_read_int32(r, "source", 1, source, &l->source, err);
    artifact_close(r);
    return good;
}

static void labelled_free(Labelled *l)
{
    text_list_free(&l->texts);
    text_list_free(&l->classes);
    free(l->labels);
    free(l->source);
}

static bool write(const Stage *s, const Labelled *l, const size_t *order, size_t count, double started, Error *err)
{
    const size_t classes = l->classes.count;
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    const char **texts = xcalloc(count, sizeof *texts);
    uint8_t *labels = xcalloc(count, classes);
    int32_t *source = xcalloc(count, sizeof *source);
    for (size_t i = 0; i < count; i++) {
        texts[i] = l->texts.items[order[i]];
        source[i] = l->source[order[i]];
        memcpy(labels + i * classes, l->labels + order[i] * classes, classes);
    }
    artifact_write_texts(w.artifact, "texts", count, texts);
    artifact_write_bytes(w.artifact, "labels", 2, (size_t[]){count, classes}, labels);
    artifact_write_int32(w.artifact, "source", 1, (size_t[]){count}, source);
    artifact_write_texts(w.artifact, "classes", classes, (const char *const *)l->classes.items);
    free(texts);
    free(labels);
    free(source);
    return stage_finish(&w, err);
}

static void describe(const Stage *s, cJSON *config)
{
    const ChooseParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", s->experiment->dataset);
    cJSON_AddNumberToObject(config, "captions", (double)p->captions);
    cJSON_AddNumberToObject(config, "seed", (double)p->seed);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const ChooseParameters *p = s->parameters;
    Labelled l = {.labels = NULL};
    bool good = read_captions(stage_input(s, ROLE_CAPTIONS)->path, &l, err);
    if (good) {
        const size_t wanted = p->captions < l.texts.count ? p->captions : l.texts.count;
        size_t *order = xcalloc(wanted ? wanted : 1, sizeof *order);
        const size_t count = choose_balanced(l.labels, l.texts.count, l.classes.count, wanted, p->seed, order);
        if (count < p->captions)
            progress_note(session->progress, "%s: only %zu captions name a class; %zu were asked for",
                          s->experiment->dataset, count, p->captions);
        good = write(s, &l, order, count, started, err);
        free(order);
    }
    labelled_free(&l);
    return good;
}

const StageKind stage_choose = {.name = "choose",
                                .version = 1,
                                .arithmetic = ARITHMETIC_NONE,
                                .parameters = sizeof(ChooseParameters),
                                .describe = describe,
                                .make = make};
