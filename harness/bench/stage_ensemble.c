#include "harness/bench/stage_ensemble.h"

#include "harness/bench/result_write.h"
#include "methods/ensemble.h"

#include <stdlib.h>
#include <string.h>

/* Scores [images, classes] of a member, which must be of the split's pictures. */
static bool read_member(const Stage *member, const Split *split, size_t classes, float **scores, Error *err)
{
    ArtifactReader *r = artifact_open(member->path, err);
    if (!r) return false;
    size_t dim[2] = {split->count, classes};
    int8_t *labels = NULL;
    bool good =
        artifact_read_floats(r, "scores", 2, dim, scores, err) && artifact_read_int8(r, "labels", 2, dim, &labels, err);
    artifact_close(r);
    if (good && memcmp(labels, split->labels, split->count * classes) != 0)
        good = fail(err, "%s: its labels are not those of the data set's test images; delete the file and run again",
                    member->path);
    free(labels);
    return good;
}

static bool mix(const Stage *s, Dataset *dataset, const Split *split, float *const member[2], double started,
                Error *err)
{
    Scores scores = {0};
    const size_t classes = dataset_classes(dataset);
    if (!scores_init(&scores, split->count, classes, false, err)) return false;
    ensemble_mix(member[0], member[1], split->count * classes, option_real(&s->experiment->options, "ratio"),
                 scores.combined);
    const Result result = {
        .scores = &scores, .split = split, .class_names = dataset_class_names(dataset), .classes = classes};
    const bool good = result_write(s, &result, started, err);
    scores_free(&scores);
    return good;
}

bool ensemble_score(Bench *b, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const Experiment *e = s->experiment;
    Dataset *dataset = bench_dataset(b, e->dataset, e->limit, err);
    const Split *split = dataset ? dataset_split(dataset, e->protocol.split, err) : NULL;
    if (!split) return false;
    float *member[2] = {NULL, NULL};
    bool good = true;
    for (size_t k = 0; k < 2 && good; k++)
        good = read_member(stage_input(s, &stage_score, k), split, dataset_classes(dataset), &member[k], err);
    good = good && mix(s, dataset, split, member, started, err);
    free(member[0]);
    free(member[1]);
    return good || fail_in(err, e->name);
}
