/* The sentences of a folder data set: what a language model wrote.
 *   .txt     one a line; empty lines are passed over
 *   .jsonl   lines {"sentence": ...} (or "caption") and, if known, "labels": [...]; then the noun filter is not asked */
#include "datasets/folder_internal.h"
#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static const size_t file_limit = (size_t)1 << 31, line_limit = 1 << 16;

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

/* One line without its blanks at both ends; an empty one is no sentence. */
static bool add_line(FolderList *list, const char *line, size_t length, const char *path, size_t number, Error *err)
{
    while (length > 0 && strchr(" \t\r", line[length - 1]) && line[length - 1]) length--;
    while (length > 0 && (*line == ' ' || *line == '\t')) line++, length--;
    if (length == 0 || (list->data->limit > 0 && list->count >= list->data->limit)) return true;
    if (length > line_limit)
        return fail(err, "%s:%zu: a line of %zu bytes is no sentence; one sentence a line is needed", path, number,
                    length);
    if (memchr(line, 0, length) || u8_check((const uint8_t *)line, length))
        return fail(err, "%s:%zu: not UTF-8 text; save the sentences as UTF-8", path, number);
    char *sentence = arena_alloc(&list->data->arena, length + 1);
    memcpy(sentence, line, length);
    sentence[length] = 0;
    folder_list_append(list, (FolderEntry){.caption = sentence});
    return true;
}

static bool read_text_file(FolderList *list, const char *path, Error *err)
{
    char *data;
    size_t length, number = 1;
    if (!read_file(path, file_limit, &data, &length, err)) return false;
    const size_t mark = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark */
    bool good = true;
    for (size_t start = mark; start < length && good; number++) {
        const char *newline = memchr(data + start, '\n', length - start);
        const size_t end = newline ? (size_t)(newline - data) : length;
        good = add_line(list, data + start, end - start, path, number, err);
        start = end + 1;
    }
    free(data);
    if (!good || list->count > 0) return good;
    return fail_usage(err, "%s: the list is empty; one sentence a line is needed", path);
}

bool folder_is_text(const char *path)
{
    return ends_with(path, ".txt");
}

bool folder_sentences_read(FolderList *list, const char *path, Error *err)
{
    if (ends_with(path, ".jsonl")) return folder_list_read(list, path, err);
    if (folder_is_text(path)) return read_text_file(list, path, err);
    return fail_usage(err, "%s: sentences come as a .txt file, one a line, or as .jsonl; name such a file", path);
}
