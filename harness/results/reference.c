/* The scores of a class become ranks, tied ones the same, which are whole numbers and therefore survive float16 as
 * long as there are no more than 2048 of them, and float32 beyond. The rest is copied from the result's file. */
#include "harness/results/reference.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/results/answer_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char reference_folder[] = "results/reference";

enum { HALF_EXACT = 2048 }; /* whole numbers up to here are exact in float16 */

typedef struct Placed {
    double score;
    size_t image;
} Placed;

static int lowest_first(const void *a, const void *b)
{
    const Placed *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* scores, ranks [images, classes]; returns the highest rank. */
static size_t rank_scores(const double *scores, size_t images, size_t classes, float *ranks)
{
    size_t highest = 0;
    Placed *column = xmalloc(images * sizeof *column);
    for (size_t c = 0; c < classes; c++) {
        for (size_t i = 0; i < images; i++) column[i] = (Placed){scores[i * classes + c], i};
        qsort(column, images, sizeof *column, lowest_first);
        size_t rank = 0;
        for (size_t i = 0; i < images; i++) {
            rank += i && column[i].score > column[i - 1].score;
            ranks[column[i].image * classes + c] = (float)rank;
        }
        if (rank > highest) highest = rank;
    }
    free(column);
    return highest;
}

static void write_data(ArtifactWriter *w, const ScoreFile *f, const AnswerSheet *sheet, const double *scores,
                       const StoredResult *r)
{
    const size_t dim[2] = {f->images, f->classes};
    float *ranks = xmalloc(f->images * f->classes * sizeof *ranks);
    const size_t highest = rank_scores(scores, f->images, f->classes, ranks);
    artifact_write_packed_floats(w, "ranks", 2, dim, ranks, highest <= HALF_EXACT);
    free(ranks);
    artifact_write_int8(w, "labels", 2, dim, f->labels);
    artifact_write_doubles(w, "ap", 1, &r->classes, r->ap);
    artifact_write_texts(w, "classes", r->classes, (const char *const *)r->class_names);
    if (sheet->files.count)
        artifact_write_packed_texts(w, "files", sheet->files.count, (const char *const *)sheet->files.items);
}

static bool copy_word(ArtifactWriter *w, const ArtifactReader *r, const char *name, Error *err)
{
    char *text;
    if (!artifact_has_attribute(r, name)) return true;
    if (!artifact_attribute_get_text(r, name, &text, err)) return false;
    artifact_attribute_text(w, name, text);
    free(text);
    return true;
}

static bool write_attributes(ArtifactWriter *w, const ArtifactReader *r, const StoredResult *result, Error *err)
{
    static const char *const words[] = {"experiment", "method",  "dataset",    "model", "protocol",
                                        "setting",    "options", "provenance", "note",  "generate"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!copy_word(w, r, words[i], err)) return false;
    artifact_attribute_integer(w, "seed", result->seed);
    artifact_attribute_number(w, "map", result->map);
    return true;
}

static bool write_reference(const StoredResult *r, const char *path, Error *err)
{
    ScoreFile f;
    AnswerSheet sheet = {0};
    double *scores = NULL;
    if (!score_file_open(&f, r->file, err)) return false;
    bool good = answer_sheet_read(&sheet, &f, err) && score_file_set(&f, "scores", &scores, err);
    if (good && f.classes != r->classes)
        good = fail(err, "%s: labels and classes do not fit; delete it to have it made again", r->file);
    ArtifactWriter *w = good ? artifact_create(path, r->config, err) : NULL;
    if (w) {
        write_data(w, &f, &sheet, scores, r);
        good = write_attributes(w, f.reader, r, err);
        if (good)
            good = artifact_commit(w, err);
        else
            artifact_abandon(w);
    }
    free(scores);
    answer_sheet_free(&sheet);
    score_file_close(&f);
    return w && good;
}

/* FOLDER/EXPERIMENT-sSEED.h5; a name with signs that have no place in a file's gets a digest, so that two stay two. */
static char *reference_path(const char *folder, const StoredResult *r)
{
    char *name = xstrdup(r->experiment), hex[65];
    bool plain = true;
    for (char *c = name; *c; c++) {
        const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (letter || *c == '-' || *c == '_' || *c == '.') continue;
        *c = '_', plain = false;
    }
    Hash *hash = hash_new();
    hash_add_text(hash, r->experiment);
    hash_finish(hash, hex);
    char *path = plain ? xformat("%s/%s-s%lld.h5", folder, name, (long long)r->seed)
                       : xformat("%s/%s-%.8s-s%lld.h5", folder, name, hex, (long long)r->seed);
    free(name);
    return path;
}

bool reference_export(const ResultList *list, const char *folder, Progress *progress, Error *err)
{
    bool good = make_folders(folder, err);
    progress_begin(progress, "write reference results", list->count, "results");
    for (size_t i = 0; i < list->count && good; i++) {
        char *path = reference_path(folder, &list->items[i]);
        good = write_reference(&list->items[i], path, err);
        free(path);
        progress_step(progress, i + 1);
    }
    if (good) progress_end(progress);
    return good;
}
