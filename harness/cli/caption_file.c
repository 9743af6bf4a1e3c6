/* The file's name tells its form: .jsonl has an object a line, everything else a caption a line. Class names are
 * collected in the order in which they are met, and forgotten again when not every caption has labels: accuracy is of
 * all pictures or of none. */
#include "harness/cli/caption_file.h"

#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/nfc.h"
#include "harness/io/jsonl.h"

#include <stdlib.h>
#include <string.h>

static TextList *add_caption(CaptionFile *f, const char *caption)
{
    text_list_add(&f->captions, caption);
    f->labels = xrealloc(f->labels, f->captions.count * sizeof *f->labels);
    f->labels[f->captions.count - 1] = (TextList){0};
    return &f->labels[f->captions.count - 1];
}

static bool add_object(void *context, Json object, Error *err)
{
    CaptionFile *f = context;
    const char *caption, *name;
    if (!json_string(object, "caption", &caption, err)) return false;
    TextList *labels = add_caption(f, caption);
    const Json list = json_get(object, "labels");
    if (!list.node) return true;
    if (!json_is_array(list)) return json_fail(list, err, "a list of class names is needed");
    f->labelled++;
    for (size_t i = 0; i < json_count(list); i++) {
        if (!json_as_string(json_at(list, i), &name, err)) return false;
        char *plain = nfc(name);
        text_list_add(labels, plain);
        text_list_add_once(&f->classes, plain);
        free(plain);
    }
    return true;
}

static bool add_line(void *context, const Line *line, Error *err)
{
    (void)err;
    if (!line_is_blank(line)) add_caption(context, line->text);
    return true;
}

bool caption_file_read(const char *path, CaptionFile *file, Error *err)
{
    *file = (CaptionFile){.labels = NULL};
    bool good =
        text_ends(path, ".jsonl") ? jsonl_read(path, add_object, file, err) : lines_read(path, add_line, file, err);
    if (good && !file->captions.count) good = fail(err, "%s: holds no caption; one a line is needed", path);
    if (good && file->labelled < file->captions.count) {
        text_list_free(&file->classes);
        file->classes = (TextList){0};
    }
    if (!good) caption_file_free(file);
    return good;
}

void caption_file_free(CaptionFile *file)
{
    for (size_t i = 0; i < file->captions.count; i++) text_list_free(&file->labels[i]);
    free(file->labels);
    text_list_free(&file->captions);
    text_list_free(&file->classes);
    *file = (CaptionFile){.labels = NULL};
}
