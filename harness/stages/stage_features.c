/* Stage "features": features that a data set brings (datasets/own_features.h), taken over into the form of encode-image and encode-text, at
 * unit length, so that all that follows is the same as with a tower. Of captions only those that the captions stage kept.
 *
 * Artifact: as of encode-image (pictures, classes) or encode-text (captions). */
#include "harness/base/clock.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which rows of the file: `rows` [count], or, when NULL, so many from the first on. */
typedef struct Choice {
    const FeatureRows *from;
    const int32_t *rows;
    size_t count;
} Choice;

static size_t row_of(const Choice *c, size_t i)
{
    return c->from->first + (c->rows ? (size_t)c->rows[i] : i);
}

/* The length of a feature; 0 of one that has no direction. */
static double length_of(const float *row, size_t width)
{
    double square = 0;
    for (size_t k = 0; k < width; k++) square += (double)row[k] * (double)row[k];
    return isfinite(square) ? sqrt(square) : 0;
}

/* Unit length, unless whoever made them had done so: float16 leaves a length within a thousandth of 1, and these are left as they
 * are, so that they rank as they did there. `each` features a row; `path`, `name` for the sentence. */
static bool normalise(float *values, const Choice *c, size_t each, const char *path, const char *name, Error *err)
{
    const size_t width = c->from->width, count = c->count * each;
    bool done = true;
    for (size_t i = 0; i < count; i++) {
        const double length = length_of(values + i * width, width);
        if (length <= 0)
            return fail(err, "%s: %s: row %zu has no direction: it is zero, or not of numbers; write it anew", path,
                        name, row_of(c, i / each));
        done = done && fabs(length - 1) < 1e-3;
    }
    for (size_t i = 0; !done && i < count; i++) {
        float *row = values + i * width;
        const double inverse = 1 / length_of(row, width);
        for (size_t k = 0; k < width; k++) row[k] = (float)((double)row[k] * inverse);
    }
    return true;
}

/* The chosen rows of a data set [.., each, width] -> values [count, each, width], unit length. */
static bool read_rows(const ArtifactReader *r, const Choice *c, const char *name, int rank, size_t each, float **values,
                      Error *err)
{
    const size_t width = c->from->width, size = each * width;
    size_t dim[3] = {0, rank == 3 ? each : width, width};
    float *all;
    if (!artifact_read_floats(r, name, rank, dim, &all, err)) return false;
    const bool good = big_alloc(values, c->count * size, sizeof **values, "features", err);
    for (size_t i = 0; good && i < c->count; i++)
        memcpy(*values + i * size, all + row_of(c, i) * size, size * sizeof **values);
    free(all);
    return good && normalise(*values, c, each, artifact_path(r), name, err);
}

static bool read_images(const ArtifactReader *r, const Choice *c, ImageFeatures *f, Error *err)
{
    const FeatureRows *from = c->from;
    const bool local = from->positions > 0; /* a file without has a grid of one place */
    *f = (ImageFeatures){.count = c->count,
                         .width = from->width,
                         .positions = from->positions,
                         .rows = local ? from->rows : 1,
                         .columns = local ? from->columns : 1};
    return read_rows(r, c, from->name, 2, 1, &f->global, err) &&
           (!from->positions || read_rows(r, c, "local", 3, from->positions, &f->local, err));
}

/* Tokens of the chosen captions, one after the other. */
static bool gather_tokens(const ArtifactReader *r, const Choice *c, const int64_t *offsets, const float *local,
                          const int32_t *tokens, size_t total, TextFeatures *f, Error *err)
{
    const size_t width = f->width;
    for (size_t i = 0; i < c->count; i++) {
        const int64_t first = offsets[row_of(c, i)], end = offsets[row_of(c, i) + 1];
        if (first < 0 || end < first || (size_t)end > total)
            return fail(err, "%s: offsets of row %zu do not rise within the %zu tokens; write the file anew",
                        artifact_path(r), row_of(c, i), total);
        f->offsets[i + 1] = f->offsets[i] + (size_t)(end - first);
    }
    const size_t count = f->offsets[c->count];
    if (!big_alloc(&f->local, count * width, sizeof *f->local, "token features", err) ||
        !big_alloc(&f->tokens, count, sizeof *f->tokens, "tokens", err))
        return false;
    for (size_t i = 0; i < c->count; i++) {
        const size_t first = (size_t)offsets[row_of(c, i)], to = f->offsets[i], n = f->offsets[i + 1] - to;
        memcpy(f->local + to * width, local + first * width, n * width * sizeof *local);
        memcpy(f->tokens + to, tokens + first, n * sizeof *tokens);
    }
    const Choice all = {.from = c->from, .count = count};
    return normalise(f->local, &all, 1, artifact_path(r), "local", err);
}

static bool read_tokens(const ArtifactReader *r, const Choice *c, TextFeatures *f, Error *err)
{
    int64_t *offsets = NULL;
    int32_t *tokens = NULL;
    float *local = NULL;
    size_t rows[1] = {0}, total[1] = {0}, dim[2] = {0, f->width};
    bool good = artifact_read_int64(r, "offsets", 1, rows, &offsets, err) &&
                artifact_read_int32(r, "tokens", 1, total, &tokens, err);
    dim[0] = total[0];
    good = good && artifact_read_floats(r, "local", 2, dim, &local, err);
    if (good && rows[0] < c->from->first + c->from->count + 1)
        good =
            fail(err, "%s: offsets: there are %zu for %zu captions, which take one more than they are; write it anew",
                 artifact_path(r), rows[0], c->from->first + c->from->count);
    good = good && gather_tokens(r, c, offsets, local, tokens, total[0], f, err);
    free(offsets), free(tokens), free(local);
    return good;
}

/* Captions without tokens have no positions: offsets of zeros. */
static bool read_texts(const ArtifactReader *r, const Choice *c, TextFeatures *f, Error *err)
{
    *f = (TextFeatures){
        .count = c->count, .width = c->from->width, .offsets = xcalloc(c->count + 1, sizeof *f->offsets)};
    return read_rows(r, c, c->from->name, 2, 1, &f->global, err) && (!c->from->tokens || read_tokens(r, c, f, err));
}

static bool write_images(const Stage *s, const ArtifactReader *r, const Choice *c, double started, Error *err)
{
    const FeaturesParameters *p = s->parameters;
    ImageFeatures f = {0};
    StageWriter w;
    const Split *split = p->which < FEATURES_CAPTIONS ? dataset_split(p->dataset, (SplitName)p->which, err) : NULL;
    bool good =
        (split || p->which == FEATURES_CLASSES) && read_images(r, c, &f, err) && stage_begin(&w, s, started, err);
    if (good) {
        image_features_put(w.artifact, &f, split ? split->files : dataset_class_names(p->dataset), false);
        good = stage_finish(&w, err);
    }
    image_features_free(&f);
    return good;
}

static bool write_texts(const Stage *s, const ArtifactReader *r, const Choice *c, const TextList *texts, double started,
                        Error *err)
{
    TextFeatures f = {0};
    StageWriter w;
    bool good = read_texts(r, c, &f, err) && stage_begin(&w, s, started, err);
    if (good) {
        text_features_put(w.artifact, &f, (const char *const *)texts->items, false);
        good = stage_finish(&w, err);
    }
    text_features_free(&f);
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
    for (size_t i = 0; good && i < count; i++) good = rows[i] >= 0 && (size_t)rows[i] < given;
    return good ||
           fail(err, "%s: its captions are none of the data set's %zu; delete the file and run again", path, given);
}

static bool take_over(const Stage *s, const ArtifactReader *r, double started, Error *err)
{
    const FeaturesParameters *p = s->parameters;
    Choice c = {.from = p->rows, .count = p->rows->count};
    if (p->which != FEATURES_CAPTIONS) return write_images(s, r, &c, started, err);
    int32_t *rows = NULL;
    TextList texts = {0};
    bool good = read_kept(stage_input(s, ROLE_CAPTIONS), &rows, &c.count, &texts, err) &&
                check_kept(s, rows, c.count, &texts, p->rows->count, err);
    c.rows = rows;
    good = good && write_texts(s, r, &c, &texts, started, err);
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
}

static bool make(Session *session, const Stage *s, Error *err)
{
    (void)session;
    const double started = seconds_now();
    ArtifactReader *r = artifact_open(((const FeaturesParameters *)s->parameters)->rows->path, err);
    if (!r) return false;
    const bool good = take_over(s, r, started, err);
    artifact_close(r);
    return good;
}

const StageKind stage_features = {.name = "features",
                                  .version = 1,
                                  .arithmetic = ARITHMETIC_NONE,
                                  .parameters = sizeof(FeaturesParameters),
                                  .describe = describe,
                                  .make = make};
