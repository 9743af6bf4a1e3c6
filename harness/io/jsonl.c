#include "harness/io/jsonl.h"

#include "harness/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 16 << 20 };

/* Reads up to and without the next newline; false at the end of the file or when the line is too long. */
static bool next_line(FILE *file, Text *line, bool *too_long)
{
    line->length = 0;
    int c = getc_unlocked(file);
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(file)) {
        const char byte = (char)c;
        if (line->length == LINE_LIMIT) {
            *too_long = true;
            return false;
        }
        text_add_bytes(line, &byte, 1);
    }
    text_add_bytes(line, "", 0);
    return true;
}

static bool blank(const Text *line)
{
    for (size_t i = 0; i < line->length; i++)
        if (!strchr(" \t\r", line->data[i]) || !line->data[i]) return false;
    return true;
}

/* Parses one line and hands it over. `name` is "FILE:LINE". */
static bool hand_over(const char *name, const Text *text, bool (*line)(void *, Json, Error *), void *context,
                      Error *err)
{
    JsonFile *parsed = json_parse(name, text->data, text->length, err);
    if (!parsed) return false;
    const Json object = json_root(parsed);
    bool good = json_is_object(object) ? line(context, object, err)
                                       : json_fail(object, err, "a JSON object {...} is needed on every line");
    /* The caller's own sentence may not know the line. */
    if (!good && !strstr(err->text, name)) fail_in(err, name);
    json_free(parsed);
    return good;
}

bool jsonl_read(const char *path, bool (*line)(void *context, Json object, Error *err), void *context, Error *err)
{
    if (path_is_folder(path)) return fail(err, "%s: is a folder, a file is needed", path);
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    Text text = {0};
    bool good = true, too_long = false;
    size_t number = 0;
    while (good && next_line(file, &text, &too_long)) {
        number++;
        if (blank(&text)) continue;
        char *name = xformat("%s:%zu", path, number);
        good = hand_over(name, &text, line, context, err);
        free(name);
    }
    if (good && too_long)
        good = fail_usage(err, "%s:%zu: longer than the 16 MB allowed for a line; write one JSON object a line", path,
                          number + 1);
    if (good && ferror(file)) good = fail(err, "%s: cannot read: %s", path, strerror(errno));
    fclose(file);
    text_free(&text);
    return good;
}
