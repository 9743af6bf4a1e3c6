/* Stage "features": features that a data set brings (datasets/own_features.h), taken over into the form of encode-image and encode-text, at
 * unit length, so that all that follows is the same as with a tower. Of captions only those that the captions stage kept. Features go
 * by row after row, from file to file: no more of them than a piece is in memory.
 *
 * Artifact: as of encode-image (pictures, classes) or encode-text (captions). */
#include "harness/base/clock.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which rows of a data set of the file: `rows` [count], rising, or, when NULL, so many from `first` on. */
typedef struct Choice {
    size_t first;
    const int32_t *rows;
    size_t count;
} Choice;

static size_t row_of(const Choice *c, size_t i)
{
    return c->first + (c->rows ? (size_t)c->rows[i] : i);
}

/* ---- features, row after row ---- */

/* A data set as it goes by: chosen rows are put together from pieces that end anywhere, and handed on. */
typedef struct Passing {
    const Choice *choice;
    size_t each, width; /* features a row, values a feature */
    size_t row, next;   /* of the file, and of the choice */
    float *values;      /* [each, width] of the row that is being put together, bytes so far */
    size_t bytes;
    bool unit;        /* every feature so far had unit length */
    bool none;        /* one had no direction: row_of(choice, next) */
    ArtifactRows *to; /* where they go; NULL: they are only looked at */
} Passing;

/* The length of a feature; 0 of one that has no direction. */
static double length_of(const float *row, size_t width)
{
    double square = 0;
    for (size_t k = 0; k < width; k++) square += (double)row[k] * (double)row[k];
    return isfinite(square) ? sqrt(square) : 0;
}

static void look(Passing *p)
{
    for (size_t i = 0; i < p->each; i++) {
        const double length = length_of(p->values + i * p->width, p->width);
        p->none = p->none || length <= 0;
        p->unit = p->unit && fabs(length - 1) < 1e-3;
    }
}

static void hand_on(Passing *p)
{
    for (size_t i = 0; !p->unit && i < p->each; i++) {
        float *feature = p->values + i * p->width;
        const double inverse = 1 / length_of(feature, p->width);
        for (size_t k = 0; k < p->width; k++) feature[k] = (float)((double)feature[k] * inverse);
    }
    artifact_rows_add(p->to, p->values, 1);
}

static void pass(void *context, const void *bytes, size_t count)
{
    Passing *p = context;
    const size_t row_bytes = p->each * p->width * sizeof *p->values;
    for (const char *at = bytes; count && p->next < p->choice->count && !p->none;) {
        const size_t left = row_bytes - p->bytes, n = count < left ? count : left;
        const bool chosen = p->row == row_of(p->choice, p->next);
        if (chosen) memcpy((char *)p->values + p->bytes, at, n);
        at += n, count -= n, p->bytes += n;
        if (p->bytes < row_bytes) continue;
        if (chosen) p->to ? hand_on(p) : look(p);
        if (!p->none) p->next += chosen;
        p->row++, p->bytes = 0;
    }
}

/* One way through the data set, whose axes behind the first are [each, width] or, of rank 2, [width]. */
static bool pass_all(const ArtifactReader *r, Passing *p, const char *name, int rank, Error *err)
{
    size_t dim[3] = {0, rank == 3 ? p->each : p->width, p->width};
    p->row = p->next = p->bytes = 0;
    if (!artifact_stream_floats(r, name, rank, dim, false, pass, p, err)) return false;
    if (p->none)
        return fail(err, "%s: %s: row %zu has no direction: it is zero, or not of numbers; write it anew",
                    artifact_path(r), name, row_of(p->choice, p->next));
    return p->next == p->choice->count || fail(err, "%s: %s: it has %zu rows, row %zu is asked for; write it anew",
                                               artifact_path(r), name, dim[0], row_of(p->choice, p->next));
}

/* The chosen rows of the data set `name` -> `as` of the artifact, at unit length, unless whoever made them had done so: float16 leaves
 * a length within a thousandth of 1, and these are left as they are, so that they rank as they did there. All of them decide that, so they
 * go by twice. */
static bool take_rows(const ArtifactReader *r, const Choice *c, const char *name, int rank, size_t each, size_t width,
                      ArtifactWriter *w, const char *as, bool half, Error *err)
{
    Passing p = {.choice = c, .each = each, .width = width, .unit = true};
    if (!big_alloc(&p.values, each * width, sizeof *p.values, "features", err)) return false;
    bool good = pass_all(r, &p, name, rank, err);
    if (good) {
        p.to = artifact_rows_begin(w, as, rank, (size_t[]){c->count, rank == 3 ? each : width, width}, half);
        good = pass_all(r, &p, name, rank, err);
        artifact_rows_end(p.to);
    }
    free(p.values);
    return good;
}

/* ---- pictures and classes ---- */

static bool take_images(const Stage *s, const ArtifactReader *r, const Choice *c, ArtifactWriter *w, Error *err)
{
    const FeaturesParameters *p = s->parameters;
    const FeatureRows *from = p->rows;
    const Split *split = p->which < FEATURES_CAPTIONS ? dataset_split(p->dataset, (SplitName)p->which, err) : NULL;
    if (!split && p->which != FEATURES_CLASSES) return false;
    const bool local = from->positions > 0; /* a file without has a grid of one place */
    const int32_t grid[] = {local ? (int32_t)from->rows : 1, local ? (int32_t)from->columns : 1};
    const bool half = dataset_stores_half(p->dataset);
    artifact_write_texts(w, "files", c->count, split ? split->files : dataset_class_names(p->dataset));
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, grid);
    return take_rows(r, c, from->name, 2, 1, from->width, w, "global", false, err) &&
           (!local || take_rows(r, c, "local", 3, from->positions, from->width, w, "local", half, err));
}

/* ---- captions ---- */

/* Tokens of the chosen captions: offsets [count + 1] of ours, and their rows in the file, one after the other. */
static bool choose_tokens(const ArtifactReader *r, const Choice *c, const int64_t *given, size_t total, size_t *offsets,
                          int32_t **rows, Error *err)
{
    int64_t last = 0;
    offsets[0] = 0;
    for (size_t i = 0; i < c->count; i++) {
        const int64_t first = given[row_of(c, i)], end = given[row_of(c, i) + 1];
        if (first < last || end < first || (size_t)end > total)
            return fail(err, "%s: offsets of row %zu do not rise within the %zu tokens; write the file anew",
                        artifact_path(r), row_of(c, i), total);
        offsets[i + 1] = offsets[i] + (size_t)(end - first);
        last = end;
    }
    if (!big_alloc(rows, offsets[c->count], sizeof **rows, "tokens", err)) return false;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = offsets[i]; k < offsets[i + 1]; k++)
            (*rows)[k] = (int32_t)((size_t)given[row_of(c, i)] + k - offsets[i]);
    return true;
}

static bool put_tokens(const Stage *s, const ArtifactReader *r, const Choice *c, const int32_t *tokens,
                       const size_t *offsets, const int32_t *rows, ArtifactWriter *w, Error *err)
{
    const FeaturesParameters *p = s->parameters;
    const size_t count = offsets[c->count];
    const Choice chosen = {.rows = rows, .count = count};
    int32_t *own;
    if (!big_alloc(&own, count, sizeof *own, "tokens", err)) return false;
    for (size_t k = 0; k < count; k++) own[k] = tokens[rows[k]];
    text_offsets_put(w, offsets, c->count);
    artifact_write_int32(w, "tokens", 1, &count, own);
    free(own);
    return take_rows(r, &chosen, "local", 2, 1, p->rows->width, w, "local", dataset_stores_half(p->dataset), err);
}

static bool take_tokens(const Stage *s, const ArtifactReader *r, const Choice *c, ArtifactWriter *w, Error *err)
{
    const FeatureRows *from = ((const FeaturesParameters *)s->parameters)->rows;
    int64_t *given = NULL;
    int32_t *tokens = NULL, *rows = NULL;
    size_t captions[1] = {0}, total[1] = {0}, *offsets = xmalloc((c->count + 1) * sizeof *offsets);
    bool good = artifact_read_int64(r, "offsets", 1, captions, &given, err) &&
                artifact_read_int32(r, "tokens", 1, total, &tokens, err);
    if (good && captions[0] < from->first + from->count + 1)
        good =
            fail(err, "%s: offsets: there are %zu for %zu captions, which take one more than they are; write it anew",
                 artifact_path(r), captions[0], from->first + from->count);
    if (good && total[0] > INT32_MAX)
        good =
            fail(err, "%s: tokens: %zu are more than %d; cut the file in two", artifact_path(r), total[0], INT32_MAX);
    good = good && choose_tokens(r, c, given, total[0], offsets, &rows, err);
    if (good && offsets[c->count]) good = put_tokens(s, r, c, tokens, offsets, rows, w, err);
    free(given), free(tokens), free(rows), free(offsets);
    return good;
}

/* Rows and texts of the captions that have a label. */
static bool read_kept(const Stage *captions, int32_t **rows, size_t *count, TextList *texts, Error *err)
{
    ArtifactReader *r = artifact_open(captions->path, err);
    size_t dim[1] = {0};
    const bool good =
        r && artifact_read_int32(r, "source", 1, dim, rows, err) && artifact_read_texts(r, "texts", texts, err);
    artifact_close(r);
    *count = dim[0];
    return good;
}

static bool check_kept(const Stage *s, const int32_t *rows, size_t count, const TextList *texts, size_t given,
                       Error *err)
{
    const char *path = stage_input(s, ROLE_CAPTIONS)->path;
    bool good = texts->count == count;
    for (size_t i = 0; good && i < count; i++) good = rows[i] > (i ? rows[i - 1] : -1) && (size_t)rows[i] < given;
    return good ||
           fail(err, "%s: its captions are none of the data set's %zu; delete the file and run again", path, given);
}

/* Of captions those that the captions stage kept. */
static bool take_captions(const Stage *s, const ArtifactReader *r, ArtifactWriter *w, Error *err)
{
    const FeatureRows *from = ((const FeaturesParameters *)s->parameters)->rows;
    Choice c = {.first = from->first};
    int32_t *rows = NULL;
    TextList texts = {0};
    bool good = read_kept(stage_input(s, ROLE_CAPTIONS), &rows, &c.count, &texts, err) &&
                check_kept(s, rows, c.count, &texts, from->count, err);
    c.rows = rows;
    if (good) artifact_write_texts(w, "texts", c.count, (const char *const *)texts.items);
    good = good && take_rows(r, &c, from->name, 2, 1, from->width, w, "global", false, err) &&
           (!from->tokens || take_tokens(s, r, &c, w, err));
    text_list_free(&texts);
    free(rows);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    static const char *const words[FEATURES_COUNT] = {"train", "tune", "test", "captions", "class_text"};
    const FeaturesParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", dataset_name(p->dataset));
    cJSON_AddStringToObject(config, "of", words[p->which]);
    cJSON_AddStringToObject(config, "features", p->rows->fingerprint);
    if ((p->rows->positions || p->rows->tokens) && dataset_stores_half(p->dataset)) describe_local(true, true, config);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    (void)session;
    const double started = seconds_now();
    const FeaturesParameters *p = s->parameters;
    const Choice all = {.first = p->rows->first, .count = p->rows->count};
    ArtifactReader *r = artifact_open(p->rows->path, err);
    StageWriter w;
    bool good = r && stage_begin(&w, s, started, err);
    if (good) {
        good = p->which == FEATURES_CAPTIONS ? take_captions(s, r, w.artifact, err)
                                             : take_images(s, r, &all, w.artifact, err);
        if (good)
            good = stage_finish(&w, err);
        else
            artifact_abandon(w.artifact);
    }
    artifact_close(r);
    return good;
}

const StageKind stage_features = {.name = "features",
                                  .version = 1,
                                  .arithmetic = ARITHMETIC_NONE,
                                  .parameters = sizeof(FeaturesParameters),
                                  .describe = describe,
                                  .make = make};
