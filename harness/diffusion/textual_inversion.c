/* The one tensor of the file, whatever its format (harness/io/tensor_file.h), and from its name or the file's the word. */
#include "harness/diffusion/textual_inversion.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/clip/encode.h"
#include "harness/io/tensor_file.h"

#include <stdlib.h>
#include <string.h>

char *textual_inversion_in(const char *folder)
{
    static const char *const names[] = {"learned_embeds.safetensors", "learned_embeds.bin", NULL};
    return path_first_in(folder, names);
}

/* "FILE=WORD" in its parts; of a folder its file. */
static void take_apart(const char *what, char **file, char **word)
{
    const char *said;
    *file = path_before_equals(what, &said);
    *word = said && *said ? xstrdup(said) : NULL;
    char *inside = textual_inversion_in(*file);
    if (inside) free(*file), *file = inside;
}

/* "dir/word.safetensors" -> "word" */
static char *word_of_file(const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file, *dot = strrchr(name, '.');
    return dot && dot > name ? xformat("%.*s", (int)(dot - name), name) : xstrdup(name);
}

static const TensorView *find_vectors(const TensorFile *f, TextualInversion *t, Error *err)
{
    static const char *const automatic1111[] = {"emb_params", "string_to_param.*"};
    for (size_t i = 0; i < 2; i++) {
        const TensorView *view = tensor_file_find(f, automatic1111[i]);
        if (view && !t->word) t->word = word_of_file(t->file);
        if (view) return view;
    }
    const TensorView *view = tensor_file_at(f, 0);
    if (tensor_file_count(f) == 1) {
        if (!t->word) t->word = xstrdup(view->name);
        return view;
    }
    fail(err,
         "%s: %zu tensors (\"%.60s\", ...), one is needed: the vectors of a word, under its name or as \"emb_params\"",
         t->file, tensor_file_count(f), view ? view->name : "");
    return NULL;
}

static bool read_vectors(TextualInversion *t, const TensorView *view, Error *err)
{
    if ((view->rank != 1 && view->rank != 2) || view->count == 0)
        return fail(err, "%s: \"%.60s\" has rank %d; [width] or [vectors, width] is needed", t->file, view->name,
                    view->rank);
    t->width = view->dim[view->rank - 1];
    t->vectors = view->count / t->width;
    if (!big_alloc(&t->values, view->count, sizeof *t->values, t->file, err) || !tensor_to_float(view, t->values, err))
        return false;
    return all_finite(t->values, view->count) ||
           fail(err, "%s: \"%.60s\" has values that are not finite; the file is damaged", t->file, view->name);
}

bool textual_inversion_open(TextualInversion *t, const char *what, Error *err)
{
    *t = (TextualInversion){0};
    take_apart(what, &t->file, &t->word);
    TensorFile *f = tensor_file_open(t->file, err);
    const TensorView *view = f ? find_vectors(f, t, err) : NULL;
    const bool good = view && read_vectors(t, view, err) && (*t->word || fail(err, "%s: the word is empty", t->file));
    tensor_file_close(f);
    if (!good) textual_inversion_free(t);
    return good;
}

bool textual_inversion_add(const TextualInversion *t, Tokenizer *vocabulary, int32_t *ids, Error *err)
{
    bool good = true;
    for (size_t i = 0; i < t->vectors && good; i++) {
        char *name = i ? xformat("%s_%zu", t->word, i) : xstrdup(t->word);
        ids[i] = tokenizer_add(vocabulary, name);
        if (ids[i] < 0)
            good = fail_usage(
                err, "%s: \"%.60s\" is a token of the vocabulary already; give the word another name, as in FILE=WORD",
                t->file, name);
        free(name);
    }
    return good;
}

void textual_inversion_free(TextualInversion *t)
{
    free(t->file);
    free(t->word);
    free(t->values);
    *t = (TextualInversion){0};
}
