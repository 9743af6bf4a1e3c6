/* Data sets that say "skip_damaged": every picture is decoded once, those that cannot be are left out of the split or of the captions
 * that were drawn as pictures, with the reason. Decoding takes a while, so what was found is remembered under the digest of
 * what was looked at, where a folder for that is given. */
#include "datasets/dataset_internal.h"
#include "harness/base/hash.h"
#include "harness/base/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raised when a decoder learns to read more, so that what is remembered is looked at again. */
enum { DECODERS = 1, MEMORY_BYTES = 1 << 26 };

/* What is wrong with each of `count` pictures: NULL, or the sentence. */
typedef struct Verdicts {
    char **sentences; /* [count] */
    size_t count;
} Verdicts;

static void verdicts_free(Verdicts *v)
{
    for (size_t i = 0; i < v->count; i++) free(v->sentences[i]);
    free(v->sentences);
}

/* FOLDER/FINGERPRINT.txt: "decoders 1, 1234 pictures", then a line "INDEX SENTENCE" for each that is damaged. */
static char *memory_path(const Dataset *d, const char *fingerprint)
{
    return d->memory ? xformat("%s/%s.txt", d->memory, fingerprint) : NULL;
}

static bool recall(const char *path, Verdicts *v)
{
    Error ignored;
    TextList lines = {0};
    char *first = xformat("decoders %d, %zu pictures", DECODERS, v->count);
    bool good = path && path_is_file(path) && read_lines(path, MEMORY_BYTES, &lines, &ignored) && lines.count &&
                strcmp(lines.items[0], first) == 0;
    for (size_t i = 1; good && i < lines.count; i++) {
        size_t at;
        int used = 0;
        good = sscanf(lines.items[i], "%zu %n", &at, &used) == 1 && used && at < v->count;
        if (good) free(v->sentences[at]), v->sentences[at] = xstrdup(lines.items[i] + used);
    }
    for (size_t i = 0; !good && i < v->count; i++) free(v->sentences[i]), v->sentences[i] = NULL;
    free(first);
    text_list_free(&lines);
    return good;
}

/* A memory that cannot be written costs the next program time, nothing else. */
static void remember(const Dataset *d, const char *path, const Verdicts *v)
{
    Error ignored;
    Text text = {0};
    if (!path || !make_folders(d->memory, &ignored)) return;
    text_addf(&text, "decoders %d, %zu pictures\n", DECODERS, v->count);
    for (size_t i = 0; i < v->count; i++)
        if (v->sentences[i]) text_addf(&text, "%zu %s\n", i, v->sentences[i]);
    write_file(path, text.data, text.length, &ignored);
    text_free(&text);
}

typedef bool LoadPicture(void *context, size_t i, Image *image, Error *err);

/* Fails where a picture cannot be read for another reason than what it holds. */
static bool look_at_all(Verdicts *v, LoadPicture *load, void *context, Error *err)
{
    bool good = true;
#pragma omp parallel for schedule(dynamic, 8)
    for (size_t i = 0; i < v->count; i++) {
        Image image = {0};
        Error one;
        if (load(context, i, &image, &one)) {
            image_free(&image);
        } else if (one.of_content) {
            v->sentences[i] = xstrdup(one.text);
        } else {
#pragma omp critical(damaged_pictures)
            good = false, *err = one;
        }
    }
    return good;
}

static bool judge(Dataset *d, const char *fingerprint, Verdicts *v, LoadPicture *load, void *context, Error *err)
{
    v->sentences = xcalloc(v->count + 1, sizeof *v->sentences);
    char *path = memory_path(d, fingerprint);
    bool good = recall(path, v);
    if (!good) {
        good = look_at_all(v, load, context, err);
        if (good) remember(d, path, v);
    }
    free(path);
    return good;
}

/* The digest of what is left; that of the whole where nothing is left out, so that the key alone changes no name. */
static void renew_fingerprint(char fingerprint[65], const LeftOut *left)
{
    if (!left->count) return;
    Hash *hash = hash_new();
    hash_add_text(hash, fingerprint);
    for (size_t i = 0; i < left->count; i++) hash_add_text(hash, left->files[i]);
    hash_finish(hash, fingerprint);
}

static void note(Dataset *d, LeftOut *left, const Verdicts *v, const char *const *files)
{
    const LeftOut before = *left; /* pictures that are not there */
    const size_t room = before.count + v->count + 1;
    left->files = arena_alloc(&d->arena, room * sizeof *left->files);
    left->reasons = arena_alloc(&d->arena, room * sizeof *left->reasons);
    if (before.count) memcpy(left->files, before.files, before.count * sizeof *left->files);
    if (before.count) memcpy(left->reasons, before.reasons, before.count * sizeof *left->reasons);
    for (size_t i = 0; i < v->count; i++) {
        if (!v->sentences[i]) continue;
        left->files[left->count] = arena_strdup(&d->arena, files[i]);
        left->reasons[left->count++] = arena_strdup(&d->arena, v->sentences[i]);
    }
}

typedef struct SplitPictures {
    Dataset *dataset;
    SplitName name;
} SplitPictures;

static bool load_split(void *context, size_t i, Image *image, Error *err)
{
    const SplitPictures *p = context;
    return p->dataset->ops->image(p->dataset, p->name, i, image, err);
}

static bool load_file(void *context, size_t i, Image *image, Error *err)
{
    return image_read(((const Captions *)context)->files[i], image, err);
}

bool damaged_leave_out_split(Dataset *d, SplitName name, Split *split, Error *err)
{
    Verdicts v = {.count = split->count};
    SplitPictures pictures = {d, name};
    const bool good = judge(d, split->fingerprint, &v, load_split, &pictures, err);
    if (good) {
        size_t kept = 0;
        note(d, &split->left_out, &v, split->files);
        split->places = arena_alloc(&d->arena, (split->count + 1) * sizeof *split->places);
        for (size_t i = 0; i < v.count; i++) {
            if (v.sentences[i]) continue;
            split->files[kept] = split->files[i], split->places[kept] = i;
            memmove(split->labels + kept * d->class_count, split->labels + i * d->class_count, d->class_count);
            kept++;
        }
        split->count = kept;
        renew_fingerprint(split->fingerprint, &split->left_out);
    }
    verdicts_free(&v);
    return good && (split->count || fail(err, "data set %s: none of its %s pictures can be decoded", d->name,
                                         dataset_split_names[name]));
}

bool damaged_leave_out_captions(Dataset *d, Captions *captions, Error *err)
{
    if (!captions->files) return true;
    Verdicts v = {.count = captions->count};
    const bool good = judge(d, captions->fingerprint, &v, load_file, captions, err);
    if (good) {
        size_t kept = 0;
        note(d, &captions->left_out, &v, captions->files);
        for (size_t i = 0; i < v.count; i++) {
            if (v.sentences[i]) continue;
            captions->files[kept] = captions->files[i], captions->texts[kept] = captions->texts[i];
            if (captions->labels)
                memmove(captions->labels + kept * d->class_count, captions->labels + i * d->class_count,
                        d->class_count);
            kept++;
        }
        captions->count = kept;
        renew_fingerprint(captions->fingerprint, &captions->left_out);
    }
    verdicts_free(&v);
    return good && (captions->count || fail(err, "data set %s: none of its pictures can be decoded", d->name));
}
