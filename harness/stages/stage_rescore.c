/* Stage "score" of a method on the scores of others: those of its inputs, results of the same test pictures, are brought into one
 * order and handed to the method's rescore(). A kind of its own under the name of stage_score: a result is a result, whoever
 * made it. */
#include "harness/base/clock.h"
#include "harness/base/memory.h"
#include "harness/score/score_file.h"
#include "harness/score/score_table.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/result_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What all scores are of: the test pictures of a data set, or, where there are stored results alone and no data set is opened, those that
 * the first of them is of. */
typedef struct Ground {
    const Split *split;
    const char *const *class_names, *const *spoken;
    size_t classes;
    Split own; /* of the stored result: */
    TextList own_classes, own_files;
} Ground;

static void ground_free(Ground *g)
{
    free(g->own.labels);
    text_list_free(&g->own_classes);
    text_list_free(&g->own_files);
}

static bool read_ground(Ground *g, const char *path, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    size_t dim[2] = {0, 0};
    const bool good = r && artifact_read_int8(r, "labels", 2, dim, &g->own.labels, err) &&
                      artifact_read_texts(r, "classes", &g->own_classes, err) &&
                      (!artifact_has(r, "files") || artifact_read_texts(r, "files", &g->own_files, err));
    artifact_close(r);
    if (!good) return false;
    if (g->own_classes.count != dim[1] || (g->own_files.count && g->own_files.count != dim[0]))
        return fail(err, "%s: labels [%zu, %zu], %zu classes, %zu files; damaged, store it anew", path, dim[0], dim[1],
                    g->own_classes.count, g->own_files.count);
    g->own.count = dim[0];
    g->own.files = g->own_files.count ? (const char **)g->own_files.items : NULL;
    g->classes = dim[1];
    g->split = &g->own;
    g->class_names = g->spoken = (const char *const *)g->own_classes.items;
    return true;
}

static bool find_ground(Ground *g, const Stage *s, Error *err)
{
    const RescoreParameters *p = s->parameters;
    *g = (Ground){0};
    if (!p->dataset) return read_ground(g, stage_input(s, ROLE_FIRST_MEMBER)->path, err);
    g->split = dataset_split(p->dataset, s->experiment->protocol.split, err);
    g->class_names = dataset_class_names(p->dataset);
    g->spoken = dataset_spoken_names(p->dataset);
    g->classes = dataset_classes(p->dataset);
    return g->split != NULL;
}

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
        good && files.count && split->files && split->count &&
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
        return fail(err, "%s: its labels are not those of the other scores' test images; make or import it anew", path);
    return finite || fail(err, "%s: a score is not finite, and nothing can be made of it", path);
}

/* Scores [images, classes] of a member, which must be of the split's pictures; `set`: all of them, or a branch's. */
static bool read_member(const Stage *member, const char *set, const Split *split, size_t classes, float **scores,
                        Error *err)
{
    ArtifactReader *r = artifact_open(member->path, err);
    if (!r) return false;
    size_t dim[2] = {split->count, classes}, *rows = xcalloc(split->count + 1, sizeof *rows);
    int8_t *labels = NULL;
    const bool good =
        (strcmp(judged_data(r), "scores") == 0 ||
         fail(err, "%s: it holds ranks, of which nothing can be made; import the scores themselves", member->path)) &&
        (artifact_has(r, set) ||
         fail_usage(err, "%s: it has no %s; \"branches\" is for results of two branches", member->path, set)) &&
        artifact_read_floats(r, set, 2, dim, scores, err) && artifact_read_int8(r, "labels", 2, dim, &labels, err) &&
        find_rows(r, split, rows, err) && take_rows(*scores, labels, rows, split, classes, member->path, err);
    artifact_close(r);
    free(labels);
    free(rows);
    return good;
}

/* Labels of the captions, where the method asks for them; `count` has nothing but their number. */
static bool load_caption_labels(const Stage *s, size_t classes, TextFeatures *count, uint8_t **labels, Error *err)
{
    const Stage *captions = stage_input(s, ROLE_CAPTIONS);
    if (!captions) return true;
    ArtifactReader *r = artifact_open(captions->path, err);
    ArtifactShape shape;
    size_t dim[2] = {0, classes};
    const bool good =
        r && artifact_shape(r, "labels", &shape, err) && artifact_read_bytes(r, "labels", 2, dim, labels, err);
    artifact_close(r);
    count->count = dim[0];
    return good;
}

/* The members' scores of one set through the method, into out. */
static bool rescore_set(const Stage *s, const Ground *g, Run *run, const char *set, float *out, Error *err)
{
    static const StageRole roles[MEMBERS_MAX] = {ROLE_FIRST_MEMBER, ROLE_SECOND_MEMBER};
    float *scores[MEMBERS_MAX] = {NULL};
    bool good = true;
    for (size_t k = 0; k < run->method->members && good; k++)
        good = read_member(stage_input(s, roles[k]), set, g->split, g->classes, &scores[k], err);
    good = good && run->method->rescore(run, (const float *const *)scores, g->split->count, out, err);
    for (size_t k = 0; k < MEMBERS_MAX; k++) free(scores[k]);
    return good;
}

static bool rescore_all(const Stage *s, const Ground *g, Run *run, Scores *scores, Error *err)
{
    if (!scores->global) return rescore_set(s, g, run, "scores", scores->combined, err);
    if (!rescore_set(s, g, run, "scores_global", scores->global, err) ||
        !rescore_set(s, g, run, "scores_local", scores->local, err))
        return false;
    for (size_t i = 0; i < g->split->count * g->classes; i++)
        scores->combined[i] = (scores->global[i] + scores->local[i]) / 2;
    return true;
}

static bool rescore(Session *session, const Stage *s, const Ground *g, double started, Error *err)
{
    const Experiment *e = s->experiment;
    Scores scores = {0};
    TextFeatures captions = {0};
    uint8_t *labels = NULL;
    Run run = {.method = e->method,
               .options = &e->options,
               .class_names = g->spoken,
               .classes = g->classes,
               .seed = (uint64_t)s->seed,
               .setting = e->setting,
               .progress = session->progress,
               .arithmetic = s->arithmetic};
    bool good = load_caption_labels(s, run.classes, &captions, &labels, err) &&
                scores_init(&scores, g->split->count, run.classes, option_bool_or(&e->options, "branches", false), err);
    run.captions = (LabelledCaptions){labels ? &captions : NULL, labels};
    const Result result = {.scores = &scores,
                           .split = g->split,
                           .class_names = g->class_names,
                           .classes = run.classes,
                           .setting = ((const RescoreParameters *)s->parameters)->setting};
    good = good && rescore_all(s, g, &run, &scores, err) && result_write(s, &result, started, err);
    scores_free(&scores);
    free(labels);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    const RescoreParameters *p = s->parameters;
    cJSON *of = cJSON_AddArrayToObject(config, "of");
    for (size_t k = 0; k < s->experiment->members.count; k++)
        cJSON_AddItemToArray(of, cJSON_CreateString(s->experiment->members.items[k].name));
    describe_method(s, false, config);
    describe_result(s, p->setting, config);
}

static void release(void *parameters)
{
    free(((RescoreParameters *)parameters)->setting);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    Ground g;
    const bool good = find_ground(&g, s, err) && rescore(session, s, &g, started, err);
    ground_free(&g);
    return good || fail_in(err, s->experiment->name);
}

const StageKind stage_rescore = {.name = "score",
                                 .version = 1,
                                 .arithmetic = ARITHMETIC_NONE,
                                 .parameters = sizeof(RescoreParameters),
                                 .describe = describe,
                                 .release = release,
                                 .make = make};
