/* The labels are read first, since a score set is whatever has their shape. Sums of sets are parsed term by term and
 * added in doubles as they come. */
#include "harness/score/score_file.h"

#include "harness/base/memory.h"
#include "harness/base/nfc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As PyTorch's losses want them. (HDF5's own conversion takes some floats that are whole for cut ones.) */
static bool read_float_labels(ScoreFile *f, size_t dim[2], Error *err)
{
    double *values;
    if (!artifact_read_doubles(f->reader, "labels", 2, dim, &values, err)) return false;
    const size_t count = dim[0] * dim[1];
    bool good = big_alloc(&f->labels, count, 1, "labels", err);
    for (size_t i = 0; i < count && good; i++) {
        f->labels[i] = (int8_t)(values[i] > 0 ? 1 : values[i] < 0 ? -1 : 0);
        if (!(fabs(values[i] - f->labels[i]) <= 0))
            good = fail(
                err,
                "%s: labels: image %zu, class %zu is %g; 1 (positive), 0 (difficult) and -1 (negative) are allowed",
                artifact_path(f->reader), i / dim[1], i % dim[1], values[i]);
    }
    free(values);
    return good;
}

static bool read_labels(ScoreFile *f, Error *err)
{
    const char *path = artifact_path(f->reader);
    if (!artifact_has(f->reader, "labels"))
        return fail(err, "%s: there is no data set \"labels\" [images, classes]; without labels nothing can be scored",
                    path);
    size_t dim[2] = {0, 0};
    ArtifactShape shape;
    if (!artifact_shape(f->reader, "labels", &shape, err)) return false;
    if (shape.type == ARTIFACT_FLOAT ? !read_float_labels(f, dim, err)
                                     : !artifact_read_int8(f->reader, "labels", 2, dim, &f->labels, err))
        return false;
    f->images = dim[0], f->classes = dim[1];
    if (f->images == 0 || f->classes == 0) return fail(err, "%s: labels is empty", path);
    for (size_t i = 0; i < f->images * f->classes; i++) {
        if (f->labels[i] < -1 || f->labels[i] > 1)
            return fail(
                err,
                "%s: labels: image %zu, class %zu is %d; 1 (positive), 0 (difficult) and -1 (negative) are allowed",
                path, i / f->classes, i % f->classes, f->labels[i]);
        f->has_negative |= f->labels[i] == -1;
    }
    return true;
}

static bool read_class_names(ScoreFile *f, Error *err)
{
    if (artifact_has(f->reader, "classes")) {
        if (!artifact_read_texts(f->reader, "classes", &f->names, err)) return false;
        text_list_nfc(&f->names);
        if (f->names.count != f->classes)
            return fail(err, "%s: there are %zu classes but labels has %zu columns", artifact_path(f->reader),
                        f->names.count, f->classes);
        return true;
    }
    for (size_t c = 0; c < f->classes; c++) {
        char name[32];
        snprintf(name, sizeof name, "class %zu", c);
        text_list_add(&f->names, name);
    }
    return true;
}

static bool read_unseen(ScoreFile *f, Error *err)
{
    ArtifactShape shape;
    if (!artifact_has(f->reader, "unseen")) return true;
    if (!artifact_shape(f->reader, "unseen", &shape, err)) return false;
    if (shape.type != ARTIFACT_INTEGER || shape.rank != 1 || shape.dim[0] != f->classes)
        return true; /* another thing of this name */
    size_t dim[1] = {f->classes};
    return artifact_read_int8(f->reader, "unseen", 1, dim, &f->unseen, err);
}

/* Scores are numbers in the labels' shape, whole ones too; `labels` itself has that shape whatever its type. */
static bool is_score_set(const ScoreFile *f, const char *name, const ArtifactShape *s)
{
    return strcmp(name, "labels") != 0 && (s->type == ARTIFACT_FLOAT || s->type == ARTIFACT_INTEGER) && s->rank == 2 &&
           s->dim[0] == f->images && s->dim[1] == f->classes;
}

const char *judged_data(const ArtifactReader *r)
{
    return artifact_has(r, "scores") || !artifact_has(r, "ranks") ? "scores" : "ranks";
}

/* The data set of ranks in place of scores, whatever the file calls it; NULL: none. */
static const char *ranks_of(const ArtifactReader *r)
{
    Error none;
    char *word = NULL;
    const char *data = judged_data(r);
    bool ranks = strcmp(data, "ranks") == 0;
    if (!ranks && artifact_has_attribute(r, "scores_are") && artifact_attribute_get_text(r, "scores_are", &word, &none))
        ranks = strcmp(word, "ranks") == 0;
    free(word);
    return ranks ? data : NULL;
}

static bool find_sets(ScoreFile *f, Error *err)
{
    TextList all = {0};
    f->ranks = ranks_of(f->reader);
    artifact_names(f->reader, &all);
    bool good = true;
    for (size_t i = 0; i < all.count && good; i++) {
        ArtifactShape s;
        good = artifact_shape(f->reader, all.items[i], &s, err);
        if (good && is_score_set(f, all.items[i], &s))
            text_list_add(&f->sets, f->ranks && strcmp(all.items[i], f->ranks) == 0 ? "ranks" : all.items[i]);
    }
    text_list_free(&all);
    if (good && f->sets.count == 0)
        return fail(err,
                    "%s: no data set of numbers beside labels has their shape, [%zu, %zu]; write the scores there, one "
                    "row an image",
                    artifact_path(f->reader), f->images, f->classes);
    return good;
}

bool score_file_open(ScoreFile *f, const char *path, Error *err)
{
    *f = (ScoreFile){.reader = artifact_open(path, err)};
    if (!f->reader) return false;
    if (read_labels(f, err) && read_class_names(f, err) && read_unseen(f, err) && find_sets(f, err)) return true;
    score_file_close(f);
    return false;
}

void score_file_close(ScoreFile *f)
{
    artifact_close(f->reader);
    free(f->labels), free(f->unseen);
    text_list_free(&f->names);
    text_list_free(&f->sets);
    *f = (ScoreFile){0};
}

static bool unknown_set(const ScoreFile *f, const char *name, Error *err)
{
    Text known = {0};
    for (size_t i = 0; i < f->sets.count; i++) text_addf(&known, "%s%s", i ? ", " : "", f->sets.items[i]);
    fail_usage(err, "%s: there is no score set %s; it has %s", artifact_path(f->reader), name, known.data);
    text_free(&known);
    return false;
}

const char *score_file_usual(const ScoreFile *f)
{
    if (text_list_has(&f->sets, "scores")) return "scores";
    if (f->ranks) return "ranks";
    return f->sets.count == 1 ? f->sets.items[0] : NULL;
}

/* The data set of a score set; NULL: there is none. */
static const char *data_of(const ScoreFile *f, const char *name)
{
    if (f->ranks && (strcmp(name, "scores") == 0 || strcmp(name, "ranks") == 0)) return f->ranks;
    return text_list_has(&f->sets, name) ? name : NULL;
}

/* scores += weight * the named set */
static bool add_set(const ScoreFile *f, const char *name, double weight, double *scores, Error *err)
{
    const char *data = data_of(f, name);
    if (!data) return unknown_set(f, name, err);
    double *values;
    size_t dim[2] = {f->images, f->classes};
    if (!artifact_read_doubles(f->reader, data, 2, dim, &values, err)) return false;
    for (size_t i = 0; i < f->images * f->classes; i++) scores[i] += weight * values[i];
    free(values);
    return true;
}

static bool add_term(const ScoreFile *f, char *term, double *scores, Error *err)
{
    double weight = 1;
    char *equals = strchr(term, '=');
    if (equals) {
        char *end;
        weight = strtod(equals + 1, &end);
        if (end == equals + 1 || *end || !isfinite(weight))
            return fail_usage(err, "score set %s: a number is needed after \"=\", as in NAME=0.5+NAME=0.5", term);
        *equals = 0;
    }
    return add_set(f, term, weight, scores, err);
}

/* The "+" that ends the first term, or NULL; one inside a number's exponent (1e+3) does not. */
static char *end_of_term(char *term)
{
    const char *equals = strchr(term, '=');
    for (char *plus = strchr(term, '+'); plus; plus = strchr(plus + 1, '+')) {
        const bool exponent = equals && plus > equals + 1 && (plus[-1] == 'e' || plus[-1] == 'E');
        if (!exponent && !(equals && plus == equals + 1)) return plus;
    }
    return NULL;
}

bool score_file_set(const ScoreFile *f, const char *expression, double **scores, Error *err)
{
    if (!big_alloc(scores, f->images * f->classes, sizeof **scores, "scores", err)) return false;
    const bool is_name = data_of(f, expression) != NULL; /* whoever wrote the file may have put "+" or "=" into it */
    char *copy = xstrdup(expression), *term = is_name ? NULL : copy;
    bool good = !is_name || add_set(f, expression, 1, *scores, err);
    while (good && term) {
        char *plus = end_of_term(term), *next = plus ? plus + 1 : NULL;
        if (plus) *plus = 0;
        good = add_term(f, term, *scores, err);
        term = next;
    }
    free(copy);
    if (!good) free(*scores), *scores = NULL;
    return good;
}
