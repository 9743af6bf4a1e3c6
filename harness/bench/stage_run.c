#include "harness/bench/stage_run.h"

#include <stdlib.h>

static bool load_captions(MethodRun *m, Bench *b, const Stage *s, bool want_local, Error *err)
{
    const Stage *captions = stage_input(s, &stage_captions, 0), *texts = stage_input(s, &stage_encode_text, 0);
    const TextFeatures *features = bench_texts(b, texts->path, want_local, err);
    ArtifactReader *r = features ? artifact_open(captions->path, err) : NULL;
    if (!r) return false;
    size_t dim[2] = {features->count, m->run.classes};
    const bool good = artifact_read_bytes(r, "labels", 2, dim, &m->caption_labels, err);
    artifact_close(r);
    m->run.captions = (LabelledCaptions){features, m->caption_labels};
    return good;
}

/* The input that holds the labelled pictures: a score stage has the test pictures beside them. */
static const Stage *train_images_of(const Stage *s)
{
    const Stage *images;
    for (size_t i = 0; (images = stage_input(s, &stage_encode_image, i)); i++)
        if (images->split == SPLIT_TRAIN && !images->with_local && !images->input_count) return images;
    return NULL;
}

static bool load_images(MethodRun *m, Bench *b, const Stage *s, Dataset *dataset, Error *err)
{
    const Stage *images = train_images_of(s);
    const Split *split = dataset_split(dataset, SPLIT_TRAIN, err);
    const ImageFeatures *features = split ? bench_images(b, images->path, false, err) : NULL;
    if (!features) return false;
    if (features->count != split->count)
        return fail(err, "%s: %zu images, the split has %zu; delete the file and run again", images->path,
                    features->count, split->count);
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

static bool load_generated(MethodRun *m, Bench *b, const Stage *s, bool want_local, Error *err)
{
    const Stage *images = stage_generated_features(s);
    const ImageFeatures *features = bench_images(b, images->path, want_local, err);
    if (!features || !read_generated_labels(m, images->inputs[0], features->count, err)) return false;
    m->run.generated = (LabelledImages){features, m->generated_labels};
    return true;
}

bool method_run_init(MethodRun *m, Bench *b, const Stage *s, bool training_data, Error *err)
{
    const Experiment *e = s->experiment;
    *m = (MethodRun){0};
    const OpenModel *model = bench_model(b, e->model, err);
    Dataset *dataset = model ? bench_dataset(b, e->dataset, e->limit, err) : NULL;
    if (!dataset) return false;
    m->run = (Run){
        .method = e->method,
        .options = &e->options,
        .clip = model->clip,
        .tokenizer = model->tokenizer,
        .class_names = dataset_class_names(dataset),
        .classes = dataset_classes(dataset),
        .width = model->clip->config.embed,
        .seed = (uint64_t)s->seed,
        .progress = b->progress,
        .exact = b->exact,
    };
    if (!training_data) return true;
    const unsigned needs = e->method->needs(&e->options);
    bool good = true;
    if (needs & (NEED_CAPTIONS | NEED_CAPTION_TOKENS))
        good = load_captions(m, b, s, (needs & NEED_CAPTION_TOKENS) != 0, err);
    if (good && (needs & NEED_TRAIN_IMAGES)) good = load_images(m, b, s, dataset, err);
    if (good && (needs & (NEED_GENERATED_IMAGES | NEED_GENERATED_LOCAL)))
        good = load_generated(m, b, s, (needs & NEED_GENERATED_LOCAL) != 0, err);
    if (!good) method_run_free(m);
    return good;
}

void method_run_free(MethodRun *m)
{
    run_free(&m->run);
    free(m->caption_labels);
    free(m->generated_labels);
    m->caption_labels = NULL;
    m->generated_labels = NULL;
}
