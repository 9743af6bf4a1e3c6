/* What a name may mean is tried in order: reference:, a file, the store, the reference results; and then again without
 * what stands behind its last colon, as a set's name. Each seed is ranked when it is read, and its scores forgotten. */
#include "harness/results/entrant.h"

#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/experiments/protocol.h"
#include "harness/results/import_scores.h"
#include "harness/results/result_measures.h"
#include "harness/results/seeds_alike.h"

#include <stdlib.h>
#include <string.h>

bool entrant_sources_open(EntrantSources *s, const char *store, const char *reference, TextList *remarks, Error *err)
{
    *s = (EntrantSources){.store = store, .reference = reference};
    if (results_load(store, NULL, &s->stored, remarks, err) &&
        results_load_folder(reference, NULL, &s->referenced, remarks, err))
        return true;
    entrant_sources_close(s);
    return false;
}

void entrant_sources_close(EntrantSources *s)
{
    results_free(&s->stored);
    results_free(&s->referenced);
}

/* An attribute's text, "" when there is none. What such an attribute means is known of our own files alone. */
static bool read_word(const ArtifactReader *r, const char *name, char **word, Error *err)
{
    if (artifact_has_attribute(r, "palbench_version") && artifact_has_attribute(r, name))
        return artifact_attribute_get_text(r, name, word, err);
    *word = xstrdup("");
    return true;
}

/* The attribute `setting`, or what the configuration says of it. */
static bool read_setting(Entrant *e, const ArtifactReader *r, const cJSON *config, Error *err)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "config"), "setting");
    if (artifact_has_attribute(r, "setting") || !said) return read_word(r, "setting", &e->setting, err);
    e->setting = cJSON_IsString(said) ? xstrdup(said->valuestring) : json_canonical(said);
    return true;
}

static bool read_facts(Entrant *e, const ArtifactReader *r, const EntrantSources *sources, Error *err)
{
    char *text = NULL;
    if (!read_word(r, "method", &e->method, err) || !read_word(r, "dataset", &e->dataset, err) ||
        !read_word(r, "protocol", &e->protocol, err) || !read_word(r, "config", &text, err))
        return false;
    cJSON *config = cJSON_Parse(text);
    e->rule = result_difficult(config, e->protocol, sources->difficult);
    const bool good = read_setting(e, r, config, err);
    cJSON_Delete(config);
    free(text);
    return good;
}

/* The set that is meant when none is named. NULL: it must be said. */
static const char *usual_set(const ScoreFile *f, const char *name, Error *err)
{
    const char *usual = score_file_usual(f);
    if (usual) return usual;
    Text sets = {0};
    for (size_t i = 0; i < f->sets.count; i++) text_addf(&sets, "%s%s", i ? ", " : "", f->sets.items[i]);
    fail_usage(err, "%s: it has %s; say which by %s:SET", artifact_path(f->reader), sets.data, name);
    text_free(&sets);
    return NULL;
}

/* Ranks one seed's scores. The answer sheet is the first seed's; the others' must be the same. */
static bool rank_seed(Entrant *e, const ScoreFile *f, const char *set, Error *err)
{
    double *scores;
    AnswerSheet sheet;
    if (!answer_sheet_read(&sheet, f, err)) return false;
    bool good =
        e->seeds == 0 || answer_sheets_agree(&e->sheet, "its first seed", &sheet, artifact_path(f->reader), err);
    if (e->seeds == 0)
        e->sheet = sheet;
    else
        answer_sheet_free(&sheet);
    if (good && e->rule != DIFFICULT_NEGATIVE && !e->sheet.knows_difficult)
        good = fail_usage(err,
                          "%s: labels has no -1, so 0 means negative here and nothing would be left to rank when "
                          "difficult ones are anything else",
                          artifact_path(f->reader));
    if (good && !set) set = usual_set(f, e->name, err);
    if (!good || !set || !score_file_set(f, set, &scores, err)) return false;
    Ranking *ranking = &e->rankings[e->seeds];
    good = ranking_make(ranking, scores, e->sheet.labels, e->sheet.images, e->sheet.classes, e->rule, err) ||
           fail_in(err, artifact_path(f->reader));
    free(scores);
    if (good) e->seeds++;
    return good;
}

static bool add_seed(Entrant *e, const EntrantSources *sources, const char *path, const char *set, int64_t seed,
                     Error *err)
{
    ScoreFile f;
    if (!score_file_open(&f, path, err)) return false;
    e->seed[e->seeds] = seed;
    const bool good = (e->seeds || read_facts(e, f.reader, sources, err)) && rank_seed(e, &f, set, err);
    score_file_close(&f);
    return good;
}

/* Adds the stored seeds of an experiment; none is no failure. */
static bool add_experiment(Entrant *e, const EntrantSources *sources, const ResultList *list, const char *name,
                           const char *set, TextList *remarks, Error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const StoredResult *r = &list->items[i];
        if (strcmp(r->experiment, name) != 0) continue;
        if (!add_seed(e, sources, r->file, set, r->seed, err)) return false;
    }
    if (remarks) seeds_compare(list, list == &sources->stored ? sources->store : NULL, name, remarks);
    return true;
}

static bool add_file(Entrant *e, const EntrantSources *sources, const char *path, const char *set, Error *err)
{
    int64_t seed = 0;
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    const bool good = !artifact_has_attribute(r, "seed") || artifact_attribute_get_integer(r, "seed", &seed, err);
    artifact_close(r);
    return good && add_seed(e, sources, path, set, seed, err);
}

/* Everything that a name without a set can stand for; nothing found is no failure. */
static bool add_named(Entrant *e, const EntrantSources *sources, const char *name, const char *set, TextList *remarks,
                      Error *err)
{
    static const char prefix[] = "reference:";
    const size_t length = sizeof prefix - 1;
    if (strncmp(name, prefix, length) == 0)
        return add_experiment(e, sources, &sources->referenced, name + length, set, remarks, err);
    if (path_exists(name) && !path_is_folder(name)) return add_file(e, sources, name, set, err);
    return add_experiment(e, sources, &sources->stored, name, set, remarks, err) &&
           (e->seeds || add_experiment(e, sources, &sources->referenced, name, set, remarks, err));
}

/* The colon before a set: the last one outside of a grid's brackets. NULL: there is none. */
static const char *colon_of(const char *name)
{
    const char *bracket = strrchr(name, ']');
    return strrchr(bracket ? bracket : name, ':');
}

static void summarise(Entrant *e)
{
    const size_t classes = e->sheet.classes;
    double *ap = xmalloc(classes * sizeof *ap);
    e->map = xmalloc(e->seeds * sizeof *e->map);
    e->ap = xcalloc(classes, sizeof *e->ap);
    for (size_t s = 0; s < e->seeds; s++) {
        ranking_ap(&e->rankings[s], ap);
        e->map[s] = mean_ap(ap, classes);
        for (size_t c = 0; c < classes; c++) e->ap[c] += ap[c] / (double)e->seeds;
    }
    e->spread = spread_of(e->map, e->seeds);
    free(ap);
}

static bool nobody(const EntrantSources *sources, const char *name, Error *err)
{
    char *like = results_like(&sources->stored, name);
    fail_usage(err, "%s: no result of it is stored in %s or %s, and it is no file%s", name, sources->store,
               sources->reference, *like ? like : "; palbench results lists what is stored");
    free(like);
    return false;
}

bool entrant_open(Entrant *e, const EntrantSources *sources, const char *name, TextList *remarks, Error *err)
{
    const size_t most = sources->stored.count + sources->referenced.count + 1;
    *e = (Entrant){
        .name = xstrdup(name), .seed = xcalloc(most, sizeof *e->seed), .rankings = xcalloc(most, sizeof *e->rankings)};
    bool good = add_named(e, sources, name, NULL, remarks, err);
    const char *colon = good && !e->seeds ? colon_of(name) : NULL;
    if (colon && colon[1]) {
        char *plain = xformat("%.*s", (int)(colon - name), name);
        good = add_named(e, sources, plain, colon + 1, remarks, err);
        free(plain);
    }
    if (good && !e->seeds) good = nobody(sources, name, err);
    if (good)
        summarise(e);
    else
        entrant_free(e);
    return good;
}

bool entrant_of_results(Entrant *e, const StoredResult *const *results, size_t count, Error *err)
{
    const EntrantSources none = {.difficult = DIFFICULT_NEGATIVE};
    *e = (Entrant){.name = xstrdup(results[0]->experiment),
                   .seed = xcalloc(count, sizeof *e->seed),
                   .rankings = xcalloc(count, sizeof *e->rankings)};
    bool good = true;
    for (size_t i = 0; good && i < count; i++) good = add_seed(e, &none, results[i]->file, NULL, results[i]->seed, err);
    if (good)
        summarise(e);
    else
        entrant_free(e);
    return good;
}

void entrant_free(Entrant *e)
{
    for (size_t s = 0; s < e->seeds; s++) ranking_free(&e->rankings[s]);
    free(e->name), free(e->method), free(e->dataset), free(e->protocol), free(e->setting);
    free(e->seed), free(e->rankings), free(e->map), free(e->ap);
    answer_sheet_free(&e->sheet);
    *e = (Entrant){0};
}

/* Both say what they are, and it is not the same. "" and the word for data sets without a name say nothing. */
static bool at_odds(const char *a, const char *b)
{
    const bool silent = !*a || !*b || strcmp(a, import_unnamed) == 0 || strcmp(b, import_unnamed) == 0;
    return !silent && strcmp(a, b) != 0;
}

bool entrants_agree(const Entrant *a, const Entrant *b, Error *err)
{
    if (at_odds(a->dataset, b->dataset))
        return fail_usage(
            err, "%s is a result of the data set %s, %s one of %s; only results of one data set can be compared",
            a->name, a->dataset, b->name, b->dataset);
    if (at_odds(a->protocol, b->protocol))
        return fail_usage(err,
                          "%s was scored under the protocol %s, %s under %s; protocols choose, prepare or judge the "
                          "test images differently, so run one of them under the other's",
                          a->name, a->protocol, b->name, b->protocol);
    if (a->rule != b->rule)
        return fail_usage(err,
                          "difficult labels count as %s in %s and as %s in %s; files that name no protocol are judged "
                          "as --difficult says",
                          difficult_word(a->rule), a->name, difficult_word(b->rule), b->name);
    return answer_sheets_agree(&a->sheet, a->name, &b->sheet, b->name, err);
}
