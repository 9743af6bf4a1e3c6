/* Measured before it is written, so that what cannot be measured leaves no file. The attributes repeat the
 * configuration in words that need no parsing: other programs list results by them. */
#include "harness/stages/result_write.h"

#include "harness/stages/features.h"

#include <stdlib.h>

static void write_scores(ArtifactWriter *w, const Scores *scores, size_t images, size_t classes)
{
    const size_t dim[2] = {images, classes};
    artifact_write_floats(w, "scores", 2, dim, scores->combined);
    if (scores->global) artifact_write_floats(w, "scores_global", 2, dim, scores->global);
    if (scores->local) artifact_write_floats(w, "scores_local", 2, dim, scores->local);
}

static void write_attributes(ArtifactWriter *w, const Stage *s, const char *setting, double map)
{
    const Experiment *e = s->experiment;
    char *options = options_json(&e->options, false);
    artifact_attribute_text(w, "experiment", e->name);
    artifact_attribute_text(w, "dataset", e->dataset);
    artifact_attribute_text(w, "model", e->model);
    artifact_attribute_text(w, "protocol", e->protocol.name);
    artifact_attribute_text(w, "setting", setting);
    artifact_attribute_text(w, "method", e->method->name);
    artifact_attribute_text(w, "options", options);
    artifact_attribute_integer(w, "seed", s->seed);
    artifact_attribute_number(w, "map", map);
    if (e->limit) artifact_attribute_integer(w, "limit", (int64_t)e->limit);
    if (e->method->note) artifact_attribute_text(w, "note", e->method->note);
    free(options);
}

static bool write(const Stage *s, const Result *r, const Metrics *metrics, double started, Error *err)
{
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    write_scores(w.artifact, r->scores, r->split->count, r->classes);
    artifact_write_int8(w.artifact, "labels", 2, (size_t[]){r->split->count, r->classes}, r->split->labels);
    artifact_write_texts(w.artifact, "classes", r->classes, r->class_names);
    if (r->split->files) artifact_write_texts(w.artifact, "files", r->split->count, r->split->files);
    left_out_put(w.artifact, &r->split->left_out);
    artifact_write_doubles(w.artifact, "ap", 1, (size_t[]){r->classes}, metrics->ap);
    if (r->loss_count) artifact_write_floats(w.artifact, "loss", 1, (size_t[]){r->loss_count}, r->loss);
    write_attributes(w.artifact, s, r->setting, metrics->map);
    if (r->more) r->more(w.artifact, r->context);
    return stage_finish(&w, err);
}

bool result_write(const Stage *s, const Result *r, double started, Error *err)
{
    const size_t count = r->split->count * r->classes;
    Metrics metrics = {0};
    double *values;
    if (!big_alloc(&values, count, sizeof *values, "scores", err)) return false;
    for (size_t i = 0; i < count; i++) values[i] = (double)r->scores->combined[i];
    const bool good = metrics_compute(&metrics, values, r->split->labels, r->split->count, r->classes,
                                      s->experiment->protocol.difficult, 0, err) &&
                      write(s, r, &metrics, started, err);
    metrics_free(&metrics);
    free(values);
    return good;
}
