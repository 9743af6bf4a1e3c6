/* Stage "score" of an ensemble: the scores of its two inputs, results of the same test pictures, mixed
 * (methods/ensemble/ensemble.h). A kind of its own under the name of stage_score: a result is a result, whoever made
 * it. */
#include "harness/base/clock.h"
#include "harness/base/memory.h"
#include "harness/score/score_file.h"
#include "harness/score/score_table.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/result_write.h"
#include "methods/ensemble/ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool stands_in(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* rows[i]: where the member has image i of the split. Imported scores may stand in another order; when their names are
 * quite other ones (another folder, say) or there are none, they are taken as they stand, and the labels must tell. */
static bool find_rows(const ArtifactReader *r, const Split *split, size_t *rows, Error *err)
{
    TextList files = {0};
    bool good = !artifact_has(r, "files") || artifact_read_texts(r, "files", &files, err);
    const char *const *names = (const char *const *)files.items;
    const bool named =
        good && files.count && split->count &&
        (stands_in(files.items[0], split->files, split->count) || stands_in(split->files[0], names, files.count));
    for (size_t i = 0; i < split->count; i++) rows[i] = i;
    if (named)
        good = match_rows(split->files, split->count, "the data set", names, files.count, artifact_path(r), "image",
                          rows, err);
    text_list_free(&files);
    return good;
}

/* Brings scores [images, classes] into the order of the split; they must be finite and judged by its labels. */
static bool take_rows(float *scores, const int8_t *labels, const size_t *rows, const Split *split, size_t classes,
                      const char *path, Error *err)
{
    float *ordered;
    if (!big_alloc(&ordered, split->count * classes, sizeof *ordered, "scores", err)) return false;
    bool same = true, finite = true;
    for (size_t i = 0; i < split->count; i++) {
        memcpy(ordered + i * classes, scores + rows[i] * classes, classes * sizeof *scores);
        same = same && memcmp(labels + rows[i] * classes, split->labels + i * classes, classes) == 0;
    }
    for (size_t i = 0; i < split->count * classes; i++) finite = finite && isfinite(ordered[i]);
    memcpy(scores, ordered, split->count * classes * sizeof *scores);
    free(ordered);
    if (!same)
        return fail(err, "%s: its labels are not those of the data set's test images; make or import it anew", path);
    return finite || fail(err, "%s: a score is not finite, so that none can be brought to a range from 0 to 1", path);
}

/* Scores [images, classes] of a member, which must be of the split's pictures. */
static bool read_member(const Stage *member, const Split *split, size_t classes, float **scores, Error *err)
{
    ArtifactReader *r = artifact_open(member->path, err);
    if (!r) return false;
    size_t dim[2] = {split->count, classes}, *rows = xcalloc(split->count + 1, sizeof *rows);
    int8_t *labels = NULL;
    const bool good =
        (strcmp(judged_data(r), "scores") == 0 ||
         fail(err, "%s: it holds ranks, which cannot be mixed; import the scores themselves", member->path)) &&
        artifact_read_floats(r, "scores", 2, dim, scores, err) &&
        artifact_read_int8(r, "labels", 2, dim, &labels, err) && find_rows(r, split, rows, err) &&
        take_rows(*scores, labels, rows, split, classes, member->path, err);
    artifact_close(r);
    free(labels);
    free(rows);
    return good;
}

static bool mix(const Stage *s, const Split *split, float *const member[2], double started, Error *err)
{
    Scores scores = {0};
    const EnsembleParameters *p = s->parameters;
    const size_t classes = dataset_classes(p->dataset);
    if (!scores_init(&scores, split->count, classes, false, err)) return false;
    ensemble_mix(member[0], member[1], split->count * classes, option_real(&s->experiment->options, "ratio"),
                 scores.combined);
    const Result result = {.scores = &scores,
                           .split = split,
                           .class_names = dataset_class_names(p->dataset),
                           .classes = classes,
                           .setting = p->setting};
    const bool good = result_write(s, &result, started, err);
    scores_free(&scores);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    const EnsembleParameters *p = s->parameters;
    cJSON *of = cJSON_AddArrayToObject(config, "of");
    for (size_t k = 0; k < s->experiment->members.count; k++)
        cJSON_AddItemToArray(of, cJSON_CreateString(s->experiment->members.items[k].name));
    describe_method(s, false, config);
    describe_result(s, p->setting, config);
}

static void release(void *parameters)
{
    free(((EnsembleParameters *)parameters)->setting);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    (void)session;
    const double started = seconds_now();
    const Experiment *e = s->experiment;
    const EnsembleParameters *p = s->parameters;
    const Split *split = dataset_split(p->dataset, e->protocol.split, err);
    if (!split) return false;
    static const StageRole members[] = {ROLE_FIRST_MEMBER, ROLE_SECOND_MEMBER};
    float *scores[2] = {NULL, NULL};
    bool good = true;
    for (size_t k = 0; k < 2 && good; k++)
        good = read_member(stage_input(s, members[k]), split, dataset_classes(p->dataset), &scores[k], err);
    good = good && mix(s, split, scores, started, err);
    free(scores[0]);
    free(scores[1]);
    return good || fail_in(err, e->name);
}

const StageKind stage_ensemble = {.name = "score",
                                  .version = 1,
                                  .arithmetic = ARITHMETIC_NONE,
                                  .parameters = sizeof(EnsembleParameters),
                                  .describe = describe,
                                  .release = release,
                                  .make = make};
