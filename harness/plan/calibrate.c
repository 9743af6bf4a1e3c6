/* What stored stages took, divided by what had been foretold for them; the median of these ratios, weighted by the
 * foretold time so that a long stage counts for more than many short ones, corrects what is foretold now. The newest
 * files of each kind are asked, of the same method if there are any. */
#include "harness/plan/calibrate.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKED_AT = 200 };

/* One stored stage: what it was foretold to take, and what it took. */
typedef struct Sample {
    char *kind, *method; /* method empty where it does not matter */
    double foretold_seconds, foretold_bytes, seconds, bytes;
} Sample;

typedef struct Samples {
    Sample *items;
    size_t count;
} Samples;

/* ---- reading ---- */

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static cJSON *attribute(const ArtifactReader *r, const char *name)
{
    char *text;
    Error unused; /* a file that says nothing of itself is no measurement */
    if (!artifact_has_attribute(r, name) || !artifact_attribute_get_text(r, name, &text, &unused)) return NULL;
    cJSON *value = cJSON_Parse(text);
    free(text);
    return value;
}

static const Stage *stage_of(const Plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i]->path, path) == 0) return plan->stages[i];
    return NULL;
}

/* Files of older versions do not say what was foretold, or by other rules; of those in the plan it is known. */
static void add_sample(Samples *all, const Plan *plan, const StoredFile *file)
{
    Error unused;
    ArtifactReader *r = artifact_open(file->path, &unused);
    if (!r) return;
    cJSON *provenance = attribute(r, "provenance"), *config = attribute(r, "config");
    const cJSON *foretold = cJSON_GetObjectItemCaseSensitive(provenance, "foretold");
    if (number_of(foretold, "rule") < FORETOLD_RULE) foretold = NULL;
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(config, "config");
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(inner, "method");
    Sample s = {.foretold_seconds = number_of(foretold, "seconds"),
                .foretold_bytes = number_of(foretold, "bytes"),
                .seconds = number_of(provenance, "seconds"),
                .bytes = (double)file->bytes};
    const Stage *stage = foretold ? NULL : stage_of(plan, file->path);
    if (stage) s.foretold_seconds = stage->seconds, s.foretold_bytes = stage->bytes;
    if (s.seconds > 0 && s.foretold_seconds > 0 && s.foretold_bytes > 0) {
        s.kind = xstrdup(file->stage);
        s.method = xstrdup(cJSON_IsString(method) ? method->valuestring : "");
        all->items[all->count++] = s;
    }
    cJSON_Delete(provenance);
    cJSON_Delete(config);
    artifact_close(r);
}

static int newest_first(const void *a, const void *b)
{
    const StoredFile *x = a, *y = b;
    const int kind = strcmp(x->stage, y->stage);
    return kind ? kind : x->modified < y->modified ? 1 : x->modified > y->modified ? -1 : 0;
}

static Samples read_samples(const Plan *plan, const char *store)
{
    StoredFiles files = {0};
    store_list(store, &files);
    Samples all = {.items = xcalloc(files.count + 1, sizeof *all.items)};
    if (files.count) qsort(files.items, files.count, sizeof *files.items, newest_first);
    for (size_t i = 0, of_kind = 0; i < files.count; i++) {
        of_kind = i && strcmp(files.items[i].stage, files.items[i - 1].stage) == 0 ? of_kind + 1 : 0;
        if (of_kind < LOOKED_AT) add_sample(&all, plan, &files.items[i]);
    }
    stored_files_free(&files);
    return all;
}

/* ---- correcting ---- */

typedef struct Ratio {
    double ratio, weight;
} Ratio;

static int by_ratio(const void *a, const void *b)
{
    const double x = ((const Ratio *)a)->ratio, y = ((const Ratio *)b)->ratio;
    return (x > y) - (x < y);
}

/* The weighted median: where half of the weight is reached. */
static double median(Ratio *ratios, size_t count)
{
    double half = 0, sum = 0;
    qsort(ratios, count, sizeof *ratios, by_ratio);
    for (size_t i = 0; i < count; i++) half += ratios[i].weight / 2;
    for (size_t i = 0; i + 1 < count; i++)
        if ((sum += ratios[i].weight) >= half) return ratios[i].ratio;
    return ratios[count - 1].ratio;
}

/* Corrects a stage by the samples of its kind, and method if it is given. False when there is none. */
static bool correct(Stage *s, const Samples *all, const char *method)
{
    Ratio *seconds = xcalloc(all->count + 1, sizeof *seconds), *bytes = xcalloc(all->count + 1, sizeof *bytes);
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const Sample *x = &all->items[i];
        if (strcmp(x->kind, s->kind->name) != 0 || (method && strcmp(x->method, method) != 0)) continue;
        seconds[count] = (Ratio){x->seconds / x->foretold_seconds, x->foretold_seconds};
        bytes[count++] = (Ratio){x->bytes / x->foretold_bytes, x->foretold_bytes};
    }
    if (count) {
        s->expected = (Expected){
            .seconds = s->seconds * median(seconds, count), .bytes = s->bytes * median(bytes, count), .samples = count};
    }
    free(seconds);
    free(bytes);
    return count > 0;
}

void plan_calibrate(Plan *plan, const char *store)
{
    Samples all = read_samples(plan, store);
    for (size_t i = 0; i < plan->count; i++) {
        Stage *s = plan->stages[i];
        const cJSON *method = cJSON_GetObjectItemCaseSensitive(s->config, "method");
        s->expected = (Expected){s->seconds, s->bytes, 0};
        if (!correct(s, &all, cJSON_IsString(method) ? method->valuestring : "")) correct(s, &all, NULL);
    }
    for (size_t i = 0; i < all.count; i++) {
        free(all.items[i].kind);
        free(all.items[i].method);
    }
    free(all.items);
}
