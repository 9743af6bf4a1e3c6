/* Every file of the store is opened, newest first, so that of several for one experiment and seed the first that is
 * met counts; the list is then sorted by name and seed. A file that cannot be read is a remark, not a failure: the
 * other results are as good as before. */
#include "harness/results/results.h"

#include "harness/base/memory.h"
#include "harness/base/nfc.h"
#include "harness/results/import_scores.h"
#include "harness/score/score_file.h"
#include "harness/stages/stage_kinds.h"
#include "harness/stages/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Results of earlier versions say it in their configuration alone. */
static bool read_setting(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    if (artifact_has_attribute(reader, "setting"))
        return artifact_attribute_get_text(reader, "setting", &r->setting, err);
    cJSON *root = cJSON_Parse(r->config);
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "config"), "setting");
    r->setting = xstrdup(cJSON_IsString(own) ? own->valuestring : "zero-shot");
    cJSON_Delete(root);
    return true;
}

/* The reader of a table is to know when a grammar stood in for a language model: it goes behind the method's own note. */
static bool note_sentences(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    char *whose = NULL, *own = r->note;
    if (!artifact_has_attribute(reader, "sentences")) return true;
    if (!artifact_attribute_get_text(reader, "sentences", &whose, err)) return false;
    r->note = xformat("%s%strained on sentences %s", own ? own : "", own ? "; " : "", whose);
    free(own);
    free(whose);
    return true;
}

/* Nor should it be overlooked that pictures are missing. */
static bool note_left_out(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    ArtifactShape s;
    char *own = r->note;
    if (!artifact_has(reader, "left_out")) return true;
    if (!artifact_shape(reader, "left_out", &s, err)) return false;
    r->note = xformat("%s%swithout %zu test pictures that cannot be decoded", own ? own : "", own ? "; " : "", s.count);
    free(own);
    return true;
}

/* A rehearsal is not to be taken for a measurement. */
static bool note_limit(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    char *own = r->note;
    int64_t limit;
    if (!artifact_has_attribute(reader, "limit")) return true;
    if (!artifact_attribute_get_integer(reader, "limit", &limit, err)) return false;
    if (limit < 1) return fail(err, "%s: its limit is %lld", artifact_path(reader), (long long)limit);
    r->limit = (size_t)limit;
    r->note = xformat("%s%srehearsal, with at most %zu images a split and %zu captions: no measurement", own ? own : "",
                      own ? "; " : "", r->limit, r->limit);
    free(own);
    return true;
}

/* Results of earlier versions, ensembles and imports lack them. */
static bool read_measurement(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    const struct {
        const char *name;
        char **value;
    } texts[] = {{"protocol_as_run", &r->as_run}, {"dataset_kind", &r->kind}, {"clip", &r->clip}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (artifact_has_attribute(reader, texts[i].name) &&
            !artifact_attribute_get_text(reader, texts[i].name, texts[i].value, err))
            return false;
    return note_limit(reader, r, err);
}

static bool read_attributes(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    const struct {
        const char *name;
        char **value;
    } texts[] = {{"experiment", &r->experiment}, {"method", &r->method},        {"dataset", &r->dataset},
                 {"model", &r->model},           {"protocol", &r->protocol},    {"options", &r->options},
                 {"config", &r->config},         {"provenance", &r->provenance}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!artifact_attribute_get_text(reader, texts[i].name, texts[i].value, err)) return false;
    if (!read_setting(reader, r, err)) return false;
    if (artifact_has_attribute(reader, "note") && !artifact_attribute_get_text(reader, "note", &r->note, err))
        return false;
    if (!note_sentences(reader, r, err) || !note_left_out(reader, r, err) || !read_measurement(reader, r, err))
        return false;
    return artifact_attribute_get_integer(reader, "seed", &r->seed, err) &&
           artifact_attribute_get_number(reader, "map", &r->map, err);
}

static bool read_data(const ArtifactReader *reader, StoredResult *r, Error *err)
{
    TextList classes = {0};
    ArtifactShape scores;
    if (!artifact_shape(reader, judged_data(reader), &scores, err) ||
        !artifact_read_texts(reader, "classes", &classes, err))
        return false;
    text_list_nfc(&classes);
    r->class_names = classes.items; /* the list's strings change hands */
    r->classes = classes.count;
    r->images = scores.rank == 2 ? scores.dim[0] : 0;
    if (scores.rank != 2 || scores.dim[1] != r->classes)
        return fail(err, "%s: scores is not [images, %zu]", artifact_path(reader), r->classes);
    size_t dim[1] = {r->classes};
    if (!artifact_read_doubles(reader, "ap", 1, dim, &r->ap, err)) return false;
    if (!artifact_has(reader, "loss")) return true;
    size_t steps[1] = {0};
    if (!artifact_read_floats(reader, "loss", 1, steps, &r->loss, err)) return false;
    r->steps = steps[0];
    return true;
}

static void free_result(StoredResult *r)
{
    for (size_t c = 0; r->class_names && c < r->classes; c++) free(r->class_names[c]);
    free(r->class_names);
    free(r->experiment), free(r->method), free(r->dataset), free(r->model), free(r->protocol), free(r->setting),
        free(r->note);
    free(r->file), free(r->ap), free(r->loss), free(r->options), free(r->config), free(r->provenance);
    free(r->as_run), free(r->kind), free(r->clip);
    *r = (StoredResult){0};
}

void results_free(ResultList *list)
{
    for (size_t i = 0; i < list->count; i++) free_result(&list->items[i]);
    free(list->items);
    *list = (ResultList){0};
}

static bool read_result(const char *path, StoredResult *r, Error *err)
{
    *r = (StoredResult){0};
    ArtifactReader *reader = artifact_open(path, err);
    if (!reader) return false;
    const bool good = read_attributes(reader, r, err) && read_data(reader, r, err);
    artifact_close(reader);
    if (good)
        r->file = xstrdup(path);
    else
        free_result(r);
    return good;
}

static bool asked_for(const char *const *experiments, const char *name)
{
    if (!experiments) return true;
    for (; *experiments; experiments++)
        if (strcmp(*experiments, name) == 0) return true;
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const StoredFile *x = a, *y = b;
    if (x->modified != y->modified) return x->modified < y->modified ? 1 : -1;
    return strcmp(x->path, y->path);
}

static int by_experiment_and_seed(const void *a, const void *b)
{
    const StoredResult *x = a, *y = b;
    const int names = strcmp(x->experiment, y->experiment);
    return names ? names : (x->seed > y->seed) - (x->seed < y->seed);
}

/* The result of the same experiment and seed, or NULL. */
static StoredResult *already_there(ResultList *list, const StoredResult *r)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].seed == r->seed && strcmp(list->items[i].experiment, r->experiment) == 0)
            return &list->items[i];
    return NULL;
}

static void append(ResultList *list, StoredResult r)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 32;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    list->items[list->count++] = r;
}

char *results_like(const ResultList *list, const char *name)
{
    enum { SHOWN_MAX = 8 };
    TextList names = {0};
    const size_t length = strlen(name), same = length && name[length - 1] == ']' ? length - 1 : length;
    for (size_t i = 0; i < list->count; i++) {
        const char *stored = list->items[i].experiment;
        const bool again = i && strcmp(stored, list->items[i - 1].experiment) == 0; /* they are sorted */
        if (!again && strncmp(stored, name, same) == 0) text_list_add(&names, stored);
    }
    char *some = text_list_some(&names, SHOWN_MAX),
         *text = names.count ? xformat("; stored are %s", some) : xstrdup("");
    free(some);
    text_list_free(&names);
    return text;
}

/* The first name that has no result, or NULL. */
static const char *missing(const ResultList *list, const char *const *experiments)
{
    for (; experiments && *experiments; experiments++) {
        bool found = false;
        for (size_t i = 0; i < list->count && !found; i++) found = strcmp(list->items[i].experiment, *experiments) == 0;
        if (!found) return *experiments;
    }
    return NULL;
}

/* The results among the files; of several for one experiment and seed the newest, which counts the others. */
static void gather(StoredFiles *files, ResultList *list, TextList *remarks)
{
    if (files->count) qsort(files->items, files->count, sizeof *files->items, newest_first);
    for (size_t i = 0; i < files->count; i++) {
        const char *stage = files->items[i].stage;
        if (strcmp(stage, stage_score.name) != 0 && strcmp(stage, stage_imported.name) != 0) continue;
        StoredResult r, *newer;
        Error reason;
        if (!read_result(files->items[i].path, &r, &reason)) {
            if (remarks) text_list_add(remarks, reason.text);
        } else if ((newer = already_there(list, &r))) {
            newer->older++;
            free_result(&r);
        } else {
            append(list, r);
        }
    }
    if (list->count) qsort(list->items, list->count, sizeof *list->items, by_experiment_and_seed);
}

static void note_older(const ResultList *list, TextList *remarks)
{
    size_t older = 0;
    for (size_t i = 0; i < list->count; i++) older += list->items[i].older;
    if (!older || !remarks) return;
    char remark[160];
    snprintf(remark, sizeof remark, "%zu older result%s of the same experiment and seed left out", older,
             older > 1 ? "s" : "");
    text_list_add(remarks, remark);
}

/* Borrows from `all` what is asked for. Returns the first name that has no result, or NULL. */
static const char *choose(const ResultList *all, const char *const *experiments, ResultList *chosen, TextList *remarks)
{
    *chosen = (ResultList){0};
    for (size_t i = 0; i < all->count; i++)
        if (asked_for(experiments, all->items[i].experiment)) append(chosen, all->items[i]);
    note_older(chosen, remarks);
    const char *lost = missing(chosen, experiments);
    if (lost) results_release(chosen);
    return lost;
}

void results_release(ResultList *chosen)
{
    free(chosen->items);
    *chosen = (ResultList){0};
}

/* Frees what is not in `chosen`, which owns its results from now on. */
static void keep_chosen(ResultList *all, const char *const *experiments, const ResultList *chosen)
{
    for (size_t i = 0; i < all->count; i++)
        if (!chosen->count || !asked_for(experiments, all->items[i].experiment)) free_result(&all->items[i]);
    free(all->items);
}

static bool fail_without(const ResultList *all, const char *store, const char *lost, Error *err)
{
    char *like = results_like(all, lost);
    fail(err, "%s: no result of %s is stored; make it with: palbench run %s%s", store, lost, lost, like);
    free(like);
    return false;
}

bool results_choose(const ResultList *all, const char *store, const char *const *experiments, ResultList *chosen,
                    TextList *remarks, Error *err)
{
    const char *lost = choose(all, experiments, chosen, remarks);
    return !lost || fail_without(all, store, lost, err);
}

bool results_load(const char *store, const char *const *experiments, ResultList *list, TextList *remarks, Error *err)
{
    StoredFiles files = {0};
    ResultList all = {0};
    store_list(store, &files);
    gather(&files, &all, remarks);
    stored_files_free(&files);
    const bool good = results_choose(&all, store, experiments, list, remarks, err);
    keep_chosen(&all, experiments, list);
    return good;
}

bool results_load_folder(const char *folder, const char *const *experiments, ResultList *list, TextList *remarks,
                         Error *err)
{
    StoredFiles files = {0};
    ResultList all = {0};
    store_list_folder(folder, stage_score.name, &files);
    gather(&files, &all, remarks);
    stored_files_free(&files);
    const char *lost = choose(&all, experiments, list, remarks);
    const bool good =
        !lost || fail(err, "%s: has no result of %s; `palbench results --reference` lists what there is", folder, lost);
    keep_chosen(&all, experiments, list);
    return good;
}

bool result_scores(const StoredResult *r, float **scores, int8_t **labels, TextList *files, Error *err)
{
    *scores = NULL;
    *labels = NULL;
    ArtifactReader *reader = artifact_open(r->file, err);
    if (!reader) return false;
    size_t dim[2] = {r->images, r->classes};
    const bool good = artifact_read_floats(reader, judged_data(reader), 2, dim, scores, err) &&
                      artifact_read_int8(reader, "labels", 2, dim, labels, err) &&
                      (!files || artifact_read_texts(reader, "files", files, err));
    artifact_close(reader);
    if (good) return true;
    free(*scores);
    free(*labels);
    return false;
}
