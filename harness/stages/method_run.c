/* A Run's data are gathered from the artifacts that the stage names, each kind by one function, and only what the
 * method says that it needs. What the session holds is borrowed; what had to be copied is freed with the run. */
#include "harness/stages/method_run.h"

#include "harness/experiments/setting_read.h"
#include "harness/stages/features.h"

#include <stdlib.h>
#include <string.h>

static bool load_captions(MethodRun *m, Session *session, const Stage *s, bool want_local, Error *err)
{
    const Stage *captions = stage_input(s, ROLE_CAPTIONS), *texts = stage_input(s, ROLE_TEXTS);
    const TextFeatures *features = session_texts(session, texts->path, want_local, err);
    ArtifactReader *r = features ? artifact_open(captions->path, err) : NULL;
    if (!r) return false;
    size_t dim[2] = {features->count, m->run.classes};
    const bool good = artifact_read_bytes(r, "labels", 2, dim, &m->caption_labels, err);
    artifact_close(r);
    m->run.captions = (LabelledCaptions){features, m->caption_labels};
    return good;
}

/* Copies the rows of the draw; all rows are in range. */
static bool gather(ImageFeatures *to, const ImageFeatures *from, const int32_t *rows, size_t count, bool want_local,
                   Error *err)
{
    const size_t global = from->width, local = from->positions * from->width;
    *to = *from;
    to->count = count;
    to->global = to->local = NULL;
    to->local_rows = NULL;
    if (!big_alloc(&to->global, count * global, sizeof *to->global, "features", err) ||
        (want_local && !big_alloc(&to->local, count * local, sizeof *to->local, "local features", err)))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t row = (size_t)rows[i];
        memcpy(to->global + i * global, from->global + row * global, global * sizeof *to->global);
        if (want_local) image_local_copy(from, row, 1, to->local + i * local);
    }
    return true;
}

/* What the setting shows of all training images: rows of the select stage and their labels. */
static bool load_selected(MethodRun *m, const Stage *select, const ImageFeatures *all, bool want_local, Error *err)
{
    ArtifactReader *r = artifact_open(select->path, err);
    if (!r) return false;
    int32_t *rows = NULL;
    size_t count[1] = {0}, dim[2] = {0, m->run.classes};
    bool good = artifact_read_int32(r, "rows", 1, count, &rows, err);
    dim[0] = count[0];
    good = good && artifact_read_int8(r, "labels", 2, dim, &m->image_labels, err);
    artifact_close(r);
    for (size_t i = 0; good && i < count[0]; i++)
        if (rows[i] < 0 || (size_t)rows[i] >= all->count)
            good = fail(err, "%s: row %d is none of the %zu training images; delete the file and run again",
                        select->path, rows[i], all->count);
    if (good && count[0] == all->count) /* rising, each once: all of them */
        m->run.images = (LabelledImages){all, m->image_labels};
    else if (good && (good = gather(&m->images, all, rows, count[0], want_local, err)))
        m->run.images = (LabelledImages){&m->images, m->image_labels};
    free(rows);
    return good;
}

static bool load_images(MethodRun *m, Session *session, const Stage *s, Dataset *dataset, bool want_local, Error *err)
{
    const Stage *images = stage_input(s, ROLE_TRAIN_IMAGES), *select = stage_input(s, ROLE_SELECTION);
    const Split *split = dataset_split(dataset, SPLIT_TRAIN, err);
    const ImageFeatures *features = split ? session_images(session, images->path, want_local, err) : NULL;
    if (!features) return false;
    if (features->count != split->count)
        return fail(err, "%s: %zu images, the split has %zu; delete the file and run again", images->path,
                    features->count, split->count);
    if (select) return load_selected(m, select, features, want_local, err);
    m->run.images = (LabelledImages){features, split->labels};
    return true;
}

/* Labels of generated pictures [images, classes]: 1 named by the caption, -1 not. A generate stage has them; the captions that
 * came with pictures of one's own have 1 and 0. */
static bool read_generated_labels(MethodRun *m, const Stage *source, size_t images, Error *err)
{
    ArtifactReader *r = artifact_open(source->path, err);
    size_t dim[2] = {images, m->run.classes};
    const bool good = r && artifact_read_int8(r, "labels", 2, dim, &m->generated_labels, err);
    artifact_close(r);
    for (size_t i = 0; good && i < images * m->run.classes; i++)
        if (m->generated_labels[i] == 0) m->generated_labels[i] = -1;
    return good;
}

static bool load_generated(MethodRun *m, Session *session, const Stage *s, bool want_local, Error *err)
{
    const Stage *images = stage_input(s, ROLE_GENERATED), *drawn = stage_input(images, ROLE_DRAWN);
    const Stage *source = drawn ? drawn : stage_input(images, ROLE_CAPTIONS);
    const ImageFeatures *features = session_images(session, images->path, want_local, err);
    if (!features || !read_generated_labels(m, source, features->count, err)) return false;
    m->run.generated = (LabelledImages){features, m->generated_labels};
    return true;
}

/* What the data set's own class features are, for methods without a text tower. */
static bool load_class_text(MethodRun *m, const Stage *s, Error *err)
{
    const Stage *stage = stage_input(s, ROLE_CLASS_TEXT);
    if (!stage) return true;
    if (!image_features_read(stage->path, false, NULL, SIZE_MAX, &m->class_text, err)) return false;
    if (m->class_text.count != m->run.classes)
        return fail(err, "%s: features of %zu classes, there are %zu; delete the file and run again", stage->path,
                    m->class_text.count, m->run.classes);
    m->run.class_text = m->class_text.global;
    return true;
}

bool method_run_init(MethodRun *m, Session *session, const Stage *s, bool training_data, Error *err)
{
    const Experiment *e = s->experiment;
    const MethodParameters *p = s->parameters;
    *m = (MethodRun){0};
    m->run = (Run){
        .method = e->method,
        .options = &e->options,
        .clip = p->model->clip,
        .tokenizer = p->model->tokenizer,
        .class_names = dataset_spoken_names(p->dataset),
        .classes = dataset_classes(p->dataset),
        .width = p->model->clip->config.embed,
        .seed = (uint64_t)s->seed,
        .setting = e->setting,
        .progress = session->progress,
        .arithmetic = s->arithmetic,
    };
    bool good = load_class_text(m, s, err);
    const unsigned needs = training_data ? e->method->needs(&e->options) : 0;
    if (good && (needs & (NEED_CAPTIONS | NEED_CAPTION_TOKENS)))
        good = load_captions(m, session, s, (needs & NEED_CAPTION_TOKENS) != 0, err);
    if (good && setting_shows_images(&e->setting, needs))
        good = load_images(m, session, s, p->dataset, (needs & NEED_TRAIN_LOCAL) != 0, err);
    if (good && (needs & (NEED_GENERATED_IMAGES | NEED_GENERATED_LOCAL)))
        good = load_generated(m, session, s, (needs & NEED_GENERATED_LOCAL) != 0, err);
    if (!good) method_run_free(m);
    return good;
}

void method_run_free(MethodRun *m)
{
    run_free(&m->run);
    free(m->caption_labels);
    free(m->generated_labels);
    free(m->image_labels);
    image_features_free(&m->images);
    image_features_free(&m->class_text);
    m->caption_labels = NULL;
    m->generated_labels = NULL;
    m->image_labels = NULL;
}
