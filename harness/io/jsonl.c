/* JSON-lines files: the lines are those of harness/base/lines.h, each parsed on its own. */
#include "harness/io/jsonl.h"

#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

typedef struct Reading {
    bool (*line)(void *context, Json object, Error *err);
    void *context;
} Reading;

static bool take_line(void *context, const Line *line, Error *err)
{
    const Reading *reading = context;
    if (line_is_blank(line)) return true;
    char *name = xformat("%s:%zu", line->path, line->number);
    JsonFile *parsed = json_parse(name, line->text, line->length, err);
    bool good = parsed != NULL;
    if (good) {
        const Json object = json_root(parsed);
        good = json_is_object(object) ? reading->line(reading->context, object, err)
                                      : json_fail(object, err, "a JSON object {...} is needed on every line");
        if (!good && !strstr(err->text, name)) fail_in(err, name); /* the caller's own sentence may not know the line */
    }
    json_free(parsed);
    free(name);
    return good;
}

bool jsonl_read(const char *path, bool (*line)(void *context, Json object, Error *err), void *context, Error *err)
{
    Reading reading = {line, context};
    return lines_read(path, take_line, &reading, err);
}
