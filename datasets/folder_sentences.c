/* The sentences of a folder data set: what a language model wrote.
 *   .txt     one a line; empty lines are passed over
 *   .jsonl   lines {"sentence": ...} (or "caption") and, if known, "labels": [...]; then the noun filter is not asked */
#include "datasets/folder_internal.h"
#include "harness/base/lines.h"
#include "harness/base/text.h"

#include <string.h>

static const size_t line_limit = 1 << 16;

/* One line without its blanks at both ends; an empty one is no sentence. */
static bool add_line(void *context, const Line *line, Error *err)
{
    FolderList *list = context;
    const char *text = line->text;
    size_t length = line->length;
    while (length > 0 && strchr(" \t", text[length - 1])) length--;
    while (length > 0 && (*text == ' ' || *text == '\t')) text++, length--;
    if (length == 0 || (list->data->limit > 0 && list->count >= list->data->limit)) return true;
    if (length > line_limit)
        return fail(err, "%s:%zu: a line of %zu bytes is no sentence; one sentence a line is needed", line->path,
                    line->number, length);
    char *sentence = arena_alloc(&list->data->arena, length + 1);
    memcpy(sentence, text, length);
    sentence[length] = 0;
    folder_list_append(list, (FolderEntry){.caption = sentence});
    return true;
}

static bool read_text_file(FolderList *list, const char *path, Error *err)
{
    if (!lines_read(path, add_line, list, err)) return false;
    return list->count > 0 || fail_usage(err, "%s: the list is empty; one sentence a line is needed", path);
}

bool folder_is_text(const char *path)
{
    return text_ends(path, ".txt");
}

bool folder_sentences_read(FolderList *list, const char *path, Error *err)
{
    if (text_ends(path, ".jsonl")) return folder_list_read(list, path, err);
    if (folder_is_text(path)) return read_text_file(list, path, err);
    return fail_usage(err, "%s: sentences come as a .txt file, one a line, or as .jsonl; name such a file", path);
}
